"""The rule lab: two rule sets over the same entries, side by side.

    entry, verdicts before and after, a person's word ─add→ Lab ─result→ Comparison

What a person said of an entry stands whatever the rules say; it is also what both rule sets are measured against. Only
what a person did say counts: a theme of which nobody spoke is neither right nor wrong.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trendbot.core.scoring import Tally, macro_f1, tally
from trendbot.core.themes import Annotation, Evidence

KEPT = 5
"""Entries kept of each theme's gains and losses: the latest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Specimen:
    """An entry as the lab shows it."""

    id: int
    day: str
    feed: str
    title: str
    body: str
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """An entry that a theme gains or loses: the words that did it, both scores, and what a person says, if one does."""

    entry: Specimen
    evidence: tuple[Evidence, ...]
    score_before: float
    score_after: float
    person: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ThemeChange:
    """What becomes of one theme: entries before and after, gained and lost, and both tallies against people."""

    theme: str
    before: int
    after: int
    gained: int
    lost: int
    gains: tuple[Move, ...]
    losses: tuple[Move, ...]
    old: Tally
    new: Tally

    @property
    def points(self) -> float | None:
        """How many points (hundredths) of F1 are won, or lost where negative; None where nobody said yes."""
        if self.old.f1 is None or self.new.f1 is None or not self.old.positives:
            return None
        return 100 * (self.new.f1.value - self.old.f1.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """How often the rules said one theme where a person meant another, which they missed."""

    said: str
    meant: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two rule sets compared over `entries` entries, of which people spoke on `labelled`."""

    entries: int
    labelled: int
    themes: tuple[ThemeChange, ...]
    confused: tuple[Confusion, ...]

    @property
    def old(self) -> Tally:
        """All themes together, before."""
        return sum((theme.old for theme in self.themes), Tally())

    @property
    def new(self) -> Tally:
        """All themes together, after."""
        return sum((theme.new for theme in self.themes), Tally())

    @property
    def macro_before(self) -> float | None:
        """The mean F1 over the themes, before."""
        return macro_f1(theme.old for theme in self.themes)

    @property
    def macro_after(self) -> float | None:
        """The mean F1 over the themes, after."""
        return macro_f1(theme.new for theme in self.themes)

    def fallen(self, points: float) -> tuple[ThemeChange, ...]:
        """Give the themes that lose more than `points` points of F1."""
        return tuple(theme for theme in self.themes if theme.points is not None and theme.points < -points)


@dataclass(slots=True)
class _Count:
    before: int = 0
    after: int = 0
    gained: int = 0
    lost: int = 0
    gains: deque[Move] = field(default_factory=deque)
    losses: deque[Move] = field(default_factory=deque)
    old: Tally = field(default_factory=Tally)
    new: Tally = field(default_factory=Tally)


class Lab:
    """Takes entries one by one, oldest first, and keeps counts and the latest examples."""

    def __init__(self, themes: Iterable[str], *, keep: int = KEPT) -> None:
        """Compare over `themes`, the slugs of both rule sets in the order to show them."""
        self._counts = {slug: _Count(gains=deque(maxlen=keep), losses=deque(maxlen=keep)) for slug in themes}
        self._confused: Counter[tuple[str, str]] = Counter()
        self._entries = self._labelled = 0

    def add(self, entry: Specimen, before: Annotation, after: Annotation, person: Mapping[str, bool]) -> None:
        """Count one entry: what each rule set says of it, and what a person says of some themes."""
        self._entries += 1
        self._labelled += bool(person)
        old, new = set(before.themes), set(after.themes)
        for slug in old | new:
            self._count(slug, entry, before, after, person.get(slug))
        for slug, meant in person.items():
            if slug in self._counts:
                count = self._counts[slug]
                count.old += tally(slug in old, meant)
                count.new += tally(slug in new, meant)
        self._confuse(new, person)

    def _count(self, slug: str, entry: Specimen, before: Annotation, after: Annotation, person: bool | None) -> None:
        count = self._counts[slug]
        was, now = slug in before.themes, slug in after.themes
        count.before += was
        count.after += now
        if was == now:
            return
        move = Move(
            entry=entry,
            evidence=_evidence(after if now else before, slug),
            score_before=_score(before, slug),
            score_after=_score(after, slug),
            person=person,
        )
        if now:
            count.gained += 1
            count.gains.append(move)
        else:
            count.lost += 1
            count.losses.append(move)

    def _confuse(self, said: set[str], person: Mapping[str, bool]) -> None:
        wrong = [slug for slug in said if person.get(slug) is False]
        missed = [slug for slug, meant in person.items() if meant and slug not in said]
        self._confused.update((one, other) for one in wrong for other in missed)

    def result(self) -> Comparison:
        """Give the comparison of what was added so far."""
        return Comparison(
            entries=self._entries,
            labelled=self._labelled,
            themes=tuple(
                ThemeChange(
                    theme=slug,
                    before=count.before,
                    after=count.after,
                    gained=count.gained,
                    lost=count.lost,
                    gains=tuple(reversed(count.gains)),
                    losses=tuple(reversed(count.losses)),
                    old=count.old,
                    new=count.new,
                )
                for slug, count in self._counts.items()
            ),
            confused=tuple(
                Confusion(said=said, meant=meant, count=number)
                for (said, meant), number in sorted(self._confused.items(), key=lambda item: (-item[1], item[0]))
            ),
        )


def _evidence(annotation: Annotation, slug: str) -> tuple[Evidence, ...]:
    return next((verdict.evidence for verdict in annotation.verdicts if verdict.theme == slug), ())


def _score(annotation: Annotation, slug: str) -> float:
    return next((verdict.score for verdict in annotation.verdicts if verdict.theme == slug), 0.0)
