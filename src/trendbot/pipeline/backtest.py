"""Backtest: read every day of what is stored as it would have been read then, and compare with events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from trendbot.core.text import fold
from trendbot.core.trends import REACH, TermCounts
from trendbot.core.trends.backtest import Backtest, Event, backtest, covered, scored, threshold_for
from trendbot.pipeline.judge_trends import RATES, read_days
from trendbot.store import series
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
    exposure = database.read(series.list_exposure, since=since - timedelta(days=REACH), until=until)
    terms = {term.name: term for term in database.read(_terms, since=since, until=until)}
    known = {fold(name): name for name in terms}
    events = [Event(term=known.get(fold(event.term), event.term), day=event.day) for event in events]
    days = sorted({day for day, _ in exposure if since <= day <= until})
    tests = database.read(series.count_terms)
    counts = {name: term.counts for name, term in terms.items()}
    lately = {name: term.lately for name, term in terms.items()}
    readings = read_days(counts, lately, exposure, days, tests=tests)
    read = [day for day in days if day in readings]
    named = {name: {day for day, _ in term.counts} for name, term in terms.items()}
    shown = covered(events, read, named)
    alarms = scored(readings, read)
    rising = [
        (number, one.name, one.score)
        for number, day in enumerate(read)
        for one in readings[day]
        if one.direction == "rising"
    ]
    return HistoryJudged(
        since=read[0] if read else None,
        until=read[-1] if read else None,
        days=len(read),
        events=len(events),
        covered=len(shown),
        at={rate: backtest(alarms, read, shown, threshold=threshold_for(alarms, len(read), rate)) for rate in RATES},
        listed=backtest(rising, read, shown, threshold=0.0),
    )


def _terms(session: Session, *, since: date, until: date) -> tuple[TermCounts, ...]:
    return series.list_terms(session, since=since, until=until)
