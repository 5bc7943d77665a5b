from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from trendbot.core.vocabulary import FeedKind
from trendbot.pipeline.group import group_entries
from trendbot.store.schema import Entry, Feed, Story, StoryEntry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from trendbot.store.database import Database


@dataclass
class Writer:
    """Writes feeds and entries straight into the tables."""

    database: Database
    now: datetime
    feeds: dict[str, int] = field(default_factory=dict)

    def __call__(
        self, feed: str, title: str, *, hours: float = 0, summary: str = "", url: str = "", guid: str = ""
    ) -> int:
        return self.database.write(self._write, feed, title, hours, summary, url, guid)

    def _write(self, session: Session, feed: str, title: str, hours: float, summary: str, url: str, guid: str) -> int:
        if feed not in self.feeds:
            row = Feed(url=f"https://{feed}.example/feed", title=feed, kind=FeedKind.NEWS, added_at=self.now)
            session.add(row)
            session.flush()
            self.feeds[feed] = row.id
        at = self.now + timedelta(hours=hours)
        url = url or f"https://{feed}.example/{abs(hash((title, hours)))}"
        entry = Entry(
            feed_id=self.feeds[feed],
            guid=guid or url,
            url=url,
            canonical_url=url,
            title=title,
            summary=summary,
            seen_at=at,
            dated_at=at,
            published_at=at,
            content_hash=title[:64],
        )
        session.add(entry)
        session.flush()
        return entry.id


def stories(database: Database) -> dict[int, int]:
    def read(session: Session) -> dict[int, int]:
        return dict(session.execute(select(StoryEntry.entry_id, StoryEntry.story_id)).all())

    return database.read(read)


def rows(database: Database) -> list[Any]:
    def read(session: Session) -> list[Any]:
        return [
            (story.public_id, story.title, story.first_at, story.last_at, story.merged_into_id)
            for story in session.scalars(select(Story).order_by(Story.id))
        ]

    return database.read(read)


def test_reports_of_one_event_are_one_story(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    one = write("a", "Acme releases Borealis 3, an open model for code")
    two = write("b", "Open code model Borealis 3 released by Acme", hours=2)
    other = write("c", "Regulator fines a chip maker over export papers", hours=3)
    report = group_entries(database, now=now)
    assert (report.entries, report.opened, report.joined) == (3, 2, 1)
    found = stories(database)
    assert found[one] == found[two] != found[other]
    assert group_entries(database, now=now).entries == 0
