"""Copying a database to PostgreSQL: everything arrives, new rows follow, a full target is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select, update
from tests import builders

from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConflictError, StoreError
from trendbot.store import schema
from trendbot.store.copying import contents_of, copy_database
from trendbot.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session
    from tests.postgres import Server


@pytest.fixture
def source(sqlite_database: Database, now: datetime) -> Database:
    stories = builders.add_day(sqlite_database, now)

    def merge(session: Session) -> None:  # a row that names one that comes after it
        session.execute(update(schema.Story).where(schema.Story.id == stories[0]).values(merged_into_id=max(stories)))

    sqlite_database.write(merge)
    return sqlite_database


@pytest.fixture
def empty(pg_server: Server) -> Iterator[Database]:
    url = pg_server.make()
    with Database(url) as opened:
        yield opened
    pg_server.drop(url)


def silent(table: str, rows: int) -> None:
    """Show no progress."""


def test_everything_arrives_and_new_rows_follow_the_old(source: Database, empty: Database, now: datetime) -> None:
    copied = copy_database(source, empty, progress=silent)
    assert copied["entries"].rows > 0
    for table in schema.Base.metadata.tables.values():
        here = source.read(lambda session, table=table: contents_of(session.connection(), table))
        there = empty.read(lambda session, table=table: contents_of(session.connection(), table))
        assert here == there == copied[table.name], table.name
    new = insert(schema.Feed).values(url="https://new.example/", title="N", kind=FeedKind.LAB, mirrors=[], added_at=now)
    highest = empty.read(lambda session: max(session.scalars(select(schema.Feed.id))))
    assert empty.write(lambda session: session.scalar(new.returning(schema.Feed.id))) == highest + 1
    wrong = insert(schema.StoryEntry).values(story_id=999_999, entry_id=1)
    with pytest.raises(Exception, match=r"(?i)foreign key|null value"):  # keys hold again
        empty.write(lambda session: session.execute(wrong))


def test_a_target_with_rows_is_refused_and_left_alone(source: Database, pg_database: Database) -> None:
    pg_database.write(lambda session: session.execute(insert(schema.Host).values(name="here.example")))
    with pytest.raises(ConflictError, match="hosts"):
        copy_database(source, pg_database, progress=silent)
    assert pg_database.read(lambda session: session.scalars(select(schema.Host.name)).all()) == ["here.example"]


def test_what_postgresql_cannot_hold_is_said_and_nothing_is_kept(source: Database, pg_database: Database) -> None:
    source.write(lambda session: session.execute(update(schema.Entry).values(title="a\x00b")))
    with pytest.raises(StoreError, match="entries"):
        copy_database(source, pg_database, progress=silent)
    assert pg_database.read(lambda session: session.scalars(select(schema.Feed.id)).all()) == []


def test_only_postgresql_is_a_target(source: Database) -> None:
    with pytest.raises(ConflictError, match="postgresql://"):
        copy_database(source, source, progress=silent)
