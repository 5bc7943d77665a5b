"""The reference reader: feedparser, which knows every format of XML feed and forgives most sins.

It is given bytes in memory only (given text it may open files or addresses), and neither sanitises nor resolves links
inside markup: both are 85 % of its time and are done elsewhere.
"""

from __future__ import annotations

import io
import re
from typing import Any

import feedparser

from trendbot.fetch.dates import from_struct
from trendbot.fetch.forgiving import looks_like_html, without_mail
from trendbot.fetch.raw import RawEntry, RawFeed
from trendbot.fetch.texts import EMPTY, Raw

_CAPTION = re.compile(rb"<(/?)media:description\b[^<>]{0,200}?(/?)>")
"""What describes a picture or film. feedparser takes it for the entry's own description, and the last one wins."""


def read_reference(body: bytes, *, content_type: str = "") -> RawFeed | None:
    """Read `body`; None where feedparser finds neither a format nor an entry in it."""
    headers = {"content-type": content_type} if content_type else {}
    found: Any = feedparser.parse(
        io.BytesIO(_CAPTION.sub(rb"<\1media:caption\2>", body)),
        response_headers=headers,
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not found.get("version") and not found.entries:
        return None
    feed = found.feed
    return RawFeed(
        title=_text(feed, "title"),
        link=str(feed.get("link") or ""),
        language=str(feed.get("language") or ""),
        entries=tuple(_entry(entry) for entry in found.entries),
    )


def _entry(entry: Any) -> RawEntry:
    summary, content = _texts(entry)
    return RawEntry(
        guid=str(entry.get("id") or ""),
        link=_link(entry),
        title=_text(entry, "title"),
        summary=summary,
        content=content,
        author=_author(entry),
        published_at=from_struct(_own(entry, "published_parsed")),
        updated_at=from_struct(_own(entry, "updated_parsed")),
        date_text=str(_own(entry, "published") or _own(entry, "updated") or ""),
    )


def _texts(entry: Any) -> tuple[Raw, Raw]:
    """Read summary and content; a caption serves where there is neither, as with films."""
    contents = entry.get("content") or ()
    content = _typed(contents[0]) if contents else EMPTY
    summary = EMPTY if contents and "summary_detail" not in entry else _text(entry, "summary")
    caption = entry.get("media_caption")
    if summary.value or content.value or not isinstance(caption, str):
        return summary, content
    return Raw(caption, markup=looks_like_html(caption)), EMPTY


def _own(entry: Any, name: str) -> Any:
    """Read `name` without feedparser's habit of answering `updated` with `published`."""
    return entry[name] if name in entry else None  # noqa: SIM401  (.get substitutes)


def _link(entry: Any) -> str:
    link = entry.get("feedburner_origlink") or entry.get("link") or ""
    if link:
        return str(link)
    links = entry.get("links") or ()
    return next((str(other["href"]) for other in links if other.get("href")), "")


def _text(node: Any, name: str) -> Raw:
    detail = node.get(name + "_detail")
    if detail:
        return _typed(detail)
    value = node.get(name)
    return Raw(str(value), markup=True) if isinstance(value, str) else EMPTY


def _typed(detail: Any) -> Raw:
    kind = str(detail.get("type") or "text/html")
    value = detail.get("value")
    return Raw(value, markup=kind != "text/plain") if isinstance(value, str) else EMPTY


def _author(entry: Any) -> str:
    detail = entry.get("author_detail") or {}
    return str(detail.get("name") or without_mail(str(entry.get("author") or "")))
