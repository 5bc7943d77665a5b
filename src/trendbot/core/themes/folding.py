"""Folding: the form of a text in which phrases are sought, with the way back to the original.

Lower case, hyphens and white space as single spaces, typographic apostrophes straight, full-width letters narrow.
One character stays one character, so that spans need no translation, except where runs of space are collapsed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

MAX_CHARACTERS = 200_000
"""What is looked at of one field: more than any honest entry has, and a bound on what a hostile one may cost."""

_SPACES = "\t\n\x0b\x0c\r\x85\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u3000"
_HYPHENS = "-_\u2010\u2011\u2012\u2013\ufe63\uff0d"
# Kana, Chinese characters, Hangul syllables, Chinese characters beyond the first plane.
_EAST_ASIAN = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF), (0x20000, 0x3FFFF))
_TABLE: dict[int, str] = {
    **{ord(sign): " " for sign in _SPACES + _HYPHENS},
    **{ord(sign): "'" for sign in "\u2019\u2018\u02bc\uff07"},
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code not in (0xFF07, 0xFF0D)},
}


@dataclass(frozen=True, slots=True)
class Folded:
    """A text ready to be searched; `cased` and `folded` have equal length, `offsets` maps into `original`."""

    original: str
    cased: str
    folded: str
    offsets: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Translate a span of the folded text into one of the original."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


def fold(text: str) -> Folded:
    """Fold one field. Linear; looks at the first `MAX_CHARACTERS` characters."""
    original = text[:MAX_CHARACTERS]
    cased = original.translate(_TABLE)
    offsets = None
    if "  " in cased:
        kept = [i for i, c in enumerate(cased) if c != " " or not i or cased[i - 1] != " "]
        cased, offsets = "".join([cased[i] for i in kept]), tuple(kept)
    folded = cased.lower()
    if len(folded) != len(cased):
        folded = "".join(low if len(low := c.lower()) == 1 else c for c in cased)
    return Folded(original, cased, folded, offsets)


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
