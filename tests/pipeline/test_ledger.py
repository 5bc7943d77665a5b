"""Writing in groups: what waits together is one transaction, and one that breaks spoils no other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from trendbot.errors import StoreError
from trendbot.pipeline.ledger import Ledger
from trendbot.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trendbot.store.database import Session


class Counting(Database):
    """Counts transactions; refuses so many of them."""

    transactions = 0
    refusals = 0

    def __init__(self) -> None:
        super().__init__("sqlite://")
        self.begun = asyncio.Event()

    async def run(self, work: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.transactions += 1
        self.begun.set()
        if self.refusals:
            self.refusals -= 1
            raise StoreError("the database is away")
        return await super().run(work, *args, **kwargs)


done: list[str] = []


def answer(_session: Session, items: Sequence[str]) -> Sequence[str]:
    if "bad" in items:
        raise ValueError("bad")
    done.extend(items)
    return [item.upper() for item in items]


def claim(_session: Session, items: Sequence[str]) -> Sequence[str]:
    done.extend(f"claim {item}" for item in items)
    return [f"claimed {item}" for item in items]


async def test_what_waits_at_one_moment_is_one_transaction_and_answers_come_first() -> None:
    done.clear()
    with Counting() as database:
        ledger = Ledger(database)
        found = await asyncio.gather(
            ledger.write(claim, "a", last=True), ledger.write(answer, "b"), ledger.write(claim, "c", last=True)
        )
        assert found == ["claimed a", "B", "claimed c"]
        assert done == ["b", "claim a", "claim c"]
        assert database.transactions == 1
        assert await ledger.write(answer, "d") == "D"


async def test_what_gathers_while_a_group_is_written_is_the_next_group() -> None:
    with Counting() as database:
        ledger = Ledger(database)
        first = asyncio.create_task(ledger.write(answer, "first"))
        await database.begun.wait()
        rest = await asyncio.gather(*(ledger.write(answer, str(number)) for number in range(20)))
        assert (await first, len(rest), database.transactions) == ("FIRST", 20, 2)


async def test_one_that_breaks_spoils_no_other() -> None:
    done.clear()
    with Counting() as database:
        ledger = Ledger(database)
        found = await asyncio.gather(
            *(ledger.write(answer, each) for each in ("a", "bad", "b")), return_exceptions=True
        )
        assert [found[0], found[2]] == ["A", "B"]
        assert isinstance(found[1], ValueError)
        assert sorted(done) == ["a", "b"]


async def test_a_database_that_is_away_is_told_to_all_at_once() -> None:
    with Counting() as database:
        database.refusals = 1
        ledger = Ledger(database)
        found = await asyncio.gather(*(ledger.write(answer, each) for each in "abc"), return_exceptions=True)
        assert [type(each) for each in found] == [StoreError] * 3
        assert database.transactions == 1
        assert await ledger.write(answer, "d") == "D"


async def test_one_alone_that_breaks_says_so() -> None:
    with Counting() as database, pytest.raises(ValueError, match="bad"):
        await Ledger(database).write(answer, "bad")
