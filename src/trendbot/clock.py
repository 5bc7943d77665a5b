"""The only reader of the real time.

Everything else takes `now` as an argument, or a `Clock` where the time passes while it works.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present instant, aware, in UTC."""


def system_clock() -> datetime:
    """Return the real time in UTC."""
    return datetime.now(UTC)


def frozen_clock(at: datetime) -> Clock:
    """Return a clock that stands still at `at` (aware).

    Raises:
        ValueError: `at` carries no time zone.

    """
    if at.tzinfo is None:
        raise ValueError(f"a clock needs an aware instant, got {at.isoformat()}")
    stopped = at.astimezone(UTC)
    return lambda: stopped
