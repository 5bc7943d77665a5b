"""Lists of feeds in OPML 2.0, as real programs write them: missing types, folders, wrong encodings, stray ampersands.

A folder's name, or an outline's category, chooses the kind of the feeds in it where it names one. What OPML has no
attribute for (weight, mirrors, whether it is polled, its own User-Agent) stands in attributes of a namespace of our
own, which other programs pass over: a list that is written and read back loses nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError as XmlError
from defusedxml.ElementTree import fromstring

from trendbot.core.feeds import Feed, FeedSeed
from trendbot.core.urls import feed_address, http_url
from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConfigError
from trendbot.fetch.texts import NAME_LIMIT, Raw, one_line

NAMESPACE = "urn:trendbot:opml"
_OURS = "{" + NAMESPACE + "}"
LIGHTEST, HEAVIEST = 0.1, 3.0
"""Weights taken; others are passed over."""
MAX_MIRRORS = 20
MAX_FEEDS = 20_000
MAX_DEPTH = 20
_STRAY_AMPERSAND = re.compile(r"&(?!(?:#\d+|#x[0-9a-f]+|amp|lt|gt|quot|apos);)", re.IGNORECASE)
_FILE_NAME = re.compile(r"\S+\.(?:xml|rss|atom|rdf|json|txt|html?)", re.IGNORECASE)
_ENTITY = re.compile(r"&#?\w+;")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_AGENT = re.compile(r"[\x20-\x7e]{1,256}")
_KIND_WORDS = {
    FeedKind.PAPER: ("paper", "arxiv", "preprint"),
    FeedKind.LAB: ("lab", "labs", "company", "companies", "vendor", "vendors", "official"),
    FeedKind.RESEARCH: ("research", "science", "academia", "university"),
    FeedKind.NEWSLETTER: ("newsletter", "newsletters", "substack", "blogs", "blog", "opinion"),
    FeedKind.ENGINEERING: ("engineering", "dev", "developer", "developers", "tools", "code", "github", "releases"),
    FeedKind.POLICY: ("policy", "law", "regulation", "safety", "ethics", "government"),
    FeedKind.COMMUNITY: ("community", "forum", "forums", "reddit", "hn", "social"),
    FeedKind.NEWS: ("news", "press", "media"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What a list of feeds names: feeds, each address once and in its order, and labels of those without a web address.

    Some programs list what they made themselves (searches, tags, mail), which nobody else can ask for.
    """

    feeds: tuple[FeedSeed, ...]
    unusable: tuple[str, ...]


def parse_opml(data: bytes, *, name: str = "the OPML") -> Listed:
    """Read a list of feeds.

    Raises:
        ConfigError: it is no OPML, or holds no feed with a usable address.

    """
    root = _root(data, name)
    if root.tag.lower() != "opml":
        raise ConfigError(f"{name} is {_what(root)}, not OPML: export the list of feeds as OPML and name that file")
    seeds: dict[str, FeedSeed] = {}
    unusable: dict[str, None] = {}
    for found in itertools.islice(_outlines(root, (), 0), MAX_FEEDS):
        if isinstance(found, FeedSeed):
            seeds.setdefault(found.url, found)
        else:
            unusable[found] = None
    if not seeds:
        raise ConfigError(f"{name} lists no feeds: none of its outlines has an xmlUrl with an http address")
    return Listed(feeds=tuple(seeds.values()), unusable=tuple(unusable))


def _root(data: bytes, name: str) -> Element:
    text = _FORBIDDEN.sub("", _decoded(data))
    text = _DECLARATION.sub("", text.lstrip("\ufeff"))
    if re.match(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+)?html\b", text, re.IGNORECASE | re.DOTALL):
        raise ConfigError(f"{name} is a web page, not OPML: export the list of feeds as OPML and name that file")
    try:
        root: Element = fromstring(_STRAY_AMPERSAND.sub("&amp;", text))
    except (XmlError, DefusedXmlException, ValueError, RecursionError) as error:
        raise ConfigError(f"{name} cannot be read as OPML ({error}): export it again, or mend it") from error
    return root


def _decoded(data: bytes) -> str:
    """Decode by mark, else UTF-8, else the declared encoding, else Windows-1252 (declarations are often wrong)."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        declared = re.match(rb"""\s*<\?xml[^>]*encoding=["']([\w.-]+)["']""", data)
    name = declared[1].decode("ascii").lower() if declared else "cp1252"
    try:
        return data.decode("cp1252" if name in ("utf-8", "utf8") else name, "replace")
    except LookupError:
        return data.decode("cp1252", "replace")


def _what(root: Element) -> str:
    tag = root.tag.rpartition("}")[2].lower()
    return {"html": "a web page", "rss": "a feed", "feed": "a feed", "rdf": "a feed"}.get(tag, f"<{tag[:40]}>")


def _outlines(node: Element, folders: tuple[str, ...], depth: int) -> Iterator[FeedSeed | str]:
    """Walk through feeds, and labels of those without a web address."""
    if depth > MAX_DEPTH:
        return
    for child in node:
        if not isinstance(child.tag, str) or child.tag.lower() not in ("outline", "body"):
            continue
        attributes = {name.lower(): value for name, value in child.attrib.items()}
        named = _label(attributes)
        if address := _address(attributes):
            url = feed_address(address)
            yield _seed(url, attributes, folders) if url else named or one_line(Raw(address), NAME_LIMIT)
        yield from _outlines(child, (*folders, named) if named else folders, depth + 1)


def _label(attributes: dict[str, str]) -> str:
    text = attributes.get("text") or attributes.get("title") or ""
    return one_line(Raw(text, markup=_ENTITY.search(text) is not None), NAME_LIMIT)


def _address(attributes: dict[str, str]) -> str:
    return attributes.get("xmlurl") or (attributes.get("url") if attributes.get("type") == "rss" else "") or ""


def _seed(url: str, attributes: dict[str, str], folders: tuple[str, ...]) -> FeedSeed:
    return FeedSeed(
        url=url,
        title=_name(_label(attributes)) or url,
        site_url=http_url(attributes.get("htmlurl", "")) or None,
        kind=_kind((attributes.get("category", ""), *reversed(folders))),
        language=(attributes.get("language") or "").lower()[:16] or None,
        weight=_weight(attributes.get(_OURS + "weight", "")),
        enabled=not _is(attributes, _OURS + "enabled", "false") and not _is(attributes, "disabled", "true"),
        mirrors=_mirrors(attributes.get(_OURS + "mirrors", "")),
        user_agent=_agent(attributes.get(_OURS + "useragent", "")),
    )


def _is(attributes: dict[str, str], name: str, value: str) -> bool:
    return attributes.get(name, "").strip().lower() == value


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 1.0
    return weight if LIGHTEST <= weight <= HEAVIEST else 1.0


def _mirrors(text: str) -> tuple[str, ...]:
    """Return the addresses in a list parted by white space, each once."""
    addresses = (http_url(part) for part in text.split()[:MAX_MIRRORS])
    return tuple(dict.fromkeys(address for address in addresses if address))


def _agent(text: str) -> str | None:
    return text if _AGENT.fullmatch(text) else None


def _name(label: str) -> str:
    """Return a label that names a feed; one that is a file's or an address is none."""
    return "" if _FILE_NAME.fullmatch(label) or http_url(label) else label


def _kind(names: Iterable[str]) -> FeedKind:
    """Choose by the nearest name that says a kind, else news."""
    for name in names:
        words = {word for found in re.findall(r"\w+", name.lower()) for word in (found, found.removesuffix("s"))}
        for kind, marks in _KIND_WORDS.items():
            if kind.value in words or words.intersection(marks):
                return kind
    return FeedKind.NEWS


def build_opml(feeds: Iterable[Feed], *, title: str = "trendbot feeds") -> bytes:
    """Return the feeds as OPML 2.0 with a folder a kind, which `parse_opml` reads back without loss."""
    register_namespace("trendbot", NAMESPACE)
    root = Element("opml", version="2.0")
    SubElement(SubElement(root, "head"), "title").text = title
    body = SubElement(root, "body")
    folders: dict[FeedKind, Element] = {}
    for feed in feeds:
        if feed.kind not in folders:
            folders[feed.kind] = SubElement(body, "outline", text=feed.kind.value, title=feed.kind.value)
        attributes = {"type": "rss", "text": feed.title, "title": feed.title, "xmlUrl": feed.url}
        attributes |= {"htmlUrl": feed.site_url} if feed.site_url else {}
        attributes |= {"language": feed.language} if feed.language else {}
        SubElement(folders[feed.kind], "outline", attributes | _own(feed))
    indent(root)
    text: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _own(feed: Feed) -> dict[str, str]:
    """Return what only trendbot has a word for, where it is not the usual."""
    own = {
        "weight": f"{feed.weight:g}" if feed.weight != 1 else "",
        "enabled": "" if feed.enabled else "false",
        "mirrors": " ".join(feed.mirrors),
        "userAgent": feed.user_agent or "",
    }
    return {_OURS + name: value for name, value in own.items() if value}
