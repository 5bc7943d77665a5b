"""The card that stands for a page where its address is shared: words on paper, and for a theme its curve.

1200 × 627 dots, PNG. Drawn when it is asked for, one at a time, since the drawing library is not made for threads. What
its fonts do not have is left out; where the library is missing there are no cards.
"""

from __future__ import annotations

import importlib.util
import io
import threading
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from textwrap import wrap
from typing import Any

from trendbot.core.limits import shorten
from trendbot.render.charts import ACCENT, INCHES, LIGHT, PIXEL, SANS, SERIF, characters, small_png

_LEFT, _RIGHT, _LINES = 0.058, 0.942, 4
_SIZES = ((30, 76), (38, 60), (46, 50))
"""Letters that a line holds, and the size at which it does, in dots: the largest at which the title fits."""
_ONE = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What a card says; `series` are counts by day, drawn below the words, `moved` that its end stands out."""

    kicker: str
    title: str
    note: str = ""
    brand: str = ""
    series: tuple[float, ...] = ()
    moved: bool = False


@lru_cache(maxsize=1)
def draws_cards() -> bool:
    """Tell whether the drawing library is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw_card(card: Card) -> bytes | None:
    """Return a card as PNG; None without the drawing library."""
    if not draws_cards():
        return None
    with _ONE:
        return _drawn(card)


@lru_cache(maxsize=64)
def _drawn(card: Card) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    colours = LIGHT | {"accent": ACCENT["light"]}
    stream = io.BytesIO()
    with mpl.rc_context({"font.family": SANS}):
        figure = Figure(figsize=INCHES, dpi=100, facecolor=colours["paper"])
        _compose(figure, card, colours)
        figure.savefig(stream, format="png", dpi=100, facecolor=colours["paper"], metadata={"Software": None})
    return small_png(stream.getvalue())


def _compose(figure: Any, card: Card, colours: dict[str, str]) -> None:
    _text(figure, 0.86, _known(card.kicker, 70), size=28, colour=colours["muted"])
    lines, size = _title(card)
    place = 0.775
    for line in lines:
        _text(figure, place, line, size=size, colour=colours["ink"], family=SERIF, weight="bold", va="top")
        place -= size * 1.18 / 627
    if card.series:
        _curve(figure, card, colours, top=place - 0.03)
    figure.add_artist(_rule(colours["rule"]))
    _text(figure, 0.05, _known(card.note, 76), size=26, colour=colours["muted"])
    _text(figure, 0.05, _known(card.brand, 24), size=26, colour=colours["ink"], x=_RIGHT, ha="right", weight="bold")


def _title(card: Card) -> tuple[list[str], int]:
    most = 2 if card.series else _LINES
    for letters, size in _SIZES:
        lines = wrap(_known(card.title, 400), letters, break_long_words=True)
        if len(lines) <= most:
            return lines, size
    return [*lines[: most - 1], shorten(" ".join(lines[most - 1 :]), _SIZES[-1][0])], _SIZES[-1][1]


def _known(text: str, most: int) -> str:
    """Return what of a text the fonts have, no longer than `most` letters."""
    known = characters()
    kept = "".join(letter for letter in text if ord(letter) in known and not unicodedata.combining(letter))
    return shorten(" ".join(kept.split()), most)


def _text(figure: Any, y: float, text: str, *, size: float, colour: str, x: float = _LEFT, **more: Any) -> None:
    figure.text(x, y, text, fontsize=size * PIXEL, color=colour, parse_math=False, **more)


def _rule(colour: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([_LEFT, _RIGHT], [0.125, 0.125], color=colour, linewidth=1.5)


def _curve(figure: Any, card: Card, colours: dict[str, str], *, top: float) -> None:
    """Draw sums of seven days as a line whose end stands out where it moved."""
    days = card.series
    sums = [sum(days[place - 6 : place + 1]) for place in range(6, len(days))]
    axes = figure.add_axes((_LEFT, 0.17, _RIGHT - _LEFT - 0.02, max(0.12, top - 0.17)))
    axes.set_axis_off()
    axes.set_ylim(0, max(*sums, 1.0) * 1.08)
    axes.set_xlim(0, len(sums) - 1)
    axes.plot(sums, color=colours["ink"], linewidth=2.6, solid_capstyle="round", clip_on=False)
    end = colours["accent"] if card.moved else colours["ink"]
    axes.plot(range(len(sums) - 7, len(sums)), sums[-7:], color=end, linewidth=4.4, solid_capstyle="round")
    axes.plot([len(sums) - 1], sums[-1:], "o", color=end, markersize=12, clip_on=False)
