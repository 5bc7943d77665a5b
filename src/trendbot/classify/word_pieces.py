"""Word pieces: how BERT cuts a text into the entries of its vocabulary, longest piece first."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

_LONGEST_WORD = 100
_EAST_ASIAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F))


class WordPieces:
    """A vocabulary of word pieces, ``##`` before those that go on within a word."""

    def __init__(self, vocabulary: list[str], *, lower: bool = True) -> None:
        """Take the pieces in the order of their numbers.

        Raises:
            KeyError: a piece that every vocabulary has is missing.

        """
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        self._lower = lower
        self._unknown, self._first, self._last = (self._ids[piece] for piece in ("[UNK]", "[CLS]", "[SEP]"))

    @classmethod
    def read(cls, folder: Path) -> WordPieces:
        """Read ``vocab.txt``, and from ``tokenizer_config.json``, where there is one, whether case matters."""
        facts = folder / "tokenizer_config.json"
        lower = json.loads(facts.read_text(encoding="utf-8")).get("do_lower_case", True) if facts.is_file() else True
        return cls((folder / "vocab.txt").read_text(encoding="utf-8").splitlines(), lower=bool(lower))

    def ids(self, text: str, limit: int) -> list[int]:
        """Give the numbers of a text's pieces between those for beginning and end, at most `limit` in all."""
        found = [self._first]
        for word in self._words(text):
            found += self._pieces(word)
            if len(found) >= limit:
                break
        return [*found[: limit - 1], self._last]

    def _words(self, text: str) -> Iterator[str]:
        if self._lower:
            text = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
        spaced = "".join(f" {c} " if _alone(c) else " " if _empty(c) else c for c in text)
        yield from spaced.split()

    def _pieces(self, word: str) -> list[int]:
        if len(word) > _LONGEST_WORD:
            return [self._unknown]
        found: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            fits = (end for end in range(len(word), start, -1) if prefix + word[start:end] in self._ids)
            end = next(fits, None)
            if end is None:
                return [self._unknown]
            found.append(self._ids[prefix + word[start:end]])
            start = end
        return found


def _alone(character: str) -> bool:
    """Tell whether a character is a word by itself: punctuation, ASCII signs, Chinese characters."""
    code = ord(character)
    if code < 128:  # noqa: PLR2004 - ASCII
        return character.isprintable() and not character.isalnum() and character != " "
    if unicodedata.category(character)[0] == "P":
        return True
    return any(first <= code <= last for first, last in _EAST_ASIAN)


def _empty(character: str) -> bool:
    return character == "\ufffd" or unicodedata.category(character)[0] == "C"
