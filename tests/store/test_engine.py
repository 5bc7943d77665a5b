"""The jobs of workers: written with the rows they speak of, gone with them, made anew where they are missing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from tests.outbox import broadcast

from trendbot.store import deliveries, engine, migrate, schema

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

schema_of = pytest.importorskip("procrastinate.schema")


@pytest.fixture
def queue(pg_database: Database) -> Database:
    assert install(pg_database)
    pg_database.write(engine.sign, ["telegram", "email"])
    return pg_database


def install(database: Database, more: str = "") -> bool:
    return database.write_lightly(engine.install, schema_of.SchemaManager.get_schema() + more)


def jobs(database: Database) -> list[Any]:
    return database.read(lambda session: session.execute(text("SELECT * FROM procrastinate.procrastinate_jobs")).all())


def test_without_workers_there_are_no_jobs(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=3, now=now)
    assert not database.read(engine.installed)


def test_rows_and_their_jobs_come_together(queue: Database, now: datetime) -> None:
    broadcast(queue, subscribers=2 * engine.CHUNK + 1, now=now)
    rows = [row.id for row in queue.read(deliveries.list_deliveries)]
    told = jobs(queue)
    assert [len(job.args["ids"]) for job in told] == [engine.CHUNK, engine.CHUNK, 1]
    assert [each for job in told for each in job.args["ids"]] == rows
    assert {(job.queue_name, job.task_name, job.scheduled_at) for job in told} == {("deliver.telegram", "deliver", now)}
    assert queue.write(engine.named) == frozenset(rows)


def test_what_no_worker_sends_makes_no_jobs(pg_database: Database, now: datetime) -> None:
    assert install(pg_database)
    pg_database.write(engine.sign, ["email"])
    broadcast(pg_database, subscribers=3, now=now)
    assert jobs(pg_database) == []


def test_a_rollback_leaves_neither_rows_nor_jobs(queue: Database, now: datetime) -> None:
    broadcast(queue, subscribers=1, now=now)
    (row,) = queue.read(deliveries.list_deliveries)
    later = deliveries.NewDelivery(
        key="later", channel_id=row.channel.id, subscriber_id=None, edition_id=1, part=0, not_before=now,
        too_late_at=None,
    )  # fmt: skip

    def half(session: Session) -> None:
        assert deliveries.write_new(session, [later]) == 1
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        queue.write(half)
    assert len(jobs(queue)) == len(queue.read(deliveries.list_deliveries)) == 1


def test_what_is_there_already_is_not_announced_again(queue: Database, now: datetime) -> None:
    broadcast(queue, subscribers=1, now=now)
    (row,) = queue.read(deliveries.list_deliveries)
    again = deliveries.NewDelivery(
        key=row.key, channel_id=row.channel.id, subscriber_id=row.subscriber_id, edition_id=1, part=0, not_before=now,
        too_late_at=None,
    )  # fmt: skip
    assert queue.write(deliveries.write_new, [again]) == 0
    assert len(jobs(queue)) == 1


def test_several_announcements_fit_into_one_transaction(queue: Database, now: datetime) -> None:
    def twice(session: Session) -> str:
        engine.announce(session, [1, 2], by="telegram", at=now)
        engine.announce(session, [3], by="email", at=now + timedelta(hours=1))
        return str(session.scalar(text("SHOW search_path")))

    path = queue.write(twice)
    assert path.count(engine.SCHEMA) == 1
    assert queue.write(engine.named) == {1, 2, 3}
    assert engine.SCHEMA not in queue.read(lambda session: str(session.scalar(text("SHOW search_path"))))


def test_only_what_living_workers_can_send_is_theirs(queue: Database) -> None:
    worker = text("INSERT INTO procrastinate.procrastinate_workers (last_heartbeat) VALUES (now())")
    assert queue.read(engine.manned, lease=20.0) == frozenset()  # whoever said it has ended
    queue.write(lambda session: session.execute(worker))
    assert queue.read(engine.manned, lease=20.0) == {"email", "telegram"}
    assert queue.read(engine.manned, lease=0.0) == frozenset()


def test_jobs_of_workers_that_are_gone_are_dropped(queue: Database) -> None:
    worker = text("INSERT INTO procrastinate.procrastinate_workers (last_heartbeat) VALUES (now() - :age) RETURNING id")
    taken = text("UPDATE procrastinate.procrastinate_jobs SET status = 'doing', worker_id = :worker WHERE id = :job")

    def prepare(session: Session) -> None:
        for age in (1, 60):
            engine.announce(session, [age], by="telegram")
            number = session.scalar(worker, {"age": timedelta(seconds=age)})
            job = session.scalar(text("SELECT max(id) FROM procrastinate.procrastinate_jobs"))
            session.execute(taken, {"worker": number, "job": job})
        engine.announce(session, [7], by="email")

    queue.write(prepare)
    assert queue.write(engine.drop_stalled, lease=20.0) == 1
    assert queue.write(engine.named) == {1, 7}


def test_tables_of_another_version_are_made_anew(queue: Database) -> None:
    queue.write(engine.announce, [1], by="telegram")
    assert not install(queue)
    assert queue.write(engine.named) == {1}
    assert install(queue, "-- another version\n")
    assert queue.write(engine.named) == frozenset()


def test_migrations_do_not_see_the_jobs(queue: Database) -> None:
    with queue.engine.connect() as connection:
        before = {diff[0] for diff in compare_metadata(MigrationContext.configure(connection), schema.Base.metadata)}
    assert not [what for what in before if "table" in str(what)]
    migrate.check(queue)
