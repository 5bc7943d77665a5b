"""What subscribers are to get now: their digests, then the alerts, so that neither tells what the other did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from trendbot.core.slots import Timetable
from trendbot.core.vocabulary import Cadence
from trendbot.logs import get_logger
from trendbot.pipeline.alerts import alert
from trendbot.pipeline.fan_out import fan_out
from trendbot.render.environment import Renderer
from trendbot.store.database import Database

log = get_logger(__name__)


def to_subscribers(
    database: Database, renderer: Renderer, timetables: Mapping[Cadence, Timetable], *, now: datetime
) -> tuple[str, ...]:
    """Enqueue the digests and alerts that are due at `now`; return what went wrong."""
    fanned = fan_out(database, renderer, timetables, now=now)
    try:
        alert(database, now=now)
    except Exception as error:
        log.exception("alerts_failed")
        return (*fanned.problems, f"no alerts: {error}")
    return fanned.problems
