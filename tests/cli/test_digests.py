"""`digests`, from the draft to the erratum, as an editor uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.conftest import one_line

from trendbot.core.limits import read_little

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

NOW = ("--now", "2026-11-15T18:00Z")
ADA = ("--as", "ada")


@pytest.fixture
def desk(cli: Cli, home: Path, news: list[int]) -> Cli:
    """The command line of a home whose daily digests wait for approval."""
    (home / "trendbot.toml").write_text('[digest.approval]\nlinkedin = "approve"\n', encoding="utf-8")
    assert cli("digests", "compose", *NOW).code == 0
    return cli


def test_an_editor_puts_a_draft_right_and_lets_it_go(desk: Cli, home: Path) -> None:
    assert "a daily draft of 2026-11-15 is on the desk" in desk("digests", "list").out
    shown = desk("digests", "show")
    assert "waits for approval" in shown.out
    draft = desk("digests", "show", "--json").json["content"]
    lead, second = draft["lead"]["story_id"], draft["sections"][0]["items"][0]["story_id"]

    said = desk("digests", "pin", second, "--lead", *ADA)
    assert "lead 1" in said.out
    said = desk("digests", "drop", lead, *ADA)
    assert f"-  {lead:>5}" in said.out
    said = desk("digests", "edit", second, "--headline", "Nine Thousand Robots", "--text", "", *ADA)
    assert "does not bear out name: Robots" in said.err
    assert "digests undo 3" in said.out
    assert desk("digests", "edit", second).code == 2
    said = desk("digests", "undo", *ADA)
    assert "takes it back" in said.out
    assert "*" in said.out
    assert "lead 1" in desk("digests", "diff", "--hand").out
    assert desk("digests", "diff", "--json").json["same"] is False

    page = desk("digests", "preview")
    assert page.code == 0
    assert (home / "preview.html").read_text("utf-8").count("<iframe") == 2
    refused = desk("digests", "freeze", *NOW)
    assert refused.code == 1
    assert "digests approve" in refused.err
    done = desk("digests", "approve", *ADA, *NOW)
    assert "digest 1 is frozen by ada" in done.out
    late = desk("digests", "drop", second, "--slot", "2026-11-15")
    assert late.code == 1
    assert one_line(late.err)
    assert "trendbot errata add 1 STORY TEXT" in late.err
    assert "lead 1" in desk("digests", "diff", "--digest", 1).out
    assert desk("digests", "preview", "--digest", 1, "--out", home / "one.html").code == 0


def test_an_objection_is_taken_back(desk: Cli) -> None:
    assert "is held until it is approved" in desk("digests", "object", *ADA, *NOW).out
    assert "held by ada" in desk("digests", "show").out
    assert desk("digests", "undo").code == 0
    assert "waits for approval" in desk("digests", "show").out


def test_a_digest_is_composed_in_its_own_slot_only(desk: Cli) -> None:
    wrong = desk("digests", "compose", "--slot", "2026-11-14", *NOW)
    assert wrong.code == 2
    assert "the present daily slot is 2026-11-15" in wrong.err
    assert desk("digests", "compose", "--slot", "2026-11-15", *NOW, "--json").json["verdict"] is None
    assert desk("digests", "show", "--cadence", "weekly").code == 1


def test_an_edition_is_shown_as_it_is_read_and_raw_as_the_channel_takes_it(desk: Cli) -> None:
    desk("digests", "approve", *NOW)
    raw = desk("digests", "show", 1, "--kind", "linkedin", "--raw").out
    read = desk("digests", "show", 1, "--kind", "linkedin").out
    assert "{hashtag|\\#|AI}" in raw
    assert "#AI" in read
    assert "\\" not in read
    assert read.strip() == read_little(raw).strip()
    assert "<b>" in desk("digests", "show", 1, "--kind", "telegram", "--raw").out
    assert "<b>" not in desk("digests", "show", 1, "--kind", "telegram").out
    assert desk("digests", "show", 1, "--kind", "email").code == 1


def test_the_past_is_rebuilt_and_compared(desk: Cli, tmp_path: Path) -> None:
    desk("digests", "approve", *NOW)
    assert "byte for byte" in desk("digests", "rebuild", "--all").out
    assert desk("digests", "rebuild").code == 2
    fewer = tmp_path / "fewer.toml"
    fewer.write_text("[digest]\ndaily_stories = 2\n", encoding="utf-8")
    said = desk("digests", "compare", "told", fewer, "--stories")
    assert "B gains" in said.out
    assert "overlap@10" in said.out
    assert desk("digests", "compare", "told", "now", "--json").json["overlap"] == 1.0
    wrong = desk("digests", "compare", "told", tmp_path / "none.toml")
    assert wrong.code == 2
    assert one_line(wrong.err)


def test_errata_are_added_listed_and_dismissed(desk: Cli) -> None:
    assert desk("errata", "list").out.strip() == "nothing to correct"
    desk("digests", "approve", *NOW)
    story = desk("digests", "show", 1, "--json").json["digest"]["content"]["lead"]["story_id"]
    said = desk("errata", "add", 1, story, "It was Birch.", *ADA)
    assert "It was Birch." in said.out
    row = desk("errata", "list", "--waiting", "--json").json[0]
    assert (row["cause"], row["made_by"], row["told_in"]) == ("editor", "ada", None)
    assert desk("errata", "add", 1, story, " ").code == 2
    assert desk("errata", "add", 1, 999, "No.").code == 1
    assert "dismissed by ada" in desk("errata", "dismiss", row["id"], *ADA).out
    assert desk("errata", "list", "--waiting", "--json").json == []
    assert "dismissed by ada" in desk("errata", "list").out
