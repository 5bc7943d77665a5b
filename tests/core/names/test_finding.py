"""Finding names in texts: what is one, what is none, what only may be one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.names.finding import LONGEST, MAX_NAMES, Common, find_names, lower_words, name_key, parse_common
from trendbot.paths import bundled

COMMON = parse_common((bundled("seeds") / "common_words.txt").read_text(encoding="utf-8"))


def names(*fields: str) -> set[str]:
    return {found.text for found in find_names(fields, COMMON)}


def sure(*fields: str) -> set[str]:
    return {found.text for found in find_names(fields, COMMON) if not found.weak}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("the lab has released Kimi K2 today", "Kimi K2"),
        ("Kimi K2 is out", "Kimi K2"),
        ("we ran Qwen3-Coder-30B at home", "Qwen3-Coder-30B"),
        ("we ran Qwen3-Coder-30B at home", "Qwen3"),
        ("weights of gpt-oss-120b are out", "gpt-oss"),
        ("they say DeepSeek is cheap", "DeepSeek"),
        ("OpenAI's GPT-5.2 solves it", "GPT-5.2"),
        ("a new paper from Anthropic looks at it", "Anthropic"),
        ("the new ChatGPT Health reads records", "ChatGPT Health"),
        ("running Falcon H1R 7B", "Falcon H1R 7B"),
        ("Claude Opus 4.5 was asked", "Claude Opus 4.5"),
        ("it beats GPT\u20115.4 by far", "GPT\u20115.4"),
    ],
)
def test_a_name_is_found(text: str, name: str) -> None:
    assert name in sure(text)


@pytest.mark.parametrize(
    "text",
    [
        "In January the company grew by 40% to $5B",
        "The price of 100k tokens fell 10x in Q3 2025",
        "see https://example.com/GPT-9 or ask @SomeBody about #BigData",
        "On Monday the CEO said so",
        "24GB of RAM, an 8-bit model and a 3D view",
        "",
    ],
)
def test_what_is_no_name_is_not_found(text: str) -> None:
    assert names(text) == set()


def test_a_possessive_ends_a_name() -> None:
    found = names("we read Meta's Manus deal")
    assert {"Meta", "Manus"} <= found
    assert "Meta Manus" not in found


def test_the_first_word_of_a_sentence_only_may_be_a_name() -> None:
    assert "Manus" in names("Manus joins them.")
    assert "Manus" not in sure("Manus joins them.")
    assert "Manus" in sure("Manus joins them. They paid for Manus in cash.")


def test_in_a_headline_of_capitals_only_digits_and_inner_capitals_are_sure() -> None:
    headline = "Startup Quells Fears With Brighter Lamps And DeepThing At Frobnicate 2"
    assert {"DeepThing", "Frobnicate 2"} <= sure(headline)
    assert "Fears" in names(headline)
    assert "Fears" not in sure(headline)


def test_common_words_open_and_close_no_name_and_soft_ones_are_none_alone() -> None:
    assert "Says" not in names("as the man from Acme Says")
    assert "Health" not in names("they like Health now")


def test_spellings_share_a_key() -> None:
    assert len({name_key(text) for text in ("Kimi K2", "kimi-k2", "KIMI\u2011K2", "KimiK2")}) == 1
    assert name_key("GPT-5.2") != name_key("GPT-52")


def test_words_without_a_capital_are_told_apart() -> None:
    assert lower_words(["The theory of Theory, x-ray and e-mail"]) >= {"theory", "of", "and"}


def test_the_list_of_common_words_has_two_parts() -> None:
    common = parse_common("# remark\n[never]\nThe of\n[not alone]\nPro\n")
    assert common == Common(never=frozenset({"the", "of"}), alone=frozenset({"pro"}))
    assert not COMMON.never & COMMON.alone


@given(st.text(max_size=400))
def test_any_text_gives_short_names_once_each(text: str) -> None:
    found = find_names([text], COMMON)
    assert len({one.key for one in found}) == len(found)
    assert all(len(one.text.split()) <= LONGEST for one in found)
    assert all(len(one.text) <= 64 and 0 < len(one.key) <= 64 for one in found)


@pytest.mark.parametrize("piece", ["A", "Aa-", "Kimi K2 ", "a@", "[", "Aa1 ", "\u0301"])
def test_a_hostile_text_gives_a_bounded_number(piece: str) -> None:
    assert len(find_names([piece * 300_000] * 2, COMMON)) <= MAX_NAMES
