from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests import builders
from tests.builders import News

from trendbot.core.digests import DigestContent, DigestItem, DigestPolicy
from trendbot.core.vocabulary import Cadence
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.render.environment import Renderer
from trendbot.store import digests, schema

if TYPE_CHECKING:
    from trendbot.store.database import Database

DAY = timedelta(days=1)
RENDERER = Renderer(bundled("templates"))
FIRST = "Alder opens the weights of its model"


def told(database: Database, now: datetime, cadence: Cadence = Cadence.DAILY) -> DigestContent:
    digest = compose(database, RENDERER, cadence=cadence, now=now, policy=DigestPolicy()).digest
    assert digest is not None
    return digest.content


def join(database: Database, story: int, now: datetime, *reports: News) -> None:
    def write(session) -> None:
        for news in reports:
            entry = builders.add_entry(session, news, now)
            session.add(
                schema.StoryEntry(entry_id=entry, story_id=story, annotator="rule", reason="title", made_at=now)
            )

    database.write(write)


def begin(database: Database, now: datetime, *feeds: str) -> int:
    reports = [News(title=FIRST, feed=feed, body="Alder published the weights on Saturday morning.") for feed in feeds]
    return database.write(builders.add_story, reports, now)


def news(number: int, **given) -> News:
    body = f"Laboratory number {number} has repeated the tests of Alder and found the same figures."
    return News(title=f"Laboratory {number} repeats the tests", feed=f"New {number}", body=body, **given)


@pytest.fixture
def story(database: Database, now: datetime) -> int:
    """Return a story that three publishers reported and that a daily digest told the day before."""
    key = begin(database, now - DAY, "One", "Two", "Three")
    assert told(database, now - DAY).lead.story_id == key
    return key


def returned(database: Database, now: datetime) -> list[DigestItem]:
    return [item for _, item in told(database, now).items()]


def test_a_told_story_returns_with_three_new_publishers_and_only_what_is_new(
    database: Database, now: datetime, story: int
) -> None:
    again = News(title=FIRST, feed="One", body="This is what everybody has read on the day before.", weight=9)
    join(database, story, now, again, *map(news, range(3)))
    (item,) = returned(database, now)
    assert (item.story_id, item.update, item.told_on) == (story, True, "2026-11-14")
    assert item.headline.startswith("Laboratory")
    assert (item.reports, item.publishers) == (4, 4)
    assert item.sentences
    new = {entry.id for entry in database.read(lambda s: [e for e in s.query(schema.Entry) if e.seen_at > now - DAY])}
    assert {sentence.entry_id for sentence in item.sentences} <= new
    assert {item.lead.entry_id, *(other.entry_id for other in item.others)} <= new


def test_it_is_marked_with_the_day_it_was_told_in_every_channel(database: Database, now: datetime, story: int) -> None:
    join(database, story, now, *map(news, range(3)))
    told(database, now)
    daily = database.read(digests.find_digest, cadence=Cadence.DAILY, slot="2026-11-15")
    for edition in database.read(digests.list_editions, daily.id):
        for text in (*edition.parts, *([edition.text_body] if edition.text_body else [])):
            assert "New since 14 November: " in text


def test_a_mail_marks_it_too(database: Database, now: datetime) -> None:
    monday = now + DAY
    key = begin(database, now, "One", "Two")
    told(database, now, Cadence.WEEKLY)
    join(database, key, monday, *map(news, range(3)))
    told(database, monday, Cadence.WEEKLY)
    weekly = database.read(digests.latest_digest, Cadence.WEEKLY)
    (mail,) = database.read(digests.list_editions, weekly.id)
    assert "New since 15 November: " in mail.text_body
    assert "New since 15 November:" in mail.parts[0]


@pytest.mark.parametrize(
    "reports",
    [
        [news(1), news(2)],
        [news(1), news(2), News(title="The third also repeats them", feed="Three")],
        [news(1), news(2), news(2, url="https://new2.example/b")],
        [news(1, backlog=True), news(2, backlog=True), news(3, backlog=True)],
        [news(number, age=timedelta(days=3), seen=timedelta(hours=1)) for number in range(3)],
        [News(title=f"Again {number}", feed=feed) for number, feed in enumerate(("One", "Two", "Three"))],
        [news(1), news(2), news(3, language="de")],
    ],
    ids=["two", "known publisher", "same site", "backlog", "dated before", "no new publisher", "other language"],
)
def test_it_stays_away_where_too_little_is_new(
    database: Database, now: datetime, story: int, reports: list[News]
) -> None:
    join(database, story, now, *reports)
    assert returned(database, now) == []


def test_one_new_publisher_is_enough_where_six_go_on_reporting(database: Database, now: datetime) -> None:
    feeds = [f"Feed {number}" for number in range(6)]
    key = begin(database, now - DAY, *feeds)
    told(database, now - DAY)
    later = [News(title=f"Site {feed} on what the model cannot do", feed=feed) for feed in feeds]
    join(database, key, now, *later)
    assert returned(database, now) == []
    join(database, key, now + DAY, *later, news(1))
    assert [item.update for item in returned(database, now + DAY)] == [True]


def test_the_same_news_do_not_bring_it_back_twice(database: Database, now: datetime, story: int) -> None:
    join(database, story, now, *map(news, range(3)))
    assert len(returned(database, now)) == 1
    join(database, story, now + DAY, News(title="New 1 has more to say about it", feed="New 1"))
    assert returned(database, now + DAY) == []
    join(database, story, now + 2 * DAY, *map(news, range(10, 13)))
    (item,) = returned(database, now + 2 * DAY)
    assert item.told_on == "2026-11-15"


def test_a_headline_that_was_told_is_not_told_again_under_another_number(
    database: Database, now: datetime, story: int
) -> None:
    again = News(title=FIRST.upper(), feed="Late", url="https://late.example/again")
    database.write(builders.add_story, [again], now)
    other = database.write(builders.add_story, [News(title="Birch opens an office in Paris", feed="Late")], now)
    assert [item.story_id for item in returned(database, now)] == [other]


def test_daily_and_weekly_remember_apart(database: Database, now: datetime, story: int) -> None:
    join(database, story, now, news(1))
    assert returned(database, now) == []
    (weekly,) = [item for _, item in told(database, now, Cadence.WEEKLY).items()]
    assert (weekly.update, weekly.reports) == (False, 4)


def test_a_replay_of_many_days_has_no_repeat_without_new_publishers(database: Database, now: datetime) -> None:
    chance = random.Random(2026)
    reported: dict[int, set[str]] = {}
    seen_by_telling: dict[int, set[str]] = {}
    repeats = updates = 0
    for day in range(40):
        at = now + day * DAY
        for number in range(2):
            title = f"Event{day} of kind{number} and thing{day * 7 + number}"
            key = database.write(builders.add_story, [News(title=title, feed=f"F{chance.randrange(30)}")], at)
            reported[key] = set()
        for key in chance.sample(sorted(reported), min(5, len(reported))):
            burst = [
                News(title=f"More{day} about{key} by{one} in{one * day}", feed=f"F{one}")
                for one in chance.sample(range(30), chance.choice((1, 2, 4, 8)))
            ]
            join(database, key, at, *burst)
        _note(database, reported)
        for item in returned(database, at):
            before = seen_by_telling.get(item.story_id)
            if before is not None:
                updates += item.update
                repeats += not (item.update and reported[item.story_id] - before)
            seen_by_telling[item.story_id] = set(reported[item.story_id])
    assert repeats == 0
    assert updates >= 5


def _note(database: Database, reported: dict[int, set[str]]) -> None:
    def read(session) -> list[tuple[int, str]]:
        rows = session.query(schema.StoryEntry.story_id, schema.Feed.title).join(
            schema.Entry, schema.Entry.id == schema.StoryEntry.entry_id
        )
        return [tuple(row) for row in rows.join(schema.Feed, schema.Feed.id == schema.Entry.feed_id)]

    for story, feed in database.read(read):
        reported.setdefault(story, set()).add(feed)
