"""Read models for composing: what a digest is made from, gathered in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from trendbot.core.ranking import Candidate, Report
from trendbot.store.chunks import chunks
from trendbot.store.schema import Entry, Feed, Mention, Story, StoryEntry, Tag, Theme, Trend
from trendbot.store.tags import holds
from trendbot.store.trends import daily_counts, named_readings

By = Literal["seen", "dated"]
_GRACE = timedelta(days=30)
"""So much older must another feed's entry of one page be before it makes the page old: some feeds date by the month."""
_BODY = 8000
_REPORTS = 60
DAILY = 35
"""So many days of a rise are read: four weeks for its chart, and the week before them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PeriodCounts:
    """What was read for a digest: entries, the feeds they came from, and how many feeds are followed."""

    entries: int
    feeds: int
    followed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A kept reading of a trend with the name of what it measures; see the table ``trends``.

    `daily` are the reports of a rise day by day, the last on `as_of`; empty for what did not rise.
    """

    name: str
    kind: Literal["theme", "term"]
    slug: str | None
    window_days: int
    as_of: date
    direction: str
    current: float
    baseline: float
    low: float | None
    high: float | None
    score: float
    detail: dict[str, Any]
    daily: tuple[float, ...] = ()


def count_period(session: Session, *, since: datetime, until: datetime, by: By) -> PeriodCounts:
    """Count the entries of a period and the feeds they came from."""
    row = session.execute(
        select(func.count(Entry.id), func.count(func.distinct(Entry.feed_id))).where(*_period(since, until, by))
    ).one()
    followed = session.scalar(select(func.count(Feed.id)).where(Feed.enabled)) or 0
    return PeriodCounts(entries=row[0], feeds=row[1], followed=max(followed, row[1]))


def list_candidates(
    session: Session, *, since: datetime, until: datetime, by: By, oldest: datetime
) -> tuple[Candidate, ...]:
    """Return the stories with news in the period, each with its reports since `oldest` (at most 60, newest first).

    `by` tells whether news is what was first seen in the period and is no backlog, or what is dated in it. Withdrawn
    entries and entries without a title count for nothing.
    """
    fresh = (
        select(StoryEntry.story_id)
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .where(
            *_period(since, until, by),
            Entry.dated_at >= oldest,
            Entry.withdrawn_at.is_(None),
            Entry.title != "",
            ~_copies_an_old_page(oldest),
        )
        .distinct()
    )
    ids = list(session.scalars(fresh))
    return tuple(candidate for chunk in chunks(ids) for candidate in _candidates(session, chunk, oldest, until))


def _copies_an_old_page(oldest: datetime) -> ColumnElement[bool]:
    """Tell whether another feed had the entry's page long before: some feeds date all they list by the hour they ask.

    The title has to be the same, too, since some pages bear each day's news; and the same feed's older entries are no
    copies, since some feeds link everything to one page.
    """
    other = aliased(Entry)
    return exists().where(
        other.canonical_url == Entry.canonical_url,
        other.canonical_url != "",
        other.feed_id != Entry.feed_id,
        other.dated_at < oldest - _GRACE,
        func.lower(other.title) == func.lower(Entry.title),
    )


def _period(since: datetime, until: datetime, by: By) -> list[ColumnElement[bool]]:
    if by == "dated":
        said = or_(Entry.published_at.is_not(None), Entry.updated_at.is_not(None), Entry.backlog.is_(False))
        return [Entry.dated_at >= since, Entry.dated_at <= until, said]  # an old page without a date is not of today
    return [Entry.seen_at > since, Entry.seen_at <= until, Entry.backlog.is_(False)]


def _candidates(session: Session, ids: Sequence[int], oldest: datetime, until: datetime) -> list[Candidate]:
    stories = session.execute(select(Story.id, Story.title, Story.lead_entry_id).where(Story.id.in_(ids))).all()
    reports: dict[int, list[Report]] = defaultdict(list)
    rows = session.execute(_reports(ids, oldest, until)).all()
    themes = _themes(session, [row.entry_id for row in rows])
    for row in rows:
        if len(reports[row.story_id]) < _REPORTS:
            reports[row.story_id].append(_report(row, themes.get(row.entry_id, {})))
    return [
        Candidate(story_id=row.id, title=row.title, lead_entry_id=row.lead_entry_id, reports=tuple(reports[row.id]))
        for row in stories
        if reports[row.id]
    ]


def _reports(ids: Sequence[int], oldest: datetime, until: datetime) -> Select[Any]:
    return (
        select(
            StoryEntry.story_id,
            Entry.id.label("entry_id"),
            Entry.feed_id,
            Feed.title.label("source"),
            Feed.kind,
            Feed.weight,
            Feed.language.label("feed_language"),
            Entry.language,
            Entry.title,
            func.substr(Entry.summary, 1, _BODY).label("summary"),
            func.substr(Entry.content, 1, _BODY).label("content"),
            Entry.url,
            Entry.canonical_url,
            Entry.dated_at,
            Entry.seen_at,
            Entry.backlog,
            select(func.count(Mention.term_id)).where(Mention.entry_id == Entry.id).scalar_subquery().label("names"),
        )
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .join(Feed, Feed.id == Entry.feed_id)
        .where(
            StoryEntry.story_id.in_(ids),
            Entry.withdrawn_at.is_(None),
            Entry.title != "",
            Entry.dated_at >= oldest,
            Entry.seen_at <= until,
        )
        .order_by(StoryEntry.story_id, Entry.dated_at.desc(), Entry.feed_id, Entry.guid)
    )


def _report(row: Any, themes: Mapping[str, float]) -> Report:
    return Report(
        entry_id=row.entry_id,
        feed_id=row.feed_id,
        source=row.source,
        kind=row.kind,
        weight=row.weight,
        language=row.language or row.feed_language,
        title=row.title,
        body=row.summary or row.content,
        url=row.url,
        canonical_url=row.canonical_url,
        dated_at=row.dated_at,
        seen_at=row.seen_at,
        backlog=row.backlog,
        themes=dict(themes),
        names=row.names,
    )


def _themes(session: Session, entry_ids: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return each entry's effective themes with their confidence, 1 where none is known."""
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for chunk in chunks(entry_ids):
        rows = session.execute(
            select(Tag.entry_id, Theme.slug, Tag.confidence)
            .join(Theme, Theme.id == Tag.theme_id)
            .where(Tag.entry_id.in_(chunk), Theme.enabled, holds())
        )
        for entry_id, slug, confidence in rows:
            found[entry_id][slug] = 1.0 if confidence is None else confidence
    return found


def theme_titles(session: Session) -> dict[str, str]:
    """Return the titles of the themes in force by slug, in the editor's order."""
    rows = session.execute(select(Theme.slug, Theme.title).where(Theme.enabled).order_by(Theme.position, Theme.id))
    return dict(rows.all())


def latest_readings(session: Session, *, since: date, until: date) -> tuple[Reading, ...]:
    """Return trend readings of the days after `since` up to `until`, the most surprising first.

    Where no day in between was read, those of the newest day before.
    """
    newest = session.scalar(select(func.max(Trend.as_of)).where(Trend.as_of <= until))
    if newest is None:
        return ()
    rows = session.execute(
        named_readings()
        .where(Trend.as_of > min(since, newest - timedelta(days=1)), Trend.as_of <= newest)
        .order_by(Trend.score.desc(), Trend.id)
    ).all()
    rising = [row[0].series_id for row in rows if row[0].direction == "rising"]
    first = newest - timedelta(days=DAILY + max((newest - since).days, 1))
    daily = daily_counts(session, rising, since=first, until=newest)
    return tuple(
        _reading(trend, slug, title, term, daily.get(trend.series_id, {})) for trend, slug, title, term in rows
    )


def _reading(
    trend: Trend, slug: str | None, title: str | None, term: str | None, counts: Mapping[date, float]
) -> Reading:
    days = [trend.as_of - timedelta(days=DAILY - 1 - number) for number in range(DAILY)]
    return Reading(
        name=title or term or "",
        kind="theme" if slug else "term",
        slug=slug,
        window_days=trend.window_days,
        as_of=trend.as_of,
        direction=trend.direction,
        current=trend.current,
        baseline=trend.baseline,
        low=trend.low,
        high=trend.high,
        score=trend.score,
        detail=trend.detail,
        daily=tuple(counts.get(day, 0.0) for day in days) if counts else (),
    )
