"""What may happen to a delivery: its key, its states, when to try again, and what a lost answer means.

pending ──claim──▶ sending ──settle──▶ sent
sending ─▶ pending     surely not accepted: back-off, or what the remote asked for
sending ─▶ failed      refused for good, or the last attempt
sending, answer lost ─▶ the channel's policy: hold → uncertain, resend → pending, probe → uncertain until it is asked
pending ─▶ skipped     no longer wanted, too late, or a fresher digest took its place
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from trendbot.core.vocabulary import Cadence, DeliveryStatus

MAX_ATTEMPTS = 8
LEASE = timedelta(seconds=30)
SEND_TIMEOUT = 20.0
"""Seconds after which an answer counts as lost; shorter than the lease, so that no one takes over a living send."""
LONGEST_RESERVE = 5.0
"""Seconds: a message that would wait longer for its turn reserves none and comes back."""
_FIRST_WAIT, _FACTOR, _LONGEST_WAIT = 5.0, 4.0, 3600.0
LATE = {Cadence.DAILY: timedelta(hours=12), Cadence.WEEKLY: timedelta(days=3)}
"""How long after its time a digest is still news."""

MAY_FOLLOW: dict[DeliveryStatus, frozenset[DeliveryStatus]] = {
    DeliveryStatus.PENDING: frozenset((DeliveryStatus.SENDING, DeliveryStatus.SKIPPED)),
    DeliveryStatus.SENDING: frozenset(
        (DeliveryStatus.SENT, DeliveryStatus.PENDING, DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)
    ),
    DeliveryStatus.SENT: frozenset(),
    DeliveryStatus.FAILED: frozenset((DeliveryStatus.PENDING,)),
    DeliveryStatus.UNCERTAIN: frozenset((DeliveryStatus.PENDING, DeliveryStatus.SENT, DeliveryStatus.SKIPPED)),
    DeliveryStatus.SKIPPED: frozenset((DeliveryStatus.PENDING,)),
}
"""Which state may follow which; from failed, uncertain and skipped only a person leads on, or a probe."""


class LostAnswer(enum.StrEnum):
    """What to do where a message may or may not have arrived.

    PROBE asks the remote, for transports that can; until it answers, the row says uncertain.
    """

    HOLD = "hold"
    RESEND = "resend"
    PROBE = "probe"


class Lateness(enum.StrEnum):
    """What to do with a digest that could not go in time: leave it out, or name it at the top of the next one."""

    SKIP = "skip"
    MERGE = "merge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """How a failed attempt is to be written down; `not_before` stands for pending rows."""

    status: DeliveryStatus
    not_before: datetime | None = None


def delivery_key(
    *, channel_id: int, part: int, edition_id: int | None = None, notice_id: int | None = None,
    subscriber_id: int | None = None,
) -> str:  # fmt: skip
    """Return the readable unique key of one message to one recipient: ``e12.c3.s88.p0``, or ``n5.c3.s88``."""
    to = f".s{subscriber_id}" if subscriber_id is not None else ""
    if notice_id is not None:
        return f"n{notice_id}.c{channel_id}{to}"
    return f"e{edition_id}.c{channel_id}{to}.p{part}"


def back_off(attempts: int, retry_after: float | None = None) -> timedelta:
    """Return how long to wait after `attempts` tries: 5 s, then four times as long each, one hour at most.

    Where the remote named a time, that counts alone: it is what the remote wants.
    """
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * _FACTOR ** max(0, attempts - 1))
    return timedelta(seconds=wait if retry_after is None else max(1.0, retry_after))


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
    if not outcome_known and policy is not LostAnswer.RESEND:
        return Settlement(status=DeliveryStatus.UNCERTAIN)
    if attempts >= MAX_ATTEMPTS and retry_after is None:
        return Settlement(status=DeliveryStatus.FAILED)
    return Settlement(status=DeliveryStatus.PENDING, not_before=now + back_off(attempts, retry_after))


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is true of a delivery at the moment it is about to go.

    `fresher` is the number of a newer digest that waits for the same recipient; `earlier` the states of the parts
    before this one; `wanted` None where nobody subscribes to the channel; `reader` whether it goes to a subscriber.
    """

    too_late_at: datetime | None = None
    late: Lateness = Lateness.SKIP
    address: str | None = ""
    suppressed: str | None = None
    wanted: bool | None = None
    channel_open: bool = True
    fresher: int | None = None
    earlier: frozenset[DeliveryStatus] = frozenset()
    begun: bool = False
    reader: bool = False


_OPEN = frozenset((DeliveryStatus.PENDING, DeliveryStatus.SENDING))


def obstacle(standing: Standing, now: datetime) -> str | None:
    """Return why a delivery is to be skipped now, or None where it may go.

    A digest of which a part has gone is finished: neither lateness nor a fresher one cuts it in two.
    """
    if standing.address is None:
        return "the address was erased"
    if standing.suppressed:
        return f"never to be written to again: {standing.suppressed}"
    if standing.wanted is False:
        return "no longer subscribed, or paused"
    if standing.earlier & {DeliveryStatus.FAILED, DeliveryStatus.SKIPPED}:
        return "an earlier part of it did not go"
    return None if standing.begun else _stale(standing, now)


MERGED = "too late; named in the next digest"


def _stale(standing: Standing, now: datetime) -> str | None:
    if standing.fresher is not None:
        return f"replaced by number {standing.fresher}, which waits too"
    if standing.too_late_at is not None and standing.too_late_at <= now:
        return MERGED if standing.late is Lateness.MERGE else f"too late: it was to go by {_minute(standing)} UTC"
    return None


def _minute(standing: Standing) -> str:
    return f"{standing.too_late_at:%Y-%m-%d %H:%M}"


def must_wait(standing: Standing) -> bool:
    """Say whether a delivery has to wait: for its channel to be opened again, or for the parts before it."""
    return not standing.channel_open or bool(standing.earlier & _OPEN)
