"""What readings are made from: counts of terms by kind, feed and publisher, of themes by feed, and each feed's past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from trendbot.core.ranking import publisher_of
from trendbot.core.trends import REACH, FeedPast, TermCounts, TermRecord, Voice, WeekCounts
from trendbot.core.trends.shares import Counts
from trendbot.store.chunks import chunks
from trendbot.store.schema import Entry, Exposure, Feed, Mention, Series, SeriesPoint, StoryEntry, Term, Theme
from trendbot.store.series import ENTRY_DAY, countable, within
from trendbot.store.tags import effective_themes


def list_exposure(session: Session, *, since: date, until: date) -> dict[tuple[date, str], float]:
    """Return how many reports there were at all, by day and kind of feed."""
    rows = session.execute(
        select(Exposure.day, Exposure.kind, Exposure.entries).where(Exposure.day >= since, Exposure.day <= until)
    )
    return {(day, kind.value): float(entries) for day, kind, entries in rows}


def count_terms(session: Session) -> int:
    """Count the terms that are followed: those that are not muted."""
    return session.scalar(select(func.count(Series.id)).join(Term).where(Term.muted.is_(False))) or 0


def term_record(session: Session, *, as_of: date, by_feed: Counts) -> TermRecord:
    """Return all that the reading of terms on a day needs; `by_feed` are the reports of the last weeks."""
    since = as_of - timedelta(days=1)
    return TermRecord(
        terms=list_terms(session, since=since, until=as_of),
        followed=count_terms(session),
        exposure=list_exposure(session, since=as_of - timedelta(days=REACH), until=as_of),
        by_feed=by_feed,
        feeds=list_pasts(session, since=as_of - timedelta(days=REACH), before=since),
    )


def list_terms(session: Session, *, since: date, until: date, names: Collection[str] = ()) -> tuple[TermCounts, ...]:
    """Return the terms named within reach of the days from `since` to `until`, or those of `names` among them.

    Each has its past, and its voices from `since` on.
    """
    earliest = since - timedelta(days=REACH)
    named = select(SeriesPoint.series_id).where(SeriesPoint.day >= earliest, SeriesPoint.day <= until).distinct()
    query = select(Series.id, Term.name).join(Term, Term.id == Series.term_id)
    query = query.where(Term.muted.is_(False), Series.id.in_(named))
    query = query.where(Term.name.in_(names)) if names else query
    terms = dict(session.execute(query.order_by(Series.id)).all())
    points = list_points(session, list(terms), since=earliest, until=until)
    lately = _voices(session, since, until)
    return tuple(
        TermCounts(series_id=number, name=name, counts=points.get(number, {}), lately=lately.get(number, {}))
        for number, name in terms.items()
    )


def list_pasts(session: Session, *, since: date, before: date) -> dict[int, FeedPast]:
    """Return each feed's kind, and the first day of its entries from `since` to the day before one."""
    rows = session.execute(
        select(Entry.feed_id, Feed.kind, func.min(ENTRY_DAY))
        .join(Feed, Feed.id == Entry.feed_id)
        .where(within([since, before - timedelta(days=1)]), countable())
        .group_by(Entry.feed_id, Feed.kind)
    )
    return {feed: FeedPast(kind=kind.value, first=date.fromisoformat(str(first))) for feed, kind, first in rows}


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


def _voices(session: Session, since: date, until: date) -> dict[int, dict[Voice, float]]:
    """Return each term's stories by day, feed and publisher; of copies, the feed that was first keeps the report."""
    rows = session.execute(
        select(Series.id, ENTRY_DAY, Entry.feed_id, Entry.canonical_url, func.lower(Entry.title), StoryEntry.story_id)
        .join(Mention, Mention.entry_id == Entry.id)
        .join(Series, Series.term_id == Mention.term_id)
        .outerjoin(StoryEntry, StoryEntry.entry_id == Entry.id)
        .where(within([since, until]), countable())
        .order_by(Entry.dated_at, Entry.id)
    )
    found: dict[int, dict[Voice, float]] = defaultdict(lambda: defaultdict(float))
    seen: set[tuple[Any, ...]] = set()
    for series, day, feed, url, title, story in rows:
        marks = {(series, "page", url), (series, "headline", title), (series, "report", story or url, feed, day)}
        if not marks & seen:
            found[series][date.fromisoformat(str(day)), feed, publisher_of(url, feed)] += 1
        seen |= marks
    return found


def list_weeks(session: Session, *, since: date, until: date, least: int) -> tuple[WeekCounts, ...]:
    """Return the terms with at least so many reports in the period, with their reports by feed and day."""
    much = (
        select(SeriesPoint.series_id)
        .where(SeriesPoint.day >= since, SeriesPoint.day <= until)
        .group_by(SeriesPoint.series_id)
        .having(func.sum(SeriesPoint.entries) >= least)
    )
    query = select(Series.id, Term.name).join(Term, Term.id == Series.term_id)
    names = dict(session.execute(query.where(Term.muted.is_(False), Series.id.in_(much)).order_by(Series.id)).all())
    rows = session.execute(
        _feed_days(since, until)
        .add_columns(Series.id)
        .join(Mention, Mention.entry_id == Entry.id)
        .join(Series, Series.term_id == Mention.term_id)
        .where(Series.id.in_(much))
        .group_by(Series.id)
    )
    counts = _by_series(rows)
    return tuple(
        WeekCounts(series_id=number, name=name, slug=None, counts=counts[number]) for number, name in names.items()
    )


def _by_series(rows: Iterable[Any]) -> dict[int, dict[tuple[int, date], float]]:
    found: dict[int, dict[tuple[int, date], float]] = defaultdict(dict)
    for feed, day, reports, number in rows:
        found[number][feed, date.fromisoformat(str(day))] = float(reports)
    return found


def list_themes(session: Session, *, since: date, until: date) -> tuple[WeekCounts, ...]:
    """Return the themes in force with their reports by feed and day."""
    tags = effective_themes()
    rows = session.execute(
        _feed_days(since, until)
        .add_columns(tags.c.theme_id)
        .join(tags, tags.c.entry_id == Entry.id)
        .group_by(tags.c.theme_id)
    )
    counts = _by_series(rows)
    themes = session.execute(
        select(Series.id, Theme.id, Theme.title, Theme.slug)
        .join(Theme, Theme.id == Series.theme_id)
        .where(Theme.enabled)
        .order_by(Theme.position, Theme.id)
    )
    return tuple(
        WeekCounts(series_id=series, name=title, slug=slug, counts=counts[theme])
        for series, theme, title, slug in themes
    )


def list_feed_exposure(session: Session, *, since: date, until: date) -> Counts:
    """Return how many reports there were at all, by feed and day."""
    rows = session.execute(_feed_days(since, until))
    return {(feed, date.fromisoformat(str(day))): float(reports) for feed, day, reports in rows}


def _feed_days(since: date, until: date) -> Select[Any]:
    stories = func.count(func.coalesce(StoryEntry.story_id, -Entry.id).distinct())
    query: Any = (
        select(Entry.feed_id, ENTRY_DAY, stories)
        .select_from(Entry)
        .outerjoin(StoryEntry, StoryEntry.entry_id == Entry.id)
        .where(within([since, until]), countable())
        .group_by(Entry.feed_id, ENTRY_DAY)
    )
    found: Select[Any] = query
    return found
