"""The shapes of the rule language: what a themes file says, and what reading an entry by it yields.

`Evidence`, `Verdict`, `Mention` and `Annotation` are named tuples where all else is a frozen dataclass: they are made
many times a text, at a quarter of the cost.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

from trendbot.core.themes.phrases import Phrase


class Field(enum.StrEnum):
    """Where evidence was found."""

    TITLE = "title"
    BODY = "body"
    FEED = "feed"
    AUTHOR = "author"


class Where(enum.StrEnum):
    """The fields in which a rule looks."""

    BOTH = "both"
    TITLE = "title"
    BODY = "body"


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Phrases, and names of terms, any of which will do.

    `label` is how the file calls the group; `kinds` are those all of whose terms are in it, also terms of later.
    """

    label: str
    phrases: tuple[Phrase, ...] = ()
    terms: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.phrases or self.terms)


NOTHING = Group(label="")


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """When a rule or a term counts.

    One phrase of `any` must occur, one of each group of `all` anywhere in the entry, the groups of `near` within
    `within` words of each other in one field, and nothing of `none` anywhere. An occurrence does not count where a
    phrase of `apart_from` overlaps it, or one of `unless` stands within `reach` words in the same field. `feeds` and
    `authors` are patterns with ``*``, of which one must match.
    """

    any: Group = NOTHING
    all: tuple[Group, ...] = ()
    near: tuple[Group, ...] = ()
    within: int = 8
    none: Group = NOTHING
    apart_from: Group = NOTHING
    unless: Group = NOTHING
    reach: int = 12
    where: Where = Where.BOTH
    feeds: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A condition and what it adds to the theme's score, in the title and in the body; negative speaks against."""

    name: str
    title_weight: float
    body_weight: float
    condition: Condition


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """An editorial subject; it applies from `threshold` on."""

    slug: str
    title: str
    description: str = ""
    threshold: float = 1.0
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """A counted name: its occurrences are mentions, and may speak for themes. `themes` holds (slug, title, body)."""

    name: str
    kind: str
    condition: Condition
    themes: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ThemeSet:
    """A whole themes file. `hash` names its meaning: comments and layout do not change it."""

    hash: str
    themes: tuple[Theme, ...]
    terms: tuple[Term, ...] = ()
    slugs: tuple[str, ...] = field(default=())

    def __hash__(self) -> int:
        """Go by the name of the meaning: going through every phrase takes longer than what is remembered by it."""
        return hash(self.hash)


class Evidence(NamedTuple):
    """One match: `start` and `end` count characters of the original field, `weight` is what the rule added."""

    field: Field
    start: int
    end: int
    text: str
    rule: str
    weight: float


class Verdict(NamedTuple):
    """What the rules say of one theme. `confidence` is a probability where one was calibrated."""

    theme: str
    applies: bool
    score: float
    confidence: float | None
    evidence: tuple[Evidence, ...]


class Mention(NamedTuple):
    """How often a term occurs in an entry."""

    term: str
    count: int  # type: ignore[assignment]  # hides tuple.count, which nothing here needs


class Annotation(NamedTuple):
    """All that the rules say of one entry; a theme without any evidence has no verdict."""

    verdicts: tuple[Verdict, ...] = ()
    mentions: tuple[Mention, ...] = ()

    @property
    def themes(self) -> tuple[str, ...]:
        """The slugs of the themes that apply."""
        return tuple(verdict.theme for verdict in self.verdicts if verdict.applies)
