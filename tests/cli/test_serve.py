"""`trendbot serve`, `backup` and `restore`: a real process, ended by signals; copies made while it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Cli, one_line
from tests.cli.site import Page, Site, feed

from trendbot.store.database import Database, sqlite_url
from trendbot.store.entries import list_entries
from trendbot.store.runs import last_run


@contextlib.contextmanager
def serving(home: Path, *more: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run `trendbot serve` until it says that it serves; end it by force where the test did not."""
    command = [sys.executable, "-m", "trendbot", "serve", "--home", str(home), *more]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, **environment}
    ) as process:
        try:
            until(process, "serving:")
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return line
    raise AssertionError(f"it ended without saying {word!r}")


@pytest.fixture
def followed(cli: Cli, site: Site, home: Path) -> Path:
    """A home that follows one feed of the site, and listens on any port."""
    site.pages["/one"] = Page(feed("one", "Meta releases Llama 4 with open weights"))
    opml = home.parent / "feeds.opml"
    opml.write_text(f'<opml version="2.0"><body><outline xmlUrl="{site.url}/one" text="one"/></body></opml>')
    assert cli("db", "upgrade").code == 0
    assert cli("feeds", "import", opml).code == 0
    (home / "trendbot.toml").write_text("[fetch]\nallow_private = true\n[web]\nport = 0\n")
    return home


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(followed: Path, number: signal.Signals) -> None:
    with serving(followed, "--roles", "scheduler") as process:
        process.send_signal(number)
        assert process.wait(timeout=60) == 0
    assert (followed / "trendbot.lock").read_text() == ""


def test_systemd_is_told_of_readiness_and_of_the_end(followed: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(60)
        with serving(followed, "--roles", "web", NOTIFY_SOCKET=address) as process:
            said = {systemd.recv(100).decode() for _ in range(2)}
            process.terminate()
            assert process.wait(timeout=60) == 0
        assert said == {"READY=1", "WATCHDOG=1"}
        assert systemd.recv(100) == b"STOPPING=1"


def test_it_polls_at_its_start_and_keeps_good_settings(followed: Path, cli: Cli) -> None:
    with serving(followed) as process:
        until(process, "the pages are at")
        (followed / "trendbot.toml").write_text("nonsense = 1\n")
        process.send_signal(signal.SIGHUP)
        assert "nonsense" in until(process, "the settings in force stay")
        (followed / "trendbot.toml").write_text("[web]\nport = 0\n")
        process.send_signal(signal.SIGHUP)
        assert "only after a restart: fetch.allow_private" in until(process, "the settings were read again")
        (followed / "themes.toml").write_text("[[theme]\n")
        process.send_signal(signal.SIGHUP)
        assert "themes.toml:" in until(process, "the themes in force stay")
        (followed / "themes.toml").unlink()
        assert one_line(cli("run").err)  # the home is held
        assert cli("backup", followed / "copy.db").code == 0
        process.terminate()
        assert process.wait(timeout=60) == 0
    with Database(sqlite_url(followed / "trendbot.db")) as database:
        run = database.read(last_run, "poll")
        assert run is not None
        assert run.finished_at is not None
        assert run.counts["entries_new"] == 1
        assert {"bytes", "feeds_not_modified", "cpu_seconds", "joules"} <= set(run.counts)
        assert len(database.read(list_entries, limit=None)) == 1


def test_a_copy_is_put_back_and_the_one_before_kept(followed: Path, cli: Cli) -> None:
    copy = followed / "copy.db"
    assert cli("backup", copy).code == 0
    assert cli("backup", copy).code == 2
    assert cli("run", "--now", "2026-11-15T18:00Z").code == 0
    said = cli("restore", copy, "--yes")
    assert said.code == 0
    assert "before-restore" in said.out
    assert cli("db", "check").code == 0
    with Database(sqlite_url(followed / "trendbot.db")) as database:
        assert database.read(list_entries, limit=None) == ()
    with Database(sqlite_url(followed / "trendbot.db.before-restore")) as database:
        assert len(database.read(list_entries, limit=None)) == 1


def test_a_file_that_is_no_backup_is_refused(followed: Path, cli: Cli) -> None:
    wrong = followed / "wrong.db"
    wrong.write_bytes(b"no database at all")
    before = (followed / "trendbot.db").read_bytes()
    said = cli("restore", wrong, "--yes")
    assert said.code == 1
    assert one_line(said.err)
    assert (followed / "trendbot.db").read_bytes() == before


def test_unknown_roles_and_zones_are_refused(followed: Path, cli: Cli) -> None:
    assert cli("serve", "--roles", "baker").code == 2
    (followed / "trendbot.toml").write_text('[schedule]\ntimezone = "Mars/Olympus"\n')
    said = cli("serve")
    assert said.code == 2
    assert "schedule.timezone" in said.err


def test_acts_of_people_are_written_beside_it_and_runs_are_not(followed: Path, cli: Cli) -> None:
    with serving(followed, "--roles", "web") as process:
        assert cli("feeds", "disable", "1").code == 0
        assert cli("channels", "add", "notes", "--kind", "linkedin", "--files").code == 0
        refused = cli("run")
        assert refused.code == 1
        assert one_line(refused.err)
        assert "`trendbot serve`" in refused.err
        process.terminate()
        assert process.wait(timeout=60) == 0
    assert cli("feeds", "list", "--json").json[0]["enabled"] is False
    assert (followed / "trendbot.lock").read_text() == ""


def test_who_is_told_to_end_is_not_ready_and_at_the_second_time_ends_at_once(cli: Cli, home: Path) -> None:
    opml = home.parent / "feeds.opml"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/one"
        opml.write_text(f'<opml version="2.0"><body><outline xmlUrl="{url}" text="one"/></body></opml>')
        assert cli("db", "upgrade").code == 0
        assert cli("feeds", "import", opml).code == 0
        (home / "trendbot.toml").write_text("[fetch]\nallow_private = true\n[web]\nport = 0\n")
        with serving(home, "--roles", "scheduler,web") as process:
            pages = until(process, "the pages are at").split()[-1]
            asked, _ = silent.accept()  # a poll is in hand, which the first signal waits for
            with asked:
                assert status(f"{pages}readyz") == 200
                process.send_signal(signal.SIGTERM)
                while (said := status(f"{pages}readyz")) == 200:
                    continue
                assert (said, status(f"{pages}healthz")) == (503, 200)
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=15) == 1
    assert cli("feeds", "list").code == 0


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  (our own)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
