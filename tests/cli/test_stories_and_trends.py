"""`stories`, `trends` and `evaluate stories|trends|ranking` as a person uses them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from trendbot.paths import bundled
from trendbot.pipeline.group import group_entries
from trendbot.pipeline.measure import measure
from trendbot.pipeline.tag import ThemesFile, tag_entries
from trendbot.store.database import Database, sqlite_url

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

NOW = datetime.now(UTC).replace(microsecond=0)


def lines(rows: list[dict[str, Any]], file: Path) -> Path:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


TOLD = ("OpenAI releases GPT-4.1 to all", "GPT-4.1 released to all by OpenAI", "To all: OpenAI has released GPT-4.1")


def one(number: int, page: object, title: str, at: datetime) -> dict[str, Any]:
    url = f"https://s{number}.example/{page}"
    return {"source": f"s{number}", "url": url, "title": title, "summary": "", "published": at.isoformat()}


def items() -> list[dict[str, Any]]:
    rows = []
    for back in range(40):
        at = NOW - timedelta(days=back, minutes=5)
        rows += [one(n, back, f"Matter{back}x{n} note{n} of{back + n}", at) for n in range(40)]
    return rows + [one(n, "new", title, NOW) for n, title in enumerate(TOLD * 3)]


@pytest.fixture
def filled(cli: Cli, home: Path, tmp_path: Path) -> Cli:
    assert cli("entries", "import", lines(items(), tmp_path / "items.jsonl")).code == 0
    with Database(sqlite_url(home / "trendbot.db")) as database:
        themes = ThemesFile(text=(bundled("seeds") / "themes.toml").read_text("utf-8"))
        tag_entries(database, now=NOW, themes=themes)
        group_entries(database, now=NOW)
        measure(database, now=NOW)
    return cli


def test_a_story_is_shown_split_and_put_together_again(filled: Cli) -> None:
    story = filled("stories", "list", "--limit", 1, "--json").json[0]
    assert story["reports"] == 9
    shown = filled("stories", "show", story["id"], "--json").json
    entries = [entry["entry_id"] for entry in shown["entries"]]
    said = filled("stories", "split", story["id"], entries[0], "--json")
    assert said.code == 0
    assert len(filled("stories", "show", story["id"], "--json").json["entries"]) == 8
    undone = filled("stories", "undo")
    assert undone.code == 0
    assert "takes it back" in undone.out
    assert len(filled("stories", "show", story["id"], "--json").json["entries"]) == 9
    assert filled("stories", "pin", story["id"], entries[1]).code == 0
    assert "held by a person" in filled("stories", "show", story["id"], "--since", NOW.isoformat()).out
    missed = filled("stories", "merge", story["id"], story["id"])
    assert missed.code == 1
    assert len(missed.err.splitlines()) == 1


def test_trends_show_what_rose_and_draw_it(filled: Cli, tmp_path: Path) -> None:
    found = filled("trends", "--json").json
    assert "GPT-4.1" in [one["name"] for one in found["rising"]]
    assert found["nothing_significant"] is False
    told = filled("trends", "--since", (NOW - timedelta(days=3)).date().isoformat())
    assert "GPT-4.1" in told.out
    assert "story " in told.out
    assert filled("trends", "--kind", "theme", "--json").json["rising"] == []
    chart = tmp_path / "chart.svg"
    assert filled("trends", "--chart", chart, "--dark").code == 0
    assert chart.read_text("utf-8").startswith("<?xml")
    wrong = filled("trends", "--chart", tmp_path / "chart.gif")
    assert (wrong.code, len(wrong.err.splitlines())) == (2, 1)


def test_trends_before_anything_is_known(cli: Cli) -> None:
    cli("db", "upgrade")
    assert "too little is known" in cli("trends").out
    assert cli("trends", "--json").json["rising"] == []


def test_the_backtest_says_what_was_caught(filled: Cli, tmp_path: Path) -> None:
    events = lines([{"term": "gpt-4.1", "day": NOW.date().isoformat()}], tmp_path / "events.jsonl")
    found = filled("trends", "backtest", "--events", events, "--json").json
    assert (found["covered"], found["listed"]["caught_same_day"]) == (1, 1.0)
    assert "GPT-4.1: caught the same day" in filled("trends", "backtest", "--events", events).out


def test_evaluate_stories(cli: Cli, tmp_path: Path) -> None:
    titles = {
        "Acme releases Borealis 3, an open model for code": "x",
        "Open code model Borealis 3 released by Acme": "x",
        "Regulator fines a chip maker": "y",
        "Background": None,
    }
    rows = [
        {"id": str(n), "title": title, "source": f"s{n}", "published": "2026-11-15", "story": story}
        for n, (title, story) in enumerate(titles.items())
    ]
    file = lines(rows, tmp_path / "labelled.jsonl")
    found = cli("evaluate", "stories", file, "--json").json
    assert {found[name] for name in ("b3_precision", "b3_recall", "b3_f1", "multi_f1", "pairwise_f1")} == {1.0}
    assert (found["items"], found["entries"]) == (4, 3)
    assert found["items_per_second"] > 0
    assert "B³" in cli("evaluate", "stories", file).out
    unnamed = cli("evaluate", "stories", lines([{"id": 1, "title": "A", "cluster": "c"}], tmp_path / "other.jsonl"))
    assert "no item names its story (field `story`)" in unnamed.err
    assert "no item names its story" not in cli("evaluate", "stories", file).err
    broken = cli("evaluate", "stories", lines([{"id": 1}], tmp_path / "broken.jsonl"))
    assert (broken.code, len(broken.err.splitlines())) == (2, 1)


def test_evaluate_trends_and_ranking(cli: Cli, tmp_path: Path) -> None:
    rows = [{**row, "id": str(number)} for number, row in enumerate(items())]
    file = lines(rows, tmp_path / "items.jsonl")
    events = lines([{"term": "GPT-4.1", "day": NOW.date().isoformat()}], tmp_path / "events.jsonl")
    found = cli("evaluate", "trends", "--items", file, "--events", events, "--json").json
    assert (found["covered"], found["caught_same_day"]) == (1, 1.0)
    told = cli("evaluate", "trends", "--items", file, "--events", events).out
    assert "by score alone" in told
    assert "as shipped: rising or new" in told
    assert "missed as shipped: none" in told
    day = (NOW + timedelta(days=1)).date().isoformat()
    picks = lines([{"id": str(len(rows) - 1), "day": day, "grade": 3}], tmp_path / "picks.jsonl")
    met = cli("evaluate", "ranking", "--items", file, "--picks", picks, "--json").json
    assert (met["days"], met["lead_mrr"]) == (1, 1.0)
    assert "nDCG@10" in cli("evaluate", "ranking", "--items", file, "--picks", picks).out
