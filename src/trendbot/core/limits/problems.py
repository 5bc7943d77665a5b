"""What a linter says, and the unit that channels count in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A rule that a text breaks: `rule` names it, `line` is the 1-based line of the text, 0 for the whole.

    `part` is the 1-based message where an edition has several, 0 where it has one.
    """

    rule: str
    detail: str
    line: int = 0
    part: int = 0

    def __str__(self) -> str:
        where = f" in line {self.line}" if self.line else ""
        return f"{self.rule}{where}{f' of message {self.part}' if self.part else ''}: {self.detail}"


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)  # noqa: PLR2004


def line_past(text: str, units: int) -> int:
    """Return the 1-based line in which a text passes so many units; its last where it does not."""
    lines, seen = text.split("\n"), 0
    for number, line in enumerate(lines, start=1):
        seen += utf16_length(line) + 1
        if seen - 1 > units:
            return number
    return len(lines)
