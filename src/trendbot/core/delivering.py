"""What may happen to a delivery: its key, its states, when to try again, and what a lost answer means.

pending ──claim──▶ sending ──settle──▶ sent
sending ─▶ pending     surely not accepted: back-off, or what the remote asked for
sending ─▶ failed      refused for good, or the last attempt
sending, answer lost ─▶ what the transport's policy says: hold → uncertain, resend → pending
pending ─▶ skipped     no longer wanted
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from trendbot.core.vocabulary import DeliveryStatus

MAX_ATTEMPTS = 8
LEASE = timedelta(seconds=30)
_FIRST_WAIT, _FACTOR, _LONGEST_WAIT = 5.0, 4.0, 3600.0

MAY_FOLLOW: dict[DeliveryStatus, frozenset[DeliveryStatus]] = {
    DeliveryStatus.PENDING: frozenset((DeliveryStatus.SENDING, DeliveryStatus.SKIPPED)),
    DeliveryStatus.SENDING: frozenset(
        (DeliveryStatus.SENT, DeliveryStatus.PENDING, DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)
    ),
    DeliveryStatus.SENT: frozenset(),
    DeliveryStatus.FAILED: frozenset((DeliveryStatus.PENDING,)),
    DeliveryStatus.UNCERTAIN: frozenset((DeliveryStatus.PENDING, DeliveryStatus.SENT)),
    DeliveryStatus.SKIPPED: frozenset(),
}
"""Which state may follow which; from failed and uncertain only a person leads on."""


class LostAnswer(enum.StrEnum):
    """What to do where a message may or may not have arrived."""

    HOLD = "hold"
    RESEND = "resend"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """How a failed attempt is to be written down; `not_before` stands for pending rows."""

    status: DeliveryStatus
    not_before: datetime | None = None


def delivery_key(*, edition_id: int, channel_id: int, part: int) -> str:
    """Return the readable unique key of one message to one outlet."""
    return f"e{edition_id}.c{channel_id}.p{part}"


def back_off(attempts: int, retry_after: float | None = None) -> timedelta:
    """Return how long to wait after `attempts` tries: 5 s, then four times as long each, one hour at most.

    Where the remote named a time, it counts if it is longer.
    """
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * _FACTOR ** max(0, attempts - 1))
    return timedelta(seconds=max(wait, retry_after or 0.0))


def settle(
    *,
    attempts: int,
    now: datetime,
    policy: LostAnswer,
    permanent: bool = False,
    retry_after: float | None = None,
    outcome_known: bool = True,
) -> Settlement:
    """Decide what becomes of a delivery whose attempt number `attempts` failed."""
    if permanent:
        return Settlement(status=DeliveryStatus.FAILED)
    if not outcome_known and policy is LostAnswer.HOLD:
        return Settlement(status=DeliveryStatus.UNCERTAIN)
    if attempts >= MAX_ATTEMPTS:
        return Settlement(status=DeliveryStatus.FAILED)
    return Settlement(status=DeliveryStatus.PENDING, not_before=now + back_off(attempts, retry_after))
