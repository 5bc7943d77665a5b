"""`trendbot evaluate tags`, as a person and as a script call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from trendbot.cli.evaluate import command

if TYPE_CHECKING:
    from pathlib import Path

THEMES = 'format = 1\n[[theme]]\nslug = "a"\ntitle = "A"\nwords = { "cat" = 1 }\n[[theme]]\nslug = "b"\ntitle = "B"\n'
LINES = [
    {"id": "1", "title": "a cat", "summary": "", "source": "s", "published": "2026-01-01", "themes": ["a"]},
    {"id": "2", "title": "a dog", "summary": "", "themes": ["a"], "disputed": ["b"]},
    {"id": "3", "title": "a cow", "themes": []},
]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    themes, labels = tmp_path / "t.toml", tmp_path / "labels.jsonl"
    themes.write_text(THEMES, encoding="utf-8")
    labels.write_text("\n".join(map(json.dumps, LINES)), encoding="utf-8")
    return ["--home", str(tmp_path / "home"), "tags", str(labels), "--themes", str(themes)]


def test_json_has_the_keys_that_scripts_rely_on(files: list[str]) -> None:
    result = CliRunner().invoke(command, [*files, "--json"])
    assert result.exit_code == 0, result.output
    data = json.loads(result.output)
    assert {"micro_f1", "macro_f1", "ece", "themes"} <= set(data)
    assert data["micro_f1"] == pytest.approx(2 / 3)
    assert data["themes"]["a"]["precision"] == 1.0
    assert data["themes"]["a"]["recall"] == 0.5
    assert data["themes"]["b"]["f1"] is None


def test_people_get_a_table(files: list[str]) -> None:
    result = CliRunner().invoke(command, files)
    assert result.exit_code == 0, result.output
    assert "66.7" in result.output
    assert "calibration error" in result.output


def test_training_and_folds(files: list[str]) -> None:
    result = CliRunner().invoke(command, [*files, "--train", files[3], "--cross-validate", "2", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["entries"] == 3


@pytest.mark.parametrize("content", ["", "nonsense", '{"summary": "no title"}', "\xff"])
def test_a_file_without_labels_is_named(files: list[str], tmp_path: Path, content: str) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(content.encode("latin-1"))
    result = CliRunner().invoke(command, [*files[:3], str(bad), *files[4:]])
    assert "bad.jsonl" in str(result.exception)
