"""Two digests of the same days, side by side: stories gained, lost and moved. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trendbot.core.digests import DigestContent, DigestItem

TOP = 10
FAR = 3
"""A story moves that changes its section, or by so many places."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """Where a story stands in a digest: the number in reading order from 1, and the section."""

    position: int
    section: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What became of a story: gained has no `before`, lost no `after`; `words` tells that it is worded otherwise."""

    story_id: int
    headline: str
    before: Placed | None
    after: Placed | None
    words: bool

    @property
    def kind(self) -> str:
        """Return ``gained``, ``lost``, ``moved`` or ``worded``."""
        if self.before is None:
            return "gained"
        if self.after is None:
            return "lost"
        return "moved" if _moved(self.before, self.after) else "worded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """All that differs, in the order of the second digest, what was lost last.

    `overlap` is how many of the first ten stories of each the two share, of the larger ten: 1 for the same ones.
    `same` tells that the two are equal to the last letter.
    """

    stories: tuple[Difference, ...]
    overlap: float
    same: bool

    def of(self, kind: str) -> tuple[Difference, ...]:
        """Return those of one kind."""
        return tuple(each for each in self.stories if each.kind == kind)


def differences(before: DigestContent, after: DigestContent) -> Differences:
    """Compare two digests story by story."""
    old, new = _places(before), _places(after)
    order = [*new, *(story for story in old if story not in new)]
    found = (_difference(story, old.get(story), new.get(story)) for story in order)
    return Differences(
        stories=tuple(each for each in found if each is not None),
        overlap=overlap(list(old), list(new)),
        same=before == after,
    )


def overlap(before: Sequence[int], after: Sequence[int], *, top: int = TOP) -> float:
    """Return the share of the first `top` that two orders have in common; 1 where both are empty."""
    ours, theirs = set(before[:top]), set(after[:top])
    most = max(len(ours), len(theirs))
    return len(ours & theirs) / most if most else 1.0


def _places(content: DigestContent) -> dict[int, tuple[Placed, DigestItem]]:
    found: dict[int, tuple[Placed, DigestItem]] = {}
    for position, (section, item) in enumerate(content.items(), start=1):
        found.setdefault(item.story_id, (Placed(position=position, section=section), item))
    return found


def _difference(
    story: int, old: tuple[Placed, DigestItem] | None, new: tuple[Placed, DigestItem] | None
) -> Difference | None:
    words = bool(old and new) and _words(old) != _words(new)
    if old and new and not words and not _moved(old[0], new[0]):
        return None
    shown = new or old
    return Difference(
        story_id=story,
        headline=shown[1].headline if shown else "",
        before=old[0] if old else None,
        after=new[0] if new else None,
        words=words,
    )


def _words(placed: tuple[Placed, DigestItem] | None) -> tuple[str, ...]:
    return (placed[1].headline, *(each.text for each in placed[1].sentences)) if placed else ()


def _moved(before: Placed, after: Placed) -> bool:
    return before.section != after.section or abs(before.position - after.position) >= FAR
