"""Who wins, and how sure."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.tagging import Opinion, effective, rule_confidence
from trendbot.core.vocabulary import Annotator

HUMAN, MODEL, RULE = Annotator.HUMAN, Annotator.MODEL, Annotator.RULE


def test_nobody_spoke() -> None:
    assert effective([]) is None


@pytest.mark.parametrize("answers", list(itertools.product((True, False), repeat=3)))
def test_person_over_learner_over_rules_in_any_order(answers: tuple[bool, bool, bool]) -> None:
    said = [Opinion(annotator=who, applies=yes, confidence=None) for who, yes in zip(Annotator, answers, strict=True)]
    word = {opinion.annotator: opinion.applies for opinion in said}
    for order in itertools.permutations(said):
        everyone = effective(order)
        machines = effective(opinion for opinion in order if opinion.annotator is not HUMAN)
        assert everyone is not None
        assert machines is not None
        assert (everyone.applies, everyone.by, everyone.confidence) == (word[HUMAN], HUMAN, 1.0)
        assert (machines.applies, machines.by) == (word[MODEL], MODEL)


def test_the_reason_names_whom_it_overruled() -> None:
    decided = effective(
        [
            Opinion(annotator=RULE, applies=True, score=2.5),
            Opinion(annotator=MODEL, applies=False, confidence=0.12),
        ]
    )
    assert decided is not None
    assert decided.reason == "the learner says no (12% likely); not the rules say yes (score 2.5)"
    assert decided.confidence == pytest.approx(0.88)
    person = effective([Opinion(annotator=HUMAN, applies=True), Opinion(annotator=RULE, applies=True, score=1)])
    assert person is not None
    assert person.reason == "a person says yes"


def test_rules_alone_are_as_sure_as_was_measured() -> None:
    decided = effective([Opinion(annotator=RULE, applies=True, score=2.0)])
    assert decided is not None
    assert decided.confidence == rule_confidence(2.0) == pytest.approx(0.81)


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.1, 5))
def test_rule_confidence_rises_and_passes_one_half_at_the_threshold(one: float, other: float, threshold: float) -> None:
    low, high = sorted((one, other))
    a, b = (rule_confidence(score, threshold=threshold) for score in (low, high))
    assert 0 <= a <= b <= 1
    assert (a >= 0.5) == (low / threshold >= 1) or 0.99 < low / threshold < 1
