"""Counting right and wrong, and holding probabilities against what came true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.evaluation import Guess, Judged, calibration_error, evaluate

YES, NO = Guess(applies=True, probability=0.9), Guess(applies=False, probability=0.1)


def test_disputed_themes_count_neither_for_nor_against() -> None:
    judged = [
        Judged(guesses={"a": YES, "b": YES}, meant=frozenset("a"), disputed=frozenset("b")),
        Judged(guesses={"a": NO}, meant=frozenset("ab"), disputed=frozenset()),
    ]
    found = evaluate(judged, ["a", "b"])
    a, b = found.themes["a"], found.themes["b"]
    assert (a.tp, a.fp, a.fn, a.tn) == (1, 0, 1, 0)
    assert (b.tp, b.fp, b.fn, b.tn) == (0, 0, 1, 0)
    assert found.entries == 2
    assert found.micro_f1 == pytest.approx(0.5)
    assert found.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_a_theme_without_a_guess_was_guessed_not_to_apply() -> None:
    found = evaluate([Judged(guesses={}, meant=frozenset())], ["a"])
    assert found.themes["a"].tn == 1
    assert found.ece == 0


def test_nothing_to_measure() -> None:
    found = evaluate([], ["a"])
    assert (found.micro_f1, found.macro_f1, found.ece) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([], 0.0),
        ([(1.0, True), (0.0, False)], 0.0),
        ([(0.0, True)], 1.0),
        ([(0.75, True), (0.75, True), (0.75, True), (0.75, False)], 0.0),
        ([(0.35, True), (0.35, False), (0.95, True), (0.95, True)], (0.3 + 0.1) / 4),
    ],
)
def test_calibration_error(pairs: list[tuple[float, bool]], error: float) -> None:
    assert calibration_error(pairs) == pytest.approx(error)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans())))
def test_calibration_error_is_a_share(pairs: list[tuple[float, bool]]) -> None:
    assert 0 <= calibration_error(pairs) <= 1
