"""What alerts are made from: how far stories spread, and who asked to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from trendbot.core.vocabulary import ChannelKind, SubscriptionStatus
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import Entry, Story, StoryEntry
from trendbot.store.schema import Subscriber as SubscriberRow
from trendbot.store.schema import Subscription as SubscriptionRow
from trendbot.store.subscribers import Subscription, subscription_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """A subscription that asks for alerts, and the language of its reader."""

    subscription: Subscription
    language: str


def spreading(session: Session, *, since: datetime, least: int) -> tuple[int, ...]:
    """Return the stories that at least `least` feeds reported since an instant, the widest first; no backlog."""
    feeds = func.count(Entry.feed_id.distinct())
    rows = session.execute(
        select(StoryEntry.story_id, feeds)
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .where(Entry.seen_at > since, Entry.backlog.is_(False), Entry.withdrawn_at.is_(None), Entry.title != "")
        .group_by(StoryEntry.story_id)
        .having(feeds >= least)
        .order_by(feeds.desc(), StoryEntry.story_id)
    )
    return tuple(story for story, _ in rows)


def story_sizes(session: Session, *, since: datetime, until: datetime, window: timedelta) -> list[int]:
    """Return how many feeds reported each story within `window` of its first report; stories that began in a period."""
    rows = session.execute(
        select(StoryEntry.story_id, Story.first_at, Entry.feed_id, func.min(Entry.dated_at))
        .join(Story, Story.id == StoryEntry.story_id)
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .where(Story.first_at >= since, Story.first_at < until)
        .group_by(StoryEntry.story_id, Story.first_at, Entry.feed_id)
    )
    sizes: dict[int, int] = {}
    for story, first, _, dated in rows:
        sizes[story] = sizes.get(story, 0) + (dated <= first + window)
    return list(sizes.values())


def asking(session: Session, *, after: int = 0, limit: int = 500) -> tuple[tuple[int, Asking], ...]:
    """Return confirmed Telegram subscriptions that ask for alerts, by subscriber's number above `after`."""
    rows = session.execute(
        select(SubscriptionRow, SubscriberRow.language)
        .join(ChannelRow, ChannelRow.id == SubscriptionRow.channel_id)
        .join(SubscriberRow, SubscriberRow.id == SubscriptionRow.subscriber_id)
        .where(
            SubscriptionRow.status == SubscriptionStatus.CONFIRMED,
            SubscriptionRow.alerts > 0,
            SubscriptionRow.subscriber_id > after,
            ChannelRow.kind == ChannelKind.TELEGRAM,
            ChannelRow.enabled.is_(True),
            ChannelRow.personal.is_(True),
        )
        .order_by(SubscriptionRow.subscriber_id, SubscriptionRow.channel_id)
        .limit(limit)
    )
    return tuple((row.subscriber_id, Asking(subscription=subscription_of(row), language=tag)) for row, tag in rows)
