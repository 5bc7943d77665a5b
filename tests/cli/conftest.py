"""Fixtures of the command line's tests: commands run in this process, through `main`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests import builders
from tests.cli.site import Site, serve

from trendbot.cli import main
from trendbot.store.database import Database


@dataclass(frozen=True)
class Said:
    """What a command left behind: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Said]


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run `trendbot ARGUMENTS` on the test's own home; return what it said."""
    monkeypatch.setenv("TRENDBOT_HOME", str(home))

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Said(left.value.code, said.out, said.err)

    return run


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """The database of a home, which commands open by themselves."""
    return sqlite_database


@pytest.fixture
def news(home: Path, database: Database, tmp_path: Path, now: datetime) -> list[int]:
    """Put a day of news into the test's home; return its stories."""
    stories = builders.add_day(database, now)
    database.close()
    home.mkdir()
    (tmp_path / "trendbot.db").rename(home / "trendbot.db")
    return stories


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on loopback."""
    yield from serve()


def one_line(text: str) -> bool:
    """Say whether an error is one line that a person can read."""
    return text.count("\n") == 1 and text.startswith("trendbot: ") and "Traceback" not in text
