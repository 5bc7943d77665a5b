"""The sample feeds as documents (RSS 2.0, Atom, RSS 1.0, JSON Feed) at an instant, and the OPML that lists them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from trendbot.core.vocabulary import FeedKind
from trendbot.sample.week import SAMPLE_NOTE, FeedFormat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from trendbot.sample.week import SampleEntry, SampleFeed, SampleWeek


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A feed's document at one instant, with what a conditional request needs."""

    body: bytes
    media_type: str
    etag: str
    modified: datetime


def document(feed: SampleFeed, *, at: datetime) -> Document:
    """Write the feed as its publisher would serve it at that instant: corrections made, withdrawals gone."""
    write, media_type = _WRITERS[feed.format]
    body = write(feed, at).encode()
    etag = hashlib.sha256(body).hexdigest()[:16]
    return Document(body=body, media_type=media_type, etag=etag, modified=feed.modified(at))


_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


def _tag(name: str, text: str | None) -> str:
    """Write one element, or nothing where there is no text; line breaks survive as references."""
    return f"<{name}>{escape(text, {chr(13): '&#13;', chr(10): '&#10;'})}</{name}>\n" if text else ""


def _about(feed: SampleFeed) -> str:
    return f"{feed.about}. {SAMPLE_NOTE}"


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _rss(feed: SampleFeed, at: datetime) -> str:
    items = "".join(_rss_item(entry, at) for entry in feed.latest(at))
    head = _tag("title", feed.title) + _tag("link", feed.site) + _tag("description", _about(feed))
    head += _tag("language", feed.language)
    return f'{_HEAD}<rss version="2.0" {_DC}><channel>\n{head}{items}</channel></rss>\n'


def _rss_item(entry: SampleEntry, at: datetime) -> str:
    title, summary = entry.wording(at)
    written = format_datetime(entry.at, usegmt=True) if entry.date is None else entry.date
    permanent = "true" if entry.guid == entry.link else "false"
    guid = f'<guid isPermaLink="{permanent}">{escape(entry.guid)}</guid>\n'
    text = _tag("title", title) + _tag("link", entry.link) + guid + _tag("description", summary)
    return f"<item>\n{text}{_tag('dc:creator', entry.author)}{_tag('pubDate', written)}</item>\n"


def _atom(feed: SampleFeed, at: datetime) -> str:
    entries = "".join(_atom_entry(entry, at) for entry in feed.latest(at))
    link = f"<link href={quoteattr(feed.site)}/>\n"
    head = _tag("title", feed.title) + _tag("subtitle", _about(feed)) + _tag("id", feed.site) + link
    head += _tag("updated", _iso(feed.modified(at)))
    language = quoteattr(feed.language)
    return f'{_HEAD}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang={language}>\n{head}{entries}</feed>\n'


def _atom_entry(entry: SampleEntry, at: datetime) -> str:
    title, summary = entry.wording(at)
    published = _iso(entry.at) if entry.date is None else entry.date
    updated = _iso(entry.edited_at) if entry.edited_at and entry.edited(at) else published
    author = f"<author>{_tag('name', entry.author)}</author>\n" if entry.author else ""
    text = _tag("title", title) + f"<link href={quoteattr(entry.link)}/>\n" + _tag("id", entry.guid) + author
    dates = _tag("published", published) + _tag("updated", updated)
    return f"<entry>\n{text}{dates}{_tag('summary', summary)}</entry>\n"


def _rdf(feed: SampleFeed, at: datetime) -> str:
    latest = feed.latest(at)
    order = "".join(f"<rdf:li rdf:resource={quoteattr(entry.link)}/>" for entry in latest)
    head = _tag("title", feed.title) + _tag("link", feed.site) + _tag("description", _about(feed))
    head += _tag("dc:language", feed.language) + f"<items><rdf:Seq>{order}</rdf:Seq></items>\n"
    namespaces = f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" {_DC}'
    items = "".join(_rdf_item(entry, at) for entry in latest)
    channel = f"<channel rdf:about={quoteattr(feed.site)}>\n{head}</channel>\n"
    return f"{_HEAD}<rdf:RDF {namespaces}>\n{channel}{items}</rdf:RDF>\n"


def _rdf_item(entry: SampleEntry, at: datetime) -> str:
    title, summary = entry.wording(at)
    text = _tag("title", title) + _tag("link", entry.link) + _tag("description", summary)
    text += _tag("dc:creator", entry.author) + _tag("dc:date", _iso(entry.at) if entry.date is None else entry.date)
    return f"<item rdf:about={quoteattr(entry.guid)}>\n{text}</item>\n"


def _json(feed: SampleFeed, at: datetime) -> str:
    content = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.site,
        "description": _about(feed),
        "language": feed.language,
        "items": [_json_item(entry, at) for entry in feed.latest(at)],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _json_item(entry: SampleEntry, at: datetime) -> dict[str, Any]:
    title, summary = entry.wording(at)
    item: dict[str, Any] = {"id": entry.guid, "url": entry.link, "title": title, "content_text": summary}
    item["date_published"] = _iso(entry.at) if entry.date is None else entry.date
    item["date_modified"] = _iso(entry.edited_at) if entry.edited_at and entry.edited(at) else None
    item["authors"] = [{"name": entry.author}] if entry.author else None
    return {key: value for key, value in item.items() if value}


_WRITERS = {
    FeedFormat.RSS: (_rss, "application/rss+xml"),
    FeedFormat.ATOM: (_atom, "application/atom+xml"),
    FeedFormat.RDF: (_rdf, "application/rdf+xml"),
    FeedFormat.JSON: (_json, "application/feed+json"),
}


def opml(week: SampleWeek, base: str) -> str:
    """List the week's feeds as OPML: one folder a kind, each feed with weight and language; `base` is the server."""
    kinds = [kind for kind in FeedKind if any(feed.kind is kind for feed in week.feeds)]
    folders = "".join(_folder(kind, [feed for feed in week.feeds if feed.kind is kind], base) for kind in kinds)
    head = f"<head>{_tag('title', f'{week.title}. {SAMPLE_NOTE}')}</head>"
    return f'{_HEAD}<opml version="2.0" xmlns:trendbot="urn:trendbot:opml">{head}<body>\n{folders}</body></opml>\n'


def _folder(kind: FeedKind, feeds: Iterable[SampleFeed], base: str) -> str:
    rows = "".join(_outline(feed, base) for feed in feeds)
    return f"<outline text={quoteattr(kind)}>\n{rows}</outline>\n"


def _outline(feed: SampleFeed, base: str) -> str:
    facts = {"text": feed.title, "title": feed.title, "xmlUrl": f"{base}/f/{feed.slug}", "htmlUrl": feed.site}
    facts |= {"language": feed.language, "trendbot:weight": str(feed.weight), "description": feed.about}
    return f'<outline type="rss" {" ".join(f"{key}={quoteattr(value)}" for key, value in facts.items())}/>\n'
