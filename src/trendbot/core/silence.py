"""How improbable is it that a feed has been silent for so long? A model of each feed's own posting days.

Posts come in bursts, so days are counted and not posts. The silence is judged twice, and the milder judgement counts:

* by weekday: the chance that none of the silent days had a post, each weekday with its own share of posting days
  (drawn towards the feed's overall share, as a few weeks say little about one weekday);
* by gaps: the share of the feed's past gaps that were at least as long, continued beyond the longest by a power law,
  since the gaps of blogs have a heavy tail.

A daily feed is so missed within days, one that rests at weekends is not missed on Sunday, and a blog that paused for
two months before may do so again. Only the newest `MEMORY` posting days count: feeds change their habits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import prod

MEMORY = 90
"""Posting days looked back on."""
ENOUGH = 6
"""Posting days below which there is no rhythm to speak of."""
TAIL = 2.0
"""Exponent of the tail beyond the longest gap; see ``docs/feeds.md`` for how it was measured."""
_PULL = 4.0
"""How many weeks' worth of the overall share each weekday's share starts with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """When a feed posts: `shares` holds the part of Mondays, Tuesdays … with a post; `gaps` are in days, sorted."""

    days: int
    last: date
    shares: tuple[float, ...]
    gaps: tuple[int, ...]

    @property
    def usual_gap(self) -> int:
        """The median number of days from one posting day to the next."""
        return self.gaps[len(self.gaps) // 2]

    @property
    def longest_gap(self) -> int:
        """The longest number of days from one posting day to the next."""
        return self.gaps[-1]


def rhythm(days: Iterable[date]) -> Rhythm | None:
    """Return the rhythm of a feed that posted on these days (in any order), None where they are too few."""
    posted = sorted(set(days))[-MEMORY:]
    if len(posted) < ENOUGH:
        return None
    gaps = sorted((later - earlier).days for earlier, later in zip(posted, posted[1:], strict=False))
    return Rhythm(days=len(posted), last=posted[-1], shares=_shares(posted), gaps=tuple(gaps))


def _shares(posted: list[date]) -> tuple[float, ...]:
    """Return the share of each weekday that saw a post, smoothed."""
    span = (posted[-1] - posted[0]).days + 1
    overall = len(posted) / span
    hits = Counter(day.weekday() for day in posted)
    seen = Counter((posted[0] + timedelta(days=number)).weekday() for number in range(min(span, 7)))
    weeks = span // 7
    return tuple(
        (hits[weekday] + _PULL * overall) / (weeks + (span % 7 > 0 and seen[weekday]) + _PULL) for weekday in range(7)
    )


def probability(rhythm: Rhythm, today: date) -> float:
    """Return how probable it is that the feed, alive and well, has not posted since its last day (0 to 1).

    `today` itself does not count: it is not over.
    """
    silent = (today - rhythm.last).days
    if silent <= 1:
        return 1.0
    return max(_by_weekday(rhythm, silent), _by_gaps(rhythm, silent))


def _by_weekday(rhythm: Rhythm, silent: int) -> float:
    weekdays = ((rhythm.last + timedelta(days=number)).weekday() for number in range(1, silent))
    return prod(1.0 - min(0.98, rhythm.shares[weekday]) for weekday in weekdays)


def _by_gaps(rhythm: Rhythm, silent: int) -> float:
    """Return the chance of a gap of at least `silent` days: by count, then by the tail."""
    longer = sum(gap >= silent for gap in rhythm.gaps)
    if longer:
        return (longer + 1) / (len(rhythm.gaps) + 1)
    beyond = rhythm.longest_gap / silent
    return float(beyond**TAIL / (len(rhythm.gaps) + 1))
