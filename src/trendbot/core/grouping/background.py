"""How common words are: document frequencies of hashed words, as shipped numbers.

The table holds a 32-bit hash and a count for each word that stands in at least a few of many headlines; no word itself
and no text. ``benchmarks/background.py`` builds it. Weights depend on this table alone and not on what was read lately,
so that an entry has the same vector whenever it is looked at, which is what makes grouping restartable.
"""

from __future__ import annotations

import math
import struct
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trendbot.errors import ConfigError

_MAGIC = b"TBDF1"
_HEAD = struct.Struct("<5sII")
_FLOOR = 0.1
_UNSEEN = 0.5
_CACHE = 50_000


class _Weighed(NamedTuple):
    held: int
    log: float
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Background:
    """Counts of `documents` headlines: in how many of them each hashed word stands."""

    documents: int
    counts: Mapping[int, int]
    _known: dict[str, _Weighed] = field(default_factory=dict, compare=False, repr=False)

    def weight(self, word: str) -> float:
        """Return the inverse document frequency of a word, at least 0.1."""
        return self._weighed(word).weight

    def factors(self, words: Iterable[str], *, spread: Mapping[str, int], live: float, pool: float) -> dict[str, float]:
        """Return by how much each word's weight falls where `pool` more documents are counted.

        A word stands in `live` of them for each of the stories in which `spread` has it.
        """
        known, most = self._known, math.log(self.documents + pool + 1)
        found: dict[str, float] = {}
        for word in words:
            one = known.get(word) or self._weighed(word)
            held = spread.get(word)
            rarity = math.log(one.held + live * held + _UNSEEN) if held else one.log
            found[word] = max(_FLOOR, most - rarity) / one.weight
        return found

    def _weighed(self, word: str) -> _Weighed:
        known = self._known.get(word)
        if known is None:
            if len(self._known) > _CACHE:
                self._known.clear()
            held = self.counts.get(word_hash(word), 0)
            rarity = math.log(held + _UNSEEN)
            weight = max(_FLOOR, math.log(self.documents + 1) - rarity)
            known = self._known[word] = _Weighed(held, rarity, weight)
        return known


def word_hash(word: str) -> int:
    """Return the 32-bit hash under which a word is counted."""
    return zlib.crc32(word.encode("utf-8", "replace"))


def pack(background: Background) -> bytes:
    """Return the table as bytes: a head, then hashes ascending, then counts, deflated."""
    pairs = sorted(background.counts.items())
    hashes, counts = array("I", [key for key, _ in pairs]), array("I", [count for _, count in pairs])
    if sys.byteorder == "big":  # pragma: no cover  (no such machine here)
        hashes.byteswap()
        counts.byteswap()
    body = zlib.compress(hashes.tobytes() + counts.tobytes(), 9)
    return _HEAD.pack(_MAGIC, background.documents, len(pairs)) + body


def unpack(data: bytes) -> Background:
    """Return the table that `pack` made bytes of.

    Raises:
        ConfigError: the bytes are no such table.

    """
    try:
        magic, documents, size = _HEAD.unpack_from(data)
        numbers = array("I", zlib.decompress(data[_HEAD.size :]))
    except (struct.error, zlib.error, ValueError) as error:
        raise ConfigError("the table of word frequencies is damaged: install trendbot again") from error
    if magic != _MAGIC or len(numbers) != 2 * size:
        raise ConfigError("the table of word frequencies is of another version: install trendbot again")
    if sys.byteorder == "big":  # pragma: no cover
        numbers.byteswap()
    return Background(documents=documents, counts=dict(zip(numbers[:size], numbers[size:], strict=True)))
