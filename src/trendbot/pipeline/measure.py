"""measure: daily counts of every theme and term, and what they say of the day.

The counts of the reach are recomputed on each run, so corrections and late entries come out by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from trendbot.core.trends import BASELINE, WINDOW, TrendReading, read_trends
from trendbot.store import series
from trendbot.store.database import Database

REACH = WINDOW + BASELINE + 60
"""Days that are counted and remembered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasureReport:
    """What the day shows; `series` were followed. `nothing_significant` is a result too."""

    as_of: date
    series: int
    rising: tuple[TrendReading, ...]
    falling: tuple[TrendReading, ...]

    @property
    def nothing_significant(self) -> bool:
        """Say whether nothing rose or fell beyond chance."""
        return not self.rising and not self.falling


def measure(database: Database, *, now: datetime) -> MeasureReport:
    """Recount the days within reach, read every series on the day of `now` and keep the readings."""
    as_of = now.date()
    since = as_of - timedelta(days=REACH)
    followed = database.write(series.recount, since=since, until=as_of)
    counts = database.read(series.list_counts, since=since, as_of=as_of, feeds_since=as_of)
    exposure = database.read(series.list_exposure, since=since, until=as_of)
    readings = read_trends(counts, exposure, as_of=as_of)
    database.write(series.keep_readings, readings, as_of=as_of)
    return MeasureReport(
        as_of=as_of,
        series=followed,
        rising=tuple(one for one in readings if one.direction == "rising"),
        falling=tuple(one for one in readings if one.direction == "falling"),
    )
