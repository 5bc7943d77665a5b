"""What comes out of reading, against feedparser as it comes: equal, but for the differences listed in docs/feeds.md."""

from __future__ import annotations

import calendar
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser
import pytest

from trendbot.core.entries import ParsedEntry, ParsedFeed
from trendbot.errors import ParseError
from trendbot.fetch.parse import parse
from trendbot.fetch.texts import Raw, one_line, paragraphs

URL = "https://site.example/feed"
KIND = "application/xml"
DIFFERENCES = {
    "feeds_ai/files": {"told twice": 3, "zero date": 3, "caption": 6},
    "feeds_wild/files": {
        "another format": 2,
        "cut off": 1,
        "nothing to say": 12,
        "told twice": 2,
        "relative link": 115,
        "no web address": 2,
        "original link": 155,
        "untitled": 1,
        "caption": 42,
    },
    "feeds_snapshots": {"empty fragment": 4},
}
"""Entries (documents for the first two) that differ, by cause and set; every other one is equal."""


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_from_feedparser_is_a_listed_one(shared_data: Path, name: str) -> None:
    found, read = Counter[str](), 0
    for path in sorted((shared_data / name).rglob("*")):
        if path.suffix in (".jsonl", ".md") or not path.is_file():
            continue
        body = path.read_bytes()
        bare = feedparser.parse(
            io.BytesIO(body), response_headers={"content-type": KIND}, sanitize_html=False, resolve_relative_uris=False
        )
        try:
            ours = parse(body, url=URL, content_type=KIND)
        except ParseError:
            found["refused"] += bool(bare.entries)
            continue
        read += len(ours.entries)
        found.update(_differences(ours, bare.entries, captions=b"<media:description" in body))
    assert read
    assert dict(+found) == DIFFERENCES[name]


def _differences(ours: ParsedFeed, bare: list[Any], *, captions: bool) -> Iterator[str]:
    """Yield the cause of every difference in one document; "?" and what differs where it has none."""
    if ours.entries and not bare:
        yield "another format"
        return
    theirs = {_address(entry): entry for entry in reversed(bare)} | {e["id"]: e for e in reversed(bare) if e.get("id")}
    yield from _missing(ours, bare)
    for entry in ours.entries:
        other = theirs.get(entry.guid) or theirs.get(entry.url)
        if other is None:
            other = next((e for key, e in theirs.items() if key and entry.url.endswith(key)), None)
        yield from ["? nowhere"] if other is None else _of_entry(entry, other, captions=captions)


def _missing(ours: ParsedFeed, bare: list[Any]) -> Iterator[str]:
    silent = [entry for entry in bare if not (entry.get("title") or entry.get("summary") or entry.get("content"))]
    yield from ["nothing to say"] * len(silent)
    if ours.truncated:
        yield "cut off"
    twice = len(bare) - len(silent) - ours.truncated - len(ours.entries)
    yield from ["told twice"] * twice if twice >= 0 else ["? more entries"]


def _of_entry(entry: ParsedEntry, other: Any, *, captions: bool) -> Iterator[str]:
    link = str(other.get("link") or "")
    if entry.url != link:
        yield _why_link(entry.url, link, other)
    title = one_line(_typed(other.get("title_detail")))
    if entry.title != title:
        yield "? title" if title else "untitled"
    for ours, name in ((entry.published_at, "published_parsed"), (entry.updated_at, "updated_parsed")):
        date = calendar.timegm(other[name]) if name in other and other[name] else None  # noqa: RUF019  (.get substitutes)
        if date != (ours.timestamp() if ours else None):
            yield "zero date" if ours is None and date is not None and date < 0 else f"? {name}"
    if not _same_text(entry, other):
        yield "caption" if captions else "? text"


def _why_link(url: str, link: str, other: Any) -> str:
    if url == other.get("feedburner_origlink"):
        return "original link"
    if not url:
        return "? link" if link.startswith("http") else "no web address"
    if url + "#" == link:
        return "empty fragment"
    return "relative link" if "://" not in link else "? link"


def _same_text(entry: ParsedEntry, other: Any) -> bool:
    texts = [_flat(paragraphs(_typed(each))) for each in (other.get("summary_detail"), *other.get("content", [])[:1])]
    said = _flat(entry.content or entry.summary)
    return said == max(texts, key=len, default="")


def _typed(detail: Any) -> Raw:
    return Raw(detail["value"], markup=detail["type"] != "text/plain") if detail else Raw("", markup=False)


def _address(entry: Any) -> str:
    return str(entry.get("feedburner_origlink") or entry.get("link") or "")


def _flat(text: str) -> str:
    return " ".join(text.split())
