"""The command itself: it listens, answers, and ends in order; and a copy in files."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.botapi.server import TOKEN, bot_api
from tests.botapi.talking import talking
from tests.web.conftest import NOW, site_over

from trendbot.bot.running import webhook_secret
from trendbot.cli.web import webhook_of
from trendbot.errors import ConfigError
from trendbot.settings import load_settings
from trendbot.web.export import export
from trendbot.web.serving import listen

if TYPE_CHECKING:
    from pathlib import Path

    from trendbot.bootstrap import App


def test_it_serves_until_it_is_told_to_stop(app: App) -> None:
    environment = {**os.environ, "TRENDBOT_HOME": str(app.home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "trendbot", "web", "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            said = process.stderr.readline()
            port = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
            assert port, said + process.stderr.read()
            connection = http.client.HTTPConnection("127.0.0.1", int(port[1]), timeout=20)
            connection.request("GET", "/readyz")
            assert connection.getresponse().read() == b"ready\n"
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.getheader("server") is None
            connection.close()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


def test_a_port_that_is_taken_is_said() -> None:
    with listen("127.0.0.1", 0) as at, pytest.raises(ConfigError, match=r"web\.port"):
        listen("127.0.0.1", at.getsockname()[1])
    with pytest.raises(ConfigError, match="cannot listen"):
        listen("203.0.113.1", 0)


def test_a_copy_in_files_holds_every_public_page(app: App, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    site = site_over(app, still=True)
    count = export(site, folder)
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert len(files) == count
    assert (folder / "digests" / "daily" / str(NOW.date()) / "index.html").is_file()
    assert (folder / "themes" / "tools" / "feed.atom").is_file()
    assert list(folder.glob("charts/*/*/web.svg"))
    assert list(folder.glob("charts/*/*/card.png"))
    front = (folder / "index.html").read_text()
    assert "<form" not in front
    assert "/search" not in front
    pages = {file.relative_to(folder).as_posix() for file in files}
    for page in folder.rglob("index.html"):
        for address in re.findall(r'(?:href|src)="(/[^"#]*)"', page.read_text()):
            assert {address.strip("/") or "index.html", f"{address.strip('/')}/index.html"} & pages, (page, address)
    assert export(site, folder) == count


async def test_telegrams_updates_come_by_the_webhook(app: App) -> None:
    async with bot_api() as api:
        talking(api)
        options = {
            "home": app.home,
            "brand": {"site_url": "https://digest.example/"},
            "telegram": {"token": TOKEN, "base_url": api.base_url},
            "web": {"webhook": True},
        }
        async with webhook_of(app, load_settings(options=options)) as hook:
            assert hook is not None
            assert await hook(b"{}", "a stranger's") == 401
            assert await hook(b'{"update_id": 1}', webhook_secret(app)) == 200
            assert await hook(b"no json", webhook_secret(app)) == 400


async def test_a_webhook_needs_an_address_that_telegram_can_reach(app: App) -> None:
    options = {"home": app.home, "telegram": {"token": "1:x"}, "web": {"webhook": True}}
    with pytest.raises(ConfigError, match="https address"):
        async with webhook_of(app, load_settings(options=options)):
            pass
