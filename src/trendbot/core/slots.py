"""The slots of a scheduled job: which local nominal time a moment stands for, and whether it is too late for it.

A slot is named by its **local** time (``2026-10-25T02``), so that an hour that a clock change repeats is one slot, and
one that it skips comes right after the gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from trendbot.core.hours import local_slot, next_at
from trendbot.core.vocabulary import Cadence

_BACK = timedelta(days=9)
"""In so long lies at least one slot of every cadence, also across a day that a zone skips."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """When a job is due: each day, or each `weekday`, at `hour`:00 in `timezone`; `late` is how long it makes sense."""

    cadence: Cadence
    hour: int
    timezone: str
    late: timedelta
    weekday: str = "mon"

    def after(self, moment: datetime) -> datetime:
        """Return the first instant after `moment` at which the job is due, in UTC."""
        return next_at(cadence=self.cadence, hour=self.hour, weekday=self.weekday, timezone=self.timezone, after=moment)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueSlot:
    """A slot: its name, when it began (UTC), and whether its window is over."""

    name: str
    at: datetime
    over: bool


def latest_slot(timetable: Timetable, now: datetime) -> DueSlot:
    """Return the last slot that began at or before `now`: never one of the future, whatever rang the bell."""
    return slots_since(timetable, now - _BACK, now)[-1]


def slots_since(timetable: Timetable, since: datetime, now: datetime) -> tuple[DueSlot, ...]:
    """Return the slots that began after `since`, up to `now`, in order; of the last nine days at most."""
    found, at = [], timetable.after(max(since, now - _BACK))
    while at <= now:
        name = local_slot(at, timezone=timetable.timezone)
        found.append(DueSlot(name=name, at=at, over=now - at > timetable.late))
        at = timetable.after(at)
    return tuple(found)
