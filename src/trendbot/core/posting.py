"""When a page posts: at its hour and zone, on its weekdays, once a day; and what an account's days left mean.

A digest is posted at the first instant of the rhythm after it was made, and is news until the end of that local day or
twelve hours later, whichever comes first: so two never meet on one day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from trendbot.core.hours import WEEKDAYS, local_day_start, next_at, zone
from trendbot.core.vocabulary import Cadence

NEWS = timedelta(hours=12)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
WARN_DAYS = (14, 7, 3, 1)
"""So many days before an account's consent ends its operator is told."""
QUIET = "a quiet day, which the page leaves out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """A page's hour in its zone, its weekdays, and whether it also posts on a quiet day."""

    hour: int = 8
    timezone: str = "UTC"
    weekdays: tuple[str, ...] = WEEKDAYS
    quiet_days: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """When a post goes, and until when it is news."""

    at: datetime
    until: datetime


def slot_after(rhythm: Rhythm, made: datetime) -> Slot:
    """Return the first slot of a rhythm at or after an instant.

    Raises:
        ValueError: the rhythm has no weekday, or names no hour or zone.

    """
    at = made - _INSTANT
    for _ in range(8):
        at = next_at(cadence=Cadence.DAILY, hour=rhythm.hour, weekday="mon", timezone=rhythm.timezone, after=at)
        if WEEKDAYS[at.astimezone(zone(rhythm.timezone)).weekday()] in rhythm.weekdays:
            return Slot(at=at, until=min(at + NEWS, _day_end(rhythm, at)))
    raise ValueError(f"no weekday to post on in {rhythm.weekdays}")


def latest_slot(rhythm: Rhythm, now: datetime) -> Slot | None:
    """Return the newest slot whose time is over, or None where there was none in the last week."""
    found = None
    at = now - 8 * _DAY
    while True:
        slot = slot_after(rhythm, at)
        if slot.until > now:
            return found
        found, at = slot, slot.at + _INSTANT * 2


def next_day_slot(rhythm: Rhythm, now: datetime) -> Slot:
    """Return the first slot after the local day of `now`."""
    return slot_after(rhythm, _day_end(rhythm, now))


def days_left(expires_at: datetime, now: datetime) -> int:
    """Return the whole days until an instant; negative where it is past."""
    return int((expires_at - now).total_seconds() // _DAY.total_seconds())


def warning_due(expires_at: datetime, now: datetime) -> int | None:
    """Return the warning that holds (14, 7, 3 or 1 days, 0 where it is over), or None where there is time."""
    if expires_at <= now:
        return 0
    held = [days for days in WARN_DAYS if expires_at - now <= days * _DAY]
    return min(held, default=None)


def _day_end(rhythm: Rhythm, at: datetime) -> datetime:
    return local_day_start(local_day_start(at, timezone=rhythm.timezone) + 1.5 * _DAY, timezone=rhythm.timezone)
