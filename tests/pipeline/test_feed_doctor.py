"""The feed doctor on what real polls of a real server leave behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.site import ITEM, Page, Site, feed, serve

from trendbot.clock import frozen_clock
from trendbot.core.feed_findings import Diagnosis, Grade
from trendbot.core.feed_health import examine
from trendbot.core.feeds import Feed, FeedSeed
from trendbot.core.polling import PollPolicy
from trendbot.errors import ConflictError
from trendbot.fetch.http import Fetcher
from trendbot.pipeline.follow import follow, search_lost
from trendbot.pipeline.poll import poll
from trendbot.store.database import Database
from trendbot.store.entries import list_entries
from trendbot.store.feed_health import patients
from trendbot.store.feeds import add_feed, get_feed, list_feeds
from trendbot.store.following import move_feed, set_mirrors

POLICY = PollPolicy(host_gap=timedelta(0))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAGE = Page(b"<!DOCTYPE html><html><head></head><body>Log in</body></html>", "text/html")


@pytest.fixture
def site() -> Iterator[Site]:
    yield from serve()


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(user_agent="trendbot/test", allow_private=True) as opened:
        yield opened


@dataclass
class Ward:
    """A database, a server and the time between."""

    database: Database
    fetcher: Fetcher
    site: Site
    now: datetime
    ids: dict[str, int] = field(default_factory=dict)

    def follow(self, path: str, *mirrors: str) -> int:
        seed = FeedSeed(
            url=self.site.url + path, title=path, mirrors=tuple(self.site.url + mirror for mirror in mirrors)
        )
        self.ids[path] = self.database.write(add_feed, seed, now=self.now).id
        return self.ids[path]

    async def polls(self, *steps: timedelta) -> None:
        """Poll everything after each of the steps, due or not."""
        for step in steps:
            self.now += step
            await poll(self.database, self.fetcher, clock=frozen_clock(self.now), force=True, policy=POLICY)

    def found(self, path: str) -> dict[Diagnosis, Grade]:
        (patient,) = self.database.read(patients, now=self.now, only=[self.ids[path]])
        return {finding.diagnosis: finding.grade for finding in examine(patient)}

    def feed(self, path: str) -> Feed:
        return self.database.read(get_feed, self.ids[path])

    def entries(self) -> list[str]:
        return sorted(entry.title for entry in self.database.read(list_entries, limit=None))


@pytest.fixture
def ward(database: Database, fetcher: Fetcher, site: Site, now: datetime) -> Ward:
    return Ward(database, fetcher, site, now)


def items(*numbers: int, guid: str = "g", hour: int = 9, title: str = "Report") -> Page:
    body = "".join(
        ITEM.format(name="wire", number=number, hour=hour, title=f"{title} {number}").replace(
            f"wire-{number}<", f"{guid}-{number}<"
        )
        for number in numbers
    )
    body = body.replace("are open.", "are open, the licence is free, and the paper is on the site.")
    return Page(f'<rss version="2.0"><channel><title>Wire</title>{body}</channel></rss>'.encode())


async def test_a_healthy_feed_leaves_nothing(ward: Ward) -> None:
    ward.site.pages["/f"] = items(*range(8))
    ward.follow("/f")
    await ward.polls(HOUR, HOUR)
    ward.site.pages["/f"] = items(*range(1, 9))
    await ward.polls(HOUR)
    assert ward.found("/f") == {}


async def test_a_page_in_a_feeds_place_and_a_missing_one(ward: Ward) -> None:
    ward.site.pages["/page"] = PAGE
    ward.follow("/page")
    ward.follow("/gone")
    await ward.polls(*[DAY] * 5)
    assert ward.found("/page") == {Diagnosis.WEB_PAGE: Grade.BAD}
    assert ward.found("/gone") == {Diagnosis.DEAD: Grade.BAD}


async def test_changing_ids_are_seen_and_bring_no_doubles(ward: Ward) -> None:
    ward.site.pages["/f"] = items(*range(8))
    ward.follow("/f")
    await ward.polls(HOUR)
    ward.site.pages["/f"] = items(*range(8), guid="other")
    await ward.polls(HOUR)
    assert ward.found("/f") == {Diagnosis.CHANGING_IDS: Grade.NOTE}
    assert len(ward.entries()) == 8


async def test_dates_rewritten_at_every_fetch_are_seen(ward: Ward) -> None:
    ward.follow("/f")
    for hour in (9, 10, 11):
        ward.site.pages["/f"] = items(*range(8), hour=hour)
        await ward.polls(HOUR)
    assert ward.found("/f") == {Diagnosis.REWRITTEN_DATES: Grade.NOTE}


async def test_a_flood_is_seen(ward: Ward) -> None:
    ward.site.pages["/f"] = items(1)
    ward.follow("/f")
    await ward.polls(HOUR, 3 * DAY)
    ward.site.pages["/f"] = items(*range(1, 31))
    await ward.polls(2 * DAY)
    assert ward.found("/f")[Diagnosis.SURGE] is Grade.LOOK


async def test_a_mirror_stands_in_and_makes_way_again(ward: Ward) -> None:
    ward.site.pages |= {"/own": items(1, 2, 3), "/mirror": items(2, 3, 4, guid="mirror")}
    ward.follow("/own", "/mirror")
    await ward.polls(HOUR)
    own = ward.site.pages.pop("/own")
    await ward.polls(HOUR, HOUR, HOUR)
    assert ward.site.statuses("/mirror") == []
    await ward.polls(HOUR)
    assert ward.site.statuses("/mirror") == [200]
    assert ward.found("/own") == {Diagnosis.STAND_IN: Grade.LOOK}
    assert (ward.feed("/own").failures, ward.feed("/own").url) == (0, ward.site.url + "/own")
    assert ward.entries() == ["Report 1", "Report 2", "Report 3", "Report 4"]

    await ward.polls(DAY)
    assert ward.site.statuses("/own")[-1] == 404
    assert (ward.feed("/own").failures, ward.feed("/own").error) == (0, None)
    await ward.polls(HOUR)
    assert ward.site.statuses("/mirror")[-1] == 304

    ward.site.pages["/own"] = own
    await ward.polls(DAY)
    assert ward.found("/own") == {}
    await ward.polls(HOUR)
    assert ward.site.asked[-1] == ("/own", 304)


async def test_old_entries_of_a_mirror_are_no_news(ward: Ward) -> None:
    ward.site.pages |= {"/own": items(1), "/mirror": items(*range(100, 120), title="Elsewhere")}
    ward.follow("/own", "/mirror")
    await ward.polls(HOUR)
    del ward.site.pages["/own"]
    await ward.polls(4 * DAY, HOUR, HOUR, HOUR)
    stored = ward.database.read(list_entries, limit=None)
    assert all(entry.backlog for entry in stored if entry.title.startswith("Elsewhere"))
    assert any(entry.title.startswith("Elsewhere") for entry in stored)


async def test_an_address_gone_for_good_hands_over_to_its_mirror_at_once(ward: Ward) -> None:
    ward.site.pages |= {"/own": Page(b"", status=410), "/mirror": items(1)}
    ward.follow("/own", "/mirror")
    await ward.polls(HOUR, HOUR, 3 * DAY)
    assert [path for path, _ in ward.site.asked] == ["/own", "/mirror", "/mirror"]
    assert ward.feed("/own").gone_at is None


async def test_mirrors_can_be_named_and_taken_back(ward: Ward) -> None:
    ward.site.pages["/mirror"] = items(1)
    feed = ward.follow("/own")
    ward.database.write(set_mirrors, feed, [ward.site.url + "/mirror"])
    await ward.polls(HOUR, HOUR, HOUR, HOUR)
    assert Diagnosis.STAND_IN in ward.found("/own")
    ward.database.write(set_mirrors, feed, [])
    await ward.polls(HOUR)
    assert ward.site.asked[-1] == ("/own", 404)


async def test_following_a_page_fetches_its_feed_once_and_stores_it(ward: Ward) -> None:
    page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/f"></head></html>'
    ward.site.pages |= {"/": Page(page, "text/html"), "/f": items(1, 2)}
    clock = frozen_clock(ward.now)
    seed = FeedSeed(url=ward.site.url + "/")
    result = await follow(ward.database, ward.fetcher, seed, clock=clock, policy=POLICY, gap=0)
    assert result.feed is not None
    assert (result.feed.url, result.feed.title, result.feed.entries) == (ward.site.url + "/f", "Wire", 2)
    assert result.feed.site_url == ward.site.url + "/"
    assert ward.site.asked == [("/", 200), ("/f", 200)]
    await ward.polls(HOUR)
    assert ward.site.asked[-1] == ("/f", 304)


async def test_what_is_followed_already_is_not_asked_again(ward: Ward) -> None:
    ward.follow("/f")
    with pytest.raises(ConflictError, match="followed already"):
        await follow(ward.database, ward.fetcher, FeedSeed(url=ward.site.url + "/f/"), clock=frozen_clock(ward.now))
    assert ward.site.asked == []


async def test_following_where_no_feed_is_stores_nothing(ward: Ward) -> None:
    ward.site.pages["/"] = PAGE
    seed = FeedSeed(url=ward.site.url + "/")
    result = await follow(ward.database, ward.fetcher, seed, clock=frozen_clock(ward.now), gap=0)
    assert result.feed is None
    assert "names no feed" in result.discovery.problem
    assert ward.database.read(list_feeds) == ()


async def test_a_lost_feed_is_found_at_its_site_and_moved(ward: Ward) -> None:
    page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/new"></head></html>'
    ward.site.pages |= {"/old": items(1, 2), "/": Page(page, "text/html")}
    feed_id = ward.follow("/old")
    await ward.polls(HOUR)
    ward.site.pages |= {"/new": items(1, 2, 3)}
    del ward.site.pages["/old"]
    await ward.polls(*[DAY] * 4)
    examined = ward.database.read(patients, now=ward.now)
    findings = [finding for patient in examined for finding in examine(patient)]
    (suggestion,) = await search_lost(ward.fetcher, examined, findings, gap=0)
    assert (suggestion.feed_id, suggestion.url, suggestion.entries) == (feed_id, ward.site.url + "/new", 3)

    ward.database.write(move_feed, feed_id, suggestion.url, now=ward.now)
    await ward.polls(HOUR)
    assert ward.found("/old") == {}
    assert ward.entries() == ["Report 1", "Report 2", "Report 3"]


async def test_a_feed_cannot_be_moved_onto_another(ward: Ward) -> None:
    first = ward.follow("/a")
    ward.follow("/b")
    with pytest.raises(ConflictError):
        ward.database.write(move_feed, first, ward.site.url + "/b", now=ward.now)


async def test_nobody_is_asked_for_feeds_that_are_well(ward: Ward) -> None:
    ward.site.pages["/f"] = Page(feed("f", "One"))
    ward.follow("/f")
    await ward.polls(HOUR)
    asked = len(ward.site.asked)
    assert await search_lost(ward.fetcher, ward.database.read(patients, now=ward.now), []) == ()
    assert len(ward.site.asked) == asked


async def test_real_histories_show_what_their_index_counts(ward: Ward, shared_data: Path) -> None:
    """Consecutive fetches of real feeds: one renews its ids, one its dates, one lists its archive at once."""
    index = (shared_data / "feeds_snapshots" / "index.jsonl").read_text().splitlines()
    polls = sorted((json.loads(line) for line in index), key=lambda row: row["fetched_at"])
    found: dict[str, dict[Diagnosis, Grade]] = {}
    for row in polls:
        path, ward.now = "/" + row["feed"], datetime.fromisoformat(row["fetched_at"])
        body = await asyncio.to_thread((shared_data / "feeds_snapshots" / row["file"]).read_bytes)
        ward.site.pages[path] = Page(body)
        if path not in ward.ids:
            ward.follow(path)
        clock = frozen_clock(ward.now)
        await poll(ward.database, ward.fetcher, clock=clock, force=True, only=[ward.ids[path]], policy=POLICY)
        found[row["feed"]] = ward.found(path)
    assert Diagnosis.CHANGING_IDS in found["tedzards509--feed_mistral"]
    assert Diagnosis.REWRITTEN_DATES in found["leontloveles--groq-news"]
    assert found["Olshansk--feed_openai_research"][Diagnosis.SURGE] is Grade.LOOK
    assert found["mibuhand--hackernews_best_stories"] == {}
    assert not any(grade is Grade.BAD for grades in found.values() for grade in grades.values())
