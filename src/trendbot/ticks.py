"""What a bell does: each function may be called at any time, as often as one likes; a slot is done once.

poll_due:     ask the feeds that are due, then tag and group what they said
digest_due:   make the digest of the last slot, unless it is made, or it is too late
deliver_due:  enqueue what subscribers are to get now, and send the outbox
bounces_due:  read what mail came back
keep_house:   a backup, and removing what is old

A slot that failed, or whose process was killed, is taken again with the next bell until its window is over; then the
operator is told. What failed is told by the operator's channel, once a day and job, with the cause.
"""

from __future__ import annotations

import asyncio
import html
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trendbot.bootstrap import App, desk_of
from trendbot.core.digests import slot_of
from trendbot.core.report_card import Footprint
from trendbot.core.slots import DueSlot, Timetable, latest_slot, slots_since
from trendbot.core.vocabulary import Cadence, ChannelKind, NoticeKind
from trendbot.errors import NotFoundError, StoreError, TrendbotError
from trendbot.jobs import digested, follow_feeds
from trendbot.jobs.sending import send_due
from trendbot.logs import get_logger
from trendbot.pipeline.compose import ComposeReport
from trendbot.pipeline.deliver import DeliverReport, problems_of
from trendbot.pipeline.desk import publish
from trendbot.pipeline.errata import find_errata
from trendbot.pipeline.measure import measure
from trendbot.pipeline.prune import prune
from trendbot.store import digest_acts, runs
from trendbot.store.backup import back_up
from trendbot.store.channels import find_channel
from trendbot.store.checkup import count_entries
from trendbot.store.database import Session
from trendbot.store.feeds import list_feeds
from trendbot.store.notices import Notice, enqueue_notice

log = get_logger(__name__)

POLL, HOUSE = "poll", "house"
_DEAF = timedelta(hours=24)
"""Where no feed has answered for so long, nothing is known of the day, and no digest may call it quiet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """What bells share: whether this process has the database to itself, and whom to tell.

    Who rings a bell holds it (`store.exclusive`): nobody else is at its job, and a run of it that has not ended was
    killed, or could not be written down.
    """

    alone: bool
    operator: str = ""


async def poll_due(app: App, watch: Watch) -> None:
    """Ask the feeds that are due, and tag and group what they said; recorded by the minute."""
    from trendbot.pipeline.poll import poll

    now = app.clock()
    slot = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M}"
    run = await _claimed(app, POLL, slot, now)
    if run is None:
        return
    worked = time.process_time()
    try:
        await follow_feeds(app, None)
        force = not app.database.read(count_entries)
        polled = await poll(app.database, app.fetcher, clock=app.clock, force=force, policy=app.polling)
        gathered = await asyncio.to_thread(digested, app, polled, _silent)
    except Exception as error:  # noqa: BLE001  (recorded with the run, logged, and told)
        await _failed(app, watch, POLL, run, error)
        return
    counts: dict[str, float] = {
        "feeds_asked": polled.asked,
        "feeds_not_modified": polled.not_modified,
        "feeds_failed": len(polled.failed),
        "bytes": polled.bytes,
        "entries_new": polled.entries_new,
        "stories_opened": gathered.group.opened,
    }
    problem = gathered.tag.problem
    if problem:
        await tell_operator(app, watch, f"themes.{now:%Y-%m-%d}", f"the themes cannot be used: {problem}")
    await app.database.run(runs.finish_run, run, now=app.clock(), counts=counts | footprint(worked))


async def digest_due(app: App, watch: Watch, timetable: Timetable) -> ComposeReport | None:
    """Make the digest of the timetable's last slot, unless it is made, is another's, or is too late.

    Where its draft had to wait for a person or for an hour, let that go; return what became a digest.
    """
    now, job = app.clock(), str(timetable.cadence)
    due = latest_slot(timetable, now)
    if app.database.read(runs.is_settled, job=job, slot=due.name):
        return await _drafts(app, timetable.cadence, now)
    await _missed(app, watch, timetable, now)
    began = app.database.read(runs.first_run)
    if due.over and (began is None or began > due.at):
        return None  # there was nobody yet whom it could have been late for
    run = await _claimed(app, job, due.name, now)
    if run is None:
        return None
    if due.over:
        await _too_late(app, watch, job, due, run)
        return None
    worked = time.process_time()
    try:
        report = await asyncio.to_thread(_digest, app, timetable.cadence, due)
    except Exception as error:  # noqa: BLE001  (recorded with the run, logged, and told)
        await _failed(app, watch, job, run, error)
        return None
    counts: dict[str, float] = {"digests": int(report.created), "stories": report.stories}
    await app.database.run(runs.finish_run, run, now=app.clock(), counts=counts | footprint(worked))
    return report


def _digest(app: App, cadence: Cadence, due: DueSlot) -> ComposeReport:
    now = app.clock()
    heard = [feed.succeeded_at for feed in app.database.read(list_feeds, enabled=True) if feed.succeeded_at]
    if not heard or max(heard) < now - _DEAF:
        raise TrendbotError("no feed has answered for a day: see `trendbot feeds list --failing`")
    measure(app.database, now=now)
    find_errata(app.database, now=now)
    # A digest that is made after midnight for a slot before it must not take the next day's place.
    zone = app.digests[cadence].timezone
    moment = now if slot_of(Cadence.DAILY, now, zone) == slot_of(Cadence.DAILY, due.at, zone) else due.at
    return publish(desk_of(app), cadence=cadence, now=moment)


async def _drafts(app: App, cadence: Cadence, now: datetime) -> ComposeReport | None:
    """Let go the drafts whose hour has come, or that a person approved; return what became a digest."""
    if not app.database.read(digest_acts.live_drafts, cadence):
        return None
    try:
        report = await asyncio.to_thread(publish, desk_of(app), cadence=cadence, now=now)
    except TrendbotError:
        log.exception("draft_not_handled", cadence=cadence)
        return None
    return report if report.created else None


async def deliver_due(app: App, watch: Watch, *, stop: asyncio.Event) -> DeliverReport:
    """Enqueue what subscribers are to get now, and send what is due; `stop` ends it after the message in hand."""
    now = app.clock()
    report, fanned = await send_due(app, now=now, alone=watch.alone, stop=stop)
    for problem in dict.fromkeys((*fanned, *problems_of(report))):
        log.error("delivery_problem", what=problem)
    if fanned or problems_of(report):
        first = next(iter((*fanned, *problems_of(report))))
        await tell_operator(app, watch, f"deliver.{now:%Y-%m-%d}", f"sending: {first}")
    return report


async def bounces_due(app: App, watch: Watch) -> None:
    """Read the bounce mailbox, where there is one; where it cannot be read, the operator is told."""
    if app.bounces is None:
        return
    from trendbot.pipeline.bounces import read_bounces

    try:
        report = await asyncio.to_thread(read_bounces, app.database, app.bounces, clock=app.clock)
    except TrendbotError as error:
        await tell_operator(app, watch, f"bounces.{app.clock():%Y-%m-%d}", f"bounces are not read: {error}")
        return
    if report.unproven:
        told = f"asked to leave by mail, without a proof of who it is: {report.unproven}; see the mailbox (flagged)"
        await tell_operator(app, watch, f"leaving.{app.clock():%Y-%m-%d}", told)


async def keep_house(app: App, watch: Watch, timetable: Timetable, *, backups: int) -> None:
    """Make the night's backup, keep the newest `backups` of them, and remove what is old."""
    now = app.clock()
    due = latest_slot(timetable, now)
    if app.database.read(runs.is_settled, job=HOUSE, slot=due.name):
        return
    run = await _claimed(app, HOUSE, due.name, now)
    if run is None:
        return
    worked = time.process_time()
    try:
        made = await asyncio.to_thread(_backups, app, backups, now) if backups else 0
        gone = await asyncio.to_thread(prune, app.database, app.retention, now=now)
    except Exception as error:  # noqa: BLE001  (recorded with the run, logged, and told)
        await _failed(app, watch, HOUSE, run, error)
        return
    counts: dict[str, float] = {"backup_bytes": made, **{f"pruned_{name}": count for name, count in gone.items()}}
    await app.database.run(runs.finish_run, run, now=app.clock(), counts=counts | footprint(worked))


def _backups(app: App, keep: int, now: datetime) -> int:
    folder = app.home / "backups"
    end = "db" if app.database.file is not None else "dump"
    made = back_up(app.database, folder / f"night-{now:%Y%m%dT%H%M%SZ}.{end}")
    for old in sorted(folder.glob(f"night-*.{end}"))[:-keep]:
        Path(old).unlink(missing_ok=True)
    return made.stat().st_size


def footprint(worked: float) -> dict[str, float]:
    """Return the CPU seconds since the process time `worked`, and an estimate of the energy they took in joules."""
    took = Footprint(cpu_seconds=round(time.process_time() - worked, 3))
    return {"cpu_seconds": took.cpu_seconds, "joules": took.joules}


async def tell_operator(app: App, watch: Watch, key: str, text: str) -> None:
    """Log what needs the operator and put it into their channel's outbox, once a key; never raises."""
    log.error("needs_operator", about=key, what=text)
    if not watch.operator:
        return
    try:
        await app.database.run(_tell, watch.operator, key, text, app.clock())
    except TrendbotError as error:
        log.warning("operator_not_told", reason=str(error))


def _tell(session: Session, name: str, key: str, text: str, now: datetime) -> None:
    try:
        channel = find_channel(session, name)
    except NotFoundError as error:
        log.warning("operator_channel_missing", reason=str(error))
        return
    if channel.kind is ChannelKind.LINKEDIN:
        log.warning("operator_channel_is_public", channel=channel.slug)  # a page's followers are not the operator
        return
    notice = Notice(
        key=f"operator.{key}"[:128],
        notice=NoticeKind.OPERATOR,
        kind=channel.kind,
        body=html.escape(text) if channel.kind is ChannelKind.TELEGRAM else text,
        subject="trendbot needs you",
        text_body=text,
    )
    enqueue_notice(session, notice, channel_id=channel.id, now=now)


def _silent(stage: str, done: int, total: int) -> None:
    """Show no progress."""


async def _claimed(app: App, job: str, slot: str, now: datetime) -> int | None:
    try:
        return await app.database.run(runs.claim_slot, job=job, slot=slot, now=now, stale_before=now)
    except StoreError as error:  # locked, or the disk is full: the next bell tries again
        log.error("slot_not_taken", job=job, slot=slot, reason=str(error))  # noqa: TRY400
        return None


async def _missed(app: App, watch: Watch, timetable: Timetable, now: datetime) -> None:
    """Give up the slots that came and went while nobody rang, as too late: only the last may still be made."""
    job = str(timetable.cadence)
    last = app.database.read(runs.newest_run, job)
    for slot in slots_since(timetable, last, now)[:-1] if last else ():
        run = await _claimed(app, job, slot.name, now)
        if run is not None:
            await _too_late(app, watch, job, slot, run)


async def _too_late(app: App, watch: Watch, job: str, due: DueSlot, run: int) -> None:
    why = f"no {job} digest for {due.name.replace('T', ' ')}:00: its window went by"
    await app.database.run(runs.finish_run, run, now=app.clock(), counts={"too_late": 1}, error=why)
    await tell_operator(app, watch, f"{job}.late.{due.name}", why)


async def _failed(app: App, watch: Watch, job: str, run: int, error: Exception) -> None:
    """Record why a run failed, where the database takes it, and tell the operator."""
    log.error("job_failed", job=job, exc_info=error)
    why, now = str(error) or type(error).__name__, app.clock()
    try:
        await app.database.run(runs.finish_run, run, now=now, counts={}, error=why)
    except TrendbotError as refused:
        log.warning("failure_not_recorded", job=job, reason=str(refused))
    await tell_operator(app, watch, f"{job}.failed.{now:%Y-%m-%d}", f"{job} failed: {why}")
