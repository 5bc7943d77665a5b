"""What installed packages add: the example of docs/extending.md as it stands there, broken ones, and the webhook."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Cli, one_line
from tests.cli.site import Page, Site, feed
from tests.documented import blocks

from trendbot.plugins import plugins

NOW = ("--now", "2026-11-15T18:00Z")
NEWS = "Meta releases Llama 4 with open weights"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the page, installed by pip into a folder of its own."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    (source / "pyproject.toml").write_text(blocks("extending.md", "toml")[0], encoding="utf-8")
    (source / "trendbot_lines.py").write_text(blocks("extending.md", "python")[1], encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-index", "--no-deps"]
    done = subprocess.run(
        [*pip, "--no-build-isolation", "--target", target, source], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Put a folder of packages among those that are installed."""

    def put(folder: Path) -> None:
        monkeypatch.syspath_prepend(str(folder))
        plugins.cache_clear()

    yield put
    plugins.cache_clear()


def broken(folder: Path, module: str, **entries: str) -> Path:
    """Make a package by hand: its module, and its entry points by group and name, `transports__a` for example."""
    info = folder / "trendbot_odd-2.0.dist-info"
    info.mkdir(parents=True)
    (folder / "trendbot_odd.py").write_text(module)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trendbot-odd\nVersion: 2.0\n")
    lines = []
    for name, value in entries.items():
        group, _, entry = name.partition("__")
        lines += [f"[trendbot.{group}]", f"{entry} = {value}"]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return folder


def doctor(cli: Cli) -> dict[str, tuple[str, str]]:
    said = cli("doctor", "--json")
    return {one["what"]: (one["state"], one["found"]) for one in json.loads(said.out)}


def test_the_page_s_example_takes_a_digest_and_reads_a_format(
    cli: Cli, home: Path, site: Site, example: Path, on_path: Any, tmp_path: Path
) -> None:
    on_path(example)
    home.mkdir()
    settings = blocks("extending.md", "toml")[1].replace("digests.txt", str(tmp_path / "digests.txt"))
    (home / "trendbot.toml").write_text(settings)
    assert cli("channels", "add", "diary", "--by", "lines", "--kind", "linkedin", "--to", "me").code == 0
    site.pages["/rss"] = Page(feed("one", NEWS))
    site.pages["/odd"] = Page(f"#lines\nhttps://odd.example/1\t{NEWS}, says a line\n".encode(), "text/plain")
    site.pages["/page"] = Page(b"<html><body>no feed</body></html>", "text/html")
    run = cli("run", "--opml", site.opml("/rss", "/odd", "/page"), "--allow-private", *NOW)
    assert run.code == 0, run.err
    titles = {row["title"] for row in cli("entries", "list", "--json").json}
    assert f"{NEWS}, says a line" in titles
    (line,) = (tmp_path / "digests.txt").read_text().splitlines()
    assert line.startswith("2026-11-15 to me: trendbot daily, Sunday, 15 November 2026, no. 1, rising:")
    feeds = {row["url"]: row["error"] for row in cli("feeds", "list", "--json").json}
    assert feeds[f"{site.url}/page"] == "is a web page, not a feed"
    found = doctor(cli)
    for what in ("transport lines", "parser lines"):
        assert found[what] == ("ok", "of trendbot-lines 1.0")


def test_an_example_that_is_not_set_up_says_where(cli: Cli, home: Path, example: Path, on_path: Any) -> None:
    on_path(example)
    assert (
        "nothing is sent there until lines is set up" in cli("channels", "add", "d", "--by", "lines", "--to", "me").out
    )
    assert "[plugins.lines]" in doctor(cli)["transport lines"][1]
    said = cli("channels", "test", "d")
    assert said.code == 2
    assert one_line(said.err)


def test_broken_plugins_are_named_and_kill_nothing(cli: Cli, site: Site, on_path: Any, tmp_path: Path) -> None:
    module = "def make(setup): raise RuntimeError('no luck')\n\nclass Odd:\n    name = 'other'\n\n"
    module += "def wrong(setup): return Odd()\n\ndef read(body, *, url, content_type): return body[10 ** 9]\n"
    folder = broken(
        tmp_path / "odd", module,
        transports__gone="trendbot_missing:make", transports__absent="trendbot_odd:absent",
        transports__raises="trendbot_odd:make", transports__wrong="trendbot_odd:wrong",
        transports__telegram="trendbot_odd:wrong", parsers__falls="trendbot_odd:read",
        parsers__none="trendbot_odd:Odd.name",
    )  # fmt: skip
    on_path(folder)
    site.pages["/rss"], site.pages["/odd"] = Page(feed("one", NEWS)), Page(b"none", "text/plain")
    run = cli("run", "--opml", site.opml("/rss", "/odd"), "--allow-private", *NOW)
    assert run.code == 0, run.err
    feeds = {row["url"]: row["error"] for row in cli("feeds", "list", "--json").json}
    assert feeds[f"{site.url}/rss"] is None
    assert feeds[f"{site.url}/odd"].startswith("brings the plugin falls down (IndexError")
    found = doctor(cli)
    why = {
        "gone": "cannot be imported (ModuleNotFoundError",
        "absent": "cannot be imported (AttributeError",
        "raises": "it cannot be made (RuntimeError: no luck)",
        "wrong": "the attribute `name` of what it makes is not wrong",
        "telegram": "trendbot has a transport of this name itself",
        "none": "is no function",
    }
    for name, problem in why.items():
        state, told = found[f"{'parser' if name == 'none' else 'transport'} {name}"]
        assert state == "bad"
        assert problem in told
        assert "of trendbot-odd 2.0 is left out" in told


@dataclass
class Receiver:
    """Takes posts in a thread, and answers as it is told."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    taken: list[tuple[dict[str, str], Any]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.taken.append((dict(self.headers), json.loads(body)))
            self.send_response(found.statuses.pop(0) if found.statuses else 204)
            self.end_headers()

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/in"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def test_a_webhook_gets_the_digest_and_the_same_again_where_it_was_mended(
    cli: Cli, site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRENDBOT_WEBHOOK__ALLOW_PRIVATE", "true")
    made = cli("channels", "add", "intranet", "--by", "webhook", "--kind", "linkedin", "--to", receiver.url)
    assert made.out == "channel intranet is added\n"
    assert "a server answers (200)" in cli("channels", "test", "intranet").out
    secret = cli("channels", "secret", "intranet").out.strip()
    assert secret.startswith("whsec_")
    assert cli("channels", "secret", "intranet", "--json").json == {"name": "intranet", "secret": secret}

    receiver.statuses = [404]
    site.pages["/rss"] = Page(feed("one", NEWS))
    run = ("run", "--opml", site.opml("/rss"), "--allow-private", "--now")
    assert "the receiver answered 404: there is nothing at the address" in cli(*run, "2026-11-15T18:00Z").out
    assert cli("channels", "set", "intranet", "--on").code == 0
    assert cli(*run, "2026-11-15T18:15Z").code == 0
    names: dict[str, Any] = {}
    first, again = receiver.taken
    assert first[1] == again[1]
    assert first[1]["id"] == again[1]["id"]
    assert NEWS in first[1]["edition"]["text"]
    assert first[1]["content"]["lead"]["headline"] == NEWS
    assert "stories" not in first[1]["content"]
    exec(blocks("extending.md", "python")[0], names)  # noqa: S102  (the page's own words)
    assert not names["is_genuine"](secret, {name.lower(): value for name, value in first[0].items()}, b"{}")
    (row,) = cli("deliveries", "list", "--channel", "intranet", "--json").json
    assert row["status"] == "sent"


def test_a_webhook_needs_a_whole_web_address(cli: Cli) -> None:
    for address in ("intranet", "ftp://site.example/", "//site.example"):
        assert cli("channels", "add", "x", "--by", "webhook", "--to", address).code == 2
    assert cli("channels", "add", "x", "--by", "webhook", "--subscribers").code == 2
    assert cli("channels", "add", "wire", "--to", "@wire").code == 0
    said = cli("channels", "secret", "wire")
    assert said.code == 2
    assert "signs nothing" in said.err
