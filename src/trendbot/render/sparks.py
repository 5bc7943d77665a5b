"""Small curves for pages: the numbers of an inline SVG, whose colours are the page's own, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MARGIN = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Spark:
    """A curve in a box of `width` × `height`: its path, the risen end of it, the newest point, the band of the usual.

    `band` is top and height; None where the usual is not known.
    """

    width: int
    height: int
    path: str
    recent: str
    x: float
    y: float
    band: tuple[float, float] | None


def spark(
    counts: Sequence[float],
    *,
    window: int = 7,
    usual: tuple[float, float] | None = None,
    width: int = 320,
    height: int = 72,
) -> Spark | None:
    """Return the curve of sums over `window` days, day by day; None where there is nothing to see.

    `usual` is the range in which such sums usually lie.
    """
    sums = [sum(counts[max(0, place - window + 1) : place + 1]) for place in range(window - 1, len(counts))]
    if len(sums) < 2 or not any(sums):  # noqa: PLR2004
        return None
    top = max(*sums, usual[1] if usual else 0.0)
    step = (width - 2 * _MARGIN) / (len(sums) - 1)
    points = [(_MARGIN + place * step, _height(value, top, height)) for place, value in enumerate(sums)]
    band = (_height(usual[1], top, height), _height(usual[0], top, height)) if usual else None
    return Spark(
        width=width,
        height=height,
        path=_path(points),
        recent=_path(points[-min(window, len(points) - 1) - 1 :]),
        x=round(points[-1][0], 1),
        y=round(points[-1][1], 1),
        band=(round(band[0], 1), round(max(1.0, band[1] - band[0]), 1)) if band else None,
    )


def _height(value: float, top: float, height: int) -> float:
    return height - _MARGIN - (height - 2 * _MARGIN) * value / top


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
