"""What one pass did, added up over the moments of a past one, and the figures that are kept of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from trendbot.bootstrap import App
from trendbot.core.report_card import Footprint
from trendbot.jobs.stages import Gathered, Published
from trendbot.pipeline.compose import ComposeReport
from trendbot.pipeline.deliver import DeliverReport, problems_of
from trendbot.pipeline.group import GroupReport
from trendbot.pipeline.measure import MeasureReport
from trendbot.pipeline.poll import PollReport
from trendbot.pipeline.tag import TagReport
from trendbot.store.checkup import count_entries

_ENTRIES = ("entries_new", "entries_backlog", "entries_edited", "entries_removed", "entries_withdrawn")


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


def joined(before: Gathered | None, after: Gathered) -> Gathered:
    """Add up two gatherings; which feeds there are and which failed is what the later one found."""
    if before is None:
        return after
    slugs = {**before.tag.by_theme, **after.tag.by_theme}
    by_theme = {slug: before.tag.by_theme.get(slug, 0) + after.tag.by_theme.get(slug, 0) for slug in slugs}
    return Gathered(
        poll=replace(after.poll, **_added(before.poll, after.poll, (*_ENTRIES, "bytes", "not_modified"))),
        tag=replace(after.tag, **_added(before.tag, after.tag, ("entries", "relearnt")), by_theme=by_theme),
        group=replace(after.group, **_added(before.group, after.group, ("entries", "opened", "joined", "merged"))),
    )


def _added(before: object, after: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(before, name) + getattr(after, name) for name in names}


def added_up(before: Published | None, after: Published) -> Published:
    """Add up what two days published: every rise and digest of both, and the files of the later."""
    if before is None:
        return after
    return Published(
        measure=replace(after.measure, rising=(*before.measure.rising, *after.measure.rising)),
        digests=(*before.digests, *after.digests),
        deliver=replace(after.deliver, sent=before.deliver.sent + after.deliver.sent),
        problems=(*before.problems, *after.problems),
    )


def summed_up(
    app: App, seeded: int, gathered: Gathered, published: Published, started: float, worked: float
) -> RunSummary:
    """Return what a pass did that began at `started` by the monotonic clock, and at `worked` by the process's."""
    failed = tuple(dict.fromkeys((*problems_of(published.deliver), *published.deliver.needs)))
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
        "joules": Footprint(cpu_seconds=summary.cpu_seconds).joules,
    }
