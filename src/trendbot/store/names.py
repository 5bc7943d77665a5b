"""Daily counts of what may be new names, kept as entries come in, and the names that were put forward.

Every entry is read once (`NameReading.last_entry_id` is the mark), counts are added to, and what is older than the
baseline is forgotten: no run reads the past again.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from trendbot.core.names.choosing import BASELINE_DAYS, WINDOW_DAYS, Candidate, Choice
from trendbot.core.names.finding import Found, is_word
from trendbot.store.schema import Entry, Name, NameDay, NameReading, NameSuggestion, RejectedName

REACH = WINDOW_DAYS + BASELINE_DAYS
PART = 900
"""Keys asked for in one query."""
MOST_FEEDS, MOST_FORMS = 12, 8
"""Feeds of a day and spellings of a name that are kept: enough to tell few from many."""


LOOKED_AT = 50
"""Entries among which an example is sought."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """An entry as it is read for names."""

    id: int
    day: date
    feed: int
    title: str
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NamesOf:
    """What an entry adds to the counts: its names, and its words without a capital."""

    id: int
    day: date
    feed: int
    names: tuple[Found, ...] = ()
    lower: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """Entries read in the window that ends on a day, and in the baseline before it."""

    window: int
    baseline: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggested:
    """A name that was put forward on `day`: mentioned in so many entries of so many feeds in three days."""

    key: str
    text: str
    day: date
    entries: int
    feeds: int
    score: float


def texts_to_read(session: Session, *, since: datetime, limit: int) -> list[Text]:
    """Give up to `limit` entries that were not read for names yet, in order of their ids; none dated before `since`."""
    mark = session.scalar(select(func.max(NameReading.last_entry_id))) or 0
    query = (
        select(Entry.id, Entry.dated_at, Entry.feed_id, Entry.title, Entry.summary, func.substr(Entry.content, 1, 2000))
        .where(Entry.id > mark, Entry.dated_at >= since)
        .order_by(Entry.id)
        .limit(limit)
    )
    return [
        Text(id=number, day=dated.date(), feed=feed, title=title, body=summary or content)
        for number, dated, feed, title, summary, content in session.execute(query)
    ]


def add_names(session: Session, entries: Sequence[NamesOf]) -> None:
    """Add what entries say to the counts, and move the mark beyond them."""
    days: dict[tuple[str, date], list[NamesOf]] = defaultdict(list)
    strong: Counter[tuple[str, date]] = Counter()
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        for found in entry.names:
            days[found.key, entry.day].append(entry)
            strong[found.key, entry.day] += not found.weak
            forms[found.key][found.text] += 1
    _add_days(session, days, strong)
    _add_forms(session, forms, days)
    _add_lower(session, Counter(word for entry in entries for word in entry.lower))
    _add_readings(session, entries)


def _parts(keys: Iterable[str]) -> Iterator[list[str]]:
    every = sorted(set(keys))
    return (every[start : start + PART] for start in range(0, len(every), PART))


def _add_days(session: Session, days: dict[tuple[str, date], list[NamesOf]], strong: Counter[tuple[str, date]]) -> None:
    known: dict[tuple[str, date], NameDay] = {}
    dates = {day for _, day in days}
    for part in _parts(key for key, _ in days):
        query = select(NameDay).where(NameDay.key.in_(part), NameDay.day.in_(dates))
        known |= {(row.key, row.day): row for row in session.scalars(query)}
    new = []
    for (key, day), entries in days.items():
        feeds = list(dict.fromkeys(entry.feed for entry in entries))
        row = known.get((key, day))
        if row is None:
            counts = {"entries": len(entries), "strong": strong[key, day], "feeds": feeds[:MOST_FEEDS]}
            new.append({"key": key, "day": day, **counts})
        else:
            row.entries, row.strong = row.entries + len(entries), row.strong + strong[key, day]
            row.feeds = list(dict.fromkeys([*row.feeds, *feeds]))[:MOST_FEEDS]
    _insert(session, NameDay, new)


def _add_forms(session: Session, forms: dict[str, Counter[str]], days: dict[tuple[str, date], list[NamesOf]]) -> None:
    last: dict[str, date] = {}
    for key, day in days:
        last[key] = max(day, last.get(key, day))
    known: dict[str, Name] = {}
    for part in _parts(forms):
        known |= {row.key: row for row in session.scalars(select(Name).where(Name.key.in_(part)))}
    new = []
    for key, counted in forms.items():
        row = known.get(key)
        if row is None:
            counts = {"forms": _most(counted), "entries": counted.total(), "lower": 0}
            new.append({"key": key, "last_day": last[key], **counts})
        else:
            row.forms, row.entries = _most(counted + Counter(row.forms)), row.entries + counted.total()
            row.last_day = max(row.last_day, last[key])
    _insert(session, Name, new)


def _most(forms: Counter[str]) -> dict[str, int]:
    ranked = sorted(forms.items(), key=lambda form: (-form[1], form[0]))
    return dict(ranked[:MOST_FORMS])


def _add_lower(session: Session, words: Counter[str]) -> None:
    session.flush()
    for part in _parts(words):
        for row in session.scalars(select(Name).where(Name.key.in_(part))):
            row.lower += words[row.key]


def _add_readings(session: Session, entries: Sequence[NamesOf]) -> None:
    session.flush()
    counted = Counter(entry.day for entry in entries)
    last = max((entry.id for entry in entries), default=0)
    for day, count in counted.items():
        row = session.get(NameReading, day)
        if row is None:
            session.add(NameReading(day=day, entries=count, last_entry_id=last))
        else:
            row.entries, row.last_entry_id = row.entries + count, max(row.last_entry_id, last)
    session.flush()


def _insert(session: Session, table: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def candidates(session: Session, day: date, *, least: int) -> list[Candidate]:
    """Give the names mentioned in at least `least` entries in the three days that end on `day`."""
    since = day - timedelta(days=WINDOW_DAYS - 1)
    in_window = (
        select(NameDay.key).where(NameDay.day.between(since, day)).group_by(NameDay.key)
        .having(func.sum(NameDay.entries) >= least, func.sum(NameDay.strong) >= 1)
    )  # fmt: skip
    keys = list(session.scalars(in_window))
    names: dict[str, Name] = {}
    days: dict[str, list[NameDay]] = defaultdict(list)
    for part in _parts(keys):
        names |= {row.key: row for row in session.scalars(select(Name).where(Name.key.in_(part)))}
        reach = NameDay.day.between(day - timedelta(days=REACH - 1), day)
        for row in session.scalars(select(NameDay).where(NameDay.key.in_(part), reach)):
            days[row.key].append(row)
    return [_candidate(names[key], days[key], since) for key in keys if key in names]


def _candidate(name: Name, days: Sequence[NameDay], since: date) -> Candidate:
    window = [row for row in days if row.day >= since]
    entries = sum(row.entries for row in window)
    return Candidate(
        key=name.key,
        forms=tuple(name.forms.items()),
        entries=entries,
        feeds=len({feed for row in window for feed in row.feeds}),
        strong=sum(row.strong for row in window),
        baseline=sum(row.entries for row in days if row.day < since),
        earlier=max(0, name.entries - entries),
        lower=name.lower if is_word(next(iter(name.forms), "")) else 0,
    )


def exposure(session: Session, day: date) -> Exposure:
    """Count the entries read of the three days that end on `day`, and of the sixty before."""
    since = day - timedelta(days=WINDOW_DAYS - 1)
    window = session.scalar(_read().where(NameReading.day.between(since, day)))
    past = NameReading.day.between(day - timedelta(days=REACH - 1), since - timedelta(days=1))
    return Exposure(window=window or 0, baseline=session.scalar(_read().where(past)) or 0)


def _read() -> Any:
    return select(func.sum(NameReading.entries))


def settled_keys(session: Session) -> frozenset[str]:
    """Give the keys of names that were put forward or rejected before."""
    return frozenset(session.scalars(select(NameSuggestion.key).union(select(RejectedName.key))))


def keep_suggestions(session: Session, choices: Iterable[Choice], day: date) -> None:
    """Remember that names were put forward."""
    rows = [
        {
            "key": choice.candidate.key,
            "text": choice.candidate.text,
            "day": day,
            "entries": choice.candidate.entries,
            "feeds": choice.candidate.feeds,
            "score": round(choice.score, 3),
        }
        for choice in choices
    ]
    _insert(session, NameSuggestion, rows)


def suggestions(session: Session, *, since: date) -> list[Suggested]:
    """Give the names put forward since a day, newest day first, best first; decided ones too."""
    query = select(NameSuggestion).where(NameSuggestion.day >= since)
    rows = session.scalars(query.order_by(NameSuggestion.day.desc(), NameSuggestion.score.desc(), NameSuggestion.key))
    return [Suggested(key=r.key, text=r.text, day=r.day, entries=r.entries, feeds=r.feeds, score=r.score) for r in rows]


def rejected_keys(session: Session) -> frozenset[str]:
    """Give the keys of the names that a person rejected."""
    return frozenset(session.scalars(select(RejectedName.key)))


def forget_names(session: Session, day: date) -> None:
    """Forget what is beyond the baseline of `day`, and headlines' capitals that nothing confirmed in the window."""
    oldest = day - timedelta(days=REACH)
    session.execute(delete(NameDay).where(NameDay.day < oldest))
    confirmed = day - timedelta(days=WINDOW_DAYS)
    session.execute(delete(NameDay).where(NameDay.day < confirmed, NameDay.strong == 0))
    session.execute(delete(Name).where(Name.last_day < oldest))
    # The newest mark stays, however old: it is how far reading has come.
    mark = session.scalar(select(func.max(NameReading.last_entry_id))) or 0
    session.execute(delete(NameReading).where(NameReading.day < oldest, NameReading.last_entry_id < mark))


def example_of(session: Session, text: str, *, since: datetime) -> tuple[int, str] | None:
    """Give id and title of the newest entry since an instant that has the name as it is written; None where none."""
    whole = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    found = Entry.title.contains(text, autoescape=True) | Entry.summary.contains(text, autoescape=True)
    query = select(Entry.id, Entry.title, Entry.summary).where(Entry.dated_at >= since, found)
    in_title = Entry.title.contains(text, autoescape=True).desc()
    rows = session.execute(query.order_by(in_title, Entry.dated_at.desc(), Entry.feed_id, Entry.guid).limit(LOOKED_AT))
    return next(((number, title) for number, title, body in rows if whole.search(f"{title} {body}")), None)
