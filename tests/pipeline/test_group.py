from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from trendbot.core.vocabulary import Annotator, Cadence, FeedKind
from trendbot.errors import ConflictError, NotFoundError
from trendbot.pipeline.group import group_entries
from trendbot.store.database import Database, sqlite_url
from trendbot.store.schema import Digest, DigestStory, Entry, EntryRevision, Feed, Story, StoryEntry, Tag, Theme
from trendbot.store.stories import feeds_of, get_story, list_stories
from trendbot.store.story_acts import Hand, merge_stories, move_entry, pin_lead, split_story, undo_story_act

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session


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
        url = url or f"https://{feed}.example/{zlib.crc32(f'{title}{hours}'.encode())}"
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


EVENTS = (
    ("Acme releases Borealis 3, an open model for code", "Open code model Borealis 3 released by Acme"),
    ("Regulator fines a chip maker over export papers", "Chip maker fined by regulator over its export papers"),
    ("Hospital robots learn to fold linen in Oslo", "In Oslo, hospital robots learn how to fold linen"),
    ("Court lets a copyright suit of artists go ahead", "Artists' copyright suit may go ahead, court says"),
)


def fill(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    for week in range(3):
        for number, (one, two) in enumerate(EVENTS):
            write("a", f"{one} no {week}{number}", hours=week * 400 + number * 9)
            write("b", f"{two} no {week}{number}", hours=week * 400 + number * 9 + 5)
            write("c", f"{one} | C", hours=week * 400 + number * 9 + 6)


def test_batches_and_stops_change_nothing(
    tmp_path: Path,
    _empty_database: bytes,  # noqa: PT019  (its bytes are copied)
    now: datetime,
) -> None:
    results = []
    for batch, stop in ((500, None), (1, None), (7, None), (5, 4), (500, 11)):
        path = tmp_path / f"{batch}-{stop}.db"
        path.write_bytes(_empty_database)
        with Database(sqlite_url(path)) as database:
            fill(database, now)
            while group_entries(database, now=now, batch=batch, limit=stop).entries:
                pass
            results.append((stories(database), rows(database)))
    assert all(result == results[0] for result in results)
    assert len(results[0][1]) == 12


def test_an_entry_that_comes_late_joins_and_moves_the_story_back(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    early = write("a", "Acme releases Borealis 3, an open model for code")
    group_entries(database, now=now)
    late = write("b", "Open code model Borealis 3 released by Acme", hours=-40)
    group_entries(database, now=now)
    assert stories(database)[early] == stories(database)[late]
    (story,) = rows(database)
    assert story[2] == now - timedelta(hours=40)


def test_batches_change_nothing_where_entries_come_late(
    tmp_path: Path,
    _empty_database: bytes,  # noqa: PT019  (its bytes are copied)
    now: datetime,
) -> None:
    results = []
    for batch in (500, 3, 1):
        path = tmp_path / f"late-{batch}.db"
        path.write_bytes(_empty_database)
        with Database(sqlite_url(path)) as database:
            write = Writer(database, now)
            for number in range(40):
                write("a", f"{EVENTS[number % 4][0]} no {number}", hours=number * 30)
            group_entries(database, now=now)
            for number in range(0, 40, 3):
                write("b", f"{EVENTS[number % 4][1]} no {number}", hours=number * 30 + 1)
                write("c", f"{EVENTS[number % 4][1]} no {number}", hours=number * 30 - 40)
            group_entries(database, now=now, batch=batch)
            results.append((stories(database), rows(database)))
    assert results[0] == results[1] == results[2]


def test_a_history_brought_in_at_once_is_grouped_as_if_it_had_come_day_by_day(
    tmp_path: Path,
    _empty_database: bytes,  # noqa: PT019  (its bytes are copied)
    now: datetime,
) -> None:
    results = []
    for daily in (True, False):
        path = tmp_path / f"daily-{daily}.db"
        path.write_bytes(_empty_database)
        with Database(sqlite_url(path)) as database:
            write = Writer(database, now)
            for day in range(30):
                for feed in "abc":
                    told = EVENTS[day // 2 % 4][feed == "b"]
                    write(feed, f"{told} no {day // 2}", hours=day * 24 + ord(feed) % 7)
                if daily:
                    group_entries(database, now=now + timedelta(days=day + 1))
            group_entries(database, now=now + timedelta(days=31))
            results.append((stories(database), rows(database)))
    assert results[0] == results[1]


def edit(database: Database, entry_id: int, title: str, at: datetime, *, summary: str = "") -> None:
    def write(session: Session) -> None:
        row = session.get_one(Entry, entry_id)
        session.add(
            EntryRevision(
                entry_id=entry_id,
                revision=row.revision,
                title=row.title,
                summary=row.summary,
                content_hash=row.content_hash,
                replaced_at=at,
            )
        )
        row.title, row.summary, row.revision, row.edited_at = title, summary, row.revision + 1, at

    database.write(write)


def test_an_entry_edited_into_another_thing_is_grouped_anew(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    one = write("a", "Acme releases Borealis 3, an open model for code")
    two = write("b", "Hello world, this is a first post")
    group_entries(database, now=now)
    before = stories(database)
    later = now + timedelta(hours=1)
    edit(database, two, "Open code model Borealis 3 released by Acme", later)
    group_entries(database, now=later)
    after = stories(database)
    assert after[one] == after[two] == before[one]
    assert database.read(get_story, before[two]).id == before[one], "the number of the story it left leads on"

    edit(database, two, "Regulator fines a chip maker over export papers", later + timedelta(hours=1))
    group_entries(database, now=later + timedelta(hours=1))
    assert stories(database)[two] not in {before[one], before[two]}
    assert [entry.entry_id for entry in database.read(get_story, before[one]).entries] == [one]


def test_a_lone_entry_that_is_edited_keeps_the_number_of_its_story(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    one = write("a", "Hello world, this is a first post")
    group_entries(database, now=now)
    before = rows(database)
    edit(database, one, "Regulator fines a chip maker over export papers", now + timedelta(hours=1))
    group_entries(database, now=now + timedelta(hours=1))
    (after,) = rows(database)
    assert (after[0], after[1]) == (before[0][0], "Regulator fines a chip maker over export papers")
    assert group_entries(database, now=now + timedelta(hours=2)).entries == 0


@pytest.mark.parametrize("why", ["small", "placed", "held"])
def test_an_edit_moves_nothing_where(database: Database, now: datetime, why: str) -> None:
    """It is small, or a person placed the entry, or shaped its story."""
    write = Writer(database, now)
    one = write("a", "Acme releases Borealis 3, an open model for code")
    two = write("b", "Open code model Borealis 3 released by Acme", hours=2)
    other = write("c", "Regulator fines a chip maker over export papers", hours=3)
    group_entries(database, now=now)
    if why == "placed":
        database.write(move_entry, two, stories(database)[other], hand(now))
    if why == "held":
        database.write(pin_lead, stories(database)[one], one, hand(now))
    before = stories(database)
    title = "Open model Borealis 3 for code released by Acme" if why == "small" else "Hello world, a first post"
    edit(database, two, title, now + timedelta(hours=1))
    assert group_entries(database, now=now + timedelta(hours=1)).entries == 0
    assert stories(database) == before


def test_a_told_story_keeps_its_edited_entry(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    one = write("a", "Hello world, this is a first post")
    write("b", "Acme releases Borealis 3, an open model for code")
    group_entries(database, now=now)
    before = stories(database)

    def tell(session: Session) -> None:
        digest = Digest(
            cadence=Cadence.DAILY,
            slot="one",
            number=1,
            period_start=now - timedelta(days=1),
            period_end=now,
            title="One",
            content={},
            content_version=1,
            content_hash="",
            composed_at=now,
        )
        session.add(digest)
        session.flush()
        session.add(DigestStory(digest_id=digest.id, story_id=before[one], position=1, section="lead"))

    database.write(tell)
    edit(database, one, "Open code model Borealis 3 released by Acme", now + timedelta(hours=1))
    assert group_entries(database, now=now + timedelta(hours=1)).entries == 0
    assert stories(database) == before


def hand(now: datetime) -> Hand:
    return Hand(by="ada", now=now)


def test_what_a_person_split_stays_split(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    one = write("a", "Acme releases Borealis 3, an open model for code")
    two = write("b", "Open code model Borealis 3 released by Acme", hours=2)
    group_entries(database, now=now)
    story = stories(database)[one]
    act = database.write(split_story, story, [two], hand(now))
    write("c", "Borealis 3, an open code model, released by Acme", hours=3)
    group_entries(database, now=now)
    found = stories(database)
    assert found[one] == story != found[two]
    assert database.read(get_story, found[two]).held

    database.write(undo_story_act, act.act, hand(now))
    found_again = stories(database)
    assert found_again[one] == found_again[two] == story
    assert database.read(get_story, found[two]).id == story, "the number of the undone story leads back"


def test_merging_leaves_a_signpost_and_undoing_takes_it_away(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    one = write("a", "Acme releases Borealis 3, an open model for code")
    other = write("c", "Regulator fines a chip maker over export papers", hours=3)
    group_entries(database, now=now)
    before = stories(database)
    database.write(merge_stories, before[one], [before[other]], hand(now))
    merged = database.read(get_story, before[other])
    assert merged.id == before[one]
    assert {entry.entry_id for entry in merged.entries} == {one, other}
    with pytest.raises(ConflictError):
        database.write(merge_stories, before[one], [before[other]], hand(now))
    database.write(undo_story_act, None, hand(now))
    assert stories(database) == before
    assert database.read(get_story, before[other]).id == before[other]


def test_moving_and_pinning(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    one = write("a", "Acme releases Borealis 3, an open model for code")
    two = write("b", "Open code model Borealis 3 released by Acme", hours=2)
    other = write("c", "Regulator fines a chip maker over export papers", hours=3)
    group_entries(database, now=now)
    found = stories(database)
    database.write(pin_lead, found[one], two, hand(now))
    write("d", "Acme releases Borealis 3, an open model for code - again", hours=4)
    group_entries(database, now=now)
    pinned = database.read(get_story, found[one])
    assert [entry.entry_id for entry in pinned.entries if entry.lead] == [two]
    assert pinned.title == "Open code model Borealis 3 released by Acme"

    database.write(move_entry, other, found[one], hand(now))
    assert database.read(get_story, found[other]).id == found[one], "an emptied story leads to where its entry went"
    with pytest.raises(ConflictError):
        database.write(move_entry, other, found[one], hand(now))
    with pytest.raises(ConflictError):
        database.write(split_story, found[one], [999], hand(now))
    with pytest.raises(NotFoundError):
        database.write(move_entry, 999, found[one], hand(now))
    database.write(undo_story_act, None, hand(now))
    assert stories(database)[other] == found[other]


def test_copies_and_news_are_told_apart(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    text = "The open model writes code in forty languages and may be used for anything, the company said on Monday."
    one = write("a", "Acme releases Borealis 3, an open model for code", summary=text)
    two = write("b", "Acme releases Borealis 3, an open model for code", hours=2, summary=text)
    three = write("c", "Borealis 3: how the open code model by Acme does on tests", hours=3, summary="It is slow.")
    group_entries(database, now=now)
    story = database.read(get_story, stories(database)[one], since=now + timedelta(hours=1))
    assert {entry.entry_id: entry.copy_of for entry in story.entries} == {one: None, two: one, three: None}
    assert [entry.entry_id for entry in story.entries if entry.new] == [three]
    assert story.feeds == 2


def test_stories_are_listed_by_time_and_theme(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    first = write("a", "Acme releases Borealis 3, an open model for code")
    write("b", "Regulator fines a chip maker over export papers", hours=30)
    group_entries(database, now=now)

    def tag(session: Session) -> None:
        theme = Theme(slug="open", title="Open")
        session.add(theme)
        session.flush()
        human = {"annotator": Annotator.HUMAN, "made_by": "ada", "applies": True, "made_at": now, "entry_revision": 1}
        session.add(Tag(entry_id=first, theme_id=theme.id, **human))

    database.write(tag)
    found = stories(database)
    day = now + timedelta(hours=20)
    assert [line.id for line in database.read(list_stories)] == [found[first] + 1, found[first]]
    assert [line.id for line in database.read(list_stories, since=day)] == [found[first] + 1]
    assert [line.id for line in database.read(list_stories, until=day)] == [found[first]]
    assert [line.id for line in database.read(list_stories, theme="open")] == [found[first]]
    assert database.read(get_story, found[first]).themes == ("open",)
    assert database.read(feeds_of, found[first]) == {write.feeds["a"]}
    with pytest.raises(NotFoundError):
        database.read(get_story, 999)


def test_progress_is_told(database: Database, now: datetime) -> None:
    fill(database, now)
    told: list[tuple[int, int]] = []
    group_entries(database, now=now, batch=10, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (36, 36)


def test_nothing_may_be_split_off_that_leaves_nothing(database: Database, now: datetime) -> None:
    write = Writer(database, now)
    one = write("a", "Acme releases Borealis 3, an open model for code")
    other = write("b", "Regulator fines a chip maker over export papers")
    group_entries(database, now=now)
    story = stories(database)[one]
    for act, entry in ((split_story, [one]), (pin_lead, other)):
        with pytest.raises(ConflictError):
            database.write(act, story, entry, hand(now))
