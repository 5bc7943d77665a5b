"""What a title is taken for: talk, an advertisement, a bare version or a notice, an act."""

from __future__ import annotations

import pytest

from trendbot.core.titles import is_personal, is_promotion, is_routine, lists_contents, tells_action

NEWS = [
    "Alder releases Borealis 2.0, a model that reads maps",
    "Court fines Birch over its chatbot",
    "Gemini 2.0",
    "Cedar to acquire Birch for $3 billion",
    "Testing of models becomes law in Ontario",
    "A fix for hallucinations: models that say they do not know",
    "The best-funded lab shuts down",
    "Explorers of the deep map it with a model",
    "Discovery of a new antibiotic by a model",
]


@pytest.mark.parametrize("title", NEWS)
def test_news_is_neither_talk_nor_routine_nor_advertisement(title: str) -> None:
    assert not is_personal(title)
    assert not is_routine(title)
    assert not is_promotion(title)


@pytest.mark.parametrize(
    "title",
    [
        "Top AI tools of the month",
        "The best models for writing code",
        "12 new things to try with Borealis",
        "The latest AI news we announced in July",
        "Everything we launched this spring",
        "Bring any idea to life in Borealis",
        "Mastering prompts with Borealis",
        "Unlock the power of maps",
        "Get started with Borealis",
        "Meet the people behind Borealis",
        "Say hello to Borealis",
        "Borealis vs. Aurora",
        "A gentle introduction to maps",
    ],
)
def test_what_teaches_or_invites_is_talk(title: str) -> None:
    assert is_personal(title)


@pytest.mark.parametrize(
    "title",
    [
        "v1.4.2: faster start",
        "2.7.1 - Fixes for maps",
        "borealis 0.9.0-rc1 with faster start",
        "v2.1.0-beta2",
        "fix(cli): keep the order of maps",
        "feat: maps in the terminal",
        "docs(api)!: rename maps",
        "Release notes for October",
    ],
)
def test_release_notes_and_commits_are_routine(title: str) -> None:
    assert is_routine(title)


@pytest.mark.parametrize(
    "title",
    [
        "Alder shuts down its robot unit",
        "Cedar to acquire Birch",
        "Alder surges past its rivals",
        "Ada joins Alder",
        "Birch previews a faster tier",
        "A judge overturns the ban on Borealis",
        "Borealis outperforms doctors",
        "Birch lays off a third of its people",
        "Alder announces Borealis",
    ],
)
def test_acts_are_told(title: str) -> None:
    assert tells_action(title)


@pytest.mark.parametrize("title", ["The future of maps", "Maps and models", "Winsome maps", "A joint view of maps"])
def test_what_only_looks_like_an_act_is_none(title: str) -> None:
    assert not tells_action(title)


@pytest.mark.parametrize(
    "title",
    [
        "Alder Opens Its Model, Birch Buys a Lab, Maps for Everyone",
        "Alder’s 2.0 Problem, Dark Maps Unveiled, Pitfalls for Models, Simulating Rivers",
        "Alder Pivots From Maps, Birch Bets On AI, Regulatory Patchwork, Simulating Crowds",
    ],
)
def test_the_contents_of_an_issue_are_no_news(title: str) -> None:
    assert lists_contents(title)
    assert is_personal(title)


@pytest.mark.parametrize(
    "title",
    [
        "Alder, Birch, Cedar Agree on Maps",
        "In Paris, Minister Unveils AI Plan, Defying Critics",
        "Alder opens its model, Birch buys a lab, maps for everyone",
        "Alder Opens Its Model, Birch Buys a Lab, and Cedar Waits",
        "Alder Opens Its Model, Birch Buys a Lab",
        ", , , ",
        "",
    ],
)
def test_a_sentence_with_commas_is_no_list_of_contents(title: str) -> None:
    assert not lists_contents(title)
