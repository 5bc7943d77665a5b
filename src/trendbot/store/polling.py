"""The polling of feeds, on the database's side: what is due, who polls it, and what came of it.

A feed is *claimed* before it is asked (a conditional update decides between two pollers) and *settled* afterwards: its
entries, its validators and its next date are written in one transaction, which also ends the claim.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from trendbot.core import mirrors
from trendbot.core.entries import ParsedFeed
from trendbot.core.polling import Outcome, PollFacts, PollPolicy, PollState, new_address, retry_after, settled
from trendbot.core.urls import host_of
from trendbot.store.entry_writing import Applied, apply_document
from trendbot.store.poll_history import keep_polls, poll_rows
from trendbot.store.schema import Feed as FeedRow
from trendbot.store.schema import FeedState, Host

THROTTLED = frozenset({429, 503})
_STATE = tuple(field.name for field in fields(PollState))


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """The feeds to ask now, as (number, host) in order of their dates; and how many are to be left in peace."""

    feeds: tuple[tuple[int, str], ...]
    not_due: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A claimed feed."""

    feed_id: int
    url: str
    title: str
    user_agent: str | None
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
    query = select(FeedRow, FeedState).join(FeedState).where(FeedRow.id.in_(claimed))
    targets = {feed.id: _target(feed, state, now) for feed, state in session.execute(query)}
    return tuple(targets[feed_id] for feed_id in feed_ids if feed_id in targets)


def _target(feed: FeedRow, state: FeedState, now: datetime) -> Target:
    return Target(
        feed_id=feed.id,
        url=mirrors.address_to_ask(feed.url, mirrors.from_record(state.stand_in), now),
        title=feed.title,
        user_agent=feed.user_agent,
        state=PollState(**{name: getattr(state, name) for name in _STATE}),
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


def settle(session: Session, polled: Sequence[Polled], *, policy: PollPolicy) -> tuple[Applied, ...]:
    """Write what polls found: entries, validators, next dates; and end the claims. One result a poll, in order."""
    history: list[dict[str, Any]] = []
    feed_ids = [one.target.feed_id for one in polled]
    rows = session.execute(select(FeedState, FeedRow).join(FeedRow).where(FeedState.feed_id.in_(feed_ids))).all()
    applied = tuple(_settle(session, one, policy, history) for one in polled)
    keep_polls(session, history)
    session.flush()
    del rows  # held until here, so that `session.get` finds each row without asking again
    return applied


def _settle(session: Session, polled: Polled, policy: PollPolicy, history: list[dict[str, Any]]) -> Applied:
    target, facts = polled.target, polled.facts
    row = session.get(FeedState, target.feed_id)
    if row is None:  # removed while it was polled
        return Applied()
    applied = Applied()
    if polled.parsed is not None:
        applied = apply_document(
            session,
            target.feed_id,
            polled.parsed,
            first=row.succeeded_at is None,
            listed=row.listing,
            now=polled.at,
            policy=policy,
            elsewhere=target.state.validated_url not in (None, facts.url),
        )
        row.listing = list(applied.listing)
        _adopt_title(session, target.feed_id, polled.parsed.title)
    listed = len(polled.parsed.entries) if polled.parsed else 0
    history.extend(poll_rows(target.feed_id, facts, applied, listed=listed, at=polled.at))
    state = settled(target.feed_id, target.state, facts, now=polled.at, policy=policy)
    state = replace(state, counts=_counted(state, facts, applied))
    state = _with_mirrors(session, row, polled, state, policy)
    for name in _STATE:
        setattr(row, name, getattr(state, name))
    row.leased_until = row.leased_by = None
    _note_host(session, facts, target.url, polled.at, policy)
    _move(session, target, row, state, policy)
    return applied


def _adopt_title(session: Session, feed_id: int, title: str) -> None:
    """Let a feed that no one has named yet go by the name that it gives itself."""
    feed = session.get(FeedRow, feed_id)
    if feed is not None and title and feed.title == feed.url:
        feed.title = title


def _with_mirrors(session: Session, row: FeedState, polled: Polled, state: PollState, policy: PollPolicy) -> PollState:
    """Decide which address is asked next; return the state that follows from it."""
    target, feed = polled.target, session.get(FeedRow, polled.target.feed_id)
    if feed is None or not (feed.mirrors or row.stand_in):
        return state
    old = mirrors.from_record(row.stand_in)
    new = mirrors.after_poll(
        feed.url, feed.mirrors, old, asked=target.url, facts=polled.facts, failures=state.failures, now=polled.at
    )
    row.stand_in = mirrors.to_record(new)
    home = target.url == feed.url
    return mirrors.state_after(
        target.feed_id, target.state, state, changed=(old, new), home=home, now=polled.at, policy=policy
    )


def _counted(state: PollState, facts: PollFacts, applied: Applied) -> dict[str, int]:
    more = {
        "polls": 1,
        "unmodified": int(facts.status == HTTPStatus.NOT_MODIFIED),
        "changed": int(facts.outcome is Outcome.CHANGED),
        "failed": int(facts.outcome is Outcome.FAILED),
        "new": applied.new,
        "edited": applied.edited,
        "renamed": applied.renamed,
    }
    return {name: state.counts.get(name, 0) + number for name, number in more.items()}


def _note_host(session: Session, facts: PollFacts, url: str, now: datetime, policy: PollPolicy) -> None:
    """Keep what a host told us, for all of its feeds and across restarts."""
    until = retry_after(facts.headers, now, cap=policy.hint_cap) if facts.status in THROTTLED else None
    if until is None:
        return
    for name in {host_of(url), host_of(facts.url)}:
        host = session.get(Host, name) or Host(name=name)
        host.not_before = max(until, host.not_before or until)
        host.asked_at = now
        session.add(host)
    session.flush()


def _move(session: Session, target: Target, row: FeedState, state: PollState, policy: PollPolicy) -> None:
    """Take over a new address; where another feed has it already, this one is switched off."""
    address = new_address(target.url, state, policy=policy)
    feed = session.get(FeedRow, target.feed_id)
    if address is None or feed is None or feed.url != target.url:
        return
    other = session.scalar(select(FeedRow).where(FeedRow.url == address))
    if other is not None:
        feed.enabled = False
        row.error = f"moved to {address}, which is followed as {other.title!r}"
        return
    feed.url = address
    row.moved_to, row.moved_polls = None, 0
