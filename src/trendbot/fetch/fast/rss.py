"""RSS 2.0, where it is plain."""

from __future__ import annotations

import re
from typing import Any

from trendbot.fetch.fast.elements import (
    LANG,
    HandOverError,
    Item,
    address,
    bare,
    flat,
    guessed,
    language_of,
    read_item,
    text_of,
)
from trendbot.fetch.fast.names import (
    ATOM,
    CHANNEL_INERT,
    CHANNEL_INERT_NAMED,
    CONTENT,
    DC,
    FEEDBURNER,
    IMAGE_PARTS,
    ITEM_INERT,
    is_inert,
)
from trendbot.fetch.raw import RawFeed
from trendbot.fetch.texts import EMPTY, Raw

_LONGEST_AUTHOR = 1_000
_AMPERSANDS = re.compile(r"&([A-Za-z0-9_]+);")


def read_rss(root: Any) -> RawFeed:
    """Read the document under `root`; raises HandOverError."""
    channel = _channel(root)
    title, link, language, entries = EMPTY, "", language_of(root), []
    for node in channel:
        tag = node.tag
        if tag == "item":
            entries.append(read_item(node, _READERS, ITEM_INERT))
        elif tag == "title":
            title = title if title.value else guessed(bare(node))
        elif tag == "link":
            link = _link(node)
        elif tag == "language":
            language = bare(node)
        elif not _inert_in_channel(node, tag):
            raise HandOverError
    return RawFeed(title=title, link=link, language=language, entries=tuple(entries))


def _channel(root: Any) -> Any:
    nodes = list(root)
    if len(nodes) != 1 or nodes[0].tag != "channel" or not str(root.get("version", "")).startswith("2."):
        raise HandOverError
    if nodes[0].attrib or any(name not in ("version", LANG) for name in root.attrib):
        raise HandOverError
    return nodes[0]


def _inert_in_channel(node: Any, tag: str) -> bool:
    if tag == ATOM + "link":
        return str(node.get("rel", "alternate")).lower() != "alternate" and "href" in node.attrib and not len(node)
    if tag == "image":
        return all(part.tag in IMAGE_PARTS and not len(part) for part in node)
    if tag in CHANNEL_INERT or tag in CHANNEL_INERT_NAMED:
        return tag in ("skipHours", "skipDays") or not len(node)
    return is_inert(node, tag)


def _link(node: Any) -> str:
    text = bare(node)
    return address(_AMPERSANDS.sub(r"&\g<1>", text.replace("&amp;", "&")) if "&" in text else text)


def _read_guid(item: Item, node: Any) -> None:
    flags = {str(name).lower(): value for name, value in node.attrib.items()}
    text = text_of(node)
    if set(flags) - {"ispermalink"}:
        raise HandOverError
    if flags.get("ispermalink", "true") == "true":
        text = address(text)
        item.permalink = text if item.permalink is None else item.permalink
    item.guid = text


def _read_link(item: Item, node: Any) -> None:
    if item.link is not None:
        raise HandOverError
    item.link = _link(node)


def _read_title(item: Item, node: Any) -> None:
    if item.title.value:  # which of two counts depends on what stands between them
        raise HandOverError
    item.title = guessed(bare(node))


def _read_description(item: Item, node: Any) -> None:
    if item.summary is not None:
        raise HandOverError
    item.summary = Raw(bare(node), markup=True)


def _read_content(item: Item, node: Any) -> None:
    if item.content is not None:
        raise HandOverError
    item.content = Raw(bare(node), markup=True)


def _read_author(item: Item, node: Any) -> None:
    author = bare(node)
    if len(author) > _LONGEST_AUTHOR:  # feedparser's search for a mail address in it takes quadratic time
        raise HandOverError
    item.authors.append(author)


def _read_published(item: Item, node: Any) -> None:
    item.published = bare(node)


def _read_updated(item: Item, node: Any) -> None:
    item.updated = bare(node)


def _read_original(item: Item, node: Any) -> None:
    item.original = bare(node)


def _note_enclosure(item: Item, node: Any) -> None:
    flat(node)
    item.other_links = True


_READERS = {
    "guid": _read_guid,
    "link": _read_link,
    "title": _read_title,
    "description": _read_description,
    CONTENT + "encoded": _read_content,
    "author": _read_author,
    DC + "creator": _read_author,
    "pubDate": _read_published,
    DC + "date": _read_updated,
    FEEDBURNER + "origLink": _read_original,
    "enclosure": _note_enclosure,
}
