"""Real feeds, poll after poll: what we find new, edited and gone, against the counts made independently for each pair.

The counts match feedparser's ids (else links) of one poll with those of the poll before. Ours differ in three ways, and
every difference must be one of them:

* an entry that comes back after it vanished is an addition to the counts, and known to us;
* an entry under another guid, with its address and its title or date kept, is one removal and one addition to the
  counts, and the same entry to us (one that comes back under another guid is an addition only);
* only what a reader sees is an edit: rewritten dates are none; entries of the first two kinds can be edited as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from trendbot.core.feeds import FeedSeed
from trendbot.fetch.http import Answer, Changed, Request
from trendbot.fetch.parse import parse
from trendbot.pipeline.poll import poll
from trendbot.store.feeds import add_feed, get_feed

if TYPE_CHECKING:
    from trendbot.store.database import Database

NAMES = (
    "Olshansk--feed_cursor",
    "Olshansk--feed_ollama",
    "Olshansk--feed_openai_research",
    "igor23740--xai",
    "leontloveles--deepmind-blog",
    "leontloveles--groq-news",
    "mibuhand--hackernews_best_stories",
    "tedzards509--feed_mistral",
)


@dataclass
class Tape:
    """A fetcher that answers with one body."""

    body: bytes = b""

    async def fetch(self, request: Request) -> Answer:
        return Changed(url=request.url, status=200, body=self.body, received=len(self.body))


def _polls(folder: Path, name: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    return sorted((row for row in rows if row["feed"] == name), key=lambda row: row["seq"])


@pytest.mark.parametrize("name", NAMES)
async def test_additions_edits_and_removals_are_those_counted(shared_data: Path, database: Database, name: str) -> None:
    folder = shared_data / "feeds_snapshots"
    rows = _polls(folder, name)
    start = datetime.fromisoformat(rows[0]["fetched_at"])
    feed = database.write(add_feed, FeedSeed(url="https://snapshots.example/feed"), now=start)
    tape, ever, previous, renamed_before = Tape(), set[str](), set[str](), 0
    for row in rows:
        tape.body, now = (folder / row["file"]).read_bytes(), datetime.fromisoformat(row["fetched_at"])
        report = await poll(database, tape, clock=lambda now=now: now, force=True)
        guids = {entry.guid for entry in parse(tape.body, url=feed.url).entries}
        returned, renamed = len(guids & ever - previous), database.read(get_feed, feed.id).counts["renamed"]
        moved, ever, previous, renamed_before = renamed - renamed_before, ever | guids, guids, renamed
        counted = row["change_vs_previous"]
        if counted is None:
            assert report.entries_new == row["entries"]
            continue
        titles, texts = counted["title_edits"], counted["summary_edits"]
        assert report.entries_new + returned + moved == counted["added"], row["file"]
        assert 0 <= counted["removed"] - report.entries_removed <= moved, row["file"]
        assert max(titles, texts) <= report.entries_edited <= titles + texts + returned + moved, row["file"]
