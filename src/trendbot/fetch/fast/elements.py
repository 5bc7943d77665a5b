"""What both formats share: an item while it is read, and how elements become text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trendbot.fetch.dates import parse_date
from trendbot.fetch.fast.names import is_inert
from trendbot.fetch.forgiving import looks_like_html, mended, person
from trendbot.fetch.raw import RawEntry
from trendbot.fetch.texts import EMPTY, Raw

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SLASHES = re.compile(r"^([A-Za-z][A-Za-z0-9+-.]*://)(/*)(.*?)")


class HandOverError(Exception):
    """Something that only the reference reader may judge."""


@dataclass(slots=True)
class Item:
    """An item while it is read; None where an element was not there at all."""

    guid: str = ""
    link: str | None = None
    permalink: str | None = None
    original: str = ""
    title: Raw = EMPTY
    summary: Raw | None = None
    content: Raw | None = None
    authors: list[str] = field(default_factory=list)
    published: str = ""
    updated: str = ""
    other_links: bool = False


Readers = Mapping[str, Callable[[Item, Any], None]]


def read_item(node: Any, readers: Readers, inert: frozenset[str]) -> RawEntry:
    """Read an item by the readers of its elements; refuse what is neither read nor inert."""
    if node.attrib:
        raise HandOverError
    item = Item()
    for child in node:
        tag = child.tag
        read = readers.get(tag)
        if read is not None:
            read(item, child)
        elif tag in inert:
            flat(child)
        elif not is_inert(child, tag):
            raise HandOverError
    return finished(item)


def finished(item: Item) -> RawEntry:
    """Return the item as a raw entry."""
    link = item.original or (item.link if item.link is not None else item.permalink) or ""
    if not link and item.other_links:
        raise HandOverError
    return RawEntry(
        guid=item.guid,
        link=link,
        title=item.title,
        summary=item.summary or EMPTY,
        content=item.content or EMPTY,
        author=person(item.authors),
        published_at=parse_date(item.published),
        updated_at=parse_date(item.updated),
        date_text=item.published or item.updated,
    )


def flat(node: Any) -> None:
    """Refuse child elements."""
    if len(node):
        raise HandOverError


def text_of(node: Any) -> str:
    """Return an element's text as feedparser has it; refuse child elements."""
    flat(node)
    return mended((node.text or "").strip())


def bare(node: Any) -> str:
    """Return an element's text as feedparser has it; refuse child elements, and attributes, which may change it."""
    if node.attrib or len(node):
        raise HandOverError
    return mended((node.text or "").strip())


def address(text: str) -> str:
    """Return an address with its slashes in order."""
    return _SLASHES.sub(r"\1\3", text) if ":///" in text else text


def guessed(text: str) -> Raw:
    """Return a title of RSS, which may be markup or not."""
    return Raw(text, markup=("&" in text or "</" in text) and looks_like_html(text))


def language_of(root: Any) -> str:
    """Return the language that a root element declares; refuse other attributes that might matter."""
    return str(root.get(LANG) or "").replace("_", "-")
