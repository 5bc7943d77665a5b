"""Watching the sources of what was told: entries as they read then and now, and the errata that follow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from trendbot.core.errata import Cause, Page
from trendbot.store.chunks import chunks
from trendbot.store.digests import Digest, get_digest
from trendbot.store.errata import SOURCE, Found, new_row
from trendbot.store.schema import Digest as DigestRow
from trendbot.store.schema import Entry, EntryRevision, Erratum, Feed


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """An entry that was withdrawn or edited: as it was at a moment, and as it is."""

    entry_id: int
    before: Page
    now: Page
    revision: int
    withdrawn_at: datetime | None


def told_since(session: Session, since: datetime) -> tuple[Digest, ...]:
    """Return the digests frozen since, the oldest first."""
    ids = session.scalars(
        select(DigestRow.id).where(DigestRow.frozen_at >= since).order_by(DigestRow.frozen_at, DigestRow.id)
    ).all()
    return tuple(get_digest(session, digest) for digest in ids)


def changed_since(session: Session, entry_ids: Collection[int], at: datetime) -> dict[int, Changed]:
    """Return those of the entries that were withdrawn or edited after a moment, as they read at it and as they do."""
    found: dict[int, Changed] = {}
    for chunk in chunks(sorted(entry_ids)):
        rows = session.execute(
            select(Entry, Feed.title)
            .join(Feed, Feed.id == Entry.feed_id)
            .where(Entry.id.in_(chunk), Entry.withdrawn_at.is_not(None) | (Entry.edited_at > at))
        )
        for entry, feed in rows:
            now = Page(title=entry.title, body=entry.summary or entry.content, source=feed)
            found[entry.id] = Changed(
                entry_id=entry.id,
                before=_as_told(session, entry.id, at, now),
                now=now,
                revision=entry.revision,
                withdrawn_at=entry.withdrawn_at,
            )
    return found


def _as_told(session: Session, entry_id: int, at: datetime, now: Page) -> Page:
    """Return an entry as it read at a moment: the first revision that was replaced after it."""
    row = session.scalar(
        select(EntryRevision)
        .where(EntryRevision.entry_id == entry_id, EntryRevision.replaced_at > at)
        .order_by(EntryRevision.revision)
        .limit(1)
    )
    return Page(title=row.title, body=row.summary, source=now.source) if row else now


def keep_errata(
    session: Session, digest_id: int, found: Sequence[Found], *, seen: Collection[int], now: datetime
) -> int:
    """Write what was found of a digest; return how many errata are new.

    Each is made once. One that no digest has told yet follows its entry: it is brought up to date with the newest
    change, and goes where the entry (of `seen`, those that were looked at) is as it was told again.
    """
    waiting = {
        (row.entry_id, row.cause): row
        for row in session.scalars(
            select(Erratum).where(
                Erratum.digest_id == digest_id,
                Erratum.told_in.is_(None),
                Erratum.dismissed_at.is_(None),
                Erratum.cause != Cause.EDITOR.value,
            )
        )
    }
    rows = session.scalars(select(Erratum).where(Erratum.digest_id == digest_id))
    known = {(row.entry_id, row.cause, row.revision): row for row in rows}
    wanted = {(each.entry_id, each.cause.value): each for each in found}
    new = 0
    for key, each in wanted.items():
        if (*key, each.revision) in known:
            _revive(known[*key, each.revision])
            continue
        if key in waiting:
            row = waiting[key]
            row.revision, row.said, row.now_says = each.revision, each.said, each.now_says
            continue
        session.add(new_row(each, by=SOURCE, now=now))
        new += 1
    for key, row in waiting.items():
        if key not in wanted and row.entry_id in seen:
            row.dismissed_at, row.dismissed_by = now, SOURCE
    session.flush()
    return new


def waiting_entries(session: Session, digest_id: int) -> frozenset[int]:
    """Return the entries of a digest with an erratum that waits."""
    return frozenset(
        session.scalars(
            select(Erratum.entry_id).where(
                Erratum.digest_id == digest_id, Erratum.told_in.is_(None), Erratum.dismissed_at.is_(None)
            )
        )
    )


def _revive(row: Erratum) -> None:
    """Let an erratum wait again whose source had changed back, and now is as it was found first."""
    if row.dismissed_by == SOURCE and row.told_in is None:
        row.dismissed_at = row.dismissed_by = None
