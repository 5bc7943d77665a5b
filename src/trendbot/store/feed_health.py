"""What the feed doctor examines, gathered in one pass a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from trendbot.core.feed_findings import Patient, Specimen
from trendbot.core.mirrors import from_record
from trendbot.store.poll_history import polls_of
from trendbot.store.schema import Entry, Feed, FeedState
from trendbot.store.types import utc_day

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
    days = _days(session, now, only)
    specimens, polls = _specimens(session, only), polls_of(session, only)
    return tuple(
        _patient(
            feed,
            state,
            now=now,
            days=days[feed.id][0],
            fresh=days[feed.id][1],
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


Days = dict[date, int]


def _days(session: Session, now: datetime, only: Collection[int] | None) -> dict[int, tuple[Days, Days]]:
    """Return how many entries each feed posted on each day (UTC) as far as known, and how many of them are fresh.

    Fresh is what was first seen in the last day, whatever its date; old entries of new feeds are not.
    """
    day = utc_day(Entry.dated_at)
    fresh = and_(Entry.seen_at > now - timedelta(days=1), Entry.seen_at <= now, Entry.backlog.is_(False))
    known = or_(Entry.published_at.is_not(None), Entry.updated_at.is_not(None), Entry.backlog.is_(False))
    query = (
        select(Entry.feed_id, day, func.count(), func.sum(case((fresh, 1), else_=0)))
        .where(_narrowed(Entry.feed_id, only), or_(Entry.dated_at >= now - LOOK_BACK, fresh), known)
        .group_by(Entry.feed_id, day)
    )
    found: defaultdict[int, tuple[Days, Days]] = defaultdict(lambda: ({}, {}))
    for feed_id, when, count, new in session.execute(query):
        every, lately = found[feed_id]
        every[date.fromisoformat(str(when))] = count
        if new:
            lately[date.fromisoformat(str(when))] = int(new)
    return found


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
