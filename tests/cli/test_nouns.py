"""The nouns of the command line: feeds, themes, entries, stories, digests, db, doctor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.cli.conftest import Cli, one_line
from tests.cli.site import Page, Site, feed

from trendbot.store.database import Database, sqlite_url

NOW = ("--now", "2026-11-15T18:00Z")
THEMES = {"efficiency", "multimodal", "open-source", "training", "environment", "market", "tools", "trust"}


@pytest.fixture
def filled(cli: Cli, site: Site) -> Cli:
    """The command line of a home in which one run was made."""
    titles = ("Meta releases Llama 4 with open weights", "Mixture of experts halves the cost of inference")
    site.pages["/one"] = Page(feed("one", *titles))
    site.pages["/two"] = Page(feed("two", "Meta releases Llama 4 with open weights today"))
    site.pages["/bad"] = Page(b"<html>Log in</html>", "text/html")
    assert cli("run", "--opml", site.opml("/one", "/two", "/bad"), "--allow-private", *NOW).code == 0
    return cli


# -- feeds -------------------------------------------------------------------------------------------------------------


def test_feeds_list(filled: Cli, site: Site) -> None:
    said = filled("feeds", "list")
    assert said.code == 0
    assert "Feed one" in said.out
    assert "is a web page, not a feed" in said.out
    feeds = {row["url"]: row for row in filled("feeds", "list", "--json").json}
    assert feeds[f"{site.url}/one"]["entries"] == 2
    assert [row["title"] for row in filled("feeds", "list", "--failing", "--json").json] == ["Feed bad"]


def test_feeds_add_disable_enable_remove(filled: Cli, site: Site) -> None:
    site.pages["/new"] = Page(feed("new", "Something"))
    assert filled("feeds", "add", f"{site.url}/new", "--kind", "lab", "--allow-private").code == 0
    added = next(row for row in filled("feeds", "list", "--json").json if row["url"].endswith("/new"))
    assert (added["kind"], added["title"], added["enabled"]) == ("lab", "new", True)
    again = filled("feeds", "add", f"{site.url}/new", "--allow-private")
    assert again.code == 1
    assert one_line(again.err)
    assert filled("feeds", "disable", added["id"]).code == 0
    assert filled("feeds", "list").out.count("off") == 1
    assert filled("feeds", "enable", added["url"]).code == 0
    assert filled("feeds", "remove", added["id"], "--yes").code == 0
    assert not any(row["url"].endswith("/new") for row in filled("feeds", "list", "--json").json)


def test_a_feed_that_is_no_address_is_wrong_use(cli: Cli) -> None:
    said = cli("feeds", "add", "ftp://example.org/feed")
    assert said.code == 2
    assert one_line(said.err)


def test_a_feed_that_is_not_there_is_one_line(filled: Cli) -> None:
    said = filled("feeds", "remove", "999", "--yes")
    assert said.code == 1
    assert one_line(said.err)
    assert "`trendbot feeds list`" in said.err


def test_feeds_travel_as_opml(filled: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mine.opml"
    assert filled("feeds", "export", file).code == 0
    assert filled("feeds", "export").out == file.read_text()
    said = filled("feeds", "import", file, "--home", tmp_path / "other")
    assert said.code == 0
    assert "3 feeds added" in said.out
    assert "0 feeds added, 3 were followed already" in filled("feeds", "import", file).out


def test_an_import_says_what_it_left_out(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "reader.opml"
    own = "".join(f'<outline text="search {number}" xmlUrl="search:{number}"/>' for number in range(6))
    file.write_text(f'<opml><body><outline xmlUrl="https://one.example/feed"/>{own}</body></opml>')
    said = cli("feeds", "import", file)
    assert said.code == 0
    assert "1 feeds added" in said.out
    assert "6 left out, which have no web address: search 0, search 1, search 2, search 3, search 4, …" in said.err


def test_an_opml_that_is_html_is_one_line(cli: Cli, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "page.opml"
    file.write_text("<!doctype html><html><body>Welcome</body></html>")
    said = cli("feeds", "import", file)
    assert said.code == 2
    assert one_line(said.err)
    assert "a web page" in said.err
    assert not home.exists()


# -- themes, entries, stories, digests ---------------------------------------------------------------------------------


def test_themes_before_and_after_the_first_run(cli: Cli, home: Path) -> None:
    before = cli("themes", "list", "--json").json
    assert {theme["slug"] for theme in before} == THEMES
    assert not home.exists()


def test_themes_list(filled: Cli) -> None:
    assert all(slug in filled("themes", "list").out for slug in THEMES)


def test_entries_list(filled: Cli) -> None:
    rows = filled("entries", "list", "--json").json
    assert len(rows) == 3
    assert "open-source" in next(row["themes"] for row in rows if "Llama" in row["title"])
    assert len(filled("entries", "list", "--theme", "open-source", "--json").json) == len(
        [row for row in rows if "open-source" in row["themes"]]
    )
    assert len(filled("entries", "list", "--search", "llama weights", "--json").json) == 2
    assert filled("entries", "list", "--since", "2026-11-16").out == "no such entries\n"
    assert "Mixture of experts" in filled("entries", "list").out


def test_entries_of_a_theme_that_is_none_is_one_line(filled: Cli) -> None:
    said = filled("entries", "list", "--theme", "nope")
    assert (said.code, said.out) == (1, "")
    assert one_line(said.err)
    assert "no such theme: nope" in said.err


def test_entries_show(filled: Cli) -> None:
    said = filled("entries", "show", 1)
    assert said.code == 0
    assert "says the rule" in said.out
    assert filled("entries", "show", 1, "--json").json["tags"]
    missing = filled("entries", "show", 999)
    assert missing.code == 1
    assert one_line(missing.err)


def test_entries_import(cli: Cli, tmp_path: Path) -> None:
    item = {"source": "Archive", "url": "https://a.example/1", "title": "Old news", "published": "2026-11-01T08:00:00Z"}
    file = tmp_path / "items.jsonl"
    file.write_text(json.dumps(item) + "\nnot json\n" + json.dumps({"title": "no source"}) + "\n")
    said = cli("entries", "import", file, *NOW)
    assert said.code == 0
    assert "1 entries taken" in said.out
    assert said.err.count("not taken: line ") == 2
    assert "0 entries taken" in cli("entries", "import", file, *NOW).out
    assert [row["title"] for row in cli("entries", "list", "--json").json] == ["Old news"]


def test_an_import_of_nothing_usable_is_one_line(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "items.jsonl"
    file.write_text("<html>\n")
    said = cli("entries", "import", file)
    assert said.code == 2
    assert one_line(said.err)


def test_stories(filled: Cli) -> None:
    rows = filled("stories", "list", "--json").json
    told = next(row for row in rows if "Llama" in row["title"])
    assert (told["reports"], told["feeds"]) == (2, 2)
    assert [row["id"] for row in filled("stories", "list", "--theme", "open-source", "--json").json] == [told["id"]]
    shown = filled("stories", "show", told["id"])
    assert shown.code == 0
    assert shown.out.count("Meta releases Llama 4") >= 3
    assert sum(report["lead"] for report in filled("stories", "show", told["id"], "--json").json["entries"]) == 1
    assert filled("stories", "list", "--until", "2026-11-01").out == "no such stories\n"
    missing = filled("stories", "show", 999)
    assert (missing.code, one_line(missing.err)) == (1, True)


def test_digests(filled: Cli) -> None:
    rows = filled("digests", "list", "--json").json
    assert {row["cadence"] for row in rows} == {"daily", "weekly"}
    assert [row["slot"] for row in filled("digests", "list", "--cadence", "daily", "--json").json] == ["2026-11-15"]
    daily = next(row["id"] for row in rows if row["cadence"] == "daily")
    assert "Llama 4" in filled("digests", "show", daily).out
    assert "Llama 4" in filled("digests", "show", daily, "--kind", "linkedin").out
    assert {edition["kind"] for edition in filled("digests", "show", daily, "--json").json["editions"]} == {
        "linkedin",
        "telegram",
    }
    missing = filled("digests", "show", daily, "--kind", "email")
    assert (missing.code, one_line(missing.err)) == (1, True)


# -- the database ------------------------------------------------------------------------------------------------------


def test_without_a_database_reading_commands_name_the_first_run(cli: Cli, home: Path) -> None:
    for words in (("entries", "list"), ("digests", "list"), ("feeds", "list"), ("stories", "list"), ("db", "check")):
        said = cli(*words)
        assert said.code == 1
        assert one_line(said.err)
        assert "`trendbot run`" in said.err
    assert not home.exists()


def test_an_old_schema_is_refused_by_all_but_run_and_upgrade(cli: Cli, home: Path) -> None:
    home.mkdir()
    (home / "trendbot.db").touch()
    for words in (("entries", "list"), ("db", "check")):
        said = cli(*words)
        assert said.code == 1
        assert one_line(said.err)
        assert "run `trendbot db upgrade`" in said.err
    assert cli("db", "upgrade").code == 0
    assert cli("db", "check").code == 0


def test_a_newer_schema_is_refused_by_all(filled: Cli, home: Path) -> None:
    with Database(sqlite_url(home / "trendbot.db")) as database:
        database.write(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    for words in (("entries", "list"), ("run", *NOW), ("db", "upgrade")):
        said = filled(*words)
        assert said.code == 1
        assert one_line(said.err)
        assert "newer" in said.err


@pytest.mark.parametrize("words", [("db", "check"), ("db", "upgrade"), ("run",), ("entries", "list")])
def test_a_database_that_is_none_is_one_line(cli: Cli, home: Path, words: tuple[str, ...]) -> None:
    home.mkdir()
    (home / "trendbot.db").write_bytes(b"this is no database " * 500)
    said = cli(*words)
    assert said.code == 1
    assert one_line(said.err)
    assert "not a database" in said.err


# -- the doctor --------------------------------------------------------------------------------------------------------


def test_the_doctor_on_a_home_in_order(filled: Cli) -> None:
    said = filled("doctor")
    assert said.code == 0
    findings = {row["what"]: row for row in filled("doctor", "--json").json}
    assert findings["feeds"]["state"] == "look"
    assert "1 of 3 failed" in findings["feeds"]["found"]
    assert {findings[what]["state"] for what in ("home", "database", "contents", "last run")} == {"ok"}


def test_the_doctor_names_the_next_slots_and_an_hour_that_costs_a_digest(filled: Cli, home: Path) -> None:
    findings = {row["what"]: row for row in filled("doctor", "--json").json}
    assert "next at" in findings["daily"]["found"]
    assert findings["house"]["state"] == "ok"
    assert "nobody is told" in findings["operator"]["found"]
    (home / "trendbot.toml").write_text(
        'operator_channel = "nowhere"\n[schedule]\ndaily_hour = 1\ntimezone = "Europe/Berlin"\n'
    )
    said = filled("doctor", "--json")
    found = [(row["state"], row["what"]) for row in said.json]
    assert said.code == 1
    assert ("bad", "operator") in found
    assert ("look", "daily") in found


def test_the_doctor_asks_telegram_for_the_bot(filled: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRENDBOT_TELEGRAM__TOKEN", "123456:nobody")
    monkeypatch.setenv("TRENDBOT_TELEGRAM__BASE_URL", "http://127.0.0.1:9/bot")
    said = filled("doctor", "--json")
    assert said.code == 1
    told = next(row for row in said.json if row["what"] == "Telegram")
    assert told["state"] == "bad"
    assert "nobody" not in told["found"]


def test_who_imports_an_address_hears_what_takes_one(cli: Cli) -> None:
    said = cli("feeds", "import", "https://x.example/feeds.opml")
    assert said.code == 2
    assert one_line(said.err)
    assert "`trendbot run --opml`" in said.err


def test_the_doctor_before_the_first_run(cli: Cli, home: Path) -> None:
    said = cli("doctor")
    assert said.code == 0
    assert "`trendbot run`" in said.out
    assert not home.exists()


def test_the_doctor_finds_broken_settings_a_broken_home_and_a_broken_database(
    cli: Cli, home: Path, tmp_path: Path
) -> None:
    home.mkdir()
    (home / "trendbot.db").write_bytes(b"this is no database " * 500)
    said = cli("doctor")
    assert said.code == 1
    assert "not a database" in said.out
    (home / "trendbot.toml").write_text("nonsense = 1\n")
    said = cli("doctor")
    assert said.code == 1
    assert "unknown setting nonsense" in said.out
    (tmp_path / "file").touch()
    said = cli("doctor", "--home", tmp_path / "file")
    assert said.code == 1
    assert "is no folder" in said.out


@pytest.mark.parametrize(
    ("settings", "themes", "what"),
    [("templates = '/nonexistent'\n", "", "templates"), ("", "[[theme]\n", "themes"), (None, "", "settings")],
)
def test_the_doctor_reads_what_the_next_run_will(
    cli: Cli, home: Path, settings: str | None, themes: str, what: str
) -> None:
    home.mkdir()
    file = home / "trendbot.toml"
    file.mkdir() if settings is None else file.write_text(settings)
    if themes:
        (home / "themes.toml").write_text(themes)
    said = cli("doctor", "--json")
    assert said.code == 1
    assert [row["what"] for row in said.json if row["state"] == "bad"] == [what]
