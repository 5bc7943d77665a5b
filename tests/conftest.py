"""Fixtures that every test may use."""

from __future__ import annotations

import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from tests import postgres
from tests.homes import Homes

from trendbot.store.database import Database, sqlite_url
from trendbot.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)
settings.register_profile("untimed", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("untimed")
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down what a worker reached while there is time: one that takes over ten seconds to end is killed."""
    measured = sys.modules.get("coverage")
    current = measured.Coverage.current() if measured and hasattr(session.config, "workerinput") else None
    if current:
        current.stop()
        current.save()


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(host).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's own settings."""
    for name in [name for name in os.environ if name.startswith("TRENDBOT_") and "_TEST_" not in name]:
        monkeypatch.delenv(name)


@pytest.fixture
def now() -> datetime:
    """The instant at which tests happen unless they say otherwise."""
    return NOW


@pytest.fixture(scope="session")
def _empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated, empty SQLite file, made once."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    with Database(sqlite_url(path)) as database:
        upgrade(database)
    return path.read_bytes()


@pytest.fixture(scope="session")
def pg_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server; skips by name where none is to be had."""
    try:
        with postgres.running() as server:
            yield server
    except postgres.NoPostgresError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def _pg_template(pg_server: postgres.Server) -> str:
    """The name of a migrated, empty PostgreSQL database, made once."""
    return postgres.migrated(pg_server)


@pytest.fixture
def pg_url(pg_server: postgres.Server, _pg_template: str) -> Iterator[str]:
    """The address of a migrated PostgreSQL database of the test's own."""
    url = pg_server.make(_pg_template)
    yield url
    pg_server.drop(url)


@pytest.fixture
def sqlite_database(tmp_path: Path, _empty_database: bytes) -> Iterator[Database]:
    """A real, migrated SQLite database of the test's own."""
    path = tmp_path / "trendbot.db"
    path.write_bytes(_empty_database)
    with Database(sqlite_url(path)) as opened:
        yield opened


@pytest.fixture
def pg_database(pg_url: str) -> Iterator[Database]:
    """A real, migrated PostgreSQL database of the test's own."""
    with Database(pg_url) as opened:
        yield opened


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """A real, migrated database of the test's own: SQLite, or PostgreSQL where `TRENDBOT_TEST_DATABASE` says so."""
    other = postgres.WANTED and request.node.get_closest_marker("sqlite") is None
    found: Database = request.getfixturevalue("pg_database" if other else "sqlite_database")
    return found


@pytest.fixture(scope="session")
def homes_to_copy(request: pytest.FixtureRequest, _empty_database: bytes) -> Homes:
    """Where databases of homes come from: SQLite, or PostgreSQL where `TRENDBOT_TEST_DATABASE` says so."""
    if not postgres.WANTED:
        return Homes(_empty_database)
    return Homes(_empty_database, request.getfixturevalue("pg_server"), request.getfixturevalue("_pg_template"))


@pytest.fixture
def _only_on_sqlite(request: pytest.FixtureRequest) -> None:
    """Skip what speaks of SQLite's own file where homes have PostgreSQL."""
    if postgres.WANTED and request.node.get_closest_marker("sqlite") is not None:
        pytest.skip("speaks of SQLite's own file")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real feeds and labelled sets; skips by name where only the repository exists."""
    named = os.environ.get("TRENDBOT_TEST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data sets are not here (name their folder in TRENDBOT_TEST_DATA)")
    return folder
