"""What the feed doctor examines, gathered in one pass a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from trendbot.core.feed_findings import Patient, Specimen
from trendbot.core.mirrors import from_record
from trendbot.store.poll_history import polls_of
from trendbot.store.schema import Entry, Feed, FeedState

SPECIMENS = 50
"""Newest entries of a feed that are looked at."""
LOOK_BACK = timedelta(days=4 * 365)
"""Posting days older than this say nothing of a feed's habits."""
_END = 160
"""Characters at the end of a text in which a paywall would speak."""


def patients(session: Session, *, now: datetime, only: Collection[int] | None = None) -> tuple[Patient, ...]:
    """Return all feeds that are or were polled, by title, with what is examined; `only` narrows to these feeds.

    Feeds made by importing entries are never polled, and left out.
    """
    mine = _narrowed(Feed.id, only)
    query = (
        select(Feed, FeedState)
        .join(FeedState, FeedState.feed_id == Feed.id)
        .where(mine, Feed.url.like("http%"))
        .order_by(func.lower(Feed.title), Feed.id)
    )
    days, fresh = _days(session, now, only), _fresh(session, now, only)
    specimens, polls = _specimens(session, only), polls_of(session, only)
    return tuple(
        _patient(
            feed,
            state,
            now=now,
            days=days.get(feed.id, {}),
            fresh=fresh.get(feed.id, 0),
            specimens=tuple(specimens.get(feed.id, ())),
            polls=polls.get(feed.id, ()),
        )
        for feed, state in session.execute(query)
    )


def _narrowed(column: Any, only: Collection[int] | None) -> ColumnElement[bool]:
    return column.in_(only) if only is not None else column.is_not(None)  # type: ignore[no-any-return]


def _patient(feed: Feed, state: FeedState, **found: Any) -> Patient:
    stand_in = from_record(state.stand_in)
    return Patient(
        id=feed.id,
        title=feed.title,
        url=feed.url,
        site_url=feed.site_url,
        enabled=feed.enabled,
        mirrors=tuple(feed.mirrors),
        added_at=feed.added_at,
        polled_at=state.polled_at,
        succeeded_at=state.succeeded_at,
        gone_at=state.gone_at,
        failures=state.failures,
        status=state.status,
        error=state.error,
        moved_to=state.moved_to,
        moved_polls=state.moved_polls,
        stand_in=stand_in.address if stand_in else None,
        stand_in_since=stand_in.since if stand_in else None,
        stand_in_reason=stand_in.reason if stand_in else "",
        **found,
    )


def _days(session: Session, now: datetime, only: Collection[int] | None) -> dict[int, dict[date, int]]:
    """Return how many entries each feed posted on each day (UTC), as far as their days are known."""
    day = func.date(Entry.dated_at)
    known = or_(Entry.published_at.is_not(None), Entry.updated_at.is_not(None), Entry.backlog.is_(False))
    query = (
        select(Entry.feed_id, day, func.count())
        .where(_narrowed(Entry.feed_id, only), Entry.dated_at >= now - LOOK_BACK, known)
        .group_by(Entry.feed_id, day)
    )
    found: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for feed_id, when, count in session.execute(query):
        found[feed_id][date.fromisoformat(str(when))] = count
    return found


def _fresh(session: Session, now: datetime, only: Collection[int] | None) -> dict[int, int]:
    """Return how many entries each feed brought in the last day, old ones of new feeds apart."""
    query = (
        select(Entry.feed_id, func.count())
        .where(
            _narrowed(Entry.feed_id, only),
            Entry.seen_at > now - timedelta(days=1),
            Entry.seen_at <= now,
            Entry.backlog.is_(False),
        )
        .group_by(Entry.feed_id)
    )
    return dict(session.execute(query).all())


def _specimens(session: Session, only: Collection[int] | None) -> dict[int, list[Specimen]]:
    found: defaultdict[int, list[Specimen]] = defaultdict(list)
    for row in session.execute(_newest(only)):
        found[row.feed_id].append(_specimen(row))
    return found


def _newest(only: Collection[int] | None) -> Select[Any]:
    """Select the newest entries of each feed: the ranking reads an index's worth of columns, the texts come after."""
    place = func.row_number().over(partition_by=Entry.feed_id, order_by=(Entry.seen_at.desc(), Entry.dated_at.desc()))
    ranked = (
        select(Entry.id, place.label("place"))
        .where(_narrowed(Entry.feed_id, only), Entry.withdrawn_at.is_(None))
        .subquery()
    )
    text = func.coalesce(func.nullif(Entry.content, ""), Entry.summary)
    return (
        select(
            Entry.feed_id,
            Entry.title,
            Entry.url,
            Entry.published_at,
            Entry.updated_at,
            Entry.seen_at,
            Entry.backlog,
            func.length(text).label("length"),
            func.substr(text, func.length(text) - _END, _END + 1).label("end"),
            and_(func.length(text) > 0, func.lower(text) == func.lower(Entry.title)).label("same_as_title"),
        )
        .join(ranked, ranked.c.id == Entry.id)
        .where(ranked.c.place <= SPECIMENS)
        .order_by(Entry.feed_id, ranked.c.place)
    )


def _specimen(row: Row[Any]) -> Specimen:
    return Specimen(
        title=row.title,
        url=row.url,
        published_at=row.published_at,
        updated_at=row.updated_at,
        seen_at=row.seen_at,
        backlog=row.backlog,
        length=row.length,
        end=row.end,
        same_as_title=bool(row.same_as_title),
    )
