"""Seven days of a theme against the twenty-eight before, feed by feed.

Each feed has its own usual share of a theme; what would be usual this week is the sum over feeds of that share times
what the feed published this week. So a feed that fell silent, one that came new, and a list twice as long change what
is expected along with what is counted. A day on which a feed publishes far more than it ever does (it empties its
archive) does not count at all. The spread is that of counts given their exposure, widened by the
overdispersion φ that themes show (1.3 to 2.3 measured), and by how little is known of each share.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WINDOW, BASELINE = 7, 28
PHI_LEAST, PHI_MOST = 1.2, 4.0
PHI_USUAL = 1.5
LEAST_KNOWN = 3.0
"""Reports that a feed must have had in the baseline for its week to count."""
_BORROWED = 10.0
_BUSY = 3.0
_BUSY_LEAST = 8.0

FeedDay = tuple[int, date]
Counts = Mapping[FeedDay, float]
"""Reports by feed and day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """A theme's week: `current` reports where `expected` were usual; `z` in standard deviations.

    `low` and `high` bound the ratio of the two with 95 % confidence. `above` feeds had more than usual, and `rest` is z
    without the feed that had most.
    """

    current: float
    expected: float
    z: float
    low: float
    high: float
    phi: float
    above: int
    rest: float

    @property
    def ratio(self) -> float:
        """How many times the usual."""
        return self.current / self.expected if self.expected else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _FeedWeek:
    seen: float
    expected: float
    variance: float


def published(exposure: Counts, *, until: date, days: int = WINDOW + BASELINE) -> frozenset[FeedDay]:
    """Return the days of each feed that count: all on which it published no more than far beyond its habit."""
    since = until - timedelta(days=days - 1)
    by_feed: dict[int, list[float]] = defaultdict(list)
    for (feed, day), count in exposure.items():
        if since <= day <= until:
            by_feed[feed].append(count)
    limits = {feed: max(_BUSY_LEAST, _BUSY * _median(counts)) for feed, counts in by_feed.items()}
    return frozenset(
        (feed, day) for (feed, day), count in exposure.items() if since <= day <= until and 0 < count <= limits[feed]
    )


def week(
    counts: Counts,
    exposure: Counts,
    *,
    as_of: date,
    kept: Collection[FeedDay] | None = None,
    phi: float = PHI_USUAL,
) -> Week | None:
    """Return the week that ends with `as_of`; None where no feed is known long enough."""
    kept = published(exposure, until=as_of) if kept is None else kept
    first = as_of - timedelta(days=WINDOW - 1)
    start = first - timedelta(days=BASELINE)
    now, before = (
        _sums(counts, exposure, kept, first, as_of),
        _sums(counts, exposure, kept, start, first - timedelta(1)),
    )
    usual = _overall(before)
    if usual is None:
        return None
    feeds = {
        feed: _feed_week(now[feed], known, usual)
        for feed, known in before.items()
        if feed in now and known[1] >= LEAST_KNOWN
    }
    return _week(list(feeds.values()), phi) if feeds else None


def _sums(
    counts: Counts, exposure: Counts, kept: Collection[FeedDay], since: date, until: date
) -> dict[int, tuple[float, float]]:
    """Return reports of the theme, and all reports, by feed."""
    found: dict[int, tuple[float, float]] = {}
    for key, count in exposure.items():
        if since <= key[1] <= until and key in kept:
            theme, everything = found.get(key[0], (0.0, 0.0))
            found[key[0]] = (theme + counts.get(key, 0.0), everything + count)
    return found


def _overall(before: Mapping[int, tuple[float, float]]) -> float | None:
    everything = sum(count for _, count in before.values())
    return (sum(theme for theme, _ in before.values()) + 0.5) / (everything + 1.0) if everything else None


def _feed_week(now: tuple[float, float], known: tuple[float, float], usual: float) -> _FeedWeek:
    seen, published_now = now
    theme, everything = known
    share = (theme + _BORROWED * usual) / (everything + _BORROWED)
    spread = share * (1 - share)
    variance = published_now * spread + published_now**2 * spread / (everything + _BORROWED)
    return _FeedWeek(seen=seen, expected=published_now * share, variance=variance)


def _week(feeds: Sequence[_FeedWeek], phi: float) -> Week:
    seen, expected = sum(one.seen for one in feeds), sum(one.expected for one in feeds)
    deviation = math.sqrt(phi * sum(one.variance for one in feeds)) or 1.0
    top = max(feeds, key=lambda one: abs(one.seen - one.expected))
    rest = [one for one in feeds if one is not top]
    rest_deviation = math.sqrt(phi * sum(one.variance for one in rest)) or 1.0
    ratio, relative = (seen + 0.5) / (expected + 0.5), deviation / (expected + 0.5)
    sign = 1 if seen >= expected else -1
    return Week(
        current=seen,
        expected=expected,
        z=(seen - expected) / deviation,
        low=ratio * math.exp(-1.96 * relative),
        high=ratio * math.exp(1.96 * relative),
        phi=phi,
        above=sum(sign * (one.seen - one.expected) > 0 for one in feeds),
        rest=(sum(one.seen - one.expected for one in rest)) / rest_deviation,
    )


def overdispersion(counts: Mapping[date, float], exposure: Mapping[date, float]) -> float:
    """Return φ of a theme's daily counts given their exposure (Pearson's χ² by degrees of freedom), within bounds.

    One outlier in ten is left out, so that the rise to be judged does not widen its own bounds.
    """
    total, everything = sum(counts.values()), sum(exposure.values())
    if not total or len(exposure) < BASELINE // 2:
        return PHI_USUAL
    share = min(0.999, total / everything)
    parts = sorted(
        (counts.get(day, 0.0) - number * share) ** 2 / (number * share * (1 - share))
        for day, number in exposure.items()
        if number > 0
    )
    kept = parts[: max(2, len(parts) - len(parts) // 10)]
    return min(PHI_MOST, max(PHI_LEAST, 1.2 * sum(kept) / (len(kept) - 1)))


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
