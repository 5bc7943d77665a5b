"""Which address of a feed to ask: its own, or a mirror that stands in while its own is down.

    own ──3 failures in a row──► first mirror ──3 failures──► next mirror … ──► own
    mirror, once a day ──► own is tried: an answer ends the standing-in, a failure is not held against the feed

An address that said 410 (gone for good) is not tried again while a mirror stands in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus

from trendbot.core.polling import Outcome, PollFacts, PollPolicy, PollState, jitter

FAILURES = 3
"""Failures in a row after which the next address is asked."""
HOME = timedelta(days=1)
"""How often a feed's own address is tried while a mirror stands in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """A mirror that is asked instead of a feed's own address; `reason` is what its own address last said."""

    address: str
    since: datetime
    tried_at: datetime
    reason: str = ""
    gone: bool = False


def from_record(record: Mapping[str, object]) -> StandIn | None:
    """Read what `to_record` made; None where no mirror stands in."""
    if not record.get("address"):
        return None
    return StandIn(
        address=str(record["address"]),
        since=datetime.fromisoformat(str(record["since"])),
        tried_at=datetime.fromisoformat(str(record["tried_at"])),
        reason=str(record.get("reason", "")),
        gone=bool(record.get("gone")),
    )


def to_record(stand_in: StandIn | None) -> dict[str, object]:
    """Return `stand_in` as JSON knows it, ``{}`` for none."""
    if stand_in is None:
        return {}
    return {
        "address": stand_in.address,
        "since": stand_in.since.isoformat(),
        "tried_at": stand_in.tried_at.isoformat(),
        "reason": stand_in.reason,
        "gone": stand_in.gone,
    }


def address_to_ask(url: str, stand_in: StandIn | None, now: datetime) -> str:
    """Return the address to ask at `now` for the feed whose own address is `url`."""
    if stand_in is None or (not stand_in.gone and now - stand_in.tried_at >= HOME):
        return url
    return stand_in.address


def after_poll(
    url: str,
    mirrors: Sequence[str],
    stand_in: StandIn | None,
    *,
    asked: str,
    facts: PollFacts,
    failures: int,
    now: datetime,
) -> StandIn | None:
    """Return what stands in after a poll of the address `asked` that left `failures` in a row."""
    failed = facts.outcome is Outcome.FAILED
    gone = facts.status == HTTPStatus.GONE
    if asked != url:
        worn_out = failed and (failures >= FAILURES or gone)
        return _next(mirrors, stand_in) if stand_in is not None and worn_out else stand_in
    if not failed:
        return None
    reason = facts.reason or ""
    if stand_in is not None:
        return replace(stand_in, tried_at=now, reason=reason, gone=gone)
    others = [mirror for mirror in mirrors if mirror != url]
    if not others or not (gone or failures >= FAILURES):
        return None
    return StandIn(address=others[0], since=now, tried_at=now, reason=reason, gone=gone)


def _next(mirrors: Sequence[str], stand_in: StandIn) -> StandIn | None:
    later = mirrors[mirrors.index(stand_in.address) + 1 :] if stand_in.address in mirrors else ()
    if later:
        return replace(stand_in, address=later[0])
    return replace(stand_in, address=mirrors[0]) if mirrors and stand_in.gone else None


def state_after(
    feed_id: int,
    before: PollState,
    after: PollState,
    *,
    changed: tuple[StandIn | None, StandIn | None],
    home: bool,
    now: datetime,
    policy: PollPolicy,
) -> PollState:
    """Return the polling state after a poll, given what stood in before and stands in now.

    A feed whose mirror works is well: trying its own address (`home`) in vain counts as no failure. A new stand-in is
    asked after the usual interval and not after the failure's back-off. Redirects of a mirror do not move the feed.
    """
    old, new = changed
    soon = now + policy.interval + jitter(feed_id, now, policy.interval)
    if old is not None and new is not None and home:
        return replace(before, polled_at=now, next_poll_at=soon, counts=after.counts)
    if new is not None and (old is None or old.address != new.address):
        return replace(after, next_poll_at=min(soon, after.next_poll_at), gone_at=None, moved_to=None, moved_polls=0)
    return after if home else replace(after, moved_to=None, moved_polls=0)
