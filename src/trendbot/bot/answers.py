"""What the bot can answer: plain values, carried out by ``sending.py``."""

from __future__ import annotations

from dataclasses import dataclass

from trendbot.core.buttons import Rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Show:
    """The screen: the one message of a talk that is edited in place; sent anew after a command, in place of the old."""

    text: str
    rows: Rows = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A message that stays."""

    text: str
    rows: Rows = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Photo:
    """A picture with a caption."""

    png: bytes
    caption: str


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file with a caption."""

    name: str
    data: bytes
    caption: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Toast:
    """A short plain word that appears over the talk after a press and goes away."""

    text: str


Output = Show | Post | Photo | File | Toast


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What is answered, in order; `expects` is the question that the next plain text answers, if one was asked."""

    outputs: tuple[Output, ...] = ()
    expects: str | None = None


def answer(*outputs: Output, expects: str | None = None) -> Answer:
    """Return an answer of these outputs."""
    return Answer(outputs=outputs, expects=expects)
