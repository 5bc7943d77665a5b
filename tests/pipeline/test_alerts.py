"""Alerts: who asked is told of what spreads or rises, so many times a day, not at night, nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update
from tests import builders
from tests.builders import News
from tests.readers import TIMETABLES

from trendbot import subscriptions
from trendbot.bot.running import ensure_channel
from trendbot.core.consent import Preferences
from trendbot.core.digests import DigestPolicy
from trendbot.core.hours import Quiet
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus
from trendbot.paths import bundled
from trendbot.pipeline.alerts import alert
from trendbot.pipeline.audience import to_subscribers
from trendbot.pipeline.compose import compose
from trendbot.pipeline.dressing import dresser
from trendbot.pipeline.messages import message_of
from trendbot.render.environment import Renderer
from trendbot.store import deliveries, schema
from trendbot.store.feedback import say_feedback
from trendbot.subscriptions import Act

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

RENDERER = Renderer(bundled("templates"))
KEY = b"k" * 64
HOUR = timedelta(hours=1)


def spread(database: Database, now: datetime, title: str = "A tool for all", feeds: int = 6, **more: Any) -> int:
    """Add a story that so many feeds report."""
    half = timedelta(minutes=30)
    reports = [News(title=title, feed=f"{title} {number}", age=half, **more) for number in range(feeds)]
    return database.write(builders.add_story, reports, now)


def reader(database: Database, chat: int, now: datetime, language: str = "en", **wish: Any) -> int:
    """Add a subscriber of the bot who asks for alerts."""

    def work(session: Session) -> int:
        asked = subscriptions.subscribe(
            session, kind=ChannelKind.TELEGRAM, address=str(chat), channel_id=ensure_channel(session), key=KEY,
            act=Act(method="bot", now=now), preferences=Preferences(**({"alerts": 2} | wish)), language=language,
        )  # fmt: skip
        assert asked.subscriber is not None
        return asked.subscriber.id

    return database.write(work)


def told(database: Database) -> list[tuple[int | None, int | None]]:
    """Return who has which story in the outbox as an alert."""

    def rows(session: Session) -> list[tuple[int | None, int | None]]:
        query = select(schema.Delivery.subscriber_id, schema.Notice.story_id).join(
            schema.Notice, schema.Notice.id == schema.Delivery.notice_id
        )
        return [tuple(row) for row in session.execute(query.order_by(schema.Delivery.id))]

    return database.read(rows)


def test_a_story_that_spreads_reaches_who_asked_once(database: Database, now: datetime) -> None:
    story = spread(database, now)
    asked = reader(database, 1, now)
    german = reader(database, 2, now, "de")
    reader(database, 3, now, alerts=0)
    reader(database, 4, now, themes=("market",))
    assert alert(database, now=now).enqueued == 2
    assert told(database) == [(asked, story), (german, story)]
    assert alert(database, now=now + HOUR).enqueued == 0
    bodies = [each.body for each in database.read(deliveries.list_deliveries)]
    assert bodies[0].startswith("<b>A story is spreading</b>\n6 reports from 6 publishers within 24 hours.")
    assert bodies[1].startswith("<b>Eine Meldung breitet sich aus</b>")


def test_what_spread_while_the_machine_was_off_is_told_with_its_numbers(database: Database, now: datetime) -> None:
    reports = [News(title="A tool for all", feed=f"{number}", age=30 * HOUR, seen=HOUR) for number in range(6)]
    database.write(builders.add_story, reports, now)
    reader(database, 1, now)
    assert alert(database, now=now).enqueued == 1
    (sent,) = database.read(deliveries.list_deliveries)
    assert "6 reports from 6 publishers within 24 hours." in sent.body


def test_nothing_small_is_an_alert(database: Database, now: datetime) -> None:
    spread(database, now, feeds=3)
    spread(database, now, title="Old news", backlog=True)
    reader(database, 1, now)
    assert alert(database, now=now).found == 0


def test_at_most_so_many_a_day(database: Database, now: datetime) -> None:
    for number in range(4):
        spread(database, now, title=f"Tool number {number} for all")
    who = reader(database, 1, now, timezone="Asia/Tokyo")  # 03:00 on the 16th there
    made = [alert(database, now=now + number * HOUR).enqueued for number in range(4)]
    assert made == [1, 1, 0, 0]
    next_day = now + timedelta(hours=21, minutes=30)  # 00:30 on the 17th in Tokyo
    assert alert(database, now=next_day).enqueued == 1
    assert len({story for each, story in told(database) if each == who}) == 3


def test_never_in_quiet_hours(database: Database, now: datetime) -> None:
    spread(database, now)
    reader(database, 1, now, quiet=Quiet(start=18, end=20))
    assert alert(database, now=now).enqueued == 0
    assert alert(database, now=now + 2 * HOUR).enqueued == 1


def test_paused_and_gone_readers_are_left_alone(database: Database, now: datetime) -> None:
    spread(database, now)
    channel = database.write(ensure_channel)
    act = Act(method="bot", now=now)
    database.write(subscriptions.pause, reader(database, 1, now), channel, act=act)
    database.write(subscriptions.withdraw, reader(database, 2, now), act=act)
    database.write(subscriptions.erase, reader(database, 3, now), act=act)
    assert alert(database, now=now).enqueued == 0


def test_who_wants_less_of_it_is_left_alone(database: Database, now: datetime) -> None:
    spread(database, now)
    others = [spread(database, now, title=f"Another tool {number}", feeds=1) for number in range(4)]
    who = reader(database, 1, now)
    for story in others:
        database.write(say_feedback, subscriber_id=who, story_id=story, value=-1, now=now)
    assert alert(database, now=now).enqueued == 0


def test_what_a_digest_told_is_no_alert(database: Database, now: datetime) -> None:
    spread(database, now)
    who = reader(database, 1, now - timedelta(days=1), hour=18)
    other = reader(database, 2, now - timedelta(days=1), hour=18, cadence=None)
    compose(database, RENDERER, cadence=Cadence.DAILY, now=now, policy=DigestPolicy())
    assert to_subscribers(database, RENDERER, TIMETABLES, now=now) == ()
    assert [each for each, _ in told(database)] == [other]
    database.write(lambda session: session.execute(update(schema.Subscription).values(alerts=2)) and None)
    assert alert(database, now=now + HOUR).enqueued == 0
    assert who not in [each for each, _ in told(database)]


@pytest.mark.parametrize(("status", "again"), [("sent", 0), ("uncertain", 0), ("failed", 1), ("skipped", 1)])
def test_what_surely_did_not_arrive_was_not_told(database: Database, now: datetime, status: str, again: int) -> None:
    story = spread(database, now)
    who = reader(database, 1, now - timedelta(days=1), hour=18)
    compose(database, RENDERER, cadence=Cadence.DAILY, now=now, policy=DigestPolicy())
    to_subscribers(database, RENDERER, TIMETABLES, now=now)
    assert told(database) == []

    def settle(session: Session) -> None:
        at = now if status == "sent" else None
        session.execute(update(schema.Delivery).values(status=DeliveryStatus(status), sent_at=at))

    database.write(settle)
    assert alert(database, now=now + HOUR).enqueued == again
    assert told(database) == [(who, story)] * again


def test_a_story_that_became_another_was_told(database: Database, now: datetime) -> None:
    old = spread(database, now)
    reader(database, 1, now, alerts=5)
    assert alert(database, now=now).enqueued == 1
    new = spread(database, now, title="The same tool, told elsewhere", feeds=7)

    def merge(session: Session) -> None:
        session.execute(update(schema.Story).where(schema.Story.id == old).values(merged_into_id=new))
        session.execute(update(schema.StoryEntry).where(schema.StoryEntry.story_id == old).values(story_id=new))

    database.write(merge)
    assert alert(database, now=now + HOUR).enqueued == 0


def test_what_rises_beyond_chance_is_an_alert(database: Database, now: datetime) -> None:
    story = spread(database, now, feeds=2)
    database.write(builders.add_reading, as_of=now.date(), theme="tools")
    database.write(lambda session: session.execute(update(schema.Trend).values(detail={"stories": [story]})) and None)
    reader(database, 1, now)
    assert alert(database, now=now).enqueued == 1
    (sent,) = database.read(deliveries.list_deliveries)
    assert sent.body.startswith("<b>Rising: Tools for people</b>\n23 reports in 7 days, usually 8.")
    assert sent.subject == "Tools for people"


def test_what_rose_already_is_none(database: Database, now: datetime) -> None:
    story = spread(database, now, feeds=2)
    database.write(builders.add_reading, as_of=now.date(), theme="tools")
    detail = {"stories": [story], "still": True}
    database.write(lambda session: session.execute(update(schema.Trend).values(detail=detail)) and None)
    reader(database, 1, now)
    assert alert(database, now=now).enqueued == 0


def test_messages_to_subscribers_have_buttons(database: Database, now: datetime) -> None:
    story = spread(database, now)
    reader(database, 1, now, "de")
    reader(database, 2, now - timedelta(days=1), hour=18)
    compose(database, RENDERER, cadence=Cadence.DAILY, now=now, policy=DigestPolicy())
    to_subscribers(database, RENDERER, TIMETABLES, now=now)
    dress = dresser(database)
    made = {
        each.subscriber_id: dress(each, message_of(each)).buttons for each in database.read(deliveries.list_deliveries)
    }
    labels = {who: [[button.text for button in row] for row in rows] for who, rows in made.items()}
    assert labels[1] == [["Mehr davon", "Weniger"], ["Einstellungen"]]
    assert labels[2] == [["Why these", "More or less"], ["Settings"]]
    assert labels[None] == []
    assert made[1][0][0].data == f"say:{story}:1"
