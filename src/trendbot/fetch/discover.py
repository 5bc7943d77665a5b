"""Find the feed of a site from the address of one of its pages.

    page ──is it a feed itself?──► links in the head, Link header ──► usual places (/feed, /rss.xml …) ──► Discovery

Each address is asked once, when a person names it, never at a poll. The page that was fetched, and the feed that was
found, are handed on, so that nothing is fetched twice.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Literal, Protocol
from urllib.parse import urljoin, urlsplit

from trendbot.core.entries import ParsedFeed
from trendbot.core.urls import canonical_url, http_url, site_of
from trendbot.fetch.http import Answer, Changed, Failed, Request
from trendbot.fetch.parsing import PARSE_TIMEOUT, Parsers

FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "application/rss"}
)
GUESSES = ("/feed", "/rss.xml", "/atom.xml", "/index.xml", "/feed.xml")
"""Where feeds usually are, below the site's root."""
NEAR_GUESSES = ("feed", "rss.xml", "index.xml")
"""The same below the page, where it is not the root."""
MOST_LINKS = 4
"""Linked feeds that are asked before giving up on links."""
_HEAD = 1_000_000
"""Bytes of a page in which links are looked for."""
_STOP = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_HEADER_LINK = re.compile(r"<([^<>]{1,2048})>((?:\s*;\s*[\w*!-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s\",;]*))?)*)")

How = Literal["itself", "head", "header", "guess"]


class Asks(Protocol):
    """What discovery needs of a fetcher."""

    async def fetch(self, request: Request) -> Answer:
        """Answer one request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A feed that a page names."""

    url: str
    title: str = ""
    how: How = "head"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A feed that was fetched and read, ready to be stored."""

    url: str
    title: str
    how: How
    answer: Changed
    parsed: ParsedFeed


@dataclass(frozen=True, kw_only=True, slots=True)
class Discovery:
    """What was found at `url`: the feed, or `problem`, a clause; `others` are feeds that the page names besides."""

    url: str
    feed: Found | None = None
    others: tuple[Link, ...] = ()
    problem: str = ""
    asked: int = 1


async def discover(
    asks: Asks, url: str, *, user_agent: str | None = None, gap: float = 0.5, within: float = PARSE_TIMEOUT
) -> Discovery:
    """Find the feed at `url`, or that of the page there; `gap` seconds lie between two requests.

    Reading what comes takes at most `within` seconds a document, as at a poll.
    """
    with Parsers(processes=1, timeout=within) as parsers:
        return await _discover(_Search(asks, parsers, user_agent, gap), url)


async def _discover(search: _Search, url: str) -> Discovery:
    answer = await search.fetch(url)
    if isinstance(answer, Failed):
        return Discovery(url=url, problem=answer.reason)
    if not isinstance(answer, Changed):
        return Discovery(url=url, problem="answered nothing")
    itself = await search.read(answer, Link(url=url, how="itself"))
    if isinstance(itself, Found):
        return Discovery(url=url, feed=itself)
    links = feed_links(answer)
    found = await search.first(links[:MOST_LINKS]) or await search.first(list(_guesses(answer.url, links)))
    others = tuple(link for link in links if found is None or link.url != found.url)
    problem = "" if found else f"{itself}, and names no feed that can be read"
    return Discovery(url=url, feed=found, others=others, problem=problem, asked=search.asked)


class _Search:
    """Asks one address after the other, and stops where the host has had enough."""

    def __init__(self, asks: Asks, parsers: Parsers, user_agent: str | None, gap: float) -> None:
        self.asks, self.parsers, self.user_agent, self.gap = asks, parsers, user_agent, gap
        self.asked = 0
        self.stopped = False
        self.seen: set[str] = set()

    async def fetch(self, url: str) -> Answer:
        if self.asked:
            await asyncio.sleep(self.gap)
        self.asked += 1
        self.seen.add(url)
        answer = await self.asks.fetch(Request(url=url, user_agent=self.user_agent))
        self.seen.add(answer.url)
        if isinstance(answer, Failed) and (answer.status in _STOP or answer.network):
            self.stopped = True
        return answer

    async def read(self, answer: Changed, link: Link) -> Found | str:
        """Return the feed that `answer` is, or why it is none."""
        content_type = answer.headers.get("content-type", "")
        parsed = await self.parsers.parse(answer.body, url=answer.url, content_type=content_type)
        if isinstance(parsed, str):
            return parsed
        return Found(url=link.url, title=parsed.title or link.title, how=link.how, answer=answer, parsed=parsed)

    async def first(self, links: Sequence[Link]) -> Found | None:
        for link in links:
            if self.stopped or link.url in self.seen:
                continue
            answer = await self.fetch(link.url)
            found = await self.read(answer, link) if isinstance(answer, Changed) else None
            if isinstance(found, Found):
                return found
        return None


def _guesses(page: str, links: Sequence[Link]) -> Iterator[Link]:
    """Yield the usual places; where the page names feeds, they are the word of the publisher and nothing is guessed."""
    if links:
        return
    parts = urlsplit(page)
    if parts.path not in ("", "/"):
        folder = f"{site_of(page)}{parts.path.rstrip('/')}/"
        yield from (Link(url=folder + name, how="guess") for name in NEAR_GUESSES)
    yield from (Link(url=site_of(page) + path, how="guess") for path in GUESSES)


def feed_links(answer: Changed) -> tuple[Link, ...]:
    """Return the feeds that a page names in its Link header and its links, each once, comment feeds left out."""
    page = _Page()
    page.feed(_text(answer))
    base = http_url(page.base, answer.url) or answer.url
    named = [*_in_header(answer.headers.get("link", "")), *page.links]
    found: dict[str, Link] = {}
    for link in named:
        url = http_url(urljoin(base if link.how == "head" else answer.url, link.url))
        if url and not _is_comments(url, link.title):
            found.setdefault(canonical_url(url), Link(url=url, title=link.title, how=link.how))
    return tuple(found.values())


def _text(answer: Changed) -> str:
    header = Message()
    header["content-type"] = answer.headers.get("content-type", "")
    charset = header.get_content_charset() or "utf-8"
    try:
        return answer.body[:_HEAD].decode(charset, "replace")
    except LookupError:
        return answer.body[:_HEAD].decode("utf-8", "replace")


def _is_comments(url: str, title: str) -> bool:
    return "comment" in urlsplit(url).path.lower() or "comments" in title.lower().split()


def _in_header(header: str) -> Iterator[Link]:
    """Read a Link header (RFC 8288): alternates of a feed's type."""
    for address, parameters in _HEADER_LINK.findall(header[:20_000]):
        values = {}
        for part in parameters.split(";"):
            name, _, value = part.partition("=")
            values[name.strip().lower()] = value.strip().strip('"')
        if _names_feed(values.get("rel", ""), values.get("type", "")):
            yield Link(url=address, title=values.get("title", ""), how="header")


def _names_feed(rel: str, kind: str) -> bool:
    """Tell whether a link names a feed: `rel` is a list of words in any case, of which one is alternate or feed."""
    words = rel.lower().split()
    kind = kind.partition(";")[0].strip().lower()
    return ("alternate" in words and kind in FEED_TYPES) or ("feed" in words and (not kind or kind in FEED_TYPES))


class _Page(HTMLParser):
    """Notes what a page says of feeds, and its base address."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.links: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        href = values.get("href", "").strip()
        if tag == "base" and href and not self.base:
            self.base = href
        elif tag == "link" and href and _names_feed(values.get("rel", ""), values.get("type", "")):
            self.links.append(Link(url=href, title=" ".join(values.get("title", "").split())[:200]))
