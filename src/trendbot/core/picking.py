"""How well a ranking agrees with an editor's picks: nDCG@10, P@10, and the place of the lead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FIRST = 10
LEAD = 3
"""The grade of an editor's lead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PicksMet:
    """Means over the days: gain of the first ten against the best order, share of picks in them, 1/place of lead."""

    days: int
    ndcg_at_10: float
    precision_at_10: float
    recall_at_20: float
    lead_mrr: float


def picks_met(ranked: Mapping[str, Sequence[str]], grades: Mapping[str, Mapping[str, float]]) -> PicksMet:
    """Compare each day's order of stories or items with the grades of the day (3 lead, 2 summary, 1 cited)."""
    days = [day for day in sorted(grades) if any(grades[day].values())]
    each = [_day(ranked.get(day, ()), grades[day]) for day in days]
    means = [sum(column) / len(each) if each else 0.0 for column in zip(*each, strict=True)] or [0.0] * 4
    return PicksMet(
        days=len(days), ndcg_at_10=means[0], precision_at_10=means[1], recall_at_20=means[2], lead_mrr=means[3]
    )


def _day(order: Sequence[str], grades: Mapping[str, float]) -> tuple[float, float, float, float]:
    first = [grades.get(one, 0.0) for one in order[:FIRST]]
    best = sorted(grades.values(), reverse=True)[:FIRST]
    summary = {one for one, grade in grades.items() if grade >= LEAD - 1}
    leads = {one for one, grade in grades.items() if grade >= LEAD}
    place = next((number for number, one in enumerate(order, 1) if one in leads), None)
    return (
        _gain(first) / (_gain(best) or 1.0),
        sum(grade > 0 for grade in first) / FIRST,
        len(summary & set(order[: 2 * FIRST])) / max(1, len(summary)),
        1 / place if place else 0.0,
    )


def _gain(grades: Sequence[float]) -> float:
    return sum((2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades, 1))
