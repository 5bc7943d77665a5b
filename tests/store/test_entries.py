from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from trendbot.core.feeds import FeedSeed
from trendbot.errors import ConfigError, ConflictError, NotFoundError
from trendbot.store.entries import get_entries, get_entry, import_entries, list_entries
from trendbot.store.feeds import add_feed, get_feed, list_feeds, remove_feed, seed_feeds, set_enabled

if TYPE_CHECKING:
    from trendbot.store.database import Database


def line(number: int, **more: Any) -> str:
    item = {
        "source": "A source",
        "url": f"https://site.example/{number}",
        "title": f"Report {number}",
        "summary": "100% of_words",
        "published": f"2026-11-{number:02}T10:00:00Z",
    }
    return json.dumps(item | more)


def test_an_import_keeps_dates_and_can_be_repeated(database: Database, now: datetime) -> None:
    lines = [line(1), line(15), "", line(2, source="Another"), line(3, published="2026-11-03")]
    first = database.write(import_entries, lines, now=now)
    again = database.write(import_entries, lines, now=now)
    assert (first.entries, first.known, first.feeds, first.problems) == (4, 0, 2, ())
    assert (again.entries, again.known) == (0, 4)
    entries = database.read(list_entries)
    assert [entry.title for entry in entries] == ["Report 15", "Report 3", "Report 2", "Report 1"]
    assert [entry.backlog for entry in entries] == [False, True, True, True]
    assert all(entry.seen_at == entry.dated_at for entry in entries)
    assert not any(feed.enabled for feed in database.read(list_feeds))


def test_lines_that_cannot_be_used_are_named(database: Database, now: datetime) -> None:
    lines = [line(1), "{", "[]", line(2, title=" "), line(3, published="soon"), line(4, url="javascript:x")]
    report = database.write(import_entries, lines, now=now)
    assert [problem.partition(":")[0] for problem in report.problems] == ["line 2", "line 3", "line 4", "line 5"]
    assert report.entries == 2
    assert {entry.url for entry in database.read(list_entries)} == {"https://site.example/1", ""}


def test_a_file_of_something_else_is_refused(database: Database, now: datetime) -> None:
    with pytest.raises(ConfigError, match="line 1"):
        database.write(import_entries, ["<html>", "</html>"], now=now)


def test_entries_are_found_by_time_feed_and_words(database: Database, now: datetime) -> None:
    database.write(import_entries, [line(number) for number in range(1, 10)], now=now)
    since, until = datetime(2026, 11, 3, 10, tzinfo=UTC), datetime(2026, 11, 5, 10, tzinfo=UTC)
    assert [entry.title for entry in database.read(list_entries, since=since, until=until)] == ["Report 4", "Report 3"]
    assert [entry.title for entry in database.read(list_entries, search="REPORT 7")] == ["Report 7"]
    assert len(database.read(list_entries, search="100% of_")) == 9
    assert database.read(list_entries, search="100_") == ()
    assert database.read(list_entries, feed_id=99) == ()
    assert database.read(list_entries, theme="tools") == ()
    assert len(database.read(list_entries, limit=3)) == 3


def test_one_entry_or_several_by_number(database: Database, now: datetime) -> None:
    database.write(import_entries, [line(1), line(2)], now=now)
    first = database.read(get_entry, 1)
    assert database.read(get_entries, [2, 99, 1])[1] == first
    with pytest.raises(NotFoundError, match="no entry 99"):
        database.read(get_entry, 99)


def test_feeds_come_and_go_with_their_entries(database: Database, now: datetime) -> None:
    feed = database.write(add_feed, FeedSeed(url="https://site.example/feed", title="A feed"), now=now)
    with pytest.raises(ConflictError, match="followed already"):
        database.write(add_feed, FeedSeed(url="http://www.site.example/feed/"), now=now)
    seeds = [FeedSeed(url="https://site.example/feed"), FeedSeed(url="https://site.example/other")]
    assert database.write(seed_feeds, seeds, now) == 1
    assert database.read(get_feed, "http://site.example/feed") == feed
    database.write(import_entries, [line(1)], now=now)
    for one in database.read(list_feeds):
        database.write(remove_feed, one.id)
    assert database.read(list_entries) == ()
    with pytest.raises(NotFoundError, match="no feed 1"):
        database.write(remove_feed, 1)


def test_switching_a_feed_on_makes_it_due(database: Database, now: datetime) -> None:
    feed = database.write(
        add_feed, FeedSeed(url="https://site.example/feed", enabled=False), now=now + timedelta(days=1)
    )
    assert database.write(set_enabled, feed.id, True, now=now).next_poll_at == now
    assert not database.write(set_enabled, feed.id, False, now=now).enabled
    assert database.read(list_feeds, enabled=True) == ()
