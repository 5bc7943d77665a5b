"""`trendbot run` from end to end, on feeds of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Cli, Said, one_line
from tests.cli.site import Page, Site, feed

NOW = ("--now", "2026-11-15T18:00Z")
EDITIONS = (
    "daily/2026-11-15/linkedin.txt",
    "daily/2026-11-15/telegram-1.html",
    "weekly/2026-W46/email.html",
    "weekly/2026-W46/email.txt",
)
TITLES = (
    "Meta releases Llama 4 with open weights",
    "Mixture of experts halves the cost of inference",
    "A data centre in Norway runs on hydropower",
    "Regulators publish an audit of privacy in chatbots",
)
Run = Callable[..., Said]


@pytest.fixture
def run(cli: Cli, site: Site) -> Run:
    """Run the line over two feeds of the site."""
    site.pages["/one"] = Page(feed("one", *TITLES))
    site.pages["/two"] = Page(
        feed("two", "Llama 4 is out: Meta opens its weights", "RLHF without people, a new recipe")
    )
    opml = site.opml("/one", "/two")
    return lambda *more: cli("run", "--opml", opml, "--allow-private", *NOW, *more)


def test_the_line_ends_in_three_editions(run: Run, home: Path) -> None:
    said = run()
    assert said.code == 0
    assert "2 asked: 2 changed" in said.out
    assert "6 new" in said.out
    for name in EDITIONS:
        assert (home / "editions" / name).stat().st_size > 200, name
        assert name in said.out
    assert "Llama 4" in (home / "editions" / EDITIONS[0]).read_text()
    assert "Sample" not in "".join((home / "editions" / name).read_text() for name in EDITIONS)


def test_nobody_else_may_read_the_database(run: Run, home: Path) -> None:
    run()
    assert {file.stat().st_mode & 0o077 for file in home.glob("trendbot.db*")} == {0}


def test_the_log_goes_where_the_settings_say(run: Run, home: Path) -> None:
    home.mkdir()
    (home / "trendbot.toml").write_text('log_level = "info"\nlog_to = "stderr"\n')
    assert "digest_frozen" in run().err
    assert not (home / "trendbot.log").exists()


def test_a_clock_far_ahead_is_said(run: Run) -> None:
    assert "Warning" not in run().err
    said = run("--now", "2199-01-01T00:00Z")
    assert "ahead of the clock" in said.err


def test_the_summary_as_json(run: Run, home: Path, site: Site) -> None:
    site.pages["/two"] = Page(b"<html>Please log in</html>", "text/html")
    summary = run("--json").json
    assert summary["sample"] is False
    assert summary["feeds"]["asked"] == 2
    assert [failed["url"] for failed in summary["feeds"]["failed"]] == [f"{site.url}/two"]
    assert summary["entries"] == {"new": 4, "backlog": 0, "edited": 0, "withdrawn": 0, "total": 4}
    assert summary["tags"]["open-source"] >= 1
    assert summary["stories"]["opened"] >= 3
    assert [digest["slot"] for digest in summary["digests"]] == ["2026-11-15", "2026-W46"]
    assert summary["editions"]["folder"] == str(home / "editions")
    assert all(Path(file).is_file() for file in summary["editions"]["files"])


def test_a_second_run_leaves_feeds_in_peace_and_adds_nothing(run: Run, site: Site, cli: Cli) -> None:
    run()
    before = cli("entries", "list", "--json").json
    again = run("--json").json
    assert (again["feeds"]["asked"], again["feeds"]["not_due"]) == (0, 2)
    assert site.statuses("/one", "/two") == [200, 200]
    assert cli("entries", "list", "--json").json == before


def test_force_asks_conditionally_and_adds_nothing(run: Run, site: Site, cli: Cli) -> None:
    run()
    again = run("--force", "--json").json
    assert (again["feeds"]["asked"], again["feeds"]["not_modified"], again["entries"]["new"]) == (2, 2, 0)
    assert site.statuses("/one", "/two") == [200, 200, 304, 304]
    assert [digest["created"] for digest in again["digests"]] == [False, False]
    assert len(cli("digests", "list", "--json").json) == 2


def test_out_is_where_the_editions_go(run: Run, tmp_path: Path, home: Path) -> None:
    run("--out", tmp_path / "there")
    assert all((tmp_path / "there" / name).is_file() for name in EDITIONS)
    assert not (home / "editions").exists()


def test_an_out_that_is_a_file_is_said_and_mended_by_the_next_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    said = run("--out", tmp_path / "there")
    assert said.code == 1
    assert "Traceback" not in said.out + said.err
    assert "there" in said.out
    (tmp_path / "there").unlink()
    assert run("--out", tmp_path / "there", "--now", "2026-11-15T20:00Z").code == 0
    assert all((tmp_path / "there" / name).is_file() for name in EDITIONS)


def test_the_feeds_of_a_list_are_polled_instead_of_others(run: Run, site: Site, cli: Cli) -> None:
    site.pages["/three"] = Page(feed("three", "Something else"))
    assert cli("feeds", "add", f"{site.url}/three", "--allow-private").code == 0
    assert run("--json").json["feeds"]["asked"] == 2
    assert len(site.statuses("/three")) <= 1  # when it was added


def test_a_list_from_a_file(cli: Cli, site: Site, tmp_path: Path) -> None:
    site.pages["/one"] = Page(feed("one", *TITLES))
    site.opml("/one")
    file = tmp_path / "mine.opml"
    file.write_bytes(site.pages["/feeds.opml"].body)
    said = cli("run", "--opml", file, "--allow-private", *NOW, "--json")
    assert (said.code, said.json["entries"]["new"]) == (0, 4)


def test_loopback_is_not_asked_unless_allowed(cli: Cli, site: Site, tmp_path: Path) -> None:
    site.pages["/one"] = Page(feed("one", *TITLES))
    site.opml("/one")
    file = tmp_path / "mine.opml"
    file.write_bytes(site.pages["/feeds.opml"].body)
    said = cli("run", "--opml", file, *NOW)
    assert said.code == 1
    assert site.statuses("/one") == []
    assert "sample" not in said.out


def test_feeds_added_before_the_first_run_stand_in_for_the_seeds(cli: Cli, site: Site) -> None:
    site.pages["/one"] = Page(feed("one", *TITLES))
    assert cli("feeds", "add", f"{site.url}/one", "--allow-private").code == 0
    assert cli("run", "--allow-private", "--force", *NOW, "--json").json["feeds"]["asked"] == 1


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (Page(b"<!doctype html><html><body>Welcome</body></html>", "text/html"), "a web page"),
        (Page(b"gone\n", "text/plain", 410), "410"),
        (Page(b"\xff\xfe\x00binary", "application/octet-stream"), "OPML"),
    ],
)
def test_a_list_that_is_none_is_one_line(cli: Cli, site: Site, home: Path, page: Page, told: str) -> None:
    site.pages["/feeds.opml"] = page
    said = cli("run", "--opml", f"{site.url}/feeds.opml", "--allow-private", *NOW)
    assert said.code == 2
    assert one_line(said.err)
    assert told in said.err


def test_a_list_that_is_not_there_is_one_line(cli: Cli, tmp_path: Path) -> None:
    said = cli("run", "--opml", tmp_path / "none.opml")
    assert said.code == 2
    assert one_line(said.err)
    assert "none.opml" in said.err


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (Page(b"<html><title>Log in</title><form></form></html>", "text/html"), "is a web page, not a feed"),
        (Page(b"<!-- " + b"x" * 99_990 + b" -->\n", repeat=600), "is larger than 10 MB"),
        (Page(b"\x00\x01\x02" * 50, "application/xml"), ""),
        (Page(b"", "application/xml"), ""),
        (Page(b"busy", "text/plain", 503), "answered 503"),
    ],
    ids=["login page", "60 MB", "binary", "empty", "503"],
)
def test_a_feed_that_is_none_fails_alone(run: Run, site: Site, page: Page, told: str) -> None:
    site.pages["/two"] = page
    said = run()
    assert said.code == 0
    assert "2 asked: 1 changed, 0 unchanged (0 answered 304), 1 failed" in said.out
    assert f"failed: Feed two {told}" in said.out
    assert "4 new" in said.out
    assert "Traceback" not in said.out + said.err


def test_where_every_feed_fails_the_run_fails_and_shows_no_sample(run: Run, site: Site) -> None:
    site.pages["/one"] = site.pages["/two"] = Page(b"busy", "text/plain", 503)
    said = run()
    assert said.code == 1
    assert "2 failed" in said.out
    assert "Sample" not in said.out


def test_what_was_stored_stays_when_feeds_break(run: Run, site: Site, cli: Cli) -> None:
    run()
    site.pages["/one"] = site.pages["/two"] = Page(b"<html>Log in</html>", "text/html")
    run("--force")
    assert len(cli("entries", "list", "--json").json) == 6


def test_a_broken_themes_file_is_one_line(run: Run, cli: Cli, home: Path) -> None:
    home.mkdir()
    (home / "themes.toml").write_text("[[theme]\n")
    said = run()
    assert said.code == 2
    assert one_line(said.err.splitlines(keepends=True)[-1])
    assert "themes.toml" in said.err


def test_a_home_in_use_is_said_with_its_holder(run: Run, cli: Cli, home: Path, site: Site) -> None:
    from trendbot.bootstrap import Access, open_app
    from trendbot.clock import system_clock
    from trendbot.settings import load_settings

    with open_app(load_settings(options={"home": home}), system_clock, access=Access.MIGRATE, doing="run"):
        said = run()
    assert said.code == 1
    assert one_line(said.err)
    assert "`trendbot run` (process " in said.err
    assert site.asked == []
    assert run().code == 0
