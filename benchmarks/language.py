"""How many English titles are taken for another language, and how many others for English.

Run:      python benchmarks/language.py FOLDER      (seconds)
FOLDER:   a folder of sets: feed documents in `feeds_ai/files` and `feeds_wild/files`, and `items.jsonl` files of sets
          whose titles are English throughout.
Measures: the share of entries that may be told in an English digest, of feeds in English and of feeds in other
          languages, with the language that feeds declare and without it; of the sets, with titles alone. A feed is in
          what it declares, but for those named in `TRULY`, whose declaration is missing or wrong. Yardstick in the same
          run: a text is English if it is short or has one of twenty-five small words.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from trendbot.core.ranking import Candidate, Report
from trendbot.core.telling import tellable
from trendbot.core.vocabulary import FeedKind
from trendbot.errors import FeedError
from trendbot.fetch.parse import parse

NOW = datetime(2026, 11, 15, 18, tzinfo=UTC)
ENGLISH_SETS = ("items_hackernews", "items_lastweekinai", "items_general_headlines", "items_aiid", "clusters_uci")
TRULY = {
    "QwenLM--zh": "zh",
    "wangdapeng": "",  # English titles over Chinese summaries
    "kagisearch--tests-integration-osm.": "",  # mixed
    "rubycocos--feeds-osm-blogs": "",
    "rubycocos--feeds-misc-googlegroups": "",
    "danmactough--test-feeds-iconv": "ru",
    "rbren--test-input-uolNoticias": "pt",
    "rbren--test-input-heise": "de",
    "rbren--test-input-customfields": "en",
}
_SMALL = frozenset(
    "the of to and in for is with on a an by from as at how why what its new your are can not".split()  # noqa: SIM905
)


def feeds_below(folder: Path) -> Iterator[tuple[str, list[Report]]]:
    """Read the feed documents: what each is in ("" for mixed ones), and its entries as reports."""
    for number, file in enumerate(sorted(folder.glob("feeds_*/files/*"))):
        try:
            read = parse(file.read_bytes(), url="https://feed.example/feed")
        except FeedError:
            continue
        declared = (read.language or "en")[:2]
        truth = next((lang for start, lang in TRULY.items() if file.name.startswith(start)), declared)
        entries = (each for each in read.entries if each.title)
        yield (
            truth,
            [
                _report(1000 * number + at, number, each.title, each.summary or each.content, each.language)
                for at, each in enumerate(entries)
            ],
        )


def _report(number: int, feed: int, title: str, body: str, language: str | None) -> Report:
    return Report(
        entry_id=number,
        feed_id=feed,
        source=f"Feed {feed}",
        kind=FeedKind.NEWS,
        weight=1.0,
        language=language,
        title=title,
        body=body,
        url="https://feed.example/1",
        canonical_url="https://feed.example/1",
        dated_at=NOW,
        seen_at=NOW,
        backlog=False,
    )


def kept(reports: list[Report], languages: tuple[str, ...], *, declared: bool) -> set[int]:
    """Return the entries that may be told."""
    found = tellable(
        [
            Candidate(story_id=each.entry_id, title=each.title, lead_entry_id=None, reports=(_as(each, declared),))
            for each in reports
        ],
        told={},
        languages=languages,
    )
    return {report.entry_id for each in found for report in each.reports}


def _as(report: Report, declared: bool) -> Report:
    return report if declared else _report(report.entry_id, report.feed_id, report.title, report.body, None)


def simple(report: Report) -> bool:
    """Answer as the yardstick does."""
    text = f"{report.title} {report.body[:400]}"
    letters = [each for each in text if each.isalpha()]
    if sum(map(str.isascii, letters)) < 0.9 * len(letters):
        return False
    words = text.casefold().split()
    return len(words) <= 6 or not _SMALL.isdisjoint(words)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=0, help="print so many wrong decisions of each kind")
    given = parser.parse_args()
    totals: Counter[tuple[str, str]] = Counter()
    for truth, reports in feeds_below(given.folder):
        kind = "mixed feeds" if not truth else "English feeds" if truth == "en" else "other feeds"
        with_headline = kept(reports, (), declared=True)
        told = {way: kept(reports, ("en",), declared=way == "declared") for way in ("declared", "undeclared")}
        for report in (each for each in reports if each.entry_id in with_headline):
            totals[kind, "n"] += 1
            totals[kind, "simple"] += simple(report) and (report.language or "en").startswith("en")
            for way, those in told.items():
                totals[kind, way] += report.entry_id in those
                if (report.entry_id in those) == (kind == "other feeds") and truth:
                    totals["shown", kind + way] += 1
                    if totals["shown", kind + way] <= given.show:
                        print(f"  {kind}, {way}: {report.title[:90]}")
    for name in ENGLISH_SETS:
        file = given.folder / name / "items.jsonl"
        items = [json.loads(line) for line in file.open(encoding="utf-8")] if file.exists() else []
        reports = [_report(at, at, each["title"], "", None) for at, each in enumerate(items)]
        with_headline = kept(reports, (), declared=True)
        reports = [each for each in reports if each.entry_id in with_headline]
        totals[name, "n"] = len(reports)
        totals[name, "simple"] = sum(map(simple, reports))
        totals[name, "undeclared"] = len(kept(reports, ("en",), declared=False))
    print("share told in an English digest, percent; entries, yardstick, with the declared language, without it")
    for kind in ("English feeds", "other feeds", "mixed feeds", *ENGLISH_SETS):
        whole = totals[kind, "n"]
        shares = [
            f"{100 * totals[kind, way] / whole:7.2f}" if (kind, way) in totals else "      –"
            for way in ("simple", "declared", "undeclared")
            if whole
        ]
        print(f"{kind:26} {whole:6}", *shares)


if __name__ == "__main__":
    main()
