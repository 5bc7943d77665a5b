"""What waits for the database at one moment is written down together: one transaction, one flush of the disk.

While one group is being written the next one gathers, so that groups are as large as the database is slow, and one
message alone waits for nobody. Answers come before claims. Where anything in a group raises, the group is undone and
each is done alone: one cannot spoil the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from trendbot.errors import StoreError
from trendbot.logs import get_logger
from trendbot.store.database import Database, Session

log = get_logger(__name__)

A = TypeVar("A")
R = TypeVar("R")
Work = Callable[[Session, Sequence[A]], Sequence[R]]
"""Does the same for several items and returns what became of each."""

MOST = 64
"""Items written together at most."""
GATHER, ENOUGH = 0.006, 16
"""Seconds that a group behind another one waits for more, where it has fewer items than this."""


@dataclass(eq=False, kw_only=True, slots=True)
class _Entry:
    work: Work[Any, Any]
    item: Any
    last: bool
    done: asyncio.Future[Any]


class Ledger:
    """Writes in groups, one group after another."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Entry] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, work: Work[A, R], item: A, *, last: bool = False) -> R:
        """Do `work` for `item` in a transaction together with what else waits; `last` behind the others of its group.

        Raises:
            StoreError: the database refused.
            Exception: what `work` raised for this item alone.

        """
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(work=work, item=item, last=last, done=done))
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write_on())
        return await done

    async def _write_on(self) -> None:
        again = False
        try:
            while self._waiting:
                if again and len(self._waiting) < ENOUGH:
                    await asyncio.sleep(GATHER)
                again = True
                group = sorted(self._waiting[:MOST], key=lambda entry: entry.last)
                del self._waiting[:MOST]
                await self._write(group)
        finally:
            self._writing = None

    async def _write(self, group: Sequence[_Entry]) -> None:
        by_work: dict[Work[Any, Any], list[_Entry]] = {}
        for entry in group:
            by_work.setdefault(entry.work, []).append(entry)
        items = [(work, [entry.item for entry in entries]) for work, entries in by_work.items()]
        try:
            found = await self._database.run(_together, items)
        except Exception as error:  # noqa: BLE001  (given to those who wait)
            await self._one_by_one(group, error)
            return
        for entries, results in zip(by_work.values(), found, strict=True):
            for entry, result in zip(entries, results, strict=True):
                if not entry.done.done():
                    entry.done.set_result(result)

    async def _one_by_one(self, group: Sequence[_Entry], error: Exception) -> None:
        """Do each alone, where there are several and it is not the database that is away."""
        if len(group) > 1 and not isinstance(error, StoreError):
            log.info("written_one_by_one", messages=len(group), reason=f"{type(error).__name__}: {error}")
            for entry in group:
                await self._write([entry])
            return
        for entry in group:
            if not entry.done.done():
                entry.done.set_exception(error)


def _together(session: Session, items: Sequence[tuple[Work[Any, Any], list[Any]]]) -> list[Sequence[Any]]:
    return [work(session, each) for work, each in items]
