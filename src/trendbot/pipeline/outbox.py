"""The outbox at work: several sends in flight, each in its turn, claims and answers written down in groups.

For every message: wait for a turn within the shared rates ─▶ claim ─▶ send ─▶ settle. The turn is waited for before the
claim, so that a row is in `sending` only as long as the request; what dies in between is known to be uncertain. Claims
wait for answers that are to be written down, and no more are made than a remote can have on the way (`windows`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from trendbot.clock import Clock
from trendbot.core.delivering import LONGEST_RESERVE, SEND_TIMEOUT
from trendbot.errors import ChannelError, TransportError, UnreachableError
from trendbot.logs import get_logger
from trendbot.pipeline.answers import Answers
from trendbot.pipeline.ledger import Ledger
from trendbot.pipeline.messages import message_of, preface_of
from trendbot.pipeline.outcomes import Dress, Prepares, Recipients, Tally
from trendbot.pipeline.settling import Job
from trendbot.pipeline.windows import Window
from trendbot.store import claims, outbox, rates
from trendbot.store.claims import Asked
from trendbot.store.database import Database, Session
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Narrow, Receipt, Transport

log = get_logger(__name__)

BATCH = 100
"""Rows read at once."""
AHEAD = 0.04
"""Seconds of turns that may be held and not used yet. Were it more, a process that stood still for a moment would send
all of them at once, beyond what the remote allows in a second."""
LEAST_AHEAD, MOST_AHEAD = 1, 24
"""Turns held at least and at most."""
IN_FLIGHT = 64
"""Messages that wait for their turn or are on the wire, at most."""


Answer = Receipt | TransportError


class Sender:
    """Sends what is due until nothing is left that comes due within `patience` seconds of idling, or `stop` is set.

    `only` leaves alone all deliveries but these. Where it is not `alone`, others send from this database too, and each
    takes up rows of its own.
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
        alone: bool = True,
    ) -> None:
        self.database, self.transports, self.clock = database, transports, clock
        self.recipients, self.dress, self.patience = recipients, dress, patience
        self.stop = stop or asyncio.Event()
        self.send_timeout, self.only = send_timeout, only
        self.alone, self._name = alone, secrets.token_hex(16)
        self.ledger = Ledger(database)
        self.answers = Answers(self.ledger, clock, recipients=recipients, on_sent=on_sent)
        self._queue: deque[Job] = deque()
        self._held: set[int] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen: set[tuple[int, int, datetime]] = set()
        self._idle = 0.0
        self._waiting, self._ahead, self._changed = 0, LEAST_AHEAD, asyncio.Event()
        self._windows = {name: _window(each) for name, each in transports.items()}
        self._slots: dict[str, float] = {}

    async def drain(self) -> Tally:
        """Send until nothing is left to do now."""
        try:
            while not self.stop.is_set():
                self._changed.clear()
                if group := self._next_group():
                    await self._dispatch(group)
                elif self._tasks or self._later:
                    await self._changed.wait()
                elif not await self._rest():
                    break
        finally:
            for waiting in self._later:
                waiting.cancel()
            await asyncio.gather(*self._later, *self._tasks, return_exceptions=True)
            if self._held and not self.alone:
                await self.database.run_lightly(outbox.let_go, list(self._held), by=self._name)
        return self.answers.tally

    # -- which next ----------------------------------------------------------------------------------------------------

    def _next_group(self) -> list[Job]:
        """Return what goes next: queued messages whose transports have room; others wait, and hold up nobody."""
        most = min(self._turns_to_take(), IN_FLIGHT - len(self._tasks))
        if most <= 0:
            return []
        self._drop_shut()
        if not self._sendable():
            self._fill()
        if (first := self._sendable()) is None:
            return []
        self._ahead = _ahead(first.rates)
        return self._taken(min(most, self._ahead - self._waiting))

    def _turns_to_take(self) -> int:
        """Return how many turns may be taken now: once half of them are used up, so that few transactions take many."""
        free = self._ahead - self._waiting
        return free if 2 * free >= self._ahead else 0

    def _sendable(self) -> Job | None:
        room = self._rooms()
        return next((job for job in self._queue if job.transport.name in room), None) if room else None

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
        room = self._rooms()
        for job in self._queue:
            if len(taken) < most and room[job.transport.name] > 0:
                room[job.transport.name] -= 1
                taken.append(job)
            else:
                left.append(job)
        self._queue = left
        return taken

    def _rooms(self) -> Counter[str]:
        """Return how many more messages may be on the way, of the transports that have room."""
        now = asyncio.get_running_loop().time()
        found = {name: window.room(now) for name, window in self._windows.items()}
        return Counter({name: room for name, room in found.items() if room > 0})

    def _fill(self) -> None:
        room = self._rooms()
        names = [name for name in self._open_transports() if name in room]
        if not names:
            return
        rows = self._due(names, BATCH + len(self._held) + len(self._seen))
        new = [row for row in rows if row.id not in self._held and _mark(row) not in self._seen]
        if new and isinstance(self.dress, Prepares):
            self.dress.prepare(new)
        self._held.update(row.id for row in new)
        self._queue.extend(self._job(row) for row in new)

    def _due(self, names: Sequence[str], most: int) -> tuple[Delivery, ...]:
        if self.alone or self.only is not None:
            return self.database.read(outbox.due, transports=names, now=self.clock(), limit=most, only=self.only)
        return self.database.write_lightly(
            outbox.take_up, transports=names, now=self.clock(), by=self._name, limit=most
        )

    def _job(self, delivery: Delivery) -> Job:
        transport = self.transports[delivery.channel.transport]
        return Job(delivery=delivery, message=message_of(delivery), transport=transport)

    def _open_transports(self) -> list[str]:
        return sorted(name for name in self.transports if not self.answers.shut_for(name))

    async def _dispatch(self, group: list[Job]) -> None:
        turns = await self._turns(group)
        for job, turn in zip(group, turns, strict=True):
            if turn.reserved:
                self._waiting += 1
                self._windows[job.transport.name].enter()
                self._start(self._tasks, self._one(replace(job, place=turn.place), turn.wait))
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
        rings = {key: ring for job in group for key, ring in job.rings.items()}
        return await self.database.run_lightly(rates.reserve, wanted, rings=rings)

    def _start(self, tasks: set[asyncio.Task[None]], work: Any) -> None:
        task = asyncio.ensure_future(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda _: self._changed.set())

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
        at = self.database.read(outbox.next_due, transports=names, held=not self.alone) if names else None
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
            if answered := await self._answered(job, wait):
                await self._settle(*answered)
        except Exception:
            log.exception("delivery_broke", key=job.delivery.key, transport=job.transport.name)
            self._seen.add(_mark(job.delivery))
        finally:
            self._held.discard(job.delivery.id)

    async def _answered(self, job: Job, wait: float) -> tuple[Job, str, Answer] | None:
        """Bring a message to its remote; return what it was as it went, under which lease, and what the remote said.

        The way there is free again when the answer has come, not only when it is written down.
        """
        try:
            claimed = await self._in_turn(job, wait)
            return await self._answer(*claimed) if claimed else None
        finally:
            self._windows[job.transport.name].leave()
            self._changed.set()

    async def _in_turn(self, job: Job, wait: float) -> tuple[Job, str] | None:
        """Dress a message, wait for its turn, and claim; None where it does not go."""
        try:
            if self.dress:
                job = replace(job, message=self.dress(job.delivery, job.message))
            if wait > 0:
                await self._pause(wait)
            claim = claims.Claim(wait=1.0) if self.stop.is_set() else await self._claim(job)
        finally:
            self._waiting -= 1
            self._changed.set()
        if claim.skipped:
            self.answers.tally.skipped[claim.skipped] += 1
        elif claim.lease is None and not claim.wait:
            # another was faster, or it has to wait for its channel or an earlier part
            self._seen.add(_mark(job.delivery))
        if claim.missed:
            job = replace(job, message=replace(job.message, preface=preface_of(job.delivery, claim.missed)))
        return (job, claim.lease) if claim.lease is not None else None

    async def _claim(self, job: Job) -> claims.Claim:
        """Claim, together with others whose turn has come, and behind the answers that are to be written down."""
        await self.answers.calm.wait()
        if shut := self.answers.shut_for(job.transport.name):
            return claims.Claim(wait=shut)
        asked = Asked(delivery_id=job.delivery.id, budgets=job.keys, address_hash=self._hash(job.delivery))
        return await self.ledger.write(self._claim_all, asked, last=True)

    def _claim_all(self, session: Session, asked: Sequence[Asked]) -> Sequence[claims.Claim]:
        return claims.claim_all(session, asked, now=self.clock())

    def _hash(self, delivery: Delivery) -> str | None:
        if self.recipients is None or delivery.subscriber_id is None or delivery.address is None:
            return None
        return self.recipients.hash_address(delivery.channel.kind, delivery.address)

    async def _answer(self, job: Job, lease: str) -> tuple[Job, str, Answer]:
        """Send a message; return what the remote said, and when it had arrived there at the latest."""
        window, started = self._windows[job.transport.name], time.monotonic()
        answer = await self._sent(job)
        now = time.monotonic()
        window.answer(took=now - started, well=_is_well(answer), now=asyncio.get_running_loop().time())
        return replace(job, arrived=now - window.fastest), lease, answer

    async def _sent(self, job: Job) -> Answer:
        try:
            async with asyncio.timeout(self.send_timeout):
                return await job.transport.send(job.message)
        except TransportError as error:
            return error
        except TimeoutError:
            return _lost(f"no answer within {self.send_timeout:g} s")
        except Exception as error:
            log.exception("transport_broke", key=job.delivery.key, transport=job.transport.name)
            return _lost(f"{type(error).__name__}: {error}")

    async def _settle(self, job: Job, lease: str, answer: Answer) -> None:
        if isinstance(answer, TransportError):
            await self.answers.refused(job, lease, answer)
            return
        await self.answers.sent(job, lease, answer)
        self._idle = 0.0


def _window(transport: Transport) -> Window:
    narrow = isinstance(transport, Narrow)
    return Window(most=min(IN_FLIGHT, transport.at_once) if isinstance(transport, Narrow) else IN_FLIGHT, narrow=narrow)


def _is_well(answer: Answer) -> bool:
    """Say whether a remote takes messages, even if not this one."""
    if not isinstance(answer, TransportError):
        return True
    trouble = isinstance(answer, (ChannelError, UnreachableError)) or answer.retry_after is not None
    return answer.outcome_known and not trouble


def _ahead(budgets: list[tuple[str, float]]) -> int:
    """Return how many turns may be held, by the widest budget."""
    return max(LEAST_AHEAD, min(MOST_AHEAD, int(AHEAD * budgets[0][1]))) if budgets else MOST_AHEAD


def _mark(delivery: Delivery) -> tuple[int, int, datetime]:
    """Name a delivery as it stood: one that did not change is tried once in a call."""
    return delivery.id, delivery.attempts, delivery.not_before


def _lost(reason: str) -> TransportError:
    return TransportError(reason, permanent=False, outcome_known=False)
