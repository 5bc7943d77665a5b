"""Bytes to `ParsedFeed`: choose the reader, then judge and clean what it found.

    body ──sniff──► JSON Feed | XML | a plugin's ──► RawFeed ──links, texts, dates, identity──► ParsedFeed

A reader that a package adds (entry points of the group ``trendbot.parsers``) is a `Reader`: it is asked where ours find
no feed, takes the body, and returns what stands there as a RawFeed, or None where it is not its own.
A body that is no feed raises ParseError with one clause for a person. Nothing else that a stranger can put in a body
raises: an item that cannot be used is left out.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from trendbot.core.entries import ParsedEntry, ParsedFeed, distinct, fallback_guid
from trendbot.core.urls import MAX_LENGTH, http_url
from trendbot.errors import ParseError
from trendbot.fetch.fast import read_fast
from trendbot.fetch.hints import read_hints
from trendbot.fetch.jsonfeed import looks_like_json, read_json
from trendbot.fetch.raw import RawEntry, RawFeed
from trendbot.fetch.reference import read_reference
from trendbot.fetch.texts import NAME_LIMIT, SUMMARY_LIMIT, Raw, one_line, paragraphs, shortened
from trendbot.plugins import PARSERS, plugins

MAX_ENTRIES = 2_000
"""Entries taken of one document: as many as arXiv's largest answer."""
EARLIEST_YEAR = 1970
"""Dates before this are a program's zero, and are dropped."""

_HTML = re.compile(
    rb"^\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_FEED_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf|channel)\b", re.IGNORECASE)
_FEED_END = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
_CDATA = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_XML_TAG = re.compile(rb"<(/?)[A-Za-z_][^<>]*?(/?)>")
_DEEPEST = 2_000
_RUN = re.compile(rb"(?<!\s)\s{100,}")
"""Runs of white space, which mean no more than one, and on which feedparser takes quadratic time."""
_LANGUAGE = re.compile(r"^[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*$", re.IGNORECASE)


class HandedOver(Exception):  # noqa: N818  (no error: a word between the two halves of reading)
    """The fast reader passed, and the reference reader was not to be asked here."""


class Reader(Protocol):
    """Reads a format of its own."""

    def __call__(self, body: bytes, *, url: str, content_type: str) -> RawFeed | None:
        """Return what `body` says, which `url` answered; None where it is none of this format."""
        ...


def parse(body: bytes, *, url: str, content_type: str = "", judge: bool = True, added: bool = True) -> ParsedFeed:
    """Read `body`, which `url` answered; `content_type` is the header as it stands.

    Without `judge` only readers are asked whose time is linear in the body, without `added` none of a plugin;
    HandedOver is raised where that is not enough.

    Raises:
        ParseError: it is no feed; the message is a clause such as "is a web page, not a feed".

    """
    body = _eight_bits(body)
    raw = _read(body, url=url, content_type=content_type, judge=judge)
    if raw is None:
        raw = _read_added(body, url=url, content_type=content_type, asked=added)
    if raw is None:
        raise ParseError(_why_not(body), url=url)
    truncated = _is_truncated(body)
    base = http_url(raw.link, url) or url
    language = raw.language.lower().replace("_", "-")[:16] if _LANGUAGE.match(raw.language) else None
    raws = raw.entries[:-1] if truncated and len(raw.entries) > 1 else raw.entries
    return ParsedFeed(
        title=one_line(raw.title, NAME_LIMIT),
        site_url=http_url(raw.link, url),
        language=language,
        entries=distinct(_finished(raws[:MAX_ENTRIES], base, language)),
        hints=read_hints(body, expired=raw.expired),
        truncated=truncated or len(raws) > MAX_ENTRIES,
    )


@dataclass(frozen=True, slots=True)
class Crashed:
    """A document that brought a reader to an exception nobody foresaw."""

    traceback: str


def parse_or_reason(
    body: bytes, url: str, content_type: str, judge: bool = True, added: bool = True
) -> ParsedFeed | str | Crashed | None:
    """Return what `body` says, or the reason why it says nothing; None for HandedOver (see `parse`).

    Raises nothing, and passes between processes.
    """
    try:
        return parse(body, url=url, content_type=content_type, judge=judge, added=added)
    except HandedOver:
        return None
    except ParseError as error:
        return str(error)
    except Exception:  # noqa: BLE001  (strangers' data: this feed fails, the others go on)
        return Crashed(traceback.format_exc())


def _eight_bits(body: bytes) -> bytes:
    """Turn UTF-16 that carries no mark of it, which no parser would recognise, into UTF-8."""
    if body[:4] in (b"\x00<\x00r", b"\x00<\x00?", b"\x00<\x00f"):
        return body.decode("utf-16-be", "replace").encode()
    if body[:4] in (b"<\x00r\x00", b"<\x00?\x00", b"<\x00f\x00"):
        return body.decode("utf-16-le", "replace").encode()
    return body


def _read(body: bytes, *, url: str, content_type: str, judge: bool = True) -> RawFeed | None:
    if looks_like_json(body):
        return read_json(body)
    if _HTML.match(body[:4096]):
        return None
    plain = read_fast(body, content_type=content_type)
    if plain is not None:
        return plain
    if not judge:
        raise HandedOver
    if _is_too_deep(body):
        raise ParseError("is nested too deeply", url=url)
    try:
        return read_reference(_RUN.sub(b"\n", body), content_type=content_type)
    except Exception as error:  # feedparser knows no end of exceptions
        raise ParseError(f"cannot be read ({type(error).__name__})", url=url) from error


def _read_added(body: bytes, *, url: str, content_type: str, asked: bool) -> RawFeed | None:
    """Ask the readers that packages add, one after the other."""
    readers = [each for each in plugins(PARSERS) if each.part is not None]
    if readers and not asked:
        raise HandedOver
    for each in readers:
        try:
            found = each.part(body, url=url, content_type=content_type)
        except Exception as error:
            raise ParseError(
                f"brings the plugin {each.name} down ({type(error).__name__}: {error})", url=url
            ) from error
        if isinstance(found, RawFeed):
            return found
        if found is not None:
            raise ParseError(f"makes the plugin {each.name} return what is no RawFeed", url=url)
    return None


def _is_too_deep(body: bytes) -> bool:
    """Tell whether elements are nested so deeply that feedparser takes quadratic time; CDATA does not count."""
    if body.count(b"<") <= _DEEPEST:
        return False
    depth = 0
    for closing, empty in _XML_TAG.findall(_CDATA.sub(b"", body)):
        depth += -1 if closing else not empty
        if depth > _DEEPEST:
            return True
    return False


def _why_not(body: bytes) -> str:
    if not body.strip():
        return "is empty"
    if _HTML.match(body[:4096]) or b"<html" in body[:4096].lower():
        return "is a web page, not a feed"
    return "is JSON, but no JSON Feed" if looks_like_json(body) else "is not a feed"


def _is_truncated(body: bytes) -> bool:
    """Tell whether a document of a known XML form ends before its end."""
    if not _FEED_ROOT.search(body[:8192]):
        return False
    return not _FEED_END.search(body[-4096:])


def _finished(raws: tuple[RawEntry, ...], base: str, language: str | None) -> Iterator[ParsedEntry]:
    for raw in raws:
        entry = _entry(raw, base, language)
        if entry.title or entry.summary or entry.content:
            yield entry


def _entry(raw: RawEntry, base: str, language: str | None) -> ParsedEntry:
    url = http_url(raw.link, base)
    title = one_line(raw.title)
    summary, content = _texts(raw.summary, raw.content)
    return ParsedEntry(
        guid=_guid(raw, url, title),
        url=url,
        title=title or _first_words(summary or content),
        summary=summary,
        content=content,
        author=one_line(Raw(raw.author, markup="&" in raw.author), NAME_LIMIT) or None,
        language=language,
        published_at=_dated(raw.published_at),
        updated_at=_dated(raw.updated_at),
    )


def _texts(summary: Raw, content: Raw) -> tuple[str, str]:
    """Give summary and content: whichever is there serves for both, and content is kept only where it says more."""
    short = paragraphs(summary) if summary.value else ""
    long = short if content.value == summary.value else paragraphs(content)
    if len(short) > len(long):
        short, long = long or short, short
    lead = shortened(short or long, SUMMARY_LIMIT)
    return lead, "" if long == lead else long


def _guid(raw: RawEntry, url: str, title: str) -> str:
    guid = raw.guid.strip()
    if not guid.isprintable():
        guid = "".join(character for character in guid if character.isprintable())
    if not guid:
        guid = fallback_guid(url=url, title=title, published=raw.date_text)
    if len(guid) <= MAX_LENGTH:
        return guid
    return fallback_guid(url="", title=guid, published="")


def _first_words(text: str) -> str:
    return shortened(text.partition("\n")[0], 120)


def _dated(instant: datetime | None) -> datetime | None:
    return instant if instant is not None and instant.year >= EARLIEST_YEAR else None
