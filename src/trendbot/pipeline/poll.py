"""Poll: ask the feeds that are due, and store what they say.

    due ──claim──► lanes by host ──fetch──► parse (beside the loop) ──► settle (one transaction for many feeds)

Validators and entries are written together, so a poll that is killed anywhere can simply be run again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Protocol

from trendbot.clock import Clock
from trendbot.core.hosts import Lanes, gap_of, interleaved
from trendbot.core.polling import Outcome, PollFacts, PollPolicy
from trendbot.core.urls import host_of
from trendbot.fetch.http import Answer, Changed, Failed, Request
from trendbot.fetch.parsing import Parsers
from trendbot.logs import get_logger
from trendbot.pipeline.leases import is_dead, new_holder
from trendbot.store.database import Database
from trendbot.store.entry_writing import Applied
from trendbot.store.polling import (
    THROTTLED,
    Polled,
    Target,
    claim,
    due_feeds,
    lease_holders,
    release,
)
from trendbot.store.settling import settle

log = get_logger(__name__)

Progress = Callable[[int, int], None]
"""Called with (feeds done, feeds in all)."""

CLAIM = 200
"""Feeds claimed at a time."""
BATCH = 128
"""Feeds settled in one transaction at most."""
BACKLOG = 128
"""Parsed documents that may wait for the database; bounds the memory."""
OFFLINE_HOSTS = 2
"""With fewer different hosts asked, silence says nothing about our own network."""


class Asks(Protocol):
    """What polling needs of a fetcher: the real one, or one that replays a recording."""

    async def fetch(self, request: Request) -> Answer:
        """Answer one request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedFeed:
    """A feed that could not be polled; `reason` is a clause that follows the feed's name."""

    feed_id: int
    url: str
    title: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PollReport:
    """What a poll did. `unreachable`: feeds were asked, and for reasons of the network not one server answered."""

    asked: int = 0
    changed: int = 0
    unchanged: int = 0
    not_modified: int = 0
    not_due: int = 0
    failed: tuple[FailedFeed, ...] = ()
    entries_new: int = 0
    entries_backlog: int = 0
    entries_edited: int = 0
    entries_removed: int = 0
    """Entries that feeds list no more, most of them because newer ones took their place."""
    entries_withdrawn: int = 0
    """Entries that feeds took back."""
    bytes: int = 0
    unreachable: bool = False


async def poll(
    database: Database,
    fetcher: Asks,
    *,
    clock: Clock,
    force: bool = False,
    policy: PollPolicy | None = None,
    only: Collection[int] | None = None,
    progress: Progress | None = None,
) -> PollReport:
    """Ask every feed that is due by `clock`, at most `policy.connections` at once, and store what they say.

    `force` asks also what is not due (conditionally, and nothing at a host inside its Retry-After); `only` narrows to
    these feeds. Feeds that another living process is polling are left to it.
    """
    dead = [holder for holder in await database.run(lease_holders) if is_dead(holder)]
    if dead:
        await database.run(release, holders=dead)
    due = await database.run(due_feeds, now=clock(), force=force, only=only)
    work = _Poll(database, fetcher, clock=clock, policy=policy or PollPolicy(), progress=progress)
    return replace(await work.run(interleaved(due.feeds)), not_due=due.not_due + work.deferred)


class _Poll:
    """One pass over the feeds that are due."""

    def __init__(
        self, database: Database, fetcher: Asks, *, clock: Clock, policy: PollPolicy, progress: Progress | None
    ) -> None:
        self.database, self.fetcher = database, fetcher
        self.clock, self.policy = clock, policy
        self.progress = progress or (lambda _done, _total: None)
        self.holder = new_holder()
        self.lanes: Lanes[Target] = Lanes(
            per_host=policy.per_host, gap=lambda host: gap_of(host, policy.host_gap).total_seconds()
        )
        self.unclaimed: deque[tuple[int, str]] = deque()
        self.closed: set[str] = set()
        self.waiting: asyncio.Queue[Polled | None] = asyncio.Queue(maxsize=BACKLOG)
        self.held: list[Polled] = []
        self.reached = False
        self.wake = asyncio.Event()
        self.running: set[asyncio.Task[None]] = set()
        self.done = self.total = self.deferred = self.received = 0
        self.broken: Exception | None = None
        self.report = PollReport()

    async def run(self, feeds: Sequence[tuple[int, str]]) -> PollReport:
        """Poll `feeds`; ends when all are settled, and gives back unused claims whatever happens."""
        self.unclaimed.extend(feeds)
        self.total = len(feeds)
        if not feeds:
            return self.report
        self.progress(0, self.total)
        with Parsers() as self.parsers:
            writer = asyncio.create_task(self._write())
            try:
                await self._ask_all()
                await self.waiting.put(None)
                await writer
                if self.broken is not None:
                    raise self.broken
            finally:
                for task in (writer, *self.running):
                    task.cancel()
                await self.database.run(release, holders=[self.holder])
        return replace(self.report, bytes=self.received)

    # -- asking

    async def _ask_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self.broken is None:
            await self._refill()
            ready = self.lanes.take(loop.time()) if len(self.running) < self.policy.connections else None
            if ready is not None:
                self._start(*ready)
            elif self.lanes.waiting or self.running or self.unclaimed:
                await self._pause(loop.time())
            else:
                return

    def _start(self, host: str, target: Target) -> None:
        task = asyncio.create_task(self._ask(host, target))
        self.running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        self.wake.set()  # only now: whoever wakes must not find the task still running, and wait for it for ever

    async def _pause(self, now: float) -> None:
        """Sleep until a request ends or a host may be asked again."""
        at = self.lanes.next_at() if len(self.running) < self.policy.connections else None
        self.wake.clear()
        try:
            async with asyncio.timeout(None if at is None else max(at - now, 0.0)):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _refill(self) -> None:
        """Claim the next feeds where few wait."""
        while self.unclaimed and self.lanes.waiting < self.policy.connections:
            part = [self.unclaimed.popleft() for _ in range(min(CLAIM, len(self.unclaimed)))]
            now = self.clock()
            targets = await self.database.run(
                claim, [feed_id for feed_id, _ in part], holder=self.holder, now=now, until=now + self.policy.lease
            )
            self._defer(len(part) - len(targets))
            for target in targets:
                host = host_of(target.url)
                if host in self.closed:
                    self._defer(1)
                else:
                    self.lanes.add(host, target)

    def _defer(self, count: int) -> None:
        self.deferred += count
        self.total -= count

    async def _ask(self, host: str, target: Target) -> None:
        try:
            polled = await self._poll(target)
            if polled.facts.status in THROTTLED and "retry-after" in polled.facts.headers:
                self.closed.add(host)
                self._defer(len(self.lanes.drop(host)))
            await self._hand_over(polled)
        except Exception:
            log.exception("feed_poll_crashed", feed_id=target.feed_id)
            await self._hand_over(self._failed(target, "could not be polled: see the log"))
        finally:
            self.lanes.done(host)

    async def _poll(self, target: Target) -> Polled:
        state = target.state
        answer = await self.fetcher.fetch(
            Request(
                url=target.url,
                etag=state.etag,
                last_modified=state.last_modified,
                validated_url=state.validated_url,
                user_agent=target.user_agent,
            )
        )
        self.received += answer.received
        facts = PollFacts(
            outcome=Outcome.SAME,
            url=answer.url,
            status=answer.status,
            headers=answer.headers,
            moved_to=answer.moved_to,
        )
        if isinstance(answer, Failed):
            facts = replace(facts, outcome=Outcome.FAILED, reason=answer.reason, network=answer.network)
            return Polled(target=target, facts=facts, parsed=None, at=self.clock())
        if isinstance(answer, Changed):
            return await self._read(target, facts, answer)
        return Polled(target=target, facts=facts, parsed=None, at=self.clock())

    async def _read(self, target: Target, facts: PollFacts, answer: Changed) -> Polled:
        digest = hashlib.sha256(answer.body).hexdigest()
        if digest == target.state.body_hash:
            return Polled(target=target, facts=facts, parsed=None, at=self.clock())
        content_type = answer.headers.get("content-type", "")
        parsed = await self.parsers.parse(answer.body, url=answer.url, content_type=content_type)
        if isinstance(parsed, str):
            return self._failed(target, parsed, facts)
        if answer.partial:
            parsed = replace(parsed, truncated=True)
        posted = tuple(entry.published_at for entry in parsed.entries)
        facts = replace(facts, outcome=Outcome.CHANGED, body_hash=digest, hints=parsed.hints, posted=posted)
        return Polled(target=target, facts=facts, parsed=parsed, at=self.clock())

    def _failed(self, target: Target, reason: str, facts: PollFacts | None = None) -> Polled:
        facts = facts or PollFacts(outcome=Outcome.FAILED, url=target.url)
        failed = replace(facts, outcome=Outcome.FAILED, reason=reason)
        return Polled(target=target, facts=failed, parsed=None, at=self.clock())

    # -- settling

    async def _hand_over(self, polled: Polled) -> None:
        """Queue for the database; failures of the network wait until some server has answered."""
        if polled.facts.network and not self.reached:
            self.held.append(polled)
            return
        self.reached = self.reached or not polled.facts.network
        await self.waiting.put(polled)

    async def _write(self) -> None:
        """Settle what is handed over, until the end; where the database fails, note it and only empty the queue."""
        ended = False
        while not ended:
            batch = [await self.waiting.get()]
            while len(batch) < BATCH and not self.waiting.empty():
                batch.append(self.waiting.get_nowait())
            ended = None in batch
            await self._try_to_settle([polled for polled in batch if polled is not None])
        offline = not self.reached and len({host_of(polled.target.url) for polled in self.held}) >= OFFLINE_HOSTS
        if offline:  # our own network: no feed is to blame, and all stay due
            self._count(self.held, [Applied()] * len(self.held))
        else:
            await self._try_to_settle(self.held)
        self.report = replace(self.report, unreachable=bool(self.held) and not self.reached)

    async def _try_to_settle(self, batch: Sequence[Polled]) -> None:
        if self.broken is not None:
            return
        try:
            await self._settle(batch)
        except Exception as error:  # noqa: BLE001  (raised again when the queue is empty)
            self.broken = error
            self.wake.set()

    async def _settle(self, batch: Sequence[Polled]) -> None:
        if not batch:
            return
        try:
            self._count(batch, await self.database.run(settle, batch, policy=self.policy))
        except Exception:
            if len(batch) == 1 and batch[0].parsed is None:  # nothing of the feed's is left to blame
                raise
            await self._settle_singly(batch)

    async def _settle_singly(self, batch: Sequence[Polled]) -> None:
        """Find the feed that the database will not take, and settle it as failed."""
        if len(batch) > 1:
            for polled in batch:
                await self._settle([polled])
            return
        polled = batch[0]
        log.exception("feed_not_stored", feed_id=polled.target.feed_id)
        await self._settle([self._failed(polled.target, "could not be stored: see the log", polled.facts)])

    def _count(self, batch: Sequence[Polled], applied: Sequence[Applied]) -> None:
        report = self.report
        failed = [_as_failed(polled) for polled in batch if polled.facts.outcome is Outcome.FAILED]
        changed = sum(polled.facts.outcome is Outcome.CHANGED for polled in batch)
        self.report = replace(
            report,
            asked=report.asked + len(batch),
            changed=report.changed + changed,
            unchanged=report.unchanged + len(batch) - changed - len(failed),
            not_modified=report.not_modified + sum(polled.facts.status == HTTPStatus.NOT_MODIFIED for polled in batch),
            failed=(*report.failed, *failed),
            entries_new=report.entries_new + sum(one.new for one in applied),
            entries_backlog=report.entries_backlog + sum(one.backlog for one in applied),
            entries_edited=report.entries_edited + sum(one.edited for one in applied),
            entries_removed=report.entries_removed + sum(one.removed for one in applied),
            entries_withdrawn=report.entries_withdrawn + sum(one.withdrawn for one in applied),
        )
        self.done += len(batch)
        self.progress(self.done, self.total)


def _as_failed(polled: Polled) -> FailedFeed:
    target = polled.target
    return FailedFeed(
        feed_id=target.feed_id, url=target.url, title=target.title, reason=polled.facts.reason or "could not be polled"
    )
