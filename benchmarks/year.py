"""Live through a made-up year of faults: every message is sent once or told as late, and nothing grows.

    python benchmarks/year.py [--days 365] [--start 2026-01-05] [--step 1]

The clock is moved on by an hour between the bells of `trendbot serve`; feeds are made up; Telegram and a mail server
are strict ones on loopback. Ten people in two zones (daily, weekly, alerts; 02:00 is an hour that spring skips and
autumn repeats) and a channel. In each month: a process that dies with a slot in hand, while it asks
a feed, and as it sends; a restart; a day without any feed; hours with a full disk and with a locked database; three
hours and a whole day in which the machine is off; a day with a revoked token; two hours in which the mail server hangs
up.

Measured so (365 days in 22 minutes, 1,275 CPU seconds): 352 of 364 daily digests made and 12 told as too late, 52 of 52
weekly ones; 1,874 readers' digests in their window, 128 told as too late, uncertain or not made, 14 in which all was
told already by alerts; none missing, none twice; 464 alerts, none missed; the database grows by 3.9 MB a month,
correlation with time .9997. Memory is flat from the second month on (241 MB, then 255 MB at the end), but 1.15 times
the first month's (222 MB), which is beyond what is allowed: that month ends before everything was used once.

Then the books are held against each other (`benchmarks/books.py`). Ends with 1 and says why where a digest or an alert
is missing or doubled, where memory at the end is beyond 10 % above the first month's, or where the database does not
grow along a line.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import itertools
import sqlite3
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.books import Audit, Books, Slot, audit, slots_of
from benchmarks.world import DAY, FEEDS, HOUR, PEOPLE, Calendar, World
from tests.botapi import TOKEN, Limits, bot_api_in_a_thread
from tests.botapi.state import Chat, Fault, Kind
from tests.smtpd import smtp_server_in_a_thread

from trendbot import ticks
from trendbot.bootstrap import Access, App, open_app
from trendbot.bot.running import ensure_channel
from trendbot.core.feeds import FeedSeed
from trendbot.core.slots import Timetable, latest_slot
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.logs import configure_logging
from trendbot.scheduler import Bells, Plan
from trendbot.settings import load_settings
from trendbot.store.channels import NewChannel, add_channel
from trendbot.store.database import Session
from trendbot.store.digests import list_digests
from trendbot.store.feeds import seed_feeds
from trendbot.store.runs import claim_slot
from trendbot.store.schema import Base
from trendbot.subscriptions import Act, subscribe
from trendbot.transports.telegram import TelegramTransport

PLAN = Plan(
    digests=(
        Timetable(cadence=Cadence.DAILY, hour=2, timezone="Europe/Berlin", late=12 * HOUR),
        Timetable(cadence=Cadence.WEEKLY, hour=1, timezone="America/New_York", late=72 * HOUR, weekday="sun"),
    ),
    night=Timetable(cadence=Cadence.DAILY, hour=3, timezone="UTC", late=23 * HOUR),
    backups=2,
)
DESK = -1001
MONTH = 30
HANGS = 180.0
"""Seconds that an hour's work may take by the real clock, where others are at work beside."""
ROOM = 1.10
"""What memory may be at the end, against the end of the first month."""
STRAIGHT, WIDEST = 0.99, 1.5
"""The least correlation of the database's size with time, and the most that one month may grow against the usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthEnd:
    """What a month ended with: bytes of the database, resident bytes, and blocks that Python has in hand."""

    database: int
    resident: int
    blocks: int


@dataclass(slots=True)
class Told:
    """What a simulation found."""

    books: Audit = field(default_factory=Audit)
    slots: list[Slot] = field(default_factory=list)
    months: list[MonthEnd] = field(default_factory=list)
    cpu: float = 0.0

    def made(self, cadence: Cadence) -> list[str]:
        """Return the slots of which there is a digest, in order."""
        return sorted(slot.name for slot in self.slots if slot.made and slot.cadence is cadence)


# -- a process ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(home: Path, world: World) -> Iterator[App]:
    """Open the home as a process would, with the world in place of the network, and a disk that can be full."""
    mail = {"host": "127.0.0.1", "port": world.mail.port, "security": "plain", "sender": "digest@news.example"}
    options: dict[str, Any] = {"home": home, "email": mail | {"rate": 1000, "domain_rate": 1000}}
    options |= {"brand": {"site_url": "https://news.example"}}
    with open_app(load_settings(options=options, environment={}), world.clock, access=Access.MIGRATE) as app:

        @event.listens_for(app.database.engine, "checkout")
        def _limited(connection: Any, *_: object) -> None:
            connection.execute(f"PRAGMA max_page_count={1 if world.full else 2_000_000_000}")
            connection.execute(f"PRAGMA busy_timeout={1 if world.locked else 10_000}")

        quick = {"rate": 1000.0, "chat_rate": 1000.0, "group_rate": 1000.0}
        telegram = TelegramTransport(token=TOKEN, base_url=world.bot.base_url, **quick)
        ways = {**app.transports, telegram.name: telegram}
        tables = {each.cadence: each for each in PLAN.digests}
        yield replace(app, fetcher=world, transports=ways, timetables=tables)  # type: ignore[arg-type]


@dataclass(slots=True)
class Machine:
    """The machine on which a process runs, dies and is started again."""

    home: Path
    world: World
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    bells: Bells | None = None
    watcher: asyncio.Task[Any] | None = None

    async def start(self) -> Bells:
        """Start a process, unless one runs."""
        if self.bells is None:
            app = self.stack.enter_context(opened(self.home, self.world))
            if self.world.now == self.world.begun:
                app.database.write(first, self.world.now, app.key())
            self.bells = Bells(app, PLAN, ticks.Watch(alone=True, operator="desk"))
        return self.bells

    async def end(self) -> None:
        """End it in order."""
        for transport in self.bells.app.transports.values() if self.bells else ():
            await transport.close()
        self.bells = None
        self.stack.close()
        for mapper in Base.registry.mappers:  # a process takes its statements with it, which live on in this one
            vars(mapper).get("_compiled_cache", {}).clear()

    async def die(self, how: str) -> None:
        """Let a process die in the midst of its work: nothing that it had begun goes on."""
        bells = await self.start()
        work = asyncio.ensure_future(self._until(how, bells))
        await work
        others = asyncio.all_tasks() - {asyncio.current_task(), self.watcher}
        for task in others:
            task.cancel()
        _, living = await asyncio.wait(others, timeout=10.0) if others else (set(), set())
        if living:
            raise SystemExit(f"a task does not end when it is cancelled: {living}")
        self.world.hangs = False
        await self.end()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # whoever dies leaves connections open
            gc.collect()

    async def _until(self, how: str, bells: Bells) -> None:
        """Go on until the moment of death."""
        if how == "claimed":
            due = latest_slot(PLAN.digests[0], self.world.now)
            before = self.world.now - HOUR
            bells.app.database.write(claim_slot, job="daily", slot=due.name, now=self.world.now, stale_before=before)
            return
        taken = len(self.world.bot.sent)
        self.world.hangs = how == "polling"
        if how == "sending":
            self.world.bot.faults.append(Fault(kind=Kind.SLOW, seconds=1.0))
        work = asyncio.ensure_future(ring(bells))
        deadline = time.monotonic() + 1.0
        while not work.done() and len(self.world.bot.sent) == taken and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        self.world.bot.faults.clear()


async def ring(bells: Bells) -> None:
    """Ring every bell once."""
    await bells.poll()
    await bells.look()
    await bells.deliver()


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Keep the database locked, as another program may."""
    with contextlib.closing(sqlite3.connect(home / "trendbot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def first(session: Session, now: datetime, key: bytes) -> None:
    """Follow the made-up feeds, name the operator's channel, and let people subscribe."""
    seeds = [FeedSeed(url=f"https://feed{number}.example/{number}", title=f"feed {number}") for number in range(FEEDS)]
    seed_feeds(session, seeds, now)
    desk = {"kind": ChannelKind.TELEGRAM, "transport": "telegram", "address": str(DESK)}
    add_channel(session, NewChannel(slug="desk", cadence=Cadence.DAILY, **desk))  # type: ignore[arg-type]
    mail = {"kind": ChannelKind.EMAIL, "transport": "email", "address": "mail", "personal": True}
    by_mail = add_channel(session, NewChannel(slug="mail", cadence=Cadence.WEEKLY, **mail)).id  # type: ignore[arg-type]
    bot = ensure_channel(session)
    for person in PEOPLE:
        subscribe(
            session,
            kind=ChannelKind.EMAIL if person.mail else ChannelKind.TELEGRAM,
            address=person.address,
            channel_id=by_mail if person.mail else bot,
            act=Act(method="simulation", now=now),
            key=key,
            preferences=person.wish,
        )


# -- the year ----------------------------------------------------------------------------------------------------------


async def simulate(home: Path, *, start: datetime, days: int, step: int = 1, calendar: Calendar | None = None) -> Told:
    """Live through `days` days in steps of `step` hours; return what came of it."""
    worked, told, books = time.process_time(), Told(), Books()
    limits = Limits(overall=1e6, per_chat=1e6, burst=1_000, group=1_000_000)
    with (
        bot_api_in_a_thread(limits=limits) as bot,
        smtp_server_in_a_thread() as mail,
        tempfile.TemporaryFile() as noted,
    ):
        bot.add(Chat(id=DESK, type="channel", title="Desk"))
        world = World(now=start, begun=start, bot=bot, mail=mail, noted=noted, calendar=calendar or Calendar())
        machine = Machine(home, world, watcher=asyncio.current_task())
        while world.now < start + days * DAY:
            await bounded(hour(machine))
            world.collect()
            world.now += step * HOUR
            if (world.now - start) % (MONTH * DAY) < step * HOUR:
                told.months.append(await month_end(machine, books))
        database = (await machine.start()).app.database
        books.copy(database, home.parent)
        books.close(database)
        told.slots = slots_of(database, start)
        digests = database.read(list_digests, limit=10_000)
        told.books = audit(world, books, told.slots, sum(each.frozen_at >= start + DAY for each in digests))
        await machine.end()
    told.cpu = time.process_time() - worked
    return told


async def bounded(work: Coroutine[Any, Any, None]) -> None:
    """Do an hour's work; where it hangs, show what waits for what, and end."""
    task = asyncio.ensure_future(work)
    if not (await asyncio.wait((task,), timeout=HANGS))[0]:
        for each in asyncio.all_tasks():
            each.print_stack()
        raise SystemExit(f"DOES NOT HOLD: an hour's work did not end within {HANGS:.0f} s")
    await task


async def hour(machine: Machine) -> None:
    """Let an hour's fault happen, and ring the bells of the process that runs, or runs again."""
    befell = machine.world.turn()
    if befell in {"restart", "off"}:
        await machine.end()
    elif befell:
        await machine.die(befell)
    if befell != "off":
        with locked(machine.home) if machine.world.locked else contextlib.nullcontext():
            await ring(await machine.start())


async def month_end(machine: Machine, books: Books) -> MonthEnd:
    """Weigh, and copy the outbox into the books."""
    bells = await machine.start()
    found = weighed(machine)
    books.copy(bells.app.database, machine.home.parent)
    return found


def weighed(machine: Machine) -> MonthEnd:
    """Return what the database and this process weigh, when what nobody uses was given back: the books took some."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
    size = (machine.home / "trendbot.db").stat().st_size
    return MonthEnd(database=size, resident=resident, blocks=sys.getallocatedblocks())


def growth(months: list[MonthEnd]) -> tuple[list[str], list[str]]:
    """Return what is to be said of memory and the database, and what does not hold of it."""
    if len(months) < 3:
        return [f"{len(months)} months: too few to say whether anything grows"], []
    wrong = []
    resident, blocks = (getattr(months[-1], what) / getattr(months[0], what) for what in ("resident", "blocks"))
    said = [f"memory at the end: {resident:.2f} of the first month's resident bytes, {blocks:.2f} of its Python blocks"]
    if max(resident, blocks) > ROOM:
        wrong.append(f"memory grew: {max(resident, blocks):.2f} times the first month's")
    sizes = [float(month.database) for month in months]
    line = statistics.correlation([float(place) for place in range(len(sizes))], sizes)
    grown = [after - before for before, after in itertools.pairwise(sizes)]
    usual, most = statistics.median(grown), max(grown)
    said.append(
        f"database: {usual / 1e6:.2f} MB a month, {most / 1e6:.2f} MB at most, correlation with time {line:.4f}"
    )
    if line < STRAIGHT or most > WIDEST * usual:
        wrong.append(f"the database does not grow along a line: correlation {line:.4f}, widest {most / usual:.2f}")
    return said, wrong


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--start", default="2026-01-05")
    parser.add_argument("--step", type=int, default=1, help="hours between bells")
    parser.add_argument("--log", default="critical", help="the level of what is logged")
    asked = parser.parse_args()
    configure_logging(level=asked.log, style="text")
    start = datetime.fromisoformat(asked.start).replace(tzinfo=UTC)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(simulate(Path(folder) / "home", start=start, days=asked.days, step=asked.step))
    for name, count in sorted(told.books.counts.items()):
        print(f"{name}: {count}")
    for number, month in enumerate(told.months, 1):
        print(
            f"month {number}: database {month.database / 1e6:.2f} MB, resident {month.resident / 1e6:.0f} MB, "
            f"{month.blocks / 1e3:.0f} thousand blocks"
        )
    said, wrong = growth(told.months)
    print(*said, sep="\n")
    took = timedelta(seconds=round(time.monotonic() - begun))
    print(f"{told.cpu:.0f} CPU seconds, {took} by the clock")
    for problem in (*told.books.wrong[:20], *wrong):
        print(f"DOES NOT HOLD: {problem}", file=sys.stderr)
    sys.exit(bool(told.books.wrong or wrong))


if __name__ == "__main__":
    main()
