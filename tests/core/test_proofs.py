from __future__ import annotations

import tomllib
from collections import Counter

import pytest
from benchmarks.altering import FALSE, TRUE, altered, names_of

from trendbot.core.proofs import Fault, amounts, first_proven, is_verbatim, names, objections, read_source
from trendbot.core.summaries import Text, spans
from trendbot.paths import bundled

TITLE = "Halcourt raises €2.4 billion at a valuation of €21 billion"
BODY = (
    "The round, led by Calder Peak Capital, closed on 9 November and values the lab at 39 times its revenue of "
    "€610 million. “We did not need the money, but we wanted the partner,” said Ada Quill, who runs Halcourt. "
    "The lab will not hire before March. Staff rose by 31% to 1,240 people, and GPT-style models cost three times less."
)
SOURCE = read_source(TITLE, BODY, "Ledger & Loom")


@pytest.mark.parametrize(
    "sentence",
    [
        "The lab will not hire before March.",
        "Halcourt has raised 2.4bn euros, Ledger & Loom says.",
        "Its staff rose by 31 percent to 1240 people.",
        'Quill said: "We did not need the money, but we wanted the partner".',
        "The round closed on 9 November.",
        "The lab is valued at 39 times its revenue of 610m.",
    ],
)
def test_what_the_source_bears_out_passes(sentence: str) -> None:
    assert objections(sentence, SOURCE) == ()


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("Halcourt has raised €2.5 billion.", Fault.NUMBER),
        ("Halcourt has raised €2.4 million.", Fault.NUMBER),
        ("Staff rose by 31 to 1,240 people.", Fault.NUMBER),
        ("The round closed on 9 December.", Fault.DATE),
        ("The round, led by Corvid Capital, closed on 9 November.", Fault.NAME),
        ("Quillon has raised €2.4 billion.", Fault.NAME),
        ("“We did need the money, but we wanted the partner,” said Ada Quill.", Fault.QUOTATION),
        ("The lab will hire before March.", Fault.OPPOSITE),
        ("The lab will not hire after March.", Fault.OPPOSITE),
        ("Staff fell by 31% to 1,240 people.", Fault.OPPOSITE),
        ("Staff rose by 1,240% to 31 people.", Fault.NUMBER),
        (
            "The round, led by Calder Peak Halcourt, closed on 9 November and values the lab at 39 times.",
            Fault.EXCHANGED,
        ),
        ("GPT-5 models cost three times less.", Fault.NAME),
    ],
)
def test_what_it_does_not_bear_out_is_named(sentence: str, fault: Fault) -> None:
    assert fault in {each.fault for each in objections(sentence, SOURCE)}


def test_numbers_are_read_with_their_units() -> None:
    found = amounts("24-billion model, 31%, 31 per cent, GPT-5, 70B, 2.4bn, twelve million, 1,240 euros in 5 m")
    assert [(each.value, each.share) for each in found] == [
        (24e9, False), (31, True), (31, True), (70e9, False), (2.4e9, False), (12e6, False), (1240, False), (5, False),
    ]  # fmt: skip


def test_names_are_capitals_camel_case_and_letters_with_digits() -> None:
    assert names("The openAI team met Ada at GPT-5's launch on Monday in March, 3 times.") == ("openAI", "Ada", "GPT-5")


def test_the_first_proved_text_stands_else_none() -> None:
    rewrite, own = "Halcourt raised €3 billion.", "The lab will not hire before March."
    assert first_proven([rewrite, own], SOURCE) == own
    assert first_proven([rewrite], SOURCE) is None


def test_a_space_before_a_stop_makes_no_difference() -> None:
    source = read_source("Today Alder opens Forge , a system grounded in knowledge . It is free ; all may use it .")
    assert is_verbatim("Today Alder opens Forge, a system grounded in knowledge.", source)
    assert is_verbatim("It is free; all may use it.", source)
    assert not is_verbatim("It is free all may use it.", source)


def test_quotation_marks_and_dashes_make_no_difference() -> None:
    assert is_verbatim('"We did not need the money, but we wanted the partner," said Ada Quill', SOURCE)


def _week() -> list[tuple[str, str]]:
    found = []
    for file in sorted((bundled("seeds") / "sample" / "feeds").glob("*.toml")):
        feed = tomllib.loads(file.read_text(encoding="utf-8"))
        for entries in feed.values():
            if isinstance(entries, list):
                found += [
                    (str(each["title"]), str(each.get("summary") or each.get("content") or each.get("body") or ""))
                    for each in entries
                    if isinstance(each, dict) and "title" in each
                ]
    return found


def test_altered_sentences_of_the_sample_week_are_caught_and_true_ones_pass() -> None:
    week = _week()
    strangers = names_of([body for _, body in week])
    rates = {}
    for label, changes in (("false", FALSE), ("true", TRUE)):
        tried: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        for seed, (title, body) in enumerate(week):
            source = read_source(title, body)
            own = [span.text for span in spans(Text(entry_id=0, source="", body=body))]
            for kind, text in altered(changes, own, f"{title} {body}", strangers, seed):
                tried[kind] += 1
                refused[kind] += bool(objections(text, source))
        assert sum(tried.values()) > 200, label
        rates[label] = sum(refused.values()) / sum(tried.values())
        if label == "false":
            assert all(refused[kind] / tried[kind] >= 0.95 for kind in tried), (tried, refused)
    assert rates["false"] >= 0.95
    assert rates["true"] <= 0.05
