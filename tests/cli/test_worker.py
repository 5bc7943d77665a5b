"""`trendbot worker`, and `trendbot serve` on PostgreSQL: real processes, beside each other, ended by signals."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Cli, one_line


@contextlib.contextmanager
def running(home: Path, url: str, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command on a PostgreSQL database until it says that it works; end it by force where the test did not."""
    home.mkdir(exist_ok=True)
    (home / "secret.key").write_text("5e" * 32 + "\n")
    with subprocess.Popen(
        [sys.executable, "-m", "trendbot", *command, "--home", str(home)],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, "TRENDBOT_DATABASE_URL": url},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def test_a_worker_needs_postgresql(cli: Cli) -> None:
    assert cli("db", "upgrade").code == 0
    refused = cli("worker")
    assert refused.code == 2
    assert one_line(refused.err.splitlines(keepends=True)[-1])
    assert "workers need PostgreSQL" in refused.err


def test_a_home_with_another_secret_works_only_where_its_own_is_adopted(
    cli: Cli, pg_url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRENDBOT_DATABASE_URL", pg_url)
    monkeypatch.setenv("TRENDBOT_HOME", str(home.with_name("first")))
    assert cli("channels", "add", "wire", "--to", "@wire").code == 0  # writes, so its secret counts
    monkeypatch.setenv("TRENDBOT_HOME", str(home))
    home.mkdir()
    (home / "secret.key").write_text("5e" * 32 + "\n")
    for command in (("worker",), ("channels", "set", "wire", "--off")):
        refused = cli(*command)
        assert refused.code == 2
        assert "`trendbot db adopt`" in refused.err
        assert one_line(refused.err)
    assert cli("db", "adopt").code == 0
    assert cli("channels", "set", "wire", "--off").code == 0


def test_machines_serve_and_work_beside_each_other_and_end_in_order(tmp_path: Path, pg_url: str) -> None:
    roles = ("serve", "--roles", "worker")
    with (
        running(tmp_path / "one", pg_url, *roles) as one,
        running(tmp_path / "two", pg_url, *roles) as two,
        running(tmp_path / "three", pg_url, "worker") as three,
    ):
        assert said(one) == "serving: worker\n"
        assert said(two) == "serving: worker\n"
        assert said(three).startswith("working on postgresql://")
        for process in (one, two, three):
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in (one, two, three)] == [0, 0, 0]
