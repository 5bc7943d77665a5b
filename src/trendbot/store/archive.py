"""Read models of the archive: what the public pages list, without reading whole digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from trendbot.core.report_card import Footprint
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus, SubscriptionStatus
from trendbot.store import schema
from trendbot.store.runs import RunRecord, footprint_between, last_runs
from trendbot.store.schema import Digest, DigestStory, Edition, Series, Story, Theme
from trendbot.store.trends import daily_counts


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestLine:
    """A digest in a list: its one sentence, and the headline of its lead where it has one."""

    id: int
    cadence: Cadence
    slot: str
    number: int
    title: str
    line: str
    headline: str | None
    frozen_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ThemeLine:
    """A theme with its reports day by day, the last on the day asked for."""

    slug: str
    title: str
    description: str
    daily: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How far the home has come: what a monitor is told. `day` is what the runs of the last 24 hours took."""

    entries: int
    stories: int
    digests: int
    newest_digest_at: datetime | None
    newest_poll_at: datetime | None
    subscriptions: dict[str, int]
    deliveries: dict[str, int]
    day: Footprint
    runs: tuple[RunRecord, ...]


def list_lines(
    session: Session,
    *,
    cadence: Cadence | None = None,
    month: date | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> tuple[DigestLine, ...]:
    """Return digests, the newest first: of a cadence, of the month that begins on a day, or before (frozen_at, id)."""
    query = _lines()
    if cadence is not None:
        query = query.where(Digest.cadence == cadence)
    if month is not None:
        first = datetime(month.year, month.month, 1, tzinfo=UTC)
        query = query.where(Digest.period_end >= first, Digest.period_end < _next_month(first))
    if before is not None:
        at, digest_id = before
        query = query.where((Digest.frozen_at < at) | ((Digest.frozen_at == at) & (Digest.id < digest_id)))
    rows = session.execute(query.order_by(Digest.frozen_at.desc(), Digest.id.desc()).limit(limit))
    return tuple(DigestLine(**row) for row in rows.mappings())


def neighbours(session: Session, cadence: Cadence, number: int) -> tuple[DigestLine | None, DigestLine | None]:
    """Return the digests of a cadence before and after one."""
    base = _lines().where(Digest.cadence == cadence)
    before = base.where(Digest.number < number).order_by(Digest.number.desc()).limit(1)
    after = base.where(Digest.number > number).order_by(Digest.number).limit(1)
    found = [session.execute(query).mappings().first() for query in (before, after)]
    one, other = (DigestLine(**row) if row else None for row in found)
    return one, other


def list_months(session: Session) -> tuple[tuple[date, int], ...]:
    """Return the months that have digests, the newest first, each by its first day, with how many it has."""
    ends = session.scalars(select(Digest.period_end).where(Digest.frozen_at.is_not(None)))
    counts: dict[date, int] = {}
    for end in ends:
        month = end.date().replace(day=1)
        counts[month] = counts.get(month, 0) + 1
    return tuple(sorted(counts.items(), reverse=True))


def chart_key(session: Session, digest_id: int) -> str | None:
    """Return the key of the chart that the whole digest goes with, or None where nothing was drawn."""
    return session.scalar(
        select(Edition.chart)
        .where(Edition.digest_id == digest_id, Edition.variant == "all", Edition.chart.is_not(None))
        .order_by(Edition.id)
        .limit(1)
    )


def theme_lines(session: Session, *, until: date, days: int, slug: str | None = None) -> tuple[ThemeLine, ...]:
    """Return the themes in force in the editor's order, or the one of a slug, with their reports of the last days."""
    query = (
        select(Theme.slug, Theme.title, Theme.description, Series.id)
        .outerjoin(Series, Series.theme_id == Theme.id)
        .where(Theme.enabled)
        .order_by(Theme.position, Theme.id)
    )
    rows = session.execute(query if slug is None else query.where(Theme.slug == slug)).all()
    series = [row[3] for row in rows if row[3] is not None]
    counts = daily_counts(session, series, since=until - timedelta(days=days - 1), until=until)
    span = [until - timedelta(days=days - 1 - number) for number in range(days)]
    return tuple(
        ThemeLine(
            slug=name, title=title, description=description or "",
            daily=tuple(counts.get(number, {}).get(day, 0.0) for day in span) if number is not None else (),
        )
        for name, title, description, number in rows
    )  # fmt: skip


def told_stories(session: Session, *, limit: int = 5000) -> tuple[tuple[int, datetime], ...]:
    """Return the stories that some digest told, the latest first, each with its latest report."""
    told = select(DigestStory.story_id)
    rows = session.execute(
        select(Story.id, Story.last_at)
        .where(Story.id.in_(told), Story.merged_into_id.is_(None))
        .order_by(Story.last_at.desc(), Story.id.desc())
        .limit(limit)
    )
    return tuple((number, at) for number, at in rows)


def has_story(session: Session, story_ids: Sequence[int]) -> frozenset[int]:
    """Return those of the numbers that are stories."""
    return frozenset(session.scalars(select(Story.id).where(Story.id.in_(story_ids))))


def generation(session: Session) -> tuple[Any, ...]:
    """Return what tells whether pages may have changed: cheap to ask, and different after every run."""
    newest = [
        select(func.max(table.id)).scalar_subquery()
        for table in (schema.Digest, schema.Edition, schema.Entry, schema.Trend, schema.Curation, schema.Run)
    ]
    return tuple(session.execute(select(*newest)).one())


def standing(session: Session, *, now: datetime) -> Standing:
    """Count what there is at `now`."""
    tables = (schema.Entry, schema.Story, schema.Digest)
    entries, stories, digests = (session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)
    asked = session.execute(select(schema.Subscription.status, func.count()).group_by(schema.Subscription.status))
    kept = session.execute(select(schema.Delivery.status, func.count()).group_by(schema.Delivery.status))
    subscriptions, deliveries = dict(asked.all()), dict(kept.all())
    return Standing(
        entries=entries,
        stories=stories,
        digests=digests,
        newest_digest_at=session.scalar(select(func.max(Digest.frozen_at))),
        newest_poll_at=session.scalar(select(func.max(schema.FeedState.succeeded_at))),
        subscriptions={status.value: subscriptions.get(status, 0) for status in SubscriptionStatus},
        deliveries={status.value: deliveries.get(status, 0) for status in DeliveryStatus},
        day=footprint_between(session, now - timedelta(days=1), now) or Footprint(),
        runs=last_runs(session),
    )


def has_personal_mail(session: Session) -> bool:
    """Say whether people can subscribe by mail: there is an enabled channel for it."""
    found = select(schema.Channel.id).where(
        schema.Channel.kind == ChannelKind.EMAIL, schema.Channel.personal, schema.Channel.enabled
    )
    return session.scalar(found.limit(1)) is not None


def _lines() -> Select[Any]:
    return select(
        Digest.id,
        Digest.cadence,
        Digest.slot,
        Digest.number,
        Digest.title,
        Digest.content["line"].as_string().label("line"),
        Digest.content["lead"]["headline"].as_string().label("headline"),
        Digest.frozen_at,
    ).where(Digest.frozen_at.is_not(None))


def _next_month(first: datetime) -> datetime:
    return (first + timedelta(days=32)).replace(day=1)
