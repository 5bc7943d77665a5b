"""Atom 1.0, where it is plain."""

from __future__ import annotations

from typing import Any

from trendbot.fetch.fast.elements import LANG, HandOverError, Item, address, bare, language_of, read_item, text_of
from trendbot.fetch.fast.names import ATOM, ATOM_INERT, FEEDBURNER, PERSON, is_inert
from trendbot.fetch.raw import RawFeed
from trendbot.fetch.texts import EMPTY, Raw

_MARKUP = {None: False, "text": False, "text/plain": False, "plain": False, "html": True, "text/html": True}
"""Whether a text of this type is markup; other types are handed over."""
_PAGES = ("text/html", "html", "xhtml", "application/xhtml+xml")


def read_atom(root: Any) -> RawFeed:
    """Read the document under `root`; raises HandOverError."""
    if any(name != LANG for name in root.attrib):
        raise HandOverError
    title, link, own, entries = EMPTY, "", None, []
    for node in root:
        tag = node.tag
        if tag == ATOM + "entry":
            entries.append(read_item(node, _READERS, ATOM_INERT))
        elif tag == ATOM + "title":
            title = title if title.value else _typed(node)
        elif tag == ATOM + "link":
            link = _link(node) or link
        elif tag == ATOM + "id":
            own = address(bare(node)) if own is None else own
        elif not _inert_in_feed(node, tag):
            raise HandOverError
    return RawFeed(title=title, link=link or own or "", language=language_of(root), entries=tuple(entries))


def _inert_in_feed(node: Any, tag: str) -> bool:
    if tag == ATOM + "author":
        return all(part.tag in PERSON and not len(part) for part in node)
    return tag == ATOM + "updated" or (tag in ATOM_INERT and not len(node)) or is_inert(node, tag)


def _typed(node: Any) -> Raw:
    kind = node.get("type")
    kind = kind.lower() if kind is not None else None
    if kind not in _MARKUP or any(name not in ("type", LANG) for name in node.attrib):
        raise HandOverError
    return Raw(text_of(node), markup=_MARKUP[kind])


def _link(node: Any) -> str:
    """Return the address where the link leads to the entry itself as a page, else ""."""
    if "href" not in node.attrib or len(node) or "url" in node.attrib or "uri" in node.attrib:
        raise HandOverError
    if node.get("rel", "alternate").lower() != "alternate" or node.get("type", "text/html").lower() not in _PAGES:
        return ""
    return address(node.get("href"))


def _read_id(item: Item, node: Any) -> None:
    item.guid = address(bare(node))
    item.permalink = item.guid if item.permalink is None else item.permalink


def _read_link(item: Item, node: Any) -> None:
    found = _link(node)
    item.link = found or item.link
    item.other_links = item.other_links or not found


def _read_title(item: Item, node: Any) -> None:
    if not item.title.value:
        item.title = _typed(node)


def _read_summary(item: Item, node: Any) -> None:
    if item.summary is not None:
        raise HandOverError
    item.summary = _typed(node)


def _read_content(item: Item, node: Any) -> None:
    if item.content is not None:
        raise HandOverError
    item.content = _typed(node)


def _read_author(item: Item, node: Any) -> None:
    """Take the name; of several authors feedparser's detail has the last."""
    if (node.text or "").strip() or any(part.tag not in PERSON for part in node):
        raise HandOverError
    names = [text_of(part) for part in node if part.tag == ATOM + "name"]
    mails = [text_of(part) for part in node if part.tag == ATOM + "email"]
    if len(names) != 1 or not names[0] or "@" in names[0] or (mails and not mails[0]):
        raise HandOverError
    item.authors = names


def _read_published(item: Item, node: Any) -> None:
    item.published = bare(node)


def _read_updated(item: Item, node: Any) -> None:
    item.updated = bare(node)


def _read_original(item: Item, node: Any) -> None:
    item.original = bare(node)


_READERS = {
    ATOM + "id": _read_id,
    ATOM + "title": _read_title,
    ATOM + "link": _read_link,
    ATOM + "summary": _read_summary,
    ATOM + "content": _read_content,
    ATOM + "author": _read_author,
    ATOM + "published": _read_published,
    ATOM + "updated": _read_updated,
    FEEDBURNER + "origLink": _read_original,
}
