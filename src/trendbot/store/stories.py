"""Stories as people look at them: a list, and one with its reports."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from trendbot.core.grouping import copies, news_since
from trendbot.core.vocabulary import Annotator
from trendbot.errors import NotFoundError
from trendbot.store.chunks import chunks
from trendbot.store.entries import tagged_with
from trendbot.store.grouping import list_reports
from trendbot.store.schema import Entry, Feed, StoryEntry, StoryHold
from trendbot.store.schema import Story as StoryRow
from trendbot.store.tags import effective_tags

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
    copy_of: int | None = None
    """The entry that it copies word for word, or nearly so."""
    new: bool = False
    """It tells something new since the moment asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """A story with its reports in the order of their dates; `public_id` is its name for ever."""

    id: int
    public_id: str
    title: str
    first_at: datetime
    last_at: datetime
    themes: tuple[str, ...]
    held: bool
    """A person shaped it: no run unites it with another."""
    entries: tuple[StoryReport, ...]

    @property
    def feeds(self) -> int:
        """How many feeds reported it in words of their own."""
        return len({entry.feed_title for entry in self.entries if entry.copy_of is None})


def list_stories(
    session: Session,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    theme: str | None = None,
    limit: int | None = 50,
) -> tuple[StoryLine, ...]:
    """Return stories, the one with the latest report first: `since` ≤ last_at < `until`; `theme` by effective tag."""
    newest = (StoryRow.last_at.desc(), StoryRow.id.desc())
    wanted = select(StoryRow.id).where(StoryRow.merged_into_id.is_(None), _has_report(theme))
    if since is not None:
        wanted = wanted.where(StoryRow.last_at >= since)
    if until is not None:
        wanted = wanted.where(StoryRow.last_at < until)
    # Which they are is found first: counting the reports of every story there is would take long.
    chosen = session.scalars(wanted.order_by(*newest).limit(limit)).all()
    rows = [
        row
        for part in chunks(chosen)
        for row in session.execute(_lines().where(StoryRow.id.in_(part)).order_by(*newest)).mappings()
    ]
    return tuple(StoryLine(**row) for row in rows)


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


def _has_report(theme: str | None) -> Any:
    """Say "a report is in this story", or one on a theme."""
    report = exists().where(StoryEntry.story_id == StoryRow.id, StoryEntry.entry_id == Entry.id)
    return (report if theme is None else report.where(tagged_with(theme))).correlate(StoryRow)


def get_story(session: Session, story_id: int, *, since: datetime | None = None) -> Story:
    """Return a story with its reports; one that was merged is looked up under the story that it became.

    `since` marks the reports that tell something new after that moment.

    Raises:
        NotFoundError: there is none.

    """
    row = standing(session, story_id)
    return Story(
        id=row.id,
        public_id=str(row.public_id),
        title=row.title,
        first_at=row.first_at,
        last_at=row.last_at,
        themes=_themes(session, row.id),
        held=session.get(StoryHold, row.id) is not None,
        entries=_reports(session, row, since),
    )


def standing(session: Session, story_id: int) -> StoryRow:
    """Return the row of a story, or of the one that it has become.

    Raises:
        NotFoundError: there is none.

    """
    row = session.get(StoryRow, story_id)
    for _ in range(MOST_MERGES):
        if row is None or row.merged_into_id is None:
            break
        row = session.get(StoryRow, row.merged_into_id)
    if row is None:
        raise NotFoundError(f"no story {story_id}: see `trendbot stories list`")
    return row


def feeds_of(session: Session, story_id: int) -> frozenset[int]:
    """Return the numbers of the feeds that reported a story."""
    feeds = select(Entry.feed_id).join(StoryEntry, StoryEntry.entry_id == Entry.id)
    return frozenset(session.scalars(feeds.where(StoryEntry.story_id == story_id)))


def _themes(session: Session, story_id: int) -> tuple[str, ...]:
    """Return the themes of at least half as many entries as the commonest theme of the story has, commonest first."""
    entries = session.scalars(select(StoryEntry.entry_id).where(StoryEntry.story_id == story_id)).all()
    counts = Counter(tag.theme for tags in effective_tags(session, entries).values() for tag in tags)
    most = max(counts.values(), default=0)
    return tuple(theme for theme, count in counts.most_common() if 2 * count >= most)


def _reports(session: Session, story: StoryRow, since: datetime | None) -> tuple[StoryReport, ...]:
    members = list_reports(session, [story.id])[story.id]
    copied = copies(members)
    news = frozenset(news_since(members, since)) if since else frozenset()
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
            copy_of=copied.get(entry.id),
            new=entry.id in news,
        )
        for entry, feed_title, member in rows
    )
