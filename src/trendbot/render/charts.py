"""The chart of a digest's rising themes: PNG for posts, messages and mail, SVG for the web, light and dark.

One idea a picture, said in its title as a sentence: what rose, against its usual range. No legend and no grid: each
line bears its name and its number, the usual range is a band, the newest day a dot. The fonts come with the drawing
library, so that the same digest gives the same bytes on every machine with the same version of it. Where the library
is missing, or nothing rose, or the days before are unknown, there is no chart.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from trendbot.core import wording
from trendbot.core.digests import DigestContent, DigestRise
from trendbot.core.limits import shorten
from trendbot.core.pictures import Chart, Picture, PictureForm

SHOWN = 28
"""Days on the axis."""
_OVERDISPERSION = 1.5
"""How much more than Poisson's the daily counts vary: between the 1.3 and 2.3 measured on real streams."""
_NINE_OF_TEN = 1.645
INCHES = (12.0, 6.27)

LIGHT = {"paper": "#FDFCFA", "ink": "#1A1C20", "muted": "#5B606B", "band": "#E9E4DA", "rule": "#DDD8CF"}
_DARK = {"paper": "#14161A", "ink": "#ECEAE6", "muted": "#A3A8B3", "band": "#2A2E36", "rule": "#30343C"}
ACCENT = {"light": "#B4420F", "dark": "#FF9A62"}
SERIF, SANS = "STIXGeneral", "DejaVu Sans"
_WEB_FONTS = {SERIF: "Charter, 'Iowan Old Style', Georgia, serif", SANS: "system-ui, sans-serif"}
"""What an SVG names in place of the fonts of the drawing library: the reader's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    format: str
    dots: int
    dark: bool


FORMS: dict[PictureForm, _Form] = {
    PictureForm.CARD: _Form(format="png", dots=100, dark=False),
    PictureForm.MAIL: _Form(format="png", dots=120, dark=False),
    PictureForm.MAIL_DARK: _Form(format="png", dots=120, dark=True),
    PictureForm.WEB: _Form(format="svg", dots=100, dark=False),
    PictureForm.WEB_DARK: _Form(format="svg", dots=100, dark=True),
}
"""1200 × 627 for cards, 1440 wide for mail (720 at double resolution), SVG for the web."""


def draw_chart(content: DigestContent) -> Chart | None:
    """Return the chart of what a digest says is rising in all its forms; None where there is nothing to draw."""
    if not content.rising or not _library():
        return None
    rises = tuple(rise for rise in content.rising if _drawable(rise))
    return _drawn(rises, content.brand if _in_fonts(content.brand) else "", content.sample) if rises else None


@lru_cache(maxsize=8)
def _drawn(rises: tuple[DigestRise, ...], brand: str, sample: bool) -> Chart:
    marks = [brand, *(["sample"] if sample else [])]
    told = json.dumps([asdict(rise) for rise in rises] + marks, sort_keys=True)
    return Chart(
        key=hashlib.sha256(told.encode()).hexdigest()[:32],
        alt=wording.chart_alt(rises, sample=sample),
        pictures=tuple(_picture(rises, brand, form, sample=sample) for form in FORMS),
    )


def _drawable(rise: DigestRise) -> bool:
    known = len(rise.days) >= SHOWN and sum(rise.days) > 0
    return known and _in_fonts(rise.name)


def _in_fonts(text: str) -> bool:
    """Tell whether both fonts have every character of a text, with no mark that stands upon another."""
    return not any(map(unicodedata.combining, text)) and set(map(ord, text)) <= characters()


@lru_cache(maxsize=1)
def characters() -> frozenset[int]:
    """Return the code points that both fonts have."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = (FontProperties(family=SERIF, weight="bold"), FontProperties(family=SANS, weight="bold"))
    serif, sans = (frozenset(get_font(findfont(font)).get_charmap()) for font in fonts)
    return serif & sans


def _library() -> bool:
    try:
        import matplotlib as mpl
    except ImportError:
        return False
    return bool(mpl.__version__)


def _picture(rises: Sequence[DigestRise], brand: str, form: PictureForm, *, sample: bool) -> Picture:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    how = FORMS[form]
    colours = (_DARK if how.dark else LIGHT) | {"accent": ACCENT["dark" if how.dark else "light"]}
    stream = io.BytesIO()
    with mpl.rc_context(
        {"svg.hashsalt": "trendbot", "svg.fonttype": "none", "font.family": SANS, "path.simplify": False}
    ):
        figure = Figure(figsize=INCHES, dpi=how.dots, facecolor=colours["paper"])
        _compose(figure, rises, brand, colours)
        if sample:
            _text(figure, _RIGHT, 0.945, wording.SAMPLE_CHART, size=25, colour=colours["accent"], ha="right")
        figure.savefig(
            stream, format=how.format, dpi=how.dots, facecolor=colours["paper"], metadata=_UNNAMED[how.format]
        )
    data = stream.getvalue()
    return Picture(
        form=form,
        media_type=_MEDIA[how.format],
        data=small_png(data) if how.format == "png" else _for_the_web(data, rises, sample=sample),
    )


_MEDIA = {"png": "image/png", "svg": "image/svg+xml"}
_UNNAMED: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": dict.fromkeys(("Creator", "Date", "Format", "Type")),
}
"""What the drawing library writes of itself, left out: it would make the same chart differ."""


def _for_the_web(data: bytes, rises: Sequence[DigestRise], *, sample: bool) -> bytes:
    """Set an SVG in the reader's own fonts, and give it the title and description that are read out."""
    for font, own in _WEB_FONTS.items():
        data = data.replace(f"'{font}'".encode(), own.encode())
    head = data.index(b">", data.index(b"<svg")) + 1
    said = (wording.chart_title(rises), wording.chart_alt(rises, sample=sample))
    title, words = map(html.escape, said)
    return data[:head] + f"\n <title>{title}</title>\n <desc>{words}</desc>".encode() + data[head:]


def small_png(data: bytes) -> bytes:
    """Reduce a PNG to few colours: a third of the bytes, and nobody sees it."""
    from PIL import Image

    stream = io.BytesIO()
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture.quantize(colors=48, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        stream, format="PNG", optimize=True
    )
    return stream.getvalue()


# -- the picture -------------------------------------------------------------------------------------------------------

_LEFT, _RIGHT = 0.053, 0.947
PIXEL = 0.72
"""Points to a pixel, at the hundred dots an inch that the sizes below are given in."""
_TITLE_UNITS, _NAME_UNITS = 50, 20
_CURVES, _ALONE = (0.44, 0.89), (0.053, 0.86)
"""Where the curves begin and end: beside their names, or alone."""


def _compose(figure: Any, rises: Sequence[DigestRise], brand: str, colours: dict[str, str]) -> None:
    lines = _wrapped(wording.chart_title(rises), _TITLE_UNITS)
    for number, line in enumerate(lines):
        place = 0.86 - 0.085 * number
        _text(figure, _LEFT, place, line, size=44, colour=colours["ink"], family=SERIF, weight="bold")
    bottom, top = 0.19, 0.86 - 0.085 * len(lines) + 0.03
    height, alone = (top - bottom) / len(rises), len(rises) == 1
    left, right = _ALONE if alone else _CURVES
    for number, rise in enumerate(rises):
        low = top - (number + 1) * height
        axes = figure.add_axes((left, low, right - left, height - 0.05))
        _row(axes, rise, colours, alone=alone)
        _days(axes, rise, colours, shown=number == len(rises) - 1)
        if not alone:
            _label(figure, rise, low + height - 0.05, colours)
    _text(figure, _LEFT, 0.035, wording.chart_note(rises), size=25, colour=colours["muted"])
    _text(figure, _RIGHT, 0.035, brand[:24], size=25, colour=colours["muted"], ha="right")


def _text(figure: Any, x: float, y: float, text: str, *, size: float, colour: str, **more: Any) -> None:
    figure.text(x, y, text, fontsize=size * PIXEL, color=colour, parse_math=False, **more)


def _label(figure: Any, rise: DigestRise, top: float, colours: dict[str, str]) -> None:
    lines = _wrapped(rise.name, _NAME_UNITS)
    for number, line in enumerate(lines):
        place = top - 0.055 - 0.055 * number
        _text(figure, _LEFT, place, line, size=31, colour=colours["ink"], weight="bold")
    place = top - 0.06 - 0.055 * len(lines)
    _text(figure, _LEFT, place, wording.rise_usual(rise), size=27, colour=colours["muted"])


def _row(axes: Any, rise: DigestRise, colours: dict[str, str], *, alone: bool) -> None:
    counts = counts_drawn(rise)
    low, high = usual_range(rise)
    axes.set_facecolor(colours["paper"])
    axes.axhspan(low, high, color=colours["band"], linewidth=0)
    axes.axhline(0, color=colours["muted"], linewidth=1.5)
    _curve(axes, rise, colours, width=3.0 if alone else 2.4)
    axes.annotate(
        wording.figure(rise.current),
        (SHOWN - (0.6 if rise.window_days == 1 else 1), counts[-1]),
        xytext=(14 if alone else 11, 0),
        textcoords="offset points",
        va="center",
        color=colours["accent"],
        fontsize=(52 if alone else 38) * PIXEL,
        fontweight="bold",
        annotation_clip=False,
        parse_math=False,
    )
    if alone:
        axes.text(-0.5, high, "usual range", color=colours["muted"], fontsize=27 * PIXEL, va="bottom", ha="left")
    axes.set_ylim(0, max(*counts, high) * 1.1)
    axes.set_xlim(-0.5, SHOWN - 0.5)
    axes.yaxis.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _curve(axes: Any, rise: DigestRise, colours: dict[str, str], *, width: float) -> None:
    """Draw sums over days as a line whose risen end stands out; single days as bars."""
    days, counts = range(SHOWN), counts_drawn(rise)
    if rise.window_days == 1:
        shades = [colours["ink"]] * (SHOWN - 1) + [colours["accent"]]
        axes.bar(days, counts, width=0.72, color=shades, linewidth=0)
        return
    recent = min(rise.window_days, SHOWN - 1) + 1
    axes.plot(days, counts, color=colours["ink"], linewidth=width, solid_capstyle="round")
    axes.plot(days[-recent:], counts[-recent:], color=colours["accent"], linewidth=width * 1.7, solid_capstyle="round")
    axes.plot(days[-1:], counts[-1:], "o", color=colours["accent"], markersize=width * 4.5, clip_on=False)


def _days(axes: Any, rise: DigestRise, colours: dict[str, str], *, shown: bool) -> None:
    last, places = date.fromisoformat(rise.as_of), range(SHOWN - 1, 0, -7) if shown else ()
    names = [_day(last - timedelta(days=SHOWN - 1 - place)) for place in places]
    axes.set_xticks(list(places), names, fontsize=27 * PIXEL, color=colours["muted"])
    axes.tick_params(axis="x", length=0, pad=8)


def _day(day: date) -> str:
    number, month, _ = wording.long_date(day).split()
    return f"{number} {month[:3]}"


def counts_drawn(rise: DigestRise) -> list[float]:
    """Return for each day on the axis the reports of the window that ends on it; the last is the digest's number.

    That number leaves out what a feed says too often, or before it is known: so many fewer are drawn for its days, too.
    """
    window = rise.window_days
    before, counted = rise.days[:-window], rise.days[-window:]
    part = min(1.0, rise.current / sum(counted)) if sum(counted) else 1.0
    every = [*[0.0] * window, *before, *(part * count for count in counted)]
    sums = [sum(every[place - window + 1 : place + 1]) for place in range(len(every) - SHOWN, len(every))]
    return [*sums[:-1], rise.current]


def usual_range(rise: DigestRise) -> tuple[float, float]:
    """Return where nine counts in ten lie while nothing changes."""
    return usual_around(rise.usual)


def usual_around(usual: float) -> tuple[float, float]:
    """Return where nine counts in ten lie around the usual number, while nothing changes."""
    spread = _NINE_OF_TEN * math.sqrt(_OVERDISPERSION * max(usual, 0.1))
    return max(0.0, usual - spread), usual + spread


def _wrapped(text: str, units: int) -> list[str]:
    """Break a text into two lines at most, of about the same length where it needs two."""
    if len(text) <= units:
        return [text]
    words = text.split()
    breaks = [(" ".join(words[:place]), " ".join(words[place:])) for place in range(1, len(words))]
    first, second = min(breaks, key=lambda both: max(map(len, both)), default=(text, ""))
    return [shorten(line, units) for line in (first, second) if line]
