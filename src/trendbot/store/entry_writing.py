"""Writing what a feed says: new entries, edits with their history, what vanished and what came back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What a document changed. `listing` marks what it lists; `removed` counts what it lists no more.

    `redated` counts the `known` entries whose date is another than at first sight; `shift_s` is the median of the
    differences in seconds.
    """

    new: int = 0
    backlog: int = 0
    edited: int = 0
    renamed: int = 0
    removed: int = 0
    known: int = 0
    redated: int = 0
    shift_s: int | None = None
    listing: tuple[str, ...] = ()


def mark(guid: str) -> str:
    """Return the short mark of a guid in a feed's listing."""
    return hashlib.sha256(guid.encode("utf-8", "replace")).hexdigest()[:16]


def apply_document(
    session: Session,
    feed_id: int,
    parsed: ParsedFeed,
    *,
    first: bool,
    listed: Sequence[str],
    now: datetime,
    policy: PollPolicy,
    elsewhere: bool = False,
) -> Applied:
    """Store what `parsed` says; `first` is the feed's first success, `listed` its listing until now.

    `elsewhere`: the document comes from another address than the last one, so what is old in it is no news either.
    """
    known = () if first else _known(session, feed_id, parsed.entries)
    sorting = sort_entries(parsed.entries, known)
    new = sorting.new if first else _not_pruned(session, feed_id, sorting.new)
    rows = [(entry, now, (first or elsewhere) and is_backlog(entry, now, age=policy.backlog_age)) for entry in new]
    insert_entries(session, feed_id, rows, now=now)
    for change in sorting.edited:
        _edit(session, change, now)
    renamed = _touch(session, sorting)
    listing = tuple(mark(entry.guid) for entry in parsed.entries)
    shifts = _shifts(sorting)
    return Applied(
        new=len(new),
        backlog=sum(old for _, _, old in rows),
        edited=len(sorting.edited),
        renamed=renamed,
        removed=_removed(listed, listing, sorting, parsed),
        known=len(sorting.edited) + len(sorting.unchanged),
        redated=len(shifts),
        shift_s=round(median(shifts)) if shifts else None,
        listing=listing,
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


def _edit(session: Session, change: Change, now: datetime) -> None:
    row = session.get_one(Entry, change.known.id)
    session.add(
        EntryRevision(
            entry_id=row.id,
            revision=row.revision,
            title=row.title,
            summary=row.summary,
            content_hash=row.content_hash,
            replaced_at=now,
        )
    )
    entry = change.parsed
    row.guid, row.url, row.canonical_url = entry.guid, entry.url, canonical_url(entry.url)[:2048]
    row.title, row.summary, row.content = entry.title, entry.summary, entry.content
    row.author, row.language, row.updated_at = entry.author, entry.language, entry.updated_at
    row.content_hash, row.revision = content_hash(entry), row.revision + 1
    row.edited_at, row.withdrawn_at = now, None
    session.flush()


def _touch(session: Session, sorting: Sorting) -> int:
    """Note new guids of entries under an old face, and the return of withdrawn ones; count the renamed."""
    renamed = 0
    for change in sorting.unchanged:
        if change.known.guid == change.parsed.guid and not change.known.withdrawn:
            continue
        renamed += change.known.guid != change.parsed.guid
        session.execute(
            update(Entry).where(Entry.id == change.known.id).values(guid=change.parsed.guid, withdrawn_at=None)
        )
    return renamed + sum(change.known.guid != change.parsed.guid for change in sorting.edited)


def _shifts(sorting: Sorting) -> list[float]:
    """Return by how many seconds each entry's date differs from its date at first sight, where it does."""
    changes = (*sorting.edited, *sorting.unchanged)
    dates = ((change.known.published_at, change.parsed.published_at) for change in changes)
    return [(said - kept).total_seconds() for kept, said in dates if kept and said and kept != said]


def _removed(listed: Sequence[str], listing: Sequence[str], sorting: Sorting, parsed: ParsedFeed) -> int:
    if parsed.truncated:
        return 0
    renamed = {mark(change.known.guid) for change in (*sorting.edited, *sorting.unchanged)}
    return len(set(listed) - set(listing) - renamed)
