"""Every broken feed we have, and broken variants, through the whole poll: no crash, no hang, others unharmed."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from tests.memory import forget_peak, peak
from tests.serving import fetcher, item, rss, serving

from trendbot.core.feeds import FeedSeed
from trendbot.pipeline.poll import poll
from trendbot.store.entries import list_entries
from trendbot.store.feeds import seed_feeds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from trendbot.store.database import Database

SETS = ("feeds_edge/files", "feeds_wild/files", "feeds_conformance_feedparser/tests")
MEMORY = 300
"""Megabytes that this process may grow by."""


def variants(body: bytes, other: bytes, rng: random.Random) -> Iterator[bytes]:
    """Yield a body as it is, cut off, with bits flipped, and run together with another."""
    yield body
    yield body[: rng.randrange(1, len(body) + 1)]
    flipped = bytearray(body)
    for _ in range(max(1, len(body) // 500)):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    yield bytes(flipped)
    yield body + other


@pytest.mark.parametrize("name", SETS)
async def test_broken_feeds_and_broken_variants_of_them(
    shared_data: Path, database: Database, now: datetime, name: str
) -> None:
    rng = random.Random(name)
    files = [path for path in sorted((shared_data / name).rglob("*")) if path.is_file() and path.stat().st_size]
    originals = [path.read_bytes() for path in files]
    bodies = [made for body in originals for made in variants(body, rng.choice(originals), rng)]
    bodies.append(rss(item(1, title="The healthy one")))

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=bodies[int(request.path[1:])], content_type="application/xml")

    async with serving(handler) as base, fetcher(per_host=20) as asking:
        database.write(seed_feeds, [FeedSeed(url=f"{base}/{number}") for number in range(len(bodies))], now)
        before = forget_peak()
        report = await poll(database, asking, clock=lambda: now)
    assert peak() - before < MEMORY
    assert report.asked == len(bodies)
    assert not [
        failed.reason for failed in report.failed if "log" in failed.reason or failed.reason == "cannot be read"
    ]
    assert database.read(list_entries, search="healthy one")


async def test_hostile_servers_harm_no_other_feed(database: Database, now: datetime) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        kind = request.path[1:]
        if kind == "healthy":
            return web.Response(body=rss(item(1)))
        if kind == "circle":
            return web.Response(status=301, headers={"Location": "/circle2"})
        if kind == "circle2":
            return web.Response(status=301, headers={"Location": "/circle"})
        if kind == "inside":
            # multicast: refused even where private addresses are allowed, as they must be here
            return web.Response(status=302, headers={"Location": "http://224.0.0.1/"})
        return await _stream(request, b"<rss>" * 10_000 if kind == "endless" else b"<")

    async with serving(handler) as base, fetcher(per_host=8, timeout=1.0, connect_timeout=0.5) as asking:
        names = ("endless", "drip", "circle", "inside", "healthy")
        database.write(seed_feeds, [FeedSeed(url=f"{base}/{name}") for name in names], now)
        report = await poll(database, asking, clock=lambda: now)
    assert {failed.url.rpartition("/")[2]: failed.reason for failed in report.failed} == {
        "endless": "is larger than 10 MB",
        "drip": "took longer than 1 s",
        "circle": "redirects in a circle",
        "inside": "is at a private address, which is not allowed",
    }
    assert report.entries_new == 1


async def _stream(request: web.Request, piece: bytes) -> web.StreamResponse:
    """Send `piece` for ever."""
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(piece)
            await asyncio.sleep(0 if len(piece) > 1 else 0.05)
    except (ConnectionError, asyncio.CancelledError):
        return response
