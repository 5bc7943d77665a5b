"""A reader of JSON Feed 1.0 and 1.1 (jsonfeed.org), which feedparser does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trendbot.fetch.raw import RawEntry, RawFeed
from trendbot.fetch.texts import EMPTY, Raw

_VERSION = re.compile(r"^https?://(?:www\.)?jsonfeed\.org/version/1(?:\.\d+)?/?$")


def looks_like_json(body: bytes) -> bool:
    """Tell whether `body` begins like a JSON object."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def read_json(body: bytes) -> RawFeed | None:
    """Read `body`; None where it is not JSON, or JSON but no feed."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not _VERSION.match(_string(document.get("version"))):
        return None
    items = document.get("items")
    return RawFeed(
        title=Raw(_string(document.get("title")), markup=False),
        link=_string(document.get("home_page_url")),
        language=_string(document.get("language")),
        entries=tuple(_entry(item) for item in items if isinstance(item, dict)) if isinstance(items, list) else (),
        expired=document.get("expired") is True,
    )


def _entry(item: Mapping[str, Any]) -> RawEntry:
    markup, plain = _string(item.get("content_html")), _string(item.get("content_text"))
    content = Raw(markup, markup=True) if markup else Raw(plain, markup=False)
    published, updated = _string(item.get("date_published")), _string(item.get("date_modified"))
    return RawEntry(
        guid=_string(item.get("id")),
        link=_string(item.get("url")) or _string(item.get("external_url")),
        title=Raw(_string(item.get("title")), markup=False),
        summary=Raw(_string(item["summary"]), markup=False) if item.get("summary") else EMPTY,
        content=content,
        author=_author(item),
        published_at=_instant(published),
        updated_at=_instant(updated),
        date_text=published or updated,
    )


def _author(item: Mapping[str, Any]) -> str:
    authors = item.get("authors") or [item.get("author")]
    names = [_string(author.get("name")) for author in authors if isinstance(author, dict)]
    return ", ".join(name for name in names if name)


def _string(value: object) -> str:
    """Take strings as they are, numbers as written, anything else as nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text.strip())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
