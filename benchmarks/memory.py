"""Whether a reader is told anything twice: a daily digest for each of many days of a real stream.

Run:      python benchmarks/memory.py FOLDER… [--days 90] [--until 2026-08-20]     (a minute a thousand entries)
FOLDER:   items.jsonl (source, url, title, summary, published), as in the sets `stream_dense`, `items_hackernews`.
Measures: every story that a digest tells to the readers of all themes, held against all that was told before.
          same story    told before under the same number (or one that went into it), and not as an update
          empty update  an update with no publisher that was new to the story
          same page     an address that led or backed an earlier story's item
          same title    a headline that was told before, to the letter
          alike         a headline that shares three quarters of its words with one of the fortnight before: counted
                        apart, since most are other events of one series (releases, outages); `--show` prints them
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from trendbot.core.digests import DigestItem, DigestPolicy
from trendbot.core.ranking import content_vector
from trendbot.core.summaries import cosine
from trendbot.core.text import fold
from trendbot.core.vocabulary import Cadence
from trendbot.logs import configure_logging
from trendbot.paths import bundled
from trendbot.pipeline.compose import draw
from trendbot.pipeline.group import group_entries
from trendbot.pipeline.tag import ThemesFile, tag_entries
from trendbot.store import digests
from trendbot.store.database import Database, sqlite_url
from trendbot.store.entries import import_entries
from trendbot.store.memory import told_before
from trendbot.store.migrate import upgrade

ALIKE, FORTNIGHT = 0.75, timedelta(days=14)


class Reader:
    """One who reads every digest and remembers everything."""

    def __init__(self) -> None:
        self.stories: set[int] = set()
        self.pages: set[str] = set()
        self.titles: set[str] = set()
        self.lately: list[tuple[date, str]] = []
        self.found: Counter[str] = Counter()
        self.alike: list[str] = []

    def read(self, item: DigestItem, day: date, *, known: set[int]) -> None:
        """Note a story; `known` are the numbers that count as its own."""
        pages = {each.url for each in (item.lead, *item.others) if each.url}
        title = fold(item.headline)
        self.found["told"] += 1
        self.found["updates"] += item.update
        self.found["same story"] += bool(known & self.stories) and not item.update
        self.found["same page"] += bool(pages & self.pages)
        if title in self.titles:
            self.found["same title"] += 1
            self.alike.append(f"{day}: {item.headline} (to the letter{', as an update' if item.update else ''})")
        self._compare(item, day)
        self.stories |= known
        self.pages |= pages
        self.titles.add(title)

    def _compare(self, item: DigestItem, day: date) -> None:
        self.lately = [(on, told) for on, told in self.lately if day - on <= FORTNIGHT]
        own = content_vector(item.headline)
        near = next((told for _, told in self.lately if cosine(own, content_vector(told)) >= ALIKE), None)
        if near is not None and not item.update:
            self.found["alike"] += 1
            self.alike.append(f"{day}: {item.headline}\n            {near}")
        self.lately.append((day, item.headline))


def days_of(folders: Sequence[Path], *, days: int, until: date | None) -> Iterator[tuple[date, list[str]]]:
    """Give the lines of each day, the oldest first."""
    lines: dict[date, list[str]] = {}
    for folder in folders:
        for line in (folder / "items.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            if row.get("published") and row.get("title"):
                at = datetime.fromisoformat(row["published"])
                lines.setdefault((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).date(), []).append(line)
    last = until or max(lines)
    first = max(min(lines), last - timedelta(days=days - 1))
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        yield day, lines.get(day, [])


def main() -> None:
    """Replay and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--until", type=date.fromisoformat)
    parser.add_argument("--show", action="store_true", help="print the headlines that are alike")
    given = parser.parse_args()
    themes = ThemesFile(text=(bundled("seeds") / "themes.toml").read_text("utf-8"))
    configure_logging(level="error", style="text")
    reader, entries, made = Reader(), 0, 0
    with tempfile.TemporaryDirectory() as folder, Database(sqlite_url(Path(folder) / "t.db")) as database:
        upgrade(database)
        for day, lines in days_of(given.folders, days=given.days, until=given.until):
            now = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=23, minutes=59)
            if lines:
                entries += database.write(import_entries, lines, now=now).entries
            tag_entries(database, now=now, themes=themes)
            group_entries(database, now=now)
            made += _publish(database, reader, now, day)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{given.days} days at most, {made} digests of {entries} entries")
    for name in ("told", "updates", "same story", "empty update", "same page", "same title", "alike"):
        print(f"{name:14}{reader.found[name]:6}")
    repeats = sum(reader.found[name] for name in ("same story", "empty update", "same page", "same title"))
    print(f"repeats: {repeats}; {used.ru_utime + used.ru_stime:.0f} CPU seconds, {used.ru_maxrss // 1024} MB")
    for pair in reader.alike if given.show else ():
        print(pair)


def _publish(database: Database, reader: Reader, now: datetime, day: date) -> int:
    drawn = draw(database, cadence=Cadence.DAILY, now=now, policy=DigestPolicy())
    if drawn is None:
        return 0
    items = [item for _, item in drawn.content.items()]
    told = database.read(told_before, Cadence.DAILY, [item.story_id for item in items])
    for item in items:
        before = told.get(item.story_id)
        if item.update and before is not None:
            feeds = database.read(_publishers, item)
            reader.found["empty update"] += not feeds - before.publishers
        reader.read(item, day, known={item.story_id})
    database.write(digests.freeze, content=drawn.content, editions=[], now=now, by="benchmark")
    return 1


def _publishers(session: object, item: DigestItem) -> set[str]:
    from trendbot.core.ranking import publisher_of
    from trendbot.store.entries import get_entries
    from trendbot.store.stories import get_story

    story = get_story(session, item.story_id)  # type: ignore[arg-type]
    entries = get_entries(session, [each.entry_id for each in story.entries])  # type: ignore[arg-type]
    return {publisher_of(entry.canonical_url, entry.feed_id) for entry in entries}


if __name__ == "__main__":
    main()
