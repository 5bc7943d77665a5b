"""Machines that serve from one PostgreSQL, for tests: their parts, and one that stands still with a digest in hand."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trendbot.bootstrap import Access, App, open_app
from trendbot.clock import Clock, frozen_clock
from trendbot.core.slots import Timetable
from trendbot.core.vocabulary import Cadence
from trendbot.scheduler import Bells, Plan
from trendbot.settings import load_settings
from trendbot.ticks import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 0.6
"""Seconds after which one that stands still loses what it holds."""


def table(hour: int) -> Timetable:
    """Return the timetable of a daily digest by UTC."""
    return Timetable(cadence=Cadence.DAILY, hour=hour, timezone="UTC", late=timedelta(hours=12), weekday="sun")


@contextlib.contextmanager
def node(home: Path, url: str, clock: Clock) -> Iterator[App]:
    """Open a machine's home over the database they share."""
    settings = load_settings(options={"home": home, "database_url": url}, environment={})
    with open_app(settings, clock, access=Access.MIGRATE, doing="serve") as app:
        yield app


def bells(app: App) -> Bells:
    """Return a machine's bells: a daily digest at 18:00, the night's work at 3:00."""
    plan = Plan(digests=(table(18),), night=table(3), backups=0)
    return Bells(app, plan, Watch(alone=False), patience=PATIENCE)


@dataclass(frozen=True)
class StandingStill:
    """A clock that stops whoever makes a digest: it says that it has one in hand, and waits to go on."""

    now: datetime
    in_hand: Any
    go: Any

    def __call__(self) -> datetime:
        """Return the instant, at once in the main thread alone."""
        if threading.current_thread() is not threading.main_thread():
            self.in_hand.set()
            self.go.wait()
        return self.now


def ring_and_stand_still(home: Path, url: str, now: datetime, in_hand: Any, go: Any) -> None:
    """Ring once as a process of its own, and stop with the digest in hand until `go`."""
    with node(home, url, frozen_clock(now)) as app:
        there = bells(app)
        object.__setattr__(there.app, "clock", StandingStill(now, in_hand, go))
        asyncio.run(there.look())
