"""Which feeds may speak of terms on a day: those known long enough, on days on which they publish as they usually do.

A feed that came new brings its own vocabulary, one that empties its archive brings that of years: neither says
anything of what is talked about today. So the reports of a feed count for terms once it was known for two weeks, and
not on a day on which it publishes far beyond its habit; what they published does not count as exposure either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from trendbot.core.trends.readings import LEAST_DAYS
from trendbot.core.trends.shares import Counts, FeedDay, published


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedPast:
    """A feed: its kind and the first day with a report of it."""

    kind: str
    first: date


def speaking(
    exposure: Counts, feeds: Mapping[int, FeedPast], *, since: date, until: date
) -> dict[FeedDay, tuple[str, float]]:
    """Return the feed-days in a window that count, each with the feed's kind and its reports.

    `exposure` are all reports by feed and day, of the last weeks at least; `feeds` their past before `since`.
    """
    kept = published(exposure, until=until)
    oldest = since - timedelta(days=LEAST_DAYS)
    known = {feed: past for feed, past in feeds.items() if past.first <= oldest}
    return {key: (known[key[0]].kind, exposure[key]) for key in kept if key[0] in known and since <= key[1] <= until}


def by_kind(spoken: Mapping[FeedDay, tuple[str, float]]) -> dict[str, float]:
    """Sum the reports of feed-days by kind of feed."""
    found: dict[str, float] = defaultdict(float)
    for kind, reports in spoken.values():
        found[kind] += reports
    return found
