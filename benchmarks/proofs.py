"""How many falsified sentences the proof gate catches, and how many true ones it stops.

Run:      python benchmarks/proofs.py FILE [--limit 2000]      (seconds)
FILE:     a JSON line an entry with `title` and `summary`.
Measures: of sentences that may stand in a digest, altered (numbers, names, dates, negations, quotations, numbers
          exchanged), the share that is caught; of the same with other signs, units or fewer words, the share stopped.
          Yardstick in the same run: a gate that compares numbers only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.altering import FALSE, TRUE, altered, names_of

from trendbot.core.proofs import Fault, objections, read_source
from trendbot.core.summaries import Text, spans


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--limit", type=int, default=2000, help="how many entries at most")
    parser.add_argument("--show", type=int, default=0, help="print so many wrong decisions of each kind")
    given = parser.parse_args()
    entries = [json.loads(line) for line in given.file.open(encoding="utf-8")]
    entries = [(each["title"], each["summary"]) for each in entries if len(each["summary"]) > 120][: given.limit]
    strangers = names_of([body for _, body in entries])
    for word, changes in (("caught", FALSE), ("stopped", TRUE)):
        tried: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        numbers: Counter[str] = Counter()
        shown: Counter[str] = Counter()
        for seed, (title, body) in enumerate(entries):
            source = read_source(title, body)
            sentences = [span.text for span in spans(Text(entry_id=0, source="", body=body))][:4]
            for kind, text in altered(changes, sentences, f"{title} {body}", strangers, seed):
                found = objections(text, source)
                tried[kind] += 1
                refused[kind] += bool(found)
                numbers[kind] += any(each.fault is Fault.NUMBER for each in found)
                if bool(found) != (word == "caught") and shown[kind] < given.show:
                    shown[kind] += 1
                    print(f"  {kind}: {text}   {[str(each) for each in found]}")
        for kind in sorted(tried):
            print(
                f"{word:8} {kind:10} {refused[kind] / tried[kind]:6.1%} of {tried[kind]:5}   "
                f"numbers only {numbers[kind] / tried[kind]:6.1%}"
            )
        total = sum(tried.values())
        print(f"{word:8} {'all':10} {sum(refused.values()) / total:6.1%} of {total:5}\n")


if __name__ == "__main__":
    main()
