"""The database and its units of work.

SQLite by default: write-ahead log, ``BEGIN IMMEDIATE`` for writers (a deferred transaction that reads first can lose
its update or be refused as locked), ``synchronous=FULL`` (commits lost with the power would double messages).
PostgreSQL by address alone: ``REPEATABLE READ`` in place of the one writer, so that no update is lost; work that
another process overtook is done again from its start. SQLAlchemy stays synchronous; from async code one unit of work
is one hop to the single writer thread: ``await database.run(fn, ...)``.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from trendbot.errors import ConfigError, StoreError

__all__ = ["Database", "Session", "Work", "sqlite_url", "translated"]

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[Concatenate[Session, P], T]

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON", "cache_size=-2000")
_READ_ONLY, _LIGHT = "trendbot_read_only", "trendbot_light"
_OVERTAKEN = {"40001", "40P01"}
"""PostgreSQL's codes for a transaction that gave way to another: serialization failure, deadlock."""
_TRIES = 30
"""How often work that was overtaken is done again."""
_TIMEOUTS = {"idle_in_transaction_session_timeout": "10s", "lock_timeout": "5s", "statement_timeout": "30s"}
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


def sqlite_url(path: Path) -> str:
    """Return the address of the SQLite file `path`."""
    return f"sqlite:///{path}"


class Database:
    """One database; hands a `Session` to a function and commits what it did, or nothing of it."""

    def __init__(self, url: str) -> None:
        """Connect lazily to `url` (``sqlite:///...`` or ``postgresql://...``).

        Raises:
            ConfigError: the address cannot be understood.

        """
        self.engine = _engine(url)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trendbot-writer")

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None where the database is a server's or in memory."""
        name = self.engine.url.database if self.dialect == "sqlite" else None
        return Path(name) if name and name != ":memory:" else None

    @property
    def where(self) -> str:
        """The address for people: the file, or the server without its password."""
        return str(self.file or self.engine.url.render_as_string(hide_password=True))

    def write(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(session, ...)` in one writing transaction; commit its effects, or none where it raises.

        On PostgreSQL it may be called again: what another transaction overtook starts anew.

        Raises:
            StoreError: the database refused (locked, full, read-only, damaged).

        """
        return self._written({}, work, *args, **kwargs)

    def _written(self, options: dict[str, Any], work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        tries = 1
        while True:
            try:
                with translated(self.engine), Session(self.engine, expire_on_commit=False) as session, session.begin():
                    if options:
                        session.connection(execution_options=options)
                    return work(session, *args, **kwargs)
            except (DatabaseError, StoreError) as error:
                if tries >= _TRIES or not _overtaken(error):
                    raise
            tries += 1
            time.sleep(random.uniform(0.0, 0.02))

    def read(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(session, ...)` in one reading transaction: one moment of the database, and no writer is blocked."""
        with translated(self.engine), Session(self.engine, autoflush=False) as session:
            session.connection(execution_options={_READ_ONLY: True})
            return work(session, *args, **kwargs)

    async def run(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `write(work, ...)` on the writer thread, for callers in an event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, lambda: self.write(work, *args, **kwargs))

    def write_lightly(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `write(work, ...)` without waiting for the disk: what a power cut may take back, a killed process not."""
        options: dict[str, Any] = {_LIGHT: True}
        if self.dialect == "postgresql":
            options["isolation_level"] = (
                "READ COMMITTED"  # rows everybody wants (the rates) are waited for, not fought for
            )
        return self._written(options, work, *args, **kwargs)

    async def run_lightly(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `write_lightly(work, ...)` on the writer thread, for callers in an event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, lambda: self.write_lightly(work, *args, **kwargs))

    def close(self) -> None:
        """Finish the writer's work and close every connection."""
        self._writer.shutdown()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class translated:  # noqa: N801  (reads as a clause)
    """Turns the driver's refusals into one line a person can act on."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cause = error.orig if isinstance(error, DatabaseError) else error
        if not isinstance(error, OperationalError) and not _damaged(cause) and not _cut_off(error):
            return
        where = self.engine.url.database or self.engine.url.render_as_string(hide_password=True)
        raise StoreError(f"the database {where} refused: {cause}; see `trendbot doctor`") from error


def _overtaken(error: BaseException) -> bool:
    cause = error if isinstance(error, DatabaseError) else error.__cause__
    return isinstance(cause, DatabaseError) and getattr(cause.orig, "sqlstate", None) in _OVERTAKEN


def _cut_off(error: BaseException | None) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _damaged(cause: BaseException | None) -> bool:
    return any(word in str(cause) for word in ("not a database", "malformed"))


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            f"database address {url!r} cannot be understood: use sqlite:///FILE or postgresql://…"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(url)
    if backend == "postgresql":
        return _postgresql(url)
    raise ConfigError(f"database kind {backend!r} is not supported: use sqlite:///FILE or postgresql://…")


def _sqlite(url: str) -> Engine:
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(_READ_ONLY, False):
            connection.exec_driver_sql("BEGIN")
            return
        wanted = "NORMAL" if options.get(_LIGHT, False) else "FULL"
        if connection.info.get("synchronous", "FULL") != wanted:
            connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
            connection.info["synchronous"] = wanted
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql(url: str) -> Engine:
    options = " ".join(f"-c {name}={value}" for name, value in {**_TIMEOUTS, "timezone": "UTC"}.items())
    engine = create_engine(
        url,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        connect_args={"options": options, "connect_timeout": 10, **_KEEPALIVE},
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_LIGHT, False):
            connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")

    return engine
