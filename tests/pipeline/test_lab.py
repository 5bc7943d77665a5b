"""The rule lab over stored history and over a file, and retagging in portions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.builders import News, add_entry

from trendbot.core.themes import parse_themes
from trendbot.errors import ConfigError
from trendbot.pipeline.lab import compare, compare_on_history, labelled_samples
from trendbot.pipeline.rules import retag
from trendbot.pipeline.tag import ThemesFile, tag_entries
from trendbot.store.labels import Said, labels, say
from trendbot.store.tags import tags_of

if TYPE_CHECKING:
    from datetime import datetime

    from trendbot.store.database import Database

TEXT = """
format = 1
[[theme]]
slug = "tools"
title = "Tools"
words = { "hammer" = 1 }
[[theme]]
slug = "market"
title = "Market"
words = { "shares" = 1 }
"""
BEFORE = parse_themes(TEXT, file="a.toml")
AFTER = parse_themes(TEXT.replace('"hammer"', '"saw"'), file="b.toml")


@pytest.fixture
def entries(database: Database, now: datetime) -> list[int]:
    titles = ("A hammer", "A saw for all", "Shares fall", "A cup of tea")
    return [
        database.write(add_entry, News(title=title, themes=(), age=timedelta(days=9 - 3 * n)), now)
        for n, title in enumerate(titles)
    ]


def test_the_past_is_read_by_both(database: Database, entries: list[int], now: datetime) -> None:
    said = [
        Said(entry_id=entries[0], themes={"tools": True}),
        Said(entry_id=entries[1], themes={"tools": False, "market": True}),
    ]
    database.write(say, said, kind="tag.set", by="ann", now=now)
    told: list[tuple[int, int]] = []
    found = compare_on_history(database, BEFORE, AFTER, progress=lambda *so_far: told.append(so_far))
    tools, market = found.themes
    assert (found.entries, found.labelled, told) == (4, 2, [(4, 4)])
    assert [move.entry.id for move in tools.gains] == [entries[1]]
    assert [move.entry.id for move in tools.losses] == [entries[0]]
    assert [item.text for item in tools.gains[0].evidence] == ["saw"]
    assert tools.gains[0].person is False
    assert tools.old.f1 is not None
    assert tools.new.f1 is not None
    assert (tools.old.f1.value, tools.new.f1.value, tools.points) == (1.0, 0.0, -100.0)
    assert (market.before, market.after, market.gained) == (1, 1, 0)
    assert [(pair.said, pair.meant, pair.count) for pair in found.confused] == [("tools", "market", 1)]


def test_nothing_is_written(database: Database, entries: list[int]) -> None:
    compare_on_history(database, BEFORE, AFTER)
    assert database.read(tags_of, entries) == []


def test_only_what_is_dated_since(database: Database, entries: list[int], now: datetime) -> None:
    assert compare_on_history(database, BEFORE, AFTER, since=now - timedelta(days=7)).entries == 3


def test_a_theme_that_is_gone_loses_everything(database: Database, entries: list[int]) -> None:
    shorter = parse_themes(TEXT.partition('[[theme]]\nslug = "market"')[0], file="c.toml")
    market = next(theme for theme in compare_on_history(database, BEFORE, shorter).themes if theme.theme == "market")
    assert (market.before, market.after, market.lost) == (1, 0, 1)


def test_a_file_of_labelled_entries() -> None:
    lines = [
        json.dumps({"title": "A saw", "themes": ["tools"], "source": "s", "published": "2026-01-02T00:00:00Z"}),
        json.dumps({"title": "A hammer", "themes": [], "disputed": ["market"]}),
        "",
    ]
    samples = labelled_samples(lines, ("tools", "market"), name="x.jsonl")
    assert [dict(sample.person) for sample in samples] == [{"tools": True, "market": False}, {"tools": False}]
    assert samples[0].entry.day == "2026-01-02"
    found = compare(samples, BEFORE, AFTER)
    assert found.old.f1 is not None
    assert (found.old.f1.value, found.macro_before, found.macro_after) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("line", ["{", "[]", '{"themes": []}', '{"title": "a", "themes": 3}'])
def test_a_line_that_is_no_labelled_entry_is_named(line: str) -> None:
    with pytest.raises(ConfigError, match=r"x\.jsonl:2: no labelled entry"):
        labelled_samples(["", line], ("tools",), name="x.jsonl")


def test_retagging_goes_in_portions_and_keeps_a_persons_no(
    database: Database, entries: list[int], now: datetime
) -> None:
    tag_entries(database, now=now, themes=ThemesFile(text=TEXT))
    said = [Said(entry_id=entries[1], themes={"tools": False})]
    database.write(say, said, kind="tag.set", by="ann", now=now)
    told: list[int] = []
    after = ThemesFile(text=TEXT.replace('"hammer"', '"saw"'))
    report = retag(database, now=now, themes=after, portion=3, progress=told.append)
    assert (report.entries, report.by_theme, told) == (4, {"tools": 1, "market": 1}, [3, 4])
    assert database.read(labels) == {entries[1]: {"tools": False}}
    assert retag(database, now=now, themes=after).entries == 0
