"""Workers on a real PostgreSQL: killed, frozen out, cut off, stopped; nothing lost, nothing sent twice unsaid."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from benchmarks.fanout import kill_run, limits, takeover_run
from sqlalchemy import text
from tests import postgres
from tests.botapi import TOKEN, BotApi, bot_api
from tests.outbox import broadcast, numbers

from trendbot.clock import system_clock
from trendbot.cluster import Worker
from trendbot.core.vocabulary import Cadence, DeliveryStatus
from trendbot.errors import ConfigError
from trendbot.pipeline.deliver import deliver
from trendbot.store import deliveries, digests, engine, outbox
from trendbot.store.channels import FILES, ensure_file_channels
from trendbot.transports.files import FilesTransport
from trendbot.transports.mime import MailAddress
from trendbot.transports.telegram import TelegramTransport

if TYPE_CHECKING:
    from pathlib import Path

    from trendbot.store.database import Database
    from trendbot.transports.base import Transport


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """A server that a test may restart."""
    with postgres.running() as server:
        if server.process is None:
            pytest.skip("the PostgreSQL that was named is not ours to restart")
        yield server


def earlier() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


@asynccontextmanager
async def working(
    database: Database, api: BotApi, *, look: float = 0.1, more: Mapping[str, Transport] | None = None
) -> AsyncIterator[Worker]:
    """Let a worker of this process work while the block lasts."""
    telegram = TelegramTransport(token=TOKEN, base_url=api.base_url, rate=500.0)
    transports = {telegram.name: telegram, **(more or {})}
    worker = Worker(database=database, transports=transports, clock=system_clock, look=look)
    running = asyncio.create_task(worker.start())
    try:
        yield worker
    finally:
        worker.stop()
        await running
        await telegram.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  (a worker changes it)
            await asyncio.sleep(0.02)


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def counts(database: Database) -> dict[DeliveryStatus, int]:
    return database.read(deliveries.count_deliveries)


def rows_of_the_engine(database: Database) -> int:
    counted = text(
        """SELECT (SELECT count(*) FROM procrastinate.procrastinate_jobs)
            + (SELECT count(*) FROM procrastinate.procrastinate_events)
            + (SELECT count(*) FROM procrastinate.procrastinate_workers)"""
    )
    return database.read(lambda session: session.scalar(counted) or 0)


async def test_a_worker_sends_what_is_written_while_it_waits_and_what_was_there_before(pg_database: Database) -> None:
    broadcast(pg_database, subscribers=3, now=earlier())  # before there was an engine: no jobs
    async with bot_api(limits=limits()) as api, working(pg_database, api) as worker:
        await until(lambda: len(api.sent) == 3)
        await until(lambda: worker.sent == 3)
    assert counts(pg_database) == {DeliveryStatus.SENT: 3}
    assert pg_database.write(engine.named) == frozenset()


async def test_what_a_person_asks_for_again_is_found_without_a_job(pg_database: Database, now: datetime) -> None:
    broadcast(pg_database, subscribers=1, now=earlier())
    (row,) = pg_database.read(deliveries.list_deliveries)
    pg_database.write(outbox.skip, row.id, reason="a person said so")
    async with bot_api(limits=limits()) as api, working(pg_database, api, look=60.0) as worker:
        await until(lambda: pg_database.read(engine.installed))
        pg_database.write(deliveries.lead_on, row.key, to=DeliveryStatus.PENDING, now=datetime.now(UTC))
        worker.kick()
        await until(lambda: worker.sent == 1)
    assert len(api.sent) == 1


async def test_a_stop_leaves_nothing_claimed_and_the_rest_to_others(pg_database: Database) -> None:
    broadcast(pg_database, subscribers=120, now=earlier())
    async with bot_api(limits=limits()) as api:
        async with working(pg_database, api) as worker:
            await until(lambda: len(api.sent) > 5)
        left = counts(pg_database)
        assert left.get(DeliveryStatus.SENDING, 0) == 0
        assert left[DeliveryStatus.SENT] == len(api.sent) == worker.sent < 120
        async with working(pg_database, api), working(pg_database, api):
            await until(lambda: len(api.sent) == 120)
    assert counts(pg_database) == {DeliveryStatus.SENT: 120}
    assert sorted(sent.chat_id for sent in api.sent) == numbers(120)


async def test_workers_killed_and_a_database_restarted_lose_and_double_nothing_unsaid(
    own_server: postgres.Server,
) -> None:
    found = await kill_run(
        own_server, postgres.migrated(own_server), subscribers=200, workers=4, every=1.0, rate=500.0, lease=1.0,
        look=0.2,
    )  # fmt: skip
    assert found.kills >= 2
    assert found.restarts == 1
    assert found.doubled == 0
    assert found.unmarked_missing == 0
    assert found.once + found.missing == 200


async def test_the_work_of_a_killed_worker_is_taken_over(pg_server: postgres.Server) -> None:
    template = postgres.migrated(pg_server)
    assert await takeover_run(pg_server, template, lease=1.0, look=0.2) < 30


@pytest.mark.parametrize(("manned", "sent"), [({"email"}, 2), ({"email", "telegram"}, 0)])
async def test_what_no_living_worker_can_send_is_sent_by_the_process_that_serves(
    database: Database, manned: set[str], sent: int
) -> None:
    broadcast(database, subscribers=2, now=earlier())
    async with bot_api(limits=limits()) as api:
        telegram = TelegramTransport(token=TOKEN, base_url=api.base_url, rate=500.0)
        transports = {telegram.name: telegram}
        await deliver(database, transports=transports, clock=system_clock, manned=manned, close=True)
    assert len(api.sent) == sent


async def test_sqlite_is_refused(sqlite_database: Database) -> None:
    worker = Worker(database=sqlite_database, transports={}, clock=system_clock)
    with pytest.raises(ConfigError, match="workers need PostgreSQL"):
        await worker.start()


async def test_files_are_left_to_the_process_that_serves(pg_database: Database, tmp_path: Path) -> None:
    broadcast(pg_database, subscribers=1, now=earlier())
    pg_database.write(ensure_file_channels)
    editions = pg_database.read(digests.list_editions, 1)
    assert pg_database.write(deliveries.enqueue, editions=editions, cadence=Cadence.DAILY, now=earlier()) == 1
    files = FilesTransport(tmp_path, sender=MailAddress(name="Desk", address="desk@mail.example"))
    async with bot_api(limits=limits()) as api, working(pg_database, api, more={FILES: files}) as worker:
        await until(lambda: worker.sent == 1 and not pg_database.write(engine.named))
        assert pg_database.read(engine.manned, lease=engine.LEASE) == {"telegram"}  # what else there is, serve sends
    assert counts(pg_database) == {DeliveryStatus.SENT: 1, DeliveryStatus.PENDING: 1}
    assert names(tmp_path) == []
    assert rows_of_the_engine(pg_database) == 0  # nothing grows
