"""Writing what a feed says: new entries, edits with their history, what vanished and what came back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import insert, literal, select, update
from sqlalchemy.orm import Session

from trendbot.core import withdrawals
from trendbot.core.entries import (
    Change,
    KnownEntry,
    ParsedEntry,
    ParsedFeed,
    Sorting,
    content_hash,
    effective_date,
    is_backlog,
    sort_entries,
)
from trendbot.core.polling import PollPolicy
from trendbot.core.urls import canonical_url
from trendbot.store.schema import Entry, EntryRevision, EntryTombstone
from trendbot.store.types import UTCDateTime


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What a document changed. `listing` marks what it lists; `removed` counts what it lists no more.

    `withdrawn` counts those of them that the feed took back; `missing` marks those of which that may be said when it
    changes again (see `core/withdrawals.py`). `redated` counts the `known` entries whose date is another than at first
    sight; `shift_s` is the median of the differences in seconds.
    """

    new: int = 0
    backlog: int = 0
    edited: int = 0
    renamed: int = 0
    removed: int = 0
    withdrawn: int = 0
    known: int = 0
    redated: int = 0
    shift_s: int | None = None
    listing: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What a feed listed until now, as marks; `first`: it never answered with a document before."""

    first: bool = False
    marks: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def mark(guid: str) -> str:
    """Return the short mark of a guid in a feed's listing."""
    return hashlib.sha256(guid.encode("utf-8", "replace")).hexdigest()[:16]


def apply_document(
    session: Session,
    feed_id: int,
    parsed: ParsedFeed,
    *,
    listed: Listed,
    now: datetime,
    policy: PollPolicy,
    elsewhere: bool = False,
) -> tuple[list[dict[str, Any]], Applied]:
    """Store what `parsed` says of known entries; return the rows of new ones, to be inserted, and what changed.

    `elsewhere`: the document comes from another address than the last one, so what is old in it is no news either.
    """
    known = () if listed.first else _known(session, feed_id, parsed.entries)
    sorting = sort_entries(parsed.entries, known)
    new = sorting.new if listed.first else _not_pruned(session, feed_id, sorting.new)
    opening = listed.first or elsewhere
    rows = [
        _row(feed_id, entry, now, backlog=opening and is_backlog(entry, now, age=policy.backlog_age), now=now)
        for entry in new
    ]
    _edit(session, sorting.edited, now)
    renamed = _touch(session, sorting)
    listing = tuple(mark(entry.guid) for entry in parsed.entries)
    old_marks = {mark(change.known.guid) for change in _renamed(sorting)}
    missing, withdrawn = ((), 0) if opening else _withdraw(session, feed_id, parsed, listed, listing, old_marks, now)
    shifts = _shifts(sorting)
    return rows, Applied(
        new=len(new),
        backlog=sum(row["backlog"] for row in rows),
        edited=len(sorting.edited),
        renamed=renamed,
        removed=0 if parsed.truncated else len(set(listed.marks) - set(listing) - old_marks),
        withdrawn=withdrawn,
        known=len(sorting.edited) + len(sorting.unchanged),
        redated=len(shifts),
        shift_s=round(median(shifts)) if shifts else None,
        listing=listing,
        missing=missing,
    )


def insert_entries(
    session: Session,
    feed_id: int,
    entries: Iterable[tuple[ParsedEntry, datetime, bool]],
    *,
    now: datetime | None = None,
) -> None:
    """Insert (entry, first sight, backlog) triples that are known to be new."""
    rows = [_row(feed_id, entry, seen, backlog=backlog, now=now or seen) for entry, seen, backlog in entries]
    if rows:
        session.execute(insert(Entry.__table__), rows)  # type: ignore[arg-type]  # the table, to be quick


def _row(feed_id: int, entry: ParsedEntry, seen: datetime, *, backlog: bool, now: datetime) -> dict[str, Any]:
    return {
        "feed_id": feed_id,
        "guid": entry.guid,
        "url": entry.url,
        "canonical_url": canonical_url(entry.url)[:2048],
        "title": entry.title,
        "summary": entry.summary,
        "content": entry.content,
        "author": entry.author,
        "language": entry.language,
        "published_at": entry.published_at,
        "updated_at": entry.updated_at,
        "seen_at": seen,
        "dated_at": effective_date(entry, now),
        "backlog": backlog,
        "content_hash": content_hash(entry),
        "revision": 1,
    }


_KNOWN = (
    Entry.id,
    Entry.guid,
    Entry.canonical_url,
    Entry.title,
    Entry.published_at,
    Entry.content_hash,
    Entry.revision,
    Entry.withdrawn_at,
)


def _known(session: Session, feed_id: int, entries: Sequence[ParsedEntry]) -> tuple[KnownEntry, ...]:
    """Load the stored entries that `entries` may be: by guid, and for those unknown by address."""
    guids = [entry.guid for entry in entries]
    found = _load(session, feed_id, Entry.guid.in_(guids))
    strangers = set(guids) - {entry.guid for entry in found}
    addresses = {canonical_url(entry.url)[:2048] for entry in entries if entry.guid in strangers and entry.url}
    if not addresses:
        return found
    have = {entry.id for entry in found}
    others = _load(session, feed_id, Entry.canonical_url.in_(addresses))
    return (*found, *(entry for entry in others if entry.id not in have))


def _load(session: Session, feed_id: int, condition: Any) -> tuple[KnownEntry, ...]:
    rows = session.execute(select(*_KNOWN).where(Entry.feed_id == feed_id, condition))
    return tuple(
        KnownEntry(
            id=row.id,
            guid=row.guid,
            canonical_url=row.canonical_url,
            title=row.title,
            published_at=row.published_at,
            content_hash=row.content_hash,
            revision=row.revision,
            withdrawn=row.withdrawn_at is not None,
        )
        for row in rows
    )


def _not_pruned(session: Session, feed_id: int, entries: Sequence[ParsedEntry]) -> Sequence[ParsedEntry]:
    if not entries:
        return entries
    hashes = {guid_hash(entry.guid): entry for entry in entries}
    query = select(EntryTombstone.guid_hash).where(
        EntryTombstone.feed_id == feed_id, EntryTombstone.guid_hash.in_(hashes)
    )
    pruned = set(session.scalars(query))
    return [entry for key, entry in hashes.items() if key not in pruned] if pruned else entries


def guid_hash(guid: str) -> str:
    """Return the key of a guid among the tombstones."""
    return hashlib.sha256(guid.encode("utf-8", "replace")).hexdigest()


def _edit(session: Session, changes: Sequence[Change], now: datetime) -> None:
    """Keep what entries said, and let them say what they say now."""
    if not changes:
        return
    kept = (Entry.id, Entry.revision, Entry.title, Entry.summary, Entry.content_hash, literal(now, UTCDateTime()))
    names = ("entry_id", "revision", "title", "summary", "content_hash", "replaced_at")
    before = select(*kept).where(Entry.id.in_([change.known.id for change in changes]))
    session.execute(insert(EntryRevision).from_select(names, before))
    session.execute(update(Entry), [_edited(change, now) for change in changes])


def _edited(change: Change, now: datetime) -> dict[str, Any]:
    entry = change.parsed
    return {
        "id": change.known.id,
        "guid": entry.guid,
        "url": entry.url,
        "canonical_url": canonical_url(entry.url)[:2048],
        "title": entry.title,
        "summary": entry.summary,
        "content": entry.content,
        "author": entry.author,
        "language": entry.language,
        "updated_at": entry.updated_at,
        "content_hash": content_hash(entry),
        "revision": change.known.revision + 1,
        "edited_at": now,
        "withdrawn_at": None,
    }


def _touch(session: Session, sorting: Sorting) -> int:
    """Note new guids of entries under an old face, and the return of withdrawn ones; count the renamed."""
    for change in sorting.unchanged:
        if change.known.guid == change.parsed.guid and not change.known.withdrawn:
            continue
        session.execute(
            update(Entry).where(Entry.id == change.known.id).values(guid=change.parsed.guid, withdrawn_at=None)
        )
    return len(_renamed(sorting))


def _renamed(sorting: Sorting) -> list[Change]:
    return [change for change in (*sorting.edited, *sorting.unchanged) if change.known.guid != change.parsed.guid]


def _withdraw(
    session: Session,
    feed_id: int,
    parsed: ParsedFeed,
    listed: Listed,
    listing: tuple[str, ...],
    renamed: set[str],
    now: datetime,
) -> tuple[tuple[str, ...], int]:
    """Mark entries that the feed took back; return what is missing for the first time, and how many were marked."""
    if parsed.truncated:
        return listed.missing, 0
    dates = [entry.published_at for entry in parsed.entries]
    again = set(listed.missing) - set(listing) - renamed
    gone = _dated(session, feed_id, again) if again else {}
    marks = withdrawals.withdrawn({name: at for name, (_, at) in gone.items()}, dates)
    if marks:
        taken_back = [gone[name][0] for name in marks]
        session.execute(update(Entry).where(Entry.id.in_(taken_back)).values(withdrawn_at=now))
    return tuple(sorted(withdrawals.vanished(listed.marks, listing, dates, renamed=renamed))), len(marks)


def _dated(session: Session, feed_id: int, marks: set[str]) -> dict[str, tuple[int, datetime | None]]:
    """Find the entries behind marks, with their dates."""
    query = select(Entry.id, Entry.guid, Entry.published_at).where(
        Entry.feed_id == feed_id, Entry.withdrawn_at.is_(None)
    )
    found = ((mark(row.guid), row) for row in session.execute(query))
    return {name: (row.id, row.published_at) for name, row in found if name in marks}


def _shifts(sorting: Sorting) -> list[float]:
    """Return by how many seconds each entry's date differs from its date at first sight, where it does."""
    changes = (*sorting.edited, *sorting.unchanged)
    dates = ((change.known.published_at, change.parsed.published_at) for change in changes)
    return [(said - kept).total_seconds() for kept, said in dates if kept and said and kept != said]
