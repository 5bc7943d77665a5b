"""Grouping: items a second on a dense stream, against plain single-pass TF-IDF without an index.

    python benchmarks/stories.py FOLDER/stream_dense/items.jsonl [--yardstick N]

The yardstick compares each item with the centroid of every story of the last seven days (single-pass clustering as in
the textbooks, over the same vectors). It takes a few minutes; ``--yardstick N`` times both on the first N items only.
Counts seconds of the processor, which other work on the machine does not spoil. Prints figures, then one ratio on the
last line: grouping's items a second over the yardstick's. Targets: 10, and 1,500 items a second. Yardstick: this file,
standard library only, nothing to install.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from pathlib import Path

from trendbot.core.grouping import Background, Grouper
from trendbot.core.grouping.state import hours
from trendbot.core.grouping.vectors import dot, length, vectors
from trendbot.pipeline.group import background
from trendbot.pipeline.judge_stories import Labelled, labelled_items

REACH = 168.0
JOIN = 0.22


def yardstick(items: list[Labelled], table: Background) -> float:
    """Return the seconds that plain single-pass clustering takes."""
    started = time.process_time()
    stories: list[tuple[dict[str, float], list[float]]] = []
    for one in items:
        at, vector = hours(one.item.dated_at), vectors(one.item.title, one.item.summary, table).body
        stories = [story for story in stories if at - story[1][0] <= REACH]
        best, nearest = 0.0, None
        for story in stories:
            similarity = dot(vector, story[0]) / story[1][1]
            if similarity > best:
                best, nearest = similarity, story
        if nearest is None or best < JOIN:
            nearest = ({}, [at, 1.0])
            stories.append(nearest)
        for term, value in vector.items():
            nearest[0][term] = nearest[0].get(term, 0.0) + value
        nearest[1][:] = [at, length(nearest[0]) or 1.0]
    return time.process_time() - started


def ours(items: list[Labelled], table: Background) -> tuple[float, Grouper]:
    """Return the seconds that grouping takes, and its state."""
    grouper = Grouper(table)
    started = time.process_time()
    for number, one in enumerate(items):
        grouper.place(one.item, opening=number)
    return time.process_time() - started, grouper


def main() -> None:
    """Time both and print the ratio last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--yardstick", type=int, default=1_000_000, help="items that the yardstick is run on")
    options = parser.parse_args()
    table = background()
    lines = options.file.read_text("utf-8").splitlines()
    items = sorted(labelled_items(lines, name=str(options.file)), key=lambda one: (one.item.dated_at, one.item.mark))
    first = items[: options.yardstick]
    plain, indexed = yardstick(first, table), ours(first, table)[0]
    seconds, _ = ours(items, table)
    quarters = [
        ours(items[start : start + len(items) // 4], table)[0] for start in range(0, len(items), len(items) // 4)
    ]
    tracemalloc.start()
    _, grouper = ours(items, table)
    size = tracemalloc.get_traced_memory()[0]
    print(f"whole stream: {len(items)} items, {len(items) / seconds:,.0f} items/s")
    print(f"quarter by quarter: {', '.join(f'{len(items) / 4 / took:,.0f}' for took in quarters[:4])} items/s")
    print(f"state of seven days: {len(grouper.numbers)} stories, {size / 1e6:.1f} MB")
    print(f"first {len(first)} items: {len(first) / indexed:,.0f} items/s; yardstick {len(first) / plain:,.0f} items/s")
    print(f"ratio to plain single-pass TF-IDF: {plain / indexed:.1f}")


if __name__ == "__main__":
    main()
