"""Hostile text made harmless, cut to length, and packed into messages; addresses a reader may be sent to. Pure."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from trendbot.core.limits.problems import utf16_length

_INVISIBLE = frozenset("\u00ad\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u061c")
LONGEST_ADDRESS = 2000
_RARE = re.compile(r"[^\t\n\x20-\x7e]")
_LEADING_ON = frozenset(
    "a an the of to in on at for with by from under over into as and or".split()  # noqa: SIM905
)


def one_line(text: str, limit: int = 200) -> str:
    """Return hostile text as one harmless line of at most `limit` characters, its entities decoded once."""
    return plain_line(html.unescape(text[: limit * 20]), limit)


def plain_line(text: str, limit: int = 200) -> str:
    """Return text as one line of at most `limit` characters.

    Control, bidirectional, unassigned and invisible characters go; white space is joined; what is too long is cut at a
    word and ends in an ellipsis.
    """
    kept = _RARE.sub(lambda found: _visible(found.group()), text[: limit * 20])
    return shorten(" ".join(kept.split()), limit)


def shorten(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters at a word, with an ellipsis where something was cut."""
    if len(text) <= limit:
        return text
    room = text[: limit - 1]
    cut = room.rfind(" ")
    kept = _without_hanging(room[:cut]) if cut > limit // 2 else _whole_characters(room)
    return kept.rstrip(" ,;:.–—-(") + "…"


def shorten_units(text: str, limit: int) -> str:
    """Cut `text` as `shorten` does, to `limit` UTF-16 units."""
    cut, room = shorten(text, limit), limit
    while utf16_length(cut) > limit:
        room -= max(1, (utf16_length(cut) - limit) // 2)
        cut = shorten(text, room)
    return cut


def _without_hanging(text: str) -> str:
    """Drop a last word or two that lead on to what was cut off ("under a")."""
    for _ in range(2):
        head, _, last = text.rpartition(" ")
        if head and last.casefold() in _LEADING_ON:
            text = head
    return text


def _whole_characters(text: str) -> str:
    """Drop what a cut left over of a character that is written as several (joined emoji, accents)."""
    end = len(text)
    while end and (unicodedata.combining(text[end - 1]) or text[end - 1] in "\u200d\ufe0f"):
        end -= 1
    return text[:end]


def _visible(character: str) -> str:
    if character in "\t\n\r\v\f\u0085\u2028\u2029":
        return " "
    if character in _INVISIBLE:
        return ""
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Co", "Cn"):
        return ""
    if category == "Cf":  # joiners carry meaning in emoji, Persian and Indic scripts; the rest is direction and noise
        return character if character in "\u200c\u200d" else ""
    return character


def safe_link(url: str) -> str | None:
    """Return `url` where a reader may be sent there: http or https, a dotted host, no user name; else None.

    What is longer than `LONGEST_ADDRESS` is no address that programs agree on.
    """
    if len(url) > LONGEST_ADDRESS or any(ord(character) <= 0x20 or character in '"<>\\^`{|}' for character in url):  # noqa: PLR2004
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    good = parts.scheme in ("http", "https") and "@" not in parts.netloc and "." in host.strip(".")
    return url if good and not any(_hidden(character) for character in url) else None


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp")


def pack(blocks: Iterable[str], *, limit: int, measure: Callable[[str], int]) -> tuple[str, ...]:
    """Join blocks into as few texts as possible, each at most `limit` by `measure`, breaking only between blocks.

    A block that is too long alone makes a text of its own; the linter then speaks.
    """
    texts: list[str] = []
    for block in blocks:
        if texts and measure((texts[-1] + block).strip()) <= limit:
            texts[-1] += block
        elif block.strip():
            texts.append(block.lstrip("\n"))
    return tuple(re.sub(r"\n{3,}", "\n\n", text).strip("\n") for text in texts)


def hidden_in(text: str) -> str | None:
    """Return the first character that turns or hides what a reader sees (direction, control), or None.

    Line breaks, tabs and the joiners that emoji and some scripts need are none.
    """
    return next((character for character in _RARE.findall(text) if _steers(character)), None)


def _steers(character: str) -> bool:
    category = unicodedata.category(character)
    return category in ("Cc", "Cs") or (category == "Cf" and character not in "\u200c\u200d")
