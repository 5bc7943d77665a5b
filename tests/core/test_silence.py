"""Silence: a feed is missed by its own habits, not by a fixed number of days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.silence import ENOUGH, IMPROBABLE, Rhythm, alarm_day, probability, rhythm

MONDAY = date(2026, 6, 1)


def every(days: int, count: int = 60) -> list[date]:
    return [MONDAY + timedelta(days=days * number) for number in range(count)]


def habit(days: list[date]) -> Rhythm:
    found = rhythm(days)
    assert found is not None
    return found


def wait(days: list[date]) -> int:
    """How many days after its last post a feed is missed."""
    return (alarm_day(habit(days)) - max(days)).days


def test_too_few_days_make_no_rhythm() -> None:
    assert rhythm(every(3, ENOUGH - 1)) is None
    assert rhythm(every(3, ENOUGH)) is not None


@pytest.mark.parametrize(("gap", "least", "most"), [(1, 3, 5), (7, 15, 29), (30, 60, 200)])
def test_a_regular_feed_is_missed_after_a_few_of_its_gaps(gap: int, least: int, most: int) -> None:
    assert least <= wait(every(gap)) <= most


def test_a_feed_that_rests_at_weekends_is_not_missed_on_monday() -> None:
    weekdays = [day for day in every(1, 90) if day.weekday() < 5]
    weekdays = weekdays[: max(number for number, day in enumerate(weekdays) if day.weekday() == 4) + 1]
    friday, found = weekdays[-1], habit(weekdays)
    assert friday.weekday() == 4
    assert probability(found, friday + timedelta(days=3)) > 0.5
    assert alarm_day(found) >= friday + timedelta(days=5)


def test_a_blog_with_pauses_is_given_time() -> None:
    bursts = [MONDAY + timedelta(days=60 * burst + day) for burst in range(8) for day in (0, 1, 2, 5)]
    assert probability(habit(bursts), max(bursts) + timedelta(days=70)) > IMPROBABLE
    assert wait(bursts) > 80


def test_many_posts_on_one_day_count_once() -> None:
    assert habit([*every(7), *every(7)]) == habit(every(7))


@given(st.sets(st.integers(0, 900), min_size=ENOUGH), st.integers(0, 400), st.integers(0, 400))
def test_a_longer_silence_is_never_more_probable(days: set[int], one: int, other: int) -> None:
    found = habit([MONDAY + timedelta(days=day) for day in days])
    short, long = sorted((one, other))
    assert 0 <= probability(found, found.last + timedelta(days=long)) <= 1
    assert probability(found, found.last + timedelta(days=long)) <= probability(
        found, found.last + timedelta(days=short)
    )
