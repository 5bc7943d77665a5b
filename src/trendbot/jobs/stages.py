"""The two halves of the line: what is gathered, and what is published of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trendbot.bootstrap import App, desk_of
from trendbot.clock import stands_still
from trendbot.core.vocabulary import Cadence
from trendbot.errors import ConfigError, TrendbotError
from trendbot.jobs.sending import send_due
from trendbot.logs import get_logger
from trendbot.pipeline.compose import ComposeReport
from trendbot.pipeline.deliver import DeliverReport
from trendbot.pipeline.desk import publish
from trendbot.pipeline.errata import find_errata
from trendbot.pipeline.group import GroupReport, group_entries
from trendbot.pipeline.index import index_news
from trendbot.pipeline.measure import MeasureReport, measure
from trendbot.pipeline.poll import Asks, PollReport, poll
from trendbot.pipeline.tag import TagReport, ThemesFile, tag_entries
from trendbot.pipeline.terms import follow_names
from trendbot.store.checkup import count_entries

log = get_logger(__name__)

PATIENCE = 60.0
"""Seconds for which a pass waits for a remote that asked for a pause, before it leaves the rest to the next one."""

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, in all); `in all` is 0 where it is not known."""


def silent(stage: str, done: int, total: int) -> None:
    """Tell no one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What polling brought, and what was made of it."""

    poll: PollReport
    tag: TagReport
    group: GroupReport


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What was measured, composed and sent, and which stages failed."""

    measure: MeasureReport
    digests: tuple[ComposeReport, ...]
    deliver: DeliverReport
    problems: tuple[str, ...]


async def gather(app: App, asks: Asks, *, only: Sequence[int] | None, force: bool, progress: Progress) -> Gathered:
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


def digested(app: App, polled: PollReport, progress: Progress) -> Gathered:
    """Tag and group what a poll brought."""
    now = app.clock()
    progress("tag", 0, 0)
    tagged = _tagged(app, now)
    progress("names", 0, 0)
    follow_names(app.database, now=now)
    progress("group", 0, 0)
    grouped = group_entries(app.database, now=now, progress=lambda done, total: progress("group", done, total))
    index_news(app.database, now=now)
    return Gathered(poll=polled, tag=tagged, group=grouped)


def _tagged(app: App, now: datetime) -> TagReport:
    """Tag by the themes file; where it cannot be read, by what is in force, and say so.

    Raises:
        ConfigError: it cannot be read, and none was ever in force.

    """
    try:
        themes = ThemesFile(text=app.themes.read_text(encoding="utf-8"), name=str(app.themes))
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{app.themes} cannot be read ({error}): mend it or name another"
        try:
            return replace(tag_entries(app.database, now=now, encoder=app.encoder), problem=problem)
        except ConfigError:
            raise ConfigError(problem) from error
    return tag_entries(app.database, now=now, themes=themes, encoder=app.encoder)


async def publish_due(app: App, cadences: Sequence[Cadence], progress: Progress) -> Published:
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
    patience = 0.0 if stands_still(app.clock) else PATIENCE
    delivered, fanned = await send_due(app, now=now, patience=patience, close=True)
    return Published(
        measure=measured,
        digests=tuple(reports),
        deliver=delivered,
        problems=(*problems, *fanned),
    )
