"""The line over what has been: the made-up week, and recordings, with the clock standing where it stood then."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from trendbot.bootstrap import App
from trendbot.clock import frozen_clock
from trendbot.core.entries import ParsedEntry
from trendbot.core.vocabulary import Cadence
from trendbot.errors import ConfigError
from trendbot.fetch.recording import Tape
from trendbot.jobs.following import follow_feeds
from trendbot.jobs.stages import Progress, digested, gather, publish_due, silent
from trendbot.jobs.summary import RunSummary, added_up, joined, summed_up
from trendbot.pipeline.replay import replay_run
from trendbot.sample import SampleServer, SampleWeek, load_history, load_sample
from trendbot.store.checkup import count_entries
from trendbot.store.entries import keep_past


async def walk_sample(app: App, *, progress: Progress = silent) -> RunSummary:
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
            found = await gather(there, there.fetcher, only=None, force=True, progress=silent)
            gathered = joined(gathered, found)
            last = moment == week.moments[-1]
            if last or week.moments[number].date() != moment.date():
                made = await publish_due(there, tuple(Cadence) if last else (Cadence.DAILY,), silent)
                published = added_up(published, made)
            progress("sample week", number, len(week.moments))
    if gathered is None or published is None:
        raise ConfigError("the sample week has no moments: restore seeds/sample/sample.toml")
    return summed_up(replace(app, clock=frozen_clock(week.clock)), seeded, gathered, published, started, worked)


def _before(week: SampleWeek, url: str) -> dict[str, list[ParsedEntry]]:
    """Return the made-up weeks before the sample week, by the addresses of its feeds."""
    found: dict[str, list[ParsedEntry]] = {}
    for past in load_history(week):
        found.setdefault(f"{url}/f/{past.feed}", []).append(past.entry)
    return found


async def replay(app: App, folder: Path, *, progress: Progress = silent) -> RunSummary:
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
        gathered = joined(gathered, digested(there, polled, silent))
        if number == len(tape.runs) or tape.runs[number].at.date() != run.at.date():
            published = added_up(published, await publish_due(there, tuple(Cadence), silent))
        progress("replay", number, len(tape.runs))
    if gathered is None or published is None:
        raise ConfigError(f"{folder} holds no recording: make one with `trendbot run --record {folder}`")
    return summed_up(there, len(tape.feeds), gathered, published, started, worked)
