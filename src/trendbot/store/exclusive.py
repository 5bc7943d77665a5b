"""What only one of many processes may do at a time: an advisory lock of PostgreSQL, which ends with its process.

On SQLite the lock on the home has seen to it already. Connections have to reach the server itself, or a pool of
sessions: a pool of transactions gives the lock to whoever comes next.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from trendbot.logs import get_logger
from trendbot.store.database import translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from trendbot.store.database import Database

log = get_logger(__name__)

PATIENCE = 15.0
"""Seconds without a sign of life after which the server takes the lock from its holder: the process stands still."""
_TAKE = text("SELECT pg_try_advisory_lock(:key)")
_GIVE = text("SELECT pg_advisory_unlock_all()")
_IDLE = text("SELECT set_config('idle_session_timeout', :milliseconds, false)")


@contextlib.asynccontextmanager
async def exclusive(
    database: Database, name: str, *, patience: float = PATIENCE
) -> AsyncIterator[asyncio.Event | None]:  # fmt: skip
    """Hold `name` among all processes on this database, while the block lasts.

    Gives None where another holds it, else an event that is set when the hold is lost: the server was restarted, or
    heard nothing of this process for `patience` seconds.

    Raises:
        StoreError: the database cannot be reached.

    """
    if database.dialect != "postgresql":
        yield asyncio.Event()
        return
    hold = await asyncio.to_thread(_taken, database.engine, name, patience)
    if hold is None:
        yield None
        return
    lost, over = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(_watched(hold, lost, over, every=patience / 4))
    try:
        yield lost
    finally:
        over.set()
        await watching
        await asyncio.to_thread(_given_back, hold)


def _taken(engine: Engine, name: str, patience: float) -> Connection | None:
    """Take the lock on a connection of its own, which is closed with it; None where another has it."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
    with translated(engine):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        try:
            connection.execute(_IDLE, {"milliseconds": str(int(patience * 1000))})
            mine = bool(connection.scalar(_TAKE, {"key": key}))
        except BaseException:
            connection.close()
            raise
    if not mine:
        connection.close()
    return connection if mine else None


def _given_back(hold: Connection) -> None:
    """End the hold now: the server may hear of a closed connection only a moment later."""
    with contextlib.suppress(SQLAlchemyError):
        hold.execute(_GIVE)
    hold.close()


async def _watched(hold: Connection, lost: asyncio.Event, over: asyncio.Event, *, every: float) -> None:
    """Give a sign of life every so many seconds until it is `over`, or the connection and so the lock is `lost`."""
    while not lost.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every):
                await over.wait()
                return
        try:
            await asyncio.to_thread(hold.scalar, text("SELECT 1"))
        except DBAPIError as error:
            log.warning("hold_lost", reason=str(error.orig))
            lost.set()
