"""Which of many tests may be believed together, and which of many names says a thing best."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


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
