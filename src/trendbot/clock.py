"""The only reader of the real time.

Everything else takes `now` as an argument, or a `Clock` where the time passes while it works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    return _Frozen(at=at.astimezone(UTC))


def stands_still(clock: Clock) -> bool:
    """Say whether a clock was stopped: then nothing that is not due now ever will be."""
    return isinstance(clock, _Frozen)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frozen:
    at: datetime

    def __call__(self) -> datetime:
        return self.at
