"""Marking evidence in a text: where a word that decided begins and ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trendbot.core.themes import Evidence, Field

AROUND = 60
"""Characters shown on each side of the marked words where a text is cut."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `weight` is None where it is no evidence, else what its rules add, negative against."""

    text: str
    weight: float | None = None


def spans_of(evidence: Iterable[Evidence], field: Field) -> list[tuple[int, int, float]]:
    """Give the places in one field: start, end, weight; overlapping ones joined, their weights added."""
    joined: list[tuple[int, int, float]] = []
    for item in sorted((e for e in evidence if e.field is field), key=lambda e: (e.start, e.end)):
        if joined and item.start < joined[-1][1]:
            start, end, weight = joined[-1]
            joined[-1] = (start, max(end, item.end), weight + item.weight)
        else:
            joined.append((item.start, item.end, item.weight))
    return joined


def mark(text: str, evidence: Iterable[Evidence], field: Field) -> tuple[Piece, ...]:
    """Take a field's text apart: plain stretches and marked ones, which together are the text."""
    pieces, done = [], 0
    for start, end, weight in spans_of(evidence, field):
        if end > len(text) or start < done:
            continue  # the entry was edited since it was read
        pieces += [Piece(text[done:start]), Piece(text[start:end], weight)]
        done = end
    pieces.append(Piece(text[done:]))
    return tuple(piece for piece in pieces if piece.text)


def excerpt(pieces: Iterable[Piece], *, around: int = AROUND) -> tuple[Piece, ...]:
    """Cut what stands far from any marked piece; without any, give the beginning."""
    every = list(pieces)
    if all(piece.weight is None for piece in every):
        return tuple(Piece(_first(piece.text, 2 * around)) for piece in every[:1])
    return tuple(_cut(every, around))


def _cut(pieces: list[Piece], around: int) -> Iterator[Piece]:
    last = len(pieces) - 1
    for place, piece in enumerate(pieces):
        if piece.weight is not None:
            yield piece
        elif place == 0:
            yield Piece(_last(piece.text, around))
        elif place == last:
            yield Piece(_first(piece.text, around))
        elif len(piece.text) > 2 * around:
            yield Piece(_first(piece.text, around) + _last(piece.text, around).lstrip("…"))
        else:
            yield piece


def _first(text: str, size: int) -> str:
    return text if len(text) <= size else text[:size].rpartition(" ")[0] + " …"


def _last(text: str, size: int) -> str:
    return text if len(text) <= size else "… " + text[-size:].partition(" ")[2]
