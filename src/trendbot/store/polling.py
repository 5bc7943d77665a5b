"""The polling of feeds, on the database's side: what is due, and who polls it.

A feed is *claimed* before it is asked (a conditional update decides between two pollers) and *settled* afterwards (see
`settling.py`), which also ends the claim. Plain columns are read, no objects: there may be ten thousand feeds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select, update
from sqlalchemy.orm import Session

from trendbot.core import mirrors
from trendbot.core.entries import ParsedFeed
from trendbot.core.mirrors import StandIn
from trendbot.core.polling import PollFacts, PollState
from trendbot.core.urls import host_of
from trendbot.store.schema import Feed as FeedRow
from trendbot.store.schema import FeedState, Host

THROTTLED = frozenset({429, 503})
STATE = tuple(field.name for field in fields(PollState))
"""The columns of `feed_states` that are a PollState."""
_FEED = (FeedRow.id, FeedRow.url, FeedRow.title, FeedRow.user_agent, FeedRow.mirrors, FeedState.stand_in)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """The feeds to ask now, as (number, host) in order of their dates; and how many are to be left in peace."""

    feeds: tuple[tuple[int, str], ...]
    not_due: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A claimed feed. `url` is the address to ask: the feed's own, `home`, or that of the mirror that stands in."""

    feed_id: int
    url: str
    home: str
    title: str
    user_agent: str | None
    mirrors: tuple[str, ...]
    stand_in: StandIn | None
    state: PollState


@dataclass(frozen=True, kw_only=True, slots=True)
class Polled:
    """A target, what its poll found, and when."""

    target: Target
    facts: PollFacts
    parsed: ParsedFeed | None
    at: datetime


def due_feeds(session: Session, *, now: datetime, force: bool = False, only: Collection[int] | None = None) -> Due:
    """Return which feeds to ask at `now`.

    Disabled feeds and those that are gone for good are never asked. `force` asks also what is not due, but nothing at
    a host that told us to stay away until later. `only` narrows to these feeds.
    """
    query = (
        select(FeedRow.id, FeedRow.url, FeedState.next_poll_at, FeedState.leased_until, FeedState.stand_in)
        .join(FeedState, FeedState.feed_id == FeedRow.id)
        .where(FeedRow.enabled, FeedState.gone_at.is_(None))
        .order_by(FeedState.next_poll_at, FeedRow.id)
    )
    closed = closed_hosts(session, now)
    feeds, not_due = [], 0
    wanted = None if only is None else set(only)
    for feed_id, url, next_poll_at, leased_until, stand_in in session.execute(query):
        if wanted is not None and feed_id not in wanted:
            continue
        host = host_of(mirrors.address_to_ask(url, mirrors.from_record(stand_in), now))
        leased = leased_until is not None and leased_until > now
        if leased or host in closed or (next_poll_at > now and not force):
            not_due += 1
        else:
            feeds.append((feed_id, host))
    return Due(feeds=tuple(feeds), not_due=not_due)


def closed_hosts(session: Session, now: datetime) -> dict[str, datetime]:
    """Return the hosts that asked to be left in peace beyond `now`, and until when."""
    rows = session.execute(select(Host.name, Host.not_before).where(Host.not_before > now))
    return {name: until for name, until in rows if until is not None}


def claim(
    session: Session, feed_ids: Sequence[int], *, holder: str, now: datetime, until: datetime
) -> tuple[Target, ...]:
    """Claim those of the feeds that nobody else has claimed, and return them in the order given."""
    free = or_(FeedState.leased_until.is_(None), FeedState.leased_until <= now)
    claimed = session.scalars(
        update(FeedState)
        .where(FeedState.feed_id.in_(feed_ids), free)
        .values(leased_until=until, leased_by=holder)
        .returning(FeedState.feed_id),
        execution_options={"synchronize_session": False},
    ).all()
    query = select(*_FEED, *(getattr(FeedState, name) for name in STATE)).join(FeedState).where(FeedRow.id.in_(claimed))
    targets = {row[0]: _target(row, now) for row in session.execute(query)}
    return tuple(targets[feed_id] for feed_id in feed_ids if feed_id in targets)


def _target(row: Row[Any], now: datetime) -> Target:
    feed_id, home, title, user_agent, others, record, *state = tuple(row)
    stand_in = mirrors.from_record(record)
    return Target(
        feed_id=feed_id,
        url=mirrors.address_to_ask(home, stand_in, now),
        home=home,
        title=title,
        user_agent=user_agent,
        mirrors=tuple(others),
        stand_in=stand_in,
        state=PollState(**dict(zip(STATE, state, strict=True))),
    )


def lease_holders(session: Session) -> tuple[str, ...]:
    """Return who holds claims."""
    query = select(FeedState.leased_by).where(FeedState.leased_by.is_not(None)).distinct()
    return tuple(holder for holder in session.scalars(query) if holder is not None)


def release(session: Session, *, holders: Iterable[str]) -> None:
    """End the claims of these holders: those who vanished, or one's own that were not used."""
    session.execute(
        update(FeedState).where(FeedState.leased_by.in_(list(holders))).values(leased_until=None, leased_by=None)
    )
