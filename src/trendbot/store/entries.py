"""Entries: list, show, import. What a poll writes is in ``polling.py``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from trendbot.core.entries import BACKLOG_AGE, Entry, ParsedEntry, effective_date, fallback_guid
from trendbot.core.urls import http_url
from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConfigError, NotFoundError
from trendbot.store.entry_writing import insert_entries
from trendbot.store.schema import Entry as EntryRow
from trendbot.store.schema import Feed as FeedRow
from trendbot.store.schema import FeedState, Tag, Theme
from trendbot.store.tags import holds

IMPORT_BATCH = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """What an import did; `problems` name lines that could not be used."""

    entries: int
    known: int
    feeds: int
    problems: tuple[str, ...] = ()


def list_entries(
    session: Session,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    feed_id: int | None = None,
    theme: str | None = None,
    search: str | None = None,
    limit: int | None = 50,
) -> tuple[Entry, ...]:
    """Return entries, the latest dated first.

    `since` ≤ dated_at < `until`; `theme` is a slug, by effective tag; `search` words must all occur in title or
    summary, letter case apart.
    """
    query = _selected()
    if since is not None:
        query = query.where(EntryRow.dated_at >= since)
    if until is not None:
        query = query.where(EntryRow.dated_at < until)
    if feed_id is not None:
        query = query.where(EntryRow.feed_id == feed_id)
    if theme is not None:
        query = query.where(tagged_with(theme))
    for word in (search or "").split():
        like = f"%{_escaped(word.lower())}%"
        where = [func.lower(column).like(like, escape="\\") for column in (EntryRow.title, EntryRow.summary)]
        query = query.where(or_(*where))
    query = query.order_by(EntryRow.dated_at.desc(), EntryRow.id.desc()).limit(limit)
    return tuple(as_entry(row, title) for row, title in session.execute(query))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def tagged_with(theme: str) -> Any:
    """Say "the effective tag of this theme is yes"."""
    return exists().where(Tag.entry_id == EntryRow.id, Tag.theme_id == Theme.id, Theme.slug == theme, holds())


def get_entry(session: Session, entry_id: int) -> Entry:
    """Return one entry.

    Raises:
        NotFoundError: there is none.

    """
    found = session.execute(_selected().where(EntryRow.id == entry_id)).first()
    if found is None:
        raise NotFoundError(f"no entry {entry_id}: see `trendbot entries list`")
    return as_entry(found[0], found[1])


def get_entries(session: Session, entry_ids: Iterable[int]) -> tuple[Entry, ...]:
    """Return those of the entries that exist, in the order asked."""
    wanted = list(entry_ids)
    found: dict[int, Entry] = {}
    for start in range(0, len(wanted), 5_000):
        part = wanted[start : start + 5_000]
        rows = session.execute(_selected().where(EntryRow.id.in_(part)))
        found |= {row.id: as_entry(row, title) for row, title in rows}
    return tuple(found[entry_id] for entry_id in wanted if entry_id in found)


def _selected() -> Select[EntryRow, str]:
    return select(EntryRow, FeedRow.title).join(FeedRow, FeedRow.id == EntryRow.feed_id)


def as_entry(row: EntryRow, feed_title: str) -> Entry:
    """Return the plain record of an entry's row."""
    return Entry(
        id=row.id,
        feed_id=row.feed_id,
        feed_title=feed_title,
        guid=row.guid,
        url=row.url,
        canonical_url=row.canonical_url,
        title=row.title,
        summary=row.summary,
        content=row.content,
        author=row.author,
        language=row.language,
        published_at=row.published_at,
        updated_at=row.updated_at,
        seen_at=row.seen_at,
        dated_at=row.dated_at,
        backlog=row.backlog,
        revision=row.revision,
        edited_at=row.edited_at,
        withdrawn_at=row.withdrawn_at,
    )


# -- import ------------------------------------------------------------------------------------------------------------


def import_entries(session: Session, lines: Iterable[str], *, now: datetime) -> ImportReport:
    """Take dated items, one JSON object a line: source, url, title, summary, published.

    Each source becomes a disabled feed (never polled). Every item is its own first sight at its date, so that trends
    and digests of the past can be worked out; items older than two days are backlog. Repeating an import adds nothing.

    Raises:
        ConfigError: not one line could be used.

    """
    feeds: dict[str, int] = {}
    pending: dict[int, list[ParsedEntry]] = {}
    problems: list[str] = []
    entries = total = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        total += 1
        try:
            source, entry = _item(line)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        feed_id = feeds.get(source) or _source(session, source, feeds, now)
        pending.setdefault(feed_id, []).append(entry)
        if len(pending[feed_id]) >= IMPORT_BATCH:
            entries += _flush(session, {feed_id: pending.pop(feed_id)}, now)
    entries += _flush(session, pending, now)
    usable = total - len(problems)
    if total and not usable:
        raise ConfigError(f"no line can be imported; {problems[0]}: give one JSON object a line with source and title")
    return ImportReport(entries=entries, known=usable - entries, feeds=len(feeds), problems=tuple(problems))


def keep_past(session: Session, past: Mapping[str, list[ParsedEntry]], *, now: datetime) -> int:
    """Store old entries of followed feeds, by the feed's address, each as seen at its own date; return how many."""
    feeds = dict(session.execute(select(FeedRow.url, FeedRow.id).where(FeedRow.url.in_(past))).all())
    return _flush(session, {feeds[url]: entries for url, entries in past.items() if url in feeds}, now)


def _item(line: str) -> tuple[str, ParsedEntry]:
    try:
        item: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(item, Mapping):
        raise ValueError("is not a JSON object")  # noqa: TRY004  (said of the line)
    source, title = str(item.get("source") or "").strip(), str(item.get("title") or "").strip()
    if not source or not title:
        raise ValueError("lacks source or title")
    url, published = http_url(str(item.get("url") or "")), str(item.get("published") or "")
    return source, ParsedEntry(
        guid=str(item.get("id") or "") or fallback_guid(url=url, title=title, published=published),
        url=url,
        title=title[:500],
        summary=str(item.get("summary") or "")[:4_000],
        language=str(item["language"])[:16] if item.get("language") else None,
        published_at=_date(published),
    )


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"published {text!r} is no ISO 8601 date") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _source(session: Session, source: str, feeds: dict[str, int], now: datetime) -> int:
    url = f"import:{source}"[:2048]
    row = session.scalar(select(FeedRow).where(FeedRow.url == url))
    if row is None:
        row = FeedRow(url=url, title=source, kind=FeedKind.NEWS, enabled=False, added_at=now)
        session.add(row)
        session.flush()
        session.add(FeedState(feed_id=row.id, next_poll_at=now))
    feeds[source] = row.id
    return row.id


def _flush(session: Session, pending: Mapping[int, list[ParsedEntry]], now: datetime) -> int:
    added = 0
    for feed_id, entries in pending.items():
        fresh = list(_unknown(session, feed_id, entries))
        insert_entries(session, feed_id, [(entry, *_sight(entry, now)) for entry in fresh])
        added += len(fresh)
    return added


def _unknown(session: Session, feed_id: int, entries: list[ParsedEntry]) -> Iterator[ParsedEntry]:
    guids = {entry.guid for entry in entries}
    known = set(session.scalars(select(EntryRow.guid).where(EntryRow.feed_id == feed_id, EntryRow.guid.in_(guids))))
    for entry in entries:
        if entry.guid not in known:
            known.add(entry.guid)
            yield entry


def _sight(entry: ParsedEntry, now: datetime) -> tuple[datetime, bool]:
    """Give an imported entry's first sight, and whether it is old."""
    dated = effective_date(entry, now)
    return dated, dated < now - BACKLOG_AGE
