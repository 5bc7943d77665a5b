"""Entries edited since they were grouped: taken out of their story, so that the next run groups them anew.

Only where nobody was told the story yet, no person shaped it or placed the entry, and what the entry says has become
another thing. A story whose only entry is taken out stays behind empty for as long: the entry opens it again, under its
old number, or leaves a signpost to the story that it joins.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from trendbot.core.grouping import Background, reads_otherwise
from trendbot.core.vocabulary import Annotator
from trendbot.store.chunks import chunks
from trendbot.store.grouping import refresh, story_name
from trendbot.store.schema import DigestStory, Entry, EntryRevision, Feed, Story, StoryEntry, StoryHold

_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class _Edited:
    entry_id: int
    story_id: int
    opener: bool
    before: tuple[str, str]
    now: tuple[str, str]


def release_edited(session: Session, *, since: datetime, background: Background) -> int:
    """Take the entries dated `since` that read otherwise than when they were grouped out of their stories.

    Returns how many.
    """
    edited = [one for one in _edited(session, since) if reads_otherwise(one.before, one.now, background)]
    left = _members(session, {one.story_id for one in edited})
    released: list[_Edited] = []
    for one in edited:
        if left[one.story_id] > 1 or one.opener:
            left[one.story_id] -= 1
            released.append(one)
    for chunk in chunks([one.entry_id for one in released]):
        session.execute(delete(StoryEntry).where(StoryEntry.entry_id.in_(chunk)))
    refresh(session, {one.story_id for one in released if left[one.story_id]})
    return len(released)


def _edited(session: Session, since: datetime) -> list[_Edited]:
    rows = session.execute(_changed(since)).all()
    return [
        _Edited(
            row.entry_id,
            row.story_id,
            row.public_id == story_name(f"{row.url}\n{row.guid}"),
            (row.old_title, row.old_summary),
            (row.title, row.summary),
        )
        for row in rows
    ]


def _changed(since: datetime) -> Select[int, int, uuid.UUID, str, str, str, str, str, str]:
    first = (
        select(func.min(EntryRevision.revision))
        .where(EntryRevision.entry_id == StoryEntry.entry_id, EntryRevision.replaced_at > StoryEntry.made_at)
        .correlate(StoryEntry)
        .scalar_subquery()
    )
    return (
        select(
            StoryEntry.entry_id,
            StoryEntry.story_id,
            Story.public_id,
            Feed.url,
            Entry.guid,
            Entry.title,
            func.substr(Entry.summary, 1, _TEXT).label("summary"),
            EntryRevision.title.label("old_title"),
            func.substr(EntryRevision.summary, 1, _TEXT).label("old_summary"),
        )
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .join(Feed, Feed.id == Entry.feed_id)
        .join(Story, Story.id == StoryEntry.story_id)
        .join(EntryRevision, (EntryRevision.entry_id == Entry.id) & (EntryRevision.revision == first))
        .where(
            Entry.dated_at >= since,
            Entry.edited_at > StoryEntry.made_at,
            StoryEntry.annotator == Annotator.RULE,
            StoryEntry.story_id.not_in(select(StoryHold.story_id)),
            StoryEntry.story_id.not_in(select(DigestStory.story_id)),
        )
        .order_by(StoryEntry.entry_id)
    )


def _members(session: Session, stories: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for chunk in chunks(sorted(stories)):
        query = select(StoryEntry.story_id, func.count()).where(StoryEntry.story_id.in_(chunk))
        found.update(dict(session.execute(query.group_by(StoryEntry.story_id)).all()))
    return found


def vacated(session: Session, identities: Sequence[str]) -> dict[str, int]:
    """Return, by identity, the stories that entries opened and that stand empty since."""
    names = {story_name(identity): identity for identity in identities}
    found: dict[str, int] = {}
    for chunk in chunks(sorted(names)):
        query = select(Story.public_id, Story.id).where(
            Story.public_id.in_(chunk),
            Story.merged_into_id.is_(None),
            ~select(StoryEntry.entry_id).where(StoryEntry.story_id == Story.id).exists(),
        )
        found.update({names[name]: number for name, number in session.execute(query)})
    return found
