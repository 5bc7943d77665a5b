"""What befalls a list of feeds makes no trend: from stored entries through `measure` to the kept readings."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from trendbot.core.vocabulary import Annotator, FeedKind
from trendbot.pipeline.measure import measure
from trendbot.store import schema
from trendbot.store.trends import list_readings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

DAYS, FEEDS, TERMS, UNNAMED, THEMES = 60, 24, 300, 60, 4
PROFILE = (1.0, 1.3, 1.4, 1.6, 1.4, 0.3, 0.3)
KINDS = (FeedKind.NEWS, FeedKind.LAB, FeedKind.NEWSLETTER)


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """An entry to be written: its feed, how many days ago, and what it names."""

    feed: int
    back: int
    terms: frozenset[int]
    themes: frozenset[int]


def poisson(rng: random.Random, mean: float) -> int:
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def steady(rng: random.Random, now: datetime, feeds: range = range(1, FEEDS + 1), shift: int = 0) -> list[Item]:
    """Draw feeds of unlike habits and loves; terms come in clusters, so that counts spread more than chance alone."""
    items = []
    for feed in feeds:
        loved = [1 + (feed * 37 + shift + number * 11) % TERMS for number in range(25)]
        for back in range(DAYS):
            busy = PROFILE[(now - timedelta(days=back)).weekday()] * (0.5 + feed % 5)
            for _ in range(poisson(rng, busy * rng.gammavariate(4, 0.25))):
                terms = {loved[int(25 * rng.random() ** 2)] for _ in range(rng.randrange(4))}
                themes = {t for t in range(1, THEMES + 1) if rng.random() < (0.1 if (feed + t) % 3 else 0.4)}
                items.append(Item(feed=feed, back=back, terms=frozenset(terms), themes=frozenset(themes)))
    return items


def outage(items: list[Item], rng: random.Random, now: datetime) -> list[Item]:
    """The loudest feed is silent for the last three days."""
    loud = max(range(1, FEEDS + 1), key=lambda feed: sum(one.feed == feed for one in items))
    return [one for one in items if one.feed != loud or one.back > 2]


def returned(items: list[Item], rng: random.Random, now: datetime) -> list[Item]:
    """The loudest feed was silent for three days and then says all of it on the last."""
    loud = max(range(1, FEEDS + 1), key=lambda feed: sum(one.feed == feed for one in items))
    return [
        Item(feed=one.feed, back=0, terms=one.terms, themes=one.themes) if one.feed == loud and one.back < 4 else one
        for one in items
    ]


def doubled(items: list[Item], rng: random.Random, now: datetime) -> list[Item]:
    """As many feeds again, with loves of their own and names never given before, since yesterday."""
    more = steady(rng, now, range(101, 101 + FEEDS), shift=150)
    fresh = [
        Item(
            feed=one.feed,
            back=one.back,
            terms=one.terms | {TERMS + 1 + (one.feed * 7 + n) % UNNAMED},
            themes=one.themes,
        )
        for n, one in enumerate(more)
        if one.back < 2
    ]
    return items + fresh


def twice(items: list[Item], rng: random.Random, now: datetime) -> list[Item]:
    """The same feeds again under other addresses, for five days."""
    again = [Item(feed=one.feed + 200, back=one.back, terms=one.terms, themes=one.themes) for one in items]
    return items + [one for one in again if one.back < 5]


def dumped(items: list[Item], rng: random.Random, now: datetime) -> list[Item]:
    """One feed empties its archive: hundreds of entries with today's date, on one theme, full of names."""
    archive = [
        Item(
            feed=3, back=0, themes=frozenset({1}),
            terms=frozenset(rng.sample(range(1, TERMS + UNNAMED + 1), 3)) | {5, TERMS + 2},
        )
        for _ in range(300)
    ]  # fmt: skip
    return items + archive


@dataclass(slots=True)
class Rows:
    entries: list[dict] = field(default_factory=list)
    mentions: list[dict] = field(default_factory=list)
    tags: list[dict] = field(default_factory=list)


def write(session: Session, items: list[Item], now: datetime) -> None:
    feeds = sorted({one.feed for one in items})
    session.execute(
        insert(schema.Feed),
        [
            {"id": feed, "url": f"https://f{feed}.example/feed", "title": f"F{feed}", "kind": KINDS[feed % 3],
             "added_at": now}
            for feed in feeds
        ],
    )  # fmt: skip
    session.add_all([schema.Theme(id=t, slug=f"theme{t}", title=f"Theme {t}") for t in range(1, THEMES + 1)])
    session.add_all([schema.Term(id=t, kind="model", name=f"Name{t}") for t in range(1, TERMS + UNNAMED + 1)])
    session.flush()
    rows = Rows()
    for key, one in enumerate(items, 1):
        at, page = now - timedelta(days=one.back, seconds=key), f"https://f{one.feed}.example/{key}"
        rows.entries.append(
            {"id": key, "feed_id": one.feed, "guid": page, "url": page, "canonical_url": page, "title": f"Entry {key}",
             "seen_at": at, "dated_at": at, "published_at": at, "content_hash": str(key), "backlog": False}
        )  # fmt: skip
        rows.mentions += [{"entry_id": key, "term_id": term, "count": 1} for term in one.terms]
        rows.tags += [
            {"entry_id": key, "theme_id": theme, "annotator": Annotator.RULE, "made_by": "r", "applies": True,
             "entry_revision": 1, "made_at": at}
            for theme in one.themes
        ]  # fmt: skip
    session.execute(insert(schema.Entry), rows.entries)
    session.execute(insert(schema.Mention), rows.mentions)
    session.execute(insert(schema.Tag), rows.tags)


def alarms(database: Database, items: list[Item], now: datetime) -> set[tuple[str, str]]:
    """Store the items, measure as the program does, and return what the newest day says moved."""
    database.write(write, items, now)
    report = measure(database, now=now)
    assert report.known
    kept = database.read(list_readings, since=report.as_of, until=report.as_of)
    moved = {(one.name, one.direction) for one in kept if one.direction != "flat"}
    assert {name for name, direction in moved if direction == "rising"} == {one.name for one in report.rising}
    assert {name for name, direction in moved if direction == "falling"} == {one.name for one in report.falling}
    return moved


SEED = 0


@pytest.mark.parametrize("befalls", [None, outage, returned, doubled, twice, dumped])
def test_nothing_rises_falls_or_is_new(
    database: Database, now: datetime, befalls: Callable[[list[Item], random.Random, datetime], list[Item]] | None
) -> None:
    rng = random.Random(SEED)
    items = steady(rng, now)
    assert alarms(database, befalls(items, rng, now) if befalls else items, now) == set()


def test_a_real_rise_shows_in_the_same_stream(database: Database, now: datetime) -> None:
    items = steady(random.Random(SEED), now)
    told = [Item(feed=feed, back=0, terms=frozenset({TERMS + 1}), themes=frozenset({2})) for feed in (3, 5, 8, 9)]
    first = [Item(feed=6, back=0, terms=frozenset({TERMS + 2}), themes=frozenset())]
    assert alarms(database, items + told + first, now) == {
        (f"Name{TERMS + 1}", "rising"),
        (f"Name{TERMS + 2}", "new"),
    }


def test_a_name_that_falls_silent_falls_and_one_that_goes_on_rising_is_said_to(
    database: Database, now: datetime
) -> None:
    rng = random.Random(SEED)
    items = [
        replace(one, terms=one.terms | {TERMS + 3}) if one.back >= 7 and rng.random() < 0.2 else one
        for one in steady(random.Random(SEED), now)
    ]
    told = [
        Item(feed=feed, back=back, terms=frozenset({TERMS + 1}), themes=frozenset())
        for feed in (3, 5, 8)
        for back in (0, 1)
    ]
    moved = alarms(database, items + told, now)
    assert (f"Name{TERMS + 3}", "falling") in moved
    kept = database.read(list_readings, since=now.date(), until=now.date(), kind="term")
    (fallen,) = [one for one in kept if one.direction == "falling"]
    assert (fallen.window_days, fallen.current) == (7, 0.0)
    (rising,) = [one for one in kept if one.name == f"Name{TERMS + 1}"]
    assert rising.direction == "rising"
    assert rising.detail["still"]
