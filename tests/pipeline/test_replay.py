from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from tests.serving import fetcher, item, rss, serving

from trendbot.core.feeds import FeedSeed
from trendbot.errors import ConfigError
from trendbot.fetch.recording import Recorder, Tape
from trendbot.pipeline.poll import poll
from trendbot.pipeline.replay import replay_run
from trendbot.store.database import Database, sqlite_url
from trendbot.store.entries import list_entries
from trendbot.store.feeds import list_feeds, seed_feeds
from trendbot.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trendbot.core.entries import Entry


async def _record(database: Database, folder: Path, now: datetime) -> list[Entry]:
    """Record three runs over three feeds: one changes, one stays, one fails."""
    step = 0

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/down":
            return web.Response(status=500)
        body = rss(*(item(number) for number in range(step + 2))) if request.path == "/busy" else rss(item(99))
        if request.headers.get("If-None-Match") == f'"{len(body)}"':
            return web.Response(status=304)
        return web.Response(body=body, headers={"ETag": f'"{len(body)}"'})

    async with serving(handler) as base, fetcher() as asking:
        database.write(seed_feeds, [FeedSeed(url=f"{base}/{name}") for name in ("busy", "calm", "down")], now)
        for step in range(3):
            at = now + timedelta(days=step)
            recorder = Recorder(asking, folder, clock=lambda at=at: at, run=at, feeds=database.read(list_feeds))
            await poll(database, recorder, clock=lambda at=at: at, force=True)
    return _plain(database.read(list_entries, limit=None))


def _plain(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.feed_id, entry.guid))


async def _replay(folder: Path, path: Path) -> list[Entry]:
    with Database(sqlite_url(path)) as database:
        upgrade(database)
        tape = Tape(folder)
        for run in tape.runs:
            await replay_run(database, tape, run)
        return list(database.read(list_entries, limit=None))


async def test_a_recording_replayed_makes_the_same_entries_each_time(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    recorded = await _record(database, tmp_path / "tape", now)
    first = await _replay(tmp_path / "tape", tmp_path / "first.db")
    second = await _replay(tmp_path / "tape", tmp_path / "second.db")
    assert first == second
    said = [(entry.guid, entry.title, entry.seen_at, entry.dated_at, entry.backlog) for entry in recorded]
    assert [(e.guid, e.title, e.seen_at, e.dated_at, e.backlog) for e in _plain(first)] == said
    assert len(said) == 5


async def test_a_body_is_kept_once(database: Database, tmp_path: Path, now: datetime) -> None:
    await _record(database, tmp_path / "tape", now)
    assert len(list((tmp_path / "tape" / "bodies").rglob("*.gz"))) == 4


async def test_a_damaged_recording_is_said_to_be_damaged(database: Database, tmp_path: Path, now: datetime) -> None:
    await _record(database, tmp_path / "tape", now)
    for body in (tmp_path / "tape" / "bodies").rglob("*.gz"):
        body.write_bytes(b"junk")
    with pytest.raises(ConfigError, match="recording lacks"):
        Tape(tmp_path / "tape")._body(next((tmp_path / "tape" / "bodies").rglob("*.gz")).stem)
    (tmp_path / "tape" / "answers.jsonl").write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        Tape(tmp_path / "tape")
    with pytest.raises(ConfigError, match="cannot be read"):
        Tape(tmp_path / "nowhere")
