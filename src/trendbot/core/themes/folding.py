"""Folding: the forms of a text in which phrases are sought, with the way back to the original.

Every form has one character for each of the original, so that a span in one is a span in all; only where runs of white
space are collapsed, `Folded.span` translates. Lower case, typographic signs and full-width letters made plain, hyphens
as spaces; in the form that the automaton reads, punctuation is a space too, so that a space is a word's boundary.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

MAX_CHARACTERS = 200_000
"""What is looked at of one field: more than any honest entry has, and a bound on what a hostile one may cost."""
KEPT_SIGNS = "$€£¥%"
"""Signs that stay in the spaced form, since a phrase may consist of them."""

_TYPOGRAPHIC = (
    ("\u2019", "'"), ("\u2018", "'"), ("\u201c", '"'), ("\u201d", '"'), ("\u00a0", " "), ("\u2013", "-"),
    ("\u2011", "-"), ("\u2014", ";"), ("\u2026", ";"), ("\u2022", ";"), ("\u00b7", ";"), ("\u202f", " "),
)  # fmt: skip
_RUN = re.compile(r"\s{2,}")
# Kana, Chinese characters, Hangul syllables, Chinese characters beyond the first plane.
_EAST_ASIAN = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF), (0x20000, 0x3FFFF))
_SEPARATORS = "-_\t\n\x0b\x0c\r"


class Folded(NamedTuple):
    """A text ready to be searched; a tuple, since one is made of every field of every entry.

    `cased` has plain signs and spaces for hyphens; `folded` is its lower case; `spaced` is `folded` with spaces for
    punctuation, and one more at either end. `offsets` maps into `original` where white space was collapsed.
    """

    original: str
    cased: str
    folded: str
    spaced: str
    offsets: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Translate a span of the folded text into one of the original."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def fold(text: str) -> Folded:
    """Fold one field. Linear; looks at the first `MAX_CHARACTERS` characters."""
    if not text:
        return _EMPTY
    original = text[:MAX_CHARACTERS]
    plain, offsets = _collapse(original)
    if not plain.isascii():
        for sign, replacement in _TYPOGRAPHIC:
            plain = plain.replace(sign, replacement)
    if plain.isascii():
        raw = plain.encode("ascii")  # tables of bytes are several times as fast as those of characters
        cased = raw.translate(_CASED).decode("ascii")
        spaced = b" %b " % raw.translate(_SPACED)
        return Folded(original, cased, cased.lower(), spaced.decode("ascii"), offsets)
    cased = plain.translate(_CASED_WIDE)
    folded = lower(cased)
    return Folded(original, cased, folded, f" {folded.translate(_SPACED_WIDE)} ", offsets)


def _collapse(text: str) -> tuple[str, tuple[int, ...] | None]:
    """Make one space of each run of white space; give the offsets of what is left, None where there is no run."""
    if "  " not in text and "\n" not in text and "\t" not in text:
        return text, None
    parts: list[str] = []
    offsets: list[int] = []
    start = 0
    for run in _RUN.finditer(text):
        parts.append(text[start : run.start() + 1])
        offsets.extend(range(start, run.start() + 1))
        start = run.end()
    if not parts:
        return text, None
    parts.append(text[start:])
    offsets.extend(range(start, len(text)))
    return "".join(parts), tuple(offsets)


def lower(text: str) -> str:
    """Lower a text without changing its length: a letter with a longer lower case stays as it is."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(one if len(one := c.lower()) == 1 else c for c in text)


def in_word(character: str) -> bool:
    """Tell whether the character continues a word written in an alphabet.

    Letters, digits and combining marks do. Chinese, Japanese and Korean script does not: there a Latin name is set
    without spaces, and its particles hang on to it.
    """
    if character.isascii():
        return character.isalnum()
    if character.isalnum():
        return not _is_east_asian(ord(character))
    return unicodedata.category(character)[0] == "M"


def _is_east_asian(code: int) -> bool:
    return any(first <= code <= last for first, last in _EAST_ASIAN)


class _CasedWide(dict[int, int | str]):
    """The table from any character to its cased form, filled as characters are met."""

    def __missing__(self, code: int) -> int | str:
        self[code] = found = self.find(chr(code))
        return found

    def find(self, character: str) -> int | str:
        """Give the plain form of one character."""
        narrow = unicodedata.normalize("NFKC", character) if 0xFF00 <= ord(character) <= 0xFFEF else character  # noqa: PLR2004
        if narrow.isspace() or narrow in "-_" or unicodedata.category(narrow[0]) == "Pd":
            return " "
        return narrow if len(narrow) == 1 else character


class _SpacedWide(_CasedWide):
    """The table from a folded character to its spaced form."""

    def find(self, character: str) -> int | str:
        """Keep what words are made of, and the kept signs."""
        return character if in_word(character) or character in KEPT_SIGNS else " "


_EMPTY = Folded("", "", "", "")
_CASED_WIDE = _CasedWide()
_SPACED_WIDE = _SpacedWide()
_CASED = bytes(32 if chr(code) in _SEPARATORS else code for code in range(256))
_SPACED = bytes(ord(str(_SPACED_WIDE.find(chr(code).lower()))) if code < 128 else 32 for code in range(256))  # noqa: PLR2004
