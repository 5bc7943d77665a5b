"""Stories as people look at them: a list, and one with its reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from trendbot.core.vocabulary import Annotator
from trendbot.errors import NotFoundError
from trendbot.store.entries import tagged_with
from trendbot.store.schema import Entry, Feed, StoryEntry
from trendbot.store.schema import Story as StoryRow

MOST_MERGES = 100
"""How many merges are followed from a story to the one that it became."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryLine:
    """A story in a list: `reports` counts its entries, `feeds` the feeds that they came from."""

    id: int
    title: str
    first_at: datetime
    last_at: datetime
    reports: int
    feeds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryReport:
    """An entry of a story, and why it belongs there; `lead` marks the one that stands for it."""

    entry_id: int
    feed_title: str
    title: str
    url: str
    dated_at: datetime
    lead: bool
    annotator: Annotator
    similarity: float | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """A story with its reports in the order of their dates; `public_id` is its name for ever."""

    id: int
    public_id: str
    title: str
    first_at: datetime
    last_at: datetime
    entries: tuple[StoryReport, ...]


def list_stories(
    session: Session,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    theme: str | None = None,
    limit: int | None = 50,
) -> tuple[StoryLine, ...]:
    """Return stories, the one with the latest report first: `since` ≤ last_at < `until`; `theme` by effective tag."""
    query = _lines()
    if since is not None:
        query = query.where(StoryRow.last_at >= since)
    if until is not None:
        query = query.where(StoryRow.last_at < until)
    if theme is not None:
        query = query.where(_has_report_of(theme))
    rows = session.execute(query.order_by(StoryRow.last_at.desc(), StoryRow.id.desc()).limit(limit))
    return tuple(StoryLine(**row) for row in rows.mappings())


def _lines() -> Select[int, str, datetime, datetime, int, int]:
    return (
        select(
            StoryRow.id,
            StoryRow.title,
            StoryRow.first_at,
            StoryRow.last_at,
            func.count(Entry.id).label("reports"),
            func.count(Entry.feed_id.distinct()).label("feeds"),
        )
        .join(StoryEntry, StoryEntry.story_id == StoryRow.id)
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .where(StoryRow.merged_into_id.is_(None))
        .group_by(StoryRow.id)
    )


def _has_report_of(theme: str) -> Any:
    # An inner select of its own: the outer one counts all reports of the story, not only those of the theme.
    tagged = select(Entry.id).where(tagged_with(theme)).scalar_subquery()
    return exists().where(StoryEntry.story_id == StoryRow.id, StoryEntry.entry_id.in_(tagged)).correlate(StoryRow)


def get_story(session: Session, story_id: int) -> Story:
    """Return a story with its reports; one that was merged is looked up under the story that it became.

    Raises:
        NotFoundError: there is none.

    """
    row = _standing(session, story_id)
    return Story(
        id=row.id,
        public_id=str(row.public_id),
        title=row.title,
        first_at=row.first_at,
        last_at=row.last_at,
        entries=_reports(session, row),
    )


def _standing(session: Session, story_id: int) -> StoryRow:
    row = session.get(StoryRow, story_id)
    for _ in range(MOST_MERGES):
        if row is None or row.merged_into_id is None:
            break
        row = session.get(StoryRow, row.merged_into_id)
    if row is None:
        raise NotFoundError(f"no story {story_id}: see `trendbot stories list`")
    return row


def _reports(session: Session, story: StoryRow) -> tuple[StoryReport, ...]:
    rows = session.execute(
        select(Entry, Feed.title, StoryEntry)
        .join(StoryEntry, StoryEntry.entry_id == Entry.id)
        .join(Feed, Feed.id == Entry.feed_id)
        .where(StoryEntry.story_id == story.id)
        .order_by(Entry.dated_at, Entry.id)
    )
    return tuple(
        StoryReport(
            entry_id=entry.id,
            feed_title=feed_title,
            title=entry.title,
            url=entry.url,
            dated_at=entry.dated_at,
            lead=entry.id == story.lead_entry_id,
            annotator=member.annotator,
            similarity=member.similarity,
            reason=member.reason,
        )
        for entry, feed_title, member in rows
    )
