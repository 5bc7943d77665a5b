"""Several machines that serve from one PostgreSQL: each slot once, one at a time where it must be, takeovers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests import builders
from tests.nodes import PATIENCE, bells, node, ring_and_stand_still
from tests.workers import FORKS

from trendbot.bootstrap import App
from trendbot.clock import frozen_clock
from trendbot.scheduler import leading
from trendbot.store.database import Database
from trendbot.store.digests import list_digests
from trendbot.store.runs import is_settled, last_run, start_run

DAY = timedelta(days=1)


@pytest.fixture
def homes(tmp_path: Path) -> list[Path]:
    """Homes of four machines, with one secret."""
    found = [tmp_path / name for name in ("one", "two", "three", "four")]
    for home in found:
        home.mkdir()
        (home / "secret.key").write_text("5e" * 32 + "\n")
    return found


@pytest.fixture
def shared(pg_database: Database, now: datetime) -> Database:
    """A database with a day of news, in which something ran days ago."""
    builders.add_day(pg_database, now)
    builders.hear_all_feeds(pg_database, now)
    pg_database.write(start_run, job="line", slot="first", now=now - 3 * DAY)
    return pg_database


@pytest.fixture
def apps(homes: list[Path], shared: Database, pg_url: str, now: datetime) -> Iterator[list[App]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(node(home, pg_url, frozen_clock(now))) for home in homes[:3]]


@pytest.mark.parametrize("count", [2, 3])
async def test_each_slot_is_made_once_by_however_many(
    apps: list[App], shared: Database, now: datetime, count: int
) -> None:
    nodes = [bells(app) for app in apps[:count]]
    for day in range(2):
        builders.hear_all_feeds(shared, now + day * DAY)
        for each in nodes:
            each.app = replace(each.app, clock=frozen_clock(now + day * DAY))
        for _ in range(2):
            await asyncio.gather(*(each.look() for each in nodes))
        run = shared.read(last_run, "daily")
        assert run is not None
        assert (run.counts["digests"], run.error) == (1, None)  # whoever came second would have written 0
    assert [digest.slot for digest in shared.read(list_digests)] == ["2026-11-16", "2026-11-15"]


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_a_slot_in_the_hands_of_one_that_stands_still_or_died_is_taken_over(
    apps: list[App], homes: list[Path], shared: Database, pg_url: str, now: datetime, number: signal.Signals
) -> None:
    in_hand, go = FORKS.Event(), FORKS.Event()
    standing = FORKS.Process(target=ring_and_stand_still, args=(homes[3], pg_url, now, in_hand, go))
    standing.start()
    try:
        assert await asyncio.to_thread(in_hand.wait, 60)
        living = bells(replace(apps[0], clock=frozen_clock(now + timedelta(minutes=1))))
        await living.look()
        assert shared.read(list_digests) == ()  # it is alive, and has it in hand
        os.kill(standing.pid or 0, number)
        async with asyncio.timeout(60):
            while not shared.read(list_digests):
                await living.look()
        if number is signal.SIGSTOP:
            os.kill(standing.pid or 0, signal.SIGCONT)
            go.set()  # of one that was killed this would wait for ever: it never wakes
        await asyncio.to_thread(standing.join, 60)
    finally:
        standing.kill()
    assert standing.exitcode == (-signal.SIGKILL if number is signal.SIGKILL else 0)
    assert len(shared.read(list_digests)) == 1
    assert shared.read(is_settled, job="daily", slot="2026-11-15T18")


async def test_a_part_with_a_leader_works_on_one_machine_and_another_takes_over(
    pg_database: Database, pg_url: str
) -> None:
    at_work: list[str] = []
    begun: dict[str, asyncio.Event] = {name: asyncio.Event() for name in ("one", "two")}
    gone: dict[str, asyncio.Event] = {name: asyncio.Event() for name in ("one", "two")}
    most = 0

    def part(name: str):
        async def work(stop: asyncio.Event) -> None:
            nonlocal most
            at_work.append(name)
            most = max(most, len(at_work))
            begun[name].set()
            await stop.wait()
            at_work.remove(name)
            begun[name].clear()
            gone[name].set()

        return work

    with Database(pg_url) as other:
        stops = {name: asyncio.Event() for name in ("one", "two")}
        databases = {"one": pg_database, "two": other}
        tasks = {
            name: asyncio.create_task(leading(databases[name], "bot", part(name), patience=PATIENCE)(stops[name]))
            for name in stops
        }
        async with asyncio.timeout(60):
            await asyncio.wait(
                [asyncio.create_task(each.wait()) for each in begun.values()], return_when="FIRST_COMPLETED"
            )
            first = at_work[0]
            second = next(name for name in stops if name != first)
            stops[first].set()
            await tasks[first]
            await begun[second].wait()
            kick = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            pg_database.write(lambda session: session.execute(kick).all())  # as where the server is restarted
            await gone[second].wait()
            await begun[second].wait()
            stops[second].set()
            await tasks[second]
    assert most == 1


async def test_a_part_with_a_leader_that_dies_is_told(pg_database: Database) -> None:
    async def dying(_: asyncio.Event) -> None:
        raise ValueError("out of luck")

    with pytest.raises(ValueError, match="out of luck"):
        await leading(pg_database, "bot", dying)(asyncio.Event())
