"""The language of one phrase, read through a matcher of one rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.classify.matcher import Matcher
from trendbot.core.themes import PhraseError, parse_phrase, parse_themes
from trendbot.core.themes.folding import MAX_CHARACTERS, fold


def found(phrase: str, text: str) -> list[str]:
    """Give what a rule of one phrase finds in a title."""
    quoted = phrase.replace("\\", "\\\\").replace('"', '\\"')
    file = f'format = 1\n[[theme]]\nslug = "x"\ntitle = "X"\nwords = {{ "{quoted}" = 1 }}\n'
    verdicts = Matcher(parse_themes(file)).annotate(text, "").verdicts
    return [evidence.text for verdict in verdicts for evidence in verdict.evidence]


@pytest.mark.parametrize(
    ("phrase", "text", "what"),
    [
        ("open weight", "Open Weights and open-weight models", ["Open Weights", "open-weight"]),
        ("open weight", "reopen weight; open weighty", []),
        ("phi-2", "PHI-2, phi 2, Phi2", ["PHI-2", "phi 2", "Phi2"]),
        ("phi-2", "phi-20 and phi-2.5", []),
        ("=RAG", "RAG, RAGs, rag, Rag", ["RAG", "RAGs"]),
        ("=Llama 3", "Llama 3, llama 3", ["Llama 3"]),
        ("apple!", "apples and an apple", ["apple"]),
        ("company", "companies", ["companies"]),
        ("=COMPANY", "COMPANIES", ["COMPANIES"]),
        ("box", "boxes", ["boxes"]),
        ("OpenAI", "OpenAI's and OpenAI’s", ["OpenAI", "OpenAI"]),
        ("quanti{s,z}e", "quantise quantize quantife", ["quantise", "quantize"]),
        ("{a,b{c,d}} end", "a end, bc end, bd end, b end", ["a end", "bc end", "bd end"]),
        ("open {,source }model", "open model, open source model", ["open model", "open source model"]),
        ("acquire+", "acquires acquired acquiring acquisition", ["acquires", "acquired", "acquiring"]),
        ("ban+", "banned", ["banned"]),
        ("rely+", "relied", ["relied"]),
        ("launch+", "launches", ["launches"]),
        ("distil*", "distillation distilled", ["distillation", "distilled"]),
        ("open* model", "openly model", ["openly model"]),
        ("llama #", "Llama 3.1 and llama x", ["Llama 3.1"]),
        ("#b model", "a 70b model", ["70b model"]),
        ("$#", "US$250m, $ 3", ["$250m"]),
        ("# million", "3.5 million and £2 million", ["3.5 million", "£2 million"]),
        ("raise+ ~ million", "raises 20 million", ["raises 20 million"]),
        ("raise+ ~ million", "raises one two three four million", []),
        ("raise+ ~5 million", "raises one two three four million", ["raises one two three four million"]),
        ("raise+ ~ million", "raises. A million", []),
        ("raise+ ~ million", "raises million", ["raises million"]),
        ("Command R\\+", "Command R+ here", ["Command R+"]),
        (".net", "uses .NET now", [".NET"]),
        ("a.i.", "A.I. is", ["A.I."]),
        ("c\\+\\+", "in C++ now", ["C++"]),
        ("AT&T", "AT&T said", ["AT&T"]),
        ("naïve", "NAÏVE", ["NAÏVE"]),
        ("open source", "open\n  source", ["open\n  source"]),
        ("open source", "open, source", []),
        ("open source", "ｏｐｅｎ ｓｏｕｒｃｅ", ["ｏｐｅｎ ｓｏｕｒｃｅ"]),
        ("openai", "使用OpenAI的模型", ["OpenAI"]),
        ("phi", "phi\u0301", []),
        ("mac", "machine", []),
        ("don't", "Don’t", ["Don’t"]),
    ],
)
def test_what_a_phrase_finds(phrase: str, text: str, what: list[str]) -> None:
    assert found(phrase, text) == what[:3]


@pytest.mark.parametrize(
    ("phrase", "problem"),
    [
        ("", "empty"),
        ("=", "empty"),
        ("~", "gap"),
        ("~ a", "gap"),
        ("a ~", "gap"),
        ("a ~11 b", "gap"),
        ("#", "at least one word"),
        ("a*b", "end a word"),
        ("{a,b", "not closed"),
        ("a}", "not opened"),
        ("{a,b,c,d,e,f,g}{a,b,c,d,e,f,g}{a,b,c,d,e,f,g}", "spellings"),
        ("a-b-c-d-e-f-g-h-i-j", "hyphens"),
        ("\\n", "backslash"),
        ("…", "word in an alphabet"),
        ("x" * 501, "characters"),
    ],
)
def test_a_phrase_that_breaks_the_rules_says_how(phrase: str, problem: str) -> None:
    with pytest.raises(PhraseError, match=problem):
        parse_phrase(phrase)


@given(st.text(max_size=60))
def test_any_text_is_a_phrase_or_a_phrase_error(text: str) -> None:
    try:
        phrase = parse_phrase(text)
    except PhraseError:
        return
    assert phrase.variants


@given(st.text(max_size=300), st.text(max_size=300))
def test_evidence_is_what_the_original_says_there(title: str, body: str) -> None:
    file = 'format = 1\n[[theme]]\nslug = "x"\ntitle = "X"\nwords = { "a" = 1, "#" = 1 }\n'.replace(', "#" = 1', "")
    for verdict in Matcher(parse_themes(file)).annotate(title, body).verdicts:
        for evidence in verdict.evidence:
            field = title if evidence.field == "title" else body
            assert field[evidence.start : evidence.end] == evidence.text
            assert evidence.text.lower() in {"a", "as"}


@given(st.text(max_size=200))
def test_folding_keeps_lengths_and_finds_the_way_back(text: str) -> None:
    folded = fold(text)
    assert len(folded.cased) == len(folded.folded) == len(folded.spaced) - 2 or not text
    for place in range(len(folded.folded)):
        start, end = folded.span(place, place + 1)
        assert 0 <= start < end <= len(text)


HOSTILE = {
    "a title of a megabyte": "model " * 170_000,
    "one word of a megabyte": "a" * 1_000_000,
    "10,000 repeated words": "open source " * 10_000,
    "combining marks": "e" + "\u0301" * 100_000 + " open source",
    "the start of a gap, over and over": "raise " * 10_000,
    "separators": "open" + " -" * 100_000 + "source",
    "numbers": "1.1" * 50_000 + " million",
    "open brackets": "((((" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_read_in_bounded_work(name: str) -> None:
    file = """format = 1
[[theme]]
slug = "x"
title = "X"
words = { "open source" = 1, "raise+ ~10 million" = 1, "#{k,m} ~ model" = 1, "model" = 1, "a*" = 1, "# million" = 1 }
[[theme.rule]]
name = "near"
near = ["open", "source"]
unless = ["model"]
except = ["raise"]
"""
    text = HOSTILE[name]
    annotation = Matcher(parse_themes(file)).annotate(text, text + " ")
    for verdict in annotation.verdicts:
        assert len(verdict.evidence) <= 7 * 3
        assert all(evidence.end <= MAX_CHARACTERS for evidence in verdict.evidence)
