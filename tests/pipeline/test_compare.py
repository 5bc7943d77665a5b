"""Past digests made again: under other rules, and to the last byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import builders, contents

from trendbot.core.differences import differences, overlap
from trendbot.core.digests import DigestPolicy
from trendbot.core.memory import Remembered
from trendbot.core.themes import parse_themes
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.paths import bundled
from trendbot.pipeline.compare import Rules, compare
from trendbot.pipeline.compose import compose
from trendbot.pipeline.editions import ensure_edition
from trendbot.pipeline.rebuild import rebuild
from trendbot.render.environment import Renderer
from trendbot.store import digests, schema

if TYPE_CHECKING:
    from trendbot.store.database import Database

DAY = timedelta(days=1)
RENDERER = Renderer(bundled("templates"))
POLICY = DigestPolicy()


def rules(name: str = "now", **given: int) -> Rules:
    return Rules(name=name, policies=dict.fromkeys(Cadence, replace(POLICY, **given)))


TOLD = Rules(name="told", policies=None)


@pytest.fixture
def past(database: Database, now: datetime) -> Database:
    """Return a database with three days of digests and a week's."""
    for back in (2, 1, 0):
        at = now - back * DAY
        builders.add_day(database, at, prefix=("", "Second ", "Third ")[back])
        compose(database, RENDERER, cadence=Cadence.DAILY, now=at, policy=POLICY)
    compose(database, RENDERER, cadence=Cadence.WEEKLY, now=now, policy=POLICY)
    return database


def test_the_same_rules_make_the_same_digests_of_the_past(past: Database) -> None:
    found = compare(past, TOLD, rules())
    assert [each.cadence for each in found.digests].count(Cadence.DAILY) == 3
    assert len(found.digests) == 4
    assert [each.differences.stories for each in found.digests] == [()] * 4
    assert found.overlap == 1.0
    assert all(each.differences.same for each in found.digests)


def test_other_caps_gain_and_lose_stories_digest_by_digest(past: Database, now: datetime) -> None:
    assert len(compare(past, TOLD, rules(), since=now).digests) == 2
    seen: list[tuple[int, int]] = []
    compare(past, TOLD, rules(), cadence=Cadence.WEEKLY, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]
    found = compare(past, rules("a"), rules("b", stories=3, also=2), cadence=Cadence.DAILY)
    assert {each.stories_b for each in found.digests} == {5}
    assert found.count("lost") >= 3
    assert found.count("gained") == 0
    assert 0 < found.overlap < 1
    assert compare(past, rules("b", stories=3, also=2), rules("a"), limit=2).count("gained") >= 3


def test_what_a_side_tells_twice_is_counted(database: Database, now: datetime) -> None:
    few = replace(POLICY, stories=2, also=0)
    for at in (now - DAY, now):
        builders.add_day(database, at)
        compose(database, RENDERER, cadence=Cadence.DAILY, now=at, policy=few)
    found = compare(database, TOLD, rules(), cadence=Cadence.DAILY)
    assert [each.repeats_a for each in found.digests] == [0, 0]
    first, second = (each.repeats_b for each in found.digests)
    assert first == 0
    assert second > 0
    assert found.repeats == (0, second)


def test_a_headline_or_a_story_is_remembered_and_an_update_of_what_came_after_is_not_a_repeat() -> None:
    first = contents.full()
    told = Remembered()
    assert told.add(first) == 0
    assert told.add(first) == len(first.items()) > 3
    lead = first.lead
    assert lead is not None
    day = first.period_end[:10]
    fresh = replace(first, sections=(), also=(), lead=replace(lead, update=True, told_on=day))
    assert told.add(fresh) == 0
    stale = replace(fresh, lead=replace(lead, update=True, told_on="2026-01-01"))
    assert told.add(stale) == 1
    reworded = replace(fresh, lead=replace(lead, story_id=999_999, update=False, told_on=None))
    assert told.add(reworded) == 1


def test_other_themes_tag_the_past_anew(past: Database) -> None:
    text = (bundled("seeds") / "themes.toml").read_text("utf-8")
    themes = parse_themes(text, file="themes.toml")
    before = past.read(lambda s: s.query(schema.Tag).count())
    found = compare(past, rules(), replace(rules("themes"), themes=themes), limit=1)
    assert len(found.digests) == 1
    assert found.digests[0].differences.stories
    assert past.read(lambda s: s.query(schema.Tag).count()) == before


def test_nothing_to_compare_is_said(database: Database) -> None:
    assert compare(database, TOLD, rules()).digests == ()
    assert compare(database, TOLD, rules()).overlap == 1.0


def test_differences_name_what_became_of_each_story() -> None:
    before = contents.full()
    section = before.sections[0]
    after = replace(
        before,
        lead=replace(before.lead, headline="Other words"),
        sections=(replace(section, items=section.items[:1]), *before.sections[1:]),
        also=(*before.also[:1], contents.item(99, "New")),
    )
    kinds = {each.story_id: each.kind for each in differences(before, after).stories}
    assert kinds == {1: "worded", 99: "gained", 3: "lost", 6: "lost"}
    assert differences(before, before).same


def test_overlap_is_of_the_first_ten() -> None:
    assert overlap([], []) == 1.0
    assert overlap([1, 2], [3]) == 0.0
    assert overlap(list(range(20)), list(range(5, 25))) == 0.5


# -- rebuild -----------------------------------------------------------------------------------------------------------


def test_every_past_digest_is_rebuilt_byte_for_byte(past: Database) -> None:
    for digest in past.read(digests.list_digests):
        ensure_edition(past, digest.id, ChannelKind.TELEGRAM, "tools", RENDERER)
        found = rebuild(past, RENDERER, digest.id)
        assert found.problems == ()
        assert found.editions >= 2


def test_other_templates_are_said_to_be_so(past: Database, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "telegram").mkdir(parents=True)
    source = (bundled("templates") / "telegram" / "digest.html.j2").read_text("utf-8")
    (own / "telegram" / "digest.html.j2").write_text(f"{source}!", encoding="utf-8")
    found = rebuild(past, Renderer(bundled("templates"), own), 1)
    assert not found.same
    assert found.problems == ("the telegram edition was made by other templates: what is kept is what went out",)


@pytest.mark.sqlite
def test_what_was_tampered_with_is_found(past: Database) -> None:
    def tamper(session) -> None:
        connection = session.connection()
        connection.exec_driver_sql("DROP TRIGGER digests_frozen")
        connection.exec_driver_sql("DROP TRIGGER editions_frozen")
        connection.exec_driver_sql("UPDATE digests SET content = replace(content, 'Alder', 'Birch') WHERE id = 1")

    past.write(tamper)
    problems = rebuild(past, RENDERER, 1).problems
    assert "its hash differs" in problems[0]
    assert any("comes out otherwise" in each for each in problems)
