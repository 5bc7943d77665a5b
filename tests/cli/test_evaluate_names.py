"""`trendbot evaluate names`: figures from files, and files that are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Cli, one_line


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n", encoding="utf-8")
    return path


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    quiet = [
        {"title": f"nothing happened in town {day}", "source": "A", "published": f"2026-01-{day:02}T08:00:00Z"}
        for day in range(1, 9)
    ]
    loud = [
        {"title": f"they show Kimi K2 in room {source}", "summary": "", "source": source, "published": "2026-01-08"}
        for source in ("A", "B", "C")
    ]
    return write(tmp_path / "items.jsonl", quiet + loud)


def test_names_are_found_by_the_day(cli: Cli, stream: Path, tmp_path: Path) -> None:
    wanted = write(
        tmp_path / "names.jsonl", [{"name": "kimi-k2", "day": "2026-01-08"}, {"name": "Z", "day": "2026-01-02"}]
    )
    found = cli("evaluate", "names", "--items", stream, "--names", wanted, "--json").json
    assert found["recall"] == found["recall_exact"] == {"same_day": 0.5, "two_days": 0.5, "ever": 0.5}
    assert found["suggested"] == [{"name": "Kimi K2", "day": "2026-01-08"}]
    assert (found["precision"], found["missed"], found["days"]) == (1.0, ["Z"], 8)
    told = cli("evaluate", "names", "--items", stream, "--names", wanted, "--known").out
    assert "50.0 % by the day" in told


@pytest.mark.parametrize(
    "row",
    ['{"name": "x", "day": "soon"}', '{"day": "2026-01-01"}', "[1]", "{broken"],
)
def test_a_wrong_line_is_named(cli: Cli, stream: Path, tmp_path: Path, row: str) -> None:
    wanted = tmp_path / "names.jsonl"
    wanted.write_text(f"\n{row}\n", encoding="utf-8")
    said = cli("evaluate", "names", "--items", stream, "--names", wanted)
    assert said.code == 2
    assert one_line(said.err)
    assert "names.jsonl:2" in said.err
