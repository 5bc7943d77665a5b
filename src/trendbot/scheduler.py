"""One process that does everything: bells by APScheduler, and beside them the bot and the pages.

The bell of a job only says "look": which slot is due follows from the clock and the table `runs`, so that a bell that
rings twice, late, or on two machines at once does nothing more. Hence no bell is lost either: a daily bell that nobody
heard is made up for by the one of the next minutes. On PostgreSQL a bell is held while its job is done, so that of
several machines one is at it, and another takes over from one that died or stands still.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from trendbot import ticks
from trendbot.bootstrap import App
from trendbot.core.slots import Timetable
from trendbot.core.vocabulary import Cadence
from trendbot.errors import StoreError
from trendbot.logs import get_logger
from trendbot.store.database import Database
from trendbot.store.exclusive import PATIENCE, exclusive
from trendbot.ticks import Watch

log = get_logger(__name__)

LOOK, POLL, DELIVER, BOUNCES = 60, 300, 30, 600
"""Seconds between two looks at what is due, rounds over the feeds, passes over the outbox, readings of bounces."""
DRAIN = 20.0
"""Seconds that work in hand has after a stop."""
_NEXT_TRY = 1.0
"""Seconds between two tries to take a turn that another machine has."""
Part = Callable[[asyncio.Event], Awaitable[None]]
"""A part of the process: runs until the event is set; one that ends before, or raises, has died."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is due when: the digests' timetables and the night's, and how many backups are kept."""

    digests: tuple[Timetable, ...]
    night: Timetable
    backups: int


@dataclass(slots=True)
class Bells:
    """The jobs of a process, each never twice at once. `app` and `plan` may be changed for others while it runs.

    `patience`: after so many seconds without a sign of life, on PostgreSQL, another takes over the job in hand.
    """

    app: App
    plan: Plan
    watch: Watch
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    patience: float = PATIENCE
    _hands: dict[str, asyncio.Lock] = field(default_factory=dict)
    _busy: set[asyncio.Task[None]] = field(default_factory=set)

    async def look(self) -> None:
        """Do what is due: digests, then the night's work."""
        for timetable in self.plan.digests:
            if await self._alone("digest", lambda table=timetable: ticks.digest_due(self.app, self.watch, table)):  # type: ignore[misc]
                await self.deliver()
        night, backups = self.plan.night, self.plan.backups
        await self._alone("house", lambda: ticks.keep_house(self.app, self.watch, night, backups=backups))

    async def poll(self) -> None:
        """Ask the feeds that are due."""
        await self._alone("poll", lambda: ticks.poll_due(self.app, self.watch))

    async def deliver(self) -> None:
        """Send what is due."""
        await self._alone("deliver", lambda: ticks.deliver_due(self.app, self.watch, stop=self.stopping))

    async def bounces(self) -> None:
        """Read what mail came back."""
        await self._alone("bounces", lambda: ticks.bounces_due(self.app, self.watch))

    async def serve(self, stop: asyncio.Event) -> None:
        """Ring until `stop`, then let work in hand end within `DRAIN` seconds; what is left is done again later."""
        scheduler = _scheduler()
        async with self.app.fetcher:
            bells = ((self.poll, POLL), (self.look, LOOK), (self.deliver, DELIVER), (self.bounces, BOUNCES))
            for call, seconds in bells:
                scheduler.add_job(self._ring, IntervalTrigger(seconds=seconds, timezone="UTC"), args=(call,))
            scheduler.start()
            self._start(self._first)
            try:
                await stop.wait()
            finally:
                scheduler.pause()
                self.stopping.set()
                await self._drained()
                scheduler.shutdown(wait=False)
                for transport in self.app.transports.values():
                    await transport.close()

    async def _first(self) -> None:
        """Do everything once, in its order: a digest that was missed shall know the news since."""
        await self.poll()
        await self.look()
        await self.deliver()

    async def _drained(self) -> None:
        if not self._busy:
            return
        _, left = await asyncio.wait(self._busy, timeout=DRAIN)
        for task in left:
            task.cancel()
        if left:
            log.warning("work_cut_off", jobs=len(left))
            await asyncio.wait(left)

    async def _ring(self, call: Callable[[], Awaitable[None]]) -> None:
        self._start(call)

    def _start(self, call: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(call())
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _alone(self, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do `work` unless it is being done, here or elsewhere; a failure is logged, and the next bell tries again."""
        lock = self._hands.setdefault(name, asyncio.Lock())
        if lock.locked() or self.stopping.is_set():
            return None
        async with lock:
            try:
                async with exclusive(self.app.database, f"bell.{name}", patience=self.patience) as lost:
                    return await work() if lost is not None else None
            except Exception:
                log.exception("bell_failed", job=name)
                return None


def _scheduler() -> AsyncIOScheduler:
    return AsyncIOScheduler(
        timezone="UTC",
        executors={"default": AsyncIOExecutor()},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )


def leading(database: Database, name: str, part: Part, *, patience: float = PATIENCE) -> Part:
    """Return a part that works on one machine at a time: the others wait, and one takes over where it ends or stalls.

    On PostgreSQL; on SQLite there is only one.
    """

    async def led(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with exclusive(database, name, patience=patience) as lost:
                    if lost is not None:
                        await _while_held(part, stop, lost)
            except StoreError as error:
                log.warning("no_turn", part=name, reason=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_NEXT_TRY):
                    await stop.wait()

    return led


async def _while_held(part: Part, stop: asyncio.Event, lost: asyncio.Event) -> None:
    """Run a part until `stop`, or until the turn is lost; where it dies, so does this."""
    end = asyncio.Event()
    running = asyncio.ensure_future(part(end))
    signs = [asyncio.ensure_future(each.wait()) for each in (stop, lost)]
    try:
        await asyncio.wait((running, *signs), return_when=asyncio.FIRST_COMPLETED)
        end.set()
        await running
    finally:
        for task in (running, *signs):
            task.cancel()
    if not stop.is_set() and not lost.is_set():
        raise RuntimeError("it ended by itself")


def timetables(plan: Plan) -> Mapping[Cadence, Timetable]:
    """Return the digests' timetables by cadence."""
    return {table.cadence: table for table in plan.digests}


async def run_parts(parts: Mapping[str, Part], *, stop: asyncio.Event) -> str | None:
    """Run every part until `stop`; where one dies, stop the others. Return which died, with the cause, or None.

    Parts end in their order, each before the next is told: so bells may be silenced before the pages go.
    """
    stops = {name: asyncio.Event() for name in parts}
    tasks = {name: asyncio.create_task(_part(parts[name], stops[name]), name=name) for name in parts}
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait((stopping, *tasks.values()), return_when=asyncio.FIRST_COMPLETED)
    died = next((_why(task) for task in tasks.values() if task in done), None) if not stop.is_set() else None
    for name, task in tasks.items():
        stops[name].set()
        with contextlib.suppress(Exception):
            await task
    stopping.cancel()
    return died


async def _part(part: Part, stop: asyncio.Event) -> None:
    await part(stop)


def _why(task: asyncio.Task[None]) -> str:
    error = task.exception()
    if error is not None:
        log.error("part_died", part=task.get_name(), exc_info=error)
    return f"{task.get_name()} ended: {error or 'without a cause'}"
