"""Feeds as people curate them: add, list, change, remove, seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from trendbot.core.feeds import Feed, FeedSeed
from trendbot.core.urls import canonical_url
from trendbot.errors import ConflictError, NotFoundError
from trendbot.store.schema import Entry as EntryRow
from trendbot.store.schema import Feed as FeedRow
from trendbot.store.schema import FeedState


def add_feed(session: Session, seed: FeedSeed, *, now: datetime) -> Feed:
    """Follow a feed; it is due at once.

    Raises:
        ConflictError: the feed is followed already, perhaps in another spelling of its address.

    """
    refuse_double(session, seed.url)
    return _inserted(session, seed, now)


def refuse_double(session: Session, address: str) -> None:
    """Let pass an address that is not followed yet, in whatever spelling.

    Raises:
        ConflictError: it is followed; the message names the feed.

    """
    wanted = canonical_url(address)
    for url, title in session.execute(select(FeedRow.url, FeedRow.title)):
        if canonical_url(url) == wanted:
            raise ConflictError(f"{address} is followed already, as {title!r} ({url})")


def seed_feeds(session: Session, seeds: Iterable[FeedSeed], now: datetime) -> int:
    """Follow every feed of `seeds` whose address is not followed yet; return how many were added.

    Harmless to repeat, but it brings back what a person removed: seed an empty database, or on request.
    """
    known = {canonical_url(url) for url in session.scalars(select(FeedRow.url))}
    added = 0
    for seed in seeds:
        if canonical_url(seed.url) not in known:
            _inserted(session, seed, now)
            known.add(canonical_url(seed.url))
            added += 1
    return added


def _inserted(session: Session, seed: FeedSeed, now: datetime) -> Feed:
    row = FeedRow(
        url=seed.url,
        title=seed.title or seed.url,
        site_url=seed.site_url,
        kind=seed.kind,
        language=seed.language,
        weight=seed.weight,
        enabled=seed.enabled,
        user_agent=seed.user_agent,
        mirrors=list(seed.mirrors),
        added_at=now,
    )
    session.add(row)
    session.flush()
    state = FeedState(feed_id=row.id, next_poll_at=now)
    session.add(state)
    session.flush()
    return as_feed(row, state)


def count_feeds(session: Session) -> int:
    """Return how many feeds there are, disabled ones included."""
    return session.scalar(select(func.count()).select_from(FeedRow)) or 0


def list_feeds(session: Session, *, enabled: bool | None = None) -> tuple[Feed, ...]:
    """Return the feeds by title, with the number of their entries; `enabled` narrows to those on or off."""
    counted = select(EntryRow.feed_id, func.count().label("entries")).group_by(EntryRow.feed_id).subquery()
    query = (
        select(FeedRow, FeedState, func.coalesce(counted.c.entries, 0))
        .outerjoin(FeedState, FeedState.feed_id == FeedRow.id)
        .outerjoin(counted, counted.c.feed_id == FeedRow.id)
        .order_by(func.lower(FeedRow.title), FeedRow.id)
    )
    if enabled is not None:
        query = query.where(FeedRow.enabled == enabled)
    return tuple(as_feed(feed, state, entries) for feed, state, entries in session.execute(query))


def get_feed(session: Session, which: int | str) -> Feed:
    """Return the feed with this number or address.

    Raises:
        NotFoundError: there is none.

    """
    row = _row(session, which)
    count = session.scalar(select(func.count()).select_from(EntryRow).where(EntryRow.feed_id == row.id))
    return as_feed(row, session.get(FeedState, row.id), count or 0)


def remove_feed(session: Session, which: int | str) -> Feed:
    """Forget a feed, its entries and what hangs on them; digests already frozen keep their text.

    Raises:
        NotFoundError: there is none.

    """
    feed = get_feed(session, which)
    session.execute(delete(EntryRow).where(EntryRow.feed_id == feed.id))
    session.execute(delete(FeedRow).where(FeedRow.id == feed.id))
    return feed


def set_enabled(session: Session, which: int | str, enabled: bool, *, now: datetime) -> Feed:
    """Ask a feed again, or no more. Enabling makes it due at once and forgets that it was gone or failing.

    Raises:
        NotFoundError: there is none.

    """
    row = _row(session, which)
    row.enabled = enabled
    state = session.get(FeedState, row.id)
    if enabled and state is not None:
        state.gone_at, state.failures, state.error = None, 0, None
        state.next_poll_at = min(state.next_poll_at, now)
    session.flush()
    return as_feed(row, state)


def update_feed(session: Session, which: int | str, changes: Mapping[str, Any]) -> Feed:
    """Change curated columns (title, kind, weight, url, mirrors, user_agent …) of a feed.

    Raises:
        NotFoundError: there is none.

    """
    row = _row(session, which)
    for name, value in changes.items():
        setattr(row, name, value)
    session.flush()
    return as_feed(row, session.get(FeedState, row.id))


def _row(session: Session, which: int | str) -> FeedRow:
    if isinstance(which, int) or which.isdigit():
        row = session.get(FeedRow, int(which))
    else:
        row = session.scalar(select(FeedRow).where(FeedRow.url == which)) or _by_canonical(session, which)
    if row is None:
        raise NotFoundError(f"no feed {which}: see `trendbot feeds list`")
    return row


def _by_canonical(session: Session, url: str) -> FeedRow | None:
    wanted = canonical_url(url)
    return next((row for row in session.scalars(select(FeedRow)) if canonical_url(row.url) == wanted), None)


def as_feed(row: FeedRow, state: FeedState | None, entries: int = 0) -> Feed:
    """Return the plain record of a feed's two rows."""
    return Feed(
        id=row.id,
        url=row.url,
        title=row.title,
        site_url=row.site_url,
        kind=row.kind,
        language=row.language,
        weight=row.weight,
        enabled=row.enabled,
        user_agent=row.user_agent,
        mirrors=tuple(row.mirrors),
        added_at=row.added_at,
        next_poll_at=state.next_poll_at if state else None,
        polled_at=state.polled_at if state else None,
        succeeded_at=state.succeeded_at if state else None,
        changed_at=state.changed_at if state else None,
        gone_at=state.gone_at if state else None,
        failures=(state.failures if state else 0) or 0,
        status=state.status if state else None,
        error=state.error if state else None,
        entries=entries,
        counts=dict((state.counts if state else None) or {}),
    )
