"""More or less of this: what subscribers said of stories as told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from trendbot.store.chunks import chunks
from trendbot.store.schema import Entry, Story, StoryEntry, Tag, Theme
from trendbot.store.schema import Feedback as FeedbackRow
from trendbot.store.tags import holds


@dataclass(frozen=True, kw_only=True, slots=True)
class Feedback:
    """What was said of a story: 1 for more, -1 for less; with its themes and the feeds that reported it."""

    story_id: int
    title: str
    value: int
    at: datetime
    themes: frozenset[str]
    feeds: frozenset[int]


def say_feedback(session: Session, *, subscriber_id: int, story_id: int, value: int, now: datetime) -> bool:
    """Write down more (1) or less (-1) of a story, or take it back (0); return False where there is no such story."""
    if session.get(Story, story_id) is None:
        return False
    row = session.get(FeedbackRow, (subscriber_id, story_id))
    if value == 0:
        if row is not None:
            session.delete(row)
        return True
    if row is None:
        row = FeedbackRow(subscriber_id=subscriber_id, story_id=story_id)
        session.add(row)
    row.value, row.at = (1 if value > 0 else -1), now
    session.flush()
    return True


def who_said(session: Session, subscriber_ids: Sequence[int]) -> frozenset[int]:
    """Return those of the subscribers who said anything."""
    found: set[int] = set()
    for chunk in chunks(subscriber_ids):
        found.update(session.scalars(select(FeedbackRow.subscriber_id).where(FeedbackRow.subscriber_id.in_(chunk))))
    return frozenset(found)


def list_feedback(session: Session, subscriber_id: int, *, limit: int = 500) -> tuple[Feedback, ...]:
    """Return what a subscriber said, the latest first."""
    rows = session.execute(
        select(FeedbackRow, Story.title)
        .join(Story, Story.id == FeedbackRow.story_id)
        .where(FeedbackRow.subscriber_id == subscriber_id)
        .order_by(FeedbackRow.at.desc(), FeedbackRow.story_id)
        .limit(limit)
    ).all()
    stories = [row.story_id for row, _ in rows]
    themes, feeds = _themes(session, stories), _feeds(session, stories)
    return tuple(
        Feedback(
            story_id=row.story_id,
            title=title,
            value=row.value,
            at=row.at,
            themes=frozenset(themes[row.story_id]),
            feeds=frozenset(feeds[row.story_id]),
        )
        for row, title in rows
    )


def _themes(session: Session, stories: list[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for chunk in chunks(stories):
        rows = session.execute(
            select(Story.id, Theme.slug)
            .join(Tag, Tag.entry_id == Story.lead_entry_id)
            .join(Theme, Theme.id == Tag.theme_id)
            .where(Story.id.in_(chunk), holds())
        )
        for story, slug in rows:
            found[story].add(slug)
    return found


def _feeds(session: Session, stories: list[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for chunk in chunks(stories):
        rows = session.execute(
            select(StoryEntry.story_id, Entry.feed_id)
            .join(Entry, Entry.id == StoryEntry.entry_id)
            .where(StoryEntry.story_id.in_(chunk))
            .distinct()
        )
        for story, feed in rows:
            found[story].add(feed)
    return found
