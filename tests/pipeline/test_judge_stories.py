from __future__ import annotations

import json

import pytest

from trendbot.errors import ConfigError
from trendbot.pipeline.group import background
from trendbot.pipeline.judge_stories import judge_stories, labelled_items

ROWS = (
    {"title": "Acme releases Borealis 3, an open model for code", "published": "2026-11-15T08:00:00Z", "story": "a"},
    {"title": "Open code model Borealis 3 released by Acme", "published": "2026-11-15T10:00:00", "story": "a"},
    {"title": "Regulator fines a chip maker over export papers", "story": "b"},
    {"title": "Nothing that anybody judged", "story": ""},
)


def lines(*rows: object) -> list[str]:
    return ["", *(json.dumps(row) for row in rows)]


def test_items_without_a_story_are_grouped_and_not_judged() -> None:
    judged = judge_stories(labelled_items(lines(*ROWS), name="set"), background())
    assert (judged.items, judged.agreement.entries, judged.agreement.b3_f1) == (4, 3, 1.0)
    assert judged.items_per_second > 0


def test_nothing_to_judge_is_no_error() -> None:
    judged = judge_stories(labelled_items(lines(ROWS[3]), name="set"), background())
    assert (judged.agreement.entries, judged.agreement.b3_f1) == (0, 1.0)


def test_an_undated_item_stands_at_the_date_before_and_a_naive_one_is_utc() -> None:
    items = labelled_items(lines(*ROWS), name="set")
    assert items[1].item.dated_at == items[2].item.dated_at
    assert items[1].item.dated_at.hour == 10


def test_items_without_a_source_have_feeds_of_their_own_and_front_pages_are_no_address() -> None:
    rows = [{"title": "One", "url": "https://acme.example/"}, {"title": "Two"}, {"title": "Three", "source": "a"}]
    items = labelled_items(lines(*rows), name="set")
    assert len({one.item.feed_id for one in items}) == 3
    assert items[0].item.canonical_url == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1 is no JSON"),
        ("[]", "line 1 is no object with a title"),
        ('{"story": "a"}', "line 1 is no object with a title"),
        ('{"title": "a", "published": "yesterday"}', "line 1: 'yesterday' is no date"),
    ],
)
def test_a_damaged_line_is_named(line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        labelled_items([line], name="set")
