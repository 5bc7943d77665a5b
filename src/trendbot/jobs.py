"""The jobs: what a person, a clock or a queue sets going. Each may be run again at any time; nothing is doubled.

run_line:    seed ─▶ poll ─▶ tag ─▶ group ─▶ measure ─▶ compose (daily, weekly) ─▶ deliver
walk_sample: the same, over the made-up week, with the clock standing at each of its moments
replay:      the same, over a recording of what feeds answered, with the clock standing where it stood then
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from trendbot.bootstrap import App, desk_of
from trendbot.clock import frozen_clock
from trendbot.core.entries import ParsedEntry
from trendbot.core.feeds import FeedSeed, parse_seeds
from trendbot.core.urls import canonical_url
from trendbot.core.vocabulary import Cadence
from trendbot.errors import ConfigError, TrendbotError
from trendbot.fetch.http import Changed, Failed, Request
from trendbot.fetch.opml import parse_opml
from trendbot.fetch.recording import Recorder, Tape
from trendbot.logs import get_logger
from trendbot.pipeline.amending import amend
from trendbot.pipeline.audience import to_subscribers
from trendbot.pipeline.compose import ComposeReport
from trendbot.pipeline.deliver import DeliverReport, deliver, problems_of
from trendbot.pipeline.desk import publish
from trendbot.pipeline.dressing import dresser
from trendbot.pipeline.errata import find_errata
from trendbot.pipeline.group import GroupReport, group_entries
from trendbot.pipeline.index import index_news
from trendbot.pipeline.measure import MeasureReport, measure
from trendbot.pipeline.poll import Asks, PollReport, poll
from trendbot.pipeline.replay import replay_run
from trendbot.pipeline.tag import TagReport, ThemesFile, tag_entries
from trendbot.pipeline.terms import follow_names
from trendbot.sample import SampleServer, SampleWeek, load_history, load_sample
from trendbot.store.checkup import count_entries
from trendbot.store.entries import keep_past
from trendbot.store.feeds import count_feeds, list_feeds, seed_feeds
from trendbot.store.runs import finish_run, start_run
from trendbot.subscriptions import end_pauses

log = get_logger(__name__)

PATIENCE = 60.0
"""Seconds for which a pass waits for a remote that asked for a pause, before it leaves the rest to the next one."""
LINE = "line"
"""The name under which `run_line` is recorded."""

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, in all); `in all` is 0 where it is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSummary:
    """What one pass did.

    `entries` is what the database holds afterwards. `problems` are stages that failed while the rest went on.
    `seconds` passed, of which `cpu_seconds` on our processor.
    """

    now: datetime
    sample: bool
    feeds_seeded: int
    poll: PollReport
    tag: TagReport
    group: GroupReport
    measure: MeasureReport
    digests: tuple[ComposeReport, ...]
    deliver: DeliverReport
    editions: Path
    entries: int
    problems: tuple[str, ...]
    seconds: float
    cpu_seconds: float

    @property
    def offline(self) -> bool:
        """Say whether nothing could be shown for want of a network."""
        return self.poll.unreachable and not self.entries


def _deaf(polled: PollReport) -> bool:
    """Say whether every feed that was asked failed: nothing is known of the day, so no digest may call it quiet."""
    return polled.asked > 0 and len(polled.failed) == polled.asked


def _silent(stage: str, done: int, total: int) -> None:
    """Tell no one."""


async def run_line(
    app: App,
    *,
    opml: str | None = None,
    force: bool = False,
    record: Path | None = None,
    progress: Progress = _silent,
) -> RunSummary:
    """Make one pass over everything.

    `opml` is a file or an address: these feeds are followed and polled instead of the seeds. `force` asks feeds that
    are not due yet, conditionally all the same. `record` is a folder that keeps what every feed answers, for `replay`.

    Raises:
        TrendbotError: the list of feeds, the themes or the database cannot be used.

    """
    started, worked = time.monotonic(), time.process_time()
    now = app.clock()
    run_id = app.database.write(start_run, job=LINE, slot=now.isoformat(timespec="microseconds"), now=now)
    try:
        async with app.fetcher:
            seeded, only = await follow_feeds(app, opml)
            asks = _recorder(app, record) if record else app.fetcher
            gathered = await _gather(app, asks, only=only, force=force, progress=progress)
        published = await _publish(app, () if _deaf(gathered.poll) else tuple(Cadence), progress)
    except Exception as error:
        app.database.write(finish_run, run_id, now=app.clock(), counts={}, error=str(error) or type(error).__name__)
        raise
    summary = _summary(app, seeded, gathered, published, started, worked)
    app.database.write(finish_run, run_id, now=app.clock(), counts=counts_of(summary))
    return summary


async def walk_sample(app: App, *, progress: Progress = _silent) -> RunSummary:
    """Walk through the sample week: poll at each of its moments, publish at the end of each day, and of the week."""
    started, worked = time.monotonic(), time.process_time()
    week = load_sample()
    gathered = published = None
    seeded = 0
    async with SampleServer(week) as server, app.fetcher:
        for number, moment in enumerate(week.moments, 1):
            server.set_now(moment)
            there = replace(app, clock=frozen_clock(moment))
            if number == 1:
                seeded, _ = await follow_feeds(there, server.opml_url)
                app.database.write(keep_past, _before(week, server.url), now=moment)
            found = await _gather(there, there.fetcher, only=None, force=True, progress=_silent)
            gathered = _joined(gathered, found)
            last = moment == week.moments[-1]
            if last or week.moments[number].date() != moment.date():
                made = await _publish(there, tuple(Cadence) if last else (Cadence.DAILY,), _silent)
                published = _and(published, made)
            progress("sample week", number, len(week.moments))
    if gathered is None or published is None:
        raise ConfigError("the sample week has no moments: restore seeds/sample/sample.toml")
    return _summary(replace(app, clock=frozen_clock(week.clock)), seeded, gathered, published, started, worked)


def _before(week: SampleWeek, url: str) -> dict[str, list[ParsedEntry]]:
    """Return the made-up weeks before the sample week, by the addresses of its feeds."""
    found: dict[str, list[ParsedEntry]] = {}
    for past in load_history(week):
        found.setdefault(f"{url}/f/{past.feed}", []).append(past.entry)
    return found


async def replay(app: App, folder: Path, *, progress: Progress = _silent) -> RunSummary:
    """Run the line over the recording in `folder`: poll at each recorded run, publish at the end of each of its days.

    The database of `app` should be empty: the same recording then makes the same editions, byte for byte.

    Raises:
        ConfigError: there is no recording, it is damaged, or the home has entries already.

    """
    started, worked = time.monotonic(), time.process_time()
    if app.database.read(count_entries):
        raise ConfigError(f"{app.home} holds entries already: replay into an empty home, named by --home")
    tape = Tape(folder)
    gathered = published = None
    there = app = replace(app, approvals={})  # nobody sits at the desk of the past
    for number, run in enumerate(tape.runs, 1):
        there = replace(app, clock=frozen_clock(run.at))
        polled = await replay_run(there.database, tape, run, policy=app.polling)
        gathered = _joined(gathered, digested(there, polled, _silent))
        if number == len(tape.runs) or tape.runs[number].at.date() != run.at.date():
            published = _and(published, await _publish(there, tuple(Cadence), _silent))
        progress("replay", number, len(tape.runs))
    if gathered is None or published is None:
        raise ConfigError(f"{folder} holds no recording: make one with `trendbot run --record {folder}`")
    return _summary(there, len(tape.feeds), gathered, published, started, worked)


def _recorder(app: App, folder: Path) -> Recorder:
    feeds = app.database.read(list_feeds)
    return Recorder(app.fetcher, folder, clock=app.clock, run=app.clock(), feeds=feeds)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gathered:
    poll: PollReport
    tag: TagReport
    group: GroupReport


@dataclass(frozen=True, kw_only=True, slots=True)
class _Published:
    measure: MeasureReport
    digests: tuple[ComposeReport, ...]
    deliver: DeliverReport
    problems: tuple[str, ...]


# -- feeds -------------------------------------------------------------------------------------------------------------


async def follow_feeds(app: App, opml: str | None) -> tuple[int, tuple[int, ...] | None]:
    """Follow the feeds of `opml`, or the seeds where none is followed; return how many are new, and whom to ask."""
    if opml is None:
        if app.database.read(count_feeds):
            return 0, None
        seeds = parse_seeds(app.seeds.read_text(encoding="utf-8"), name=app.seeds.name)
        return app.database.write(seed_feeds, seeds, app.clock()), None
    listed = parse_opml(await _read(app, opml), name=opml)
    added = app.database.write(seed_feeds, listed, app.clock())
    return added, _ids(app, listed)


def _ids(app: App, listed: Sequence[FeedSeed]) -> tuple[int, ...]:
    wanted = {canonical_url(seed.url) for seed in listed}
    feeds = app.database.read(list_feeds, enabled=True)
    return tuple(feed.id for feed in feeds if canonical_url(feed.url) in wanted)


async def _read(app: App, source: str) -> bytes:
    """Read a list of feeds from an address or a file."""
    if not source.lower().startswith(("http://", "https://")):
        try:
            return await asyncio.to_thread(Path(source).read_bytes)
        except OSError as error:
            raise ConfigError(
                f"{source} cannot be read ({error.strerror}): name an OPML file or its address"
            ) from error
    match await app.fetcher.fetch(Request(url=source)):
        case Changed(body=body):
            return body
        case Failed(reason=reason):
            raise ConfigError(f"the list of feeds at {source} {reason}: name an OPML file or its address")
        case _:
            raise ConfigError(f"the list of feeds at {source} has no content: name an OPML file or its address")


# -- the line ----------------------------------------------------------------------------------------------------------


async def _gather(app: App, asks: Asks, *, only: Sequence[int] | None, force: bool, progress: Progress) -> _Gathered:
    """Poll, tag and group. Where there is nothing yet, feeds are asked whether they are due or not."""
    polled = await poll(
        app.database,
        asks,
        clock=app.clock,
        force=force or not app.database.read(count_entries),
        policy=app.polling,
        only=only,
        progress=lambda done, total: progress("poll", done, total),
    )
    return digested(app, polled, progress)


def digested(app: App, polled: PollReport, progress: Progress) -> _Gathered:
    """Tag and group what a poll brought."""
    now = app.clock()
    progress("tag", 0, 0)
    tagged = tag_entries(app.database, now=now, themes=_themes(app), encoder=app.encoder)
    progress("names", 0, 0)
    follow_names(app.database, now=now)
    progress("group", 0, 0)
    grouped = group_entries(app.database, now=now, progress=lambda done, total: progress("group", done, total))
    index_news(app.database, now=now)
    return _Gathered(poll=polled, tag=tagged, group=grouped)


def _themes(app: App) -> ThemesFile:
    try:
        return ThemesFile(text=app.themes.read_text(encoding="utf-8"), name=str(app.themes))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{app.themes} cannot be read ({error}): mend it or name another") from error


async def _publish(app: App, cadences: Sequence[Cadence], progress: Progress) -> _Published:
    """Measure, compose the digests that are due, and send what is in the outbox, whichever of them fails."""
    now = app.clock()
    progress("measure", 0, 0)
    measured = measure(app.database, now=now)
    find_errata(app.database, now=now)
    reports: list[ComposeReport] = []
    problems: list[str] = []
    progress("compose", 0, 0)
    for cadence in cadences:
        try:
            reports.append(await asyncio.to_thread(publish, desk_of(app), cadence=cadence, now=now))
        except TrendbotError as error:
            log.exception("compose_failed", cadence=cadence)
            problems.append(f"no {cadence} digest: {error}")
    progress("deliver", 0, 0)
    await app.database.run(end_pauses, now=now)
    fanned = await asyncio.to_thread(to_subscribers, app.database, app.renderer, now=now)
    await amend(app.database, transports=app.transports, clock=app.clock, dress=dresser(app.database))
    return _Published(
        measure=measured,
        digests=tuple(reports),
        deliver=await deliver(
            app.database,
            transports=app.transports,
            clock=app.clock,
            renderer=app.renderer,
            recipients=app.recipients,
            dress=dresser(app.database),
            home=app.home,
            patience=PATIENCE,
            close=True,
        ),
        problems=(*problems, *fanned),
    )


# -- the summary -------------------------------------------------------------------------------------------------------


_ENTRIES = ("entries_new", "entries_backlog", "entries_edited", "entries_removed", "entries_withdrawn")


def _joined(before: _Gathered | None, after: _Gathered) -> _Gathered:
    """Add up two gatherings; which feeds there are and which failed is what the later one found."""
    if before is None:
        return after
    slugs = {**before.tag.by_theme, **after.tag.by_theme}
    by_theme = {slug: before.tag.by_theme.get(slug, 0) + after.tag.by_theme.get(slug, 0) for slug in slugs}
    return _Gathered(
        poll=replace(after.poll, **_added(before.poll, after.poll, (*_ENTRIES, "bytes", "not_modified"))),
        tag=replace(after.tag, **_added(before.tag, after.tag, ("entries", "relearnt")), by_theme=by_theme),
        group=replace(after.group, **_added(before.group, after.group, ("entries", "opened", "joined", "merged"))),
    )


def _added(before: object, after: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(before, name) + getattr(after, name) for name in names}


def _and(before: _Published | None, after: _Published) -> _Published:
    """Add up what two days published: every rise and digest of both, and the files of the later."""
    if before is None:
        return after
    return _Published(
        measure=replace(after.measure, rising=(*before.measure.rising, *after.measure.rising)),
        digests=(*before.digests, *after.digests),
        deliver=replace(after.deliver, sent=before.deliver.sent + after.deliver.sent),
        problems=(*before.problems, *after.problems),
    )


def _summary(
    app: App, seeded: int, gathered: _Gathered, published: _Published, started: float, worked: float
) -> RunSummary:
    failed = problems_of(published.deliver)
    tagging = tuple(problem for problem in (gathered.tag.problem, gathered.tag.learner_problem) if problem)
    return RunSummary(
        now=app.clock(),
        sample=app.sample,
        feeds_seeded=seeded,
        poll=gathered.poll,
        tag=gathered.tag,
        group=gathered.group,
        measure=published.measure,
        digests=published.digests,
        deliver=published.deliver,
        editions=app.editions,
        entries=app.database.read(count_entries),
        problems=(*tagging, *published.problems, *failed),
        seconds=round(time.monotonic() - started, 3),
        cpu_seconds=round(time.process_time() - worked, 3),
    )


def counts_of(summary: RunSummary) -> dict[str, int | float]:
    """Return the figures that are kept of a run."""
    poll_ = summary.poll
    return {
        "feeds_asked": poll_.asked,
        "feeds_changed": poll_.changed,
        "feeds_not_modified": poll_.not_modified,
        "feeds_failed": len(poll_.failed),
        "bytes": poll_.bytes,
        "entries_new": poll_.entries_new,
        "entries_edited": poll_.entries_edited,
        "tags": sum(summary.tag.by_theme.values()),
        "stories_opened": summary.group.opened,
        "rising": len(summary.measure.rising),
        "digests": sum(report.created for report in summary.digests),
        "messages": summary.deliver.sent,
        "cpu_seconds": summary.cpu_seconds,
    }
