"""Readers of a bot for tests: a personal channel, and subscribers who were asked and agreed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from trendbot import subscriptions
from trendbot.core.consent import Preferences
from trendbot.core.slots import Timetable
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.store import channels, digests
from trendbot.store.channels import Channel, NewChannel
from trendbot.store.schema import Subscription
from trendbot.subscriptions import Act

if TYPE_CHECKING:
    from trendbot.store.database import Database

KEY = b"k" * 64
TIMETABLES = {
    each: Timetable(cadence=each, hour=6, timezone="UTC", late=timedelta(hours=12), weekday="sun") for each in Cadence
}


def add_bot(database: Database, slug: str = "bot", **more: object) -> Channel:
    """Configure a bot with subscribers."""
    new = {"slug": slug, "kind": ChannelKind.TELEGRAM, "transport": "telegram", "address": f"@{slug}"}
    return database.write(
        channels.add_channel, NewChannel(**(new | {"cadence": Cadence.DAILY, "personal": True} | more))
    )


def add_reader(
    database: Database, channel: int, chat: str, *, now: datetime, preferences: Preferences | None = None
) -> int:
    """Subscribe a chat; return the subscriber's number."""
    asked = database.write(
        subscriptions.subscribe,
        kind=ChannelKind.TELEGRAM,
        address=chat,
        channel_id=channel,
        act=Act(method="bot", now=now),
        key=KEY,
        preferences=preferences or Preferences(),
    )
    assert asked.subscriber
    return asked.subscriber.id


def pause(database: Database, reader: int, channel: int, now: datetime) -> None:
    """Pause a subscription without an end."""
    database.write(subscriptions.pause, reader, channel, act=Act(method="bot", now=now))


def withdraw(database: Database, reader: int, channel: int, now: datetime) -> None:
    """Unsubscribe."""
    database.write(subscriptions.withdraw, reader, channel, act=Act(method="bot", now=now))


def set_next(database: Database, reader: int, channel: int, at: datetime) -> None:
    """Put a subscription's next hour elsewhere."""
    statement = update(Subscription).where(Subscription.subscriber_id == reader, Subscription.channel_id == channel)
    database.write(lambda session: session.execute(statement.values(next_at=at)))


def themes_told(database: Database) -> list[str]:
    """Return the themes of the stories in the newest daily digest."""
    digest = database.read(digests.latest_digest, Cadence.DAILY)
    assert digest
    return sorted({theme for _, item in digest.content.items() for theme in item.themes})
