"""A run that is killed anywhere is simply run again: nothing is lost, nothing doubled."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Cli
from tests.cli.site import Page, Site, feed, serve

from trendbot.store.checkup import damage, sizes
from trendbot.store.database import Database, sqlite_url
from trendbot.store.entries import list_entries

FEEDS = tuple(f"/feed{number}" for number in range(12))
NOW = ("--now", "2026-11-15T18:00Z")
MOMENTS = ("polling feeds: 0", "polling feeds: 3", "polling feeds: 6", "tagging", "grouping", "measuring", "composing",
           "writing")  # fmt: skip
"""What a run says on standard error at the points where it is killed."""
VOLATILE = {"runs", "feed_polls"}
"""Tables that record what was tried: a killed run leaves its traces there."""


def twelve(site: Site) -> str:
    """Put twelve feeds on the site; return the address of the list of them."""
    for number, path in enumerate(FEEDS):
        titles = [f"Company {number} releases model {item} with open weights" for item in range(8)]
        site.pages[path] = Page(feed(path[1:], *titles, "Llama 4 is out: Meta opens its weights"))
    return site.opml(*FEEDS)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run leaves that nobody killed."""
    home = tmp_path_factory.mktemp("undisturbed")
    with contextlib.closing(serve()) as sites:
        subprocess.run(command(home, twelve(next(sites))), check=True, capture_output=True)
    return contents(home)


def command(home: Path, opml: str) -> list[str]:
    return [sys.executable, "-m", "trendbot", "run", "--home", str(home), "--opml", opml, "--allow-private", *NOW]


def contents(home: Path) -> dict[str, Any]:
    """How much of everything there is, and which editions: their order among equals follows the order of answers."""
    with Database(sqlite_url(home / "trendbot.db")) as database:
        assert database.read(damage) == ()
        rows = {table: count for table, count in database.read(sizes).items() if table not in VOLATILE}
        entries = {(entry.feed_title, entry.guid) for entry in database.read(list_entries, limit=None)}
    editions = home / "editions"
    files = {str(file.relative_to(editions)) for file in editions.rglob("*") if file.is_file() and file.stat().st_size}
    return {**rows, "named": entries, "files": files}


def reached(line: str, moment: str) -> bool:
    """Tell whether a line says `moment`, or a later one of the same stage: feeds are settled several at a time."""
    stage, _, number = moment.partition(": ")
    if not line.startswith(stage):
        return False
    return not number or int(line.removeprefix(stage + ": ").split()[0]) >= int(number)


def kill_at(moment: str, opml: str, home: Path) -> None:
    """Start a run and kill it, with all that it started, as soon as it says `moment`."""
    with subprocess.Popen(
        command(home, opml), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if reached(line, moment):
                os.killpg(process.pid, signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL, f"the run never said {moment!r}"


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_is_run_again(cli: Cli, site: Site, home: Path, undisturbed: dict[str, Any], moment: str) -> None:
    opml = twelve(site)
    kill_at(moment, opml, home)
    assert cli("run", "--opml", opml, "--allow-private", *NOW).code == 0
    assert contents(home) == undisturbed
