"""After each answer: what to remember of a feed, and when to ask it again.

    PollState ──+ PollFacts + now──► PollState        (settled)
    headers   ──────────────► how long we were told to stay away

Hints of the server and of the document only ever lengthen the time to the next poll, within `PollPolicy.hint_cap`.
Everything is deterministic: the jitter comes from the feed's number and the hour, so that a replay asks at the same
instants.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from trendbot.core.entries import BACKLOG_AGE, FeedHints
from trendbot.core.rhythm import learned, wait
from trendbot.core.urls import host_of, is_front_page

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS})
_LONGEST = 10**9


@dataclass(frozen=True, kw_only=True, slots=True)
class PollPolicy:
    """What an operator and good manners allow."""

    interval: timedelta = HOUR
    """Shortest time between two polls of a feed."""
    max_interval: timedelta = DAY
    """Longest time between two polls of a healthy feed."""
    hint_cap: timedelta = timedelta(days=7)
    """Longest time that a server can make us wait."""
    failure_cap: timedelta = timedelta(days=7)
    backlog_age: timedelta = BACKLOG_AGE
    moved_after: int = 3
    """Polls in a row that must be redirected permanently to one address before it is taken over."""
    connections: int = 64
    per_host: int = 2
    host_gap: timedelta = timedelta(seconds=0.5)
    """Time between the starts of two requests to one host."""
    lease: timedelta = timedelta(minutes=15)
    """How long a claimed feed stays claimed where its poller vanished without a trace."""


class Outcome(enum.StrEnum):
    """How a poll ended."""

    CHANGED = "changed"
    SAME = "same"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class PollFacts:
    """What one poll found; `url` is the address that answered."""

    outcome: Outcome
    url: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    moved_to: str = ""
    reason: str | None = None
    network: bool = False
    body_hash: str | None = None
    hints: FeedHints | None = None
    posted: tuple[datetime | None, ...] = ()
    """The dates of the entries in the document."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PollState:
    """What is remembered of a feed between polls; `hints` holds `told` (seconds), `skip_hours`, `skip_days`."""

    next_poll_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    validated_url: str | None = None
    body_hash: str | None = None
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    changed_at: datetime | None = None
    gone_at: datetime | None = None
    moved_to: str | None = None
    moved_polls: int = 0
    failures: int = 0
    status: int | None = None
    error: str | None = None
    hints: Mapping[str, object] = field(default_factory=dict)
    rhythm: Mapping[str, object] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


def settled(
    feed_id: int,
    state: PollState,
    facts: PollFacts,
    *,
    now: datetime,
    policy: PollPolicy,
    counts: Mapping[str, int] | None = None,
) -> PollState:
    """Return the state after a poll; `counts` takes the place of the former ones."""
    counts = state.counts if counts is None else counts
    if facts.outcome is Outcome.FAILED:
        return replace(_after_failure(feed_id, state, facts, now=now, policy=policy), counts=counts)
    hints = _hints(state, facts, now)
    after = replace(
        state,
        etag=_validator("etag", state.etag, facts),
        last_modified=_validator("last-modified", state.last_modified, facts),
        validated_url=facts.url,
        body_hash=facts.body_hash or state.body_hash,
        polled_at=now,
        succeeded_at=now,
        changed_at=now if facts.outcome is Outcome.CHANGED else state.changed_at,
        gone_at=now if facts.hints is not None and facts.hints.expired else None,
        moved_to=facts.moved_to or None,
        moved_polls=_moved_polls(state, facts),
        failures=0,
        status=facts.status,
        error=None,
        hints=hints,
        rhythm=learned(state.rhythm, facts.posted, now) if facts.posted else state.rhythm,
        counts=counts,
    )
    return replace(after, next_poll_at=next_poll_at(feed_id, after, now=now, policy=policy))


def _moved_polls(state: PollState, facts: PollFacts) -> int:
    if not facts.moved_to:
        return 0
    return state.moved_polls + 1 if facts.moved_to == state.moved_to else 1


def _validator(name: str, old: str | None, facts: PollFacts) -> str | None:
    """Keep a validator as it stands; where a 304 does not repeat it, the old one holds."""
    return facts.headers.get(name, old if facts.status == HTTPStatus.NOT_MODIFIED else None)


def _hints(state: PollState, facts: PollFacts, now: datetime) -> Mapping[str, object]:
    """Keep what the document said until it says otherwise, and what the server said this time."""
    hints = dict(state.hints)
    if facts.hints is not None:
        hints = {
            "ttl": facts.hints.ttl.total_seconds() if facts.hints.ttl else 0,
            "skip_hours": sorted(facts.hints.skip_hours),
            "skip_days": sorted(facts.hints.skip_days),
        }
    return hints | {"fresh": freshness(facts.headers, now).total_seconds()}


def next_poll_at(feed_id: int, state: PollState, *, now: datetime, policy: PollPolicy) -> datetime:
    """Return when to ask a healthy feed again: its own interval, lengthened by what was said, with jitter."""
    own = interval(state, now=now, policy=policy)
    told = min(policy.hint_cap, max(_seconds(state.hints.get("ttl")), _seconds(state.hints.get("fresh"))))
    pause = max(own, told)
    at = now + pause + jitter(feed_id, now, pause)
    return _past_skipped(at, state.hints)


def interval(state: PollState, *, now: datetime, policy: PollPolicy) -> timedelta:
    """Return the time after which the feed's own rhythm makes a poll worthwhile."""
    return wait(
        state.rhythm,
        now=now,
        changed_at=state.changed_at,
        shortest=policy.interval,
        longest=max(policy.interval, policy.max_interval),
    )


def jitter(feed_id: int, now: datetime, pause: timedelta) -> timedelta:
    """Return 0 to 10 % of `pause`, the same for the same feed and hour."""
    seed = hashlib.sha256(f"{feed_id}:{int(now.timestamp() // 3600)}".encode()).digest()
    return pause * (int.from_bytes(seed[:4], "big") / 2**32 * 0.1)


def _seconds(value: object) -> timedelta:
    return (
        timedelta(seconds=min(float(value), _LONGEST)) if isinstance(value, int | float) and value > 0 else timedelta()
    )


def _past_skipped(at: datetime, hints: Mapping[str, object]) -> datetime:
    """Move `at` on to the next hour that the feed does not ask to be left alone in."""
    hours, days = hints.get("skip_hours") or (), hints.get("skip_days") or ()
    if not isinstance(hours, list | tuple) or not isinstance(days, list | tuple):
        return at
    for _ in range(24 * 8):
        if at.hour not in hours and at.weekday() not in days:
            return at
        at += HOUR
    return at


def freshness(headers: Mapping[str, str], now: datetime) -> timedelta:
    """Return how long the server said its answer holds: Cache-Control before Expires, Age deducted; zero if unsaid."""
    control = headers.get("cache-control", "").lower()
    directives = dict(part.strip().partition("=")[::2] for part in control.split(","))
    if "no-cache" in directives or "no-store" in directives:
        return timedelta()
    if "max-age" in directives:
        age = _number(headers.get("age", "0"))
        return timedelta(seconds=max(0, _number(directives["max-age"].strip('"')) - age))
    expires = http_date(headers.get("expires", ""))
    return max(timedelta(), expires - now) if expires else timedelta()


def retry_after(headers: Mapping[str, str], now: datetime, *, cap: timedelta) -> datetime | None:
    """Return until when a Retry-After header (seconds or a date) asks us to stay away, at most `cap` from now."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    until = now + timedelta(seconds=_number(text)) if text.isdigit() else http_date(text)
    return min(until, now + cap) if until and until > now else None


def http_date(text: str) -> datetime | None:
    """Return an HTTP date as an aware instant, None where it is none."""
    try:
        instant = parsedate_to_datetime(text.strip())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _number(text: str) -> int:
    text = text.strip().lstrip("0")
    return int(text[:10]) if text.isascii() and text.isdigit() else 0


# -- failures ----------------------------------------------------------------------------------------------------------


def _after_failure(feed_id: int, state: PollState, facts: PollFacts, *, now: datetime, policy: PollPolicy) -> PollState:
    failures = state.failures + 1
    pause = back_off(facts, failures, policy=policy)
    asked = retry_after(facts.headers, now, cap=policy.hint_cap)
    at = now + pause + jitter(feed_id, now, pause)
    return replace(
        state,
        polled_at=now,
        failures=failures,
        status=facts.status,
        error=facts.reason,
        gone_at=now if facts.status == HTTPStatus.GONE else state.gone_at,
        moved_polls=0,
        next_poll_at=max(at, asked) if asked else at,
    )


def back_off(facts: PollFacts, failures: int, *, policy: PollPolicy) -> timedelta:
    """Return how long to leave a feed alone after its `failures`-th failure in a row.

    404: hours, then days, never for good (some large sites answer it in spells). 401 and 403: days. No connection: the
    usual interval for the first three, since it is likely to be our own network. Anything else doubles up to a day.
    """
    if facts.status == HTTPStatus.NOT_FOUND:
        return _doubled(6 * HOUR, failures, policy.failure_cap)
    if facts.status in REFUSALS:
        return _doubled(DAY, failures, policy.failure_cap)
    if facts.network:
        return _doubled(policy.interval, failures - 2, DAY)
    return _doubled(policy.interval, failures, DAY)


def _doubled(first: timedelta, times: int, cap: timedelta) -> timedelta:
    factor: int = 1 << min(max(times - 1, 0), 20)
    return min(first * factor, cap)


# -- moving ------------------------------------------------------------------------------------------------------------


def new_address(url: str, state: PollState, *, policy: PollPolicy) -> str | None:
    """Return the address to take over for the feed at `url`, None where it stays.

    A permanent redirect must have held for several polls that all brought a feed, and must not end on the front page
    of another site, where parked and dissolved sites lead.
    """
    target = state.moved_to
    if not target or state.moved_polls < policy.moved_after or target == url:
        return None
    return None if is_front_page(target) and host_of(target) != host_of(url) else target
