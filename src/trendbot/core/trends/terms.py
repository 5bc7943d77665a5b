"""Which terms are rising on a day, by their surprise on the day (or the last two, where little is published).

What may be listed is bounded by what chance would list: among names known before at most `LISTED_KNOWN` a day, among
names never given before at most `LISTED_FIRST`, each summed over all that are followed, also those that nobody named.
So a first mention is news where first mentions are rare, and none where new names come by the dozen. One that a
single publisher made is called new, never a rise.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median

from trendbot.core.trends.discovery import ByChance, shadowed
from trendbot.core.trends.readings import LEAST_DAYS, Direction, TrendReading
from trendbot.core.trends.shares import BASELINE, Counts, FeedDay
from trendbot.core.trends.surprise import HALF_LIFE, Past, Usual, first_named, usual
from trendbot.core.trends.voices import FeedPast, by_kind, speaking

KindDays = Mapping[tuple[date, str], float]
"""Reports by day and kind of feed."""
Voice = tuple[date, int, str]
"""A day, a feed and the publisher whose page it gave."""

LISTED_KNOWN = 0.3
"""False rises a day among names known before, expected by chance over all of them."""
LISTED_FIRST = 0.5
"""The same among names that nobody gave before."""
REPORTS, PUBLISHERS = 2, 2
"""What a name known before needs to be listed."""
MOST_OF_A_FEED = 3.0
"""Reports of a term that a publisher can make on one day through one feed."""
NEW_BELOW = 0.5
QUIET = 30.0
"""Reports of a day below which a term is read over two days."""
REACH = 280
"""Days of the past that still matter: five half-lives."""
FIRSTS_OVER = 28
"""Days with news over which first mentions are counted."""
_FIRSTS_USUAL, _FIRSTS_TIMES = 3, 5


@dataclass(frozen=True, kw_only=True, slots=True)
class TermCounts:
    """A term: its reports by day and kind of feed, and lately also by voice."""

    series_id: int
    name: str
    counts: KindDays
    lately: Mapping[Voice, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class TermRecord:
    """What terms are read from.

    `terms` are those named within `REACH`, also if not today, of `followed` in all; `exposure` are all reports, as long
    as that by day and kind, and `by_feed` for the last weeks by feed and day. `feeds` are told by their past before
    the window that is read.
    """

    terms: Sequence[TermCounts]
    followed: int
    exposure: KindDays
    by_feed: Counts
    feeds: Mapping[int, FeedPast]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Day:
    """The window that is read: who speaks in it, what they published, and how the days before fade."""

    first: date
    last: date
    spoken: Mapping[FeedDay, tuple[str, float]]
    published: Mapping[str, float]
    fading: Mapping[date, float]
    known: Mapping[str, float]
    usual: float

    @property
    def width(self) -> int:
        return (self.last - self.first).days + 1

    def past(self, term: TermCounts) -> Past:
        return Past(reports=_faded(term.counts, self.fading), exposure=self.known, usual=self.usual)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    term: TermCounts
    reports: float
    publishers: int
    known: float
    usual: Usual


def window_of(exposure: KindDays, as_of: date) -> int:
    """Return over how many days terms are read: one, or two where a day has little (a short list, a morning)."""
    totals = _totals(exposure)
    before = [count for day, count in totals.items() if as_of - timedelta(BASELINE) <= day < as_of]
    least = max(QUIET, median(before) / 2) if before else QUIET
    return 1 if totals.get(as_of, 0.0) >= least else 2


def read_terms(record: TermRecord, *, as_of: date, lately: Iterable[int] = ()) -> tuple[TrendReading, ...]:
    """Return a reading of each term named in the window, the most surprising first.

    `lately` are the series that rose within the last five days.
    """
    day = _day(record, as_of)
    if len(day.fading) < LEAST_DAYS:
        return ()
    pasts = {term.series_id: day.past(term) for term in record.terms}
    heard = {number: usual(day.published, past) for number, past in pasts.items() if past.all_reports > 0}
    unheard = max(1, record.followed - len(heard))
    first = first_named(_firsts(record, day) * day.width, unheard)
    named = []
    for term in record.terms:
        reports = _reports(term, day)
        if reports:
            known, what = pasts[term.series_id].all_reports, heard.get(term.series_id, first)
            named.append(
                _Named(term=term, reports=sum(reports.values()), publishers=len(reports), known=known, usual=what)
            )
    by_chance = (
        ByChance(((one, 1) for one in heard.values()), least=REPORTS),
        ByChance([(first, unheard)], least=1),
    )
    return _listed([(one, _reading(one, day)) for one in named], by_chance, day.width, frozenset(lately))


def _day(record: TermRecord, as_of: date) -> _Day:
    days = sorted({day for day, _ in record.exposure if day <= as_of})
    first = as_of - timedelta(days=window_of(record.exposure, as_of) - 1)
    before = [day for day in days if day < first]
    fading = {day: 2.0 ** (-(len(before) - place) / HALF_LIFE) for place, day in enumerate(before)}
    spoken = speaking(record.by_feed, record.feeds, since=first, until=as_of)
    totals = _totals(record.exposure)
    return _Day(
        first=first,
        last=as_of,
        spoken=spoken,
        published=by_kind(spoken),
        fading=fading,
        known=_faded(record.exposure, fading),
        usual=median(totals[day] for day in before) * ((as_of - first).days + 1) if before else 0.0,
    )


def _reports(term: TermCounts, day: _Day) -> dict[str, float]:
    """Count a term's reports in the window by publisher, of feeds that may speak; none makes many on one day."""
    found: dict[str, float] = defaultdict(float)
    for (at, feed, publisher), count in term.lately.items():
        if (feed, at) in day.spoken:
            found[publisher] += min(count, MOST_OF_A_FEED)
    return found


def _firsts(record: TermRecord, day: _Day) -> float:
    """Return how many names a day were given for the first time lately; a day of very many counts for fewer."""
    days = sorted(day.fading)[-FIRSTS_OVER:]
    firsts = Counter(min(at for at, _ in term.counts) for term in record.terms if term.counts)
    counts = [firsts[at] for at in days]
    most = max(_FIRSTS_USUAL, _FIRSTS_TIMES * median(counts))
    return (sum(min(count, most) for count in counts) + 0.5) / (len(days) + 1)


def _reading(one: _Named, day: _Day) -> TrendReading:
    score = one.usual.surprise(one.reports)
    relative = math.sqrt(1 / (one.reports + 0.5) + 1 / (one.known + 0.6))
    ratio = one.reports / max(one.usual.mean, 1e-9)
    return TrendReading(
        series_id=one.term.series_id,
        name=one.term.name,
        kind="term",
        slug=None,
        as_of=day.last,
        window_days=day.width,
        method="gamma-poisson" if one.known else "first-named",
        direction="flat",
        current=one.reports,
        baseline=one.usual.mean,
        low=ratio * math.exp(-1.96 * relative),
        high=ratio * math.exp(1.96 * relative),
        score=score,
        p=10.0**-score,
        feeds=one.publishers,
        new=one.known < NEW_BELOW,
        facts={"known": one.known, "exposure": sum(day.published.values())},
    )


def _listed(
    named: Sequence[tuple[_Named, TrendReading]],
    by_chance: tuple[ByChance, ByChance],
    width: int,
    lately: frozenset[int],
) -> tuple[TrendReading, ...]:
    """Give each reading its direction: what may be listed is decided over all terms together.

    Chance is counted by day: a window of two days shows each false rise twice.
    """
    directions = {reading.series_id: _direction(one, reading, by_chance, width) for one, reading in named}
    hidden = shadowed(
        {reading.name: reading.current for _, reading in named if directions[reading.series_id] != "flat"}
    )
    judged, rank = [], 0
    for reading in sorted((reading for _, reading in named), key=lambda one: (-one.score, one.series_id)):
        direction = "flat" if reading.name in hidden else directions[reading.series_id]
        rank += direction != "flat"
        share = min(1.0, sum(expected(reading.score) for expected in by_chance) / width / max(1, rank))
        still = direction == "rising" and reading.series_id in lately
        judged.append(replace(reading, q=share, direction=direction, still=still))
    return tuple(judged)


def _direction(one: _Named, reading: TrendReading, by_chance: tuple[ByChance, ByChance], width: int) -> Direction:
    known, first = by_chance
    several = one.reports >= REPORTS and one.publishers >= PUBLISHERS
    if one.known:
        return "rising" if several and known(reading.score) / width <= LISTED_KNOWN else "flat"
    if first(reading.score) / width > LISTED_FIRST:
        return "flat"
    return "rising" if several else "new"


# -- sums --------------------------------------------------------------------------------------------------------------


def _totals(counts: KindDays) -> dict[date, float]:
    found: dict[date, float] = defaultdict(float)
    for (day, _), count in counts.items():
        found[day] += count
    return found


def _faded(counts: KindDays, fading: Mapping[date, float]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for (day, kind), count in counts.items():
        if day in fading:
            found[kind] += fading[day] * count
    return found
