from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contents import full, item, said

from trendbot.core.digests import Audience, Budget, DigestContent, DigestSection
from trendbot.core.variants import ALL, content_of, cost, fitted, select_for, themes_of, variant_of

TITLES = {"tools": "Tools for people", "market": "Market and adoption", "trust": "Privacy and transparency"}
slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8})?", fullmatch=True)


def pooled(**given) -> DigestContent:
    """Return a digest whose pool has three stories on tools, two on the market, and one on both."""
    stories = (
        item(1, "Alder opens its model", themes=("tools",), score=5.0, publisher="a", sentences=said(1, "It did.") * 2),
        item(2, "Birch buys Cedar", themes=("market",), score=4.0, publisher="b", sentences=said(2, "For cash.") * 2),
        item(3, "Dogwood sells an agent", themes=("market", "tools"), score=3.0, publisher="c"),
        item(4, "Elm fixes its editor", themes=("tools",), score=2.0, publisher="d", sentences=said(4, "At last.")),
        item(5, "Fir hires", themes=("market",), score=1.0, publisher="e"),
        item(6, "Gum has a plug-in", themes=("tools",), score=0.5, publisher="f"),
    )
    values = {"stories": stories, "themes": TITLES, "rises": full().rising}
    return full(**values | given)


@given(st.sets(slugs, max_size=8))
def test_a_choice_has_one_name_and_the_name_gives_the_choice_back(chosen: set[str]) -> None:
    shuffled = random.sample(sorted(chosen), len(chosen))
    assert set(themes_of(variant_of(shuffled))) == chosen
    assert variant_of([*shuffled, *shuffled]) == variant_of(chosen)
    assert themes_of(variant_of(themes_of(variant_of(chosen)))) == tuple(sorted(chosen))


def test_no_theme_is_every_theme_and_so_is_a_choice_too_wide_to_name() -> None:
    assert variant_of([]) == ALL
    assert themes_of(ALL) == ()
    assert variant_of(f"theme-{number}" for number in range(500)) == ALL


def test_every_theme_is_the_content_as_it_was_approved() -> None:
    content = pooled()
    assert select_for(content, themes_of(ALL)) is content


def test_a_choice_is_told_its_own_stories_in_order_and_nothing_else() -> None:
    told = select_for(pooled(), ["tools"])
    assert told is not None
    assert told.variant == "tools"
    assert [each.story_id for _, each in told.items()] == [1, 3, 4, 6]
    assert [section.title for section in told.sections] == ["Tools for people"]
    assert [len(each.sentences) for _, each in told.items()] == [2, 0, 1, 0]
    assert told.line.startswith("4 stories on “Tools for people” out of 318 reports from 74 feeds")
    assert "on “Tools for people”" in told.foot.why
    assert told.foot.card is not None
    assert told.foot.card.sentences == 3


def test_nothing_on_a_choice_is_a_value_and_no_message() -> None:
    assert select_for(pooled(), ["trust"]) is None
    assert select_for(full(lead=None, sections=(), also=(), quiet=True), ["tools"]) is None


def test_a_content_of_before_is_narrowed_from_what_it_shows() -> None:
    old = full()
    assert old.stories == ()
    told = select_for(old, ["open-source"])
    assert told is not None
    assert [each.story_id for _, each in told.items()] == [1]


def test_what_only_all_readers_are_told_is_for_no_choice_and_the_other_way() -> None:
    base = pooled()
    only_all = replace(base.stories[0], audience=Audience.ALL)
    update = replace(base.stories[0], audience=Audience.SOME, update=True, told_on="2026-11-13")
    told = select_for(replace(base, stories=(only_all, update, *base.stories[1:])), ["tools"])
    assert told is not None
    assert [(each.story_id, each.update) for _, each in told.items()][:2] == [(1, True), (3, False)]


def test_a_rise_is_told_where_its_theme_is_chosen_or_a_story_names_it() -> None:
    rises = tuple(
        replace(full().rising[0], name=name, slug=slug, kind="theme" if slug else "term")
        for name, slug in (("Market and adoption", "market"), ("Alder", None), ("Nobody", None))
    )
    content = pooled(rises=rises, rising=rises)
    tools, market = select_for(content, ["tools"]), select_for(content, ["market"])
    assert tools is not None
    assert market is not None
    assert [rise.name for rise in tools.rising] == ["Alder"]
    assert [rise.name for rise in market.rising] == ["Market and adoption"]
    none = select_for(pooled(rises=rises[2:], rising=rises[2:]), ["tools"])
    assert none is not None
    assert none.rising_note == "Nothing on “Tools for people” rose beyond chance."


def test_one_feed_does_not_fill_a_choice() -> None:
    base = pooled()
    same = tuple(replace(each, publisher="one") for each in base.stories)
    told = select_for(replace(base, stories=same), ["tools"], Budget(per_feed=2))
    assert told is not None
    assert len(told.items()) == 2


def long(number: int, score: float, words: int):
    return item(number, f"Headline {number}", score=score, sentences=said(number, "word " * words))


def test_minutes_are_filled_by_value_for_length() -> None:
    # One long story is worth 3; two short ones 2 each: in a minute there is room for the two only.
    lead, stories = long(0, 9.0, 20), (long(1, 3.0, 120), long(2, 2.0, 40), long(3, 2.0, 40))
    sections, also = fitted(lead, [DigestSection(slug="t", title="T", items=stories)], [], Budget(minutes=1))
    assert [each.story_id for each in sections[0].items] == [2, 3]
    assert [each.story_id for each in also] == [1]
    assert also[0].sentences == ()
    spent = 40 + cost(lead) + sum(map(cost, (*sections[0].items, *also)))
    assert spent <= 220


def test_one_great_story_is_not_given_up_for_a_small_one() -> None:
    stories = (long(1, 9.0, 115), long(2, 1.0, 2))
    sections, _ = fitted(long(0, 9.0, 40), [DigestSection(slug="t", title="T", items=stories)], [], Budget(minutes=1))
    assert [each.story_id for each in sections[0].items] == [1]


@given(st.integers(1, 8), st.lists(st.tuples(st.integers(0, 80), st.floats(-1, 9)), max_size=30))
def test_the_budget_holds_and_no_section_is_empty(minutes: int, given_: list[tuple[int, float]]) -> None:
    stories = [long(number, score, words) for number, (words, score) in enumerate(given_)]
    shelves = [DigestSection(slug=str(n), title=str(n), items=tuple(stories[n::4])) for n in range(4)]
    lead = long(99, 9.0, 30)
    sections, also = fitted(lead, shelves, [], Budget(minutes=minutes))
    told = [each for section in sections for each in section.items]
    assert all(section.items for section in sections)
    assert 40 + sum(map(cost, (lead, *told, *also))) <= max(minutes * 220, 40 + cost(lead))
    assert len({each.story_id for each in (*told, *also)}) == len(told) + len(also)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_thin_day_stands_under_one_heading(count: int) -> None:
    shelves = [DigestSection(slug=str(n), title=str(n), items=(long(n, 1.0, 5),)) for n in range(count)]
    sections, _ = fitted(long(99, 9.0, 5), shelves, [], Budget())
    assert len(sections) == {0: 0, 1: 1, 2: 1, 5: 5}[count]


def test_where_every_story_is_left_out_there_is_nothing_to_tell_also_to_readers_of_all() -> None:
    shown = [item.story_id for _, item in pooled().items()]
    unseen = replace(pooled(), stories=(*pooled().stories, item(99, "Nobody was told", themes=("trust",))))
    assert content_of(unseen, variant_of([], shown)) is None
    quiet = full(lead=None, sections=(), also=(), quiet=True)
    assert content_of(quiet, ALL) is quiet


def test_a_thin_choice_calls_its_themes_quiet_and_not_the_day() -> None:
    base = pooled()
    told = select_for(replace(base, stories=base.stories[:1]), ["tools"])
    assert told is not None
    assert told.line.startswith("A quiet day on “Tools for people”: 1 story out of 318 reports from 74 feeds")
    assert told.sections == ()
