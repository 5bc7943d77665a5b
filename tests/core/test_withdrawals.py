"""Which entries a feed took back, and which only made room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trendbot.core.withdrawals import newest_first, vanished, withdrawn

START = datetime(2026, 11, 1, tzinfo=UTC)


def days(*numbers: int | None) -> list[datetime | None]:
    return [None if number is None else START + timedelta(days=number) for number in numbers]


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (days(5, 4, 3, 2), True),
        (days(1, 2, 3, 4), False),
        (days(1, 5, 4, 3, 2), True),
        (days(5, 5, 5, 4), True),
        (days(5, 5, 5, 5), None),
        (days(5, 1, 4, 2, 3), None),
        (days(5, 4, None, 2, 1), None),
        (days(3, 2, 1), None),
        ([], None),
    ],
)
def test_the_order_of_a_document(dates: list[datetime | None], order: bool | None) -> None:
    assert newest_first(dates) is order


def test_what_vanishes_from_the_middle_or_the_top_counts_and_what_makes_room_does_not() -> None:
    dates = days(9, 8, 7, 6)
    assert vanished("abcde", "acde", dates) == {"b"}
    assert vanished("abcde", "bcde", dates) == {"a"}
    assert vanished("abcde", "xabcd", days(10, 9, 8, 7, 6)) == frozenset()
    assert vanished("edcba", "edca", days(6, 7, 8, 9)) == {"b"}
    assert vanished("edcba", "dcbax", days(6, 7, 8, 9, 10)) == frozenset()


def test_entries_under_another_mark_have_not_vanished() -> None:
    assert vanished("abcde", "axcde", days(9, 8, 7, 6, 5), renamed={"b"}) == frozenset()


def test_nothing_is_said_of_a_feed_that_shrank_or_lost_many_or_shows_nothing_known() -> None:
    assert vanished("abcdefghij", "acde", days(9, 8, 7, 6)) == frozenset()
    assert vanished("abcdefghij", "adfghij", days(9, 8, 7, 6, 5, 4, 3)) == frozenset()
    assert vanished("abcd", "wxyz", days(9, 8, 7, 6)) == frozenset()


def test_only_what_lies_inside_of_what_is_shown_is_withdrawn() -> None:
    shown = days(9, 8, 6, 5)
    inside, newer, older, undated = days(7, 10, 1, None)
    missing = {"inside": inside, "newer": newer, "older": older, "undated": undated}
    assert withdrawn(missing, shown) == {"inside"}
    assert withdrawn(missing, days(9, 5, 8, 6, 7)) == frozenset()


@settings(deadline=None)
@given(st.integers(5, 40), st.integers(1, 5), st.booleans())
def test_a_window_that_moves_on_takes_nothing_back(size: int, more: int, newest: bool) -> None:
    before, after = list(range(size, 0, -1)), list(range(size + more, more, -1))
    if not newest:
        before, after = before[::-1], after[::-1]
    assert vanished([str(n) for n in before], [str(n) for n in after], days(*after)) == frozenset()
