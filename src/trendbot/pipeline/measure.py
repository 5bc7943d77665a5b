"""Measure: daily counts of every theme and term, and what they say of each day.

    days that changed ─▶ counts anew ─▶ readings of the days since the last ─▶ directions, with false alarms bounded

Counts of a day are recomputed whole when anything of that day changed (a late entry, a corrected tag, a merged story),
and readings follow for every day since the last one that was read, so a machine that slept a few days loses none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from trendbot.core.trends import BASELINE, WINDOW, TrendReading, read_fallen, read_terms, read_themes
from trendbot.core.trends.shares import Counts
from trendbot.core.trends.weeks import MUCH_NAMED
from trendbot.store import counts, series
from trendbot.store.database import Database, Session

CATCH_UP = 7
"""Days before the present one that are read where they were not yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasureReport:
    """What the day shows; `series` were followed. `nothing_significant` is a result too.

    `known`: enough days are known for any reading at all.
    """

    as_of: date
    series: int
    known: bool
    rising: tuple[TrendReading, ...]
    falling: tuple[TrendReading, ...]

    @property
    def nothing_significant(self) -> bool:
        """Say whether nothing rose or fell beyond chance."""
        return not self.rising and not self.falling


def measure(database: Database, *, now: datetime) -> MeasureReport:
    """Count what changed, read every series on the day of `now` and the days not read yet, and keep the readings."""
    as_of = now.date()
    last = database.read(series.last_measured)
    days = database.read(series.changed_days, since=last if last is not None and last <= now else None)
    followed = database.write(series.recount, days, now=now)
    readings: tuple[TrendReading, ...] = ()
    for day in _unread(database, as_of):
        readings = database.read(read_day, as_of=day)
        database.write(series.keep_readings, readings, as_of=day)
    return MeasureReport(
        as_of=as_of,
        series=followed,
        known=bool(readings),
        rising=tuple(one for one in readings if one.direction == "rising"),
        falling=tuple(one for one in readings if one.direction == "falling"),
    )


def _unread(database: Database, as_of: date) -> Sequence[date]:
    last = database.read(series.last_read, before=as_of)
    earliest = as_of - timedelta(days=CATCH_UP)
    first = max(last + timedelta(days=1), earliest) if last else earliest
    # The day before is read again: when it was read first it had not ended.
    first = min(first, as_of - timedelta(days=1))
    return [first + timedelta(days=number) for number in range((as_of - first).days + 1)]


def read_day(session: Session, *, as_of: date) -> tuple[TrendReading, ...]:
    """Return the readings of a day from the counts that are stored, with the stories behind each rise."""
    lately = series.rose_lately(session, as_of=as_of)
    start = as_of - timedelta(days=WINDOW + BASELINE - 1)
    by_feed = counts.list_feed_exposure(session, since=start, until=as_of)
    found = _terms(session, as_of, start, by_feed, lately)
    themes = counts.list_themes(session, since=start, until=as_of)
    found += read_themes(themes, by_feed, as_of=as_of, lately=lately)
    return tuple(
        replace(one, stories=series.stories_behind(session, one)) if one.direction != "flat" else one for one in found
    )


def _terms(
    session: Session, as_of: date, start: date, by_feed: Counts, lately: frozenset[int]
) -> tuple[TrendReading, ...]:
    """Read each term's day; a term whose week fell has that reading instead, unless it rises again today."""
    today = read_terms(counts.term_record(session, as_of=as_of, by_feed=by_feed), as_of=as_of, lately=lately)
    weeks = counts.list_weeks(session, since=start, until=as_of, least=MUCH_NAMED)
    rising = {one.series_id for one in today if one.direction == "rising"}
    fallen = [one for one in read_fallen(weeks, by_feed, as_of=as_of) if one.series_id not in rising]
    instead = {one.series_id for one in fallen}
    return (*(one for one in today if one.series_id not in instead), *fallen)
