"""Ring the bells of `trendbot serve` through a made-up year of faults: is every digest made once, or told as late.

    python benchmarks/year.py [--days 365] [--start 2026-01-05]

The clock is frozen and moved on: an hour between bells, feeds made up. Daily digests at 02:00 in Berlin, which spring
skips and autumn repeats, weekly ones on Sundays at 01:00 in New York. Faults, in each month: a process killed with a
slot in hand, a restart, a day without any feed, an hour with a full disk, an hour with a locked database, three hours,
and once a whole day, in which the machine was off. Prints digests expected, made, told as late, doubled and missing;
bytes of the database and resident memory by month; CPU seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from xml.sax.saxutils import escape

from sqlalchemy import event, text

from trendbot import ticks
from trendbot.bootstrap import Access, App, open_app
from trendbot.clock import frozen_clock
from trendbot.core.feeds import FeedSeed
from trendbot.core.slots import Timetable, latest_slot
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.fetch.http import Changed, Failed, Request
from trendbot.logs import configure_logging
from trendbot.settings import load_settings
from trendbot.store.channels import NewChannel, add_channel
from trendbot.store.digests import list_digests
from trendbot.store.feeds import seed_feeds

HOUR = timedelta(hours=1)
FEEDS = 4
TABLES = (
    Timetable(cadence=Cadence.DAILY, hour=2, timezone="Europe/Berlin", late=12 * HOUR),
    Timetable(cadence=Cadence.WEEKLY, hour=1, timezone="America/New_York", late=72 * HOUR, weekday="sun"),
)
NIGHT = Timetable(cadence=Cadence.DAILY, hour=3, timezone="UTC", late=23 * HOUR)
COMPANIES = ("Meta", "Anthropic", "Mistral", "Nvidia", "OpenAI", "Google", "Apple", "Cohere")
THINGS = ("a model with open weights", "chips for inference", "an agent that books travel", "a benchmark of reasoning")


@dataclass(slots=True)
class World:
    """What is not ours: the time, the feeds, the disk, another program that locks the database."""

    now: datetime
    begun: datetime
    deaf: bool = False
    full: bool = False
    locked: bool = False

    async def fetch(self, request: Request) -> Changed | Failed:
        """Answer for a feed: the day's two entries, and those of the two days before."""
        if self.deaf:
            return Failed(url=request.url, reason="no route", network=True)
        return Changed(url=request.url, status=200, body=self._feed(request.url).encode())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""

    def _feed(self, url: str) -> str:
        number = int(url.rsplit("/", 1)[1])
        items = "".join(self._items(number, back) for back in range(3))
        return f'<rss version="2.0"><channel><title>feed {number}</title>{items}</channel></rss>'

    def _items(self, number: int, back: int) -> str:
        at = (self.now - back * 24 * HOUR).replace(hour=0, minute=5)
        day = (at - self.begun).days
        who, what = COMPANIES[(day * 3 + number) % 8], THINGS[(day + number // 2) % 4]
        title = escape(f"{who} releases {what} for edition {day} of its line")
        stamp = at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return (
            f"<item><title>{title}</title><guid>{number}-{day}</guid><pubDate>{stamp}</pubDate>"
            f"<link>https://feed{number}.example/{day}</link><description>{title}.</description></item>"
        )


@dataclass(slots=True)
class Told:
    """What a simulation found."""

    expected: dict[Cadence, set[str]] = field(default_factory=lambda: {cadence: set() for cadence in Cadence})
    made: dict[Cadence, list[str]] = field(default_factory=lambda: {cadence: [] for cadence in Cadence})
    late: dict[Cadence, set[str]] = field(default_factory=lambda: {cadence: set() for cadence in Cadence})
    frozen: int = 0
    months: list[tuple[int, int]] = field(default_factory=list)
    cpu: float = 0.0

    def missing(self) -> set[str]:
        """Return the slots of which there is neither a digest nor a word."""
        return {
            f"{cadence} {slot}"
            for cadence, slots in self.expected.items()
            for slot in slots - set(self.made[cadence]) - self.late[cadence]
        }

    def doubled(self) -> int:
        """Return how many digests were made beyond one a slot."""
        return sum(len(made) - len(set(made)) for made in self.made.values())


@contextlib.contextmanager
def opened(home: Path, world: World) -> Iterator[App]:
    """Open the home as a process would, with the world in place of the network, and a disk that can be full."""
    settings = load_settings(options={"home": home}, environment={})
    with open_app(settings, frozen_clock(world.now), access=Access.MIGRATE) as app:

        @event.listens_for(app.database.engine, "checkout")
        def _limited(connection: Any, *_: object) -> None:
            connection.execute(f"PRAGMA max_page_count={1 if world.full else 2_000_000_000}")
            connection.execute(f"PRAGMA busy_timeout={1 if world.locked else 10_000}")

        yield replace(app, fetcher=world)  # type: ignore[arg-type]


async def hour(app: App, world: World, watch: ticks.Watch, told: Told) -> None:
    """Ring every bell once."""
    there = replace(app, clock=frozen_clock(world.now))
    with contextlib.suppress(Exception):  # as the process does: the next bell tries again
        await ticks.poll_due(there, watch)
    for table in TABLES:
        due = latest_slot(table, world.now)
        if due.at > world.begun:
            told.expected[table.cadence].add(due.name)
        report = await ticks.digest_due(there, watch, table)
        if report is not None and report.created:
            told.made[table.cadence].append(due.name)
    with contextlib.suppress(Exception):
        await ticks.deliver_due(there, watch, stop=asyncio.Event())
    with contextlib.suppress(Exception):
        await ticks.keep_house(there, watch, NIGHT, backups=2)


def faults(world: World, began: datetime) -> str:
    """Set the world's faults for this hour; return what befalls the process: "", "restart", "kill" or "off"."""
    day, at = (world.now - began).days % 30, world.now.hour
    world.deaf = day == 8
    world.full = day == 11 and at in {0, 1}
    world.locked = day == 14 and at in {0, 1}
    if (day == 17 and at < 3) or day == 24:
        return "off"
    return {(5, 1): "kill", (20, 12): "restart"}.get((day, at), "")


def killed(app: App, now: datetime) -> None:
    """Leave a slot in hand, as a process that is killed does."""
    due = latest_slot(TABLES[0], now)
    app.database.write(
        ticks.runs.claim_slot, job="daily", slot=due.name, now=now - timedelta(minutes=1), stale_before=now - HOUR
    )


async def simulate(home: Path, *, start: datetime, days: int, step: int = 1) -> Told:
    """Live through `days` days in steps of `step` hours; return what came of it."""
    told, worked = Told(), time.process_time()
    world = World(now=start, begun=start)
    end, process = start + timedelta(days=days), None
    with contextlib.ExitStack() as stack:
        while world.now < end:
            befell = faults(world, start)
            if process is None or befell in {"restart", "kill", "off"}:
                stack.close()
                process = stack.enter_context(opened(home, world)) if befell != "off" else None
                if process is not None and befell == "kill":
                    killed(process, world.now)
                watch = ticks.Watch(alone_since=world.now, operator="desk")
                if process is not None and world.now == start:
                    first(process, world)
            if process is not None:
                with _lock(home) if world.locked else contextlib.nullcontext():
                    await hour(process, world, watch, told)
            world.now += step * HOUR
            if (world.now - start) % timedelta(days=30) < step * HOUR:
                told.months.append(((home / "trendbot.db").stat().st_size, resident()))
        if process is not None:
            finish(process, told)
    told.cpu = time.process_time() - worked
    return told


@contextlib.contextmanager
def _lock(home: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(home / "trendbot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def first(app: App, world: World) -> None:
    """Follow the made-up feeds, and name the operator's channel."""
    seeds = [FeedSeed(url=f"https://feed{number}.example/{number}", title=f"feed {number}") for number in range(FEEDS)]
    app.database.write(seed_feeds, seeds, world.now)
    desk = NewChannel(
        slug="desk", kind=ChannelKind.TELEGRAM, transport="telegram", address="-1001", cadence=Cadence.DAILY
    )
    app.database.write(add_channel, desk)


def finish(app: App, told: Told) -> None:
    """Read what was made, and which slots were told as late to the operator."""
    told.frozen = len(app.database.read(list_digests, limit=10_000))
    query = text("SELECT key FROM notices WHERE key LIKE 'operator.%.late.%'")
    for (key,) in app.database.read(lambda session: session.execute(query).all()):
        _, cadence, _, slot = str(key).split(".")
        told.late[Cadence(cadence)].add(slot)


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--start", default="2026-01-05")
    parser.add_argument("--step", type=int, default=1)
    asked = parser.parse_args()
    configure_logging(level="error", style="text")
    start = datetime.fromisoformat(asked.start).replace(tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(simulate(Path(folder) / "home", start=start, days=asked.days, step=asked.step))
    for cadence in Cadence:
        expected, made, late = told.expected[cadence], told.made[cadence], told.late[cadence]
        print(f"{cadence}: {len(expected)} slots, {len(made)} made, {len(late)} told as late")
    print(f"doubled {told.doubled()}, frozen digests {told.frozen}, missing {sorted(told.missing())}")
    for number, (size, memory) in enumerate(told.months, 1):
        print(f"month {number}: database {size / 1e6:.1f} MB, resident {memory / 1e6:.0f} MB")
    print(f"{told.cpu:.0f} CPU seconds")
    sys.exit(bool(told.missing() or told.doubled()))


if __name__ == "__main__":
    main()
