"""Which of many tests may be believed together, and which of many names says a thing best."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from trendbot.core.trends.surprise import Usual

_SURELY = 7.0
"""Surprise beyond which a count adds nothing to what chance does."""


def false_shares(probabilities: Sequence[float], tests: int | None = None) -> list[float]:
    """Return for each probability the share of false discoveries that accepting it would bring.

    After Benjamini and Hochberg 1995. `tests` counts all that was tested, where those listed are only the smallest.
    """
    total = max(tests or 0, len(probabilities))
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__, reverse=True)
    shares = [1.0] * len(probabilities)
    least = 1.0
    for place, at in enumerate(order):
        rank = len(probabilities) - place
        least = min(least, probabilities[at] * total / rank)
        shares[at] = least
    return shares


def shadowed(counts: Mapping[str, float], *, within: float = 0.4) -> frozenset[str]:
    """Return the names contained in a longer one that is counted nearly as often: the longer one says it better."""
    found: set[str] = set()
    names = sorted(counts, key=len)
    for place, short in enumerate(names):
        inside = re.compile(rf"(?<!\w){re.escape(short)}(?!\w)", re.IGNORECASE)
        for longer in names[place + 1 :]:
            if counts[longer] >= (1 - within) * counts[short] and inside.search(longer):
                found.add(short)
                break
    return frozenset(found)


class ByChance:
    """How many of many counts would reach a surprise by chance alone, on one day.

    Counts are small whole numbers, so that a rare name's surprise can take few values, and chance reaches a threshold
    far less often than the threshold says. Summed over all names this is exact, where correcting for the number of
    names alone forbids nearly everything (after Heyse 2011). Only counts of `least` and more can be listed.
    """

    def __init__(self, usuals: Iterable[tuple[Usual, int]], *, least: int) -> None:
        """Sum over what is usual for names, each with how many names it stands for."""
        steps = sorted(step for usual, names in usuals for step in _steps(usual, names, least))
        self._scores = [score for score, _ in steps]
        self._sums = [0.0, *accumulate(share for _, share in steps)]

    def __call__(self, score: float) -> float:
        """Return the expected number of names at `score` or above."""
        return self._sums[bisect_right(self._scores, -score + 1e-6)]


def _steps(usual: Usual, names: int, least: int) -> Iterable[tuple[float, float]]:
    """Give (−score, number of names that reach this count and no more), until counts beyond any doubt."""
    scores = usual.surprises(least)
    score = next(scores)
    for after in scores:
        yield -score, names * (10.0**-score - 10.0**-after)
        score = after
        if score >= _SURELY:
            break
    yield -score, names * 10.0**-score
