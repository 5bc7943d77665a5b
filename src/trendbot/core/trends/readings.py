"""What is rising on a day: readings of themes and terms, with the numbers that they rest on.

Terms are read by their surprise on the day (or the last two, where little is published), themes by their week against
the four weeks before. Over everything tested on a day the share of false discoveries is bounded; where nothing passes,
nothing is rising, and that is a reading too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from statistics import median
from typing import Literal

from trendbot.core.trends.discovery import false_shares, shadowed
from trendbot.core.trends.shares import BASELINE, WINDOW, Counts, Week, overdispersion, published, week
from trendbot.core.trends.surprise import HALF_LIFE, Past, surprise

Direction = Literal["rising", "falling", "flat"]
KindDays = Mapping[tuple[date, str], float]
"""Reports by day and kind of feed."""

SURPRISE = 2.75
TERM_REPORTS, TERM_FEEDS = 2, 2
NEW_BELOW = 0.5
MOST_OF_A_FEED = 3.0
"""Reports of a term that one feed can make on one day: one that empties its archive makes no trend."""
THEME_Z, THEME_RATIO, THEME_EXTRA, THEME_FEEDS = 2.0, 1.25, 5.0, 3
THEME_REST = 1.0
FALSE_SHARE = 0.1
LEAST_DAYS = 14
"""Days with anything published that must be known before anything is said."""
QUIET = 30.0
"""Reports of a day below which a term is read over two days."""
REACH = 280
"""Days of the past that still matter: five half-lives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendReading:
    """A series on a day: `current` reports in the last `window_days` against `baseline`, the usual for as many.

    `low` and `high` bound the ratio of the two with 95 % confidence. `score` is −log10 of the probability `p` that
    chance alone does as much; `q` is the share of false discoveries if all that are as surprising are believed. `new`:
    hardly known before; `still`: it rose within the last five days already.
    """

    series_id: int
    name: str
    kind: Literal["theme", "term"]
    slug: str | None
    as_of: date
    window_days: int
    method: str
    direction: Direction
    current: float
    baseline: float
    low: float | None
    high: float | None
    score: float
    p: float
    q: float = 1.0
    feeds: int = 0
    new: bool = False
    still: bool = False
    facts: Mapping[str, float] = field(default_factory=dict)
    stories: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TermCounts:
    """A term: its reports by day and kind of feed, and lately also by day and feed."""

    series_id: int
    name: str
    counts: KindDays
    lately: Mapping[tuple[date, int], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class ThemeCounts:
    """A theme: its reports by feed and day."""

    series_id: int
    name: str
    slug: str
    counts: Counts


def window_of(exposure: KindDays, as_of: date) -> int:
    """Return over how many days terms are read: one, or two where a day has little (a short list, a morning)."""
    totals = _totals(exposure)
    usual = [count for day, count in totals.items() if as_of - timedelta(BASELINE) <= day < as_of]
    least = max(QUIET, median(usual) / 2) if usual else QUIET
    return 1 if totals.get(as_of, 0.0) >= least else 2


def read_terms(
    terms: Sequence[TermCounts], exposure: KindDays, *, as_of: date, tests: int, lately: Iterable[int] = ()
) -> tuple[TrendReading, ...]:
    """Return a reading of each term named in the window, the most surprising first.

    `tests` is how many terms are followed: all are tested, also those that nobody named. `lately` are the series that
    rose within the last five days.
    """
    days = sorted({day for day, _ in exposure if day <= as_of})
    width = window_of(exposure, as_of)
    first = as_of - timedelta(days=width - 1)
    past_days = [day for day in days if day < first]
    if len(past_days) < LEAST_DAYS:
        return ()
    fading = {day: 2.0 ** (-(len(past_days) - place) / HALF_LIFE) for place, day in enumerate(past_days)}
    known, now = _faded(exposure, fading), _sum_kinds(exposure, first, as_of)
    usual = median(_totals(exposure)[day] for day in past_days) * width
    found = []
    for term in terms:
        count = _heard(term, first, as_of)
        if count:
            past = Past(reports=_faded(term.counts, fading), exposure=known, usual=usual)
            found.append(_term(term, count, now, past, first, as_of))
    return _listed(found, tests=tests, lately=frozenset(lately))


def _heard(term: TermCounts, first: date, as_of: date) -> float:
    """Count a term's reports in the window; no feed makes more than a few of them on one day."""
    return sum(min(count, MOST_OF_A_FEED) for (day, _), count in term.lately.items() if first <= day <= as_of)


def _term(
    term: TermCounts, count: float, now: Mapping[str, float], past: Past, first: date, as_of: date
) -> TrendReading:
    said = surprise(count, now, past)
    relative = math.sqrt(1 / (count + 0.5) + 1 / (past.all_reports + 0.6))
    ratio = count / max(said.expected, 1e-9)
    return TrendReading(
        series_id=term.series_id,
        name=term.name,
        kind="term",
        slug=None,
        as_of=as_of,
        window_days=(as_of - first).days + 1,
        method="gamma-poisson",
        direction="flat",
        current=count,
        baseline=said.expected,
        low=ratio * math.exp(-1.96 * relative),
        high=ratio * math.exp(1.96 * relative),
        score=said.score,
        p=said.probability,
        feeds=len({feed for day, feed in term.lately if first <= day <= as_of}),
        new=past.all_reports < NEW_BELOW,
        facts={"known": past.all_reports, "exposure": sum(now.values())},
    )


def _listed(found: Sequence[TrendReading], *, tests: int, lately: frozenset[int]) -> tuple[TrendReading, ...]:
    """Give each reading its direction: which terms are rising is decided over all of them together."""
    shares = false_shares([one.p for one in found], tests)
    hidden = shadowed({one.name: one.current for one in found if one.score >= SURPRISE})
    judged = []
    for one, share in zip(found, shares, strict=True):
        rises = (
            one.score >= SURPRISE
            and share <= FALSE_SHARE
            and one.current >= TERM_REPORTS
            and one.feeds >= TERM_FEEDS
            and one.name not in hidden
        )
        judged.append(
            replace(one, q=share, direction="rising" if rises else "flat", still=rises and one.series_id in lately)
        )
    return tuple(sorted(judged, key=lambda one: (-one.score, one.series_id)))


def read_themes(
    themes: Sequence[ThemeCounts], exposure: Counts, *, as_of: date, lately: Iterable[int] = ()
) -> tuple[TrendReading, ...]:
    """Return a reading of each theme's week, the most surprising first; none where too few days are known."""
    days = {day for _, day in exposure if day <= as_of}
    if len(days) < LEAST_DAYS:
        return ()
    kept = published(exposure, until=as_of)
    since = as_of - timedelta(days=WINDOW + BASELINE - 1)
    daily = _by_day(exposure, kept, since, as_of)
    found: list[tuple[TrendReading, Week]] = []
    for theme in themes:
        phi = overdispersion(_by_day(theme.counts, kept, since, as_of), daily)
        weighed = week(theme.counts, exposure, as_of=as_of, kept=kept, phi=phi)
        if weighed:
            found.append((_theme(theme, weighed, as_of), weighed))
    shares = false_shares([one.p for one, _ in found])
    before = frozenset(lately)
    judged = []
    for (one, weighed), share in zip(found, shares, strict=True):
        direction = _direction(weighed) if share <= FALSE_SHARE else "flat"
        judged.append(
            replace(one, q=share, direction=direction, still=direction == "rising" and one.series_id in before)
        )
    return tuple(sorted(judged, key=lambda one: (-one.score, one.series_id)))


def _theme(theme: ThemeCounts, weighed: Week, as_of: date) -> TrendReading:
    p = math.erfc(abs(weighed.z) / math.sqrt(2))
    return TrendReading(
        series_id=theme.series_id,
        name=theme.name,
        kind="theme",
        slug=theme.slug,
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


# -- sums --------------------------------------------------------------------------------------------------------------


def _totals(counts: KindDays) -> dict[date, float]:
    found: dict[date, float] = defaultdict(float)
    for (day, _), count in counts.items():
        found[day] += count
    return found


def _sum_kinds(counts: KindDays, since: date, until: date) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for (day, kind), count in counts.items():
        if since <= day <= until:
            found[kind] += count
    return found


def _faded(counts: KindDays, fading: Mapping[date, float]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for (day, kind), count in counts.items():
        if day in fading:
            found[kind] += fading[day] * count
    return found


def _by_day(counts: Counts, kept: Mapping[tuple[int, date], float], since: date, until: date) -> dict[date, float]:
    found: dict[date, float] = defaultdict(float)
    for key, count in counts.items():
        if since <= key[1] <= until:
            found[key[1]] += kept.get(key, 1.0) * count
    return found
