"""Read the bounce mailbox: hard bounces and complaints end a subscription, soft ones after three days, policy never."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from trendbot.core.bounces import (
    MOST_BYTES,
    Said,
    delivery_of,
    judge,
    message_key,
    read_bounce,
    read_message,
    text_of,
)
from trendbot.core.vocabulary import BounceKind, ChannelKind, SuppressionReason
from trendbot.logs import get_logger
from trendbot.store.bounces import Addressee, Bounce, addressee_of, count_soft_days, write_bounce

if TYPE_CHECKING:
    from email.message import Message

    from trendbot.clock import Clock
    from trendbot.store.database import Database, Session
    from trendbot.transports.mailbox import Mail, Mailbox

log = get_logger(__name__)

SOFT_DAYS = 3
SOFT_WINDOW = timedelta(days=60)
"""Soft bounces on so many different days of the last 60 count as a hard one: three mails, weekly ones too."""
AT_ONCE = 500
"""Messages read in one go; the next reading goes on."""

Suppress = Callable[["Session", ChannelKind, str, SuppressionReason, datetime], bool]
"""Ends what goes to an address, for a reason, at an instant; returns whether that is new."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BounceDesk:
    """Where bounces arrive, the secret that return addresses are proved by, and how an address is suppressed."""

    mailbox: Mailbox
    key: Callable[[], bytes]
    suppress: Suppress


@dataclass(slots=True)
class BounceReport:
    """What was read: messages, failures by kind, those that name no delivery of ours, and addresses suppressed."""

    read: int = 0
    again: int = 0
    unplaced: int = 0
    no_failure: int = 0
    unreadable: int = 0
    suppressed: int = 0
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
            if found is not None:
                _count(report, found, database.write(_take, desk.suppress, found, clock()))
            desk.mailbox.put_aside(mail.name)
    return report


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    key: str
    delivery_id: int
    kind: BounceKind
    status: str | None


def _understood(mail: Mail, key: bytes, report: BounceReport) -> _Found | None:
    try:
        message = read_message(mail.raw)
        delivery_id = delivery_of(message, key)
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
    return _Found(key=message_key(mail.raw, message), delivery_id=delivery_id, kind=said.kind, status=said.status)


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


def _count(report: BounceReport, found: _Found, taken: _Taken) -> None:
    if taken is _Taken.AGAIN:
        report.again += 1
        return
    report.kinds[found.kind] += 1
    report.suppressed += taken is _Taken.SUPPRESSED


def _take(session: Session, suppress: Suppress, found: _Found, now: datetime) -> _Taken:
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
