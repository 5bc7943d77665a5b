"""One message on its way, and how its answer is written down: in one transaction, with all that follows from it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trendbot.core.delivering import Settlement, settle
from trendbot.errors import RecipientError, TransportError
from trendbot.pipeline.outcomes import Recipients, Retired
from trendbot.store import channels, rates, settlements
from trendbot.store.database import Session
from trendbot.store.deliveries import Delivery
from trendbot.store.rates import Ring
from trendbot.store.settlements import Sent
from trendbot.transports.base import Message, Receipt, Transport


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A delivery, the message it carries, and who takes it there.

    `place` is that of its turn among the last messages to its remote, and `arrived` when (time.monotonic) it had
    arrived there at the latest.
    """

    delivery: Delivery
    message: Message
    transport: Transport
    place: str | None = None
    arrived: float = 0.0

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of its budgets, the widest first."""
        return tuple(budget.key for budget in self.transport.budgets(self.message))

    @property
    def rates(self) -> list[tuple[str, float]]:
        """Its budgets as `store.rates` takes them."""
        return [(budget.key, budget.rate) for budget in self.transport.budgets(self.message)]

    @property
    def rings(self) -> dict[str, Ring]:
        """What its remote takes in any second, by the keys of its budgets."""
        budgets = self.transport.budgets(self.message)
        return {each.key: Ring(name=each.key, most=each.burst) for each in budgets if each.burst}


def settlement_of(job: Job, error: TransportError, now: datetime) -> Settlement:
    """Decide what becomes of a message that was refused, or may have been."""
    return settle(
        attempts=job.delivery.attempts + 1,
        now=now,
        policy=job.delivery.channel.lost_answer or job.transport.policy,
        permanent=error.permanent,
        retry_after=error.retry_after,
        outcome_known=error.outcome_known,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A message that the remote took, under which lease it went, and when."""

    job: Job
    lease: str
    receipt: Receipt
    now: datetime


def write_receipts(session: Session, taken: Sequence[Taken]) -> Sequence[None]:
    """Write down that messages went, under which ids, where recipients moved, and what they named as missed.

    Where another part follows, its recipient's own rates count from now: the way here may have taken longer than the
    turn foresaw, most of all where a connection had to be opened first.
    """
    followed = [each.job for each in taken if each.job.message.part + 1 < each.job.message.parts]
    rates.hold_off(session, [budget for job in followed for budget in job.rates[1:]])
    _write_arrivals(session, [each.job for each in taken])
    settlements.settle_all_sent(
        session,
        [
            Sent(
                delivery_id=each.job.delivery.id,
                lease=each.lease,
                now=each.now,
                external_id=each.receipt.external_id,
            )
            for each in taken
        ],
    )
    for each in taken:
        if each.receipt.moved_to is not None:
            settlements.move(session, each.job.delivery.id, each.receipt.moved_to)
        if each.job.message.preface:
            settlements.name_missed(session, each.job.delivery)
    return [None] * len(taken)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A message that was not taken, or may not have been, and what is to become of it."""

    job: Job
    lease: str
    settlement: Settlement
    error: TransportError
    now: datetime


def write_refusal(session: Session, refused: Refused, recipients: Recipients | None) -> None:
    """Write down a refusal; a pause that was asked for holds for all, a recipient that refuses for good is retired."""
    job, error = refused.job, refused.error
    _write_arrivals(session, [job])
    paused = job.keys if error.pauses is None else error.pauses
    if error.retry_after is not None and paused:
        rates.pause(session, paused, error.retry_after)
    settled = settlements.settle_failed(
        session,
        job.delivery.id,
        lease=refused.lease,
        settlement=refused.settlement,
        error=str(error),
        now=refused.now,
    )
    if isinstance(error, RecipientError) and settled:
        _retire(session, job.delivery, recipients, error, refused.now)


def _write_arrivals(session: Session, jobs: Sequence[Job]) -> None:
    """Write down when messages arrived at the latest: others keep their distance from that."""
    now = time.monotonic()
    rates.arrived(session, [(job.place, now - job.arrived) for job in jobs if job.place and job.arrived])


def _retire(
    session: Session, delivery: Delivery, recipients: Recipients | None, error: RecipientError, now: datetime
) -> None:
    if delivery.subscriber_id is None:
        channels.close_channel(session, delivery.channel.id, reason=str(error), now=now)
    elif recipients is not None and delivery.address is not None:
        retired = Retired(
            kind=delivery.channel.kind,
            address=delivery.address,
            subscriber_id=delivery.subscriber_id,
            channel_id=delivery.channel.id,
            gone=error.gone,
            now=now,
        )
        recipients.retire(session, retired)
