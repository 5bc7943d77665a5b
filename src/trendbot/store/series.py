"""Daily counts of themes and terms and their exposure, and the readings made of them.

A *report* is one feed's news of one story on one day: a second entry of the same feed adds none, and neither does the
same page or the same headline in another feed. Reports are what is counted; copies make no trend.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, delete, func, insert, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from trendbot.core.trends import TrendReading
from trendbot.store.chunks import chunks
from trendbot.store.schema import (
    Curation,
    Entry,
    EntryTombstone,
    Exposure,
    Feed,
    Mention,
    Series,
    SeriesPoint,
    StoryEntry,
    Tag,
    Tagging,
    Term,
    Theme,
    Trend,
)
from trendbot.store.tags import effective_themes
from trendbot.store.types import utc_day

ENTRY_DAY = utc_day(Entry.dated_at)
_STORIES_SHOWN = 5


# -- counting ----------------------------------------------------------------------------------------------------------


def last_measured(session: Session) -> datetime | None:
    """Return when counts were last made; None before the first time."""
    return session.scalar(select(func.max(Exposure.measured_at)))


def changed_days(session: Session, *, since: datetime | None) -> tuple[date, ...]:
    """Return the days whose counts may have changed since an instant: all with entries, where it is None."""
    days = select(ENTRY_DAY).select_from(Entry).where(countable()).distinct()
    pruned = session.scalar(select(func.max(EntryTombstone.dated_at)))
    if since is None:
        return _dates(session.scalars(days), pruned)
    acts = session.scalars(select(Curation.subject).where(Curation.made_at >= since)).all()
    people = {int(key) for kind, _, key in (act.partition(":") for act in acts) if kind in {"entry", "place"}}
    found = set(
        session.scalars(
            days.where(
                or_(
                    Entry.id.in_(select(StoryEntry.entry_id).where(StoryEntry.made_at >= since)),
                    Entry.id.in_(select(Tagging.entry_id).where(Tagging.made_at >= since)),
                    Entry.id.in_(select(Tag.entry_id).where(Tag.made_at >= since)),
                    Entry.edited_at >= since,
                )
            )
        )
    )
    found |= set(session.scalars(select(ENTRY_DAY).where(Entry.withdrawn_at >= since).distinct()))
    for chunk in chunks(sorted(people)):
        found |= set(session.scalars(select(ENTRY_DAY).where(Entry.id.in_(chunk)).distinct()))
    return _dates(found, pruned)


def _dates(days: Iterable[Any], pruned: datetime | None) -> tuple[date, ...]:
    """Return days in order, but none of which entries were pruned: what was counted of them stays."""
    found = sorted(date.fromisoformat(str(day)) for day in days)
    return tuple(day for day in found if pruned is None or day > pruned.date())


def countable() -> ColumnElement[bool]:
    """Entries that count: not withdrawn, and not old ones that came undated with a new feed and look like today's."""
    undated = and_(Entry.backlog, Entry.published_at.is_(None), Entry.updated_at.is_(None))
    return and_(Entry.withdrawn_at.is_(None), ~undated)


def recount(session: Session, days: Sequence[date], *, now: datetime) -> int:
    """Count these days anew, per series and kind of feed; return the number of series followed.

    Points are recomputed, never incremented: corrected tags, late entries and merged stories come out by themselves.
    """
    _follow(session)
    tags = effective_themes()
    mentions = select(Mention.entry_id, Mention.term_id).subquery()
    for chunk in chunks(days):
        session.execute(delete(SeriesPoint).where(SeriesPoint.day.in_(chunk)))
        session.execute(delete(Exposure).where(Exposure.day.in_(chunk)))
        _insert(session, Exposure, _counted(chunk), measured_at=now)
        _insert(session, SeriesPoint, _counted(chunk, Series.theme_id, tags, tags.c.theme_id))
        _insert(session, SeriesPoint, _counted(chunk, Series.term_id, mentions, mentions.c.term_id))
    return session.scalar(select(func.count(Series.id))) or 0


def _follow(session: Session) -> None:
    """Open a series for each theme and term that has none."""
    themes = select(Theme.id).where(Theme.id.not_in(select(Series.theme_id).where(Series.theme_id.is_not(None))))
    terms = select(Term.id).where(Term.id.not_in(select(Series.term_id).where(Series.term_id.is_not(None))))
    session.add_all([Series(theme_id=theme_id) for theme_id in session.scalars(themes.order_by(Theme.id))])
    session.add_all([Series(term_id=term_id) for term_id in session.scalars(terms.order_by(Term.id))])
    session.flush()


def _counted(
    days: Sequence[date],
    series: InstrumentedAttribute[int | None] | None = None,
    said: Subquery | None = None,
    subject: Any = None,
) -> Select[Any]:
    """Count reports, stories and feeds by day and kind; of everything, or of each series that is `said`."""
    story = func.coalesce(StoryEntry.story_id, -Entry.id).label("story")
    keys: list[Any] = [ENTRY_DAY.label("day"), Feed.kind.label("kind")]
    keys = keys if series is None else [Series.id.label("series_id"), *keys]
    by_story: Any = (
        select(
            *keys,
            story,
            func.count(Entry.feed_id.distinct()).label("feeds"),
            func.count(Entry.canonical_url.distinct()).label("pages"),
            func.count(func.lower(Entry.title).distinct()).label("headlines"),
        )
        .select_from(Entry)
        .join(Feed, Feed.id == Entry.feed_id)
        .outerjoin(StoryEntry, StoryEntry.entry_id == Entry.id)
        .where(within(days), ENTRY_DAY.in_([day.isoformat() for day in days]), countable())
    )
    if said is not None and series is not None:
        by_story = by_story.join(said, said.c.entry_id == Entry.id).join(Series, series == subject)
    rows = by_story.group_by(*keys, story).subquery()
    own = _least(_least(rows.c.feeds, rows.c.pages), rows.c.headlines)
    groups = [rows.c[key.name] for key in keys]
    return select(
        *groups, func.sum(own).label("entries"), func.count().label("stories"), func.sum(rows.c.feeds).label("feeds")
    ).group_by(*groups)


def _least(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one <= other, one), else_=other)


def within(days: Sequence[date]) -> ColumnElement[bool]:
    """Let the index on dates narrow the search."""
    first, last = _midnight(min(days)), _midnight(max(days) + timedelta(days=1))
    return and_(Entry.dated_at >= first, Entry.dated_at < last)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _insert(session: Session, table: type[Any], rows: Select[Any], **more: Any) -> None:
    found = [
        {**row._mapping, "day": date.fromisoformat(str(row.day)), **more}  # noqa: SLF001  (SQLAlchemy's public name)
        for row in session.execute(rows)
    ]
    if found:
        session.execute(insert(table), found)


# -- readings ----------------------------------------------------------------------------------------------------------


def last_read(session: Session, *, before: date) -> date | None:
    """Return the newest day before `before` that has a reading."""
    return session.scalar(select(func.max(Trend.as_of)).where(Trend.as_of < before))


def rose_lately(session: Session, *, as_of: date, days: int = 5) -> frozenset[int]:
    """Return the series that rose on one of the days before."""
    return frozenset(
        session.scalars(
            select(Trend.series_id).where(
                Trend.direction == "rising", Trend.as_of >= as_of - timedelta(days=days), Trend.as_of < as_of
            )
        )
    )


def stories_behind(session: Session, reading: TrendReading) -> tuple[int, ...]:
    """Return the stories with most of the entries that a reading counted, at most five."""
    since = reading.as_of - timedelta(days=reading.window_days - 1)
    count = func.count(Entry.id)
    query = (
        select(StoryEntry.story_id)
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .where(within([since, reading.as_of]), countable(), Entry.id.in_(_entries_of(reading)))
        .group_by(StoryEntry.story_id)
        .order_by(count.desc(), StoryEntry.story_id)
    )
    return tuple(session.scalars(query.limit(_STORIES_SHOWN)))


def _entries_of(reading: TrendReading) -> Select[Any]:
    if reading.kind == "term":
        return (
            select(Mention.entry_id)
            .join(Series, Series.term_id == Mention.term_id)
            .where(Series.id == reading.series_id)
        )
    tags = effective_themes()
    return (
        select(tags.c.entry_id).join(Series, Series.theme_id == tags.c.theme_id).where(Series.id == reading.series_id)
    )


def keep_readings(session: Session, readings: Sequence[TrendReading], *, as_of: date) -> None:
    """Replace the readings of a day."""
    session.execute(delete(Trend).where(Trend.as_of == as_of))
    if readings:
        session.execute(insert(Trend), [_row(reading) for reading in readings])


def _row(one: TrendReading) -> dict[str, Any]:
    detail = {
        "p": one.p, "q": one.q, "feeds": one.feeds, "new": one.new, "still": one.still,
        "stories": list(one.stories), **one.facts,
    }  # fmt: skip
    return {
        "series_id": one.series_id, "window_days": one.window_days, "as_of": one.as_of, "method": one.method,
        "direction": one.direction, "current": one.current, "baseline": one.baseline, "low": one.low,
        "high": one.high, "score": one.score, "detail": detail,
    }  # fmt: skip
