"""How many pages a second are served, and how long the slowest hundredth waits, under wrk.

Run:      python benchmarks/web.py [--seconds 5] [--connections 16]      (a minute; needs wrk: apt-get install wrk)
Measures: requests a second and p99 of the front page and of a story page, from a home with two made-up days of
          news; and the CPU that making these and other pages anew takes.
Yardstick in the same run: bare Starlette answering the very same bytes and headers from one plain endpoint, in a
          process of its own under the same server with the same settings; the two are measured in turns, three times,
          and the median counts. CPU seconds a thousand requests, which a busy machine does not spoil, stand beside it.

Measured on 2026-11-26, two shared cores under other work (Starlette 1.10.0, uvicorn 0.54.0, 16 connections):

    front page   6,917/s, p99 7.2 ms, 0.107 CPU ms each;  bare 3,072/s, p99  82.7 ms, 0.251 CPU ms each
    story page   7,241/s, p99 6.8 ms, 0.108 CPU ms each;  bare 2,833/s, p99 124.5 ms, 0.246 CPU ms each
    made anew    front page 2.6, story page 10.4, archive 1.4, theme page 3.0, trends 0.8 CPU ms
                 (bare's p99 is the machine's noise; CPU is not; --seconds 2)
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import starlette
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests import builders

from trendbot.bootstrap import Access, open_app
from trendbot.clock import system_clock
from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.render.environment import Renderer
from trendbot.settings import load_settings
from trendbot.store.database import Database, sqlite_url
from trendbot.store.migrate import upgrade
from trendbot.web.app import create_app
from trendbot.web.export import ask
from trendbot.web.front import Front
from trendbot.web.serving import listen
from trendbot.web.site import Site

ROUNDS, TIMES = 3, 40
NOW = datetime(2026, 11, 15, 18, tzinfo=UTC)
PAGES = {"front page": "/", "story page": "/stories/1"}
ANEW = PAGES | {"archive": "/archive", "theme page": "/themes/open-source", "trends": "/trends"}


@dataclass(frozen=True, kw_only=True)
class Load:
    """What wrk measured: requests a second, p99 in milliseconds, failed answers; and CPU ms of the server a request."""

    rate: float
    p99: float
    failed: int
    cpu: float


def made(folder: Path) -> None:
    """Put two days of news and their digests into a home."""
    with Database(sqlite_url(folder / "trendbot.db")) as database:
        upgrade(database)
        for age in (1, 0):
            at = NOW - timedelta(days=age)
            builders.add_day(database, at, prefix="Yesterday: " if age else "")
            compose(database, Renderer(bundled("templates")), cadence=Cadence.DAILY, now=at, policy=DigestPolicy())


def ours(folder: str, at: socket.socket) -> None:
    """Serve the site."""
    with open_app(load_settings(options={"home": Path(folder)}), system_clock, access=Access.READ) as app:
        run(create_app(Site(app=app, url="http://127.0.0.1")), at)


def bare(answers: dict[str, tuple[bytes, dict[str, str]]], at: socket.socket) -> None:
    """Serve the same bytes and headers by Starlette alone."""

    def endpoint(request: Request) -> Response:
        body, headers = answers[request.url.path]
        return Response(body, headers=headers)

    run(Starlette(routes=[Route(path, endpoint) for path in answers]), at)


def run(app: Any, at: socket.socket) -> None:
    """Serve as ``web/serving.py`` does."""
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[at])


def started(target: Any, what: Any) -> tuple[multiprocessing.Process, str]:
    """Start a server; return its process and address."""
    at = listen("127.0.0.1", 0)
    process = multiprocessing.get_context("fork").Process(target=target, args=(what, at), daemon=True)
    process.start()
    return process, f"http://127.0.0.1:{at.getsockname()[1]}"


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loaded(process: multiprocessing.Process, url: str, *, seconds: int, connections: int) -> Load:
    """Let wrk ask for a page."""
    assert process.pid
    before = cpu_of(process.pid)
    said = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    count = int(re.search(r"(\d+) requests in", said)[1])  # type: ignore[index]
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    return Load(
        rate=float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),  # type: ignore[index]
        p99=float(p99[1]) * unit[p99[2]] if p99 else float("nan"),
        failed=int(failed[1]) if failed else 0,
        cpu=1000 * (cpu_of(process.pid) - before) / count,
    )


def fetched(base: str) -> dict[str, tuple[bytes, dict[str, str]]]:
    """Return the bytes and headers of the pages."""
    found = {}
    for path in PAGES.values():
        with urllib.request.urlopen(base + path) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            found[path] = (answer.read(), {n: v for n, v in headers.items() if n not in {"content-length", "date"}})
    return found


def median(loads: list[Load], name: str) -> float:
    """Return the median of one figure over the rounds."""
    return statistics.median(getattr(each, name) for each in loads)


def anew(folder: str) -> dict[str, float]:
    """Return the CPU milliseconds to make each page where none is kept: another query is another page."""

    async def asked(front: Front, path: str) -> float:
        await ask(front, f"{path}?warm")
        before = time.process_time()
        for number in range(TIMES):
            await ask(front, f"{path}?{number}")
        return 1000 * (time.process_time() - before) / TIMES

    with open_app(load_settings(options={"home": Path(folder)}), system_clock, access=Access.READ) as app:
        front = create_app(Site(app=app, url="http://127.0.0.1"))
        return {title: asyncio.run(asked(front, path)) for title, path in ANEW.items()}


def main() -> None:
    """Print the figures, the ratio last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    asked = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        made(Path(name))
        mine, here = started(ours, name)
        other, there = started(bare, fetched(here))
        fetched(there)
        how = {"seconds": asked.seconds, "connections": asked.connections}
        ratios = []
        print(f"bare Starlette {starlette.__version__}, uvicorn {uvicorn.__version__}, {asked.connections} connections")
        for title, path in PAGES.items():
            ran: dict[str, list[Load]] = {"ours": [], "bare": []}
            for _ in range(ROUNDS):
                ran["ours"].append(loaded(mine, here + path, **how))
                ran["bare"].append(loaded(other, there + path, **how))
            for who, loads in ran.items():
                rate, p99, cpu = (median(loads, name) for name in ("rate", "p99", "cpu"))
                failed = sum(each.failed for each in loads)
                print(f"{title}, {who}: {rate:,.0f}/s, p99 {p99:.1f} ms, {cpu:.3f} CPU ms each, {failed} failed")
            ratios.append(median(ran["ours"], "rate") / median(ran["bare"], "rate"))
            print(f"{title}: {ratios[-1]:.2f} × bare Starlette by rate, "
                  f"{median(ran['bare'], 'cpu') / median(ran['ours'], 'cpu'):.2f} × by CPU")  # fmt: skip
        for title, cost in anew(name).items():
            print(f"{title}, made anew: {cost:.1f} CPU ms")
        for process in (mine, other):
            process.terminate()
            process.join()
    print(f"ratio: {min(ratios):.2f} (reach 0.5)")


if __name__ == "__main__":
    main()
