"""Long lists of values in parts: a statement takes only so many parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

CHUNK = 400
"""Values in one statement."""


def chunks(values: Iterable[T]) -> list[list[T]]:
    """Return `values` in order, in lists of at most `CHUNK`."""
    every = list(values)
    return [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)]
