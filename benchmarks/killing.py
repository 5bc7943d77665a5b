"""Killing a sender again and again, and counting who has what: what the kill tests of all channels share."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store import deliveries
from trendbot.store.database import Database, sqlite_url

COLUMNS = "once | twice or more | missing | rows uncertain | missing and not uncertain"


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many of those who should have a message have it how often, and what the rows say."""

    once: int
    doubled: int
    missing: int
    uncertain: int
    uncertain_missing: int
    unmarked_missing: int

    def cells(self) -> str:
        """Return the cells below `COLUMNS`."""
        return f"{self.once} | {self.doubled} | {self.missing} | {self.uncertain} | {self.unmarked_missing}"


def counted(arrived: Counter[Any], everybody: Collection[Hashable], unsure: set[Any]) -> Count:
    """Count who has how many; `unsure` are those whose row says that it may have arrived."""
    missing = {one for one in everybody if not arrived[one]}
    return Count(
        once=sum(arrived[one] == 1 for one in everybody),
        doubled=sum(arrived[one] > 1 for one in everybody),
        missing=len(missing),
        uncertain=len(unsure),
        uncertain_missing=len(missing & unsure),
        unmarked_missing=len(missing - unsure),
    )


def unsure_addresses(file: Path, most: int) -> set[str]:
    """Return the addresses of the deliveries that are uncertain, among `most` deliveries."""
    with Database(sqlite_url(file)) as database:
        rows = database.read(deliveries.list_deliveries, limit=most)
    return {row.address or "" for row in rows if row.status is DeliveryStatus.UNCERTAIN}


@dataclass(frozen=True, kw_only=True)
class Killing:
    """A sender that `start` starts on the database in `file`; `arrived` says how many messages have arrived."""

    start: Callable[[], BaseProcess]
    arrived: Callable[[], int]
    file: Path
    chance: random.Random

    async def run(self, *, messages: int, kills: int) -> int:
        """Kill it so many times while there is something to send, then let it finish; return how often it was."""
        done, each = 0, max(1, messages // (kills + 1))
        while done < kills:
            done += await self._kill(after=self.chance.uniform(0.02, 2.0) * each)
            if self.arrived() >= messages and self._finished():
                break
        while not self._finished():
            await self._to_the_end()
        return done

    async def _kill(self, *, after: float) -> int:
        """Kill it after about so many messages, at no particular point of its work; return 1 where it was."""
        goal = self.arrived() + int(after)
        process = self.start()
        while process.is_alive() and self.arrived() < goal:  # noqa: ASYNC110  (another process changes it)
            await asyncio.sleep(0.002)
        await asyncio.sleep(self.chance.uniform(0.0, 0.02))
        if not process.is_alive():
            return 0
        process.kill()
        await asyncio.to_thread(process.join)
        return 1

    async def _to_the_end(self) -> None:
        process = self.start()
        await asyncio.to_thread(process.join)
        if process.exitcode != 0:
            raise SystemExit("the sender failed")

    def _finished(self) -> bool:
        with Database(sqlite_url(self.file)) as database:
            counts = database.read(deliveries.count_deliveries)
        return not counts.get(DeliveryStatus.PENDING) and not counts.get(DeliveryStatus.SENDING)
