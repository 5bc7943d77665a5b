"""Daily counts → baseline, score, significance: what has risen beyond chance.

Counts are always judged against their *exposure*, all that was published on the same day by feeds of the same kind, so
that weekends, outages and a longer feed list raise nothing. Terms are small counts: Gamma-Poisson surprise with
forgetting. Themes are larger: the last seven days against the twenty-eight before, as a difference of log odds with
overdispersion. Over everything tested on a day the share of false discoveries is bounded (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

Direction = Literal["rising", "falling", "flat"]
Counts = Mapping[tuple[date, str], int]
"""Entries by day and kind of feed."""

WINDOW, BASELINE = 7, 28
HALF_LIFE = 56.0
PRIOR = 0.1
SURPRISE = 2.75
TERM_COUNT, TERM_FEEDS = 3, 2
OVERDISPERSION = 1.3
THEME_Z, THEME_RATIO, THEME_EXTRA = 2.0, 1.25, 5.0
FALSE_SHARE = 0.1
MIN_BASELINE_DAYS = 3
NEW_BELOW = 0.5
Z95 = 1.96


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesCounts:
    """One series: its counts by day and kind, and the feeds that spoke of it in the window."""

    series_id: int
    name: str
    kind: Literal["theme", "term"]
    slug: str | None
    counts: Counts
    feeds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendReading:
    """A series on a day: `current` reports in the last `window_days` against `baseline`, the usual for as many.

    `low` and `high` bound the ratio of the two with 95 % confidence. `score` is −log10 of the probability that chance
    alone does as much.
    """

    series_id: int
    name: str
    kind: Literal["theme", "term"]
    slug: str | None
    window_days: int
    method: str
    direction: Direction
    current: float
    baseline: float
    low: float | None
    high: float | None
    score: float
    new: bool


def read_trends(series: Sequence[SeriesCounts], exposure: Counts, *, as_of: date) -> tuple[TrendReading, ...]:
    """Return a reading of every series that can be read on `as_of`, the most surprising first."""
    if len({day for day, _ in exposure if day < as_of}) < MIN_BASELINE_DAYS:
        return ()
    read = [_theme(one, exposure, as_of) if one.kind == "theme" else _term(one, exposure, as_of) for one in series]
    bounded = _bounded([reading for reading in read if reading])
    return tuple(sorted(bounded, key=lambda reading: (-reading.score, reading.name)))


def surprise(count: int, expected_rate: float, shape: float, exposure: float) -> float:
    """Return −log10 P(C ≥ `count`) where C is negative binomial with mean `shape` · `exposure` / `expected_rate`.

    `shape` is the remembered count with its prior, `expected_rate` the remembered exposure with its prior.
    """
    if count <= 0 or exposure <= 0:
        return 0.0
    fail = exposure / (expected_rate + exposure)
    log_mass = (
        math.lgamma(shape + count) - math.lgamma(shape) - math.lgamma(count + 1)
        + shape * math.log1p(-fail) + count * math.log(fail)
    )  # fmt: skip
    total, term, k = 1.0, 1.0, count
    while term > 1e-12 * total and k < count + 10_000:
        term *= (shape + k) / (k + 1) * fail
        total += term
        k += 1
    return max(0.0, -(log_mass + math.log(total)) / math.log(10))


def _window(counts: Counts, start: date, end: date) -> dict[str, float]:
    found: dict[str, float] = {}
    for (day, kind), count in counts.items():
        if start <= day <= end:
            found[kind] = found.get(kind, 0.0) + count
    return found


def _theme(one: SeriesCounts, exposure: Counts, as_of: date) -> TrendReading | None:
    start = as_of - timedelta(days=WINDOW - 1)
    before = start - timedelta(days=BASELINE), start - timedelta(days=1)
    if not _window(exposure, *before):
        return None
    now, now_all = _window(one.counts, start, as_of), _window(exposure, start, as_of)
    then, then_all = _window(one.counts, *before), _window(exposure, *before)
    kinds = [kind for kind in now_all if then_all.get(kind)]
    current, total = sum(now.get(k, 0) for k in kinds), sum(now_all[k] for k in kinds)
    expected = sum(now_all[k] * then.get(k, 0) / then_all[k] for k in kinds)
    past, past_total = sum(then.get(k, 0) for k in kinds), sum(then_all[k] for k in kinds)
    if total <= 0 or (current == 0 and expected == 0):
        return None
    difference = _logit(current, total) - _logit(expected, total)
    spread = math.sqrt(OVERDISPERSION * (_inverse(current, total) + _inverse(past, past_total)))
    z = difference / spread
    return TrendReading(
        series_id=one.series_id, name=one.name, kind="theme", slug=one.slug, window_days=WINDOW, method="logit-7-28",
        direction=_theme_direction(z, current, expected), current=current, baseline=expected,
        low=math.exp(difference - Z95 * spread), high=math.exp(difference + Z95 * spread),
        score=-math.log10(max(1e-300, math.erfc(abs(z) / math.sqrt(2)))), new=False,
    )  # fmt: skip


def _logit(part: float, whole: float) -> float:
    return math.log((part + 0.5) / (whole - part + 0.5))


def _inverse(part: float, whole: float) -> float:
    return 1 / (part + 0.5) + 1 / (whole - part + 0.5)


def _theme_direction(z: float, current: float, expected: float) -> Direction:
    if z >= THEME_Z and current >= THEME_RATIO * expected and current - expected >= THEME_EXTRA:
        return "rising"
    if z <= -THEME_Z and expected >= THEME_RATIO * current and expected - current >= THEME_EXTRA:
        return "falling"
    return "flat"


def _term(one: SeriesCounts, exposure: Counts, as_of: date) -> TrendReading | None:
    days = sorted({day for day, _ in exposure if day < as_of})
    totals = {day: sum(_window(exposure, day, day).values()) for day in [*days, as_of]}
    count = int(sum(_window(one.counts, as_of, as_of).values()))
    if count == 0 or not totals[as_of]:
        return None
    fade = {day: 2 ** (-(len(days) - 1 - index) / HALF_LIFE) for index, day in enumerate(days)}
    remembered = sum(n * fade[day] for (day, _), n in one.counts.items() if day in fade)
    usual_total = sorted(totals[day] for day in days)[len(days) // 2]
    seen = sum(totals[day] * fade[day] for day in days) + usual_total
    score = surprise(count, seen, remembered + PRIOR, totals[as_of])
    rising = count >= TERM_COUNT and one.feeds >= TERM_FEEDS and score >= SURPRISE
    return TrendReading(
        series_id=one.series_id, name=one.name, kind="term", slug=None, window_days=1, method="gamma-poisson-56",
        direction="rising" if rising else "flat", current=count, baseline=totals[as_of] * remembered / seen,
        low=None, high=None, score=score, new=remembered < NEW_BELOW,
    )  # fmt: skip


def _bounded(readings: list[TrendReading]) -> list[TrendReading]:
    ranked = sorted(readings, key=lambda reading: -reading.score)
    kept = 0
    for rank, reading in enumerate(ranked, start=1):
        if 10**-reading.score <= FALSE_SHARE * rank / len(ranked):
            kept = rank
    return ranked[:kept] + [_flat(reading) for reading in ranked[kept:]]


def _flat(reading: TrendReading) -> TrendReading:
    return replace(reading, direction="flat")
