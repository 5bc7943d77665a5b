"""How fast feeds are polled: feeds a second and peak memory, and the ratios to named yardsticks in the same run.

Run:       python benchmarks/ingest.py [--feeds 1000] [--rounds 3] [--growth] [--waiting]      (about six minutes)
Feeds:     made-up RSS of 30 entries and about 58 kB each, from a server in a process of its own, each feed under a
           loopback address of its own (127.x.y.z), since no poller may ask one host hundreds of times at once.
Yardsticks: lemon24/reader (pip install reader==3.26 sgmllib3k), `update_feeds` with its best number of workers (20)
           and its own SQLite store; feedparser as it comes, one process; bare aiohttp, 64 at once, which reads and
           forgets.
Targets:   cold ≥ 8 × reader, ≤ 300 MB; parsing ≥ 6 × feedparser; all-304 ≥ 3 × reader and ≥ 0.5 × bare aiohttp;
           with 200 ms of latency ≥ 0.5 of connections ÷ latency; 10,000 feeds at ≤ 1.2 × CPU a feed, ≤ 1.3 × memory.
Every measurement runs in a fresh process; the medians are printed, the ratios last. The ratios of CPU seconds (of all
of a system's processes, Linux only) are printed beside them: other load on the machine hardly spoils those.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from aiohttp import web

ENTRIES, WORDS, SEED = 30, 150, 20261115
FIRST = datetime(2026, 11, 15, 12, tzinfo=UTC)
CONNECTIONS = 64
CPU = ("cpu of cold", "cpu of warm")


# -- the feeds ---------------------------------------------------------------------------------------------------------


def document(number: int) -> bytes:
    """Give feed `number`: RSS with descriptions in escaped HTML, as blogs write them."""
    rng = random.Random(SEED + number)
    items = "".join(item(number, position, rng) for position in range(ENTRIES))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>Made-up feed {number}</title><link>https://f{number}.example/</link><description>Made up</description>"
        f"<language>en</language>{items}</channel></rss>"
    ).encode()


def item(number: int, position: int, rng: random.Random) -> str:
    """Give one item, with a date within the month before `FIRST`."""
    text = words(rng, WORDS)
    markup = "".join(
        f'<p>{part} <a href="https://x.example/{position}">more</a> &amp; so on</p>' for part in parts(text)
    )
    date = (FIRST - timedelta(hours=17 * position, minutes=number % 60)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return (
        f"<item><title>{' '.join(text[:9]).capitalize()}</title><link>https://f{number}.example/p/{position}</link>"
        f'<guid isPermaLink="false">{number}-{position}</guid><pubDate>{date}</pubDate>'
        f"<dc:creator>A. Writer</dc:creator><category>made-up</category>"
        f"<description>{escape(markup)}</description></item>"
    )


SYLLABLES = [c + v + e for c in "bdfgklmnprstvw" for v in "aeiou" for e in ("", "n", "r", "s", "t")]


def words(rng: random.Random, count: int) -> list[str]:
    """Give made-up words."""
    return ["".join(rng.choices(SYLLABLES, k=rng.choice((2, 3, 3, 4)))) for _ in range(count)]


def parts(text: list[str]) -> list[str]:
    """Cut words into paragraphs."""
    return [" ".join(text[start : start + 55]) for start in range(0, len(text), 55)]


def address(number: int, port: int) -> str:
    """Give the address of feed `number`, on a loopback host of its own."""
    return f"http://127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}:{port}/f/{number}.xml"


def serve(port: int, latency: float, variants: int = 200) -> None:
    """Answer for every feed; 304 to a known ETag. Feeds beyond `variants` are those again under other numbers."""
    from aiohttp import web

    plain = [document(number) for number in range(variants)]

    async def answer(request: web.Request) -> web.Response:
        if latency:
            await asyncio.sleep(latency)
        number = request.match_info["number"]
        headers = {"ETag": f'"{number}"', "Content-Type": "application/rss+xml"}
        if request.headers.get("If-None-Match") == f'"{number}"':
            return web.Response(status=304, headers=headers)
        return web.Response(body=plain[int(number) % variants], headers=headers)

    app = web.Application()
    app.router.add_get("/f/{number}.xml", answer)
    web.run_app(app, host="0.0.0.0", port=port, print=None, access_log=None)


# -- the systems -------------------------------------------------------------------------------------------------------


def run_trendbot(count: int, port: int, folder: Path) -> dict[str, float]:
    """Poll all feeds cold, then all again (304)."""
    from trendbot.core.feeds import FeedSeed
    from trendbot.core.polling import PollPolicy
    from trendbot.fetch.http import Fetcher
    from trendbot.pipeline.poll import poll
    from trendbot.store.database import Database, sqlite_url
    from trendbot.store.feeds import seed_feeds
    from trendbot.store.migrate import upgrade

    async def both(database: Database) -> dict[str, float]:
        async with Fetcher(user_agent="benchmark", connections=CONNECTIONS, allow_private=True) as fetcher:
            policy, lap = PollPolicy(connections=CONNECTIONS), Laps()
            cold = await poll(database, fetcher, clock=lambda: FIRST, policy=policy)
            lap("cold")
            warm = await poll(database, fetcher, clock=lambda: FIRST, force=True, policy=policy)
            lap("warm")
        assert (cold.changed, cold.entries_new) == (count, count * ENTRIES), cold
        assert warm.not_modified == count, warm
        return lap.times

    with Database(sqlite_url(folder / "t.db")) as database:
        upgrade(database)
        database.write(seed_feeds, [FeedSeed(url=address(number, port)) for number in range(count)], FIRST)
        return asyncio.run(both(database))


def run_reader(count: int, port: int, folder: Path, workers: int = 20) -> dict[str, float]:
    """Let reader update all feeds cold, then all again (304)."""
    from reader import make_reader

    with make_reader(str(folder / "r.db")) as reader:
        for number in range(count):
            reader.add_feed(address(number, port))
        lap = Laps()
        reader.update_feeds(workers=workers, scheduled=False)
        lap("cold")
        reader.update_feeds(workers=workers, scheduled=False)
        lap("warm")
        assert reader.get_entry_counts().total == count * ENTRIES
    return lap.times


def run_feedparser(count: int, _port: int, _folder: Path) -> dict[str, float]:
    """Parse documents in memory with feedparser as it comes."""
    import io

    import feedparser

    bodies = [document(number) for number in range(count)]
    lap = Laps()
    for body in bodies:
        assert len(feedparser.parse(io.BytesIO(body)).entries) == ENTRIES
    return lap("parse")


def run_parsing(count: int, _port: int, _folder: Path) -> dict[str, float]:
    """Parse documents in memory with our reader, texts made plain, in one process."""
    from trendbot.fetch.parse import parse

    bodies = [document(number) for number in range(count)]
    lap = Laps()
    for body in bodies:
        assert len(parse(body, url="https://x.example/").entries) == ENTRIES
    return lap("parse")


def run_aiohttp(count: int, port: int, _folder: Path) -> dict[str, float]:
    """Ask all feeds conditionally with bare aiohttp."""
    import aiohttp

    async def all_of_them() -> dict[str, float]:
        gate = asyncio.Semaphore(CONNECTIONS)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:

            async def ask(number: int) -> None:
                headers = {"If-None-Match": f'"{number}"'}
                async with gate, session.get(address(number, port), headers=headers) as response:
                    await response.read()

            lap = Laps()
            await asyncio.gather(*(ask(number) for number in range(count)))
            return lap("warm")

    return asyncio.run(all_of_them())


SYSTEMS = {
    "trendbot": run_trendbot,
    "reader": run_reader,
    "feedparser": run_feedparser,
    "parsing": run_parsing,
    "aiohttp": run_aiohttp,
}


class Laps:
    """Takes the time of one phase after another: seconds under its name, CPU seconds under "cpu of" its name."""

    def __init__(self) -> None:
        """Begin with the first phase."""
        self.times: dict[str, float] = {}
        self._since = (time.perf_counter(), cpu())

    def __call__(self, name: str) -> dict[str, float]:
        """End the phase `name`; give all times until now."""
        now = (time.perf_counter(), cpu())
        self.times |= {name: now[0] - self._since[0], f"cpu of {name}": now[1] - self._since[1]}
        self._since = (time.perf_counter(), now[1])
        return self.times


def cpu() -> float:
    """Give the CPU seconds of this process and all below it, ended ones included."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ticks = 0
    for process in below(os.getpid()):
        with contextlib.suppress(OSError):  # it has ended
            ticks += sum(map(int, (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[11:15]))
    return own.ru_utime + own.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def below(parent: int) -> list[Path]:
    """Give the processes below `parent`, as folders of /proc."""
    found = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += [Path("/proc", child), *below(int(child))]
    return found


class Memory(threading.Thread):
    """Watches the memory of this process and all below it; pages that several share count once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__(daemon=True)
        self.peak = 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        """Look four times a second."""
        while not self.ended.wait(0.25):
            processes = [Path("/proc", str(os.getpid())), *below(os.getpid())]
            self.peak = max(self.peak, sum(map(megabytes, processes)))


def megabytes(process: Path) -> float:
    """Give a process's own part of the memory in MB; 0 where it has ended."""
    with contextlib.suppress(OSError):
        for line in (process / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


# -- measuring ---------------------------------------------------------------------------------------------------------


def measure(system: str, count: int, port: int) -> dict[str, float]:
    """Run one system in a fresh process and give its times, CPU and peak memory."""
    command = [sys.executable, __file__, "--system", system, "--feeds", str(count), "--port", str(port)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def medians(system: str, count: int, port: int, rounds: int) -> dict[str, float]:
    """Give the medians of some runs, and print them as rates."""
    runs = [measure(system, count, port) for _ in range(rounds)]
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    rates = "  ".join(f"{name} {count / middle[name]:7.0f}/s" for name in ("cold", "warm", "parse") if name in middle)
    print(f"{system:11} {count:6} feeds  {rates}  peak {middle['peak']:.0f} MB", flush=True)
    return middle


class Server:
    """The feeds' server, in a process of its own."""

    def __init__(self, port: int, latency: float = 0.0) -> None:
        """Remember; `latency` in seconds."""
        self.port, self.latency = port, latency

    def __enter__(self) -> Self:
        self.process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(self.port, self.latency), daemon=True
        )
        self.process.start()
        asyncio.run(self.up())
        return self

    async def up(self) -> None:
        """Wait until it answers."""
        import aiohttp

        async with aiohttp.ClientSession() as session:
            for _ in range(300):
                try:
                    async with session.get(address(0, self.port)):
                        return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()


def main() -> None:
    """Measure, and print the ratios last."""
    args = arguments()
    if args.system:
        memory = Memory()
        memory.start()
        with tempfile.TemporaryDirectory() as folder:
            result = SYSTEMS[args.system](args.feeds, args.port, Path(folder))
        memory.ended.set()
        print(json.dumps(result | {"peak": memory.peak}))
        return
    count, rounds = args.feeds, args.rounds
    print(
        f"python {sys.version.split()[0]}", *(f"{name} {version(name)}" for name in ("reader", "feedparser", "aiohttp"))
    )
    ratios: list[str] = []
    with Server(args.port):
        ours, theirs = (medians(name, count, args.port, rounds) for name in ("trendbot", "reader"))
        bare = medians("aiohttp", count, args.port, rounds)
        parsing, plain = (medians(name, 200, args.port, rounds) for name in ("parsing", "feedparser"))
        ratios += [
            ratio("cold", "reader", theirs, ours, 8),
            f"memory    {ours['peak']:6.0f} MB peak, all processes (target 300)",
            ratio("parse", "feedparser", plain, parsing, 6),
            ratio("warm", "reader", theirs, ours, 3),
            ratio("warm", "bare aiohttp", bare, ours, 0.5),
        ]
        if args.growth:
            many = medians("trendbot", 10 * count, args.port, 1)
            ratios.append(growth(ours, many, count))
    if args.waiting:
        with Server(args.port + 1, latency=0.2):
            slow = medians("trendbot", count, args.port + 1, 1)
        bound = CONNECTIONS / 0.2
        ratios.append(
            f"waiting   {count / slow['warm'] / bound:6.2f} × {CONNECTIONS} connections ÷ 200 ms (target 0.5)"
        )
    print(*ratios, sep="\n")


def ratio(phase: str, yardstick: str, theirs: dict[str, float], ours: dict[str, float], target: float) -> str:
    """Compare a phase, by the clock and by CPU seconds."""
    name = "all-304" if phase == "warm" else phase
    cost = theirs[f"cpu of {phase}"] / ours[f"cpu of {phase}"]
    beside = f"{name:9} {theirs[phase] / ours[phase]:6.2f} × {yardstick:13}"
    return f"{beside} (target {target:g}; by CPU seconds {cost:.2f})"


def growth(few: dict[str, float], many: dict[str, Any], count: int) -> str:
    """Compare the cost a feed of ten times as many feeds."""
    cost = sum(many[key] for key in CPU) / (10 * count) / (sum(few[key] for key in CPU) / count)
    memory = many["peak"] / few["peak"]
    return f"growth    {cost:6.2f} × CPU a feed, {memory:.2f} × memory at {10 * count} feeds (targets 1.2, 1.3)"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=8190)
    parser.add_argument("--growth", action="store_true", help="also ten times as many feeds")
    parser.add_argument("--waiting", action="store_true", help="also with 200 ms before each answer")
    parser.add_argument("--system", choices=SYSTEMS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
