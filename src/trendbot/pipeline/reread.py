"""Reread: go through the days of a whole history and read each as it would have been read then."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Generic, TypeVar

from trendbot.core.trends import (
    BASELINE,
    REACH,
    WINDOW,
    FeedPast,
    KindDays,
    TermCounts,
    TermRecord,
    TrendReading,
    Voice,
    read_terms,
)
from trendbot.core.trends.backtest import REPEAT_DAYS, Alarm
from trendbot.core.trends.shares import Counts

Key = TypeVar("Key")
Value = TypeVar("Value")
Readings = Mapping[date, Sequence[TrendReading]]


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """Everything that was counted: each term's reports by day and kind and by voice, all reports, and feeds' kinds."""

    counts: Mapping[str, KindDays]
    voices: Mapping[str, Mapping[Voice, float]]
    exposure: KindDays
    by_feed: Counts
    kinds: Mapping[int, str]
    followed: int


@dataclass(slots=True)
class _ByDay(Generic[Key, Value]):
    """Rows in the order of their days, so that the rows of a period are a slice."""

    days: list[date] = field(default_factory=list)
    rows: list[tuple[Key, Value]] = field(default_factory=list)

    def within(self, since: date, until: date) -> dict[Key, Value]:
        return dict(self.rows[bisect_left(self.days, since) : bisect_right(self.days, until)])


def _sorted(rows: Iterable[tuple[date, Key, Value]]) -> _ByDay[Key, Value]:
    ordered = sorted(rows, key=lambda row: row[0])
    return _ByDay(days=[day for day, _, _ in ordered], rows=[(key, value) for _, key, value in ordered])


def reread(history: History, days: Sequence[date]) -> dict[date, tuple[TrendReading, ...]]:
    """Return the readings of each day that can be read; terms are numbered in the order of their names."""
    counts = {
        name: _sorted((key[0], key, value) for key, value in history.counts[name].items())
        for name in sorted(history.counts)
    }
    voices = {name: _sorted((key[0], key, value) for key, value in history.voices[name].items()) for name in counts}
    exposure = _sorted((key[0], key, value) for key, value in history.exposure.items())
    by_feed = _sorted((key[1], key, value) for key, value in history.by_feed.items())
    firsts = _firsts(history)
    found: dict[date, tuple[TrendReading, ...]] = {}
    rose: dict[int, date] = {}
    for day in days:
        before = day - timedelta(days=1)
        record = TermRecord(
            terms=[
                TermCounts(series_id=number, name=name, counts=known, lately=voices[name].within(before, day))
                for number, (name, one) in enumerate(counts.items())
                if (known := one.within(before - timedelta(days=REACH), day))
            ],
            followed=history.followed,
            exposure=exposure.within(day - timedelta(days=REACH), day),
            by_feed=by_feed.within(day - timedelta(days=WINDOW + BASELINE - 1), day),
            feeds={feed: past for feed, past in firsts.items() if past.first < before},
        )
        lately = {number for number, last in rose.items() if (day - last).days <= REPEAT_DAYS}
        readings = read_terms(record, as_of=day, lately=lately)
        if readings:
            found[day] = readings
            rose |= {one.series_id: day for one in readings if one.direction == "rising"}
    return found


def _firsts(history: History) -> dict[int, FeedPast]:
    found: dict[int, date] = {}
    for feed, day in history.by_feed:
        found[feed] = min(day, found.get(feed, day))
    return {feed: FeedPast(kind=history.kinds[feed], first=day) for feed, day in found.items()}


def listed(readings: Readings, days: Sequence[date]) -> list[Alarm]:
    """Return what the shipped rule calls rising or new, as alarms."""
    return [
        (number, one.name, one.score)
        for number, day in enumerate(days)
        for one in readings[day]
        if one.direction in {"rising", "new"}
    ]
