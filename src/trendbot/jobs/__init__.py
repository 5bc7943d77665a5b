"""The jobs: what a person, a clock or a queue sets going. Each may be run again at any time; nothing is doubled.

run_line:    seed ─▶ poll ─▶ tag ─▶ group ─▶ measure ─▶ compose (daily, weekly) ─▶ deliver
walk_sample: the same, over the made-up week, with the clock standing at each of its moments
replay:      the same, over a recording of what feeds answered, with the clock standing where it stood then
"""

from __future__ import annotations

from trendbot.bootstrap import desk_of
from trendbot.jobs.following import follow_feeds
from trendbot.jobs.line import LINE, run_line
from trendbot.jobs.past import replay, walk_sample
from trendbot.jobs.stages import PATIENCE, Progress, digested
from trendbot.jobs.summary import RunSummary, counts_of

__all__ = [
    "LINE",
    "PATIENCE",
    "Progress",
    "RunSummary",
    "counts_of",
    "desk_of",
    "digested",
    "follow_feeds",
    "replay",
    "run_line",
    "walk_sample",
]
