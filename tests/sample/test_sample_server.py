"""The sample's documents and the server that publishes them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import feedparser
import pytest
from defusedxml import ElementTree

from trendbot.core.vocabulary import FeedKind
from trendbot.sample import SAMPLE_NOTE, FeedFormat, SampleFeed, SampleServer, SampleWeek, document, load_sample


@pytest.fixture(scope="module")
def week() -> SampleWeek:
    return load_sample()


@pytest.fixture(scope="module")
def feeds(week: SampleWeek) -> dict[str, SampleFeed]:
    return {feed.slug: feed for feed in week.feeds}


# ── the documents ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_feedparser_reads_every_document_at_every_moment(week: SampleWeek) -> None:
    for feed in week.feeds:
        if not feed.live or feed.format is FeedFormat.JSON:
            continue
        for at in week.moments:
            parsed = feedparser.parse(document(feed, at=at).body)
            assert not parsed.bozo, (feed.slug, at, parsed.get("bozo_exception"))
            assert [entry.id for entry in parsed.entries] == [entry.guid for entry in feed.latest(at)]
            assert SAMPLE_NOTE in (parsed.feed.subtitle)


@pytest.mark.parametrize(
    ("slug", "version"), [("inference-post", "rss20"), ("model-wire", "atom10"), ("open-bench", "rss10")]
)
def test_each_format_is_recognised(feeds: dict[str, SampleFeed], week: SampleWeek, slug: str, version: str) -> None:
    assert feedparser.parse(document(feeds[slug], at=week.clock).body).version == version


def test_ordinary_dates_come_through(feeds: dict[str, SampleFeed], week: SampleWeek) -> None:
    for slug in ("inference-post", "model-wire", "open-bench"):
        parsed = feedparser.parse(document(feeds[slug], at=week.clock).body)
        shown = feeds[slug].latest(week.clock)
        for read, entry in zip(parsed.entries, shown, strict=True):
            moment = read.get("published_parsed") or read.updated_parsed
            assert datetime(*moment[:6], tzinfo=UTC) == entry.at


def test_the_json_feed_is_one(feeds: dict[str, SampleFeed], week: SampleWeek) -> None:
    feed = feeds["ward-round"]
    content = json.loads(document(feed, at=week.clock).body)
    assert content["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in content["items"]] == [entry.guid for entry in feed.latest(week.clock)]
    assert all(item["date_published"].endswith("Z") for item in content["items"])
    assert SAMPLE_NOTE in content["description"]


def test_documents_say_nothing_of_the_truth_kept_for_tests(week: SampleWeek) -> None:
    for feed in week.feeds:
        body = document(feed, at=week.clock).body
        assert b"quillon-rumour" not in body
        assert b"withdrawn_at" not in body


# ── the server ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def server(week: SampleWeek) -> AsyncIterator[SampleServer]:
    async with SampleServer(week) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_list_names_every_feed_with_kind_and_weight(
    server: SampleServer, http: aiohttp.ClientSession, week: SampleWeek
) -> None:
    async with http.get(server.opml_url) as answer:
        root = ElementTree.fromstring(await answer.read())
    assert SAMPLE_NOTE in (root.findtext("head/title") or "")
    listed = {}
    for folder in root.iterfind("body/outline"):
        for row in folder:
            listed[row.get("text")] = (
                folder.get("text"),
                float(row.get("{urn:trendbot:opml}weight") or 0),
                row.get("language"),
            )
            assert (row.get("xmlUrl") or "").startswith(server.url + "/f/")
    assert listed == {feed.title: (feed.kind.value, feed.weight, feed.language) for feed in week.feeds}
    assert {kind for kind, _, _ in listed.values()} <= set(FeedKind)


async def test_every_listed_feed_answers_as_it_should(
    server: SampleServer, http: aiohttp.ClientSession, week: SampleWeek
) -> None:
    server.set_now(week.clock)
    for feed in week.feeds:
        async with http.get(f"{server.url}/f/{feed.slug}") as answer:
            assert answer.status == feed.status
            body = await answer.read()
        if feed.live:
            assert body == document(feed, at=week.clock).body
    assert {feed.status for feed in week.feeds} == {200, 410}


async def test_the_login_page_is_a_page(server: SampleServer, http: aiohttp.ClientSession, week: SampleWeek) -> None:
    (feed,) = (feed for feed in week.feeds if feed.login)
    async with http.get(f"{server.url}/f/{feed.slug}") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "<title>Log in" in await answer.text()


async def test_a_second_request_is_answered_with_304(server: SampleServer, http: aiohttp.ClientSession) -> None:
    address = f"{server.url}/f/model-wire"
    async with http.get(address) as first:
        etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": modified}, {"If-None-Match": "*"}):
        async with http.get(address, headers=headers) as again:
            assert (again.status, await again.read()) == (304, b"")
            assert again.headers["ETag"] == etag
            assert again.headers["Last-Modified"] == modified


async def test_the_etag_decides_where_both_are_sent(server: SampleServer, http: aiohttp.ClientSession) -> None:
    address = f"{server.url}/f/model-wire"
    async with http.get(address) as first:
        modified = first.headers["Last-Modified"]
    async with http.get(address, headers={"If-None-Match": '"other"', "If-Modified-Since": modified}) as again:
        assert again.status == 200


async def test_moving_the_clock_changes_what_is_served(
    server: SampleServer, http: aiohttp.ClientSession, week: SampleWeek
) -> None:
    address = f"{server.url}/f/tarnwick"
    sizes, etags = [], set()
    for at in (week.start, week.clock, week.start):
        server.set_now(at)
        async with http.get(address) as answer:
            sizes.append(len(feedparser.parse(await answer.read()).entries))
            etags.add(answer.headers["ETag"])
    assert sizes[0] == sizes[2] < sizes[1]
    assert len(etags) == 2


async def test_an_old_copy_is_replaced_when_something_was_published(
    server: SampleServer, http: aiohttp.ClientSession, week: SampleWeek
) -> None:
    address = f"{server.url}/f/tarnwick"
    async with http.get(address) as first:
        held = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
    server.set_now(week.clock)
    async with http.get(address, headers=held) as again:
        assert again.status == 200


async def test_an_unknown_feed_is_404(server: SampleServer, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{server.url}/f/nobody") as answer:
        assert answer.status == 404


async def test_a_moment_without_zone_is_refused(server: SampleServer) -> None:
    with pytest.raises(ValueError, match="aware"):
        server.set_now(datetime(2026, 11, 10, 7))  # noqa: DTZ001
