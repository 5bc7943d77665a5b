"""A reading: what a series says on a day, with the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Direction = Literal["rising", "falling", "new", "flat"]
"""`new`: a name given for the first time, by too few to call it a rise."""
LEAST_DAYS = 14
"""Days with anything published that must be known before anything is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendReading:
    """A series on a day: `current` reports in the last `window_days` against `baseline`, the usual for as many.

    `low` and `high` bound the ratio of the two with 95 % confidence. `score` is −log10 of the probability `p` that
    chance alone does as much; `q` is the share of false discoveries if all that are as surprising are believed. `new`:
    hardly known before; `still`: it rose within the last five days already. `feeds` are the publishers that said it.
    """

    series_id: int
    name: str
    kind: Literal["theme", "term"]
    slug: str | None
    as_of: date
    window_days: int
    method: str
    direction: Direction
    current: float
    baseline: float
    low: float | None
    high: float | None
    score: float
    p: float
    q: float = 1.0
    feeds: int = 0
    new: bool = False
    still: bool = False
    facts: Mapping[str, float] = field(default_factory=dict)
    stories: tuple[int, ...] = ()
