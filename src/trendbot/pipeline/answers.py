"""What a remote answered, written down: sent, refused, put off, a channel to be closed, no way there.

After the remote has answered, the answer is kept and its commit is tried again for half a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from trendbot.clock import Clock
from trendbot.core.delivering import Settlement, back_off
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.errors import ChannelError, RecipientError, StoreError, TransportError, UnreachableError
from trendbot.logs import get_logger
from trendbot.pipeline.ledger import Ledger, Work
from trendbot.pipeline.outcomes import FailedDelivery, Recipients, Tally
from trendbot.pipeline.settling import Job, Refused, Taken, settlement_of, write_receipts, write_refusal
from trendbot.store import channels, settlements
from trendbot.store.database import Session
from trendbot.transports.base import Receipt

log = get_logger(__name__)

A = TypeVar("A")

KEEP_ANSWER = 30.0
"""Seconds for which the commit of an answer is tried again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """A message that goes back into the outbox, and whether its channel is to be closed."""

    job: Job
    lease: str
    not_before: datetime
    reason: str
    close: bool = False


class Answers:
    """Writes down what became of messages; `shut` says until when (loop time) a transport is left alone."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        recipients: Recipients | None = None,
        on_sent: Callable[[str, datetime], None] | None = None,
    ) -> None:
        self.ledger, self.clock, self.recipients, self.on_sent = ledger, clock, recipients, on_sent
        self.tally = Tally()
        self.shut: dict[str, float] = {}
        self.calm = asyncio.Event()
        """Set unless a known answer waits for a database that is away."""
        self.calm.set()
        self._kept = 0
        self._unreachable: dict[str, int] = {}

    def shut_for(self, name: str) -> float:
        """Return the seconds for which a transport is left alone; 0 where it is not."""
        return max(0.0, self.shut.get(name, 0.0) - asyncio.get_running_loop().time())

    async def sent(self, job: Job, lease: str, receipt: Receipt) -> None:
        """Write down that the remote took a message."""
        now = self.clock()
        await self._commit(write_receipts, Taken(job=job, lease=lease, receipt=receipt, now=now))
        self.tally.sent += 1
        self._unreachable.pop(job.transport.name, None)
        if self.on_sent is not None and not job.transport.harmless:
            self.on_sent(job.delivery.key, now)

    async def refused(self, job: Job, lease: str, error: TransportError) -> None:
        """Write down that a message was not taken, or may not have been."""
        if isinstance(error, ChannelError):
            await self._closed(job, lease, error)
            return
        if isinstance(error, UnreachableError):
            await self._unreached(job, lease, error)
            return
        now = self.clock()
        settlement = settlement_of(job, error, now)
        refused = Refused(job=job, lease=lease, settlement=settlement, error=error, now=now)
        await self._commit(self._write_refusals, refused)
        self._note(job, settlement, error)

    def _note(self, job: Job, settlement: Settlement, error: TransportError) -> None:
        delivery = job.delivery
        log.warning("delivery_failed", key=delivery.key, status=settlement.status, reason=str(error))
        self.tally.floods += error.retry_after is not None
        if isinstance(error, RecipientError) and delivery.subscriber_id is not None:
            self.tally.retired += 1
            return
        if isinstance(error, RecipientError):
            self.tally.closed[delivery.channel.slug] = str(error)
        self.tally.failed.append(
            FailedDelivery(key=delivery.key, channel=delivery.channel.slug, reason=str(error), status=settlement.status)
        )

    async def _closed(self, job: Job, lease: str, error: ChannelError) -> None:
        """Keep the message; let its channel, or every channel of its transport, rest until a person has mended it."""
        now, reason = self.clock(), str(error)
        name = job.transport.name if error.whole else job.delivery.channel.slug
        log.error("channel_closed", channel=name, reason=reason)
        if error.whole:
            self.shut[name] = float("inf")
        await self._commit(
            _give_back, _Kept(job=job, lease=lease, not_before=now, reason=reason, close=not error.whole)
        )
        self.tally.closed[name] = reason

    async def _unreached(self, job: Job, lease: str, error: UnreachableError) -> None:
        """Keep the message, not counting the attempt, and let everything to this remote wait a while."""
        name, now = job.transport.name, self.clock()
        self._unreachable[name] = self._unreachable.get(name, 0) + 1
        wait = back_off(self._unreachable[name])
        self.shut[name] = asyncio.get_running_loop().time() + wait.total_seconds()
        await self._commit(_give_back, _Kept(job=job, lease=lease, not_before=now + wait, reason=str(error)))
        if name not in {failed.channel for failed in self.tally.failed}:
            log.warning("remote_unreachable", transport=name, reason=str(error))
            self.tally.failed.append(
                FailedDelivery(key=job.delivery.key, channel=name, reason=str(error), status=DeliveryStatus.PENDING)
            )

    def _write_refusals(self, session: Session, refused: Sequence[Refused]) -> Sequence[None]:
        for each in refused:
            write_refusal(session, each, self.recipients)
        return [None] * len(refused)

    async def _commit(self, work: Work[A, None], item: A) -> None:
        """Write down what is known; a database that is away for a moment is no reason to forget an answer."""
        loop = asyncio.get_running_loop()
        deadline, wait = loop.time() + KEEP_ANSWER, 0.1
        while True:
            try:
                return await self.ledger.write(work, item)
            except StoreError:
                if loop.time() + wait > deadline:
                    raise
                log.warning("answer_kept", tries_again_in=wait)
            await self._keep_for(wait)
            wait = min(2.0, wait * 2)

    async def _keep_for(self, seconds: float) -> None:
        self._kept += 1
        self.calm.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._kept -= 1
            if not self._kept:
                self.calm.set()


def _give_back(session: Session, kept: Sequence[_Kept]) -> Sequence[None]:
    """Keep messages that were not to blame, and close the channels that a person has to mend."""
    for each in kept:
        number, channel = each.job.delivery.id, each.job.delivery.channel.id
        settlements.give_back(session, number, lease=each.lease, not_before=each.not_before, error=each.reason)
        if each.close:
            channels.close_channel(session, channel, reason=each.reason, now=each.not_before)
    return [None] * len(kept)
