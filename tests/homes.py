"""Homes whose database is filled once and copied for each test: a SQLite file in them, or a PostgreSQL database."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from tests import postgres

from trendbot.store.database import Database, sqlite_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

DATABASE = "trendbot.db"


@dataclass(frozen=True, slots=True)
class Homes:
    """Where databases of homes come from: copies of a SQLite file, or of a database on `server` where there is one."""

    empty: bytes
    server: postgres.Server | None = None
    template: str | None = None

    def filled(self, folder: Path, fill: Callable[[Database], object]) -> Homes:
        """Return where copies of a filled database come from; `folder` is for what is made on the way."""
        url = self._made(folder)
        with Database(url) as database:
            fill(database)
        if self.server is not None:
            return Homes(self.empty, self.server, str(make_url(url).database))
        return Homes((folder / DATABASE).read_bytes())

    @contextlib.contextmanager
    def database_of(self, home: Path, environment: pytest.MonkeyPatch) -> Iterator[str]:
        """Give the home a database of its own, and its address, which settings find while the block lasts."""
        url = self._made(home)
        if self.server is not None:
            environment.setenv("TRENDBOT_DATABASE_URL", url)
        try:
            yield url
        finally:
            if self.server is not None:
                self.server.drop(url)

    def _made(self, folder: Path) -> str:
        if self.server is not None:
            return self.server.make(self.template)
        (folder / DATABASE).write_bytes(self.empty)
        return sqlite_url(folder / DATABASE)
