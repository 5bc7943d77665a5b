"""How well a grouping agrees with a reader's: B-cubed, the same over real stories only, and pairs.

B-cubed (Bagga and Baldwin 1998) averages over entries: of the entry's group, the share that belongs with it
(precision), and of those that belong with it, the share that is in its group (recall). Entries alone in their story
make it easy to score high, so it is also given over the entries whose story has two or more (`multi_f1`), and beside
the score of a grouping that joins nothing (`singletons_b3_f1`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Pair = tuple[str, int]
"""The reader's story of an entry, and the group it was given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """All between 0 and 1; `entries` with a story were compared, of `stories` stories."""

    entries: int
    stories: int
    groups: int
    b3_precision: float
    b3_recall: float
    b3_f1: float
    multi_precision: float
    multi_recall: float
    multi_f1: float
    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    singletons_b3_f1: float


def agreement(pairs: Sequence[Pair]) -> Agreement:
    """Compare groups with stories over all entries that have a story."""
    cells, stories, groups = Counter(pairs), Counter(s for s, _ in pairs), Counter(g for _, g in pairs)
    each = [(cells[pair] / groups[pair[1]], cells[pair] / stories[pair[0]]) for pair in pairs]
    multi = [score for score, (story, _) in zip(each, pairs, strict=True) if stories[story] > 1]
    alone = [(1.0, 1 / stories[story]) for story, _ in pairs]
    precision, recall = _means(each)
    multi_precision, multi_recall = _means(multi)
    both, together, belonging = (_pairs(counts.values()) for counts in (cells, groups, stories))
    pair_precision, pair_recall = _share(both, together), _share(both, belonging)
    return Agreement(
        entries=len(pairs),
        stories=len(stories),
        groups=len(groups),
        b3_precision=precision,
        b3_recall=recall,
        b3_f1=_f1(precision, recall),
        multi_precision=multi_precision,
        multi_recall=multi_recall,
        multi_f1=_f1(multi_precision, multi_recall),
        pairwise_precision=pair_precision,
        pairwise_recall=pair_recall,
        pairwise_f1=_f1(pair_precision, pair_recall),
        singletons_b3_f1=_f1(*_means(alone)),
    )


def _means(scores: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return mean precision and recall; 1 and 1 where nothing was to be judged."""
    if not scores:
        return 1.0, 1.0
    return sum(p for p, _ in scores) / len(scores), sum(r for _, r in scores) / len(scores)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
