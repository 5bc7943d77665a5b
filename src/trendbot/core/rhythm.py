"""When is the next post of a feed likely? A small model of its own hours and weekdays.

From the dates of its newest posts we estimate a rate for every hour of the week: the overall rate, times the weekday's
share, times the hour's share, each drawn a little towards evenness because posts are few. The next poll is due when the
expected number of posts since now reaches `TARGET`. A feed that posts at one hour of weekdays (arXiv) is so asked right
after that hour, and not at weekends; a feed without dates is asked at the shortest interval while it changes, and less
and less often while it does not.

Where nearly all dates are midnight UTC they say the day only, and the hours count as even.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from trendbot.core.entries import believable

MEMORY = 60
"""Posts remembered of a feed."""
WINDOW = timedelta(days=60)
"""Older posts say nothing of today's rhythm."""
ENOUGH = 5
"""Posts below which there is no rhythm to speak of."""
TARGET = 0.25
"""Expected posts that make a poll worthwhile."""
_EVENNESS = 0.1
"""Share of the hours' profile that is even, whatever was seen."""
_WEEKS = 0.5
"""How many even weeks the weekdays' profile starts with."""
_DAY_ONLY = 0.8
_HOUR = timedelta(hours=1)
_HOURS, _DAYS = 24, 7
_DAY_MINUTES = 24 * 60
_WINDOW_MINUTES = int(WINDOW.total_seconds() // 60)
_THURSDAY = 3
"""The weekday of 1970-01-01."""
_CHANGES_PER_WAIT = 10


def learned(rhythm: Mapping[str, object], dates: Iterable[datetime | None], now: datetime) -> dict[str, object]:
    """Return the rhythm with the posts of one more document: ``{"posts": [minutes since 1970, …]}``, sorted."""
    posts = {_minutes(at) for at in dates if at is not None and believable(at, now) and at <= now}
    posts.update(_posts(rhythm))
    return {"posts": sorted(posts)[-MEMORY:]}


def _posts(rhythm: Mapping[str, object]) -> Sequence[int]:
    posts = rhythm.get("posts")
    return [post for post in posts if isinstance(post, int)] if isinstance(posts, list) else []


def _minutes(at: datetime) -> int:
    return int(at.timestamp() // 60)


def wait(
    rhythm: Mapping[str, object],
    *,
    now: datetime,
    changed_at: datetime | None,
    shortest: timedelta,
    longest: timedelta,
) -> timedelta:
    """Return the time until a poll is worthwhile, between `shortest` and `longest`."""
    posts, minute = _posts(rhythm), _minutes(now)
    recent = [post for post in posts if post >= minute - _WINDOW_MINUTES]
    if len(recent) < ENOUGH:
        return _by_changes(len(posts) >= ENOUGH, now, changed_at, shortest, longest)
    per_hour, days, hours = _profile(recent, minute)
    hour = now.replace(minute=0, second=0, microsecond=0)
    passed, lead, expected = (now - hour) / _HOUR, hour - now, 0.0
    slot = hour.weekday() * _HOURS + hour.hour
    while lead < longest:
        expected += per_hour * days[slot // _HOURS % _DAYS] * hours[slot % _HOURS] * (1 - passed)
        passed, lead, slot = 0.0, lead + _HOUR, slot + 1
        if expected >= TARGET and lead >= shortest:
            return lead
    return longest


def _by_changes(
    quiet: bool, now: datetime, changed_at: datetime | None, shortest: timedelta, longest: timedelta
) -> timedelta:
    """Wait a tenth of the time since the last change; a feed that has fallen silent needs no hurry."""
    if quiet:
        return longest
    unchanged = now - changed_at if changed_at else timedelta()
    return min(longest, max(shortest, unchanged / _CHANGES_PER_WAIT))


def _profile(posts: Sequence[int], minute: int) -> tuple[float, list[float], list[float]]:
    """Return the posts an hour, and the rates of weekdays (Monday first) and hours against the average, all UTC."""
    shortest = _DAYS * _DAY_MINUTES if len(posts) < MEMORY else 60
    span = max(shortest, minute - posts[0])
    return len(posts) / (span / 60), _day_profile(posts, span / (_DAYS * _DAY_MINUTES)), _hour_profile(posts)


def _day_profile(posts: Sequence[int], weeks: float) -> list[float]:
    """Return each weekday's rate against the average, 1.0 being even."""
    hits = [0] * _DAYS
    for post in posts:
        hits[(post // _DAY_MINUTES + _THURSDAY) % _DAYS] += 1
    even = len(posts) / _DAYS
    pull = _WEEKS * even / max(weeks, 1.0)
    return [(hit + pull) / (even + pull) for hit in hits]


def _hour_profile(posts: Sequence[int]) -> list[float]:
    """Return each hour's rate against the average; a post counts in part for the hour after its own."""
    hits, midnights = [0] * _HOURS, 0
    for post in posts:
        hits[post // 60 % _HOURS] += 1
        midnights += not post % _DAY_MINUTES
    if midnights >= _DAY_ONLY * len(posts):
        return [1.0] * _HOURS
    average = len(posts) / _HOURS
    weights = (0.6 * hits[hour] + 0.4 * hits[hour - 1] for hour in range(_HOURS))
    return [_EVENNESS + (1 - _EVENNESS) * weight / average for weight in weights]
