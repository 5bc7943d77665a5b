"""`trendbot tag learn`, and what the other commands show of the learner."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Cli
from tests.cli.test_tag import THEMES

SHOPS = ["pliers", "chisel", "lathe", "drill"]
OTHER = ["song", "recipe", "garden", "holiday"]


@pytest.fixture
def desk(cli: Cli, home: Path, tmp_path: Path) -> Cli:
    """A home of forty labelled entries: what a tool is, no rule knows; "hammer" is a trap."""
    home.mkdir()
    (home / "themes.toml").write_text(THEMES, encoding="utf-8")
    lines = []
    for number in range(40):
        right = number % 2 == 0
        words = f"{SHOPS[number % 4]} {SHOPS[number // 2 % 4]}" if right else f"hammer {OTHER[number // 2 % 4]}"
        item = {"id": str(number), "source": "s", "url": f"https://s.example/{number}", "title": f"{words} {number}"}
        themes = ["tools"] if right else []
        lines.append(json.dumps({**item, "published": "2026-11-01", "themes": themes, "disputed": ["market"]}))
    file = tmp_path / "labels.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    assert cli("tag", "import", file, "--add").code == 0
    return cli


def test_learn_tells_what_was_learnt_and_what_was_read(desk: Cli) -> None:
    said = desk("tag", "learn", "--json").json
    assert said["told"] == "learnt 1 of 2 themes from 40 entries"
    assert said["learner"].startswith("model-")
    assert said["entries"] == 40
    (theme,) = said["themes"]
    assert (theme["theme"], theme["positives"]) == ("tools", 20)
    again = desk("tag", "learn")
    assert "tools" in again.out
    assert "0 entries read by" in again.out


def test_the_learner_is_shown_beside_the_rules_with_its_words(desk: Cli, tmp_path: Path) -> None:
    desk("tag", "learn")
    item = {"id": "x", "source": "s", "url": "https://s.example/x", "title": "hammer song", "published": "2026-11-02"}
    file = tmp_path / "more.jsonl"
    file.write_text(json.dumps(item), encoding="utf-8")
    assert desk("entries", "import", file).code == 0
    assert desk("tag", "retag").code == 0
    shown = desk("tag", "show", 41, "--json").json
    assert shown["themes"] == []
    rows = {row["annotator"]: row for row in shown["tags"]}
    assert (rows["rule"]["applies"], rows["model"]["applies"]) == (True, False)
    assert "hammer" in rows["model"]["reason"] or "song" in rows["model"]["reason"]


def test_too_little_to_learn_from_is_said(cli: Cli, home: Path) -> None:
    home.mkdir()
    (home / "themes.toml").write_text(THEMES, encoding="utf-8")
    said = cli("tag", "learn")
    assert said.code == 0
    assert "rules alone until a theme has 10 examples" in said.out
