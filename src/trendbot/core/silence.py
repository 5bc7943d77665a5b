"""How improbable is it that a feed has been silent for so long? A model of each feed's own posting days.

Posts come in bursts, so days are counted, not posts. The silence is judged twice, and the milder judgement counts:

* by weekday: the chance that none of the silent days had a post, each weekday with its own share of posting days
  (drawn towards the feed's overall share, as a few weeks say little about one weekday);
* by gaps: feeds speed up and slow down, so their gaps are exponential with a rate that itself varies (gamma), which is
  a Lomax distribution; its shape is fitted to mean and variance of the feed's gaps, and kept heavy while gaps are few.

Feeds whose gaps vary little keep a calendar; there the weekdays judge alone. A daily feed is so missed within a week,
one that rests at weekends is not missed on Sunday, and a blog that paused for two months before may do so again. Only
the newest `MEMORY` posting days count: feeds change their habits. ``docs/feeds.md`` says how this was measured.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import prod
from statistics import mean, median_high, variance

MEMORY = 30
"""Posting days looked back on."""
ENOUGH = 6
"""Posting days below which there is no rhythm to speak of."""
IMPROBABLE = 0.003
"""Probability below which a silence is an alarm: at any moment about 1 % of healthy feeds are below it."""
SUREST = 0.9
"""No feed is surer to post on a day: there are holidays and broken servers."""
_CALENDAR = 0.5
"""Squared variation of the gaps (variance by squared mean; 1 is chance) below which a feed keeps a calendar."""
_PULL = 2.0
"""How many weeks' worth of the overall share each weekday's share starts with."""
_LIGHTEST, _HEAVIEST = 40.0, 2.0
"""Bounds of the Lomax shape."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """When a feed posts: `shares` holds the part of Mondays, Tuesdays … with a post; `gaps` are in days, sorted."""

    last: date
    shares: tuple[float, ...]
    gaps: tuple[int, ...]

    @property
    def usual_gap(self) -> int:
        """The median number of days from one posting day to the next."""
        return median_high(self.gaps)

    @property
    def longest_gap(self) -> int:
        """The longest number of days from one posting day to the next."""
        return self.gaps[-1]


def rhythm(days: Iterable[date]) -> Rhythm | None:
    """Return the rhythm of a feed that posted on these days (in any order), None where they are too few."""
    posted = sorted(set(days))[-MEMORY:]
    if len(posted) < ENOUGH:
        return None
    gaps = sorted((later - earlier).days for earlier, later in itertools.pairwise(posted))
    return Rhythm(last=posted[-1], shares=_shares(posted), gaps=tuple(gaps))


def _shares(posted: list[date]) -> tuple[float, ...]:
    """Return the share of each weekday that saw a post, smoothed."""
    span = (posted[-1] - posted[0]).days + 1
    overall = len(posted) / span
    hits = Counter(day.weekday() for day in posted)
    weeks, rest = divmod(span, 7)
    begun = {(posted[0].weekday() + number) % 7 for number in range(rest)}
    return tuple((hits[weekday] + _PULL * overall) / (weeks + (weekday in begun) + _PULL) for weekday in range(7))


def probability(rhythm: Rhythm, today: date) -> float:
    """Return how probable it is that the feed, alive and well, has not posted since its last day (0 to 1).

    `today` itself does not count: it is not over.
    """
    silent = (today - rhythm.last).days
    if silent <= 1:
        return 1.0
    by_weekday = _by_weekday(rhythm, silent)
    variation = variance(rhythm.gaps) / mean(rhythm.gaps) ** 2
    return by_weekday if variation < _CALENDAR else max(by_weekday, _by_gaps(rhythm, silent, variation))


def _by_weekday(rhythm: Rhythm, silent: int) -> float:
    weekdays = ((rhythm.last + timedelta(days=number)).weekday() for number in range(1, silent))
    return prod(1.0 - min(SUREST, rhythm.shares[weekday]) for weekday in weekdays)


def _by_gaps(rhythm: Rhythm, silent: int, variation: float) -> float:
    """Return the chance of a gap of at least `silent` days under the fitted Lomax distribution."""
    fitted = 2 * variation / (variation - 1) if variation > 1 else _LIGHTEST
    shape = min(fitted, _LIGHTEST, _HEAVIEST + len(rhythm.gaps) / 3)
    return float((1 + silent / (mean(rhythm.gaps) * (shape - 1))) ** -shape)


def alarm_day(rhythm: Rhythm) -> date:
    """Return the day from which silence is an alarm, if nothing comes before."""
    for number in range(1, 3_000):
        day = rhythm.last + timedelta(days=number)
        if probability(rhythm, day) < IMPROBABLE:
            return day
    return rhythm.last + timedelta(days=3_000)
