"""What `why` looks up: entries by address, the story of an entry, and the stories that went into one."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from trendbot.core.entries import Entry
from trendbot.store.entries import get_entries
from trendbot.store.schema import Entry as EntryRow
from trendbot.store.schema import Story as StoryRow
from trendbot.store.schema import StoryEntry
from trendbot.store.stories import Story, get_story

MOST = 20


def find_by_address(session: Session, url: str, canonical: str) -> tuple[Entry, ...]:
    """Return the entries at an address, as given or in its canonical form, the first seen first."""
    query = (
        select(EntryRow.id)
        .where(or_(EntryRow.canonical_url == canonical, EntryRow.url == url))
        .order_by(EntryRow.seen_at, EntryRow.id)
        .limit(MOST)
    )
    return get_entries(session, session.scalars(query).all())


def find_story_of(session: Session, entry_id: int) -> Story | None:
    """Return the story that an entry is in, or None where it is not grouped yet."""
    story = session.scalar(select(StoryEntry.story_id).where(StoryEntry.entry_id == entry_id))
    return get_story(session, story) if story is not None else None


def merged_into(session: Session, story_id: int) -> tuple[int, ...]:
    """Return the stories that went into a story, directly or through others."""
    found: list[int] = []
    reached = [story_id]
    while reached:
        rows = session.scalars(
            select(StoryRow.id).where(StoryRow.merged_into_id.in_(reached)).order_by(StoryRow.id)
        ).all()
        reached = [story for story in rows if story not in found]
        found += reached
    return tuple(found)
