"""Without a network: the sample week in its own home, marked as sample; never in place of real entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Cli
from tests.cli.site import Page, Site, feed

LIST = """<opml version="2.0"><body><outline type="rss" xmlUrl="https://one.invalid/feed"/>
<outline type="rss" xmlUrl="https://two.invalid/feed"/></body></opml>"""
NAMES = {"index.html", "linkedin.txt", "telegram-1.html", "email.html", "email.txt", "email.eml"}


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A list of feeds at hosts that cannot be found."""
    file = tmp_path / "nowhere.opml"
    file.write_text(LIST)
    return file


def test_the_sample_week_is_shown_marked_and_made_anew_each_time(cli: Cli, nowhere: Path, home: Path) -> None:
    said = cli("run", "--opml", nowhere, "--json")
    assert said.code == 0
    assert "No network: none of the 2 feeds could be reached" in said.err
    assert_whole_week(said.json, home)
    again = cli("demo")
    assert again.out.startswith("Sample: ")
    assert "daily no. 1 to 7 (" in again.out
    assert ", made before" not in again.out
    assert not (home / "editions").exists()
    assert cli("entries", "list", "--json").json == []
    assert cli("digests", "list", "--json").json == []


def assert_whole_week(summary: Any, home: Path) -> None:
    assert summary["sample"] is True
    assert summary["entries"]["total"] > 150
    assert len(summary["digests"]) == 8
    assert all(digest["created"] for digest in summary["digests"])
    assert summary["feeds"]["failed"]
    files = [file for file in (home / "sample" / "editions").rglob("*") if file.is_file()]
    assert {file.name for file in files} >= NAMES
    texts = [file for file in files if file.suffix != ".png"]
    for file in texts:
        assert "ample" in file.read_text(), file
    assert "Environment and energy" in [one["name"] for one in summary["rising"] if one["kind"] == "theme"]
    assert not [file for file in texts if "/before/" in file.read_text()], "the weeks before are no news"


def test_where_there_are_real_entries_no_sample_is_shown(cli: Cli, nowhere: Path, site: Site, home: Path) -> None:
    site.pages["/one"] = Page(feed("one", "Llama 4 has open weights"))
    cli("run", "--opml", site.opml("/one"), "--allow-private", "--now", "2026-11-15T18:00Z")
    said = cli("run", "--opml", nowhere)
    assert said.code == 1
    assert said.out.startswith("No network: ")
    assert "Sample" not in said.out
    assert not (home / "sample").exists()


def test_a_day_on_which_no_feed_answered_is_not_called_quiet(cli: Cli, nowhere: Path, site: Site, home: Path) -> None:
    site.pages["/one"] = Page(feed("one", "Llama 4 has open weights"))
    cli("run", "--opml", site.opml("/one"), "--allow-private", "--now", "2026-11-15T18:00Z")
    said = cli("run", "--opml", nowhere, "--now", "2026-11-16T18:00Z")
    assert said.code == 1
    assert "none made, since no feed answered" in said.out
    assert {digest["slot"] for digest in cli("digests", "list", "--json").json} == {"2026-11-15", "2026-W46"}
