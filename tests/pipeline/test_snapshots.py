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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from trendbot.core.entries import ParsedEntry
from trendbot.core.feeds import FeedSeed
from trendbot.core.withdrawals import newest_first, vanished, withdrawn
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


Listing = dict[str, ParsedEntry]
"""What one document lists, by guid, in its order."""
REMOVED = {
    "Olshansk--feed_cursor": {"withdrawn": 1, "no change since": 1},
    "Olshansk--feed_openai_research": {"renamed": 3, "made room": 7, "no change since": 2},
    "igor23740--xai": {"in no order": 7},
    "leontloveles--deepmind-blog": {"renamed": 1, "made room": 8, "date not inside": 4},
    "leontloveles--groq-news": {"in no order": 5, "many at once": 3},
    "mibuhand--hackernews_best_stories": {"in no order": 358},
    "tedzards509--feed_mistral": {"renamed": 54},
}
"""All 454 removals that were counted, and why each is a withdrawal or none (docs/feeds.md)."""


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


@pytest.mark.parametrize("name", NAMES)
async def test_removals_counted_are_withdrawals_or_have_a_reason(
    shared_data: Path, database: Database, name: str
) -> None:
    folder = shared_data / "feeds_snapshots"
    rows = _polls(folder, name)
    start = datetime.fromisoformat(rows[0]["fetched_at"])
    database.write(add_feed, FeedSeed(url="https://snapshots.example/feed"), now=start)
    tape, listings, marked, found = Tape(), list[Listing](), 0, Counter[str]()
    for row in rows:
        tape.body, now = (folder / row["file"]).read_bytes(), datetime.fromisoformat(row["fetched_at"])
        marked += (await poll(database, tape, clock=lambda now=now: now, force=True)).entries_withdrawn
        listings.append({entry.guid: entry for entry in parse(tape.body, url="https://snapshots.example/feed").entries})
    for position in range(1, len(listings)):
        found.update(_fates(listings[position - 1], listings[position], listings[position + 1 :]))
    assert found == REMOVED.get(name, {})
    assert marked == found["withdrawn"]
    assert found.total() == sum((row["change_vs_previous"] or {}).get("removed", 0) for row in rows)


def _fates(before: Listing, after: Listing, later: list[Listing]) -> Iterator[str]:
    """Say of each entry that is gone what became of it, by what the feed shows then and at its next change."""
    faces = {entry.url for entry in after.values()} | {entry.title for entry in after.values()}
    gone = {guid: entry for guid, entry in before.items() if guid not in after}
    renamed = [guid for guid, entry in gone.items() if entry.url in faces or entry.title in faces]
    missing = vanished(list(before), list(after), _dates(after), renamed=renamed)
    following = next((listing for listing in later if listing != after), None)
    for guid, entry in gone.items():
        if guid in renamed:
            yield "renamed"
        elif guid not in missing:
            yield _why_not_missing(before, after)
        elif following is None:
            yield "no change since"
        else:
            kept = withdrawn({guid: entry.published_at}, _dates(following))
            yield "shown again" if guid in following else "withdrawn" if kept else "date not inside"


def _why_not_missing(before: Listing, after: Listing) -> str:
    if newest_first(_dates(after)) is None:
        return "in no order"
    return "made room" if _ends_apart(before, after) else "many at once"


def _ends_apart(before: Listing, after: Listing) -> bool:
    """Tell whether all that is gone stood at the old end."""
    order = list(before) if newest_first(_dates(after)) else list(reversed(before))
    kept = [position for position, guid in enumerate(order) if guid in after]
    return not kept or all(guid in after for guid in order[: kept[-1]])


def _dates(listing: Listing) -> list[datetime | None]:
    return [entry.published_at for entry in listing.values()]
