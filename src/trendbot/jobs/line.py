"""The line: one pass over everything."""

from __future__ import annotations

import time
from pathlib import Path

from trendbot.bootstrap import App
from trendbot.core.vocabulary import Cadence
from trendbot.fetch.recording import Recorder
from trendbot.jobs.following import follow_feeds
from trendbot.jobs.stages import Progress, gather, publish_due, silent
from trendbot.jobs.summary import RunSummary, counts_of, summed_up
from trendbot.pipeline.poll import PollReport
from trendbot.store.feeds import list_feeds
from trendbot.store.runs import finish_run, start_run

LINE = "line"
"""The name under which `run_line` is recorded."""


def deaf(polled: PollReport) -> bool:
    """Say whether every feed that was asked failed: nothing is known of the day, so no digest may call it quiet."""
    return polled.asked > 0 and len(polled.failed) == polled.asked


async def run_line(
    app: App,
    *,
    opml: str | None = None,
    force: bool = False,
    record: Path | None = None,
    progress: Progress = silent,
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
            gathered = await gather(app, asks, only=only, force=force, progress=progress)
        published = await publish_due(app, () if deaf(gathered.poll) else tuple(Cadence), progress)
    except Exception as error:
        app.database.write(finish_run, run_id, now=app.clock(), counts={}, error=str(error) or type(error).__name__)
        raise
    summary = summed_up(app, seeded, gathered, published, started, worked)
    app.database.write(finish_run, run_id, now=app.clock(), counts=counts_of(summary))
    return summary


def _recorder(app: App, folder: Path) -> Recorder:
    feeds = app.database.read(list_feeds)
    return Recorder(app.fetcher, folder, clock=app.clock, run=app.clock(), feeds=feeds)
