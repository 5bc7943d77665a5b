"""Discovery: the feed of a site from the address of a page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.cli.site import Page, Site, feed, serve

from trendbot.fetch.discover import Discovery, Link, discover, feed_links
from trendbot.fetch.http import Changed, Fetcher

FEED = Page(feed("wire", "One", "Two"))


@pytest.fixture
def site() -> Iterator[Site]:
    yield from serve()


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(user_agent="trendbot/test", allow_private=True) as opened:
        yield opened


def page(head: str = "", **said: object) -> Page:
    body = f"<!DOCTYPE html><html><head><title>Wire</title>{head}</head><body>News</body></html>"
    return Page(body.encode(), "text/html; charset=utf-8", **said)  # type: ignore[arg-type]


def link(href: str, kind: str = "application/rss+xml", rel: str = "alternate", title: str = "") -> str:
    return f'<link rel="{rel}" type="{kind}" title="{title}" href="{href}">'


async def look(fetcher: Fetcher, site: Site, path: str = "/") -> Discovery:
    return await discover(fetcher, site.url + path, gap=0)


async def test_a_feed_is_found_by_itself_with_one_request(site: Site, fetcher: Fetcher) -> None:
    site.pages["/feed.xml"] = FEED
    found = await look(fetcher, site, "/feed.xml")
    assert found.feed is not None
    assert (found.feed.how, found.feed.title, len(found.feed.parsed.entries)) == ("itself", "wire", 2)
    assert found.feed.answer.body == FEED.body
    assert site.asked == [("/feed.xml", 200)]


async def test_the_link_in_the_head_is_followed_once(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {"/": page(link("/news.xml")), "/news.xml": FEED}
    found = await look(fetcher, site)
    assert found.feed is not None
    assert (found.feed.url, found.feed.how) == (f"{site.url}/news.xml", "head")
    assert site.asked == [("/", 200), ("/news.xml", 200)]


async def test_other_feeds_of_the_page_are_named_and_not_asked(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {"/": page(link("/a.xml") + link("/b.xml", title="All of B")), "/a.xml": FEED}
    found = await look(fetcher, site)
    assert found.others == (Link(url=f"{site.url}/b.xml", title="All of B"),)
    assert ("/b.xml", 200) not in site.asked


async def test_a_broken_link_leads_to_the_next(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {"/": page(link("/gone.xml") + link("/b.xml")), "/b.xml": FEED}
    found = await look(fetcher, site)
    assert found.feed is not None
    assert found.feed.url == f"{site.url}/b.xml"


async def test_where_the_page_names_no_feed_usual_places_are_tried_once_each(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {"/blog": page(), "/atom.xml": FEED}
    found = await look(fetcher, site, "/blog")
    assert found.feed is not None
    assert (found.feed.url, found.feed.how) == (f"{site.url}/atom.xml", "guess")
    paths = [path for path, _ in site.asked]
    assert len(paths) == len(set(paths)) == found.asked
    assert paths[:4] == ["/blog", "/blog/feed", "/blog/rss.xml", "/blog/index.xml"]


async def test_nothing_is_guessed_where_the_page_named_feeds(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {"/": page(link("/gone.xml")), "/feed": FEED}
    found = await look(fetcher, site)
    assert found.feed is None
    assert found.problem == "is a web page, not a feed, and names no feed that can be read"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_host_that_has_had_enough_is_left_alone(site: Site, fetcher: Fetcher, status: int) -> None:
    site.pages |= {"/": page(), "/feed": Page(b"slow down", "text/plain", status), "/rss.xml": FEED}
    found = await look(fetcher, site)
    assert found.feed is None
    assert [path for path, _ in site.asked] == ["/", "/feed"]


async def test_an_address_that_fails_says_why_and_is_not_searched(site: Site, fetcher: Fetcher) -> None:
    found = await look(fetcher, site, "/nothing")
    assert found.problem == "answered 404 (no such page)"
    assert len(site.asked) == 1


async def test_all_link_headers_are_read(site: Site, fetcher: Fetcher) -> None:
    headers = (
        ("Link", '<https://api.example/>; rel="https://api.w.org/"'),
        ("Link", '</h.xml>; rel="alternate"; type="application/atom+xml"; title="By header"'),
    )
    site.pages |= {"/": page(headers=headers), "/h.xml": FEED}
    found = await look(fetcher, site)
    assert found.feed is not None
    assert (found.feed.url, found.feed.how) == (f"{site.url}/h.xml", "header")


def named(html: str, *, kind: str = "text/html", header: str = "") -> list[str]:
    answer = Changed(
        url="https://site.example/a/page",
        status=200,
        body=html.encode(),
        headers={"content-type": kind, "link": header},
    )
    return [link.url for link in feed_links(answer)]


@pytest.mark.parametrize(
    ("html", "urls"),
    [
        (link("feed.xml"), ["https://site.example/a/feed.xml"]),
        (link("//cdn.example/f"), ["https://cdn.example/f"]),
        ('<BASE HREF="https://other.example/x/">' + link("feed.xml"), ["https://other.example/x/feed.xml"]),
        (link("/f", rel="ALTERNATE Feed"), ["https://site.example/f"]),
        (link("/f", kind="application/atom+xml; charset=utf-8"), ["https://site.example/f"]),
        (link("/f", kind="application/feed+json"), ["https://site.example/f"]),
        (link("/f&amp;x=1"), ["https://site.example/f&x=1"]),
        (link("/f") + link("/f?utm_source=head"), ["https://site.example/f"]),
        (link("/f", kind="application/json"), []),
        (link("/f", rel="stylesheet"), []),
        (link("javascript:alert(1)"), []),
        (link("/comments/feed/"), []),
        (link("/f", title="Wire » Comments Feed"), []),
        ("<link rel=alternate type=application/rss+xml href=/bare>", ["https://site.example/bare"]),
        ("<link rel='alternate' type='application/rss+xml'>", []),
        ("<!-- " + link("/hidden") + " -->", []),
    ],
)
def test_links_of_a_page(html: str, urls: list[str]) -> None:
    assert named(html) == urls


@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-16", "text/html; charset=no-such-thing", "", 'text/html; charset="']
)
def test_no_charset_is_fatal(kind: str) -> None:
    assert isinstance(named(link("/f"), kind=kind), list)


def test_a_hostile_page_is_read_in_bounded_time() -> None:
    assert named("<link " * 50_000 + "<" * 50_000, header="<a>;" * 5_000) == []


async def test_reading_what_comes_is_bounded_as_at_a_poll(site: Site, fetcher: Fetcher) -> None:
    site.pages["/feed.xml"] = FEED
    found = await discover(fetcher, f"{site.url}/feed.xml", gap=0, within=0)
    assert found.feed is None
    assert "took longer than 0 s to read" in found.problem
