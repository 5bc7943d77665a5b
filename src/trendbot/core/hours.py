"""A subscriber's hours: when the next digest is due, and when nothing may be sent.

The slot of a personal digest is its **local** nominal time ("08:00 in Berlin on the 25th"), never an interval: where a
clock change skips the hour, the digest comes right after the gap; where it repeats the hour, once, the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trendbot.core.vocabulary import Cadence

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = range(24)
_DAY = timedelta(days=1)
_LOOK_AHEAD = 10
"""Days in which the next slot surely lies: a week, a day skipped by a zone, and the day before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quiet:
    """Local hours in which nothing is sent: from `start`:00 until `end`:00, over midnight where `end` is smaller."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse hours that no clock shows, and a span of nothing.

        Raises:
            ValueError: an hour is outside 0 to 23, or both are the same.

        """
        if self.start not in HOURS or self.end not in HOURS or self.start == self.end:
            raise ValueError(f"quiet hours go from one full hour to another, got {self.start} to {self.end}")

    def covers(self, hour: int) -> bool:
        """Say whether the local hour is quiet."""
        if self.start < self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name; `ZoneInfo` itself refuses paths that lead out of its folder.

    Raises:
        ValueError: there is no such zone.

    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no such time zone: {name!r}") from error


def next_at(
    *, cadence: Cadence, hour: int, weekday: str, timezone: str, after: datetime, quiet: Quiet | None = None
) -> datetime:
    """Return the first instant after `after` at which a digest is due, in UTC.

    `weekday` counts for weekly digests only. An hour that lies in the quiet hours waits for their end.

    Raises:
        ValueError: the zone, the hour or the weekday is none.

    """
    if hour not in HOURS or weekday not in WEEKDAYS:
        raise ValueError(f"no such hour or weekday: {hour}, {weekday!r}")
    there = zone(timezone)
    first = after.astimezone(there).date() - _DAY
    for step in range(_LOOK_AHEAD):
        day = first + step * _DAY
        if cadence is Cadence.WEEKLY and WEEKDAYS[day.weekday()] != weekday:
            continue
        at = after_quiet(_instant(day, hour, there), timezone=timezone, quiet=quiet)
        if at > after:
            return at
    raise ValueError(f"no slot within {_LOOK_AHEAD} days after {after.isoformat()}")  # pragma: no cover


def local_slot(at: datetime, *, timezone: str) -> str:
    """Return the local nominal time that an instant stands for: ``2026-11-25T08``."""
    return f"{at.astimezone(zone(timezone)):%Y-%m-%dT%H}"


def is_quiet(at: datetime, *, timezone: str, quiet: Quiet | None) -> bool:
    """Say whether nothing may be sent at this instant."""
    return quiet is not None and quiet.covers(at.astimezone(zone(timezone)).hour)


def after_quiet(at: datetime, *, timezone: str, quiet: Quiet | None) -> datetime:
    """Return `at`, or the end of the quiet hours that it lies in, in UTC."""
    there = zone(timezone)
    local = at.astimezone(there)
    if quiet is None or not quiet.covers(local.hour):
        return at.astimezone(UTC)
    over_midnight = quiet.end <= quiet.start and local.hour >= quiet.start
    return _instant(local.date() + (_DAY if over_midnight else timedelta()), quiet.end, there)


def local_day_start(at: datetime, *, timezone: str) -> datetime:
    """Return when the local day of `at` began, in UTC: what "so many a day" is counted from."""
    there = zone(timezone)
    return _instant(at.astimezone(there).date(), 0, there)


def _instant(day: date, hour: int, there: ZoneInfo) -> datetime:
    """Return a local full hour as UTC: the first of two, and the end of a gap for one that is skipped."""
    return datetime.combine(day, time(hour), tzinfo=there).astimezone(UTC)
