"""A fortnight of polling 200 feeds, by a server that counts offences and a clock that the test turns."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from tests.serving import USER_AGENT, fetcher, item, rss, serving

from trendbot.core.feeds import FeedSeed
from trendbot.pipeline.poll import poll
from trendbot.store.database import Database, sqlite_url
from trendbot.store.feeds import seed_feeds

if TYPE_CHECKING:
    from collections.abc import Mapping

FEEDS, HOSTS, DAYS = 200, 50, 14
PER_HOST = 2
STEP = timedelta(minutes=30)
SHORTEST = timedelta(hours=1)
BEHAVIOURS = (
    "plain", "plain", "plain", "daily", "dates only", "no validators", "max-age", "expires", "ttl", "weekend",
    "churning etag", "throttled", "throttled by date", "busy",
    "moved", "moved for now", "gone", "missing", "forbidden", "unauthorised",
    "down", "expired", "broken",
)  # fmt: skip


@dataclass
class Memory:
    """What the server knows of one feed."""

    behaviour: str
    asked_at: datetime | None = None
    closed_until: datetime | None = None
    told: str = ""
    etag: str | None = None
    modified: str | None = None
    gone: bool = False
    asked: int = 0


@dataclass
class Warden:
    """Answers as two hundred publishers do, and writes down every offence."""

    now: datetime
    feeds: dict[str, Memory] = field(default_factory=dict)
    closed: dict[str, datetime] = field(default_factory=dict)
    running: Counter[str] = field(default_factory=Counter)
    offences: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    conditional: int = 0
    intervals: defaultdict[str, list[timedelta]] = field(default_factory=lambda: defaultdict(list))

    async def __call__(self, request: web.Request) -> web.Response:
        host = request.url.host or ""
        self.running[host] += 1
        try:
            self.requests += 1
            if self.running[host] > PER_HOST:
                self.offences["too many connections to a host"] += 1
            self.watch_headers(request)
            return self.answer(request, host)
        finally:
            self.running[host] -= 1

    def watch_headers(self, request: web.Request) -> None:
        for name in ("Cookie", "Referer", "Authorization"):
            self.offences[f"sent {name}"] += name in request.headers
        self.offences["added a query"] += bool(request.query_string)
        self.offences["hid who asks"] += request.headers.get("User-Agent") != USER_AGENT
        self.conditional += "If-None-Match" in request.headers or "If-Modified-Since" in request.headers

    def answer(self, request: web.Request, host: str) -> web.Response:
        name = f"{host}{request.path}"
        memory = self.feeds[name]
        self.watch_closing(host, request.path)
        self.offences["asked what is gone"] += memory.gone
        if memory.closed_until is not None:
            self.offences[f"too soon after {memory.told}"] += self.now < memory.closed_until
        if memory.asked_at is not None:
            self.offences["twice within the shortest interval"] += self.now - memory.asked_at < SHORTEST
            self.intervals[memory.behaviour].append(self.now - memory.asked_at)
        self.offences["forgot or changed a validator"] += memory.etag != request.headers.get("If-None-Match")
        self.offences["forgot or changed a date"] += memory.modified != request.headers.get("If-Modified-Since")
        memory.asked_at, memory.closed_until = self.now, None
        memory.asked += 1
        return self.behave(name, memory, host)

    def watch_closing(self, host: str, path: str) -> None:
        """A host that has closed is left alone; what was on its way at that very instant cannot be called back."""
        until = self.closed.get(host, self.now)
        if self.now < until - timedelta(hours=5):
            raise AssertionError("the clock ran backwards")
        late = self.now == until - timedelta(hours=5)
        second_half = path.endswith(".new")  # of a redirect, whose first half was on its way
        self.late[host] = self.late[host] + (not second_half) if late else 0
        self.offences["asked a host that is closed"] += self.late[host] >= PER_HOST if late else self.now < until

    def close(self, memory: Memory, wait: timedelta, told: str) -> None:
        memory.closed_until, memory.told = self.now + wait, told

    def behave(self, name: str, memory: Memory, host: str) -> web.Response:
        kind = memory.behaviour
        if kind == "gone" and memory.asked == 5:
            memory.gone = True
            return web.Response(status=410)
        if kind.startswith("throttled") and memory.asked % 7 == 3:
            self.closed[host] = self.now + timedelta(hours=5)
            exact = format_datetime(self.closed[host], usegmt=True) if kind.endswith("date") else str(5 * 3600)
            return web.Response(status=429, headers={"Retry-After": exact})
        if kind == "busy" and memory.asked % 4 == 2:
            self.close(memory, SHORTEST, "503")
            return web.Response(status=503)
        if kind.startswith("moved") and not name.endswith(".new"):
            status = 301 if kind == "moved" else 302
            return web.Response(status=status, headers={"Location": f"{name.partition('/')[2]}.new"})
        return self.refuse(memory) or self.document(name, memory)

    def refuse(self, memory: Memory) -> web.Response | None:
        refusals = {"missing": (404, 6), "forbidden": (403, 24), "unauthorised": (401, 24), "down": (500, 1)}
        status, hours = refusals.get(memory.behaviour, (0, 0))
        if not status or memory.asked <= 2:
            return None
        self.close(memory, timedelta(hours=hours) * min(2 ** (memory.asked - 3), 4), str(status))
        return web.Response(status=status)

    def document(self, name: str, memory: Memory) -> web.Response:
        kind = memory.behaviour
        body, head = self.body(name, kind), self.headers(memory, kind)
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:9]}"'
        modified = format_datetime(self.last_post(name, kind), usegmt=True)
        if kind == "churning etag":
            etag = f'"{memory.asked}"'
        same = (memory.etag, memory.modified) in ((etag, modified), (None, modified))
        memory.etag = None if kind in ("no validators", "dates only", "broken") else etag
        memory.modified = None if kind in ("no validators", "broken") else modified
        head |= {"ETag": memory.etag} if memory.etag else {}
        head |= {"Last-Modified": memory.modified} if memory.modified else {}
        if same and kind not in ("no validators", "broken", "churning etag"):
            return web.Response(status=304, headers=head)
        return web.Response(body=body, headers=head)

    def headers(self, memory: Memory, kind: str) -> dict[str, str]:
        if kind == "max-age":
            self.close(memory, timedelta(hours=8), "max-age")
            return {"Cache-Control": "public, max-age=28800"}
        if kind == "expires":
            self.close(memory, timedelta(hours=30), "Expires")
            return {"Expires": format_datetime(self.now + timedelta(hours=30), usegmt=True)}
        if kind == "ttl":
            self.close(memory, timedelta(minutes=700), "ttl")
        return {}

    def last_post(self, name: str, kind: str) -> datetime:
        """Give when the feed posted last: daily at 05:00, or every few hours."""
        if kind == "daily":
            today = self.now.replace(hour=5, minute=0, second=0)
            return today if today <= self.now else today - timedelta(days=1)
        every = 3 + int(hashlib.sha256(name.encode()).hexdigest()[:2], 16) % 30
        return self.now - timedelta(hours=self.now.timestamp() / 3600 % every)

    def body(self, name: str, kind: str) -> bytes:
        if kind == "broken":
            return b"<html><body>Sorry</body></html>"
        last = self.last_post(name, kind).replace(microsecond=0)
        number = int(last.timestamp())
        head = {"ttl": "<ttl>700</ttl>", "weekend": "<skipDays><day>Saturday</day><day>Sunday</day></skipDays>"}
        posts = [
            item(number - step, date=format_datetime(last - timedelta(days=step), usegmt=True)) for step in range(9)
        ]
        return rss(*posts, head=head.get(kind, ""))


def _addresses(port: str) -> Mapping[str, str]:
    """Give the behaviour of each of the feeds, spread over the hosts."""
    return {
        f"http://127.0.{1 + number % HOSTS}.1:{port}/{number}": BEHAVIOURS[number % len(BEHAVIOURS)]
        for number in range(FEEDS)
    }


@pytest.mark.sqlite
async def test_a_fortnight_without_an_offence(database: Database, now: datetime) -> None:
    warden = Warden(now)
    async with serving(warden, host="0.0.0.0") as base:
        addresses = _addresses(base.rpartition(":")[2])
        for url, behaviour in addresses.items():
            name = url.removeprefix("http://").replace(f":{base.rpartition(':')[2]}", "")
            warden.feeds[name] = Memory(behaviour)
            if behaviour.startswith("moved"):
                warden.feeds[name + ".new"] = Memory(behaviour)
        database.write(seed_feeds, [FeedSeed(url=url) for url in addresses], now)
        for day in range(DAYS):
            assert database.file is not None
            with Database(sqlite_url(database.file)) as reopened:  # a restart a day
                async with fetcher(per_host=PER_HOST, timeout=20) as asking:
                    while warden.now < now + timedelta(days=day + 1):
                        await poll(reopened, asking, clock=lambda: warden.now)
                        warden.now += STEP
    assert +warden.offences == {}
    assert warden.requests > FEEDS * DAYS
    assert warden.conditional > 0.7 * warden.requests
    assert all(memory.asked for memory in warden.feeds.values() if memory.behaviour != "moved")
