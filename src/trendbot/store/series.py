"""Daily counts of themes and terms, their exposure, and the readings made of them.

A *report* is one feed's news of one story on one day: a second entry of the same feed adds none, and neither does the
same page or the same headline in another feed. Reports are what is counted; copies make no trend.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, delete, func, insert, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from trendbot.core.trends import REACH, TermCounts, ThemeCounts, TrendReading
from trendbot.core.trends.shares import Counts
from trendbot.store.chunks import chunks
from trendbot.store.schema import (
    Curation,
    Entry,
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

_DAY = func.date(Entry.dated_at)
_STORIES_SHOWN = 5


# -- counting ----------------------------------------------------------------------------------------------------------


def last_measured(session: Session) -> datetime | None:
    """Return when counts were last made; None before the first time."""
    return session.scalar(select(func.max(Exposure.measured_at)))


def changed_days(session: Session, *, since: datetime | None) -> tuple[date, ...]:
    """Return the days whose counts may have changed since an instant: all with entries, where it is None."""
    days = select(_DAY).select_from(Entry).where(_countable()).distinct()
    if since is None:
        return _dates(session.scalars(days))
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
    found |= set(session.scalars(select(_DAY).where(Entry.withdrawn_at >= since).distinct()))
    for chunk in chunks(sorted(people)):
        found |= set(session.scalars(select(_DAY).where(Entry.id.in_(chunk)).distinct()))
    return _dates(found)


def _dates(days: Iterable[Any]) -> tuple[date, ...]:
    return tuple(sorted(date.fromisoformat(str(day)) for day in days))


def _countable() -> ColumnElement[bool]:
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
    keys: list[Any] = [_DAY.label("day"), Feed.kind.label("kind")]
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
        .where(_within(days), _DAY.in_([day.isoformat() for day in days]), _countable())
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


def _within(days: Sequence[date]) -> ColumnElement[bool]:
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


# -- what readings are made from ---------------------------------------------------------------------------------------


def list_exposure(session: Session, *, since: date, until: date) -> dict[tuple[date, str], float]:
    """Return how many reports there were at all, by day and kind of feed."""
    rows = session.execute(
        select(Exposure.day, Exposure.kind, Exposure.entries).where(Exposure.day >= since, Exposure.day <= until)
    )
    return {(day, kind.value): float(entries) for day, kind, entries in rows}


def count_terms(session: Session) -> int:
    """Count the terms that are followed: those that are not muted."""
    return session.scalar(select(func.count(Series.id)).join(Term).where(Term.muted.is_(False))) or 0


def list_terms(session: Session, *, since: date, until: date, names: Collection[str] = ()) -> tuple[TermCounts, ...]:
    """Return the terms named from `since` to `until`, each with its past; or those of `names`, named or not."""
    query = select(Series.id, Term.name).join(Term, Term.id == Series.term_id).where(Term.muted.is_(False))
    if names:
        query = query.where(Term.name.in_(names))
    else:
        active = select(SeriesPoint.series_id).where(SeriesPoint.day >= since, SeriesPoint.day <= until).distinct()
        query = query.where(Series.id.in_(active))
    terms = dict(session.execute(query.order_by(Series.id)).all())
    points = list_points(session, list(terms), since=since - timedelta(days=REACH), until=until)
    lately = _by_feed(session, since, until)
    return tuple(
        TermCounts(series_id=number, name=name, counts=points.get(number, {}), lately=lately.get(number, {}))
        for number, name in terms.items()
    )


def list_points(
    session: Session, series: Sequence[int], *, since: date, until: date
) -> dict[int, dict[tuple[date, str], float]]:
    """Return the reports of each series by day and kind of feed."""
    found: dict[int, dict[tuple[date, str], float]] = defaultdict(dict)
    for chunk in chunks(series):
        rows = session.execute(
            select(SeriesPoint.series_id, SeriesPoint.day, SeriesPoint.kind, SeriesPoint.entries).where(
                SeriesPoint.series_id.in_(chunk), SeriesPoint.day >= since, SeriesPoint.day <= until
            )
        )
        for number, day, kind, entries in rows:
            found[number][day, kind.value] = float(entries)
    return found


def _by_feed(session: Session, since: date, until: date) -> dict[int, dict[tuple[date, int], float]]:
    """Return each term's stories by day and feed; of copies, the feed that was first keeps the report."""
    rows = session.execute(
        select(Series.id, _DAY, Entry.feed_id, Entry.canonical_url, func.lower(Entry.title), StoryEntry.story_id)
        .join(Mention, Mention.entry_id == Entry.id)
        .join(Series, Series.term_id == Mention.term_id)
        .outerjoin(StoryEntry, StoryEntry.entry_id == Entry.id)
        .where(_within([since, until]), _countable())
        .order_by(Entry.dated_at, Entry.id)
    )
    found: dict[int, dict[tuple[date, int], float]] = defaultdict(lambda: defaultdict(float))
    seen: set[tuple[Any, ...]] = set()
    for series, day, feed, url, title, story in rows:
        marks = {(series, "page", url), (series, "headline", title), (series, "report", story or url, feed, day)}
        if not marks & seen:
            found[series][date.fromisoformat(str(day)), feed] += 1
        seen |= marks
    return found


def list_themes(session: Session, *, since: date, until: date) -> tuple[ThemeCounts, ...]:
    """Return the themes in force with their reports by feed and day."""
    tags = effective_themes()
    rows = session.execute(
        _feed_days(since, until)
        .add_columns(tags.c.theme_id)
        .join(tags, tags.c.entry_id == Entry.id)
        .group_by(tags.c.theme_id)
    )
    counts: dict[int, dict[tuple[int, date], float]] = defaultdict(dict)
    for feed, day, reports, theme in rows:
        counts[theme][feed, date.fromisoformat(str(day))] = float(reports)
    themes = session.execute(
        select(Series.id, Theme.id, Theme.title, Theme.slug)
        .join(Theme, Theme.id == Series.theme_id)
        .where(Theme.enabled)
        .order_by(Theme.position, Theme.id)
    )
    return tuple(
        ThemeCounts(series_id=series, name=title, slug=slug, counts=counts[theme])
        for series, theme, title, slug in themes
    )


def list_feed_exposure(session: Session, *, since: date, until: date) -> Counts:
    """Return how many reports there were at all, by feed and day."""
    rows = session.execute(_feed_days(since, until))
    return {(feed, date.fromisoformat(str(day))): float(reports) for feed, day, reports in rows}


def _feed_days(since: date, until: date) -> Select[Any]:
    stories = func.count(func.coalesce(StoryEntry.story_id, -Entry.id).distinct())
    query: Select[Any] = (
        select(Entry.feed_id, _DAY, stories)
        .select_from(Entry)
        .outerjoin(StoryEntry, StoryEntry.entry_id == Entry.id)
        .where(_within([since, until]), _countable())
        .group_by(Entry.feed_id, _DAY)
    )
    return query


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
        .where(_within([since, reading.as_of]), _countable(), Entry.id.in_(_entries_of(reading)))
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
