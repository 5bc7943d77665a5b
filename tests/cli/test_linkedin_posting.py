"""A run that posts, and what a person does with the post afterwards; secrets are looked for wherever they could be."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from tests.cli.conftest import Cli, one_line
from tests.cli.site import Page, Site, feed
from tests.cli.test_linkedin import api, linkedin, pasted  # noqa: F401  (fixtures)
from tests.linkedin_api import LinkedinApi

NOW = ("--now", "2026-11-15T18:00Z")
TITLES = ("Meta releases Llama 4 with open weights (24B)", "Mixture of experts halves the cost of inference")


@pytest.fixture
def posted(linkedin: Cli, api: LinkedinApi, site: Site, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: F811
    """Post a digest; return its delivery's key."""
    site.pages["/one"] = Page(feed("one", *TITLES))
    monkeypatch.setenv("TRENDBOT_LINKEDIN__HOUR", "18")
    assert pasted(linkedin, api, monkeypatch, "--page", "55").code == 0
    said = linkedin("run", "--opml", site.opml("/one"), "--allow-private", *NOW)
    assert said.code == 0, said.err
    (row,) = linkedin("deliveries", "list", "--channel", "linkedin", "--json").json
    assert row["status"] == "sent"
    return str(row["key"])


def test_a_post_is_edited_from_a_file_and_deleted(
    linkedin: Cli, api: LinkedinApi, posted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    text = "Put right (by hand) [really]\n\nC# {24B} ~ a_b, see https://news.example/x#y\n\n#OpenWeights #AI"
    (tmp_path / "post.txt").write_text(text + "\n")
    said = linkedin("linkedin", "edit", posted, "--file", tmp_path / "post.txt", "--yes", "--json")
    assert said.code == 0, said.err
    assert said.json["changed"] is True
    assert said.json["address"].endswith(f"/feed/update/{api.posts[0].urn}/")
    assert api.posts[0].seen == text
    assert api.posts[0].commentary.count("{hashtag|") == 2
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    again = linkedin("linkedin", "edit", posted, "--file", "-", "--yes")
    assert "reads so already" in again.out
    assert api.calls["edit"] == 1
    assert "is deleted" in linkedin("linkedin", "delete", posted, "--yes").out
    assert "was gone already" in linkedin("linkedin", "delete", posted, "--yes").out
    assert api.alive() == []


def test_an_editor_opens_with_the_text_as_it_stands(
    linkedin: Cli, api: LinkedinApi, posted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    (tmp_path / "ed").write_text('#!/bin/sh\nprintf " (twice)" >> "$1"\ntouch -d "+1 minute" "$1"\n')
    (tmp_path / "ed").chmod(0o755)
    monkeypatch.setenv("EDITOR", str(tmp_path / "ed"))
    before = api.posts[0].seen
    for _ in range(2):
        assert linkedin("linkedin", "edit", posted, "--yes").code == 0
    assert api.posts[0].seen == before + "\n (twice)" * 2  # editors end a text with a new line


def test_a_text_that_would_be_cut_or_a_delivery_that_never_went_is_refused(
    linkedin: Cli, api: LinkedinApi, posted: str, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    before = api.posts[0].seen
    for text in ("x" * 3001, "", "a\nb"):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        said = linkedin("linkedin", "edit", posted, "--file", "-", "--yes")
        assert said.code == 2
        assert one_line(said.err)
    assert api.posts[0].seen == before
    files = linkedin("deliveries", "list", "--channel", "linkedin-files", "--json").json
    for row in files:
        assert "is no post on LinkedIn that was sent" in linkedin("linkedin", "edit", row["key"], "--yes").err
