"""Judge trends: count terms over dated items in memory, read every day, and compare with events of public record."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from trendbot.classify.matcher import Matcher
from trendbot.core.text import normal_title, words
from trendbot.core.themes import ThemeSet
from trendbot.core.trends import REACH, TermCounts, TrendReading, read_terms
from trendbot.core.trends.backtest import REPEAT_DAYS, Backtest, Event, backtest, covered, scored, threshold_for
from trendbot.errors import ConfigError

RATES = (3.0, 6.0)
"""Alarms a day at which events are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendsJudged:
    """Figures over `days` days: at equal rates of alarm, and by the shipped rule (`listed`)."""

    items: int
    days: int
    terms: int
    events: int
    covered: int
    at: Mapping[float, Backtest]
    listed: Backtest


@dataclass(slots=True)
class _Record:
    """What was counted: exposure, and each term's reports by day and kind, and by day and source."""

    exposure: dict[tuple[date, str], float] = field(default_factory=lambda: defaultdict(float))
    counts: dict[str, dict[tuple[date, str], float]] = field(default_factory=lambda: defaultdict(dict))
    lately: dict[str, dict[tuple[date, int], float]] = field(default_factory=lambda: defaultdict(dict))
    seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, day: date, kind: str, source: int, terms: Iterable[str], marks: Sequence[str]) -> None:
        """Count an item; of copies the first."""
        if not self._first("", marks):
            return
        self.exposure[day, kind] += 1
        for term in terms:
            by_kind, by_source = self.counts[term], self.lately[term]
            by_kind[day, kind] = by_kind.get((day, kind), 0.0) + 1
            by_source[day, source] = by_source.get((day, source), 0.0) + 1

    def _first(self, term: str, marks: Sequence[str]) -> bool:
        new = [(term, mark) for mark in marks if mark]
        fresh = not any(mark in self.seen for mark in new)
        self.seen.update(new)
        return fresh


def read_events(lines: Iterable[str], *, name: str) -> list[Event]:
    """Read events, one JSON object a line: term, day.

    Raises:
        ConfigError: a line is no such object.

    """
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
                found.append(Event(term=str(row["term"]), day=date.fromisoformat(str(row["day"])[:10])))
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError(f"{name} line {number} is no event with term and day: {error}") from error
    return found


def judge_trends(lines: Iterable[str], events: Sequence[Event], rules: ThemeSet, *, name: str) -> TrendsJudged:
    """Read every day of the items for rising terms and compare with the events.

    An event's term is sought as a term of the rules with the same words; where they have none, as a phrase.

    Raises:
        ConfigError: a line is no item with title and published.

    """
    matcher = Matcher(rules)
    known = {_key(term.name): term.name for term in rules.terms}
    events = [Event(term=known.get(_key(event.term), event.term), day=event.day) for event in events]
    phrases = {event.term: _key(event.term) for event in events if _key(event.term) not in known}
    record, items = _Record(), 0
    sources: dict[str, int] = {}
    for day, row in sorted(_items(lines, name), key=lambda pair: pair[0]):
        items += 1
        title, summary = str(row["title"]), str(row.get("summary") or "")[:600]
        terms = {mention.term for mention in matcher.annotate(title, summary).mentions}
        text = f" {' '.join(_split(f'{title} . {summary}'))} "
        terms |= {term for term, phrase in phrases.items() if f" {phrase} " in text}
        source = sources.setdefault(str(row.get("source") or ""), len(sources))
        marks = (str(row.get("url") or ""), normal_title(title))
        record.add(day.date(), str(row.get("kind") or "news"), source, terms, marks)
    return _judged(record, events, items, tests=len(rules.terms) + len(phrases))


def _split(text: str) -> list[str]:
    return [part for word in words(text) for part in word.split("-")]


def _key(name: str) -> str:
    return " ".join(_split(name))


def _items(lines: Iterable[str], name: str) -> Iterator[tuple[datetime, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            dated = datetime.fromisoformat(str(row["published"]))
            _ = row["title"]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{name} line {number} is no item with title and published: {error}") from error
        yield (dated if dated.tzinfo else dated.replace(tzinfo=UTC)).astimezone(UTC), row


def _judged(record: _Record, events: Sequence[Event], items: int, *, tests: int) -> TrendsJudged:
    days = sorted({day for day, _ in record.exposure})
    readings = read_days(record.counts, record.lately, record.exposure, days, tests=tests)
    read = [day for day in days if day in readings]
    named = {term: {day for day, _ in counts} for term, counts in record.counts.items()}
    shown = covered(events, read, named)
    alarms = scored(readings, read)
    at = {rate: backtest(alarms, read, shown, threshold=threshold_for(alarms, len(read), rate)) for rate in RATES}
    rising = [
        (number, one.name, one.score)
        for number, day in enumerate(read)
        for one in readings[day]
        if one.direction == "rising"
    ]
    return TrendsJudged(
        items=items,
        days=len(read),
        terms=len(record.counts),
        events=len(events),
        covered=len(shown),
        at=at,
        listed=backtest(rising, read, shown, threshold=0.0),
    )


def read_days(
    counts: Mapping[str, Mapping[tuple[date, str], float]],
    lately: Mapping[str, Mapping[tuple[date, int], float]],
    exposure: Mapping[tuple[date, str], float],
    days: Sequence[date],
    *,
    tests: int,
) -> dict[date, tuple[TrendReading, ...]]:
    """Return the readings of each day that can be read; terms are numbered in the order of their names."""
    numbers = {name: number for number, name in enumerate(sorted(counts))}
    terms = {
        name: TermCounts(series_id=number, name=name, counts=counts[name], lately=lately[name])
        for name, number in numbers.items()
    }
    named: dict[date, set[str]] = defaultdict(set)
    for name, by_source in lately.items():
        for day, _ in by_source:
            named[day].add(name)
    found: dict[date, tuple[TrendReading, ...]] = {}
    rose: dict[int, date] = {}
    for day in days:
        past = {key: count for key, count in exposure.items() if day - timedelta(days=REACH) <= key[0] <= day}
        active = named[day] | named[day - timedelta(days=1)]
        since = {number for number, last in rose.items() if (day - last).days <= REPEAT_DAYS}
        readings = read_terms([terms[name] for name in sorted(active)], past, as_of=day, tests=tests, lately=since)
        if readings:
            found[day] = readings
            rose |= {one.series_id: day for one in readings if one.direction == "rising"}
    return found
