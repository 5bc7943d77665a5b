"""A chart of shares over time, as SVG or PNG: legible at the width of a phone, light or dark."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from trendbot.core.wording import long_date
from trendbot.errors import ConfigError

Line = tuple[str, Sequence[tuple[date, float]]]
"""A name, and shares between 0 and 1 by day."""

_LIGHT = {"paper": "#ffffff", "ink": "#1a1a1a", "faint": "#d0d0d0"}
_DARK = {"paper": "#14171a", "ink": "#e8e8e8", "faint": "#3a4047"}
# Okabe and Ito's palette, told apart also by those who see few colours; its black gives way to the ink.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7a00", "#999999")
_STYLES = ("-", "--", "-.", ":")
_TICKS, _WEEK = 5, 7
_INCHES, _DOTS = (4.8, 3.8), 225  # 1080 dots wide: a phone's width, thrice


def draw_shares(
    lines: Sequence[Line], file: Path, *, title: str, dark: bool = False, moved: Collection[str] = ()
) -> None:
    """Draw one line a name into `file`, whose ending says the format; names that `moved` stand out from the others.

    Raises:
        ConfigError: the drawing library is not installed, or the ending is neither ``.svg`` nor ``.png``.

    """
    if file.suffix.lower() not in {".svg", ".png"}:
        raise ConfigError(f"{file.name}: a chart is an .svg or a .png")
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError("charts need matplotlib: pip install 'trendbot[charts]'") from error
    colours = _DARK if dark else _LIGHT
    with mpl.rc_context({"svg.hashsalt": "trendbot", "font.size": 9, "svg.fonttype": "path"}):
        figure = Figure(figsize=_INCHES, dpi=_DOTS, facecolor=colours["paper"], layout="constrained")
        _draw(figure, lines, title, colours, moved)
        metadata = {"Date": None} if file.suffix.lower() == ".svg" else {}
        figure.savefig(file, facecolor=colours["paper"], metadata=metadata)


def _draw(figure: Any, lines: Sequence[Line], title: str, colours: dict[str, str], moved: Collection[str]) -> None:
    from matplotlib.ticker import PercentFormatter

    axes = figure.add_subplot(facecolor=colours["paper"])
    for place, (name, points) in enumerate(lines):
        style = _STYLES[place // len(_COLOURS) % len(_STYLES)]
        at, shares = [day for day, _ in points], [share for _, share in points]
        width, strength = (2.8, 1.0) if name in moved else (1.2, 0.9) if moved else (1.8, 1.0)
        colour = _COLOURS[place % len(_COLOURS)]
        axes.plot(at, shares, style, color=colour, linewidth=width, alpha=strength, label=name)
    axes.set_title(title, color=colours["ink"], fontsize=11, loc="left")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    days = [day for _, points in lines for day, _ in points]
    if days:
        places = ticks(min(days), max(days))
        axes.set_xticks(places, [_named(day, places) for day in places])
    axes.grid(axis="y", color=colours["faint"], linewidth=0.6)
    axes.tick_params(colors=colours["ink"], labelsize=9)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(colours["faint"])
    if lines:
        figure.legend(
            loc="outside lower center", ncols=2, frameon=False, labelcolor=colours["ink"], fontsize=8, handlelength=2.2
        )


def ticks(first: date, last: date) -> list[date]:
    """Return up to five days for an axis, evenly apart, the newest among them, and weeks apart where they can be."""
    span = (last - first).days
    step = -(-span // (_TICKS - 1)) or 1
    if step > _WEEK:
        step = -(-step // _WEEK) * _WEEK
    return [last - timedelta(days=back) for back in range(span // step * step, -1, -step)]


def _named(day: date, places: Sequence[date]) -> str:
    """Return ``8 Nov``; with the year where several are shown and it is the first of its year."""
    number, month, year = long_date(day).split()
    begins = len({each.year for each in places}) > 1 and day == min(each for each in places if each.year == day.year)
    return f"{number} {month[:3]}\n{year}" if begins else f"{number} {month[:3]}"
