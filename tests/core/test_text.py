from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.text import MAX_CHARACTERS, fold, normal_title, sentences, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Caf\u00e9\u00a0\u201cQuoted\u201d \u2014 d\u00e9j\u00e0 vu ", 'cafe "quoted" - deja vu'),
        ("ＧＰＴ\u20115", "gpt-5"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("Straße İstanbul", "strasse istanbul"),
        ("がぎぐ", "がぎぐ"),
        ("", ""),
    ],
)
def test_fold(text: str, expected: str) -> None:
    assert fold(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kimi K2.5 beats GPT-5.2 at 32B", ("kimi", "k2.5", "beats", "gpt-5.2", "at", "32b")),
        ("OpenAI\u2019s $1,000,000 plan, O'Reilly says.", ("openai", "1000000", "plan", "o'reilly", "says")),
        ("one,two,1,5", ("one", "two", "1", "5")),
        ("see https://example.org/a?b=c or mail a.b@example.org now", ("see", "or", "mail", "now")),
        ("Salesforce对Anthropic的投资", ("salesforce", "对", "anthropic", "的投", "投资")),
        ("日本語", ("日本", "本語")),
        ("Привет, мир", ("привет", "мир")),
        ("हिन्दी समाचार", ("हिन्दी", "समाचार")),
        ("엔비디아 주가", ("엔비디아", "주가")),
        ("snake_case -- ...", ("snake", "case")),
        ("", ()),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One here. Two there! Three? Yes.", ["One here.", "Two there!", "Three?", "Yes."]),
        ("Dr. Smith met Mr. J. R. Jones on Jan. 5.", ["Dr. Smith met Mr. J. R. Jones on Jan. 5."]),
        ("It costs $2.5 million. Version 3.1 follows.", ["It costs $2.5 million.", "Version 3.1 follows."]),
        ("OpenAI Inc. raised money.", ["OpenAI Inc. raised money."]),
        ("It was bought by Acme Inc. The price is unknown.", ["It was bought by Acme Inc.", "The price is unknown."]),
        ("The U.S. Congress voted. It passed.", ["The U.S. Congress voted.", "It passed."]),
        ("\u201cWe won.\u201d The crowd rose.", ["\u201cWe won.\u201d", "The crowd rose."]),
        ("\u201cReally?\u201d he asked. Yes.", ["\u201cReally?\u201d he asked.", "Yes."]),
        ("Yahoo! said no. (It did.) Done.", ["Yahoo! said no.", "(It did.)", "Done."]),
        ("Wait... What happened? Well\u2026 nothing.", ["Wait...", "What happened?", "Well\u2026 nothing."]),
        ("模型发布了。价格未知！真的吗？", ["模型发布了。", "价格未知！", "真的吗？"]),
        (
            "A line\nthat wraps. New\n\nA paragraph\n- one\n- two",
            ["A line that wraps.", "New", "A paragraph", "- one", "- two"],
        ),
        ("No. 5 is alive. He said no. Then he left.", ["No. 5 is alive.", "He said no.", "Then he left."]),
        (
            "Models, e.g. Llama and others, are open. So it goes.",
            ["Models, e.g. Llama and others, are open.", "So it goes."],
        ),
        ("", []),
        ("   \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("OpenAI releases GPT-5.2 to all users - Reuters", "OpenAI Releases GPT-5.2 to All Users"),
        ("OpenAI releases GPT-5.2 to all users | The Verge", "OpenAI releases GPT\u20115.2 to all users!"),
        ("[R] A new method for long context", "A New Method for Long Context"),
        ("Exclusive: Nvidia buys a small chip maker", "Nvidia buys a small chip maker"),
    ],
)
def test_one_headline_in_two_dresses(first: str, second: str) -> None:
    assert normal_title(first) == normal_title(second)


def test_titles_that_differ_stay_apart() -> None:
    assert normal_title("Llama 3 is here") != normal_title("Llama 4 is here")
    assert normal_title("Mistral Large 2 beats Llama on code - part 1") != normal_title(
        "Mistral Large 2 beats Llama on code - part 2"
    )
    assert normal_title("[R]") == "r"
    assert normal_title("!!!") == ""


@given(st.text(max_size=300))
def test_any_text_is_survived_and_nothing_but_space_is_lost(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert all(word and not word.isspace() for word in words(text))
    normal_title(text)


@pytest.mark.parametrize("seed", ["a.", "a-", "' ", "1,", "\n", ". A", "日", "\u0301", "(", "- a"])
def test_a_hostile_text_costs_no_more_than_its_length(seed: str) -> None:
    text = seed * (MAX_CHARACTERS // len(seed) + 10)
    assert isinstance(sentences(text), tuple)
    assert isinstance(words(text), tuple)
    normal_title(text)


def test_an_i_among_initials_ends_no_sentence() -> None:
    assert sentences("So wrote I. J. Good in 1965. It was so, said I. The rest is known.") == (
        "So wrote I. J. Good in 1965.",
        "It was so, said I.",
        "The rest is known.",
    )
