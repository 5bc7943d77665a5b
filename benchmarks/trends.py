"""Trends: one day's update of 1,000 terms over 400 days, against counting and reading all of it anew.

    python benchmarks/trends.py [--terms 1000] [--days 400]
    python benchmarks/trends.py --steady [--terms 1000]     alarms a day on streams where nothing happens, and no timing

Both run through the real store (SQLite in a temporary folder). The yardstick is what a program without kept counts must
do to stand at the same point: recount every day and read every day. Prints figures, then one ratio on the last line:
the yardstick's seconds over those of `measure` after one more day of entries. Nothing to install.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.orm import Session

from trendbot.core.trends import FeedPast, TermCounts, TermRecord, read_terms
from trendbot.core.vocabulary import Annotator, FeedKind
from trendbot.pipeline.measure import measure, read_day
from trendbot.store import series
from trendbot.store.database import Database, sqlite_url
from trendbot.store.migrate import upgrade
from trendbot.store.schema import Entry, Feed, Mention, Story, StoryEntry, Tagging, Term

START = datetime(2025, 1, 6, 6, tzinfo=UTC)
FEEDS, A_DAY = 60, 100


def fill(session: Session, rng: random.Random, first: int, days: int, terms: int) -> None:
    """Write days of entries, each in a story of its own, naming terms of unlike frequency."""
    entries, stories, places, mentions, read = [], [], [], [], []
    for day in range(first, first + days):
        for number in range(A_DAY):
            key = day * A_DAY + number + 1
            at = START + timedelta(days=day, minutes=number * 5)
            entries.append(
                {"id": key, "feed_id": rng.randrange(FEEDS) + 1, "guid": str(key), "url": f"https://e.example/{key}",
                 "canonical_url": f"https://e.example/{key}", "title": f"Entry {key}", "seen_at": at, "dated_at": at,
                 "published_at": at, "content_hash": str(key), "backlog": False}
            )  # fmt: skip
            stories.append(
                {"id": key, "public_id": uuid.UUID(int=key), "title": f"Entry {key}", "lead_entry_id": key,
                 "first_at": at, "last_at": at}
            )  # fmt: skip
            places.append(
                {"entry_id": key, "story_id": key, "annotator": Annotator.RULE, "reason": "opened", "made_at": at}
            )
            read.append(
                {"entry_id": key, "annotator": Annotator.RULE, "made_by": "b", "entry_revision": 1, "made_at": at}
            )
            named = {min(terms, int(rng.paretovariate(0.6))) for _ in range(3)}
            mentions += [{"entry_id": key, "term_id": term, "count": 1} for term in named]
    for table, rows in ((Entry, entries), (Story, stories), (StoryEntry, places), (Tagging, read), (Mention, mentions)):
        session.execute(insert(table), rows)


def prepare(session: Session, terms: int) -> None:
    """Write feeds and terms."""
    rows = [
        {"id": n, "url": f"https://f{n}.example/", "title": f"Feed {n}", "kind": FeedKind.NEWS, "added_at": START}
        for n in range(1, FEEDS + 1)
    ]
    session.execute(insert(Feed), rows)
    session.execute(insert(Term), [{"id": n, "kind": "model", "name": f"Term {n}"} for n in range(1, terms + 1)])


PROFILE = (16, 21, 22, 26, 23, 5, 5)
"""Items Monday to Sunday of news feeds, as measured on a real list."""


def drawn(rng: random.Random, mean: float, phi: float = 1.5) -> int:
    """Draw a count of this mean whose variance is `phi` times it."""
    shape = mean / (phi - 1)
    product, count, limit = 1.0, -1, math.exp(-rng.gammavariate(shape, mean / shape))
    while product > limit:
        product *= rng.random()
        count += 1
    return max(0, count)


def alarms(rates: list[float], rng: random.Random, *, days: int = 100, read: int = 30) -> float:
    """Return the alarms a day (rising or new) over the last `read` days of a stream where nothing happens."""
    dates = [START.date() + timedelta(days=number) for number in range(days)]
    profile = [PROFILE[day.weekday()] / 16 for day in dates]
    scale = max(160.0, sum(rates))
    counts = [[drawn(rng, rate * busy) for busy in profile] for rate in rates]
    found = 0
    for last in range(days - read, days):
        terms = [
            TermCounts(
                series_id=number,
                name=f"term {number}",
                counts={(dates[at], "news"): float(count) for at, count in enumerate(own[: last + 1]) if count},
                lately={(dates[last], part % FEEDS, f"site {part}"): 1.0 for part in range(own[last])},
            )
            for number, own in enumerate(counts)
            if any(own[: last + 1])
        ]
        record = TermRecord(
            terms=terms,
            followed=len(rates),
            exposure={(dates[at], "news"): scale * profile[at] for at in range(last + 1)},
            by_feed={(n, dates[at]): scale * profile[at] / FEEDS for at in range(last + 1) for n in range(FEEDS)},
            feeds={n: FeedPast(kind="news", first=dates[0]) for n in range(FEEDS)},
        )
        found += sum(one.direction != "flat" for one in read_terms(record, as_of=dates[last]))
    return found / read


def steady(terms: int) -> None:
    """Print the alarms a day for names of unlike and of like frequency; the greatest is the last line."""
    rng = random.Random(3)
    streams = {
        "0.002 a day, growing to 0.8": [0.002 * 1.006 ** (1_000 * number / terms) for number in range(terms)],
        "0.01 to 5 a day, evenly by logarithm": [0.01 * 500 ** (number / terms) for number in range(terms)],
        "0.1 a day each": [0.1] * terms,
        "30 a day, falling as 1/rank": [30 / (number + 1) for number in range(terms)],
    }
    rates = {name: alarms(stream, rng) for name, stream in streams.items()}
    for name, rate in rates.items():
        print(f"{name:40} {rate:.2f} alarms a day")
    print(f"most alarms a day: {max(rates.values()):.2f} (at most 1 is asked)")


def main() -> None:
    """Time both and print the ratio last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terms", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--steady", action="store_true")
    options = parser.parse_args()
    if options.steady:
        steady(options.terms)
        return
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder, Database(sqlite_url(Path(folder) / "trends.db")) as database:
        upgrade(database)
        database.write(prepare, options.terms)
        database.write(fill, rng, 0, options.days, options.terms)
        last = START + timedelta(days=options.days - 1, hours=12)
        started = time.perf_counter()
        days = database.read(series.changed_days, since=None)
        database.write(series.recount, days, now=last)
        for day in days:
            readings = database.read(read_day, as_of=day)
            database.write(series.keep_readings, readings, as_of=day)
        whole = time.perf_counter() - started
        database.write(fill, rng, options.days, 1, options.terms)
        now = last + timedelta(days=1)
        started = time.perf_counter()
        report = measure(database, now=now)
        update = time.perf_counter() - started
    print(f"{options.terms} terms, {options.days} days of {A_DAY} entries")
    print(f"all anew: {whole:.1f} s; one day's update: {update * 1000:.0f} ms ({len(report.rising)} rising)")
    print(f"ratio to full recomputation: {whole / update:.1f}")


if __name__ == "__main__":
    main()
