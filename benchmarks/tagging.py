"""How fast the rules read: texts a second, and the ratio to a bare automaton and to `re`.

Run:       python benchmarks/tagging.py            (about a minute; needs only what trendbot itself needs)
Texts:     10,000 of 120 words each: words drawn by their frequency from a made-up vocabulary, and every twentieth place
           a phrase of the lexicon, as dense as news about AI is with names.
Lexicon:   the shipped one, padded with made-up terms to 3,000 terms and rules (also 300 and 30,000, to see the growth).
Yardsticks, in the same run: ahocorasick_rs with a test of both boundaries, over the same anchors, keeping all;
           one `re` alternation of the same anchors.
All:       rules and a learner of 1,500 words and eight themes, tags written to a new SQLite file, against the same
           without the store. Needs scikit-learn.
The last lines are the ratios. Targets: at least 0.33 of the bare automaton, at least 10 times `re`; all with the store
at least 0.4 of the same without.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ahocorasick_rs import AhoCorasick, Implementation

from trendbot.classify.matcher import Matcher
from trendbot.classify.model import TOLD, Model, dump_model
from trendbot.classify.training import Example, can_train, train
from trendbot.core.themes import parse_themes
from trendbot.paths import bundled
from trendbot.pipeline.tag import ThemesFile, rules_in_force, tag_entries
from trendbot.store import migrate
from trendbot.store.database import Database, sqlite_url
from trendbot.store.entries import import_entries
from trendbot.store.models import StoredModel, activate_model

SEED = 20261115
TITLE = "A text"
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


def read_all(lexicon: str, count: int, *, rounds: int = 3) -> float:
    """Tag all texts with rules and learner, in and out of a store, and give the ratio to doing it without."""
    rng = random.Random(SEED)
    rules = ThemesFile(text=padded(lexicon, 3_000, rng))
    matcher = Matcher(parse_themes(rules.text))
    sample = texts(matcher, rng, count)
    learner = taught(matcher, texts(matcher, rng, 600), rng)
    ratios = []
    for _ in range(rounds):
        bare_rate = rate(lambda text: learner.predict(TITLE, text, matcher.annotate(TITLE, text), explain=TOLD), sample)
        ratios.append((stored(rules, learner, sample), bare_rate))
    with_store, without = sorted(ratios, key=lambda pair: pair[0] / pair[1])[len(ratios) // 2]
    print(f"rules and learner ({learner.version}): {without:,.0f} texts/s; with the store {with_store:,.0f}")
    return with_store / without


def taught(matcher: Matcher, sample: Sequence[str], rng: random.Random) -> Model:
    """Train on made-up labels: what the rules say, and one in ten turned round."""
    examples = []
    for text in sample:
        found = matcher.annotate("", text)
        turned = {slug for slug in matcher.theme_set.slugs if rng.random() < 0.1}
        themes = frozenset(turned.symmetric_difference(found.themes))
        examples.append(Example(title="", body=text, annotation=found, themes=themes))
    return train(examples, matcher.theme_set.slugs, rules=matcher.theme_set.hash)


def stored(rules: ThemesFile, learner: Model, sample: Sequence[str]) -> float:
    """Give texts a second of the tag stage over a new database."""
    now = datetime(2026, 11, 15, tzinfo=UTC)
    facts = {"source": "bench", "title": TITLE, "published": now.isoformat()}
    lines = [json.dumps({**facts, "id": str(number), "summary": text}) for number, text in enumerate(sample)]
    with tempfile.TemporaryDirectory() as folder, Database(sqlite_url(Path(folder) / "trendbot.db")) as database:
        migrate.upgrade(database)
        database.write(import_entries, lines, now=now)
        rules_in_force(database, rules, now=now)
        kept = StoredModel(
            version=learner.version, trained_at=now, labels=600, rules=learner.rules, metrics={}, active=True
        )
        database.write(activate_model, kept, dump_model(learner))
        started = time.process_time()
        report = tag_entries(database, now=now)
        seconds = time.process_time() - started
    if report.entries != len(sample) or report.learner != learner.version:
        raise SystemExit(f"the stage read {report.entries} of {len(sample)} texts by {report.learner or 'rules alone'}")
    return len(sample) / seconds


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
    if can_train():
        print(f"ratio of tagging, all, to the same without the store: {read_all(lexicon, count):.2f}")


if __name__ == "__main__":
    main()
