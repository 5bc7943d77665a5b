"""`trendbot feeds doctor`, `scorecard`, `discover`, `add`, `move` and `mirror`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Cli, one_line
from tests.cli.site import Page, Site, feed, serve

from trendbot.clock import frozen_clock
from trendbot.core.feeds import FeedSeed
from trendbot.fetch.http import Fetcher
from trendbot.pipeline.poll import poll
from trendbot.store.database import Database, sqlite_url
from trendbot.store.feeds import add_feed
from trendbot.store.migrate import upgrade

TITLES = ("Llama 4 has open weights", "A data centre runs on hydropower")
NOW = ("--now", "2026-11-15T18:00Z")
LATER = ("--now", "2026-12-15T18:00Z")
PAGE = Page(b'<html><head><link rel="alternate" type="application/rss+xml" href="/one"></head></html>', "text/html")
PRIVATE = "--allow-private"


@pytest.fixture
def own() -> Iterator[Site]:
    yield from serve()


def polled(home: Path, *days: int) -> None:
    """Poll everything on the afternoon of these days of November 2026."""

    async def go() -> None:
        with Database(sqlite_url(home / "trendbot.db")) as database:
            async with Fetcher(user_agent="trendbot/test", allow_private=True) as fetcher:
                for day in days:
                    clock = frozen_clock(datetime(2026, 11, day, 17, 30, tzinfo=UTC))
                    await poll(database, fetcher, clock=clock, force=True)

    asyncio.run(go())


@pytest.fixture
def ran(cli: Cli, own: Site, home: Path) -> Cli:
    """A home that has polled one feed that works and one that is a page."""
    own.pages |= {"/one": Page(feed("one", *TITLES)), "/two": PAGE}
    home.mkdir()
    with Database(sqlite_url(home / "trendbot.db")) as database:
        upgrade(database)
        for path in ("/one", "/two"):
            database.write(
                add_feed, FeedSeed(url=own.url + path, title=path), now=datetime(2026, 11, 15, 17, tzinfo=UTC)
            )
    polled(home, 15)
    return cli


def test_the_doctor_says_what_how_and_what_to_do(ran: Cli) -> None:
    said = ran("feeds", "doctor", *NOW)
    assert said.code == 0
    assert "look  web-page" in said.out
    assert "1 failures in a row, never answered" in said.out
    assert "→ a login, a parked name or a moved feed" in said.out
    assert said.out.endswith("2 feeds: 0 bad, 1 to look at, 0 with a note, 1 well\n")


def test_the_doctor_ends_with_one_where_a_feed_is_bad(ran: Cli, home: Path) -> None:
    polled(home, 17, 19, 21)
    said = ran("feeds", "doctor", "--now", "2026-11-21T19:00Z", "--json")
    assert said.code == 1
    assert said.json["feeds"] == 2
    (finding,) = [finding for finding in said.json["findings"] if finding["grade"] == "bad"]
    assert finding["diagnosis"] == "web-page"
    assert finding["feed_id"] == 2


def test_the_doctor_narrows_to_feeds_and_grades(ran: Cli) -> None:
    assert ran("feeds", "doctor", "1", *NOW).out == "1 feeds: 0 bad, 0 to look at, 0 with a note, 1 well\n"
    assert "web-page" not in ran("feeds", "doctor", "--least", "bad", *NOW).out
    unknown = ran("feeds", "doctor", "99")
    assert unknown.code == 1
    assert one_line(unknown.err)


def test_the_doctor_finds_a_new_address(ran: Cli, own: Site) -> None:
    own.pages["/new"] = Page(feed("two", "Anew"))
    own.pages["/two"] = Page(PAGE.body.replace(b"/one", b"/new"), "text/html")
    said = ran("feeds", "doctor", "--discover", PRIVATE, *NOW)
    assert f"`trendbot feeds move 2 {own.url}/new`" in said.out
    assert ran("feeds", "move", 2, f"{own.url}/new").out == f"feed 2 moved to {own.url}/new\n"
    assert ran("feeds", "move", 2, f"{own.url}/one").code == 1


def test_the_scorecard_lists_all_feeds(ran: Cli) -> None:
    assert ran("run", *NOW).code == 0
    said = ran("feeds", "scorecard", *NOW)
    assert said.code == 0
    assert "too few entries to judge (2)" in said.out
    cards = {card["feed_id"]: card for card in ran("feeds", "scorecard", "--json", *NOW).json["cards"]}
    assert (cards[1]["entries"], cards[1]["stories"], cards[1]["alone"]) == (2, 2, 2)
    assert cards[2]["advice"] == "watch"


def test_the_scorecard_looks_at_a_period(ran: Cli) -> None:
    said = ran("feeds", "scorecard", "--days", 7, *LATER)
    assert "no digest was frozen in these 7 days" in said.out


def test_pairs_are_listed_or_said_to_be_none(ran: Cli) -> None:
    assert ran("feeds", "scorecard", "--pairs", *NOW).out == "no two feeds report mostly the same\n"
    assert ran("feeds", "scorecard", "--pairs", "--json", *NOW).json == []


def test_discover_shows_what_a_site_offers_and_follows_nothing(cli: Cli, own: Site) -> None:
    own.pages |= {"/": PAGE, "/one": Page(feed("one", "A", "B"))}
    (row,) = cli("feeds", "discover", own.url, PRIVATE, "--json").json
    assert row == {"url": f"{own.url}/one", "title": "one", "how": "head", "entries": 2}
    assert cli("feeds", "list").code == 1  # no home was made


def test_discover_ends_with_one_where_nothing_is_found(cli: Cli, own: Site) -> None:
    said = cli("feeds", "discover", f"{own.url}/nothing", PRIVATE)
    assert said.code == 1
    assert "answered 404" in said.out
    assert cli("feeds", "discover", "no address at all").code == 2


def test_add_follows_the_feed_of_a_page(cli: Cli, own: Site) -> None:
    own.pages |= {"/": PAGE, "/one": Page(feed("one", "A", "B"))}
    said = cli("feeds", "add", own.url, PRIVATE)
    assert said.code == 0
    assert said.out == f"feed 1 added: one, {own.url}/one, 2 entries\n"
    (row,) = cli("feeds", "list", "--json").json
    assert row["entries"] == 2
    again = cli("feeds", "add", f"{own.url}/one", PRIVATE)
    assert again.code == 1
    assert one_line(again.err)


def test_add_says_why_there_is_none_and_can_be_told_to_believe(cli: Cli, own: Site) -> None:
    said = cli("feeds", "add", f"{own.url}/nothing", PRIVATE)
    assert said.code == 1
    assert one_line(said.err)
    assert "--as-is" in said.err
    assert cli("feeds", "add", f"{own.url}/nothing", "--as-is").code == 0


def test_private_addresses_are_refused_unless_allowed(cli: Cli, own: Site) -> None:
    own.pages["/one"] = Page(feed("one", "A"))
    said = cli("feeds", "add", f"{own.url}/one")
    assert said.code == 1
    assert "private" in said.err
    assert own.asked == []


def test_mirrors_are_named(ran: Cli, own: Site) -> None:
    assert "has 1 mirrors" in ran("feeds", "mirror", 2, f"{own.url}/m").out
    assert ran("feeds", "mirror", 2, "nonsense at all").code == 2
