"""Texts with the words that decided marked: by colour on a terminal, by « » elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from trendbot.cli.out import harmless
from trendbot.core.marking import Piece, excerpt, mark
from trendbot.core.themes import Evidence, Field

if TYPE_CHECKING:
    from rich.text import Text

FOR, AGAINST = "bold dark_orange3", "underline dodger_blue2"
"""Styles of words that speak for a theme, and against one."""


def pieces_of(title: str, body: str, evidence: Iterable[Evidence], *, around: int = 60) -> tuple[Piece, ...]:
    """Give title and body in pieces: the title whole, the body cut to what stands around the marked words."""
    kept = tuple(evidence)
    head = mark(title, kept, Field.TITLE)
    if not any(item.field is Field.BODY for item in kept):
        return head
    return (*head, Piece(" / "), *excerpt(mark(body, kept, Field.BODY), around=around))


def as_text(pieces: Iterable[Piece]) -> Text:
    """Give pieces as styled text for a terminal."""
    from rich.text import Text

    text = Text()
    for piece in pieces:
        style = "" if piece.weight is None else (FOR if piece.weight >= 0 else AGAINST)
        text.append(harmless(piece.text), style=style)
    return text


def as_line(pieces: Iterable[Piece]) -> str:
    """Give pieces as a plain line, « » around what is marked."""
    return "".join(harmless(p.text) if p.weight is None else f"«{harmless(p.text)}»" for p in pieces).strip()


def show_marked(pieces: Iterable[Piece], *, indent: int = 4) -> None:
    """Print pieces, wrapped and styled on a terminal, as one line elsewhere."""
    if not sys.stdout.isatty():
        click.echo(" " * indent + as_line(pieces))
        return
    from rich.console import Console
    from rich.padding import Padding

    Console(highlight=False).print(Padding(as_text(pieces), (0, 0, 0, indent)))


RULE = 48
"""Characters shown of a rule's name."""


def because(evidence: Iterable[Evidence]) -> str:
    """Say which rules counted, the weightiest first: ``open weights +1, term Llama 3 +0.6``."""
    return ", ".join(f"{_shortened(rule)} {weight:+g}" for rule, weight, _ in _added(evidence))


def because_words(evidence: Iterable[Evidence]) -> str:
    """Say which words of the text counted, the weightiest first: ``“open weights” +1, “Llama 3” +0.6``."""
    return ", ".join(f"“{_shortened(harmless(text))}” {weight:+g}" for _, weight, text in _added(evidence) if weight)


def _added(evidence: Iterable[Evidence]) -> list[tuple[str, float, str]]:
    """Give each rule with what it added and the words that met it first, the weightiest first."""
    added: dict[str, float] = {}
    words: dict[str, str] = {}
    for item in evidence:
        added[item.rule] = round(added.get(item.rule, 0.0) + item.weight, 6)
        words.setdefault(item.rule, item.text)
    ranked = sorted(added.items(), key=lambda pair: -abs(pair[1]))
    return [(rule, weight, words[rule]) for rule, weight in ranked]


def _shortened(text: str) -> str:
    return text if len(text) <= RULE else f"{text[: RULE - 1]}…"
