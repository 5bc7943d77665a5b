"""The buttons under messages to subscribers, and what a pressed one says. Pure.

The data of a button is ``name:argument:…`` of at most 64 bytes, and says what shall be, never "the other way round": a
button pressed twice, or whose press is handled again after a crash, leads to the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from trendbot.core.phrases import Words

MOST_BYTES: Final = 64
_LONGEST_SLUG: Final = 48
_SLUG_DIGITS: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button: its label, and the data it sends or the address it opens."""

    text: str
    data: str | None = None
    url: str | None = None


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A pressed button, as hostile as any text: the name of what it asks for and its arguments."""

    name: str
    arguments: tuple[str, ...] = ()

    def number(self, place: int) -> int | None:
        """Return an argument as a number, or None where it is none."""
        text = self.text(place)
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None  # noqa: PLR2004

    def text(self, place: int) -> str:
        """Return an argument, empty where there is none."""
        return self.arguments[place] if place < len(self.arguments) else ""


def data(name: str, *arguments: object) -> str:
    """Return the data of a button.

    Raises:
        ValueError: it has more than 64 bytes, which the Bot API refuses.

    """
    said = ":".join((name, *(str(argument) for argument in arguments)))
    if len(said.encode()) > MOST_BYTES:
        raise ValueError(f"a button's data is too long: {said!r}")
    return said


def read_press(said: str) -> Press:
    """Read a button's data."""
    name, *arguments = said.split(":")
    return Press(name=name, arguments=tuple(arguments))


def theme_key(slug: str) -> str:
    """Return what stands for a theme in a button: its slug, or a digest of a long one."""
    if len(slug.encode()) <= _LONGEST_SLUG and ":" not in slug:
        return slug
    return hashlib.sha256(slug.encode()).hexdigest()[:_SLUG_DIGITS]


def theme_named(key: str, slugs: Iterable[str]) -> str | None:
    """Return the theme that a button stands for, or None where there is none any more."""
    return next((slug for slug in slugs if theme_key(slug) == key), None)


def in_rows(buttons: Sequence[Button], width: int) -> Rows:
    """Lay buttons out, so many in a row."""
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


def digest_rows(words: Words, digest_id: int) -> Rows:
    """Return the buttons under a digest that a subscriber gets."""
    return (
        (
            Button(text=words.plain("button.why"), data=data("why", digest_id)),
            Button(text=words.plain("button.taste"), data=data("taste", digest_id)),
        ),
        (Button(text=words.plain("button.settings"), data=data("go", "settings")),),
    )


def alert_rows(words: Words, story_id: int) -> Rows:
    """Return the buttons under an alert."""
    return (
        (
            Button(text=words.plain("button.more"), data=data("say", story_id, 1)),
            Button(text=words.plain("button.less"), data=data("say", story_id, -1)),
        ),
        (Button(text=words.plain("button.settings"), data=data("go", "when")),),
    )
