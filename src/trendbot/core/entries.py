"""What a feed said, and what we make of it: identity, content hash, effective date, what is new.

Identity is the pair (feed, guid). Where a feed gives no guid, its link stands in, else a hash of title and date. Feeds
that change the guid of an entry they list already are recognised (`same_entry`); feeds that use one guid or one link
for many entries are taken apart (`distinct`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from trendbot.core.urls import canonical_url, is_front_page

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
"""No feed is older: earlier dates are a program's zero."""
AHEAD = timedelta(days=1)
"""How far in the future a date may lie and still be believed (time zones are often wrong)."""
BACKLOG_AGE = timedelta(hours=48)
"""Entries older than this at a feed's first poll are no news."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedEntry:
    """One item of a feed document. All texts are plain; `summary` and `content` part paragraphs by a newline."""

    guid: str
    url: str
    title: str
    summary: str = ""
    content: str = ""
    author: str | None = None
    language: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedHints:
    """What the document itself says on how often to ask; hours and days are UTC, days as 0 (Monday) to 6."""

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    expired: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedFeed:
    """A feed document, read."""

    title: str = ""
    site_url: str = ""
    language: str | None = None
    entries: tuple[ParsedEntry, ...] = ()
    hints: FeedHints = field(default_factory=FeedHints)
    truncated: bool = False
    """The document ends before its end: nothing may be concluded from what it does not list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A stored entry; instants are aware UTC.

    `seen_at` is our first sight of it; `dated_at` is its believed date and orders everything; `backlog` marks what was
    old already when its feed was first polled.
    """

    id: int
    feed_id: int
    feed_title: str
    guid: str
    url: str
    canonical_url: str
    title: str
    summary: str
    content: str
    author: str | None
    language: str | None
    published_at: datetime | None
    updated_at: datetime | None
    seen_at: datetime
    dated_at: datetime
    backlog: bool
    revision: int
    edited_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownEntry:
    """What deciding needs to know of a stored entry."""

    id: int
    guid: str
    canonical_url: str
    title: str
    published_at: datetime | None
    content_hash: str
    revision: int
    withdrawn: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A stored entry and what its feed says of it now."""

    known: KnownEntry
    parsed: ParsedEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorting:
    """The entries of a document against what is stored: each entry stands in exactly one of the three."""

    new: tuple[ParsedEntry, ...]
    edited: tuple[Change, ...]
    unchanged: tuple[Change, ...]


def content_hash(entry: ParsedEntry) -> str:
    """Return the hash of what a reader sees: title, summary and content, paragraphs apart.

    Dates and links are left out: many feeds rewrite them at every fetch.
    """
    seen = "\x00".join(text.replace("\n", " ") for text in (entry.title, entry.summary, entry.content))
    return hashlib.sha256(seen.encode("utf-8", "replace")).hexdigest()


def believable(instant: datetime | None, now: datetime) -> bool:
    """Tell whether a feed's date can be true at `now`."""
    return instant is not None and EARLIEST <= instant <= now + AHEAD


def effective_date(entry: ParsedEntry, now: datetime) -> datetime:
    """Return the date to order by: published, else updated, else `now`; never later than `now`."""
    for instant in (entry.published_at, entry.updated_at):
        if instant is not None and believable(instant, now):
            return min(instant, now)
    return now


def is_backlog(entry: ParsedEntry, now: datetime, *, age: timedelta = BACKLOG_AGE) -> bool:
    """Tell whether an entry found at its feed's first poll is old: dated before `now` - `age`, or not dated at all."""
    dates = [instant for instant in (entry.published_at, entry.updated_at) if believable(instant, now)]
    return not dates or (dates[0] or now) < now - age


def fallback_guid(*, url: str, title: str, published: str) -> str:
    """Return the identity of an entry without a guid: its link, else a hash of title and date as they stand."""
    return url or "sha256:" + hashlib.sha256(f"{title}\x00{published}".encode("utf-8", "replace")).hexdigest()[:40]


def distinct(entries: Iterable[ParsedEntry]) -> tuple[ParsedEntry, ...]:
    """Return the entries with no guid twice.

    The same guid twice with one address or one title is one entry told twice: the later updated stays (RFC 4287,
    4.2.6), else the first. The same guid over different addresses and titles is no identity: each gets its own.
    """
    groups: dict[str, list[ParsedEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.guid, []).append(entry)
    return tuple(entry for group in groups.values() for entry in _of_one_guid(group))


def _of_one_guid(group: Sequence[ParsedEntry]) -> Iterable[ParsedEntry]:
    if len(group) == 1:
        return group
    told: dict[str, ParsedEntry] = {}
    for entry in group:
        key = next((key for key, other in told.items() if _told_twice(entry, other)), entry.url + "\x00" + entry.title)
        told[key] = max(told.get(key, entry), entry, key=_updated)
    if len(told) == 1:
        return told.values()
    return [replace(entry, guid=_own_guid(entry)) for entry in told.values()]


def _told_twice(one: ParsedEntry, other: ParsedEntry) -> bool:
    if one.url and canonical_url(one.url) == canonical_url(other.url) and not is_front_page(one.url):
        return True
    return one.title == other.title


def _updated(entry: ParsedEntry) -> datetime:
    return entry.updated_at or entry.published_at or EARLIEST


def _own_guid(entry: ParsedEntry) -> str:
    mark = hashlib.sha256(f"{canonical_url(entry.url)}\x00{entry.title}".encode("utf-8", "replace")).hexdigest()
    return f"{entry.guid[:1900]}#{mark[:16]}"


def sort_entries(parsed: Sequence[ParsedEntry], known: Sequence[KnownEntry]) -> Sorting:
    """Compare a document with what is stored of its feed; `known` must hold every stored entry that can match."""
    by_guid = {entry.guid: entry for entry in known}
    renamed = _renamed([entry for entry in parsed if entry.guid not in by_guid], parsed, known)
    new, edited, unchanged = [], [], []
    for entry in parsed:
        stored = by_guid.get(entry.guid) or renamed.get(entry.guid)
        if stored is None:
            new.append(entry)
        elif stored.content_hash != content_hash(entry):
            edited.append(Change(known=stored, parsed=entry))
        else:
            unchanged.append(Change(known=stored, parsed=entry))
    return Sorting(new=tuple(new), edited=tuple(edited), unchanged=tuple(unchanged))


def _renamed(
    strangers: Sequence[ParsedEntry], parsed: Sequence[ParsedEntry], known: Sequence[KnownEntry]
) -> Mapping[str, KnownEntry]:
    """Find the stored entries that `strangers` are under a new guid: those that the document no longer lists."""
    if not strangers or not known:
        return {}
    listed = {entry.guid for entry in parsed}
    free: defaultdict[str, list[KnownEntry]] = defaultdict(list)
    for old in known:
        if old.guid not in listed:
            free[old.canonical_url].append(old)
    shared = Counter(canonical_url(entry.url) for entry in parsed if entry.url)
    found = {}
    for entry in strangers:
        address = canonical_url(entry.url)
        match = next((old for old in free[address] if same_entry(entry, old, shared=shared[address] > 1)), None)
        if match is not None:
            free[address].remove(match)
            found[entry.guid] = match
    return found


def same_entry(entry: ParsedEntry, old: KnownEntry, *, shared: bool) -> bool:
    """Tell whether `entry` is `old` under a new guid; both have one canonical address.

    An address that several entries of the document share, or that is a front page, names no entry: there title and
    date must agree as well. Elsewhere the title or the date is enough.
    """
    if not entry.url:
        return False
    same_title = entry.title.casefold() == old.title.casefold()
    same_date = entry.published_at is not None and entry.published_at == old.published_at
    if shared or is_front_page(entry.url):
        return same_title and same_date
    return same_title or same_date
