"""What a reader's "more" and "less" change: a little weight on themes and feeds, each with its reason. Pure.

A story said more of lifts each of its themes by a part of one step, and its feeds by half of that; "less" lowers them.
Every saying counts half after 60 days. The sum is bounded, so that no number of taps hides a story that everybody
reports: a whole theme moves a story by at most 0.5 points, about what three more publishers are worth at the top.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

K = TypeVar("K")

_HALF_LIFE_DAYS = 60.0
_STEP = 0.15
_FEED_SHARE = 0.5
_MOST = 0.5


class Said(Protocol):
    """What a reader said of a story: 1 for more, -1 for less; its themes and feeds."""

    @property
    def value(self) -> int: ...  # noqa: D102
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def themes(self) -> frozenset[str]: ...  # noqa: D102
    @property
    def feeds(self) -> frozenset[int]: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True, slots=True)
class Taste:
    """A reader's weights by theme and by feed, each between -0.5 and 0.5 points."""

    themes: Mapping[str, float]
    feeds: Mapping[int, float]

    def reasons(self, themes: Iterable[str], feeds: Iterable[int] = ()) -> dict[str, float]:
        """Return what a story of these themes and feeds gains or loses, by reason: a theme's slug, or ``feeds``."""
        found = {slug: self.themes[slug] for slug in sorted(set(themes)) if slug in self.themes}
        by_feeds = [self.feeds[feed] for feed in set(feeds) if feed in self.feeds]
        if by_feeds:
            found["feeds"] = round(sum(by_feeds) / len(by_feeds), 4)
        return found

    def points(self, themes: Iterable[str], feeds: Iterable[int] = ()) -> float:
        """Return the points that a story gains or loses: the mean of its themes' and its feeds' weights, bounded."""
        found = self.reasons(themes, feeds)
        by_theme = [value for name, value in found.items() if name != "feeds"]
        total = (sum(by_theme) / len(by_theme) if by_theme else 0.0) + found.get("feeds", 0.0)
        return round(max(-_MOST, min(_MOST, total)), 4)


def taste(said: Iterable[Said], now: datetime) -> Taste:
    """Return a reader's taste from everything that was said, the recent counting more."""
    themes: dict[str, float] = defaultdict(float)
    feeds: dict[int, float] = defaultdict(float)
    for each in said:
        age = max(0.0, (now - each.at).total_seconds() / 86_400)
        weight = each.value * _STEP * 0.5 ** (age / _HALF_LIFE_DAYS)
        for slug in each.themes:
            themes[slug] += weight / math.sqrt(len(each.themes))
        for feed in each.feeds:
            feeds[feed] += weight * _FEED_SHARE / math.sqrt(len(each.feeds))
    return Taste(themes=_bounded(themes), feeds=_bounded(feeds))


def _bounded(weights: Mapping[K, float]) -> dict[K, float]:
    return {key: round(max(-_MOST, min(_MOST, value)), 4) for key, value in weights.items() if abs(value) >= 0.005}  # noqa: PLR2004
