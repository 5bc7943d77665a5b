from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests import builders, readers

from trendbot.core.consent import Preferences
from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.pipeline.fan_out import FanOutReport, fan_out
from trendbot.render.environment import Renderer
from trendbot.store import channels, deliveries, subscribers
from trendbot.store.channels import NewChannel

if TYPE_CHECKING:
    from trendbot.store.database import Database

RENDERER = Renderer(bundled("templates"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def bot(database: Database) -> int:
    return readers.add_bot(database).id


def compose_day(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    compose(database, RENDERER, cadence=Cadence.DAILY, now=now, policy=DigestPolicy())


def queued(database: Database, channel_id: int) -> list[deliveries.Delivery]:
    return list(database.read(deliveries.list_deliveries, channel_id=channel_id))


def next_at(database: Database, subscriber: int, channel: int) -> datetime | None:
    found = database.read(subscribers.find_subscription, subscriber, channel)
    assert found
    return found.next_at


def test_whose_hour_has_come_gets_the_digest_once_and_is_moved_on(database: Database, bot: int, now: datetime) -> None:
    compose_day(database, now)
    early = readers.add_reader(database, bot, "101", now=now, preferences=Preferences(hour=19))
    late = readers.add_reader(database, bot, "102", now=now, preferences=Preferences(hour=21))
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=now + timedelta(minutes=59)) == FanOutReport()
    report = fan_out(database, RENDERER, readers.TIMETABLES, now=now + HOUR)
    assert (report.served, report.deliveries) == (1, 1)
    (row,) = queued(database, bot)
    assert (row.subscriber_id, row.address, row.status) == (early, "101", DeliveryStatus.PENDING)
    assert row.key == f"e{row.key.split('.')[0][1:]}.c{bot}.s{early}.p0"
    assert next_at(database, early, bot) == now + timedelta(days=1, hours=1)
    assert next_at(database, late, bot) == now + 3 * HOUR
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=now + HOUR) == FanOutReport()


def test_an_hour_put_back_brings_no_digest_twice(database: Database, bot: int, now: datetime) -> None:
    compose_day(database, now)
    reader = readers.add_reader(database, bot, "101", now=now, preferences=Preferences(hour=19))
    fan_out(database, RENDERER, readers.TIMETABLES, now=now + HOUR)
    readers.set_next(database, reader, bot, now + HOUR)  # as where a killed process wrote the one and not the other
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=now + HOUR).deliveries == 0
    assert len(queued(database, bot)) == 1


def test_readers_of_the_same_themes_share_an_edition(database: Database, bot: int, now: datetime) -> None:
    compose_day(database, now)
    theme = readers.themes_told(database)[0]
    for chat in range(3):
        wish = Preferences(hour=19, themes=(theme,) if chat else ())
        readers.add_reader(database, bot, f"10{chat}", now=now, preferences=wish)
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=now + HOUR).served == 3
    assert [row.variant for row in queued(database, bot)] == ["all", theme, theme]
    assert len({row.key.split(".")[0] for row in queued(database, bot)}) == 2


def test_a_reader_whose_themes_had_nothing_is_sent_nothing(database: Database, bot: int, now: datetime) -> None:
    compose_day(database, now)
    reader = readers.add_reader(database, bot, "101", now=now, preferences=Preferences(hour=19, themes=("no-such",)))
    report = fan_out(database, RENDERER, readers.TIMETABLES, now=now + HOUR)
    assert (report.served, report.nothing, report.deliveries) == (1, 1, 0)
    assert next_at(database, reader, bot) == now + timedelta(days=1, hours=1)


def test_a_digest_that_is_not_made_yet_is_waited_for_half_a_day(database: Database, bot: int, now: datetime) -> None:
    compose_day(database, now)
    reader = readers.add_reader(database, bot, "101", now=now + 2 * HOUR, preferences=Preferences(hour=19))
    due = now + timedelta(days=1, hours=1)  # by then the digest is older than a day
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=due).waiting == 1
    assert next_at(database, reader, bot) == due
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=due + timedelta(hours=12, minutes=1)).served == 1
    assert queued(database, bot) == []


def test_after_a_day_off_the_newest_digest_is_for_todays_hour(database: Database, bot: int, now: datetime) -> None:
    reader = readers.add_reader(database, bot, "101", now=now - timedelta(days=3), preferences=Preferences(hour=17))
    compose_day(database, now)
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=now + HOUR).deliveries == 1
    (row,) = queued(database, bot)
    assert row.too_late_at == now + 11 * HOUR  # of the hour before now, not of those that went by
    assert next_at(database, reader, bot) == now + 23 * HOUR


@pytest.mark.parametrize(
    ("hour", "back", "slots"),
    [
        (20, 7, ["2026-11-15", "2026-11-16"]),  # yesterday's for yesterday's hour, though today's is made by then
        (5, 24, ["2026-11-16"]),  # today's is not spent on an hour for which it comes too late
    ],
)
def test_a_digest_is_for_the_hour_after_it(
    database: Database, bot: int, now: datetime, hour: int, back: int, slots: list[str]
) -> None:
    reader = readers.add_reader(database, bot, "101", now=now, preferences=Preferences(hour=hour))
    if back < 24:
        compose_day(database, now)
    compose_day(database, now + timedelta(hours=back))
    for moment in (now + timedelta(hours=back), now + timedelta(hours=back + 20)):
        fan_out(database, RENDERER, readers.TIMETABLES, now=moment)
    told = queued(database, bot)
    assert [row.subscriber_id for row in told] == [reader] * len(slots)
    assert sorted(row.slot for row in told) == slots


def test_whose_hour_is_the_slots_waits_for_its_digest(database: Database, bot: int, now: datetime) -> None:
    readers.add_reader(database, bot, "101", now=now - DAY - HOUR, preferences=Preferences(hour=18))
    daily = {Cadence.DAILY: replace(readers.TIMETABLES[Cadence.DAILY], hour=18)}
    minute = timedelta(minutes=1)
    for day in (-DAY, timedelta()):
        assert fan_out(database, RENDERER, daily, now=now + day).waiting == 1
        compose_day(database, now + day + minute)  # it takes a while
        assert fan_out(database, RENDERER, daily, now=now + day + minute).deliveries == 1
    assert sorted(row.slot for row in queued(database, bot)) == ["2026-11-14", "2026-11-15"]


def test_alerts_only_wants_no_digest(database: Database, bot: int, now: datetime) -> None:
    compose_day(database, now)
    readers.add_reader(database, bot, "101", now=now, preferences=Preferences(cadence=None, alerts=2))
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=now + timedelta(days=1)) == FanOutReport()


def test_paused_and_unsubscribed_readers_get_nothing(database: Database, bot: int, now: datetime) -> None:
    compose_day(database, now)
    for chat, leave in (("101", readers.pause), ("102", readers.withdraw)):
        leave(database, readers.add_reader(database, bot, chat, now=now, preferences=Preferences(hour=19)), bot, now)
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=now + HOUR).deliveries == 0


def test_a_forum_gets_each_theme_in_its_topic_and_the_rest_in_general(database: Database, now: datetime) -> None:
    forum = database.write(
        channels.add_channel,
        NewChannel(
            slug="forum", kind=ChannelKind.TELEGRAM, transport="telegram", address="-100777", cadence=Cadence.DAILY,
            topics={"efficiency": 7},
        ),
    )  # fmt: skip
    compose_day(database, now)
    assert queued(database, forum.id) == []  # publishing leaves it to the fan-out
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=now).deliveries > 0
    assert fan_out(database, RENDERER, readers.TIMETABLES, now=now).deliveries == 0
    rows = queued(database, forum.id)
    told = set(readers.themes_told(database))
    assert ("efficiency" in told) == any(row.variant == "efficiency" for row in rows)
    assert all(row.subscriber_id is None for row in rows)
    assert any("efficiency" not in row.variant.split("+") for row in rows)
