"""How well names were found: suggestions against a list of names with the day on which each was first used.

A suggestion is a name *exactly* where their keys agree, and *in part* where the words of one stand in the other
(``Claude Cowork`` and ``Cowork``). Days count as issues: days on which anything was published.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from trendbot.core.names.finding import is_part, is_same


@dataclass(frozen=True, kw_only=True, slots=True)
class Dated:
    """A name and a day: when it was put forward, or when it was first used."""

    name: str
    day: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Recall:
    """Shares of the names that were put forward by the day of their first use, within two issues of it, and ever."""

    same_day: float
    two_days: float
    ever: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Recall and precision, where a part of a name counts and where it does not; `missed` are names never found."""

    names: int
    suggestions: int
    days: int
    exact: Recall
    part: Recall
    precision_exact: float
    precision_part: float
    late: tuple[str, ...]
    missed: tuple[str, ...]
    junk: tuple[str, ...]


Same = Callable[[str, str], bool]


def judge(suggestions: Sequence[Dated], names: Sequence[Dated], days: Sequence[date]) -> Judgement:
    """Hold suggestions against names; `days` are the days of the stream, in order."""
    lags = [_lag(name, suggestions, is_part, days) for name in names]
    exact = [_lag(name, suggestions, is_same, days) for name in names]
    right = [any(is_part(s.name, name.name) for name in names) for s in suggestions]
    return Judgement(
        names=len(names),
        suggestions=len(suggestions),
        days=len(days),
        exact=_recall(exact),
        part=_recall(lags),
        precision_exact=_share([any(is_same(s.name, name.name) for name in names) for s in suggestions]),
        precision_part=_share(right),
        late=tuple(n.name for n, lag in zip(names, lags, strict=True) if lag is not None and lag > 2),  # noqa: PLR2004
        missed=tuple(n.name for n, lag in zip(names, lags, strict=True) if lag is None),
        junk=tuple(s.name for s, is_right in zip(suggestions, right, strict=True) if not is_right),
    )


def _lag(name: Dated, suggestions: Sequence[Dated], same: Same, days: Sequence[date]) -> int | None:
    """Return by how many issues a name was found after its first use; 0 where before, None where never."""
    found = [s.day for s in suggestions if same(s.name, name.name)]
    if not found:
        return None
    return max(0, bisect_left(days, min(found)) - bisect_left(days, name.day))


def _recall(lags: Sequence[int | None]) -> Recall:
    def share(most: float) -> float:
        return _share([lag is not None and lag <= most for lag in lags])

    return Recall(same_day=share(0), two_days=share(2), ever=share(float("inf")))


def _share(outcomes: Sequence[bool]) -> float:
    return sum(outcomes) / len(outcomes) if outcomes else 0.0
