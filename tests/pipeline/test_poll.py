from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from sqlalchemy import select
from tests.serving import fetcher, item, rss, serving

from trendbot.core.feeds import Feed, FeedSeed
from trendbot.core.polling import PollPolicy
from trendbot.fetch.http import Answer, Failed, Request
from trendbot.pipeline.poll import PollReport, poll
from trendbot.store.entries import list_entries
from trendbot.store.feeds import add_feed, get_feed, list_feeds, set_enabled
from trendbot.store.polling import claim, lease_holders
from trendbot.store.schema import EntryRevision, FeedState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

HOUR = timedelta(hours=1)


@dataclass
class Site:
    """A site with feeds that the test changes as it goes, and what it was asked."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        status, headers = self.answers.get(request.path, (200, {}))
        if status != 200:
            return web.Response(status=status, headers=headers)
        body = self.bodies[request.path]
        headers = {"ETag": f'"{hash(body)}"'} | headers
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)


@dataclass
class Poller:
    """Polls a database with a clock that the test sets."""

    database: Database
    now: datetime

    def follow(self, url: str, **more: Any) -> Feed:
        return self.database.write(add_feed, FeedSeed(url=url, **more), now=self.now)

    async def __call__(self, *, later: timedelta = timedelta(), **options: Any) -> PollReport:
        self.now += later
        async with fetcher(timeout=5) as asking:
            return await poll(self.database, asking, clock=lambda: self.now, **options)

    def titles(self) -> list[str]:
        return sorted(entry.title for entry in self.database.read(list_entries, limit=None))


@pytest.fixture
def polls(database: Database, now: datetime) -> Poller:
    return Poller(database, now)


async def test_what_is_new_is_stored_and_asked_for_again_only_conditionally(polls: Poller) -> None:
    site = Site({"/feed": rss(item(1), item(2))})
    async with serving(site) as base:
        polls.follow(base + "/feed")
        first = await polls()
        again = await polls()
        forced = await polls(force=True)
        later = await polls(later=timedelta(days=2))
    assert (first.asked, first.changed, first.entries_new, first.bytes > 0) == (1, 1, 2, True)
    assert (again.asked, again.not_due) == (0, 1)
    for report in (forced, later):
        assert (report.asked, report.not_modified, report.entries_new, report.bytes) == (1, 1, 0, 0)
    assert ["If-None-Match" in request.headers for request in site.asked] == [False, True, True]


async def test_an_edit_is_kept_as_a_revision_and_rewritten_dates_are_no_edit(polls: Poller) -> None:
    site = Site({"/feed": rss(item(1, text="before"), item(2))})
    async with serving(site) as base:
        polls.follow(base + "/feed")
        await polls()
        site.bodies["/feed"] = rss(item(1, text="after"), item(2, date="Sun, 15 Nov 2026 10:00:00 GMT"))
        report = await polls(later=timedelta(days=1))
    assert (report.entries_new, report.entries_edited) == (0, 1)
    (edited,) = [entry for entry in polls.database.read(list_entries) if entry.revision == 2]
    assert (edited.summary, edited.edited_at) == ("after", polls.now)
    (before,) = polls.database.read(lambda session: session.scalars(select(EntryRevision)).all())
    assert before.summary == "before"


async def test_old_entries_of_a_new_feed_are_backlog_and_late_ones_are_not(polls: Poller) -> None:
    old, fresh = "Fri, 13 Nov 2026 17:00:00 GMT", "Sat, 14 Nov 2026 19:00:00 GMT"
    site = Site({"/feed": rss(item(1, date=old), item(2, date=fresh), item(3, date=""))})
    async with serving(site) as base:
        polls.follow(base + "/feed")
        report = await polls()
        site.bodies["/feed"] = rss(item(1, date=old), item(4, date="Sun, 01 Nov 2026 00:00:00 GMT"))
        await polls(later=timedelta(days=1))
    assert (report.entries_new, report.entries_backlog) == (3, 2)
    backlog = {entry.title: entry.backlog for entry in polls.database.read(list_entries)}
    assert backlog == {"Report 1": True, "Report 2": False, "Report 3": True, "Report 4": False}


async def test_future_and_zero_dates_give_way_to_the_first_sight(polls: Poller) -> None:
    dates = ("Mon, 01 Jan 2035 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 16 Nov 2026 08:00:00 GMT")
    site = Site({"/feed": rss(*(item(number, date=date) for number, date in enumerate(dates)))})
    async with serving(site) as base:
        polls.follow(base + "/feed")
        await polls()
    assert {entry.dated_at for entry in polls.database.read(list_entries)} == {polls.now}


async def test_entries_under_new_guids_are_recognised(polls: Poller) -> None:
    site = Site({"/feed": rss(item(1), item(2))})
    async with serving(site) as base:
        polls.follow(base + "/feed")
        await polls()
        site.bodies["/feed"] = rss(*(item(n, guid=f"<guid isPermaLink='false'>new{n}</guid>") for n in (1, 2)))
        churned = await polls(later=timedelta(days=1))
        flipped = rss(*(item(n, guid="", link=f"<link>http://site.example/{n}?utm_source=rss</link>") for n in (1, 2)))
        site.bodies["/feed"] = flipped
        flips = await polls(later=timedelta(days=1))
    assert (churned.entries_new, churned.entries_edited, flips.entries_new) == (0, 0, 0)
    assert polls.titles() == ["Report 1", "Report 2"]


def _dated(*numbers: int) -> bytes:
    """Make a feed of these entries, each dated an hour after the one with the next lower number."""
    return rss(*(item(n, date=f"Sun, 15 Nov 2026 {n:02}:00:00 GMT") for n in numbers))


async def test_what_a_feed_took_back_is_withdrawn_at_its_second_change_and_may_return(polls: Poller) -> None:
    site = Site()
    reports = []
    async with serving(site) as base:
        polls.follow(base + "/feed")
        for shown in ((6, 5, 4, 3, 2), (7, 6, 4, 3, 2), (8, 7, 6, 4, 3), (9, 8, 7, 6, 4), (9, 8, 7, 6, 5)):
            site.bodies["/feed"] = _dated(*shown)
            reports.append(await polls(later=timedelta(days=2)))
            gone = [entry.title for entry in polls.database.read(list_entries) if entry.withdrawn_at]
            assert gone == (["Report 5"] if len(reports) in (3, 4) else [])
    assert [report.entries_withdrawn for report in reports] == [0, 0, 1, 0, 0]
    assert reports[2].entries_removed == 1


async def test_what_is_back_at_the_second_change_was_never_withdrawn(polls: Poller) -> None:
    site = Site()
    async with serving(site) as base:
        polls.follow(base + "/feed")
        for shown in ((6, 5, 4, 3, 2), (7, 6, 4, 3, 2), (8, 7, 6, 5, 4), (9, 8, 7, 6, 4), b"broken", (9, 8, 7, 6, 5)):
            site.bodies["/feed"] = shown if isinstance(shown, bytes) else _dated(*shown)
            await polls(later=timedelta(days=2))
    assert not any(entry.withdrawn_at for entry in polls.database.read(list_entries))


async def test_entries_are_numbered_in_the_order_of_feeds_whoever_answers_first(polls: Poller) -> None:
    site = Site({f"/{name}": rss(item(1, title=f"{name}1"), item(2, title=f"{name}2")) for name in "abc"})
    async with serving(site) as base:
        for name in "abc":
            polls.follow(f"{base}/{name}")
        await polls(policy=PollPolicy(per_host=3))
    entries = sorted(polls.database.read(list_entries), key=lambda entry: entry.id)
    assert [entry.feed_id for entry in entries] == sorted(entry.feed_id for entry in entries)
    assert [entry.title for entry in entries if entry.feed_id == entries[0].feed_id] == ["a1", "a2"]


async def test_one_link_for_all_entries_does_not_unite_them(polls: Poller) -> None:
    link = "<link>https://site.example/</link>"
    site = Site({"/feed": rss(item(1, link=link, guid=""), item(2, link=link, guid=""))})
    async with serving(site) as base:
        polls.follow(base + "/feed")
        await polls()
        site.bodies["/feed"] = rss(*(item(n, link=link, guid="") for n in (3, 2, 1)))
        await polls(later=timedelta(days=1))
    assert polls.titles() == ["Report 1", "Report 2", "Report 3"]


async def test_the_same_bytes_under_another_etag_are_not_read_again(polls: Poller) -> None:
    site = Site({"/feed": rss(item(1))}, {"/feed": (200, {"ETag": '"first"'})})
    async with serving(site) as base:
        polls.follow(base + "/feed")
        await polls()
        site.answers["/feed"] = (200, {"ETag": '"second"'})
        report = await polls(force=True)
        await polls(force=True)
    assert (report.unchanged, report.changed, report.bytes > 0) == (1, 0, True)
    assert [request.headers.get("If-None-Match") for request in site.asked] == [None, '"first"', '"second"']


@pytest.mark.parametrize(
    ("status", "reason", "days"),
    [(404, "answered 404 (no such page)", 0), (403, "answered 403 (access is refused)", 1), (401, "answered 401", 1)],
)
async def test_refusals_are_reported_and_answered_by_patience(
    polls: Poller, status: int, reason: str, days: int
) -> None:
    site = Site(answers={"/feed": (status, {})})
    async with serving(site) as base:
        feed = polls.follow(base + "/feed", title="A feed")
        report = await polls()
        waits = []
        for _ in range(8):
            state = polls.database.read(get_feed, feed.id)
            assert state.next_poll_at is not None
            waits.append(state.next_poll_at - polls.now)
            await polls(later=waits[-1])
    (failed,) = report.failed
    assert (failed.title, failed.url) == ("A feed", base + "/feed")
    assert failed.reason.startswith(reason)
    assert waits[0] >= timedelta(days=days, hours=0 if days else 6)
    assert waits[-1] <= timedelta(days=7.7)
    assert waits == sorted(waits) or waits[-1] >= timedelta(days=7)


async def test_gone_is_gone_until_a_person_says_otherwise(polls: Poller) -> None:
    site = Site({"/feed": rss(item(1))}, {"/feed": (410, {})})
    async with serving(site) as base:
        feed = polls.follow(base + "/feed")
        await polls()
        for _ in range(3):
            assert (await polls(later=timedelta(days=40), force=True)).asked == 0
        site.answers.clear()
        polls.database.write(set_enabled, feed.id, True, now=polls.now)
        assert (await polls()).entries_new == 1


async def test_a_host_that_asks_for_patience_gets_it_for_all_its_feeds_even_by_force(polls: Poller) -> None:
    site = Site({f"/{n}": rss(item(n)) for n in range(9)})
    site.answers = {f"/{n}": (429, {"Retry-After": "7200"}) for n in range(9)}
    async with serving(site) as base:
        for n in range(9):
            polls.follow(f"{base}/{n}")
        report = await polls(policy=PollPolicy(per_host=1))
        assert (report.asked, len(site.asked), report.not_due) == (1, 1, 8)
        assert (await polls(later=1.9 * HOUR, force=True)).asked == 0
        site.answers.clear()
        assert (await polls(later=0.2 * HOUR, force=True)).asked == 9


async def test_a_retry_after_may_be_a_date(polls: Poller) -> None:
    site = Site({"/feed": b""}, {"/feed": (503, {"Retry-After": "Sun, 15 Nov 2026 22:00:00 GMT"})})
    async with serving(site) as base:
        polls.follow(base + "/feed")
        await polls()
        assert (await polls(later=3.9 * HOUR, force=True)).asked == 0
        assert (await polls(later=0.2 * HOUR, force=True)).asked == 1


async def test_a_permanent_redirect_is_taken_over_when_it_has_held(polls: Poller) -> None:
    site = Site({"/new": rss(item(1))}, {"/old": (301, {"Location": "/new"})})
    async with serving(site) as base:
        feed = polls.follow(base + "/old")
        for _ in range(2):
            await polls(later=timedelta(days=1))
        assert polls.database.read(get_feed, feed.id).url == base + "/old"
        await polls(later=timedelta(days=1))
        assert polls.database.read(get_feed, feed.id).url == base + "/new"
        site.asked.clear()
        await polls(later=timedelta(days=2))
    assert [(request.path, "If-None-Match" in request.headers) for request in site.asked] == [("/new", True)]
    assert polls.titles() == ["Report 1"]


@pytest.mark.parametrize("status", [302, 307])
async def test_a_temporary_redirect_never_moves_a_feed(polls: Poller, status: int) -> None:
    site = Site({"/new": rss(item(1))}, {"/old": (status, {"Location": "/new"})})
    async with serving(site) as base:
        feed = polls.follow(base + "/old")
        for _ in range(6):
            await polls(later=timedelta(days=1))
        assert polls.database.read(get_feed, feed.id).url == base + "/old"


async def test_two_feeds_that_become_one_are_polled_once(polls: Poller) -> None:
    site = Site({"/new": rss(item(1))}, {"/old": (308, {"Location": "/new"})})
    async with serving(site) as base:
        old, new = polls.follow(base + "/old"), polls.follow(base + "/new")
        for _ in range(3):
            await polls(later=timedelta(days=1))
    assert not polls.database.read(get_feed, old.id).enabled
    assert polls.database.read(get_feed, new.id).enabled


@pytest.mark.parametrize(
    ("header", "hours"), [("max-age=36000", 10), ("max-age=99999999", 24 * 7), ("no-cache, max-age=36000", 0)]
)
async def test_freshness_only_lengthens_and_within_a_cap(polls: Poller, header: str, hours: int) -> None:
    site = Site({"/feed": rss(item(1))}, {"/feed": (200, {"Cache-Control": header})})
    async with serving(site) as base:
        feed = polls.follow(base + "/feed")
        await polls()
    state = polls.database.read(get_feed, feed.id)
    assert state.next_poll_at is not None
    wait = state.next_poll_at - polls.now
    assert max(HOUR, hours * HOUR) <= wait <= max(HOUR, hours * HOUR) * 1.1 + HOUR


async def test_without_a_network_no_feed_is_blamed(polls: Poller) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as base:
        pass  # nobody listens there any more
    polls.follow(base + "/1")
    polls.follow(base.replace("127.0.0.1", "127.0.0.2") + "/2")
    report = await polls()
    assert (report.asked, len(report.failed), report.unreachable) == (2, 2, True)
    assert all(feed.failures == 0 for feed in polls.database.read(list_feeds))
    assert (await polls()).asked == 2  # still due: a network that is back is used at once


async def test_one_broken_feed_harms_no_other(polls: Poller) -> None:
    site = Site(
        {"/good": rss(item(1)), "/page": b"<html><body>Log in</body></html>", "/empty": b"", "/big": b"x" * 9_000}
    )
    async with serving(site) as base:
        for path in (*site.bodies, "/missing"):
            polls.follow(base + path)
        site.answers["/missing"] = (500, {})
        async with fetcher(max_bytes=8_000) as asking:
            report = await poll(polls.database, asking, clock=lambda: polls.now)
    assert {failed.url.rpartition("/")[2]: failed.reason for failed in report.failed} == {
        "page": "is a web page, not a feed",
        "empty": "is empty",
        "big": "is larger than 8000 bytes",
        "missing": "answered 500",
    }
    assert (report.changed, report.unreachable) == (1, False)
    assert polls.titles() == ["Report 1"]


class Crashing:
    """A fetcher with a fault in it."""

    async def fetch(self, request: Request) -> Answer:
        if request.url.endswith("1"):
            raise RuntimeError("a fault of our own")
        return Failed(url=request.url, status=500, reason="answered 500")


async def test_a_fault_of_our_own_costs_one_feed_only(polls: Poller) -> None:
    for number in range(3):
        polls.follow(f"https://site{number}.example/{number}")
    report = await poll(polls.database, Crashing(), clock=lambda: polls.now)
    assert sorted(failed.reason for failed in report.failed) == [
        "answered 500",
        "answered 500",
        "could not be polled: see the log",
    ]


async def test_progress_counts_every_feed(polls: Poller) -> None:
    site = Site({f"/{n}": rss(item(n)) for n in range(5)})
    steps: list[tuple[int, int]] = []
    async with serving(site) as base:
        for n in range(5):
            polls.follow(f"{base}/{n}")
        await polls(progress=lambda done, total: steps.append((done, total)))
    assert steps[0] == (0, 5)
    assert steps[-1] == (5, 5)


async def test_a_poll_that_is_stopped_can_be_run_again_at_once(polls: Poller) -> None:
    started = asyncio.Event()
    site = Site({f"/{n}": rss(item(n)) for n in range(6)})

    async def slow(request: web.Request) -> web.Response:
        if not started.is_set() and request.path == "/5":
            started.set()
            await asyncio.Event().wait()
        return await site(request)

    async with serving(slow) as base:
        for n in range(6):
            polls.follow(f"{base}/{n}")
        stopped = asyncio.create_task(polls())
        await started.wait()
        stopped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopped
        report = await polls()
    assert report.asked >= 1
    assert polls.titles() == [f"Report {n}" for n in range(6)]


async def test_claims_of_the_living_are_respected_and_those_of_the_dead_are_not(polls: Poller) -> None:
    site = Site({"/feed": rss(item(1))})
    async with serving(site) as base:
        feed = polls.follow(base + "/feed")
        polls.database.write(
            claim, [feed.id], holder="other-machine:1:2:aa", now=polls.now, until=polls.now + timedelta(minutes=15)
        )
        assert (await polls(force=True)).not_due == 1
        polls.database.write(_hold, feed.id, "broken name")
        assert (await polls()).asked == 1
    assert polls.database.read(lease_holders) == ()


def _hold(session: Session, feed_id: int, holder: str) -> None:
    session.get_one(FeedState, feed_id).leased_by = holder


async def test_two_polls_at_once_ask_each_feed_once(polls: Poller) -> None:
    site = Site({f"/{n}": rss(item(n)) for n in range(20)})
    async with serving(site) as base:
        for n in range(20):
            polls.follow(f"{base}/{n}")
        reports = await asyncio.gather(*(polls() for _ in range(3)))
    assert sum(report.asked for report in reports) == len(site.asked) == 20


async def test_only_the_feeds_named_are_asked(polls: Poller) -> None:
    site = Site({"/1": rss(item(1)), "/2": rss(item(2))})
    async with serving(site) as base:
        polls.follow(base + "/1")
        second = polls.follow(base + "/2")
        await polls(only=[second.id])
    assert [request.path for request in site.asked] == ["/2"]


def test_a_report_is_plain_data() -> None:
    assert dataclasses.asdict(PollReport())["failed"] == ()
