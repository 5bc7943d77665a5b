"""How soon a stopped feed is missed, at the same rate of false alarms, by different judgements of silence.

Run:       python benchmarks/silence.py FOLDER      (about a minute; FOLDER holds items_labs and feeds_ai)
Histories: the posting days of every source and feed document with at least twelve of them.
False:     the share of all days of the histories on which a feed that went on to post would have been called silent.
           Each judgement gets the threshold at which that is 1 %.
Delay:     days from a feed's last post to the alarm, quartiles over the feeds.
Yardsticks, in the same run: so many days for every feed; a multiple of the feed's mean, median and longest gap.
The last line is the ratio of the median delays, ours to the best yardstick's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

from trendbot.core.silence import ENOUGH, IMPROBABLE, MEMORY, probability, rhythm
from trendbot.errors import ParseError
from trendbot.fetch.parse import parse

LONGEST = 1_500
FALSE = 0.01
Days = list[date]
Judge = Callable[[Days, int], float]


def gaps(days: Days) -> list[int]:
    """Give the days between posting days."""
    return [(later - earlier).days for earlier, later in itertools.pairwise(days)]


def ours(days: Days, silent: int) -> float:
    """Give the probability of the silence."""
    found = rhythm(days)
    return probability(found, days[-1] + timedelta(days=silent)) if found else 1.0


JUDGES: dict[str, Judge] = {
    "trendbot": ours,
    "fixed number of days": lambda _, silent: 1 / silent,
    "multiple of the mean gap": lambda days, silent: statistics.mean(gaps(days)) / silent,
    "multiple of the median gap": lambda days, silent: statistics.median(gaps(days)) / silent,
    "multiple of the longest gap": lambda days, silent: max(gaps(days)) / silent,
}


def histories(folder: Path) -> list[Days]:
    """Read the posting days of every source."""
    found: defaultdict[str, set[date]] = defaultdict(set)
    for line in (folder / "items_labs" / "items.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        if item.get("published"):
            found[item["source"]].add(date.fromisoformat(item["published"][:10]))
    for file, days in documents(folder / "feeds_ai" / "files"):
        found[file] |= days
    return [sorted(days) for days in found.values() if len(days) >= 2 * ENOUGH]


def documents(folder: Path) -> Iterator[tuple[str, set[date]]]:
    """Read the posting days of every feed document."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            parsed = parse(file.read_bytes(), url="https://feed.example/")
        except ParseError:
            continue
        yield str(file), {entry.published_at.date() for entry in parsed.entries if entry.published_at}


def alarm(judge: Judge, days: Days, threshold: float) -> int:
    """Give the first day of silence on which the judgement is below the threshold; judgements only fall."""
    low, high = 1, LONGEST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if judge(days, middle) < threshold else (middle + 1, high)
    return low


def false_days(judge: Judge, pauses: list[tuple[Days, int]], threshold: float) -> float:
    """Give the share of days on which an alarm would have been false."""
    wrong = sum(pause - alarm(judge, days, threshold) + 1 for days, pause in pauses if judge(days, pause) < threshold)
    return wrong / sum(pause for _, pause in pauses)


def calibrated(judge: Judge, pauses: list[tuple[Days, int]]) -> float:
    """Give the threshold with `FALSE` false days."""
    low, high = -14.0, 0.5
    for _ in range(13):
        middle = (low + high) / 2
        low, high = (low, middle) if false_days(judge, pauses, math.exp(middle)) > FALSE else (middle, high)
    return math.exp(low)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    known = histories(parser.parse_args().folder)
    pauses = [
        (days[max(0, number - MEMORY) : number], (days[number] - days[number - 1]).days)
        for days in known
        for number in range(ENOUGH, len(days))
    ]
    print(f"{len(known)} feeds, {sum(map(len, known))} posting days, {len(pauses)} pauses that ended")
    print(f"at the shipped threshold {IMPROBABLE}: {false_days(ours, pauses, IMPROBABLE):.2%} of days are false alarms")
    medians = {}
    for name, judge in JUDGES.items():
        threshold = calibrated(judge, pauses)
        low, middle, high = statistics.quantiles([alarm(judge, days[-MEMORY:], threshold) for days in known], n=4)
        medians[name] = middle
        print(f"{name:<28} missed after {low:4.0f} {middle:4.0f} {high:4.0f} days")
    best = min(value for name, value in medians.items() if name != "trendbot")
    print(f"ratio {medians['trendbot'] / best:.2f}")


if __name__ == "__main__":
    main()
