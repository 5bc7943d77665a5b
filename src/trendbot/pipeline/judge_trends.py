"""Judge trends: count terms over dated items in memory, read every day, and compare with events of public record."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from trendbot.classify.matcher import Matcher
from trendbot.core.text import normal_title, words
from trendbot.core.themes import ThemeSet
from trendbot.core.trends import Voice
from trendbot.core.trends.backtest import Backtest, Event, backtest, covered, scored, threshold_for
from trendbot.errors import ConfigError
from trendbot.pipeline.reread import History, listed, reread

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
    """What was counted: exposure by kind and by feed, and each term's reports by day and kind, and by voice."""

    exposure: dict[tuple[date, str], float] = field(default_factory=lambda: defaultdict(float))
    by_feed: dict[tuple[int, date], float] = field(default_factory=lambda: defaultdict(float))
    counts: dict[str, dict[tuple[date, str], float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    voices: dict[str, dict[Voice, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    feeds: dict[tuple[str, str], int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def add(self, day: date, row: Mapping[str, Any], terms: Iterable[str]) -> None:
        """Count an item; of copies the first.

        The feed is the aggregator that an item came by, or the source of an item that has a feed; items that say
        nothing of a feed are taken as one list for each kind: a source heard for the first time is no new feed then.
        """
        marks = {str(row.get("url") or ""), normal_title(str(row["title"]))} - {""}
        fresh = not marks & self.seen
        self.seen |= marks
        if not fresh:
            return
        kind, source = str(row.get("kind") or "news"), str(row.get("source") or "")
        via = str(row.get("aggregator") or (source if row.get("feed_url") else ""))
        feed = self.feeds.setdefault((kind, via), len(self.feeds))
        self.exposure[day, kind] += 1
        self.by_feed[feed, day] += 1
        for term in terms:
            self.counts[term][day, kind] += 1
            self.voices[term][day, feed, source] += 1

    def history(self, followed: int) -> History:
        """Give what was counted."""
        return History(
            counts=self.counts,
            voices=self.voices,
            exposure=self.exposure,
            by_feed=self.by_feed,
            kinds={feed: kind for (kind, _), feed in self.feeds.items()},
            followed=followed,
        )


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
    for day, row in sorted(_items(lines, name), key=lambda pair: pair[0]):
        items += 1
        title, summary = str(row["title"]), str(row.get("summary") or "")[:600]
        terms = {mention.term for mention in matcher.annotate(title, summary).mentions}
        text = f" {' '.join(_split(f'{title} . {summary}'))} "
        terms |= {term for term, phrase in phrases.items() if f" {phrase} " in text}
        record.add(day.date(), row, terms)
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
    readings = reread(record.history(tests), sorted({day for day, _ in record.exposure}))
    read = sorted(readings)
    named = {term: {day for day, _ in counts} for term, counts in record.counts.items()}
    shown = covered(events, read, named)
    alarms = scored(readings, read)
    at = {rate: backtest(alarms, read, shown, threshold=threshold_for(alarms, len(read), rate)) for rate in RATES}
    return TrendsJudged(
        items=items,
        days=len(read),
        terms=len(record.counts),
        events=len(events),
        covered=len(shown),
        at=at,
        listed=backtest(listed(readings, read), read, shown, threshold=0.0),
    )
