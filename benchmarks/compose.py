"""What it costs to compose a digest from 2,000 entries: gathering, ranking, sentences, proofs, rendering, chart.

Run:      python benchmarks/compose.py FOLDER [--entries 2000]      (a minute; most of it fills the database)
FOLDER:   items.jsonl (id, source, kind, url, title, summary, published), as in the set `stream_dense`.
Measures: CPU and clock seconds, and the peak of memory, of composing the weekly and the daily digest in a process of
          its own over the newest entries of the set; and of one edition for a choice of themes. Target: 10 s, 300 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.ranking import fill

from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.pipeline.editions import ensure_edition
from trendbot.pipeline.group import group_entries
from trendbot.pipeline.measure import measure
from trendbot.pipeline.tag import ThemesFile, tag_entries
from trendbot.render.environment import Renderer
from trendbot.store.database import Database, sqlite_url
from trendbot.store.migrate import upgrade

WEEK = timedelta(days=7)


def prepared(folder: Path, file: Path, entries: int) -> datetime:
    """Fill a database with the newest entries of the set, all within a week; return the end of that week."""
    items = [json.loads(line) for line in (folder / "items.jsonl").open(encoding="utf-8")]
    items = sorted(items, key=lambda item: item["published"])[-entries:]
    now = datetime.fromisoformat(items[-1]["published"]).astimezone(UTC)
    for place, item in enumerate(items):
        item["published"] = (now - WEEK + WEEK * (place + 1) / (len(items) + 1)).isoformat()
    with Database(sqlite_url(file)) as database:
        upgrade(database)
        database.write(fill, items)
        themes = bundled("seeds") / "themes.toml"
        tag_entries(database, now=now, themes=ThemesFile(text=themes.read_text(encoding="utf-8"), name=themes.name))
        group_entries(database, now=now)
        measure(database, now=now)
    return now


def composed(file: Path, now: datetime) -> None:
    """Compose both digests and print what it cost."""
    with Database(sqlite_url(file)) as database:
        renderer = Renderer(bundled("templates"))
        for cadence, stories in ((Cadence.WEEKLY, 20), (Cadence.DAILY, 10)):
            clock, cpu = time.perf_counter(), time.process_time()
            report = compose(
                database, renderer, cadence=cadence, now=now, policy=DigestPolicy(stories=stories, minutes=6)
            )
            taken = f"{time.process_time() - cpu:5.2f} CPU s, {time.perf_counter() - clock:5.2f} s"
            content = report.digest.content if report.digest else None
            told = (
                f"{content.foot.entries:,} entries, {content.foot.found:,} stories, {len(content.stories)} kept"
                if content
                else "-"
            )
            print(f"{cadence:8} {taken}   {told}")
            if report.digest:
                cpu = time.process_time()
                ensure_edition(database, report.digest.id, ChannelKind.EMAIL, "efficiency+tools", renderer)
                print(f"  one edition for a choice: {1000 * (time.process_time() - cpu):.0f} CPU ms")
    print(f"peak of memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    """Fill, then compose in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=2000)
    parser.add_argument("--compose", metavar="INSTANT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.compose:
        composed(given.folder, datetime.fromisoformat(given.compose))
        return
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "bench.db"
        now = prepared(given.folder, file, given.entries)
        subprocess.run([sys.executable, __file__, str(file), "--compose", now.isoformat()], check=True)


if __name__ == "__main__":
    main()
