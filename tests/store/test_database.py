"""Units of work: all or nothing, aware instants, refusals told in one line."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import StatementError

from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConfigError, StoreError
from trendbot.store.database import Database, sqlite_url
from trendbot.store.schema import Feed, Host

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

AT = datetime(2026, 11, 15, 12, tzinfo=UTC)


def add_feed(session: Session, name: str, at: datetime = AT) -> None:
    session.execute(
        insert(Feed).values(url=f"https://{name}.example/", title=name, kind=FeedKind.LAB, mirrors=[], added_at=at)
    )


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Feed)) or 0


def test_a_unit_of_work_is_all_or_nothing(database: Database) -> None:
    def half(session: Session) -> None:
        add_feed(session, "first")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        database.write(half)
    assert database.read(count) == 0


def test_instants_come_back_aware_and_in_utc(database: Database) -> None:
    berlin = timezone(timedelta(hours=1))
    database.write(add_feed, "a", AT.astimezone(berlin))
    stored = database.read(lambda s: s.scalars(select(Feed.added_at)).one())
    assert stored == AT
    assert stored.tzinfo is UTC


def test_naive_instants_are_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="naive"):
        database.write(add_feed, "a", AT.replace(tzinfo=None))


def test_reading_writes_nothing(database: Database) -> None:
    database.read(add_feed, "a")
    assert database.read(count) == 0


async def test_async_callers_use_the_writer_thread(database: Database) -> None:
    def where(session: Session) -> str:
        add_feed(session, "a")
        return threading.current_thread().name

    assert (await database.run(where)).startswith("trendbot-writer")
    assert database.read(count) == 1


def test_read_then_write_loses_no_update_between_threads(database: Database) -> None:
    database.write(lambda s: s.execute(insert(Host).values(name="0")))

    def bump(session: Session) -> None:
        name = session.scalars(select(Host.name)).one()
        session.execute(text("UPDATE hosts SET name = :name"), {"name": str(int(name) + 1)})

    def worker() -> None:
        for _ in range(20):
            database.write(bump)

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.read(lambda s: s.scalars(select(Host.name)).one()) == "80"


def test_foreign_keys_hold(database: Database) -> None:
    stone = "INSERT INTO entry_tombstones VALUES (7, 'x', '2026-11-15 00:00:00', '2026-11-15 00:00:00')"
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        database.write(lambda s: s.execute(text(stone)))


@pytest.mark.parametrize("url", ["mysql://h/x", "not an address"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///FILE"):
        Database(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, " * 400)
    with Database(sqlite_url(path)) as opened, pytest.raises(StoreError, match=r"letter\.db"):
        opened.read(count)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with Database(sqlite_url(tmp_path / "no" / "where.db")) as opened, pytest.raises(StoreError, match=r"where\.db"):
        opened.write(count)


def test_a_light_write_is_kept_like_any_other(database: Database) -> None:
    sqlite = database.dialect == "sqlite"
    asked = text("PRAGMA synchronous" if sqlite else "SHOW synchronous_commit")

    def synchronous(session: Session) -> str:
        return str(session.execute(asked).scalar_one())

    full, light = ("2", "1") if sqlite else ("on", "off")
    assert [database.write(synchronous), database.write_lightly(synchronous), database.write(synchronous)] == [
        full, light, full,
    ]  # fmt: skip
    database.write_lightly(lambda session: session.execute(text("INSERT INTO rates VALUES ('light', 1.0)")))
    assert database.read(lambda session: session.execute(text("SELECT tat FROM rates")).scalar_one()) == 1.0
