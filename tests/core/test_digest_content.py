from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from tests.contents import contents, full

from trendbot.core import wording
from trendbot.core.digests import DigestContent, content_hash, from_json, reaches, slot_of, to_json
from trendbot.core.vocabulary import Cadence


@settings(max_examples=60, deadline=None)
@given(contents())
def test_json_gives_back_the_same_content(content: DigestContent) -> None:
    read = from_json(json.loads(json.dumps(to_json(content))))
    assert read == content
    assert content_hash(read) == content_hash(content)


def test_the_hash_changes_with_any_word() -> None:
    assert content_hash(full()) != content_hash(full(line="Another line."))
    assert content_hash(full()) == content_hash(full())


def test_a_newer_version_is_refused() -> None:
    with pytest.raises(ValueError, match="newer than this program"):
        from_json(to_json(replace(full(), version=99)))


def test_slots_are_utc_days_and_iso_weeks() -> None:
    assert slot_of(Cadence.DAILY, datetime(2026, 11, 15, 23, 59, tzinfo=UTC)) == "2026-11-15"
    assert slot_of(Cadence.WEEKLY, datetime(2026, 11, 15, 23, 59, tzinfo=UTC)) == "2026-W46"
    assert slot_of(Cadence.WEEKLY, datetime(2027, 1, 1, tzinfo=UTC)) == "2026-W53"


def test_a_day_ends_where_the_schedule_has_its_zone() -> None:
    evening = datetime(2026, 11, 15, 22, 0, tzinfo=UTC)
    assert slot_of(Cadence.DAILY, evening, "Asia/Tokyo") == "2026-11-16"
    assert slot_of(Cadence.WEEKLY, evening, "Asia/Tokyo") == "2026-W47"


def test_an_opening_digest_never_reaches_less_than_its_cadence() -> None:
    now = datetime(2026, 11, 15, tzinfo=UTC)
    assert [days for days, _ in reaches(Cadence.DAILY, now)] == [1, 2, 3, 7, 14, 30, 90, 365]
    assert [days for days, _ in reaches(Cadence.WEEKLY, now)] == [7, 14, 30, 90, 365]


def test_reading_order_names_the_sections() -> None:
    assert [(section, item.story_id) for section, item in full().items()] == [
        ("lead", 1),
        ("trust", 2),
        ("trust", 3),
        ("efficiency", 4),
        ("also", 5),
        ("also", 6),
    ]


@pytest.mark.parametrize(
    ("cadence", "slot", "name"),
    [
        (Cadence.DAILY, "2026-11-15", "Sunday, 15 November 2026"),
        (Cadence.WEEKLY, "2026-W46", "9–15 November 2026"),
        (Cadence.WEEKLY, "2026-W49", "30 November – 6 December 2026"),
        (Cadence.WEEKLY, "2026-W53", "28 December 2026 – 3 January 2027"),
    ],
)
def test_periods_are_named_for_people(cadence: Cadence, slot: str, name: str) -> None:
    assert wording.period_name(cadence, slot) == name


def test_numbers_carry_their_unit() -> None:
    assert wording.counted(1, "story", "stories") == "1 story"
    assert wording.counted(1204, "report") == "1,204 reports"
    assert [wording.figure(value) for value in (0.0, 0.02, 0.54, 2.0, 8.24, 23.4)] == [
        "0",
        "under 0.1",
        "0.5",
        "2",
        "8.2",
        "23",
    ]
    assert wording.rise_text(full().rising[0]) == "Open weights: 23 reports in 7 days, usually 8.2"


def test_the_line_is_one_sentence_of_facts() -> None:
    content = full()
    assert content.line == (
        "6 stories out of 318 reports from 74 feeds; 4 publishers carry the lead and “Open weights” is rising."
    )
    thin = wording.day_line(cadence=Cadence.WEEKLY, stories=1, entries=1, feeds=1, followed=9, lead=None, rising="")
    assert thin == "A quiet week with 1 story out of 1 report from 1 feed."


def test_hashtags_are_three_to_five_and_of_the_themes() -> None:
    assert wording.hashtags([]) == ("AI", "LLM", "AINews")
    assert wording.hashtags(["open-source"]) == ("AI", "OpenSource", "LLM")
    assert len(wording.hashtags(["a", "b", "c", "d", "e", "f"])) == 5


def test_contents_of_version_1_are_read() -> None:
    tree = to_json(replace(full(), version=1))
    del tree["foot"]["card"]
    for item in [tree["lead"], *tree["also"], *(one for section in tree["sections"] for one in section["items"])]:
        del item["told_on"]
    read = from_json(tree)
    assert read.lead is not None
    assert (read.foot.card, read.lead.told_on, read.version) == (None, None, 1)
    assert "every sentence is its publisher's own." in wording.proof(read.foot.card)
