"""Subscribers' hours: local slots over both clock changes, and quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.hours import WEEKDAYS, Quiet, after_quiet, is_quiet, local_day_start, local_slot, next_at, zone
from trendbot.core.vocabulary import Cadence

BERLIN = "Europe/Berlin"
ZONES = (BERLIN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "America/Havana", "UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(after: str, hour: int = 8, timezone: str = BERLIN, quiet: Quiet | None = None) -> str:
    due = next_at(cadence=Cadence.DAILY, hour=hour, weekday="mon", timezone=timezone, after=at(after), quiet=quiet)
    return f"{due:%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("after", "hour", "due"),
    [
        ("2026-11-15T06:59", 8, "2026-11-15T07:00"),
        ("2026-11-15T07:00", 8, "2026-11-16T07:00"),
        ("2026-03-28T12:00", 8, "2026-03-29T06:00"),  # the first morning of summer time: an hour earlier in UTC
        ("2026-03-28T12:00", 2, "2026-03-29T01:00"),  # 02:00 is skipped: right after the gap, 03:00 local
        ("2026-10-24T12:00", 2, "2026-10-25T00:00"),  # 02:00 comes twice: the first time
        ("2026-10-25T00:00", 2, "2026-10-26T01:00"),  # and not the second
        ("2026-10-24T12:00", 8, "2026-10-25T07:00"),
    ],
)
def test_the_daily_slot_is_local(after: str, hour: int, due: str) -> None:
    assert daily(after, hour) == due


def test_the_weekly_slot_is_a_local_day() -> None:
    due = next_at(
        cadence=Cadence.WEEKLY, hour=7, weekday="mon", timezone="Asia/Tokyo", after=at("2026-11-15T21:00")
    )  # Monday 06:00 in Tokyo, Sunday still in UTC
    assert due == at("2026-11-15T22:00")
    assert local_slot(due, timezone="Asia/Tokyo") == "2026-11-16T07"


def test_an_hour_in_the_quiet_hours_waits_for_their_end() -> None:
    night = Quiet(start=22, end=7)
    assert daily("2026-11-15T12:00", 23, quiet=night) == "2026-11-16T06:00"
    assert daily("2026-11-15T12:00", 6, quiet=night) == "2026-11-16T06:00"
    assert daily("2026-11-15T12:00", 7, quiet=night) == "2026-11-16T06:00"
    assert daily("2026-11-15T12:00", 21, quiet=night) == "2026-11-15T20:00"


def test_quiet_hours_within_a_day() -> None:
    noon = Quiet(start=12, end=14)
    assert is_quiet(at("2026-11-15T11:30"), timezone=BERLIN, quiet=noon)
    assert after_quiet(at("2026-11-15T11:30"), timezone=BERLIN, quiet=noon) == at("2026-11-15T13:00")
    assert not is_quiet(at("2026-11-15T13:00"), timezone=BERLIN, quiet=noon)
    assert not is_quiet(at("2026-11-15T13:00"), timezone=BERLIN, quiet=None)


@pytest.mark.parametrize(("start", "end"), [(8, 8), (24, 7), (-1, 3)])
def test_quiet_hours_that_are_none(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="quiet hours"):
        Quiet(start=start, end=end)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "Europe", "x" * 500, "a\0b", "ÄÖ"])
def test_names_that_are_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        zone(name)


@pytest.mark.parametrize(("hour", "weekday"), [(24, "mon"), (8, "Monday")])
def test_hours_and_weekdays_that_are_none(hour: int, weekday: str) -> None:
    with pytest.raises(ValueError, match="no such hour"):
        next_at(cadence=Cadence.DAILY, hour=hour, weekday=weekday, timezone="UTC", after=at("2026-11-15T12:00"))


def test_the_local_day_begins_at_local_midnight() -> None:
    assert local_day_start(at("2026-11-15T23:30"), timezone=BERLIN) == at("2026-11-15T23:00")


instants = st.integers(0, 28 * 365 * 86_400).map(lambda seconds: at("2009-01-01T00:00") + timedelta(seconds=seconds))
quiets = st.none() | st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda pair: pair[0] != pair[1]).map(
    lambda pair: Quiet(start=pair[0], end=pair[1])
)


@given(instants, st.sampled_from(ZONES), st.integers(0, 23), st.sampled_from(list(Cadence)), quiets)
def test_slots_follow_each_other(
    after: datetime, timezone: str, hour: int, cadence: Cadence, quiet: Quiet | None
) -> None:
    due = next_at(cadence=cadence, hour=hour, weekday="wed", timezone=timezone, after=after, quiet=quiet)
    days = 1 if cadence is Cadence.DAILY else 7
    assert after < due <= after + timedelta(days=days + 1, hours=2)
    assert not is_quiet(due, timezone=timezone, quiet=quiet)
    again = next_at(cadence=cadence, hour=hour, weekday="wed", timezone=timezone, after=due, quiet=quiet)
    assert timedelta(days=days - 1, hours=20) < again - due < timedelta(days=days + 1, hours=2)
    if quiet is None and cadence is Cadence.WEEKLY:
        assert WEEKDAYS[due.astimezone(ZoneInfo(timezone)).weekday()] in ("wed", "thu")


@given(instants, st.sampled_from(ZONES), quiets)
def test_quiet_hours_end(moment: datetime, timezone: str, quiet: Quiet | None) -> None:
    end = after_quiet(moment, timezone=timezone, quiet=quiet)
    assert moment <= end < moment + timedelta(hours=26)
    assert not is_quiet(end, timezone=timezone, quiet=quiet)
