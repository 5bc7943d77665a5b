"""Choosing names: surprise, the conditions, nested names, what is settled."""

from __future__ import annotations

import pytest

from trendbot.core.names.choosing import Candidate, choose, without_nested
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
    assert chosen(name("Efgh"), name("Ab-cd"), name("Ij3k")) == ["Ij3k", "Ab-cd", "Efgh"]


@pytest.mark.parametrize(
    "poor",
    [
        name("Rare", 2),
        name("Once", 1, feeds=1),
        name("Lonely", 2, feeds=1),
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


def test_what_has_little_behind_it_fills_a_quiet_day() -> None:
    lonely, rare = name("Lonely9", 6, feeds=1), name("Rare-9B", 2, feeds=2)
    assert chosen(lonely, rare) == ["Lonely9", "Rare-9B"]
    busy = [name(f"Thing{letter}") for letter in "abcd"]
    assert chosen(lonely, rare, *busy) == ["Thinga", "Thingb", "Thingc", "Thingd", "Lonely9"]


def test_of_one_family_the_best_comes_today_and_the_others_tomorrow() -> None:
    family = [name("GPT-9", 20), name("GPT-9-Codex", 6), name("GPT-9 Mini", 5)]
    assert chosen(*family, name("Kimi")) == ["GPT-9", "Kimi"]
    assert chosen(*family[1:]) == ["GPT-9-Codex", "GPT-9 Mini"]


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
