"""Themes and much-named terms by their week: seven days against the four weeks before, feed by feed.

Over everything tested on a day the share of false discoveries is bounded; where nothing passes, nothing is rising, and
that is a reading too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from trendbot.core.trends.discovery import false_shares
from trendbot.core.trends.readings import LEAST_DAYS, Direction, TrendReading
from trendbot.core.trends.shares import BASELINE, WINDOW, Counts, FeedDay, Week, overdispersion, published, week

THEME_Z, THEME_RATIO, THEME_EXTRA, THEME_FEEDS = 2.0, 1.25, 5.0, 3
THEME_REST = 1.0
FALSE_SHARE = 0.1
MUCH_NAMED = 20
"""Reports of a term in the five weeks from which on its week can be told from chance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WeekCounts:
    """A series with its reports by feed and day; a theme has a slug, a term has none."""

    series_id: int
    name: str
    slug: str | None
    counts: Counts


def read_themes(
    themes: Sequence[WeekCounts], exposure: Counts, *, as_of: date, lately: Iterable[int] = ()
) -> tuple[TrendReading, ...]:
    """Return a reading of each theme's week, the most surprising first; none where too few days are known."""
    before = frozenset(lately)
    found = _read_weeks(themes, exposure, as_of)
    return tuple(replace(one, still=one.direction == "rising" and one.series_id in before) for one in found)


def read_fallen(terms: Sequence[WeekCounts], exposure: Counts, *, as_of: date) -> tuple[TrendReading, ...]:
    """Return the terms whose week fell beyond chance; a rise of a term shows on its day and is read there."""
    much = [term for term in terms if sum(term.counts.values()) >= MUCH_NAMED]
    return tuple(one for one in _read_weeks(much, exposure, as_of) if one.direction == "falling")


def _read_weeks(series: Sequence[WeekCounts], exposure: Counts, as_of: date) -> tuple[TrendReading, ...]:
    days = {day for _, day in exposure if day <= as_of}
    if len(days) < LEAST_DAYS:
        return ()
    since = as_of - timedelta(days=WINDOW + BASELINE - 1)
    kept = published(exposure, until=as_of)
    known = {feed for feed, day in kept if day <= as_of - timedelta(days=WINDOW)}
    kept = frozenset(key for key in kept if key[0] in known)
    daily = _by_day(exposure, kept, since, as_of)
    found: list[tuple[TrendReading, Week]] = []
    for one in series:
        phi = overdispersion(_by_day(one.counts, kept, since, as_of), daily)
        weighed = week(one.counts, exposure, as_of=as_of, kept=kept, phi=phi)
        if weighed:
            found.append((_reading(one, weighed, as_of), weighed))
    shares = false_shares([reading.p for reading, _ in found])
    judged = [
        replace(reading, q=share, direction=_direction(weighed) if share <= FALSE_SHARE else "flat")
        for (reading, weighed), share in zip(found, shares, strict=True)
    ]
    return tuple(sorted(judged, key=lambda one: (-one.score, one.series_id)))


def _reading(one: WeekCounts, weighed: Week, as_of: date) -> TrendReading:
    p = math.erfc(abs(weighed.z) / math.sqrt(2))
    return TrendReading(
        series_id=one.series_id,
        name=one.name,
        kind="theme" if one.slug else "term",
        slug=one.slug,
        as_of=as_of,
        window_days=WINDOW,
        method="week-against-four",
        direction="flat",
        current=round(weighed.current, 2),
        baseline=weighed.expected,
        low=weighed.low,
        high=weighed.high,
        score=-math.log10(max(p, 1e-300)),
        p=p,
        feeds=weighed.above,
        facts={"z": weighed.z, "phi": weighed.phi, "ratio": weighed.ratio, "z_without_top_feed": weighed.rest},
    )


def _direction(weighed: Week) -> Direction:
    """Return which way a significant week went: enough of it, in several feeds, and not by one feed alone."""
    extra = weighed.current - weighed.expected
    if weighed.above < THEME_FEEDS or abs(extra) < THEME_EXTRA:
        return "flat"
    if weighed.z >= THEME_Z and weighed.ratio >= THEME_RATIO and weighed.rest >= THEME_REST:
        return "rising"
    if weighed.z <= -THEME_Z and weighed.ratio <= 1 / THEME_RATIO and weighed.rest <= -THEME_REST:
        return "falling"
    return "flat"


def _by_day(counts: Counts, kept: Collection[FeedDay], since: date, until: date) -> dict[date, float]:
    found: dict[date, float] = defaultdict(float)
    for key, count in counts.items():
        if since <= key[1] <= until and key in kept:
            found[key[1]] += count
    return found
