"""How good tagging is against what readers said: precision, recall and F1 by theme, and how honest its chances are.

A pair of entry and theme is one case. Where the readers themselves disagreed, it counts neither for nor against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trendbot.core.scoring import Tally, macro_f1, tally

BINS = 10
"""Probabilities are put in ten equal bins to be held against what came true."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """What the machine says of one theme: its answer, and its probability of yes."""

    applies: bool
    probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One entry: what the machine said by theme, what readers said, and the themes they did not agree on."""

    guesses: Mapping[str, Guess]
    meant: frozenset[str]
    disputed: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Tallies by theme and summed (`micro`), the mean F1 of themes that occur (`macro_f1`), and the calibration error.

    `ece` is the expected calibration error: the mean distance between probability and frequency over equal bins of
    probability, weighted by their cases (Naeini, Cooper and Hauskrecht 2015).
    """

    entries: int
    themes: Mapping[str, Tally]
    micro: Tally
    macro_f1: float
    ece: float

    @property
    def micro_f1(self) -> float:
        """F1 over all pairs of entry and theme; 0 where nothing was to be found."""
        return self.micro.f1.value if self.micro.f1 else 0.0


def evaluate(judged: Sequence[Judged], slugs: Sequence[str]) -> Evaluation:
    """Measure guesses against readers; a theme without a guess was guessed not to apply, with probability 0."""
    tallies = {slug: sum((_case(item, slug) for item in judged), Tally()) for slug in slugs}
    return Evaluation(
        entries=len(judged),
        themes=tallies,
        micro=sum(tallies.values(), Tally()),
        macro_f1=macro_f1(tallies.values()) or 0.0,
        ece=calibration_error(_pairs(judged, slugs)),
    )


def _case(item: Judged, slug: str) -> Tally:
    if slug in item.disputed:
        return Tally()
    guess = item.guesses.get(slug)
    return tally(guess is not None and guess.applies, slug in item.meant)


def _pairs(judged: Iterable[Judged], slugs: Sequence[str]) -> list[tuple[float, bool]]:
    return [
        (item.guesses[slug].probability if slug in item.guesses else 0.0, slug in item.meant)
        for item in judged
        for slug in slugs
        if slug not in item.disputed
    ]


def calibration_error(pairs: Sequence[tuple[float, bool]], *, bins: int = BINS) -> float:
    """Give the expected calibration error of (probability, came true) pairs; 0 for none."""
    sums = [[0.0, 0.0] for _ in range(bins)]
    for probability, true in pairs:
        place = sums[min(int(probability * bins), bins - 1)]
        place[0] += probability
        place[1] += true
    return sum(abs(expected - seen) for expected, seen in sums) / len(pairs) if pairs else 0.0
