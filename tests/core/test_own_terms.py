"""Terms of the editor's own, joined to those of the file."""

from __future__ import annotations

from trendbot.classify.matcher import Matcher
from trendbot.core.themes import parse_themes
from trendbot.core.themes.own import OwnTerm, with_own_terms

FILE = parse_themes("""
format = 1
term = [
  { name = "Phi", kind = "model", any = ["phi-2"] },
  { name = "Orca", kind = "model", themes = { training = 0.5 } },
]
[[theme]]
slug = "training"
title = "Training"
words = { "fine-tuning" = 1 }
""")


def read(text: str, *own: OwnTerm) -> tuple[dict[str, int], tuple[str, ...]]:
    found = Matcher(with_own_terms(FILE, own)).annotate(text, "")
    return {mention.term: mention.count for mention in found.mentions}, found.themes


def test_an_own_term_is_counted_in_its_spellings_and_speaks_for_its_themes() -> None:
    kimi = OwnTerm(name="Kimi K2", kind="model", aliases=("Moonshot model",), themes={"training": 1.0, "gone": 1.0})
    assert read("kimi-k2 and KimiK2 by a Moonshot model", kimi) == ({"Kimi K2": 3}, ("training",))


def test_a_plain_word_needs_its_capital() -> None:
    manus = OwnTerm(name="Manus", kind="product")
    assert read("Manus and manus", manus)[0] == {"Manus": 1}


def test_aliases_and_themes_are_added_to_a_term_of_the_file() -> None:
    more = OwnTerm(name="Phi", aliases=("tiny phi",), themes={"training": 1.0})
    assert read("Tiny Phi beats Phi-2", more) == ({"Phi": 2}, ("training",))


def test_what_the_file_says_of_a_theme_stands() -> None:
    [orca] = [
        t for t in with_own_terms(FILE, [OwnTerm(name="orca", themes={"training": 9.0})]).terms if t.name == "Orca"
    ]
    assert orca.themes == (("training", 1.0, 0.5),)


def test_a_merged_term_counts_as_the_other() -> None:
    kimi = OwnTerm(name="Kimi", kind="model")
    merged = OwnTerm(name="Phi", merged_into="Kimi")
    assert read("Kimi and Phi-2", kimi, merged)[0] == {"Kimi": 2}


def test_a_merge_into_nothing_changes_nothing() -> None:
    assert read("Phi-2", OwnTerm(name="Phi", merged_into="Gone"))[0] == {"Phi": 1}


def test_the_hash_stays_the_files() -> None:
    assert with_own_terms(FILE, [OwnTerm(name="Kimi", kind="model")]).hash == FILE.hash
    assert with_own_terms(FILE, []) is FILE


KINDS = parse_themes("""
format = 1
term = [
  { name = "OpenAI", kind = "company" },
  { name = "Cohere", kind = "company" },
  { name = "Kimi", kind = "model" },
]
[lists]
who = ["@company", "the board"]
[[theme]]
slug = "market"
title = "Market"
[[theme.rule]]
name = "a firm is bought"
near = ["@who", "buys"]
weight = 1
[[theme.rule]]
name = "a firm is hired"
near = ["@company", "hires"]
weight = 1
""")


def speaks(text: str, *own: OwnTerm) -> bool:
    return Matcher(with_own_terms(KINDS, own)).annotate(text, "").themes == ("market",)


def test_an_own_term_belongs_to_the_lists_of_its_kind() -> None:
    manus = OwnTerm(name="Manus", kind="company")
    assert not speaks("Manus buys a robot")
    assert speaks("Manus buys a robot", manus)
    assert speaks("Manus hires", manus)
    assert speaks("The board buys time", manus)
    assert not speaks("Kimi buys", manus)
    assert not speaks("Manus buys", OwnTerm(name="Manus", kind="model"))


def test_lists_follow_a_merge() -> None:
    kimi = OwnTerm(name="Kimi", merged_into="Manus")
    manus = OwnTerm(name="Manus", kind="company")
    openai = OwnTerm(name="OpenAI", merged_into="Cohere")
    assert speaks("OpenAI buys", openai)
    assert speaks("Kimi buys", kimi, manus)
    assert speaks("OpenAI hires", openai, OwnTerm(name="Cohere", merged_into="Manus"), manus)
