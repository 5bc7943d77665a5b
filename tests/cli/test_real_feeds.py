"""The line over real feed documents, where those are at hand: all polled, three editions, a second run adds nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.site import Page, Site

NOW = "2026-08-22T18:00Z"
RUN = """
import json, sys
from tests.memory import peak
from trendbot.cli import main
try: main(sys.argv[1:])
except SystemExit as left: code = left.code
print(json.dumps({"code": code, "rss": peak()}), file=sys.stderr)
"""
KINDS = {".json": "application/feed+json", ".atom": "application/atom+xml"}


def documents(site: Site, folder: Path) -> str:
    """Put every document of a folder on the site; return the address of the list of them."""
    if not folder.is_dir():
        pytest.skip(f"the set {folder.name} is not here")
    paths = []
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        if file.suffix.lower() not in {".jsonl", ".md", ".tsv", ".csv"}:
            paths.append(f"/{len(paths)}{file.suffix}")
            site.pages[paths[-1]] = Page(file.read_bytes(), KINDS.get(file.suffix.lower(), "application/xml"))
    return site.opml(*paths)


def run(*arguments: object) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Run trendbot in a process of its own; return its summary, what it cost, and what it said on the way."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, "run", *map(str, arguments), "--json"],
        cwd=Path(__file__).resolve().parents[2],
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
        capture_output=True,
        text=True,
        check=False,
    )
    *said, cost = done.stderr.splitlines()
    assert done.stdout, done.stderr
    return json.loads(done.stdout), json.loads(cost), "\n".join(said)


def test_96_real_feeds(site: Site, shared_data: Path, tmp_path: Path) -> None:
    opml = documents(site, shared_data / "feeds_ai")
    arguments = ("--home", tmp_path, "--opml", opml, "--allow-private", "--now", NOW)
    first, cost, _ = run(*arguments)
    assert (cost["code"], first["feeds"]["failed"]) == (0, [])
    assert first["feeds"]["asked"] == len(site.pages) - 1 > 90
    assert first["entries"]["total"] > 3_500
    assert sum(first["tags"].values()) > 1_000
    assert len(first["editions"]["files"]) >= 6
    assert cost["rss"] < 250, "MB at the peak"
    again, _, _ = run(*arguments, "--force")
    assert again["feeds"]["not_modified"] == again["feeds"]["asked"] == first["feeds"]["asked"]
    assert (again["entries"]["new"], again["entries"]["edited"]) == (0, 0)
    assert again["entries"]["total"] == first["entries"]["total"]
    peace, _, _ = run(*arguments)
    assert peace["feeds"]["asked"] == 0


@pytest.mark.parametrize("name", ["feeds_edge", "feeds_wild"])
def test_wild_feeds_crash_nothing(site: Site, shared_data: Path, tmp_path: Path, name: str) -> None:
    opml = documents(site, shared_data / name)
    summary, cost, said = run("--home", tmp_path, "--opml", opml, "--allow-private", "--now", NOW)
    assert "Traceback" not in said
    assert cost["code"] in (0, 1)
    assert summary["feeds"]["asked"] == len(site.pages) - 1
    crashed = [failed for failed in summary["feeds"]["failed"] if "see the log" in failed["reason"]]
    assert crashed == []
    assert not summary["problems"]
