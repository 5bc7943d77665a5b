from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.summaries import Text, choose_sentences, is_kin, is_news, joined, repeats, spans

GOOD = "The model matches its larger predecessor on nine of twelve public tests."


def text(body: str, entry_id: int = 1, source: str = "Wire") -> Text:
    return Text(entry_id=entry_id, source=source, body=body)


@pytest.mark.parametrize(
    "furniture",
    [
        "The post Alder opens its model appeared first on Model Wire today.",
        "Read more about the new model and its weights on our site.",
        "Continue reading this story about the new model on the site.",
        "By Jane Doe, staff writer at the daily science newspaper here.",
        "Subscribe to our weekly letter to get all the news about models.",
        "This article originally appeared in the winter issue of the paper.",
        "Sign up here to get the best stories straight to your inbox now.",
        "The company says the model is the largest that it has ever trai…",
        "The company says the model is the largest that it has ever [...]",
        "The company says the model is the largest that it has ever trained",
        "is the largest model that the company has ever trained in a year.",
        "Is this the largest model that the company has ever trained so far?",
        "Article URL: https://x.example/a and some more words behind it here.",
        "submitted by /u/someone to the forum about models and their makers.",
        "Too short.",
        "Available at half the price for a limited time, to all who pay.",
        "Announcing Our Transformative Partnership with the Government.",
        "Long " * 80 + ".",
        "The firm said (and this was never closed that it would be released soon.",
        "Image credit: Somebody Well Known for the daily science newspaper.",
        "In this post we look at how the new model was trained and released.",
        "Model Wire News & Insights: The makers of models ask for calm this week.",
        "The Birch Letter 214: The makers of models ask for calm this week again.",
    ],
)
def test_furniture_and_cut_words_are_no_news(furniture: str) -> None:
    assert not is_news(furniture)


def test_a_whole_sentence_is() -> None:
    assert is_news(GOOD)
    assert is_news("One thing is news: the model matches its larger predecessor on nine tests.")
    assert is_news("“We release the weights of the model today,” the company said on Tuesday.")


def test_a_sentence_that_only_repeats_the_headline_is_none() -> None:
    headline = "Alder releases the weights of its 24-billion model under a free licence"
    assert repeats("Alder releases weights of its 24-billion model, under a free licence.", headline)
    assert not repeats(GOOD, headline)
    assert choose_sentences([text(headline + ".")], headline=headline, limit=2) == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "Today we are excited to announce Borealis, a model that reads maps, available now.",
        "Introducing Borealis: officially launched today, our latest model that reads maps.",
    ],
)
def test_words_of_joy_around_a_headline_make_no_new_sentence(sentence: str) -> None:
    assert repeats(sentence, "Borealis, a model that reads maps")
    assert not repeats(sentence[:-1] + " in forty languages of the Baltic coast.", "Borealis, a model that reads maps")


def test_a_report_that_was_linked_by_mistake_does_not_speak_under_a_headline() -> None:
    strange, kin = (
        "Birch launches a cloud for databases in three regions of the north this week.",
        "Borealis was trained on maps of all rivers between two oceans, says its maker.",
    )
    headline = "Alder opens Borealis: now generally available"
    both = [text(strange, 2), text(kin, 3)]
    assert [each.text for each in choose_sentences(both, headline=headline, limit=2, own=1)] == [kin]
    assert [each.text for each in choose_sentences(both, headline=headline, limit=2, own=2)] != [kin]
    assert len(choose_sentences(both, headline=headline, limit=2)) == 2


def test_words_of_the_trade_make_no_kin() -> None:
    assert not is_kin("The cloud is now generally available to teams.", "Borealis: Now Generally Available for Teams")
    assert is_kin("The maps of rivers are new.", "Borealis reads maps")


@given(st.text(max_size=400), st.text(max_size=100))
def test_every_sentence_stands_in_its_entry_where_it_says(body: str, more: str) -> None:
    whole = f"{body}\n\n{GOOD} {more}"
    for span in spans(text(whole)):
        assert joined(whole)[span.start : span.end] == span.text


def test_an_abstracts_label_is_cut_and_the_span_says_where_it_begins() -> None:
    body = f"arXiv:2611.01234v1 Announce Type: new Abstract: {GOOD}"
    (span,) = spans(text(body))
    assert span.text == GOOD
    assert body[span.start : span.end] == GOOD


@pytest.mark.parametrize("dateline", ["LINDVIK - ", "NEW YORK (Reuters) — ", "Paris (AFP) - "])
def test_a_dateline_is_no_part_of_the_sentence(dateline: str) -> None:
    assert [span.text for span in spans(text(dateline + GOOD))] == [GOOD]


def test_two_sentences_that_say_the_same_are_not_both_chosen() -> None:
    twin = "The model matches its larger predecessor on nine of the twelve public tests."
    other = "Its weights may be used by anyone, also for money, under the Apache licence."
    chosen = choose_sentences(
        [text(f"{GOOD} {other}"), text(twin, 2, "Post")], headline="Alder opens its model", limit=2
    )
    assert [span.text for span in chosen] == [GOOD, other] or [span.text for span in chosen] == [twin, other]


def test_the_sentence_nearest_to_all_reports_wins() -> None:
    chosen = choose_sentences(
        [
            text("Our office has moved to a larger building near the old harbour this spring."),
            text("Alder published the weights of the Alder-24B model under a free licence.", 2, "Post"),
            text("The weights of the Alder-24B model were published by Alder on Tuesday.", 3, "Talk"),
        ],
        headline="Alder opens Alder-24B",
        limit=1,
    )
    assert chosen[0].entry_id in (2, 3)


@pytest.mark.parametrize(
    "sentence", ["The loss is $L_{\\theta}(x)$ over the whole of the data set.", "It needs \\frac{1}{2} of the memory."]
)
def test_a_sentence_with_a_formula_is_passed_over(sentence: str) -> None:
    assert not is_news(sentence)
    assert is_news("The laptop costs $1,200 and the server costs about $9,400 in all.")
