"""`trendbot terms` as an editor uses it: suggest, decide, look, take back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Cli, one_line

TITLES = ("the lab ships Zimi K2 today", "we tried Zimi-K2 at home", "how good is Zimi K2 really")


@pytest.fixture
def stocked(cli: Cli, tmp_path: Path) -> Cli:
    """A home with three reports that use a new name, tagged by the themes that ship."""
    at = datetime.now(UTC) - timedelta(hours=1)
    lines = [
        {"source": f"Feed {number}", "url": f"https://a.example/{number}", "title": title, "published": at.isoformat()}
        for number, title in enumerate(TITLES)
    ]
    file = tmp_path / "items.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert cli("entries", "import", file).code == 0
    assert cli("tag", "retag").code == 0
    return cli


def test_a_new_name_is_put_forward_and_accepted_with_its_past(stocked: Cli) -> None:
    [name] = stocked("terms", "suggest", "--json").json
    assert (name["entries"], name["feeds"]) == (3, 3)
    assert name["example"] in TITLES
    said = stocked("terms", "accept", name["name"], "--theme", "open-source", "--since", "2020-01-01", "--as", "ed")
    assert said.code == 0
    assert "open-source" in said.out
    shown = stocked("terms", "show", "zimi k2", "--json").json
    assert (shown["kind"], shown["entries_30_days"], shown["own"]) == ("model", 3, True)
    assert shown["themes"] == {"open-source": 1.0}
    assert stocked("terms", "suggest", "--json").json == []
    assert "Zimi K2" in stocked("terms", "list", "--own").out


def test_a_rejected_name_stays_away_until_undone(stocked: Cli) -> None:
    assert "Zimi K2" in stocked("terms", "suggest").out
    stocked("terms", "reject", "Zimi K2")
    assert stocked("terms", "suggest").out == "no new name surges beyond chance\n"
    assert "rejected" in stocked("tag", "log", "--kind", "terms").out
    assert stocked("terms", "undo").code == 0
    assert "Zimi K2" in stocked("terms", "suggest").out


def test_terms_are_muted_merged_and_shown(stocked: Cli) -> None:
    assert stocked("terms", "mute", "openai").code == 0
    assert [term["name"] for term in stocked("terms", "list", "--muted", "--json").json] == ["OpenAI"]
    assert stocked("terms", "unmute", "OpenAI").code == 0
    assert stocked("terms", "unmute", "OpenAI").out.startswith("nothing to change")
    said = stocked("terms", "merge", "Open AI Incorporated", "--into", "OpenAI", "--json")
    assert said.json["changes"][0]["after"]["own"]["aliases"] == ["Open AI Incorporated"]
    shown = stocked("terms", "show", "OpenAI").out
    assert "Open AI Incorporated" in shown
    assert "people" in shown


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", "Nobody"), 1),
        (("accept", "OpenAI"), 1),
        (("accept", "New One", "--theme", "toys"), 1),
        (("accept", "New One", "--theme", "tools=much"), 2),
        (("undo",), 1),
    ],
)
def test_errors_are_one_line(stocked: Cli, arguments: tuple[str, ...], code: int) -> None:
    said = stocked("terms", *arguments)
    assert said.code == code
    assert one_line(said.err)


def test_each_name_is_decided_with_one_key(stocked: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.getchar", lambda: "3")
    said = stocked("terms", "suggest", "--review")
    assert "3 open-source" in said.out
    assert "accepted, open-source" in said.out
    assert stocked("terms", "show", "Zimi K2", "--json").json["themes"] == {"open-source": 1.0}
