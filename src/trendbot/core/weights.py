"""How much each part of a story's score weighs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """What a part's quantity is multiplied with; see ``core/ranking.py`` for the quantities.

    Chosen by hand near a logistic regression on 21 days of a dense stream with an editor's picks, fitted on every other
    day and judged on the rest (``benchmarks/ranking.py``); a part that helped on one half only was left out.
    """

    publishers: float = 1.0
    reports: float = 0.6
    kinds: float = 0.6
    press: float = 0.8
    community: float = -2.0
    first_party: float = 0.3
    weight: float = 0.4
    themes: float = 0.1
    off_theme: float = -0.8
    names: float = 0.45
    surprise: float = 0.08
    action: float = 0.7
    figures: float = 0.2
    length: float = 0.5
    brief: float = -0.6
    volume: float = -0.4
    reply: float = -1.0
    hashtags: float = -0.45
    emoji: float = -0.8
    link: float = -1.0
    question: float = -0.4
    personal: float = -0.4
    promotion: float = -1.5
    routine: float = -1.5
    freshness: float = -0.6


AS_MEASURED = Weights()
