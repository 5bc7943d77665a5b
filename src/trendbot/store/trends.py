"""Trends as people look at them: kept readings with their numbers, daily counts, shares and the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from trendbot.store.schema import Exposure, Series, SeriesPoint, Story, Term, Theme, Trend

BASELINE_DAY = date(2025, 2, 11)
"""The day of the article whose eight trends we follow: the index of each theme is 100 there."""
_ENOUGH = 4
"""Days with news that a mean of seven needs."""
_SPAN = 28
"""Days over which a share is taken for the index: the days before and including."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptReading:
    """A reading that was kept; `detail` has p, q, feeds, new, still and what the method rests on.

    `daily` are the reports of the last days, oldest first; `stories` the (number, title) of those behind a rise.
    """

    series_id: int
    name: str
    kind: Literal["theme", "term"]
    slug: str | None
    as_of: date
    window_days: int
    method: str
    direction: str
    current: float
    baseline: float
    low: float | None
    high: float | None
    score: float
    detail: dict[str, Any]
    daily: tuple[float, ...]
    stories: tuple[tuple[int, str], ...]

    @property
    def ratio(self) -> float:
        """How many times the usual."""
        return self.current / self.baseline if self.baseline else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Discussed:
    """How much of a week's reports a series had: `share` between 0 and 1."""

    name: str
    kind: Literal["theme", "term"]
    slug: str | None
    reports: int
    share: float


def newest_day(session: Session, *, until: date | None = None) -> date | None:
    """Return the newest day that was read, up to `until`."""
    query = select(func.max(Trend.as_of))
    return session.scalar(query if until is None else query.where(Trend.as_of <= until))


def list_readings(
    session: Session,
    *,
    since: date,
    until: date,
    kind: Literal["theme", "term"] | None = None,
    theme: str | None = None,
    days: int = 28,
) -> tuple[KeptReading, ...]:
    """Return the strongest reading of each series in the period, the most surprising first; rises and falls only
    where the period has several days, all readings where it is one.
    """  # noqa: D205
    query = named_readings().where(Trend.as_of >= since, Trend.as_of <= until)
    if since != until:
        query = query.where(Trend.direction != "flat")
    if kind is not None:
        query = query.where(Series.theme_id.is_not(None) if kind == "theme" else Series.term_id.is_not(None))
    if theme is not None:
        query = query.where(Theme.slug == theme)
    best: dict[int, Any] = {}
    for row in session.execute(query.order_by(Trend.score.desc(), Trend.as_of.desc(), Trend.id)):
        best.setdefault(row[0].series_id, row)
    daily = daily_counts(session, list(best), since=until - timedelta(days=days - 1), until=until)
    titles = _titles(session, [story for row in best.values() for story in row[0].detail.get("stories", ())])
    return tuple(_kept(row, daily, titles, until, days) for row in best.values())


def named_readings() -> Any:
    """Select every kept reading with the slug and title of its theme, or the name of its term."""
    return (
        select(Trend, Theme.slug, Theme.title, Term.name)
        .join(Series, Series.id == Trend.series_id)
        .outerjoin(Theme, Theme.id == Series.theme_id)
        .outerjoin(Term, Term.id == Series.term_id)
    )


def _kept(
    row: Any, daily: Mapping[int, Mapping[date, float]], titles: Mapping[int, str], until: date, days: int
) -> KeptReading:
    trend, slug, title, term = row
    counts = daily.get(trend.series_id, {})
    return KeptReading(
        series_id=trend.series_id,
        name=title or term or "",
        kind="theme" if slug else "term",
        slug=slug,
        as_of=trend.as_of,
        window_days=trend.window_days,
        method=trend.method,
        direction=trend.direction,
        current=trend.current,
        baseline=trend.baseline,
        low=trend.low,
        high=trend.high,
        score=trend.score,
        detail=trend.detail,
        daily=tuple(counts.get(until - timedelta(days=days - 1 - number), 0.0) for number in range(days)),
        stories=tuple((story, titles[story]) for story in trend.detail.get("stories", ()) if story in titles),
    )


def _titles(session: Session, stories: Sequence[int]) -> dict[int, str]:
    if not stories:
        return {}
    return dict(session.execute(select(Story.id, Story.title).where(Story.id.in_(stories))).all())


def daily_counts(session: Session, series: Sequence[int], *, since: date, until: date) -> dict[int, dict[date, float]]:
    """Return the reports of each series by day, over all kinds of feed."""
    found: dict[int, dict[date, float]] = defaultdict(dict)
    for start in range(0, len(series), 400):
        rows = session.execute(
            select(SeriesPoint.series_id, SeriesPoint.day, func.sum(SeriesPoint.entries))
            .where(
                SeriesPoint.series_id.in_(series[start : start + 400]),
                SeriesPoint.day >= since,
                SeriesPoint.day <= until,
            )
            .group_by(SeriesPoint.series_id, SeriesPoint.day)
        )
        for number, day, reports in rows:
            found[number][day] = float(reports)
    return found


def daily_exposure(session: Session, *, since: date, until: date) -> dict[date, float]:
    """Return all reports by day."""
    rows = session.execute(
        select(Exposure.day, func.sum(Exposure.entries))
        .where(Exposure.day >= since, Exposure.day <= until)
        .group_by(Exposure.day)
    )
    return {day: float(reports) for day, reports in rows}


def most_discussed(session: Session, *, until: date, days: int = 7, limit: int = 8) -> tuple[Discussed, ...]:
    """Return the terms with the largest share of the reports of the last days: much told is not the same as rising."""
    since = until - timedelta(days=days - 1)
    total = sum(daily_exposure(session, since=since, until=until).values())
    reports = func.sum(SeriesPoint.entries)
    rows = session.execute(
        select(Term.name, reports)
        .join(Series, Series.term_id == Term.id)
        .join(SeriesPoint, SeriesPoint.series_id == Series.id)
        .where(SeriesPoint.day >= since, SeriesPoint.day <= until, Term.muted.is_(False))
        .group_by(Term.id)
        .order_by(reports.desc(), Term.name)
        .limit(limit)
    )
    return tuple(
        Discussed(name=name, kind="term", slug=None, reports=int(count), share=count / total if total else 0.0)
        for name, count in rows
    )


def theme_index(session: Session, *, as_of: date, baseline: date = BASELINE_DAY) -> dict[str, float | None]:
    """Return each theme's share of the last 28 days against that around the baseline day, which is 100.

    None where the record does not reach the baseline, or the theme had nothing there.
    """
    now = _shares(session, as_of - timedelta(days=_SPAN - 1), as_of)
    then = _shares(session, baseline - timedelta(days=_SPAN // 2), baseline + timedelta(days=_SPAN // 2 - 1))
    slugs = session.scalars(select(Theme.slug).where(Theme.enabled).order_by(Theme.position, Theme.id))
    return {slug: 100 * now.get(slug, 0.0) / then[slug] if then.get(slug) else None for slug in slugs}


def _shares(session: Session, since: date, until: date) -> dict[str, float]:
    total = sum(daily_exposure(session, since=since, until=until).values())
    rows = session.execute(
        select(Theme.slug, func.sum(SeriesPoint.entries))
        .join(Series, Series.theme_id == Theme.id)
        .join(SeriesPoint, SeriesPoint.series_id == Series.id)
        .where(SeriesPoint.day >= since, SeriesPoint.day <= until)
        .group_by(Theme.slug)
    )
    return {slug: float(count) / total for slug, count in rows} if total else {}


def share_lines(
    session: Session, *, since: date, until: date, series: Sequence[int] = ()
) -> tuple[tuple[str, tuple[tuple[date, float], ...]], ...]:
    """Return for each theme, or each of `series`, its share of the reports day by day, as a mean of seven days."""
    query = (
        select(Series.id, func.coalesce(Theme.title, Term.name))
        .outerjoin(Theme, Theme.id == Series.theme_id)
        .outerjoin(Term, Term.id == Series.term_id)
    )
    query = query.where(Series.id.in_(series)) if series else query.where(Theme.enabled)
    names = dict(session.execute(query.order_by(Theme.position, Series.id)).all())
    start = since - timedelta(days=6)
    counts = daily_counts(session, list(names), since=start, until=until)
    exposure = daily_exposure(session, since=start, until=until)
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    return tuple((name, tuple(_points(counts.get(number, {}), exposure, days))) for number, name in names.items())


def _points(
    counts: Mapping[date, float], exposure: Mapping[date, float], days: Sequence[date]
) -> list[tuple[date, float]]:
    points = []
    for day in days:
        week = [day - timedelta(days=back) for back in range(7)]
        published = sum(exposure.get(one, 0.0) for one in week)
        if sum(one in exposure for one in week) >= _ENOUGH:
            points.append((day, sum(counts.get(one, 0.0) for one in week) / published))
    return points
