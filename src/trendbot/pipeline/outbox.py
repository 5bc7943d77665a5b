"""The outbox at work: several sends in flight, each in its turn, each row a transaction of its own.

For every message: wait for a turn within the shared rates ─▶ claim ─▶ send ─▶ settle. The turn is waited for before the
claim, so that a row is in `sending` only as long as the request; what dies in between is known to be uncertain.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from trendbot.clock import Clock
from trendbot.core.delivering import LONGEST_RESERVE, SEND_TIMEOUT
from trendbot.errors import TransportError
from trendbot.logs import get_logger
from trendbot.pipeline.answers import Answers
from trendbot.pipeline.messages import message_of, preface_of
from trendbot.pipeline.outcomes import Dress, Recipients, Tally
from trendbot.pipeline.settling import Job
from trendbot.store import claims, outbox, rates
from trendbot.store.database import Database
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Narrow, Transport

log = get_logger(__name__)

BATCH = 100
"""Rows read at once."""
AHEAD = 0.04
"""Seconds of turns that may be held and not used yet. Were it more, a process that stood still for a moment would send
all of them at once, beyond what the remote allows in a second."""
LEAST_AHEAD, MOST_AHEAD = 1, 16
"""Turns held at least and at most."""
IN_FLIGHT = 64
"""Messages that wait for their turn or are on the wire, at most."""


class Sender:
    """Sends what is due until nothing is left that comes due within `patience` seconds of idling, or `stop` is set.

    `only` leaves alone all deliveries but these.
    """

    def __init__(
        self,
        database: Database,
        transports: Mapping[str, Transport],
        clock: Clock,
        *,
        recipients: Recipients | None = None,
        dress: Dress | None = None,
        patience: float = 0.0,
        stop: asyncio.Event | None = None,
        on_sent: Callable[[str, datetime], None] | None = None,
        send_timeout: float = SEND_TIMEOUT,
        only: Sequence[int] | None = None,
    ) -> None:
        self.database, self.transports, self.clock = database, transports, clock
        self.recipients, self.dress, self.patience = recipients, dress, patience
        self.stop = stop or asyncio.Event()
        self.send_timeout, self.only = send_timeout, only
        self.answers = Answers(database, clock, recipients=recipients, on_sent=on_sent)
        self._queue: deque[Job] = deque()
        self._held: set[int] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen: set[tuple[int, int, datetime]] = set()
        self._idle = 0.0
        self._claiming = asyncio.Lock()
        self._waiting, self._ahead, self._turn_free = 0, LEAST_AHEAD, asyncio.Event()
        self._on_the_way: Counter[str] = Counter()
        self._most = {name: _at_once(each) for name, each in transports.items()}
        self._slots: dict[str, float] = {}

    async def drain(self) -> Tally:
        """Send until nothing is left to do now."""
        try:
            while not self.stop.is_set():
                await self._room()
                if group := self._next_group():
                    await self._dispatch(group)
                elif self._tasks or self._later:
                    await asyncio.wait(self._tasks | self._later, return_when=asyncio.FIRST_COMPLETED)
                elif not await self._rest():
                    break
        finally:
            for waiting in self._later:
                waiting.cancel()
            await asyncio.gather(*self._later, *self._tasks, return_exceptions=True)
        return self.answers.tally

    # -- which next ----------------------------------------------------------------------------------------------------

    async def _room(self) -> None:
        """Wait until another turn may be held, and another message may be on the wire."""
        while len(self._tasks) >= IN_FLIGHT:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        while self._waiting >= self._ahead:
            self._turn_free.clear()
            await self._turn_free.wait()

    def _next_group(self) -> list[Job]:
        """Return what goes next: queued messages whose transports have room; others wait, and hold up nobody."""
        self._drop_shut()
        first = next((job for job in self._queue if self._room_on(job.transport) > 0), None)
        if first is None:
            self._fill()
            first = next((job for job in self._queue if self._room_on(job.transport) > 0), None)
        if first is None:
            return []
        self._ahead = _ahead(first.rates)
        return self._taken(max(0, min(self._ahead - self._waiting, IN_FLIGHT - len(self._tasks))))

    def _drop_shut(self) -> None:
        """Take out of the queue what goes to a remote that is left alone; it is still due when that is over."""
        shut = {name for name in self.answers.shut if self.answers.shut_for(name)}
        dropped = [each for each in self._queue if each.transport.name in shut]
        if dropped:
            self._queue = deque(each for each in self._queue if each.transport.name not in shut)
            self._held.difference_update(each.delivery.id for each in dropped)

    def _taken(self, most: int) -> list[Job]:
        """Take up to so many messages out of the queue, none beyond what its transport can have on the way."""
        taken: list[Job] = []
        left: deque[Job] = deque()
        room = Counter({name: self._room_on(each) for name, each in self.transports.items()})
        for job in self._queue:
            if len(taken) < most and room[job.transport.name] > 0:
                room[job.transport.name] -= 1
                taken.append(job)
            else:
                left.append(job)
        self._queue = left
        return taken

    def _room_on(self, transport: Transport) -> int:
        """Return how many more messages a transport can have on the way."""
        return self._most[transport.name] - self._on_the_way[transport.name]

    def _fill(self) -> None:
        names = [name for name in self._open_transports() if self._room_on(self.transports[name]) > 0]
        if not names:
            return
        most = BATCH + len(self._held) + len(self._seen)
        rows = self.database.read(outbox.due, transports=names, now=self.clock(), limit=most, only=self.only)
        for row in rows:
            if row.id not in self._held and _mark(row) not in self._seen:
                self._held.add(row.id)
                self._queue.append(self._job(row))

    def _job(self, delivery: Delivery) -> Job:
        message = message_of(delivery)
        return Job(
            delivery=delivery,
            message=self.dress(delivery, message) if self.dress else message,
            transport=self.transports[delivery.channel.transport],
        )

    def _open_transports(self) -> list[str]:
        return sorted(name for name in self.transports if not self.answers.shut_for(name))

    async def _dispatch(self, group: list[Job]) -> None:
        turns = await self._turns(group)
        for job, turn in zip(group, turns, strict=True):
            if turn.reserved:
                self._waiting += 1
                self._on_the_way[job.transport.name] += 1
                self._start(self._tasks, self._one(job, turn.wait))
            elif turn.held_by == job.keys[0]:
                self.answers.shut[job.transport.name] = asyncio.get_running_loop().time() + turn.wait
                self._held.discard(job.delivery.id)
            elif (wait := self._slot(job, turn)) <= LONGEST_RESERVE:
                self._start(self._later, self._again(job, wait))
            else:
                await self._postpone(job, wait)

    def _slot(self, job: Job, turn: rates.Turn) -> float:
        """Return the seconds until it is worth asking again: one message behind the other, not all at one moment."""
        now = asyncio.get_running_loop().time()
        held, rate = next((key, each) for key, each in job.rates if key == turn.held_by)
        at = max(now + turn.wait, self._slots.get(held, 0.0))
        self._slots[held] = at + 1.0 / rate
        return at - now

    async def _turns(self, group: list[Job]) -> tuple[rates.Turn, ...]:
        wanted = [job.rates for job in group]
        if not any(wanted):
            return tuple(rates.Turn(wait=0.0) for _ in group)
        return await self.database.run_lightly(rates.reserve, wanted)

    def _start(self, tasks: set[asyncio.Task[None]], work: Any) -> None:
        task = asyncio.ensure_future(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _again(self, job: Job, wait: float) -> None:
        await asyncio.sleep(wait)
        self._queue.append(job)

    async def _postpone(self, job: Job, wait: float) -> None:
        until = self.clock() + timedelta(seconds=wait)
        await self.database.run_lightly(outbox.postpone, job.delivery.id, until=until)
        self._held.discard(job.delivery.id)

    async def _rest(self) -> bool:
        """Idle until something comes due that a remote put off; False where that is too far away."""
        waits = [left for name in self.answers.shut if (left := self.answers.shut_for(name))]
        names = [name for name in self._open_transports() if not self.transports[name].harmless]
        at = self.database.read(outbox.next_due, transports=names) if names else None
        if at is not None and at > self.clock():
            waits.append((at - self.clock()).total_seconds())
        wait = min(waits, default=None)
        if wait is None or self._idle + wait > self.patience:
            return False
        self._idle += wait
        await self._pause(wait + 0.001)
        return True

    async def _pause(self, seconds: float) -> None:
        """Sleep, but no longer than until the stop."""
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            return

    # -- one message ---------------------------------------------------------------------------------------------------

    async def _one(self, job: Job, wait: float) -> None:
        try:
            claim = await self._in_turn(job, wait)
            if claim is not None:
                await self._claimed(job, claim)
        except Exception:
            log.exception("delivery_broke", key=job.delivery.key, transport=job.transport.name)
            self._seen.add(_mark(job.delivery))
        finally:
            self._on_the_way[job.transport.name] -= 1
            self._held.discard(job.delivery.id)

    async def _in_turn(self, job: Job, wait: float) -> claims.Claim | None:
        """Wait for the turn and claim; None where everything stops."""
        try:
            if wait > 0:
                await self._pause(wait)
            return None if self.stop.is_set() else await self._claim(job)
        finally:
            self._waiting -= 1
            self._turn_free.set()

    async def _claimed(self, job: Job, claim: claims.Claim) -> None:
        if claim.skipped:
            self.answers.tally.skipped[claim.skipped] += 1
        elif claim.lease is not None:
            message = replace(job.message, preface=preface_of(job.delivery, claim.missed)) if claim.missed else None
            await self._attempt(replace(job, message=message) if message else job, claim.lease)
        elif not claim.wait:  # another was faster, or it has to wait for its channel or an earlier part
            self._seen.add(_mark(job.delivery))

    async def _claim(self, job: Job) -> claims.Claim:
        """Claim, one at a time and after every answer is written down: so that few rows are ever in doubt."""
        async with self._claiming:
            await self.answers.calm.wait()
            if shut := self.answers.shut_for(job.transport.name):
                return claims.Claim(wait=shut)
            return await self.database.run(
                claims.claim, job.delivery.id, now=self.clock(), budgets=job.keys, address_hash=self._hash(job.delivery)
            )

    def _hash(self, delivery: Delivery) -> str | None:
        if self.recipients is None or delivery.subscriber_id is None or delivery.address is None:
            return None
        return self.recipients.hash_address(delivery.channel.kind, delivery.address)

    async def _attempt(self, job: Job, lease: str) -> None:
        try:
            async with asyncio.timeout(self.send_timeout):
                receipt = await job.transport.send(job.message)
        except TransportError as error:
            await self.answers.refused(job, lease, error)
        except TimeoutError:
            await self.answers.refused(job, lease, _lost(f"no answer within {self.send_timeout:g} s"))
        except Exception as error:
            log.exception("transport_broke", key=job.delivery.key, transport=job.transport.name)
            await self.answers.refused(job, lease, _lost(f"{type(error).__name__}: {error}"))
        else:
            await self.answers.sent(job, lease, receipt)
            self._idle = 0.0


def _at_once(transport: Transport) -> int:
    return min(IN_FLIGHT, transport.at_once) if isinstance(transport, Narrow) else IN_FLIGHT


def _ahead(budgets: list[tuple[str, float]]) -> int:
    """Return how many turns may be held, by the widest budget."""
    return max(LEAST_AHEAD, min(MOST_AHEAD, int(AHEAD * budgets[0][1]))) if budgets else MOST_AHEAD


def _mark(delivery: Delivery) -> tuple[int, int, datetime]:
    """Name a delivery as it stood: one that did not change is tried once in a call."""
    return delivery.id, delivery.attempts, delivery.not_before


def _lost(reason: str) -> TransportError:
    return TransportError(reason, permanent=False, outcome_known=False)
