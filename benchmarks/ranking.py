"""How near the ranking of stories comes to an editor's own picks.

Run:      python benchmarks/ranking.py FOLDER      (a minute or two)
FOLDER:   items.jsonl (id, source, kind, url, title, summary, published, day) and picks.jsonl (day, id, grade 3 lead,
          2 summary, 1 cited), as in the set `stream_dense`.
Measures: nDCG@10 over each day's stories (a story has the best grade of its entries), MRR of the lead, precision at 10;
          the mean over the days. Yardsticks in the same run: size of the story, number of its publishers.
The line "learned" gives each feed the weight that its picks of the days before earn it, as an editor's stars would; it
learns from every day, judged or not.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from trendbot.core.ranking import Candidate, Ranked, rank
from trendbot.core.telling import tellable
from trendbot.core.vocabulary import FeedKind
from trendbot.paths import bundled
from trendbot.pipeline.group import group_entries
from trendbot.pipeline.tag import ThemesFile, tag_entries
from trendbot.store import schema, views
from trendbot.store.database import Database, sqlite_url
from trendbot.store.migrate import upgrade

KINDS = {"news": FeedKind.NEWS, "community": FeedKind.COMMUNITY, "social": FeedKind.COMMUNITY}
Order = Callable[[Sequence[Candidate], datetime], Sequence[Candidate]]


def fill(session: Session, items: Sequence[dict[str, str]]) -> dict[int, str]:
    """Store the items; return their ids by entry."""
    feeds: dict[str, int] = {}
    ids: dict[int, str] = {}
    for item in items:
        at = datetime.fromisoformat(item["published"]).astimezone(UTC)
        if item["source"] not in feeds:
            feed = schema.Feed(
                url=f"https://feeds.example/{len(feeds)}",
                title=item["source"],
                kind=KINDS[item["kind"]],
                mirrors=[],
                added_at=at,
            )
            session.add(feed)
            session.flush()
            feeds[item["source"]] = feed.id
        entry = schema.Entry(
            feed_id=feeds[item["source"]],
            guid=item["id"],
            url=item["url"],
            canonical_url=item["url"],
            title=item["title"],
            summary=item["summary"],
            seen_at=at,
            dated_at=at,
            content_hash=item["id"],
        )
        session.add(entry)
        session.flush()
        ids[entry.id] = item["id"]
    return ids


def gain(grades: Sequence[int]) -> float:
    """Give the discounted gain of the first ten."""
    return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades[:10]))


def judged(ordered: Sequence[Candidate], graded: dict[str, int], ids: dict[int, str]) -> tuple[float, float, float]:
    """Give nDCG@10, reciprocal rank of the lead and precision at 10 of one day."""
    grades = [max(graded.get(ids[report.entry_id], 0) for report in each.reports) for each in ordered]
    best = gain(sorted(grades, reverse=True))
    lead = next((1 / place for place, grade in enumerate(grades, 1) if grade == 3), 0.0)
    return gain(grades) / best if best else 0.0, lead, sum(grade > 0 for grade in grades[:10]) / 10


def ours(candidates: Sequence[Candidate], _: datetime) -> Sequence[Candidate]:
    """Order by the product's own ranking, at the end of the day: that of its last entry."""
    now = max(report.dated_at for each in candidates for report in each.reports)
    ranked: Sequence[Ranked] = rank(candidates, now=now, window_days=1)
    return [each.candidate for each in ranked]


def by(size: Callable[[Candidate], int]) -> Order:
    """Order by one number."""
    return lambda candidates, _: sorted(candidates, key=lambda each: (-size(each), each.story_id))


def learned(candidates: Sequence[Candidate], weights: dict[int, float]) -> list[Candidate]:
    """Give each report's feed its learned weight."""
    return [
        replace(
            each,
            reports=tuple(replace(report, weight=weights.get(report.feed_id, 1.0)) for report in each.reports),
        )
        for each in candidates
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--days", choices=["all", "even", "odd"], default="all", help="tune on one half, report the other"
    )
    given = parser.parse_args()
    folder: Path = given.folder
    items = [json.loads(line) for line in (folder / "items.jsonl").open(encoding="utf-8")]
    picks: dict[str, dict[str, int]] = {}
    for line in (folder / "picks.jsonl").open(encoding="utf-8"):
        pick = json.loads(line)
        picks.setdefault(pick["day"], {})[pick["id"]] = pick["grade"]
    with tempfile.TemporaryDirectory() as scratch, Database(sqlite_url(Path(scratch) / "bench.db")) as database:
        upgrade(database)
        ids = database.write(fill, sorted(items, key=lambda item: item["published"]))
        now = max(datetime.fromisoformat(item["published"]) for item in items).astimezone(UTC)
        themes = bundled("seeds") / "themes.toml"
        tag_entries(database, now=now, themes=ThemesFile(text=themes.read_text(encoding="utf-8"), name=themes.name))
        group_entries(database, now=now)
        report(database, picks, {item["id"]: item["day"] for item in items}, ids, given.days)


def report(
    database: Database, picks: dict[str, dict[str, int]], days: dict[str, str], ids: dict[int, str], half: str
) -> None:
    """Judge the days of a half (by their place in the calendar, the first is even) and print the means."""
    orders: dict[str, Order] = {
        "size": by(lambda each: len(each.reports)),
        "publishers": by(lambda each: len({report.publisher for report in each.reports})),
        "ranking": ours,
    }
    sums = {name: [0.0, 0.0, 0.0] for name in (*orders, "learned")}
    hits: Counter[int] = Counter()
    seen: Counter[int] = Counter()
    counted = 0
    for place, (day, graded) in enumerate(sorted(picks.items())):
        end = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1, hours=12)
        found = database.read(
            views.list_candidates, since=end - timedelta(days=3), until=end, by="dated", oldest=end - timedelta(days=3)
        )
        today = [
            replace(each, reports=tuple(r for r in each.reports if days[ids[r.entry_id]] == day)) for each in found
        ]
        candidates = tellable([each for each in today if each.reports], told={}, languages=("en",))
        weights = {feed: 1 + 8 * (hits[feed] + 1) / (seen[feed] + 40) / 0.4 * 1.0 for feed in seen}
        made = {name: order(candidates, end) for name, order in orders.items()}
        made["learned"] = ours(learned(candidates, weights), end)
        judge = half == "all" or (half == "odd") == bool(place % 2)
        counted += judge
        for name, ordered in made.items() if judge else ():
            sums[name] = [sum(pair) for pair in zip(sums[name], judged(ordered, graded, ids), strict=True)]
        for each in candidates:
            for one in each.reports:
                seen[one.feed_id] += 1
                hits[one.feed_id] += graded.get(ids[one.entry_id], 0) > 0
    print(f"{'order':12}  nDCG@10  lead MRR  P@10   ({counted} days)")
    for name, values in sums.items():
        ndcg, mrr, precision = (value / counted for value in values)
        print(f"{name:12}  {ndcg:7.3f}  {mrr:8.3f}  {precision:.2f}")


if __name__ == "__main__":
    main()
