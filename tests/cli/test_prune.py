"""`trendbot prune`, and what the doctor says of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.cli.conftest import Cli

from trendbot.store import schema
from trendbot.store.database import Database, sqlite_url


def age(home: Path, days: int) -> None:
    """Let everything have been seen so many days earlier."""
    past = timedelta(days=days)
    with Database(sqlite_url(home / "trendbot.db")) as database:
        database.write(lambda session: _age(session, past))


def _age(session: Session, past: timedelta) -> None:
    for entry in session.scalars(select(schema.Entry)):
        entry.seen_at, entry.dated_at = entry.seen_at - past, entry.dated_at - past


def doctor(cli: Cli) -> str:
    return next(one["found"] for one in cli("doctor", "--json").json if one["what"] == "retention")


def test_prune_counts_and_removes(cli: Cli, home: Path, news: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert news
    age(home, 500)
    assert "entries go back to 2025-07-0" in doctor(cli)
    entries = len(cli("entries", "list", "--limit", "500", "--json").json)
    would = cli("prune", "--dry-run")
    assert would.code == 0
    assert f"would go: {entries} entries" in would.out
    assert cli("prune", "--json").json["entries"] == entries
    assert cli("entries", "list", "--json").json == []
    assert cli("prune").out == "gone: nothing\n"
    assert doctor(cli) == "entries are kept 400 days"
    monkeypatch.setenv("TRENDBOT_RETENTION__ENTRIES", "0")
    assert doctor(cli) == "entries are kept for ever"


@pytest.mark.parametrize(("setting", "days"), [("entries", 299), ("texts", 29), ("messages", 7), ("runs", -1)])
def test_too_little_is_refused(cli: Cli, home: Path, setting: str, days: int) -> None:
    home.mkdir()
    (home / "trendbot.toml").write_text(f"[retention]\n{setting} = {days}\n")
    said = cli("prune", "--dry-run")
    assert said.code == 2
    assert f"retention.{setting}" in said.err
