"""Read the bounce mailbox: hard bounces and complaints end a subscription, soft ones after three days, policy never.

Mails that ask to leave arrive there too: one with a token of ours ends the subscription it was made for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from trendbot.core.bounces import (
    MOST_BYTES,
    SOFT_DAYS,
    SOFT_WINDOW,
    Said,
    delivery_of,
    judge,
    message_key,
    read_bounce,
    read_message,
    text_of,
)
from trendbot.core.leaving import Wish, read_wish
from trendbot.core.tokens import Purpose, parts_of_subject, unseal
from trendbot.core.vocabulary import BounceKind, ChannelKind, SuppressionReason
from trendbot.errors import TokenError
from trendbot.logs import get_logger
from trendbot.store import subscribers
from trendbot.store.bounces import Addressee, Bounce, addressee_of, count_soft_days, write_bounce

if TYPE_CHECKING:
    from email.message import Message

    from trendbot.clock import Clock
    from trendbot.store.database import Database, Session
    from trendbot.transports.mailbox import Mail, Mailbox

log = get_logger(__name__)

AT_ONCE = 500
"""Messages read in one go; the next reading goes on."""

Suppress = Callable[["Session", ChannelKind, str, SuppressionReason, datetime], bool]
"""Ends what goes to an address, for a reason, at an instant; returns whether that is new."""
Leave = Callable[["Session", int, int | None, datetime], bool]
"""Ends a subscriber's subscription to a channel (None: to all), at an instant; returns whether there was one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BounceDesk:
    """Where bounces arrive, the secret that proves what is ours, how an address is suppressed, how somebody leaves."""

    mailbox: Mailbox
    key: Callable[[], bytes]
    suppress: Suppress
    leave: Leave


@dataclass(slots=True)
class BounceReport:
    """What was read: messages, failures by kind, those that name no delivery of ours, and addresses suppressed.

    `left` left by mail, `left_before` had; `unproven` asked to leave and proved nothing: they are flagged for a person.
    """

    read: int = 0
    again: int = 0
    unplaced: int = 0
    no_failure: int = 0
    unreadable: int = 0
    suppressed: int = 0
    left: int = 0
    left_before: int = 0
    unproven: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


def read_bounces(database: Database, desk: BounceDesk, *, clock: Clock, most: int = AT_ONCE) -> BounceReport:
    """Read what came back, act on it, and put it aside; twice alike, whatever was written into the mailbox.

    Raises:
        TransportError: the mailbox cannot be read.
        StoreError: the secret or the database cannot be used.

    """
    report, key = BounceReport(), desk.key()
    with desk.mailbox.open():
        for mail in desk.mailbox.mails(most=most, most_bytes=MOST_BYTES):
            report.read += 1
            found = _understood(mail, key, report)
            if isinstance(found, _Bounced):
                _count(report, found, database.write(_take, desk.suppress, found, clock()))
            unproven = isinstance(found, _Leaving) and not _left(database, desk, found, clock(), report)
            desk.mailbox.put_aside(mail.name, flagged=unproven)
    return report


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bounced:
    key: str
    delivery_id: int
    kind: BounceKind
    status: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Leaving:
    """A wish to leave, and the delivery that it was sent in answer to, where its return address says so."""

    wish: Wish
    delivery_id: int | None


def _understood(mail: Mail, key: bytes, report: BounceReport) -> _Bounced | _Leaving | None:
    try:
        message = read_message(mail.raw)
        delivery_id = delivery_of(message, key)
        if wish := read_wish(message):
            return _Leaving(wish=wish, delivery_id=delivery_id)
        if delivery_id is None:
            report.unplaced += 1
            return None
        said = _said(message)
    except Exception:  # strangers wrote it
        log.exception("bounce_not_readable")
        report.unreadable += 1
        return None
    if said.kind is None:
        report.no_failure += 1
        return None
    return _Bounced(key=message_key(mail.raw, message), delivery_id=delivery_id, kind=said.kind, status=said.status)


def _said(message: Message) -> Said:
    said = read_bounce(message)
    return said if said.kind or not said.odd else _odd(message)


def _odd(message: Message) -> Said:
    """Ask flufl.bounce, which knows the ways of many old servers; what it finds is weighed by codes and words."""
    text = text_of(message)
    try:
        from flufl.bounce import all_failures
    except ImportError:
        return Said(kind=None)
    waiting, failed = all_failures(message)
    return judge(None, text) if failed and not waiting else Said(kind=None)


class _Taken(StrEnum):
    AGAIN = "again"
    NOTED = "noted"
    SUPPRESSED = "suppressed"


def _count(report: BounceReport, found: _Bounced, taken: _Taken) -> None:
    if taken is _Taken.AGAIN:
        report.again += 1
        return
    report.kinds[found.kind] += 1
    report.suppressed += taken is _Taken.SUPPRESSED


def _take(session: Session, suppress: Suppress, found: _Bounced, now: datetime) -> _Taken:
    to = addressee_of(session, found.delivery_id)
    bounce = Bounce(
        key=found.key,
        delivery_id=found.delivery_id,
        subscriber_id=to.subscriber_id if to else None,
        kind=found.kind,
        status=found.status,
        at=now,
    )
    if not write_bounce(session, bounce):
        return _Taken.AGAIN
    reason = _reason(session, to, found.kind, now) if to else None
    if to and to.address and reason and suppress(session, to.kind, to.address, reason, now):
        return _Taken.SUPPRESSED
    return _Taken.NOTED


def _reason(session: Session, to: Addressee, kind: BounceKind, now: datetime) -> SuppressionReason | None:
    if kind is BounceKind.COMPLAINT:
        return SuppressionReason.COMPLAINED
    if kind is BounceKind.SOFT:
        days = count_soft_days(session, to.subscriber_id, since=now - SOFT_WINDOW)
        return SuppressionReason.BOUNCED if days >= SOFT_DAYS else None
    return SuppressionReason.BOUNCED if kind is BounceKind.HARD else None


def _left(database: Database, desk: BounceDesk, leaving: _Leaving, now: datetime, report: BounceReport) -> bool:
    """Let somebody leave; return False where nothing proves who it is."""
    ended = database.write(_end, desk, leaving, now)
    report.left += ended is True
    report.left_before += ended is False
    report.unproven += ended is None
    return ended is not None


def _end(session: Session, desk: BounceDesk, leaving: _Leaving, now: datetime) -> bool | None:
    """Return whether a subscription ended now; None where nothing proves whose."""
    who = next((found for each in leaving.wish.tokens if (found := _named(session, each, desk.key(), now))), None)
    if who is None and leaving.delivery_id is not None:
        to = addressee_of(session, leaving.delivery_id)
        who = (to.subscriber_id, to.channel_id) if to else None
    return desk.leave(session, *who, now) if who else None


def _named(session: Session, token: str, key: bytes, now: datetime) -> tuple[int, int | None] | None:
    """Return the subscriber and the channel that a token names; None where it is forged, or names nobody any more."""
    try:
        public_id, channel_id = parts_of_subject(unseal(key, Purpose.UNSUBSCRIBE, token, now=now).subject)
    except TokenError:
        return None
    found = subscribers.find_public(session, public_id)
    return (found.id, channel_id) if found else None
