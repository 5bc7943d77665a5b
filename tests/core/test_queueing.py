"""What to ask a person next, and how the learning curve is followed."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.learning_curve import Point, forecast, windows
from trendbot.core.queueing import Candidate, doubt, pick
from trendbot.core.scoring import Tally

EVEN = {"tools": 40, "market": 40, "environment": 40}


def doubtful(number: int, theme: str = "tools", probability: float = 0.5, story: int | None = None) -> Candidate:
    return Candidate(entry_id=number, story_id=story, likely={theme: probability})


def lucky(number: int, story: int | None = None) -> Candidate:
    return Candidate(entry_id=number, story_id=story, by_chance=True)


def test_doubt_is_greatest_at_one_half() -> None:
    assert [doubt(p) for p in (0.0, 0.25, 0.5, 0.75, 1.0)] == [0.0, 0.5, 1.0, 0.5, 0.0]


def test_the_most_doubtful_come_first() -> None:
    sure, unsure = doubtful(1, probability=0.95), doubtful(2, probability=0.45)
    assert [q.entry_id for q in pick([sure, unsure], EVEN, size=1, seed=1)] == [2]


def test_a_rare_theme_counts_for_more_and_is_called_rare() -> None:
    positives = {"tools": 99, "environment": 3}
    (asked,) = pick([doubtful(1), doubtful(2, "environment", 0.7)], positives, size=1, seed=1)
    assert (asked.entry_id, asked.drawn, asked.theme) == (2, "rare", "environment")


def test_no_theme_fills_a_batch_alone() -> None:
    pool = [doubtful(n, "tools", 0.5) for n in range(1, 30)] + [doubtful(n, "market", 0.4) for n in range(31, 60)]
    themes = Counter(q.theme for q in pick(pool, {"tools": 0, "market": 0}, size=10, seed=1))
    assert themes["market"] >= 3


def test_a_fifth_is_drawn_by_chance() -> None:
    pool = [doubtful(n) for n in range(1, 40)] + [lucky(n) for n in range(100, 140)]
    drawn = Counter(q.drawn for q in pick(pool, EVEN, size=20, seed=3))
    assert drawn == {"doubtful": 16, "random": 4}


def test_the_same_seed_draws_the_same_batch() -> None:
    pool = [doubtful(n, probability=n / 50) for n in range(1, 50)] + [lucky(n) for n in range(100, 140)]
    assert pick(pool, EVEN, size=20, seed=3) == pick(pool, EVEN, size=20, seed=3)
    assert pick(pool, EVEN, size=20, seed=3) != pick(pool, EVEN, size=20, seed=4)


candidates = st.lists(
    st.builds(
        Candidate,
        entry_id=st.integers(1, 60),
        story_id=st.none() | st.integers(1, 8),
        likely=st.dictionaries(st.sampled_from(sorted(EVEN)), st.floats(0, 1), max_size=3),
        by_chance=st.booleans(),
    ),
    max_size=60,
)


@given(candidates, st.integers(1, 25), st.integers(0, 5))
def test_no_entry_and_no_story_twice(pool: list[Candidate], size: int, seed: int) -> None:
    asked = [question.entry_id for question in pick(pool, EVEN, size=size, seed=seed)]
    assert len(asked) == len(set(asked)) <= size


@given(st.lists(st.integers(1, 8), max_size=30), st.integers(1, 20))
def test_no_story_is_asked_twice(stories: list[int], size: int) -> None:
    pool = [doubtful(number, story=story) for number, story in enumerate(stories, 1)]
    asked = [stories[question.entry_id - 1] for question in pick(pool, EVEN, size=size, seed=1)]
    assert len(asked) == len(set(asked))


def point(labels: int, f1: float, cases: int = 400) -> Point:
    right = round(cases * f1 / (2 - f1))
    wrong = cases - right
    return Point(labels=labels, tally=Tally(tp=right, fp=wrong // 2, fn=wrong - wrong // 2))


def test_a_power_law_is_followed_to_the_aim() -> None:
    measured = [point(n, 1 - 0.9 * n**-0.3, 20_000) for n in (50, 100, 200, 400)]
    found = forecast(measured, aim=0.9)
    wanted = (0.9 / 0.1) ** (1 / 0.3) - 400
    assert found.more is not None
    assert found.more == pytest.approx(wanted, rel=0.05)


def test_an_aim_that_is_reached_needs_no_more() -> None:
    sure, unsure = point(100, 0.9, 2_000), point(100, 0.9, 30)
    assert (forecast([sure], aim=0.85).more, forecast([sure], aim=0.85).why) == (0, "")
    assert (forecast([unsure], aim=0.89).more, forecast([unsure], aim=0.89).why) == (0, "it seems")


def test_a_handful_of_reviews_reaches_nothing() -> None:
    assert forecast([point(4, 1.0, 6)], aim=0.8).more is None


@pytest.mark.parametrize(
    ("measured", "why"),
    [
        ([], "too few"),
        ([point(10, 0.5), point(20, 0.6)], "too few"),
        ([point(n, 0.6) for n in (50, 100, 200)], "not rising"),
        ([point(50, 0.7), point(100, 0.65), point(200, 0.6)], "not rising"),
        ([point(50, 0.60), point(100, 0.61), point(200, 0.62)], "more than"),
    ],
)
def test_no_forecast_is_made_up(measured: list[Point], why: str) -> None:
    found = forecast(measured, aim=0.95)
    assert found.more is None
    assert why in found.why


def test_cases_are_summed_in_order_and_a_short_rest_joins_the_last() -> None:
    cases = [Tally(tp=1)] * 10 + [Tally(fn=1)] * 12
    first, second = windows(cases, size=10)
    assert (first.labels, first.f1) == (10, 1.0)
    assert (second.labels, second.tally) == (22, Tally(fn=12))
