"""How fast the rules read: texts a second, and the ratio to a bare automaton and to `re`.

Run:       python benchmarks/tagging.py            (about a minute; needs only what trendbot itself needs)
Texts:     10,000 of 120 words each: words drawn by their frequency from a made-up vocabulary, and every twentieth place
           a phrase of the lexicon, as dense as news about AI is with names.
Lexicon:   the shipped one, padded with made-up terms to 3,000 terms and rules (also 300 and 30,000, to see the growth).
Yardsticks, in the same run: ahocorasick_rs with a test of both boundaries, over the same anchors, keeping all;
           one `re` alternation of the same anchors.
The last lines are the ratios. Targets: at least 0.33 of the bare automaton, at least 10 times `re`.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

from ahocorasick_rs import AhoCorasick, Implementation

from trendbot.classify.matcher import Matcher
from trendbot.core.themes import parse_themes
from trendbot.paths import bundled

SEED = 20261115
SYLLABLES = [c + v + e for c in "bdfgklmnprstvw" for v in "aeiou" for e in ("", "n", "r", "s", "t")]


def vocabulary(rng: random.Random, size: int) -> list[str]:
    """Give made-up words of two to four syllables."""
    return ["".join(rng.choices(SYLLABLES, k=rng.choice((2, 2, 3, 4)))) for _ in range(size)]


def padded(lexicon: str, total: int, rng: random.Random) -> str:
    """Pad a themes file with made-up terms until it has `total` terms and rules."""
    themes = parse_themes(lexicon)
    have = len(themes.terms) + sum(len(theme.rules) for theme in themes.themes)
    names = list(dict.fromkeys(" ".join(vocabulary(rng, 2)) for _ in range(2 * total)))[: max(0, total - have)]
    terms = "".join(f'  {{ name = "{name}", kind = "made-up" }},\n' for name in names)
    return lexicon.replace("\n]\n\n[lists]", f"\n{terms}]\n\n[lists]", 1)


def texts(matcher: Matcher, rng: random.Random, count: int, *, words: int = 120, every: int = 20) -> list[str]:
    """Give made-up texts with a phrase of the lexicon at every `every`-th place."""
    common = vocabulary(rng, 5_000)
    weights = [1 / (rank + 1) for rank in range(len(common))]
    names = [anchor.strip() for anchor in matcher.anchors if len(anchor.strip()) > 3]
    made = []
    for _ in range(count):
        text = rng.choices(common, weights, k=words)
        text[::every] = rng.choices(names, k=len(text[::every]))
        made.append(" ".join(text).capitalize() + ".")
    return made


def rate(work: Callable[[str], object], sample: Sequence[str]) -> float:
    """Give texts a second of processor time."""
    started = time.process_time()
    for text in sample:
        work(text)
    return len(sample) / (time.process_time() - started)


def rates(
    ours: Callable[[str], object], theirs: Callable[[str], object], sample: Sequence[str], rounds: int = 5
) -> tuple[float, float, float]:
    """Give both rates and their ratio, medians over rounds in which both take turns."""
    pairs = [(rate(ours, sample), rate(theirs, sample)) for _ in range(rounds)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def bare(anchors: Sequence[str]) -> Callable[[str], object]:
    """Give the yardstick: the automaton, and a test of both boundaries."""
    automaton = AhoCorasick(anchors, implementation=Implementation.ContiguousNFA)

    def read(text: str) -> list[tuple[int, int, int]]:
        folded = text.lower()
        size = len(folded)
        return [
            (anchor, start, end)
            for anchor, start, end in automaton.find_matches_as_indexes(folded, overlapping=True)
            if not (start and folded[start - 1].isalnum()) and not (end < size and folded[end].isalnum())
        ]

    return read


def alternation(anchors: Sequence[str]) -> Callable[[str], object]:
    """Give the other yardstick: one regular expression of all anchors."""
    pattern = re.compile(r"\b(?:" + "|".join(re.escape(a) for a in sorted(anchors, key=len, reverse=True)) + r")\b")
    return lambda text: [(found.start(), found.end()) for found in pattern.finditer(text.lower())]


def measure(lexicon: str, total: int, count: int) -> tuple[float, float, list[str], list[str]]:
    """Give the rate of our matcher, its ratio to the bare automaton's, the anchors and the texts."""
    rng = random.Random(SEED)
    started = time.perf_counter()
    matcher = Matcher(parse_themes(padded(lexicon, total, rng)))
    built = time.perf_counter() - started
    anchors = sorted({anchor.strip() for anchor in matcher.anchors})
    sample = texts(matcher, rng, count)
    kept = sum(len(v.evidence) for text in sample[:500] for v in matcher.annotate("", text).verdicts) / 500
    ours, theirs, ratio = rates(lambda text: matcher.annotate("", text), bare(anchors), sample)
    print(
        f"{total:>7,} terms, {len(anchors):>7,} anchors, built in {built:.2f} s, {kept:.1f} pieces of evidence a text: "
        f"{ours:>9,.0f} texts/s; bare {theirs:>9,.0f}; ratio {ratio:.2f}"
    )
    return ours, ratio, anchors, sample


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=10_000)
    count = parser.parse_args().texts
    lexicon = (bundled("seeds") / "themes.toml").read_text(encoding="utf-8")
    print(f"yardstick: ahocorasick_rs {version('ahocorasick_rs')}, {count:,} texts of 120 words")
    small, *_ = measure(lexicon, 300, count)
    ours, ratio, anchors, sample = measure(lexicon, 3_000, count)
    large, *_ = measure(lexicon, 30_000, count)
    slow = rate(alternation(anchors), sample[: max(20, count // 100)])
    print(f"re alternation: {slow:,.0f} texts/s")
    print(f"growth from the lexicon as shipped to 30,000 terms: {large / small:.2f}")
    print(f"ratio to re alternation: {ours / slow:.1f}")
    print(f"ratio to bare ahocorasick_rs with boundary test: {ratio:.2f}")


if __name__ == "__main__":
    main()
