"""Migrations: up, down, up again with data in place, equal to the tables in code, and refusal of other schemas."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from trendbot.core.vocabulary import Cadence, ChannelKind, FeedKind, NoticeKind
from trendbot.errors import SchemaError
from trendbot.store import migrate, schema
from trendbot.store.database import Database, sqlite_url

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

AT = datetime(2026, 11, 15, 12, tzinfo=UTC)


@pytest.fixture
def empty(tmp_path: Path) -> Database:
    return Database(sqlite_url(tmp_path / "new.db"))


def test_a_new_database_is_refused_until_upgraded(empty: Database) -> None:
    with pytest.raises(SchemaError, match="trendbot db upgrade"):
        migrate.check(empty)
    assert migrate.upgrade(empty) == (None, migrate.head())
    migrate.check(empty)
    assert migrate.upgrade(empty) == (migrate.head(), migrate.head())


def test_a_database_from_the_future_is_refused(database: Database) -> None:
    database.write(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(SchemaError, match="newer"):
        migrate.check(database)
    with pytest.raises(SchemaError, match="newer"):
        migrate.upgrade(database)


def test_down_and_up_again(database: Database) -> None:
    migrate.downgrade(database, "base")
    assert migrate.current(database) is None
    migrate.upgrade(database)
    migrate.check(database)


def test_every_revision_is_numbered_and_in_line() -> None:
    assert migrate.head().isdigit()


def test_rows_of_the_first_schema_come_along(empty: Database) -> None:
    def add(session: Session) -> None:
        feed = {"url": "https://a.example/feed", "title": "A", "kind": FeedKind.NEWS, "mirrors": [], "added_at": AT}
        session.execute(insert(schema.Feed).values(feed))
        stone = "INSERT INTO entry_tombstones (feed_id, guid_hash, pruned_at) VALUES (1, 'g', :at)"
        session.execute(text(stone).bindparams(bindparam("at", AT, type_=schema.EntryTombstone.pruned_at.type)))
        session.execute(insert(schema.Notice).values(notice_of(NoticeKind.CONFIRM)))

    migrate.upgrade(empty, "0001")
    empty.write(add)
    with pytest.raises(IntegrityError):
        empty.write(lambda session: session.execute(insert(schema.Notice).values(notice_of(NoticeKind.WELCOME))))
    assert migrate.upgrade(empty) == ("0001", migrate.head())
    assert empty.read(lambda session: session.scalars(select(schema.EntryTombstone.dated_at)).all()) == [AT]
    empty.write(lambda session: session.execute(insert(schema.Notice).values(notice_of(NoticeKind.WELCOME))))
    assert empty.read(lambda session: len(session.scalars(select(schema.Notice.id)).all())) == 2
    with pytest.raises(IntegrityError):
        empty.write(lambda session: session.execute(text("UPDATE notices SET notice = 'nonsense'")))


def notice_of(kind: NoticeKind) -> dict[str, object]:
    return {"key": f"{kind}.1", "notice": kind, "kind": ChannelKind.EMAIL, "body": "b", "made_at": AT}


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out what is searched: tables and indexes that only one kind of database has."""
    return kind not in {"table", "index"} or "entries_search" not in str(name)


def test_migrations_make_the_tables_that_the_code_has(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_ours})
        assert compare_metadata(context, schema.Base.metadata) == []


def test_upgrade_keeps_what_is_stored(database: Database) -> None:
    def add(session: Session) -> None:
        session.execute(
            insert(schema.Feed).values(
                url="https://a.example/feed", title="A", kind=FeedKind.NEWS, mirrors=[], added_at=AT
            )
        )

    database.write(add)
    migrate.upgrade(database)
    assert database.read(lambda s: s.scalars(select(schema.Feed.title)).all()) == ["A"]


def _frozen_digest(session: Session) -> None:
    session.execute(
        insert(schema.Digest).values(
            id=1,
            cadence=Cadence.DAILY,
            slot="2026-11-15",
            number=1,
            period_start=AT.replace(hour=1),
            period_end=AT,
            title="One",
            content={},
            content_version=1,
            content_hash="0" * 64,
            composed_at=AT,
            frozen_at=AT,
            frozen_by="rule",
        )
    )
    session.execute(
        insert(schema.Edition).values(
            digest_id=1, kind=ChannelKind.EMAIL, variant="all", parts=["x"], template_hash="0" * 64, rendered_at=AT
        )
    )


@pytest.mark.parametrize(
    "change",
    [
        update(schema.Digest).values(title="Other"),
        update(schema.Edition).values(subject="Other"),
        schema.Edition.__table__.delete(),
        schema.Digest.__table__.delete(),
    ],
)
def test_what_was_published_cannot_be_changed(database: Database, change: object) -> None:
    database.write(_frozen_digest)
    with pytest.raises(IntegrityError, match="frozen"):
        database.write(lambda session: session.execute(change))  # type: ignore[call-overload]


def test_a_digest_that_is_not_frozen_may_change(database: Database) -> None:
    def draft(session: Session) -> None:
        _frozen_digest(session)
        session.execute(
            insert(schema.Digest).values(
                id=2,
                cadence=Cadence.DAILY,
                slot="2026-11-16",
                number=2,
                period_start=AT.replace(hour=1),
                period_end=AT,
                title="Draft",
                content={},
                content_version=1,
                content_hash="0" * 64,
                composed_at=AT,
            )
        )

    database.write(draft)
    database.write(lambda s: s.execute(update(schema.Digest).where(schema.Digest.id == 2).values(title="Better")))
    titles = database.read(lambda s: s.scalars(select(schema.Digest.title).order_by(schema.Digest.id)).all())
    assert titles == ["One", "Better"]
