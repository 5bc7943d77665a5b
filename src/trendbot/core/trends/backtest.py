"""How well rises match events of public record: hits, misses, false alarms and lead, at equal rates of alarm.

Two scores can only be compared where they raise as many alarms, so beside the shipped rule the figures are given for
the thresholds that raise three and six alarms a day. Days are days on which anything was published: a hole in the
record is nobody's miss.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trendbot.core.trends.readings import TrendReading

REPEAT_DAYS = 5
WITHIN = (0, 1, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """That something happened to a term on a day."""

    term: str
    day: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Caught:
    """An event and when it was noticed: `late` is in days with news, None where it was not within a week."""

    event: Event
    late: int | None
    score: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Backtest:
    """Figures at one threshold: shares of the events caught on the day, within one and within two days.

    `repeats` is the share of alarms for a term that had one in the five days before; `false_alarms` the share that
    stands near no event of their term.
    """

    threshold: float
    alarms_per_day: float
    caught_same_day: float
    caught_within_1: float
    caught_within_2: float
    repeats: float
    false_alarms: float
    events: tuple[Caught, ...]


Alarm = tuple[int, str, float]
"""The number of the day, the term, the score."""


def scored(readings: Mapping[date, Sequence[TrendReading]], days: Sequence[date]) -> list[Alarm]:
    """Return all that could be an alarm at some threshold: the score alone decides, also for a single report."""
    return [(number, one.name, one.score) for number, day in enumerate(days) for one in readings.get(day, ())]


def threshold_for(alarms: Sequence[Alarm], days: int, rate: float) -> float:
    """Return the score from which on there are at most `rate` alarms a day."""
    scores = sorted((score for _, _, score in alarms), reverse=True)
    allowed = int(rate * days)
    return scores[allowed] + 1e-9 if allowed < len(scores) else 0.0


def backtest(alarms: Sequence[Alarm], days: Sequence[date], events: Sequence[Event], *, threshold: float) -> Backtest:
    """Compare the alarms at or above a threshold with events; only events within the days can be caught."""
    raised = [alarm for alarm in alarms if alarm[2] >= threshold]
    by_term: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, term, score in raised:
        by_term[term].append((number, score))
    caught = tuple(_caught(event, days, by_term.get(event.term, ())) for event in events)
    shares = [_share([one.late is not None and one.late <= within for one in caught]) for within in WITHIN]
    return Backtest(
        threshold=threshold,
        alarms_per_day=len(raised) / max(1, len(days)),
        caught_same_day=shares[0],
        caught_within_1=shares[1],
        caught_within_2=shares[2],
        repeats=_share([_repeated(alarm, by_term) for alarm in raised]),
        false_alarms=_share([not _near(alarm, days, events) for alarm in raised]),
        events=caught,
    )


def covered(events: Sequence[Event], days: Sequence[date], named: Mapping[str, set[date]]) -> tuple[Event, ...]:
    """Return the events that the record can show at all: their term is named on the day or the two days after."""
    found = []
    for event in events:
        place = bisect_left(days, event.day)
        window = set(days[place : place + 3])
        if window and (days[place] - event.day).days <= 1 and named.get(event.term, set()) & window:
            found.append(event)
    return tuple(found)


def _caught(event: Event, days: Sequence[date], alarms: Sequence[tuple[int, float]]) -> Caught:
    first = bisect_left(days, event.day)
    later = [(number - first, score) for number, score in alarms if 0 <= number - first <= REPEAT_DAYS + 2]
    late, score = min(later, default=(None, None))
    return Caught(event=event, late=late, score=score)


def _repeated(alarm: Alarm, by_term: Mapping[str, Sequence[tuple[int, float]]]) -> bool:
    number, term, _ = alarm
    return any(0 < number - earlier <= REPEAT_DAYS for earlier, _ in by_term[term])


def _near(alarm: Alarm, days: Sequence[date], events: Sequence[Event]) -> bool:
    number, term, _ = alarm
    return any(
        event.term == term and -1 <= number - bisect_left(days, event.day) <= REPEAT_DAYS + 2 for event in events
    )


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
