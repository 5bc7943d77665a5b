"""What one reader is told of a digest, who was told some of it before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tests import contents

from trendbot.core.memory import for_reader

NOW = datetime.fromisoformat("2026-11-15T18:00+00:00")
DAY = timedelta(days=1)


def told(content: object) -> list[int]:
    return [item.story_id for _, item in content.items()]


def test_who_was_told_nothing_is_told_all() -> None:
    content = contents.full()
    assert for_reader(content, {}) == content


def test_what_a_reader_knows_is_left_out_and_the_next_leads() -> None:
    content = contents.full()
    left = for_reader(content, {1: NOW - DAY, 3: NOW - DAY, 5: NOW})
    assert told(left) == [2, 4, 6]
    assert left.lead.story_id == 2
    assert all(section.items for section in left.sections)
    only = for_reader(content, dict.fromkeys((1, 2, 3, 4), NOW))
    assert told(only) == [5, 6]
    assert for_reader(content, dict.fromkeys(range(1, 7), NOW)) is None


def test_an_update_is_for_those_who_were_told_before_it_and_news_to_all_others() -> None:
    base = contents.full()
    content = replace(base, lead=replace(base.lead, update=True, told_on="2026-11-10"))
    before, since = NOW - 5 * DAY, NOW - 2 * DAY
    assert for_reader(content, {1: before}).lead == content.lead
    assert 1 not in told(for_reader(content, {1: since}))
    stranger = for_reader(content, {}).lead
    assert (stranger.story_id, stranger.update, stranger.told_on) == (1, False, None)
