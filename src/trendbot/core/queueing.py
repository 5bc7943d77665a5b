"""Which entries are most worth a person's minute.

Each theme of an entry is as doubtful as its probability is near one half; a theme with few examples counts for more
(``1 / sqrt(positives + 1)``), and an entry is worth what its most doubtful theme is. A fifth of every batch is drawn at
random instead: only those measure honestly how good the tags are. No story is asked twice.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

RANDOM_SHARE = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An entry that could be asked: its story, the probability of each theme that has any, and whether chance drew it.

    `mates` are its story's entries.
    """

    entry_id: int
    story_id: int | None = None
    mates: int = 1
    likely: Mapping[str, float] = field(default_factory=dict)
    by_chance: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """An entry to ask: why (``doubtful``, ``rare`` or ``random``), for which theme, and what the answer is worth."""

    entry_id: int
    drawn: str
    theme: str = ""
    worth: float = 0.0


def doubt(probability: float) -> float:
    """Give how doubtful a yes or no is: 1 at one half, 0 at certainty."""
    return 1 - abs(2 * probability - 1)


def by_chance(size: int) -> int:
    """Give how many of a batch are drawn at random: a fifth, at least one of two."""
    return max(1, round(size * RANDOM_SHARE)) if size > 1 else 0


def question(candidate: Candidate, positives: Mapping[str, int]) -> Question:
    """Say what a candidate is worth: its most doubtful theme, the rarer the more."""
    best = Question(entry_id=candidate.entry_id, drawn="doubtful")
    for theme, probability in candidate.likely.items():
        worth = doubt(probability) / math.sqrt(positives.get(theme, 0) + 1)
        if worth > best.worth:
            best = Question(entry_id=candidate.entry_id, drawn=_why(theme, positives), theme=theme, worth=worth)
    return best


def _why(theme: str, positives: Mapping[str, int]) -> str:
    """Call a theme rare that has at most half of the examples that themes have on average."""
    mean = sum(positives.values()) / len(positives) if positives else 0
    return "rare" if mean and positives.get(theme, 0) <= mean / 2 else "doubtful"


def pick(
    candidates: Iterable[Candidate], positives: Mapping[str, int], *, size: int, seed: int
) -> tuple[Question, ...]:
    """Draw a batch: the entries worth most, a fifth by chance among them, one a story.

    `positives` counts the yes of people by theme. The examples that a batch is about to bring count at once, so that no
    single theme fills it. The same seed draws the same batch.
    """
    pool = list(candidates)
    chance = random.Random(seed)
    lucky = [candidate for candidate in pool if candidate.by_chance]
    chance.shuffle(lucky)
    taken = _Taken()
    random_ones = [Question(entry_id=c.entry_id, drawn="random") for c in taken.first(lucky, by_chance(size))]
    worthy = _worthiest(pool, positives, size - len(random_ones), taken)
    return tuple(_mixed(worthy, random_ones, chance))


class _Taken:
    """Keeps what a batch has already: entries and stories."""

    def __init__(self) -> None:
        self.entries: set[int] = set()
        self.stories: set[int] = set()

    def add(self, candidate: Candidate) -> bool:
        """Take a candidate unless it, or its story, is there; give whether it was taken."""
        if candidate.entry_id in self.entries or candidate.story_id in self.stories:
            return False
        self.entries.add(candidate.entry_id)
        if candidate.story_id is not None:
            self.stories.add(candidate.story_id)
        return True

    def first(self, candidates: Sequence[Candidate], number: int) -> list[Candidate]:
        found: list[Candidate] = []
        for candidate in candidates:
            if len(found) >= number:
                break
            if self.add(candidate):
                found.append(candidate)
        return found


def _worthiest(pool: Sequence[Candidate], positives: Mapping[str, int], number: int, taken: _Taken) -> list[Question]:
    """Take the worthiest one by one; what each is likely to be an example of makes the next one of it worth less."""
    counts = dict(positives)
    waiting = {candidate.entry_id: candidate for candidate in pool}
    shortlist = sorted(waiting.values(), key=lambda c: (-question(c, counts).worth, -c.entry_id))[: number * 10]
    found: list[Question] = []
    while shortlist and len(found) < number:
        best = max(shortlist, key=lambda c: (question(c, counts).worth, c.entry_id))
        shortlist.remove(best)
        if taken.add(best):
            asked = question(best, counts)
            found.append(asked)
            if asked.theme:
                counts[asked.theme] = counts.get(asked.theme, 0) + 1
    return found


def _mixed(worthy: Sequence[Question], lucky: Sequence[Question], chance: random.Random) -> list[Question]:
    """Strew the random ones among the others, so that nobody can tell which they are by place."""
    mixed = list(worthy)
    for asked in lucky:
        mixed.insert(chance.randint(0, len(mixed)), asked)
    return mixed
