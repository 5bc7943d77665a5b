"""Subscribers and their subscriptions: who, on which channel, in which standing, and how it is wanted."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from trendbot.core.consent import Preferences
from trendbot.core.hours import Quiet
from trendbot.core.vocabulary import ChannelKind, DeliveryStatus, NoticeKind, SubscriptionStatus
from trendbot.errors import NotFoundError
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Feedback as FeedbackRow
from trendbot.store.schema import Notice as NoticeRow
from trendbot.store.schema import Subscriber as SubscriberRow
from trendbot.store.schema import Subscription as SubscriptionRow

ANY = "any"
"""Stands for every standing where subscribers are listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscriber:
    """One address; `person` is shared by the addresses of one person, `public_id` is what links carry."""

    id: int
    public_id: str
    person: str
    kind: ChannelKind
    address: str | None
    language: str
    created_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """A subscriber's standing with one channel, and how it is wanted."""

    subscriber_id: int
    channel_id: int
    status: SubscriptionStatus
    token_version: int
    preferences: Preferences
    paused_until: datetime | None
    next_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A subscriber with one of its subscriptions and the channel's name."""

    subscriber: Subscriber
    subscription: Subscription | None
    channel: str | None


def personal_channel(session: Session, kind: ChannelKind) -> int | None:
    """Return the id of the enabled channel of a kind that has subscribers, the oldest of them; None where none has."""
    return session.scalar(
        select(ChannelRow.id)
        .where(ChannelRow.kind == kind, ChannelRow.personal, ChannelRow.enabled)
        .order_by(ChannelRow.id)
        .limit(1)
    )


def ensure_subscriber(session: Session, *, kind: ChannelKind, address: str, language: str, now: datetime) -> Subscriber:
    """Return the subscriber of an address in its one spelling, made where there is none."""
    found = find_subscriber(session, kind=kind, address=address)
    if found is not None:
        return found
    row = SubscriberRow(
        public_id=secrets.token_hex(12),
        person=secrets.token_hex(12),
        kind=kind,
        address=address,
        language=language,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _subscriber(row)


def find_subscriber(session: Session, *, kind: ChannelKind, address: str) -> Subscriber | None:
    """Return the subscriber of an address in its one spelling."""
    row = session.scalar(select(SubscriberRow).where(SubscriberRow.kind == kind, SubscriberRow.address == address))
    return _subscriber(row) if row else None


def find_public(session: Session, public_id: str) -> Subscriber | None:
    """Return the subscriber that a link names, unless it is erased."""
    row = session.scalar(
        select(SubscriberRow).where(SubscriberRow.public_id == public_id, SubscriberRow.erased_at.is_(None))
    )
    return _subscriber(row) if row else None


def get_subscriber(session: Session, subscriber_id: int) -> Subscriber:
    """Return a subscriber.

    Raises:
        NotFoundError: there is none of this number.

    """
    row = session.get(SubscriberRow, subscriber_id)
    if row is None:
        raise NotFoundError(f"there is no subscriber {subscriber_id}: see `trendbot subscribers list`")
    return _subscriber(row)


def of_person(session: Session, person: str) -> tuple[Subscriber, ...]:
    """Return every address of a person."""
    rows = session.scalars(select(SubscriberRow).where(SubscriberRow.person == person).order_by(SubscriberRow.id))
    return tuple(_subscriber(row) for row in rows)


def list_subscribers(
    session: Session,
    *,
    kind: ChannelKind | None = None,
    status: SubscriptionStatus | None = None,
    after: int = 0,
    limit: int = 200,
) -> tuple[Listed, ...]:
    """Return subscribers with their subscriptions by number, those after the number `after`."""
    query = _listed().where(SubscriberRow.id > after).order_by(SubscriberRow.id, SubscriptionRow.channel_id)
    if kind is not None:
        query = query.where(SubscriberRow.kind == kind)
    if status is not None:
        query = query.where(SubscriptionRow.status == status)
    return tuple(_listing(*row) for row in session.execute(query.limit(limit)))


def subscriptions_of(session: Session, subscriber_id: int) -> tuple[Listed, ...]:
    """Return a subscriber's subscriptions, each with its channel's name."""
    query = _listed().where(SubscriberRow.id == subscriber_id, SubscriptionRow.channel_id.is_not(None))
    return tuple(_listing(*row) for row in session.execute(query.order_by(SubscriptionRow.channel_id)))


def count_subscriptions(session: Session, channel_id: int) -> dict[SubscriptionStatus, int]:
    """Count a channel's subscriptions by standing."""
    rows = session.execute(
        select(SubscriptionRow.status, func.count())
        .where(SubscriptionRow.channel_id == channel_id)
        .group_by(SubscriptionRow.status)
    )
    return dict(rows.all())


def find_subscription(session: Session, subscriber_id: int, channel_id: int) -> Subscription | None:
    """Return a subscription, or None where there is none."""
    row = session.get(SubscriptionRow, (subscriber_id, channel_id))
    return subscription_of(row) if row else None


def find_reader(session: Session, subscriber_id: int, channel_id: int) -> tuple[str, int] | None:
    """Return what a reader's links are made of: the public id and the version of the subscription; None for nobody."""
    pair = subscriber_id, channel_id
    return find_readers(session, [pair]).get(pair)


def find_readers(session: Session, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, int]]:
    """Return what the links of many readers are made of, by subscriber and channel."""
    wanted: dict[int, list[int]] = {}
    for subscriber_id, channel_id in pairs:
        wanted.setdefault(channel_id, []).append(subscriber_id)
    return {
        (number, channel_id): (public_id, version)
        for channel_id, ids in wanted.items()
        for number, public_id, version in session.execute(_READERS, {"channel": channel_id, "ids": ids})
    }


_READERS = (
    select(SubscriberRow.id, SubscriberRow.public_id, SubscriptionRow.token_version)
    .join(SubscriptionRow, SubscriptionRow.subscriber_id == SubscriberRow.id)
    .where(SubscriberRow.id.in_(bindparam("ids", expanding=True)), SubscriptionRow.channel_id == bindparam("channel"))
)


def put_subscription(session: Session, subscription: Subscription) -> Subscription:
    """Write a subscription as it stands now, whether or not it was there."""
    key = (subscription.subscriber_id, subscription.channel_id)
    row = session.get(SubscriptionRow, key) or SubscriptionRow(subscriber_id=key[0], channel_id=key[1])
    wish = subscription.preferences
    row.status, row.token_version = subscription.status, subscription.token_version
    row.themes, row.cadence, row.hour, row.weekday = list(wish.themes), wish.cadence, wish.hour, wish.weekday
    row.timezone, row.alerts = wish.timezone, wish.alerts
    row.quiet_from = wish.quiet.start if wish.quiet else None
    row.quiet_to = wish.quiet.end if wish.quiet else None
    row.paused_until, row.next_at = subscription.paused_until, subscription.next_at
    row.changed_at = subscription.changed_at
    session.add(row)
    session.flush()
    return subscription


def lapsed_pauses(session: Session, *, now: datetime, limit: int = 1000) -> tuple[Subscription, ...]:
    """Return the paused subscriptions whose pause is over."""
    query = select(SubscriptionRow).where(
        SubscriptionRow.status == SubscriptionStatus.PAUSED, SubscriptionRow.paused_until <= now
    )
    return tuple(subscription_of(row) for row in session.scalars(query.limit(limit)))


def set_language(session: Session, subscriber_id: int, language: str) -> None:
    """Write down the language that a subscriber reads."""
    session.execute(update(SubscriberRow).where(SubscriberRow.id == subscriber_id).values(language=language[:16]))


def set_person(session: Session, *, old: str, new: str) -> None:
    """Let every address of one person belong to another: they are the same."""
    session.execute(update(SubscriberRow).where(SubscriberRow.person == old).values(person=new))


def set_address(session: Session, subscriber_id: int, address: str) -> None:
    """Follow a subscriber to a new address, as where a group became another."""
    session.execute(update(SubscriberRow).where(SubscriberRow.id == subscriber_id).values(address=address))


def erase_address(session: Session, subscriber_id: int, *, now: datetime) -> None:
    """Take a subscriber's address and language, part it from other addresses, and forget what it said and was sent."""
    session.execute(
        update(SubscriberRow)
        .where(SubscriberRow.id == subscriber_id)
        .values(address=None, erased_at=now, language="en", person=secrets.token_hex(12))
    )
    session.execute(delete(FeedbackRow).where(FeedbackRow.subscriber_id == subscriber_id))
    session.execute(
        update(DeliveryRow).where(DeliveryRow.subscriber_id == subscriber_id).values(external_id=None, error=None)
    )


def drop_pending(session: Session, subscriber_id: int, *, channel_id: int | None = None, why: str) -> None:
    """Skip what still waits in the outbox for a subscriber, on one channel or on all; a goodbye goes all the same."""
    goodbyes = select(NoticeRow.id).where(NoticeRow.notice == NoticeKind.GOODBYE)
    where: list[ColumnElement[bool]] = [
        DeliveryRow.subscriber_id == subscriber_id,
        DeliveryRow.status == DeliveryStatus.PENDING,
        or_(DeliveryRow.notice_id.is_(None), DeliveryRow.notice_id.not_in(goodbyes)),
    ]
    if channel_id is not None:
        where.append(DeliveryRow.channel_id == channel_id)
    session.execute(update(DeliveryRow).where(*where).values(status=DeliveryStatus.SKIPPED, error=why))


def search_subscribers(session: Session, public_ids: Sequence[str]) -> tuple[Subscriber, ...]:
    """Return the subscribers of these public ids."""
    rows = session.scalars(select(SubscriberRow).where(SubscriberRow.public_id.in_(public_ids)))
    return tuple(_subscriber(row) for row in rows)


def _listed() -> Select[SubscriberRow, SubscriptionRow, str]:
    return (
        select(SubscriberRow, SubscriptionRow, ChannelRow.slug)
        .outerjoin(SubscriptionRow, SubscriptionRow.subscriber_id == SubscriberRow.id)
        .outerjoin(ChannelRow, ChannelRow.id == SubscriptionRow.channel_id)
    )


def _listing(subscriber: SubscriberRow, subscription: SubscriptionRow | None, slug: str | None) -> Listed:
    return Listed(
        subscriber=_subscriber(subscriber),
        subscription=subscription_of(subscription) if subscription else None,
        channel=slug,
    )


def _subscriber(row: SubscriberRow) -> Subscriber:
    return Subscriber(
        id=row.id,
        public_id=row.public_id,
        person=row.person,
        kind=row.kind,
        address=row.address,
        language=row.language,
        created_at=row.created_at,
        erased_at=row.erased_at,
    )


def subscription_of(row: SubscriptionRow) -> Subscription:
    """Return a row as a value."""
    quiet = None
    if row.quiet_from is not None and row.quiet_to is not None:
        quiet = Quiet(start=row.quiet_from, end=row.quiet_to)
    preferences = Preferences(
        themes=tuple(row.themes),
        cadence=row.cadence,
        hour=row.hour,
        weekday=row.weekday,
        timezone=row.timezone,
        quiet=quiet,
        alerts=row.alerts,
    )
    return Subscription(
        subscriber_id=row.subscriber_id,
        channel_id=row.channel_id,
        status=row.status,
        token_version=row.token_version,
        preferences=preferences,
        paused_until=row.paused_until,
        next_at=row.next_at,
        changed_at=row.changed_at,
    )
