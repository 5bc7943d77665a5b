"""Whose digest is due: subscriptions of personal channels, and the topics of forums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from trendbot.core.consent import Preferences
from trendbot.core.vocabulary import Cadence, SubscriptionStatus
from trendbot.errors import NotFoundError
from trendbot.store.channels import Channel, channel_of
from trendbot.store.deliveries import NewDelivery, write_new
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import Subscription as SubscriptionRow
from trendbot.store.subscribers import find_subscription


@dataclass(frozen=True, kw_only=True, slots=True)
class DueSubscription:
    """A subscription whose hour has come: since when, and what it wants."""

    subscriber_id: int
    channel: Channel
    preferences: Preferences
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A subscription that is done with the hours that have come: what it gets, and when the next one is due."""

    due: DueSubscription
    next_at: datetime | None
    deliveries: tuple[NewDelivery, ...] = ()


def due_subscriptions(
    session: Session, *, now: datetime, after: tuple[datetime, int] | None = None, limit: int = 500
) -> tuple[DueSubscription, ...]:
    """Return confirmed subscriptions whose hour has come, the longest waiting first, those behind `after`."""
    query = (
        select(SubscriptionRow, ChannelRow)
        .join(ChannelRow, ChannelRow.id == SubscriptionRow.channel_id)
        .where(
            SubscriptionRow.status == SubscriptionStatus.CONFIRMED,
            SubscriptionRow.next_at <= now,
            ChannelRow.enabled.is_(True),
            ChannelRow.personal.is_(True),
        )
        .order_by(SubscriptionRow.next_at, SubscriptionRow.subscriber_id)
        .limit(limit)
    )
    if after is not None:
        at, subscriber = after
        query = query.where(
            (SubscriptionRow.next_at > at)
            | ((SubscriptionRow.next_at == at) & (SubscriptionRow.subscriber_id > subscriber))
        )
    return tuple(_due(session, row, channel) for row, channel in session.execute(query))


def _due(session: Session, row: SubscriptionRow, channel: ChannelRow) -> DueSubscription:
    known = find_subscription(session, row.subscriber_id, row.channel_id)
    if known is None or known.next_at is None:
        raise NotFoundError(f"subscription {row.subscriber_id} of channel {channel.slug} is gone: run this again")
    return DueSubscription(
        subscriber_id=row.subscriber_id,
        channel=channel_of(channel),
        preferences=known.preferences,
        due_at=known.next_at,
    )


def serve(session: Session, served: tuple[Served, ...]) -> int:
    """Write the deliveries of a batch and move each subscription on, all or nothing; return how many are new.

    A subscription that was changed meanwhile (its hour moved) is left as it is; its delivery's key keeps it from
    getting the same digest twice.
    """
    new = write_new(session, [delivery for each in served for delivery in each.deliveries])
    for each in served:
        session.execute(
            update(SubscriptionRow)
            .where(
                SubscriptionRow.subscriber_id == each.due.subscriber_id,
                SubscriptionRow.channel_id == each.due.channel.id,
                SubscriptionRow.next_at == each.due.due_at,
            )
            .values(next_at=each.next_at)
        )
    return new


def topic_channels(session: Session, cadence: Cadence) -> tuple[Channel, ...]:
    """Return the enabled channels whose digests are parted by the topics of a forum."""
    rows = session.scalars(
        select(ChannelRow).where(
            ChannelRow.enabled.is_(True), ChannelRow.personal.is_(False), ChannelRow.cadence == cadence
        )
    )
    return tuple(channel for channel in map(channel_of, rows) if channel.topics)
