"""Backtest: read every day of what is stored as it would have been read then, and compare with events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from trendbot.core.text import fold
from trendbot.core.trends import REACH
from trendbot.core.trends.backtest import Backtest, Event, backtest, covered, scored, threshold_for
from trendbot.pipeline.judge_trends import RATES
from trendbot.pipeline.reread import History, listed, reread
from trendbot.store import counts
from trendbot.store.database import Database, Session


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryJudged:
    """Figures over the stored days, at equal rates of alarm and as shipped; `events` of which `covered` are in it."""

    since: date | None
    until: date | None
    days: int
    events: int
    covered: int
    at: dict[float, Backtest]
    listed: Backtest


def backtest_history(database: Database, events: Sequence[Event], *, since: date, until: date) -> HistoryJudged:
    """Read every stored day in the period from the counts before it and compare the rises with the events.

    Events name their term as the themes file does, in any spelling of capitals.
    """
    history = database.read(_history, since=since, until=until)
    known = {fold(name): name for name in history.counts}
    events = [Event(term=known.get(fold(event.term), event.term), day=event.day) for event in events]
    readings = reread(history, sorted({day for day, _ in history.exposure if since <= day <= until}))
    read = sorted(readings)
    named = {name: {day for day, _ in by_day} for name, by_day in history.counts.items()}
    shown = covered(events, read, named)
    alarms = scored(readings, read)
    return HistoryJudged(
        since=read[0] if read else None,
        until=read[-1] if read else None,
        days=len(read),
        events=len(events),
        covered=len(shown),
        at={rate: backtest(alarms, read, shown, threshold=threshold_for(alarms, len(read), rate)) for rate in RATES},
        listed=backtest(listed(readings, read), read, shown, threshold=0.0),
    )


def _history(session: Session, *, since: date, until: date) -> History:
    earliest = since - timedelta(days=REACH)
    terms = counts.list_terms(session, since=since, until=until)
    pasts = counts.list_pasts(session, since=earliest, before=until + timedelta(days=1))
    return History(
        counts={term.name: term.counts for term in terms},
        voices={term.name: term.lately for term in terms},
        exposure=counts.list_exposure(session, since=earliest, until=until),
        by_feed=counts.list_feed_exposure(session, since=earliest, until=until),
        kinds={feed: past.kind for feed, past in pasts.items()},
        followed=counts.count_terms(session),
    )
