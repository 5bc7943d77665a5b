"""`trendbot tag` and what `trendbot themes` does beyond listing."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Cli, one_line

from trendbot.cli.tag_view import changes_in_words
from trendbot.store.curation import Act, Change
from trendbot.store.lock import home_lock

THEMES = """
format = 1
[[theme]]
slug = "tools"
title = "Tools"
words = { "hammer" = 1, "saw" = 0.4 }
[[theme]]
slug = "market"
title = "Market"
words = { "shares" = 1 }
"""
ITEMS = [
    {"id": "a", "source": "s", "url": "https://s.example/a", "title": "A hammer for all", "published": "2026-11-01"},
    {"id": "b", "source": "s", "url": "https://s.example/b", "title": "A saw is sold", "published": "2026-11-02"},
    {"id": "c", "source": "t", "url": "https://t.example/c", "title": "Shares fall", "published": "2026-11-03"},
]


def write(path: Path, items: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(item) for item in items), encoding="utf-8")
    return path


@pytest.fixture
def desk(cli: Cli, home: Path, tmp_path: Path) -> Cli:
    """A home of three entries, tagged by the operator's own themes file."""
    home.mkdir()
    (home / "themes.toml").write_text(THEMES, encoding="utf-8")
    assert cli("entries", "import", write(tmp_path / "items.jsonl", ITEMS)).code == 0
    assert cli("tag", "retag").code == 0
    return cli


def themes_of(cli: Cli, entry: int) -> list[str]:
    return [tag["theme"] for tag in cli("tag", "show", entry, "--json").json["themes"]]


def test_show_marks_the_words(desk: Cli) -> None:
    said = desk("tag", "show", 1)
    assert "A «hammer» for all" in said.out
    assert "tools  yes   the rules" in said.out
    assert "hammer +2" in said.out


def test_a_persons_word_wins_and_outlives_every_run(desk: Cli) -> None:
    assert "entry 1 −tools +market" in desk("tag", "set", "1", "market", "--not", "tools", "--as", "ann").out
    assert themes_of(desk, 1) == ["market"]
    assert "3 entries tagged anew" in desk("tag", "retag", "--all").out
    assert themes_of(desk, 1) == ["market"]


def test_a_run_that_holds_the_home_does_not_keep_a_person_waiting(desk: Cli, home: Path, now: datetime) -> None:
    with home_lock(home, now=now, doing="run"):
        assert desk("tag", "set", "1", "--none").code == 0
        assert desk("tag", "undo").code == 0
        assert desk("themes", "apply", home / "themes.toml").code == 1


def test_set_only_none_and_several(desk: Cli) -> None:
    desk("tag", "set", "1,2", "market", "--only")
    assert themes_of(desk, 1) == themes_of(desk, 2) == ["market"]
    desk("tag", "set", "3", "--none", "--reason", "a game")
    shown = desk("tag", "show", 3, "--json").json
    assert shown["themes"] == []
    assert {tag["reason"] for tag in shown["tags"] if tag["annotator"] == "human"} == {"a game"}


def test_setting_what_stands_is_no_change(desk: Cli) -> None:
    desk("tag", "set", "1", "tools")
    assert "nothing changed" in desk("tag", "set", "1", "tools").out
    assert desk("tag", "set", "1", "tools", "--json").json is None


def test_unset_lets_the_machine_decide_again(desk: Cli) -> None:
    desk("tag", "set", "1", "--none")
    desk("tag", "unset", "1", "market")
    assert themes_of(desk, 1) == []
    desk("tag", "unset", "1")
    assert themes_of(desk, 1) == ["tools"]


def test_undo_and_log(desk: Cli) -> None:
    desk("tag", "set", "1", "--none", "--as", "ann")
    desk("tag", "set", "2", "tools", "--as", "ben")
    assert desk("tag", "undo", "--mine", "--as", "ann").code == 0
    assert themes_of(desk, 1) == ["tools"]
    assert themes_of(desk, 2) == ["tools"]
    log = desk("tag", "log", "--json").json
    assert [(act["act"], act["kind"], act["made_by"], act["undone_by"]) for act in log] == [
        (3, "tag.undo", "ann", None), (2, "tag.set", "ben", None), (1, "tag.set", "ann", 3),
    ]  # fmt: skip
    table = desk("tag", "log", "--entry", 1).out
    assert "by 3" in table
    assert "entry 2" not in table
    assert desk("tag", "undo", "2").code == 0
    said = desk("tag", "undo")
    assert said.code == 1
    assert "nothing to undo" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["set", "1"], 2, "name themes"),
        (["set", "1", "tools", "--none"], 2, "name themes"),
        (["set", "1", "tools", "--not", "tools"], 2, "yes and no to 'tools'"),
        (["set", "one", "tools"], 2, "no list of entry numbers"),
        (["set", "99", "tools"], 1, "no entry 99"),
        (["set", "1", "toolz"], 1, "no theme 'toolz': the themes are tools, market"),
        (["set", "1", "tools", "--as", " "], 2, "a name is needed"),
        (["show", "99"], 1, "no entry 99"),
        (["undo", "99"], 1, "no act 99"),
    ],
)
def test_wrong_use_is_one_line(desk: Cli, arguments: list[str], code: int, told: str) -> None:
    said = desk("tag", *arguments)
    assert said.code == code
    assert one_line(said.err)
    assert told in said.err


def test_labels_out_and_in(desk: Cli, tmp_path: Path) -> None:
    desk("tag", "set", "1", "tools", "--only")
    desk("tag", "set", "3", "market")
    file = tmp_path / "labels.jsonl"
    assert "2 entries written" in desk("tag", "export", file).out
    first, second = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    assert (first["id"], first["themes"], "disputed" in first) == ("a", ["tools"], False)
    assert (second["themes"], second["disputed"]) == (["market"], ["tools"])
    desk("tag", "unset", "1,3")
    assert "labels for 2 entries" in desk("tag", "import", file).out
    assert desk("tag", "import", file, "--json").json["act"] is None
    assert desk("tag", "log", "--json").json[0]["note"] == str(file)
    assert desk("tag", "undo").code == 0
    assert desk("tag", "export").out == ""


def test_import_may_add_entries(desk: Cli, tmp_path: Path) -> None:
    new = {"id": "d", "source": "u", "url": "https://u.example/d", "title": "New", "themes": ["tools"]}
    file = write(tmp_path / "labels.jsonl", [new, {"title": "x"}])
    said = desk("tag", "import", file)
    assert "1 lines name entries that are not stored" in said.out
    assert "line 2: it has no themes" in said.err
    assert "labels for 1 entries" in desk("tag", "import", "--add", file).out
    assert themes_of(desk, 4) == ["tools"]


def test_import_of_labels_into_an_empty_home(cli: Cli, tmp_path: Path) -> None:
    file = write(tmp_path / "labels.jsonl", [{**ITEMS[0], "themes": ["tools"]}])
    assert cli("tag", "import", "--add", file).code == 0


def test_a_story_is_one(desk: Cli) -> None:
    assert desk("tag", "set", "1", "market", "--story").code == 0
    assert set(themes_of(desk, 1)) == {"tools", "market"}


# -- themes ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    path = tmp_path / "changed.toml"
    path.write_text(THEMES.replace('"saw" = 0.4', '"saw" = 1').replace('"hammer" = 1', '"hammer" = 0.4'))
    return path


def test_the_lab_tells_gains_and_losses(desk: Cli, changed: Path) -> None:
    desk("tag", "set", "1,2", "tools", "--only")
    said = desk("themes", "test", changed)
    assert said.code == 0
    assert "tools: 1 gained" in said.out
    assert "A «saw» is sold" in said.out
    assert "tools: 1 lost" in said.out
    assert "a person says yes to tools, and that stands" in said.out
    found = desk("themes", "test", changed, "--json").json
    tools = found["themes"][0]
    assert (tools["gained"], tools["lost"], tools["points"]) == (1, 1, 0.0)
    assert tools["gains"][0]["entry"]["title"] == "A saw is sold"
    assert found["new"]["micro"]["f1"]["value"] == found["old"]["micro"]["f1"]["value"]


def test_the_lab_changes_nothing(desk: Cli, changed: Path) -> None:
    desk("themes", "test", changed)
    assert themes_of(desk, 1) == ["tools"]
    assert len(desk("themes", "history", "--json").json) == 1


def test_the_lab_fails_where_a_theme_falls(desk: Cli, changed: Path) -> None:
    assert desk("themes", "test", changed, "--fail-below", "3").code == 2
    desk("tag", "set", "1", "tools", "--only")
    said = desk("themes", "test", changed, "--fail-below", "3")
    assert said.code == 1
    assert "tools loses 100.0 points of F1, more than 3" in said.err
    assert desk("themes", "test", changed, "--fail-below", "100").code == 0


def test_the_lab_needs_no_home(cli: Cli, tmp_path: Path, changed: Path, home: Path) -> None:
    before = tmp_path / "before.toml"
    before.write_text(THEMES)
    labels = write(tmp_path / "labels.jsonl", [{**ITEMS[0], "themes": ["tools"]}])
    said = cli("themes", "test", changed, "--against", before, "--on", labels, "--fail-below", "1")
    assert said.code == 1
    assert not home.exists()


def test_apply_counts_and_undo_takes_back(desk: Cli, changed: Path, home: Path) -> None:
    said = desk("themes", "apply", changed, "--as", "ann", "--note", "saws too")
    assert "3 entries tagged anew" in said.out
    assert (themes_of(desk, 1), themes_of(desk, 2)) == ([], ["tools"])
    assert (home / "themes.toml").read_text() == changed.read_text()
    assert (home / "themes.toml.bak").read_text() == THEMES
    first, second = desk("themes", "history", "--json").json
    assert (first["applied_by"], second["source"]) == ("ann", THEMES)
    assert "-words" in desk("themes", "history", "--diff", second["hash"][:8]).out
    assert desk("themes", "undo").code == 0
    assert (themes_of(desk, 1), themes_of(desk, 2)) == (["tools"], [])
    assert (home / "themes.toml").read_text() == THEMES
    kinds = [act["kind"] for act in desk("tag", "log", "--kind", "themes", "--json").json]
    assert kinds == ["themes.undo", "themes.apply"]
    assert desk("themes", "apply", "--version", first["hash"][:8]).code == 0
    assert themes_of(desk, 2) == ["tools"]


def test_what_is_not_the_last_word_is_not_undone(desk: Cli, changed: Path) -> None:
    said = desk("themes", "undo")
    assert (said.code, one_line(said.err)) == (1, True)
    desk("themes", "apply", changed)
    desk("tag", "set", "1", "tools")
    assert "is undone with `trendbot tag undo`" in desk("themes", "undo", "2").err
    assert "is undone with `trendbot themes undo`" in desk("tag", "undo", "1").err


def test_a_broken_file_is_one_line_and_counts_for_nothing(desk: Cli, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text(THEMES + '\n"oops')
    for verb in ("test", "apply"):
        said = desk("themes", verb, broken)
        assert said.code == 2
        assert one_line(said.err)
        assert "broken.toml:" in said.err
    assert desk("themes", "apply", tmp_path / "none.toml").code == 2
    assert desk("themes", "apply", "--version", "zz").code == 1
    assert themes_of(desk, 1) == ["tools"]


def test_the_shipped_themes_need_no_file_of_ones_own(desk: Cli, home: Path) -> None:
    from trendbot.paths import bundled

    desk("themes", "apply", bundled("seeds") / "themes.toml")
    assert not (home / "themes.toml").exists()
    assert (home / "themes.toml.bak").exists()


def test_show_a_theme_and_the_file(desk: Cli) -> None:
    assert desk("themes", "show").out.strip() == THEMES.strip()
    shown = desk("themes", "show", "tools", "--json").json
    assert [(rule["rule"], rule["body"]) for rule in shown["rules"]] == [("hammer", 1.0), ("saw", 0.4)]
    assert "saw" in desk("themes", "show", "tools").out
    assert desk("themes", "show", "toolz").code == 2


def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "editor.sh"
    program.write_text(f"#!/bin/sh\nsed -i '{script}' \"$1\"\n")
    program.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(program))


def test_edit_shows_the_change_and_applies_it(desk: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(tmp_path, monkeypatch, 's/"saw" = 0.4/"saw" = 1/')
    said = desk("themes", "edit", "--yes")
    assert said.code == 0
    assert "tools: 1 gained" in said.out
    assert themes_of(desk, 2) == ["tools"]


def test_edit_without_a_change(desk: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(tmp_path, monkeypatch, "s/x/x/")
    assert "nothing was changed" in desk("themes", "edit", "--yes").out


def test_many_noes_are_told_in_short() -> None:
    themes = ["tools", *(f"theme-{number}" for number in range(7))]
    tags = {slug: {"applies": slug == "tools"} for slug in themes}
    change = Change(subject="entry:7", before={"tags": {}}, after={"tags": tags})
    at = datetime(2026, 11, 25, tzinfo=UTC)
    act = Act(
        act=1, kind="tag.review", made_at=at, made_by="ann", note="", undoes=None, undone_by=None, changes=(change,)
    )
    assert changes_in_words(act) == "entry 7 +tools, no to 7 others"


def test_a_change_that_is_not_taken_is_kept_as_a_draft(
    desk: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk("themes", "show").out
    editor(tmp_path, monkeypatch, 's/"saw" = 0.4/"saw" = 1/')
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    said = desk("themes", "edit")
    assert said.code == 0
    assert "tools: 1 gained" in said.out
    draft = home / "themes.draft.toml"
    assert "not in force; your text is in" in said.out
    assert '"saw" = 1' in draft.read_text(encoding="utf-8")
    assert desk("themes", "show").out == before
    assert themes_of(desk, 2) == []
    assert desk("themes", "apply", draft).code == 0
    assert themes_of(desk, 2) == ["tools"]


def test_a_text_that_cannot_be_understood_is_not_lost(
    desk: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, "s/^format = 1$/format = one/")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    said = desk("themes", "edit")
    assert said.code == 2
    assert "themes.toml:2: not valid TOML" in said.err
    assert "your text is in" in said.err
    assert "format = one" in (home / "themes.draft.toml").read_text(encoding="utf-8")
