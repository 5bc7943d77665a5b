"""Choosing names: surprise, the conditions, nested names, what is settled."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.names.choosing import Candidate, choose, surprise, without_nested
from trendbot.core.names.finding import Common, name_key
from trendbot.core.names.known import Known, keys_of_terms
from trendbot.core.themes import parse_themes


def name(text: str, entries: int = 5, **facts: int) -> Candidate:
    given_ = {"feeds": 3, "strong": entries, **facts}
    return Candidate(key=name_key(text), forms=((text, entries),), entries=entries, **given_)


def chosen(*candidates: Candidate, limit: int = 5) -> list[str]:
    found = choose(candidates, exposure=100, baseline_exposure=2_000, limit=limit)
    return [choice.candidate.text for choice in found]


def test_the_more_surprising_comes_first_and_five_at_most() -> None:
    many = [name(f"Thing{letter}", entries) for entries, letter in enumerate("abcdefgh", 3)]
    assert chosen(*many) == ["Thingh", "Thingg", "Thingf", "Thinge", "Thingd"]
    assert chosen(*many, limit=0) == []


def test_a_name_with_a_past_is_less_surprising() -> None:
    assert chosen(name("Oldone", baseline=15), name("Newone", baseline=0)) == ["Newone", "Oldone"]


def test_digits_and_hyphens_are_preferred() -> None:
    assert chosen(name("Abcd"), name("Ab-cd"), name("Ab3d")) == ["Ab3d", "Ab-cd", "Abcd"]


@pytest.mark.parametrize(
    "poor",
    [
        name("Rare", 2),
        name("Lonely", feeds=1),
        name("Known", earlier=16),
        name("Headline", 10, strong=1),
        name("Never", strong=0),
        name("Everyday", 5, lower=3),
    ],
)
def test_what_falls_short_is_not_put_forward(poor: Candidate) -> None:
    assert chosen(poor) == []


def test_a_plain_word_in_doubt_loses_to_a_sure_one() -> None:
    assert chosen(name("Doubtful", 6, strong=2, lower=2), name("Certain", 5)) == ["Certain", "Doubtful"]


def test_a_name_stands_for_its_parts_when_they_are_about_as_frequent() -> None:
    whole, part = name("Vera Rubin", 10), name("Rubin", 12)
    assert without_nested([whole, part], 0.4) == [whole]
    frequent = name("Rubin", 40)
    assert without_nested([whole, frequent], 0.4) == [whole, frequent]


def test_what_is_settled_is_not_asked_again() -> None:
    found = choose([name("Kimi K2")], exposure=10, baseline_exposure=100, settled=lambda one: one.key == "kimik2")
    assert found == []


def test_surprise_agrees_with_the_sum_over_all_smaller_counts() -> None:
    shape, past, present, count = 2.1, 300.0, 30.0, 4
    p, q = past / (past + present), present / (past + present)
    below = sum(
        math.exp(math.lgamma(shape + k) - math.lgamma(shape) - math.lgamma(k + 1)) * p**shape * q**k
        for k in range(count)
    )
    assert surprise(count, shape=shape, past=past, present=present) == pytest.approx(-math.log10(1 - below))


@given(
    count=st.integers(0, 300),
    shape=st.floats(0.1, 500),
    present=st.floats(1, 1e5),
    ratio=st.floats(1, 1e3),
)
def test_surprise_grows_with_the_count(count: int, shape: float, present: float, ratio: float) -> None:
    less = surprise(count, shape=shape, past=present * ratio, present=present)
    more = surprise(count + 1, shape=shape, past=present * ratio, present=present)
    assert 0 <= less <= more + 1e-6


FILE = """
format = 1
term = [{ name = "GPT-5", kind = "model", any = ["gpt-5", "chatgpt-5"] }, { name = "Kimi", kind = "model" }]
[[theme]]
slug = "tools"
title = "Tools"
words = { "assistant" = 1 }
"""


@pytest.mark.parametrize("text", ["GPT-5", "gpt 5", "ChatGPT 5", "Kimi", "Kimis", "The Kimi", "Kimi Says"])
def test_what_the_terms_have_is_known(text: str) -> None:
    known = Known(keys=keys_of_terms(parse_themes(FILE).terms), common=Common(never=frozenset({"the", "says"})))
    assert known.covers(text)


@pytest.mark.parametrize("text", ["GPT-5.2", "Kimi K2", "Manus"])
def test_other_names_are_not_known(text: str) -> None:
    assert not Known(keys=keys_of_terms(parse_themes(FILE).terms)).covers(text)
