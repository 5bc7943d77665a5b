"""When is the next post of a feed likely? A small model of its own hours and weekdays.

From the dates of its newest posts we estimate a rate for every hour of the week: the overall rate, times the weekday's
share, times the hour's share, each drawn a little towards evenness because posts are few. The next poll is due when the
expected number of posts since now reaches `TARGET`. A feed that posts at one hour of weekdays (arXiv) is so asked right
after that hour, and not at weekends; a feed without dates is asked at the shortest interval while it changes, and less
and less often while it does not.

Where nearly all dates are midnight UTC they say the day only, and the hours count as even.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

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
    recent = [post for post in _posts(rhythm) if post >= _minutes(now - WINDOW)]
    if len(recent) < ENOUGH:
        return _by_changes(len(_posts(rhythm)) >= ENOUGH, now, changed_at, shortest, longest)
    rates = _rates(recent, now)
    hour, expected = now.replace(minute=0, second=0, microsecond=0), 0.0
    passed = (now - hour) / _HOUR
    while hour - now < longest:
        expected += rates[hour.weekday() * _HOURS + hour.hour] * (1 - passed)
        passed, hour = 0.0, hour + _HOUR
        if expected >= TARGET and hour - now >= shortest:
            return hour - now
    return longest


def _by_changes(
    quiet: bool, now: datetime, changed_at: datetime | None, shortest: timedelta, longest: timedelta
) -> timedelta:
    """Wait a tenth of the time since the last change; a feed that has fallen silent needs no hurry."""
    if quiet:
        return longest
    unchanged = now - changed_at if changed_at else timedelta()
    return min(longest, max(shortest, unchanged / _CHANGES_PER_WAIT))


def _rates(posts: Sequence[int], now: datetime) -> list[float]:
    """Return the expected posts of each hour of the week, Monday 00:00 UTC first."""
    span = max(_DAYS * 24 * 60, _minutes(now) - posts[0]) if len(posts) < MEMORY else max(60, _minutes(now) - posts[0])
    per_hour = len(posts) / (span / 60)
    instants = [datetime.fromtimestamp(post * 60, UTC) for post in posts]
    days, hours = _day_profile(instants, span / (_DAYS * 24 * 60)), _hour_profile(instants)
    return [per_hour * days[day] * hours[hour] for day in range(_DAYS) for hour in range(_HOURS)]


def _day_profile(instants: Sequence[datetime], weeks: float) -> list[float]:
    """Return each weekday's rate against the average, 1.0 being even."""
    hits = Counter(at.weekday() for at in instants)
    even = len(instants) / _DAYS
    pull = _WEEKS * even / max(weeks, 1.0)
    return [(hits[day] + pull) / (even + pull) for day in range(_DAYS)]


def _hour_profile(instants: Sequence[datetime]) -> list[float]:
    """Return each hour's rate against the average; a post counts in part for the hour after its own."""
    midnights = sum(at.hour == 0 and at.minute == 0 for at in instants)
    if midnights >= _DAY_ONLY * len(instants):
        return [1.0] * _HOURS
    weights = [0.0] * _HOURS
    for at in instants:
        for shift, weight in ((0, 0.6), (1, 0.4)):
            weights[(at.hour + shift) % _HOURS] += weight
    average = len(instants) / _HOURS
    return [_EVENNESS + (1 - _EVENNESS) * weight / average for weight in weights]
