"""What counts as a change in substance at the source, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests import contents

from trendbot.core.digests import Edited
from trendbot.core.errata import Cause, Page, Quoted, change_in, corrected, correction_text, quoted_in
from trendbot.core.limits import check_telegram


def page(title: str, body: str = "") -> Page:
    return Page(title=title, body=body, source="Model Wire")


def quoted(text: str, *, title: bool = True) -> Quoted:
    return Quoted(story_id=1, entry_id=1, headline="h", text=text, title=title)


BODY = "Alder raised $5 billion from Birch on Tuesday. The round closes in March. It employs 900 people."

CHANGED = [
    ("Alder raises $5 billion from Birch", "Alder raises $3 billion from Birch", ""),
    ("Alder raises $5 billion from Birch", "Alder raises $5 billion from Cedar", ""),
    ("Alder releases model in March", "Alder releases model in April", ""),
    ("Court approves Alder deal with Birch", "Court rejects Alder deal with Birch", ""),
    ("Alder buys Birch for $2bn", "Alder denies it buys Birch for $2bn", ""),
    ("Alder fires 300 people in London", "Alder fires 300 people in Paris", "Paris loses 300 jobs."),
    ("Alder opens its model", "Alder opens its model", "Correction: an earlier version named the wrong licence."),
    ("Alder study finds cure", "Retracted: Alder study finds cure", ""),
]
SAME = [
    ("Alder raises $5 billion from Birch", "Alder raises $5bn from Birch", ""),
    ("Alder raises $5 billion from Birch", "ALDER RAISES $5 BILLION FROM BIRCH – UPDATED", ""),
    ("Alder raises $5 billion from Birch", "Alder has raised money from Birch", ""),
    ("Alder raises $5 billion from Birch", "Why Birch bets on Alder", "The round is worth $5 billion."),
    ("Alder relases its model today", "Alder releases its model today", ""),
    ("Alder opens its model to everyone", "Everyone gets the model of Alder", ""),
    ("Alder opens its model to everyone", "Live: the fair in Berlin, day two", ""),
    ("Altman says models are cheap", "Models are cheap, says OpenAI chief", "Altman spoke on Monday."),
    ("10 things to know about Alder", "What to know about Alder", ""),
]


@pytest.mark.parametrize(("told", "title", "body"), CHANGED)
def test_a_title_that_says_otherwise_is_a_change(told: str, title: str, body: str) -> None:
    assert change_in(quoted(told), page(told), page(title, body))


@pytest.mark.parametrize(("told", "title", "body"), SAME)
def test_a_title_that_is_only_worded_anew_is_none(told: str, title: str, body: str) -> None:
    assert change_in(quoted(told), page(told), page(title, body)) is None


@pytest.mark.parametrize(
    ("body", "now"),
    [
        ("Alder raised $3 billion from Birch on Tuesday. The round closes in March.", "Alder raised $3 billion"),
        ("Alder raised $5 billion from Birch on Friday. The round closes in March.", "Friday"),
        ("Alder raised $5 billion from Cedar on Tuesday. The round closes in March.", "Cedar"),
        ("Alder has not raised $5 billion from Birch on Tuesday.", "has not raised"),
    ],
)
def test_a_sentence_with_another_fact_in_it_is_a_change(body: str, now: str) -> None:
    told = quoted("Alder raised $5 billion from Birch on Tuesday.", title=False)
    found = change_in(told, page("Alder", BODY), page("Alder", body))
    assert found is not None
    assert now in found


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        "The round closes in March.",
        "",
        "On Tuesday Alder raised $5 billion from Birch, it said.",
        "Alder raised $5 billion from Birch on Tuesday… Read more",
    ],
    ids=["same", "cut", "empty", "turned", "shortened"],
)
def test_a_sentence_that_is_gone_or_moved_is_none(body: str) -> None:
    told = quoted("Alder raised $5 billion from Birch on Tuesday.", title=False)
    assert change_in(told, page("Alder", BODY), page("Alder", body)) is None


def test_words_of_taking_back_count_only_where_they_are_new() -> None:
    told = quoted("Alder denies everything")
    assert change_in(told, page("Alder denies everything"), page("Alder denies everything still", "It is false.")) == (
        "It is false."
    )
    assert change_in(told, page("Alder denies everything"), page("Alder denies everything")) is None


def test_a_digest_quotes_titles_and_sentences_but_no_editors_words() -> None:
    content = contents.full()
    found = quoted_in(content)
    assert {each.text for each in found} >= {content.lead.headline, content.lead.sentences[1].text}
    assert {each.entry_id for each in found} >= {1, 7}
    mark = Edited(by="ada", at="2026-11-15T18:00:00+00:00", headline=True, text=True)
    item = contents.item(3, "Ours", sentences=contents.said(3, "Our words."), edited=mark)
    own = quoted_in(contents.full(lead=item, sections=(), also=()))
    assert [(each.entry_id, each.text) for each in own] == [(3, "")]
    assert change_in(own[0], page("Alder raises $5 billion"), page("Alder raises $3 billion")) is None
    model = contents.item(4, "A title", sentences=(replace(contents.said(4, "A model's words.")[0], machine=True),))
    assert [each.text for each in quoted_in(contents.full(lead=model, sections=(), also=()))] == ["A title"]


def test_a_correction_says_when_what_and_what_now() -> None:
    day = date(2026, 11, 14)
    given = {"told_on": day, "said": "Alder raises $5 billion", "source": "Model Wire"}
    assert correction_text(Cause.WITHDRAWN, now_says="", **given) == (
        "On 14 November 2026 we told “Alder raises $5 billion”. Model Wire has withdrawn it since."
    )
    assert "Model Wire now says: “$3 billion”" in correction_text(Cause.CHANGED, now_says="$3 billion", **given)
    assert correction_text(Cause.EDITOR, now_says="It was $3 billion.", **given).endswith(". It was $3 billion.")


def test_a_sent_message_takes_a_correction_where_it_has_room() -> None:
    message = corrected("<b>News</b>\nAlder raises", ["It was <3> & “not” 5."])
    assert message is not None
    assert check_telegram((message,)) == ()
    assert message.endswith("<b>Correction.</b> It was &lt;3&gt; &amp; “not” 5.")
    assert corrected("x" * 4090, ["no room here"]) is None
