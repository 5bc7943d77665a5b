"""Replay: poll as a recording did, in a fixed order, so that the same tape always makes the same database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from trendbot.clock import frozen_clock
from trendbot.core.polling import PollPolicy
from trendbot.fetch.recording import Run, Tape
from trendbot.pipeline.poll import PollReport, poll
from trendbot.store.database import Database
from trendbot.store.feeds import list_feeds, seed_feeds


async def replay_run(database: Database, tape: Tape, run: Run, *, policy: PollPolicy | None = None) -> PollReport:
    """Poll the feeds that were asked in `run`, at its instant, one after the other.

    The feeds of the recording are followed where they are not yet; call it for each of `tape.runs` in order, on a
    database that starts empty.
    """
    if not await database.run(list_feeds):
        await database.run(seed_feeds, tape.feeds, run.at)
    tape.run = run
    feeds = await database.run(list_feeds)
    asked = [feed.id for feed in feeds if any(url in run.answers for url in (feed.url, *feed.mirrors))]
    alone = replace(policy or PollPolicy(), connections=1, per_host=1, host_gap=timedelta())
    return await poll(database, tape, clock=frozen_clock(run.at), force=True, policy=alone, only=asked)
