"""Build seeds/background.bin: how many of many headlines hold each hashed word. Numbers only; no word, no text.

    python benchmarks/background.py FOLDER [--least 3]

FOLDER holds sets of items (``*/items.jsonl`` with titles); every title counts once. The words are those that grouping
compares (``trendbot.core.grouping.vectors``). Run it again when the way words are cut changes.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from trendbot.core.grouping import Background, pack
from trendbot.core.grouping.background import word_hash
from trendbot.core.grouping.vectors import title_terms

SETS = (
    "items_general_headlines",
    "items_lastweekinai",
    "items_hackernews",
    "items_labs",
    "items_arxiv",
    "items_radar_dense",
    "items_aiid",
)
TARGET = Path(__file__).resolve().parents[1] / "seeds" / "background.bin"


def count(folder: Path) -> tuple[int, Counter[int]]:
    """Return the number of distinct titles and in how many of them each hashed word stands."""
    titles = {
        str(json.loads(line)["title"])
        for name in SETS
        for line in (folder / name / "items.jsonl").read_text("utf-8").splitlines()
    }
    counts: Counter[int] = Counter()
    for title in titles:
        counts.update({word_hash(term) for term in title_terms(title)})
    return len(titles), counts


def main() -> None:
    """Build the table and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--least", type=int, default=3, help="leave out words in fewer titles")
    options = parser.parse_args()
    documents, counts = count(options.folder)
    kept = {key: number for key, number in counts.items() if number >= options.least}
    TARGET.write_bytes(pack(Background(documents=documents, counts=kept)))
    print(f"{documents} titles, {len(kept)} of {len(counts)} words, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
