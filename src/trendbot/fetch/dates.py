"""Dates as feeds write them: the two usual forms at once, all others as feedparser reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from time import struct_time

from feedparser.datetimes import _parse_date

_MONTHS = {"Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6} | {
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
_RFC822 = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) "
    r"(?:GMT|UTC|([+-])(\d\d)(\d\d))"
)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))")


def parse_date(text: str) -> datetime | None:
    """Return the instant in UTC to the second, None where `text` is no date. Dates without a zone are read as UTC."""
    if not text:
        return None
    return _usual(text) or from_struct(_parse_date(text))


def _usual(text: str) -> datetime | None:
    found = _RFC822.fullmatch(text)
    if found:
        day, month, year = int(found[1]), _MONTHS.get(found[2], 0), int(found[3])
    else:
        found = _ISO.fullmatch(text)
        if not found:
            return None
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    try:
        local = datetime(year, month, day, int(found[4]), int(found[5]), int(found[6]), tzinfo=UTC)
        if not found[7]:
            return local
        shift = timedelta(hours=int(found[8]), minutes=int(found[9]))
        return local - shift if found[7] == "+" else local + shift
    except (ValueError, OverflowError):
        return None


def from_struct(parsed: struct_time | tuple[int, ...] | None) -> datetime | None:
    """Return a struct_time in UTC as an aware instant, None where it cannot be one."""
    if not parsed:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
