"""What one of many processes does at a time: held once, given on, lost with the connection or by standing still."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from trendbot.errors import StoreError
from trendbot.store.database import Database
from trendbot.store.exclusive import exclusive

if TYPE_CHECKING:
    from tests.postgres import Server

LOCKS = text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()")


def holders(database: Database) -> list[int]:
    return list(database.read(lambda session: session.scalars(LOCKS)))


async def test_one_holds_and_the_next_may_when_it_is_over(pg_database: Database, pg_url: str) -> None:
    with Database(pg_url) as other:
        async with exclusive(pg_database, "feeds") as mine, exclusive(other, "feeds") as theirs:
            assert mine is not None
            assert theirs is None
            async with exclusive(other, "mail") as another:
                assert another is not None
        async with exclusive(other, "feeds") as theirs:
            assert theirs is not None
            assert not theirs.is_set()
    assert holders(pg_database) == []


async def test_a_hold_ends_with_its_connection_and_says_so(pg_database: Database, pg_url: str) -> None:
    with Database(pg_url) as other:
        async with exclusive(pg_database, "feeds", patience=0.4) as mine:
            assert mine is not None
            (pid,) = holders(other)
            other.write(lambda session: session.execute(text(f"SELECT pg_terminate_backend({pid})")).all())
            async with asyncio.timeout(30):
                await mine.wait()
            async with exclusive(other, "feeds") as theirs:
                assert theirs is not None


async def test_on_sqlite_there_is_nobody_else(sqlite_database: Database) -> None:
    async with exclusive(sqlite_database, "feeds") as first, exclusive(sqlite_database, "feeds") as second:
        assert first is not None
        assert second is not None


async def test_a_server_that_is_not_there_is_told(pg_server: Server) -> None:
    address = "postgresql://trend@127.0.0.1:1/none"
    with Database(address) as nowhere, pytest.raises(StoreError, match="refused"):
        async with exclusive(nowhere, "feeds"):
            raise AssertionError("it was held")
