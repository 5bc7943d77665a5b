"""Who wins: what holds of an entry and a theme when a person, the rules and the learner have spoken.

    person  ─▶ always, yes or no
    learner ─▶ where it was trained for the theme; it has read the rules' evidence too, so it speaks for both
    rules   ─▶ where there is no learner for the theme

Rules and learner are not averaged: the learner's inputs include every score of the rules, and its probability is
calibrated on entries it was not trained on, so a second vote of the rules would only count them twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from trendbot.core.vocabulary import Annotator

SHOWN_FROM = 0.4
"""The learner's yes: a tag is shown from this probability on. F1 is best where this is half of F1 itself (Lipton, Elkan
and Naryanaswamy 2014), which is about 0.8; cross-validation agrees."""
ASKED_BETWEEN = (0.25, 0.6)
"""Probabilities between which a person's word is worth most."""
RANK = {Annotator.HUMAN: 0, Annotator.MODEL: 1, Annotator.RULE: 2}
"""Lower wins."""

# Score over threshold → share right, read off 3,500 pairs of entry and theme that two readers labelled; straight lines
# between. The step at 1 is real: weights were chosen for the threshold.
_SHARE_RIGHT = ((0.0, 0.02), (0.5, 0.15), (0.99, 0.32), (1.0, 0.62), (2.0, 0.81), (4.0, 0.97))


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """One annotator's word on one theme; `confidence` is its probability that the theme applies, None for people."""

    annotator: Annotator
    applies: bool
    score: float | None = None
    confidence: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Effective:
    """What holds, by whom, how sure that is (1 for a person), and why in one line."""

    applies: bool
    by: Annotator
    confidence: float
    reason: str


def effective(opinions: Iterable[Opinion]) -> Effective | None:
    """Decide between opinions on one theme; None where nobody spoke."""
    ranked = sorted(opinions, key=lambda opinion: RANK[opinion.annotator])
    if not ranked:
        return None
    winner, others = ranked[0], ranked[1:]
    return Effective(
        applies=winner.applies,
        by=winner.annotator,
        confidence=_confidence(winner),
        reason="; ".join([_said(winner), *(f"not {_said(other)}" for other in others if _differs(winner, other))]),
    )


def _differs(winner: Opinion, other: Opinion) -> bool:
    return winner.applies != other.applies


def _confidence(opinion: Opinion) -> float:
    if opinion.annotator is Annotator.HUMAN:
        return 1.0
    chance = opinion.confidence if opinion.confidence is not None else rule_confidence(opinion.score or 0.0)
    return chance if opinion.applies else 1 - chance


def _said(opinion: Opinion) -> str:
    answer = "yes" if opinion.applies else "no"
    if opinion.annotator is Annotator.HUMAN:
        return f"a person says {answer}"
    if opinion.annotator is Annotator.MODEL:
        return f"the learner says {answer} ({opinion.confidence or 0.0:.0%} likely)"
    return f"the rules say {answer} (score {opinion.score or 0.0:g})"


def rule_confidence(score: float, *, threshold: float = 1.0) -> float:
    """Give the probability that a theme applies at this score of the rules: 0.5 and more from the threshold on."""
    ratio = min(max(score / threshold, 0.0), _SHARE_RIGHT[-1][0])
    place = bisect_right(_SHARE_RIGHT, ratio, key=lambda point: point[0])
    (x0, y0), (x1, y1) = list(pairwise(_SHARE_RIGHT))[min(place, len(_SHARE_RIGHT) - 1) - 1]
    return y0 + (y1 - y0) * (ratio - x0) / (x1 - x0)
