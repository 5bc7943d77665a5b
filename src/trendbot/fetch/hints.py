"""What a document says on how often it changes: ttl, skipHours, skipDays, sy:updatePeriod; read without parsing it."""

from __future__ import annotations

import re
from datetime import timedelta

from trendbot.core.entries import FeedHints

_ALL_HOURS = 24
_HEAD = 65_536
"""Bytes in which channel elements are looked for."""
_ANY = re.compile(rb"<(?:ttl|skip|sy:)", re.IGNORECASE)
_TTL = re.compile(rb"<ttl>\s*(\d{1,6})\s*</ttl>", re.IGNORECASE)
_PERIOD = re.compile(rb"<sy:updatePeriod[^>]{0,200}>\s*([a-z]+)\s*</sy:updatePeriod>", re.IGNORECASE)
_FREQUENCY = re.compile(rb"<sy:updateFrequency[^>]{0,200}>\s*(\d{1,4})\s*</sy:updateFrequency>", re.IGNORECASE)
_SKIP_HOURS = re.compile(rb"<skipHours>(.{0,2000}?)</skipHours>", re.IGNORECASE | re.DOTALL)
_SKIP_DAYS = re.compile(rb"<skipDays>(.{0,1000}?)</skipDays>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAY = re.compile(rb"<day>\s*([a-z]+)\s*</day>", re.IGNORECASE)
_PERIODS = {
    b"hourly": timedelta(hours=1),
    b"daily": timedelta(days=1),
    b"weekly": timedelta(weeks=1),
    b"monthly": timedelta(days=30),
    b"yearly": timedelta(days=365),
}
_DAYS = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")


def read_hints(body: bytes, *, expired: bool = False) -> FeedHints:
    """Return the hints in the head of `body`; nonsense counts as nothing said."""
    head = body[:_HEAD]
    if not _ANY.search(head):
        return FeedHints(expired=expired)
    hours = frozenset(int(hour) % 24 for hour in _inside(_SKIP_HOURS, _HOUR, head))
    days = frozenset(_DAYS.index(day.lower()) for day in _inside(_SKIP_DAYS, _DAY, head) if day.lower() in _DAYS)
    return FeedHints(
        ttl=max(_ttl(head), _period(head)) or None,
        skip_hours=hours if len(hours) < _ALL_HOURS else frozenset(),
        skip_days=days if len(days) < len(_DAYS) else frozenset(),
        expired=expired,
    )


def _inside(outer: re.Pattern[bytes], inner: re.Pattern[bytes], head: bytes) -> list[bytes]:
    block = outer.search(head)
    return inner.findall(block[1]) if block else []


def _ttl(head: bytes) -> timedelta:
    found = _TTL.search(head)
    return timedelta(minutes=int(found[1])) if found else timedelta()


def _period(head: bytes) -> timedelta:
    found, often = _PERIOD.search(head), _FREQUENCY.search(head)
    if not found:
        return timedelta()
    return _PERIODS.get(found[1].lower(), timedelta()) / max(1, int(often[1]) if often else 1)
