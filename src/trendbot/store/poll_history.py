"""The newest polls of each feed that said something: what the feed doctor reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from trendbot.core.feed_findings import PollNote
from trendbot.core.polling import Outcome, PollFacts
from trendbot.store.entry_writing import Applied
from trendbot.store.schema import FeedPoll

KEPT = 50
"""Polls kept of a feed."""
_SLACK = 16
"""So many more may gather before they are dropped."""
_COUNTS = ("known", "new", "edited", "renamed", "removed", "redated", "shift_s")


def poll_rows(
    feed_id: int, facts: PollFacts, applied: Applied, *, listed: int, at: datetime
) -> tuple[dict[str, Any], ...]:
    """Return the row of a poll; none for a poll that only confirmed what we have."""
    if facts.outcome is Outcome.SAME:
        return ()
    error = (facts.reason or "failed") if facts.outcome is Outcome.FAILED else None
    row = {name: getattr(applied, name) for name in _COUNTS}
    return (
        row
        | {
            "feed_id": feed_id,
            "polled_at": at,
            "url": facts.url,
            "status": facts.status,
            "error": error,
            "listed": listed,
        },
    )


def keep_polls(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows, and drop the oldest of feeds that have many."""
    if not rows:
        return
    session.execute(insert(FeedPoll), list(rows))
    crowded = (
        select(FeedPoll.feed_id)
        .where(FeedPoll.feed_id.in_({row["feed_id"] for row in rows}))
        .group_by(FeedPoll.feed_id)
        .having(func.count() >= KEPT + _SLACK)
    )
    for feed_id in session.scalars(crowded).all():
        mine = select(FeedPoll.id).where(FeedPoll.feed_id == feed_id).order_by(FeedPoll.id.desc())
        oldest = session.scalar(mine.offset(KEPT - 1).limit(1))
        session.execute(delete(FeedPoll).where(FeedPoll.feed_id == feed_id, FeedPoll.id < oldest))


def polls_of(session: Session, feed_ids: Collection[int] | None = None) -> dict[int, tuple[PollNote, ...]]:
    """Return the kept polls of each feed, the oldest first; `feed_ids` narrows to these feeds."""
    query = select(FeedPoll.__table__).order_by(FeedPoll.feed_id, FeedPoll.id)
    if feed_ids is not None:
        query = query.where(FeedPoll.feed_id.in_(feed_ids))
    found: defaultdict[int, list[PollNote]] = defaultdict(list)
    for row in session.execute(query):
        found[row.feed_id].append(_note(row))
    return {feed_id: tuple(notes) for feed_id, notes in found.items()}


def _note(row: Any) -> PollNote:
    return PollNote(
        at=row.polled_at,
        url=row.url,
        status=row.status,
        error=row.error,
        listed=row.listed,
        known=row.known,
        new=row.new,
        edited=row.edited,
        renamed=row.renamed,
        removed=row.removed,
        redated=row.redated,
        shift_s=row.shift_s,
    )
