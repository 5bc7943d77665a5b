"""How tagging got better with every review, and how many more it takes.

The error 1 − F1 of a learner falls about as a power of the number of examples: ``a · n^−b``. Two numbers are fitted to
the points measured so far, each weighted by the cases it rests on, and the curve is followed to the aim.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trendbot.core.scoring import Tally

LEAST_POINTS = 3
LEAST_CASES = 25
"""Tags, right, wrong or missed, without which nothing is said of F1."""
LEEWAY = 0.05
"""How far the interval may reach below an aim that is called reached without reserve."""
FURTHEST = 20
"""No forecast reaches beyond so many times what was measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """After `labels` reviewed entries the tags agreed with people as `tally` says."""

    labels: int
    tally: Tally

    @property
    def f1(self) -> float:
        """The F1 of the point; 0 where nothing was to be found."""
        return self.tally.f1.value if self.tally.f1 else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """How many labels more until F1 reaches `aim`; None where the points do not say. `why` is the reason or reserve."""

    aim: float
    more: int | None
    why: str = ""


def windows(cases: Sequence[Tally], *, size: int) -> tuple[Point, ...]:
    """Sum cases in the order of reviewing into points of `size` cases; a short rest joins the last point."""
    points: list[Point] = []
    for start in range(0, len(cases), size):
        part = cases[start : start + size]
        if points and len(part) < size / 2:
            points[-1] = Point(labels=len(cases), tally=sum(part, points[-1].tally))
        else:
            points.append(Point(labels=start + len(part), tally=sum(part, Tally())))
    return tuple(points)


def forecast(points: Sequence[Point], *, aim: float) -> Forecast:
    """Follow the curve through `points` to where F1 reaches `aim` (0 to 1)."""
    measured = [point for point in points if point.labels > 0 and point.tally.f1 is not None]
    latest = measured[-1].tally.f1 if measured else None
    if latest is None or latest.of < LEAST_CASES:
        return Forecast(aim=aim, more=None, why="too few reviews to tell")
    if latest.value >= aim:
        return Forecast(aim=aim, more=0, why="" if latest.low >= aim - LEEWAY else "it seems")
    if len(measured) < LEAST_POINTS:
        return Forecast(aim=aim, more=None, why="too few reviews to tell")
    slope, start = _fit(measured)
    if slope >= -0.02:  # noqa: PLR2004 - flat: no number of labels would do
        return Forecast(aim=aim, more=None, why="it is not rising")
    needed = math.exp((math.log(max(1e-3, 1 - aim)) - start) / slope)
    last = measured[-1].labels
    if needed > FURTHEST * last:
        return Forecast(aim=aim, more=None, why=f"at this pace more than {FURTHEST} times the labels there are")
    return Forecast(aim=aim, more=max(1, round(needed - last)))


def _fit(points: Sequence[Point]) -> tuple[float, float]:
    """Fit log(1 − F1) = start + slope · log(n) by weighted least squares."""
    weights = [float(point.tally.f1.of if point.tally.f1 else 1) for point in points]
    xs = [math.log(point.labels) for point in points]
    ys = [math.log(max(1e-3, 1 - point.f1)) for point in points]
    total = sum(weights)
    mean_x = sum(w * x for w, x in zip(weights, xs, strict=True)) / total
    mean_y = sum(w * y for w, y in zip(weights, ys, strict=True)) / total
    spread = sum(w * (x - mean_x) ** 2 for w, x in zip(weights, xs, strict=True))
    if not spread:
        return 0.0, mean_y
    slope = sum(w * (x - mean_x) * (y - mean_y) for w, x, y in zip(weights, xs, ys, strict=True)) / spread
    return slope, mean_y - slope * mean_x
