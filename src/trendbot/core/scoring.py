"""How well tags agree with what people say: precision, recall and F1, each with an interval.

Intervals are Wilson's (1927) at 95 %. For F1 no resampling is needed: with J = tp / (tp + fp + fn), a proportion, F1 is
2J / (1 + J), which rises with J, so the interval of J gives that of F1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

Z = 1.959964
"""The normal quantile of a 95 % interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """A share with its 95 % interval; `of` is the number of cases it rests on."""

    value: float
    low: float
    high: float
    of: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Right yes (tp), wrong yes (fp), missed (fn) and right no (tn)."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(tp=self.tp + other.tp, fp=self.fp + other.fp, fn=self.fn + other.fn, tn=self.tn + other.tn)

    @property
    def positives(self) -> int:
        """How often a person said yes."""
        return self.tp + self.fn

    @property
    def judged(self) -> int:
        """How often a person said anything."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> Measure | None:
        """The share of the tags that are right; None where there are none."""
        return share(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> Measure | None:
        """The share found of what a person said yes to; None where that is nothing."""
        return share(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> Measure | None:
        """The harmonic mean of both; None where nobody said yes."""
        found = share(self.tp, self.tp + self.fp + self.fn)
        if found is None:
            return None
        value, low, high = (2 * j / (1 + j) for j in (found.value, found.low, found.high))
        return Measure(value=value, low=low, high=high, of=found.of)


def tally(said: bool, meant: bool) -> Tally:
    """Give the tally of one case: what was said, and what a person says."""
    return Tally(
        tp=int(said and meant), fp=int(said and not meant), fn=int(meant and not said), tn=int(not said and not meant)
    )


def share(part: int, whole: int) -> Measure | None:
    """Give `part` of `whole` with Wilson's interval; None where `whole` is 0."""
    if not whole:
        return None
    p, z2 = part / whole, Z * Z
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z / (1 + z2 / whole) * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    return Measure(value=p, low=max(0.0, middle - half), high=min(1.0, middle + half), of=whole)


def macro_f1(tallies: Iterable[Tally]) -> float | None:
    """Give the mean F1 over the themes that a person said yes to at least once."""
    values = [t.f1.value for t in tallies if t.positives and t.f1 is not None]
    return sum(values) / len(values) if values else None
