"""Judging suggestions: whole and part, early and late."""

from __future__ import annotations

from datetime import date

import pytest

from trendbot.core.names.finding import is_part
from trendbot.core.names.judging import Dated, judge

DAYS = [date(2026, 1, day) for day in (1, 2, 5, 9, 20)]


def on(day: int, name: str) -> Dated:
    return Dated(name=name, day=date(2026, 1, day))


def test_days_count_as_issues_and_parts_count_apart() -> None:
    found = judge(
        [on(1, "Kimi-K2"), on(9, "Claude Cowork"), on(20, "Manus"), on(20, "Junk")],
        [on(2, "kimi k2"), on(2, "Cowork"), on(1, "Manus"), on(5, "Rubin")],
        DAYS,
    )
    assert (found.part.same_day, found.part.two_days, found.part.ever) == (0.25, 0.5, 0.75)
    assert (found.exact.same_day, found.exact.two_days, found.exact.ever) == (0.25, 0.25, 0.5)
    assert (found.precision_part, found.precision_exact) == (0.75, 0.5)
    assert (found.late, found.missed, found.junk) == (("Manus",), ("Rubin",), ("Junk",))


def test_nothing_sought_and_nothing_found_is_nought() -> None:
    found = judge([], [], DAYS)
    assert found.part.ever == found.precision_part == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Cowork", "Claude Cowork", True),
        ("GPT-5.3-Codex", "gpt 5.3", True),
        ("Qwen3", "Qwen", False),
        ("Claude", "Cloud", False),
    ],
)
def test_a_part_is_made_of_whole_words(one: str, other: str, same: bool) -> None:
    assert is_part(one, other) is is_part(other, one) is same
