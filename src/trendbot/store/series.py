"""Daily counts of themes and terms, their exposure, and the readings made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Subquery, and_, case, delete, func, insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from trendbot.core.trends import SeriesCounts, TrendReading
from trendbot.core.vocabulary import Annotator
from trendbot.store.schema import (
    Entry,
    Exposure,
    Feed,
    Mention,
    Series,
    SeriesPoint,
    StoryEntry,
    Tag,
    Term,
    Theme,
    Trend,
)


def recount(session: Session, *, since: date, until: date) -> int:
    """Count every day from `since` to `until` anew, per series and kind of feed; return the number of series.

    Points are recomputed, never incremented: corrected tags, late entries and merged stories come out by themselves.
    """
    _follow(session)
    days = (SeriesPoint.day >= since, SeriesPoint.day <= until)
    session.execute(delete(SeriesPoint).where(*days))
    session.execute(delete(Exposure).where(Exposure.day >= since, Exposure.day <= until))
    _insert(session, Exposure, _counted(since, until))
    tags = _effective()
    _insert(session, SeriesPoint, _counted(since, until, series=Series.theme_id, said=tags, subject=tags.c.theme_id))
    mentions = select(Mention.entry_id, Mention.term_id).subquery()
    _insert(
        session, SeriesPoint, _counted(since, until, series=Series.term_id, said=mentions, subject=mentions.c.term_id)
    )
    return session.scalar(select(func.count(Series.id))) or 0


def _follow(session: Session) -> None:
    """Open a series for each theme and term that has none."""
    themes = select(Theme.id).where(Theme.id.not_in(select(Series.theme_id).where(Series.theme_id.is_not(None))))
    terms = select(Term.id).where(Term.id.not_in(select(Series.term_id).where(Series.term_id.is_not(None))))
    for theme_id in session.scalars(themes.order_by(Theme.id)).all():
        session.add(Series(theme_id=theme_id))
    for term_id in session.scalars(terms.order_by(Term.id)).all():
        session.add(Series(term_id=term_id))
    session.flush()


def _effective() -> Subquery:
    """Entries and the themes that hold for them: a person's word wins over any machine's."""
    human = Tag.annotator == Annotator.HUMAN
    spoken = func.max(case((human, 1), else_=0))
    said_yes = func.max(case((and_(human, Tag.applies), 1), else_=0))
    any_yes = func.max(case((Tag.applies, 1), else_=0))
    return (
        select(Tag.entry_id, Tag.theme_id)
        .group_by(Tag.entry_id, Tag.theme_id)
        .having(case((spoken == 1, said_yes), else_=any_yes) == 1)
        .subquery()
    )


def _counted(
    since: date,
    until: date,
    *,
    series: InstrumentedAttribute[int | None] | None = None,
    said: Subquery | None = None,
    subject: Any = None,
) -> Any:
    day = func.date(Entry.dated_at)
    counts = (
        func.count(Entry.id).label("entries"),
        func.count(func.distinct(func.coalesce(StoryEntry.story_id, -Entry.id))).label("stories"),
        func.count(func.distinct(Entry.feed_id)).label("feeds"),
    )
    found: Any = (
        select(*([Series.id.label("series_id")] if series is not None else []), day.label("day"), Feed.kind, *counts)
        .select_from(Entry)
        .join(Feed, Feed.id == Entry.feed_id)
        .outerjoin(StoryEntry, StoryEntry.entry_id == Entry.id)
        .where(day >= since.isoformat(), day <= until.isoformat(), Entry.withdrawn_at.is_(None))
    )
    if said is None or series is None:
        return found.group_by(day, Feed.kind)
    return (
        found.join(said, said.c.entry_id == Entry.id)
        .join(Series, series == subject)
        .group_by(Series.id, day, Feed.kind)
    )


def _insert(session: Session, table: type[Any], rows: Any) -> None:
    found = [
        {**row._mapping, "day": date.fromisoformat(str(row.day))}  # noqa: SLF001  (SQLAlchemy's public name)
        for row in session.execute(rows)
    ]
    if found:
        session.execute(insert(table), found)


def list_counts(session: Session, *, since: date, as_of: date, feeds_since: date) -> tuple[SeriesCounts, ...]:
    """Return each series with a count since `since`; `feeds` counts its feeds since `feeds_since`.

    Muted terms stay out.
    """
    points: dict[int, dict[tuple[date, str], int]] = defaultdict(dict)
    feeds: dict[int, int] = defaultdict(int)
    rows = session.execute(select(SeriesPoint).where(SeriesPoint.day >= since, SeriesPoint.day <= as_of)).scalars()
    for point in rows:
        points[point.series_id][point.day, point.kind.value] = point.entries
        if point.day >= feeds_since:
            feeds[point.series_id] += point.feeds
    names = session.execute(
        select(Series.id, Theme.title, Theme.slug, Term.name)
        .outerjoin(Theme, Theme.id == Series.theme_id)
        .outerjoin(Term, Term.id == Series.term_id)
        .where(func.coalesce(Theme.enabled, True), func.coalesce(Term.muted, False).is_(False))
    )
    return tuple(
        SeriesCounts(
            series_id=series_id, name=title or name or "", kind="theme" if slug else "term", slug=slug,
            counts=points[series_id], feeds=feeds[series_id],
        )
        for series_id, title, slug, name in names
        if series_id in points
    )  # fmt: skip


def list_exposure(session: Session, *, since: date, until: date) -> dict[tuple[date, str], int]:
    """Return how many entries were published, by day and kind of feed."""
    rows = session.execute(
        select(Exposure.day, Exposure.kind, Exposure.entries).where(Exposure.day >= since, Exposure.day <= until)
    )
    return {(day, kind.value): entries for day, kind, entries in rows}


def keep_readings(session: Session, readings: Sequence[TrendReading], *, as_of: date) -> None:
    """Replace the readings of a day."""
    session.execute(delete(Trend).where(Trend.as_of == as_of))
    rows = [
        {
            "series_id": one.series_id, "window_days": one.window_days, "as_of": as_of, "method": one.method,
            "direction": one.direction, "current": one.current, "baseline": one.baseline, "low": one.low,
            "high": one.high, "score": one.score, "detail": {"new": one.new},
        }
        for one in readings
    ]  # fmt: skip
    if rows:
        session.execute(insert(Trend), rows)
