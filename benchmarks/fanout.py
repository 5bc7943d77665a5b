"""Many workers on one PostgreSQL: how fast they are together, and what is left where they are killed.

    python benchmarks/fanout.py [--workers 1 2 4] [--deliveries 4000]
    python benchmarks/fanout.py --kill [--deliveries 20000] [--workers 4] [--every 2]
    python benchmarks/fanout.py --takeover

The server is one of our own, in a fresh folder (see tests/postgres.py); a strict Bot API in this process remembers
what it accepted. Workers are processes. The first form sends one digest to so many subscribers and measures messages a
second from the first to the last. `--kill` kills one of the workers with SIGKILL each two seconds, and starts another
in its place; when half has gone the database is restarted; at the end every subscriber is counted. `--takeover` kills
the one worker that has a job while another idles, and measures how long nothing moves. Rates are raised, since the
promises do not depend on them.

Two shared cores, PostgreSQL 15 on them too, 4,000 deliveries: 131 messages a second with one worker, 240 with two, 221
with four. `--kill` (57 kills, one restart): 19,868 of 20,000 once, none twice, 132 missing, all of them among 279 rows
that say uncertain, 172 messages a second meanwhile. `--takeover`: 20.6 s. docs/postgresql.md says what that means.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.killing import COLUMNS, Count, counted  # noqa: E402
from procrastinate.schema import SchemaManager  # noqa: E402
from sqlalchemy import text  # noqa: E402
from tests import postgres  # noqa: E402
from tests.botapi import TOKEN, BotApi, Limits, bot_api  # noqa: E402
from tests.outbox import broadcast, numbers  # noqa: E402
from tests.workers import Orders  # noqa: E402

from trendbot.core.vocabulary import DeliveryStatus  # noqa: E402
from trendbot.errors import StoreError  # noqa: E402
from trendbot.store import deliveries, engine, settlements  # noqa: E402
from trendbot.store.database import Database, Session  # noqa: E402

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

UNBOUND = 1_000_000.0
"""Messages a second: no bound."""


@dataclass(frozen=True, kw_only=True)
class Outcome(Count):
    """How many subscribers have the digest how often, what their rows say, and what was done meanwhile."""

    workers: int
    kills: int
    restarts: int
    seconds: float
    sent: int

    def line(self) -> str:
        """Return the row of the table."""
        return (
            f"| {self.workers} | {self.kills} | {self.restarts} | {self.cells()} | {self.seconds:.1f} s | "
            f"{self.sent / self.seconds:.0f} |"
        )


HEAD = (
    f"| workers | kills | restarts | {COLUMNS} | took | messages a second |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


@contextlib.contextmanager
def waiting(server: postgres.Server, template: str, subscribers: int) -> Iterator[Database]:
    """Give a database with a digest for so many subscribers, and jobs for workers."""
    url = server.make(template)
    try:
        with Database(url) as database:
            database.write_lightly(engine.install, SchemaManager.get_schema())
            broadcast(database, subscribers=subscribers, now=datetime.now(UTC) - timedelta(minutes=1))
            database.write(lambda session: session.execute(text("ANALYZE")))
            yield database
    finally:
        server.drop(url)


def orders(database: Database, api: BotApi, *, rate: float, lease: float, look: float) -> Orders:
    """Return what a worker is told."""
    url = database.engine.url.render_as_string(hide_password=False)
    return Orders(url=url, base_url=api.base_url, token=TOKEN, rate=rate, lease=lease, look=look)


def limits() -> Limits:
    """Return limits that nobody meets."""
    return Limits(overall=UNBOUND, per_chat=1000, burst=UNBOUND)


async def pace_run(server: postgres.Server, template: str, *, subscribers: int, workers: int, rate: float) -> Outcome:
    """Let so many workers send one digest; count from the first message to the last."""
    with waiting(server, template, subscribers) as database:
        async with bot_api(limits=limits()) as api:
            fleet = [orders(database, api, rate=rate, lease=20.0, look=5.0).start() for _ in range(workers)]
            try:
                began = await _arrived(api, 1)
                await _arrived(api, subscribers)
                took = time.monotonic() - began
            finally:
                _end(fleet)
            return _outcome(api, database, workers=workers, kills=0, restarts=0, seconds=took)


async def kill_run(
    server: postgres.Server, template: str, *, subscribers: int, workers: int, every: float, rate: float,
    lease: float, look: float, seed: int = 7,
) -> Outcome:  # fmt: skip
    """Let workers send one digest, one being killed each `every` seconds, and the database restarted at half of it."""
    chance, kills, restarts = random.Random(seed), 0, 0
    with waiting(server, template, subscribers) as database:
        async with bot_api(limits=limits()) as api:
            order = orders(database, api, rate=rate, lease=lease, look=look)
            fleet = [order.start() for _ in range(workers)]
            began = time.monotonic()
            try:
                while _left(database):
                    await asyncio.sleep(every)
                    number = chance.randrange(workers)
                    fleet[number].kill()
                    kills += 1
                    if not restarts and len(api.sent) > subscribers // 2:
                        await asyncio.to_thread(_restart, server)
                        restarts += 1
                    fleet = [_living(each, order) for each in fleet]
                took = time.monotonic() - began
            finally:
                _end(fleet)
            database.write(settlements.recover, policies={}, now=datetime.now(UTC), alone=True)
            return _outcome(api, database, workers=workers, kills=kills, restarts=restarts, seconds=took)


async def takeover_run(server: postgres.Server, template: str, *, lease: float, look: float) -> float:
    """Kill the worker that has the only job while another idles; return the seconds until its messages go on."""
    with waiting(server, template, engine.CHUNK) as database:
        async with bot_api(limits=limits()) as api:
            order = orders(database, api, rate=5.0, lease=lease, look=look)
            first = order.start()
            await _arrived(api, 3)
            second = order.start()
            while database.read(_workers) < 2:  # noqa: ASYNC110  (another process changes it)
                await asyncio.sleep(0.05)
            first.kill()
            killed, so_far = time.monotonic(), len(api.sent)
            await _arrived(api, so_far + 2)  # one may have been on its way
            took = time.monotonic() - killed
            _end([first, second])
            return took


async def _arrived(api: BotApi, count: int) -> float:
    while len(api.sent) < count:  # noqa: ASYNC110  (other processes change it)
        await asyncio.sleep(0.005)
    return time.monotonic()


def _workers(session: Session) -> int:
    return session.scalar(text(f"SELECT count(*) FROM {engine.SCHEMA}.procrastinate_workers")) or 0


def _left(database: Database) -> int:
    """Return how many wait still; a database that is away has all before it."""
    try:
        return database.read(deliveries.count_deliveries).get(DeliveryStatus.PENDING, 0)
    except StoreError:
        return 1


def _restart(server: postgres.Server) -> None:
    server.stop()
    server.start()


def _living(process: BaseProcess, order: Orders) -> BaseProcess:
    """Return the process, or another in its place where it has ended, as a service manager would."""
    if process.is_alive():
        return process
    process.join()
    return order.start()


def _end(fleet: list[BaseProcess]) -> None:
    for process in fleet:
        process.terminate()
    for process in fleet:
        process.join()


def _outcome(
    api: BotApi, database: Database, *, workers: int, kills: int, restarts: int, seconds: float
) -> Outcome:  # fmt: skip
    arrived = Counter(sent.chat_id for sent in api.sent)
    rows = database.read(deliveries.list_deliveries, limit=1_000_000, status=DeliveryStatus.UNCERTAIN)
    total = sum(database.read(deliveries.count_deliveries).values())
    found = counted(arrived, numbers(total), {int(row.address or 0) for row in rows})
    return Outcome(
        **asdict(found), workers=workers, kills=kills, restarts=restarts, seconds=seconds, sent=len(api.sent)
    )


async def _measured(asked: argparse.Namespace, server: postgres.Server) -> None:
    template = postgres.migrated(server)
    if asked.takeover:
        took = await takeover_run(server, template, lease=20.0, look=5.0)
        print(f"messages of a killed worker went on after {took:.1f} s, under a lease of 20 s and a look each 5 s")
        return
    print(HEAD)
    for workers in asked.workers or ([4] if asked.kill else [1, 2, 4]):
        if asked.kill:
            found = await kill_run(
                server, template, subscribers=asked.deliveries or 20_000, workers=workers, every=asked.every,
                rate=asked.rate, lease=20.0, look=5.0,
            )  # fmt: skip
        else:
            subscribers = asked.deliveries or 4000
            found = await pace_run(server, template, subscribers=subscribers, workers=workers, rate=asked.rate)
        print(found.line(), flush=True)


def main() -> None:
    """Run what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kill", action="store_true", help="kill workers, and restart the database once")
    parser.add_argument("--takeover", action="store_true", help="how long the work of a killed worker stands still")
    parser.add_argument("--deliveries", type=int, help="20000 with --kill, else 4000")
    parser.add_argument("--workers", type=int, nargs="+", help="4 with --kill, else 1, 2 and 4")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two kills")
    parser.add_argument("--rate", type=float, default=2000.0, help="messages a second that all may send together")
    asked = parser.parse_args()
    try:
        with postgres.running() as server:
            asyncio.run(_measured(asked, server))
    except postgres.NoPostgresError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
