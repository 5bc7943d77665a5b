"""What came of a poll: entries, validators and the next date of many feeds, in one transaction.

Everything is plain columns and as few statements as there are kinds of change: the entries of all feeds go in with one
statement, and so do the states in which the same columns changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from trendbot.core import mirrors
from trendbot.core.polling import Outcome, PollFacts, PollPolicy, PollState, new_address, retry_after, settled
from trendbot.core.urls import host_of
from trendbot.store.chunks import chunks
from trendbot.store.entry_writing import Applied, Listed, apply_document
from trendbot.store.poll_history import keep_polls, poll_rows
from trendbot.store.polling import STATE, THROTTLED, Polled, Target
from trendbot.store.schema import Entry, FeedState, Host
from trendbot.store.schema import Feed as FeedRow

_WHICH = "settled_feed"
_FEEDS: Table = FeedRow.__table__  # type: ignore[assignment]  # plain tables, to be quick
_STATES: Table = FeedState.__table__  # type: ignore[assignment]
_ENTRIES: Table = Entry.__table__  # type: ignore[assignment]


@dataclass(kw_only=True, slots=True)
class _Writing:
    """What is still to be written when every poll of a batch has been judged."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    titles: list[dict[str, Any]] = field(default_factory=list)


def settle(session: Session, polled: Sequence[Polled], *, policy: PollPolicy) -> tuple[Applied, ...]:
    """Write what polls found: entries, validators, next dates; and end the claims. One result a poll, in order.

    Entries are numbered in the order of the feeds and, within each, of its document, whichever answered first.
    """
    session.flush()
    listed = _listed(session, [one.target.feed_id for one in polled if one.facts.outcome is not Outcome.SAME])
    writing = _Writing()
    applied = {
        one.target.feed_id: _settle(session, one, policy, listed.get(one.target.feed_id), writing)
        for one in sorted(polled, key=lambda one: one.target.feed_id)
    }
    if writing.entries:
        session.execute(insert(_ENTRIES), writing.entries)
    _write_titles(session, writing.titles)
    _write_states(session, writing.states)
    keep_polls(session, writing.history)
    session.expire_all()  # objects that the caller holds know nothing of plain statements
    return tuple(applied[one.target.feed_id] for one in polled)


def _listed(session: Session, feed_ids: Sequence[int]) -> dict[int, Listed]:
    """Read what the feeds listed until now; feeds that were removed while they were polled are not among them."""
    found = {}
    for part in chunks(feed_ids):
        query = select(FeedState.feed_id, FeedState.succeeded_at, FeedState.listing, FeedState.missing)
        for feed_id, succeeded_at, listing, missing in session.execute(query.where(FeedState.feed_id.in_(part))):
            found[feed_id] = Listed(first=succeeded_at is None, marks=tuple(listing), missing=tuple(missing))
    return found


def _write_states(session: Session, states: Iterable[Mapping[str, Any]]) -> None:
    """Update the states with one statement for all in which the same columns change."""
    alike: defaultdict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for state in states:
        alike[tuple(sorted(state))].append(state)
    statement = update(_STATES).where(_STATES.c.feed_id == bindparam(_WHICH))
    for rows in alike.values():
        session.execute(statement, rows)


def _settle(session: Session, polled: Polled, policy: PollPolicy, listed: Listed | None, writing: _Writing) -> Applied:
    target, facts = polled.target, polled.facts
    if listed is None and facts.outcome is not Outcome.SAME:  # removed while it was polled
        return Applied()
    applied, more = Applied(), dict[str, Any]()
    if polled.parsed is not None and listed is not None:
        elsewhere = target.state.validated_url not in (None, facts.url)
        rows, applied = apply_document(
            session, target.feed_id, polled.parsed, listed=listed, now=polled.at, policy=policy, elsewhere=elsewhere
        )
        writing.entries.extend(rows)
        more = {"listing": list(applied.listing), "missing": list(applied.missing)}
        if polled.parsed.title and target.title == target.home:
            writing.titles.append({_WHICH: target.feed_id, "title": polled.parsed.title})
    count = len(polled.parsed.entries) if polled.parsed else 0
    writing.history.extend(poll_rows(target.feed_id, facts, applied, listed=count, at=polled.at))
    state = settled(target.feed_id, target.state, facts, now=polled.at, policy=policy, counts=_counted(polled, applied))
    state, stand_in = _with_mirrors(polled, state, policy)
    if stand_in is not target.stand_in:
        more["stand_in"] = mirrors.to_record(stand_in)
    _note_host(session, facts, target.url, polled.at, policy)
    state = _move(session, target, state, policy)
    writing.states.append(_changes(target, state) | more)
    return applied


def _changes(target: Target, state: PollState) -> dict[str, Any]:
    """Return the columns in which the state differs from the one that was claimed, and the end of the claim."""
    changes = {_WHICH: target.feed_id, "leased_until": None, "leased_by": None}
    for name in STATE:
        before, after = getattr(target.state, name), getattr(state, name)
        if before is not after and before != after:
            changes[name] = after
    return changes


def _write_titles(session: Session, titles: Sequence[Mapping[str, Any]]) -> None:
    """Let feeds that no one has named yet go by the names that they give themselves."""
    unnamed = update(_FEEDS).where(_FEEDS.c.id == bindparam(_WHICH), _FEEDS.c.title == _FEEDS.c.url)
    if titles:
        session.execute(unnamed, titles)


def _with_mirrors(polled: Polled, state: PollState, policy: PollPolicy) -> tuple[PollState, mirrors.StandIn | None]:
    """Decide which address is asked next; return the state that follows from it, and what stands in."""
    target, old = polled.target, polled.target.stand_in
    if not (target.mirrors or old):
        return state, old
    new = mirrors.after_poll(
        target.home, target.mirrors, old, asked=target.url, facts=polled.facts, failures=state.failures, now=polled.at
    )
    home = target.url == target.home
    after = mirrors.state_after(
        target.feed_id, target.state, state, changed=(old, new), home=home, now=polled.at, policy=policy
    )
    return after, new


def _counted(polled: Polled, applied: Applied) -> dict[str, int]:
    facts, counts = polled.facts, polled.target.state.counts
    more = {
        "polls": 1,
        "unmodified": int(facts.status == HTTPStatus.NOT_MODIFIED),
        "changed": int(facts.outcome is Outcome.CHANGED),
        "failed": int(facts.outcome is Outcome.FAILED),
        "new": applied.new,
        "edited": applied.edited,
        "renamed": applied.renamed,
    }
    return {name: counts.get(name, 0) + number for name, number in more.items()}


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


def _move(session: Session, target: Target, state: PollState, policy: PollPolicy) -> PollState:
    """Take over a new address; where another feed has it already, this one is switched off."""
    address = new_address(target.url, state, policy=policy)
    if address is None or target.home != target.url:
        return state
    mine = update(FeedRow).where(FeedRow.id == target.feed_id, FeedRow.url == target.home)
    quietly = {"synchronize_session": False}
    other = session.scalar(select(FeedRow.title).where(FeedRow.url == address))
    if other is not None:
        session.execute(mine.values(enabled=False), execution_options=quietly)
        return replace(state, error=f"moved to {address}, which is followed as {other!r}")
    session.execute(mine.values(url=address), execution_options=quietly)
    return replace(state, moved_to=None, moved_polls=0)
