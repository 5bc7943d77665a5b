"""A run that posts, and what a person does with the post afterwards; secrets are looked for wherever they could be."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Cli, one_line
from tests.cli.site import Page, Site, feed
from tests.cli.test_linkedin import STATE, api, linkedin, pasted  # noqa: F401  (fixtures)
from tests.linkedin_api import Fault, Kind, LinkedinApi
from tests.linkedin_api.server import SECRET

from trendbot.cli import root
from trendbot.transports.linkedin_errors import post_in

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
    told = linkedin("linkedin", "status", "--json").json
    assert told["last_post"] == f"https://www.linkedin.com/feed/update/{api.posts[0].urn}/"
    assert told["next_post_at"] is None
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


def test_a_post_of_which_a_person_said_that_it_is_there_is_named_by_its_address(
    linkedin: Cli, api: LinkedinApi, posted: str, site: Site, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    site.pages["/one"] = Page(feed("one", *TITLES, "Cedar trains a model on hydropower"))
    lost = Fault(kind=Kind.DROP_AFTER)
    api.fault_of = lambda name: lost if name == "post" else None
    later = ("--now", "2026-11-16T18:00Z")
    said = linkedin("run", "--opml", site.opml("/one"), "--allow-private", "--force", *later)
    (row,) = linkedin("deliveries", "list", "--channel", "linkedin", "--status", "uncertain", "--json").json
    assert f"`trendbot deliveries resolve {row['key']} --sent`" in said.out
    assert linkedin("deliveries", "resolve", row["key"], "--sent").code == 0
    post = next(each for each in api.alive() if each.urn != api.posts[0].urn)
    unknown = linkedin("linkedin", "delete", row["key"], "--yes")
    assert "add --post and its address" in unknown.err
    assert linkedin("linkedin", "delete", row["key"], "--post", "https://one.example/", "--yes").code == 2
    address = f"https://www.linkedin.com/feed/update/{post.urn.replace(':', '%3A')}/"
    assert linkedin("linkedin", "delete", row["key"], "--post", address, "--yes").code == 0
    assert post.deleted


def test_the_short_address_of_a_post_names_it_too() -> None:
    short = "https://www.linkedin.com/posts/trendbot_alder-is-out-activity-7123456789-aB_c?utm_source=share"
    assert post_in(short) == "urn:li:activity:7123456789"
    assert post_in("https://www.linkedin.com/company/55/posts/") is None


READING = {"list", "show", "status", "history", "log", "doctor", "undo", "test", "suggest", "scorecard", "check"}
"""Verbs that tell and change nothing here; `undo` has nothing to take back."""


def tellers(command: click.Command = root, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every command that can print JSON, needs no argument and changes nothing."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from tellers(command.get_command(context, name) or command, (*path, name))
        return
    needs = [each for each in command.params if each.required]
    if path[-1] in READING and not needs and any("--json" in each.opts for each in command.params):
        yield path


def test_no_secret_is_in_clear_after_posting_and_after_everything_went_wrong(
    linkedin: Cli, api: LinkedinApi, home: Path, posted: str, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    api.grants_refresh = True
    told = [pasted(linkedin, api, monkeypatch, "--page", "55"), linkedin("linkedin", "refresh", "--json")]
    told += [linkedin(*path, "--json") for path in tellers() if path != ("feeds", "doctor")]
    told += [linkedin("deliveries", "show", posted, "--json"), linkedin("digests", "show", 1, "--json")]
    told.append(linkedin("linkedin", "edit", posted, "--file", home / "trendbot.log", "--yes", "--debug"))
    tokens = list(api.tokens)
    api.refresh_tokens.clear()
    told.append(linkedin("linkedin", "refresh", "--debug"))
    api.tokens.clear()
    for debug in ((), ("--debug",)):
        told.append(linkedin("linkedin", "delete", posted, "--yes", *debug))
        told.append(linkedin("channels", "test", "linkedin", *debug))
        told.append(linkedin("doctor", *debug))
        monkeypatch.setattr("sys.stdin", io.StringIO(f"?code=a-code-of-no-use&state={STATE}\n"))
        told.append(linkedin("linkedin", "connect", "--paste", *debug))
    assert len(told) > 20
    assert all(each.code for each in told[-8:])
    assert len(tokens) == 3
    everywhere = [text.encode() for one in told for text in (one.out, one.err)]
    everywhere += [file.read_bytes() for file in home.rglob("*") if file.is_file()]
    assert any(b"linkedin_token_refused" in each for each in everywhere)  # the log is among them
    for secret in (*tokens, "AQY-refresh-token", SECRET, "a-code-of-no-use"):
        for form in (secret.encode(), base64.b64encode(secret.encode())[:-4]):
            assert not [each[:80] for each in everywhere if form in each]


def test_a_run_says_that_nothing_can_be_posted(
    linkedin: Cli, api: LinkedinApi, posted: str, site: Site  # noqa: F811
) -> None:  # fmt: skip
    api.tokens.clear()
    for _ in range(2):
        said = linkedin("run", "--opml", site.opml("/one"), "--allow-private", "--now", "2026-11-16T18:00Z")
        assert said.code == 1
        assert "channel linkedin is closed: LinkedIn takes our token no longer" in said.out
