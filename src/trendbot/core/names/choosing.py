"""Choosing which new names are worth a person's minute.

A name is put forward when it is mentioned far more often in three days than the sixty days before let one expect:
Gamma-Poisson surprise, by which a name never seen before needs no rate of its own. Names with digits and hyphens are
oftener products than people and places, and get a bonus for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from trendbot.core.names.finding import is_part, is_word
from trendbot.core.trends.surprise import tail

WINDOW_DAYS, BASELINE_DAYS = 3, 60
DAILY = 5
"""Names put forward in a day at most."""
LEAST = 2
"""Feeds, or but one entries, that a name stands in at least."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A name and how often it was mentioned.

    `forms` are its spellings with their counts. `entries` and `feeds` are of the window, `strong` the entries that use
    it where capitals mean a name; `baseline` is of the sixty days before, `earlier` all that is known before the
    window. `lower` counts entries that have the word without a capital.
    """

    key: str
    forms: tuple[tuple[str, int], ...]
    entries: int
    feeds: int
    strong: int
    baseline: int = 0
    earlier: int = 0
    lower: int = 0

    @property
    def text(self) -> str:
        """The spelling that is used most; the first in the alphabet of several."""
        return min(self.forms, key=lambda form: (-form[1], form[0]))[0]

    @property
    def digit(self) -> bool:
        """Tell whether the name has a digit."""
        return any(character.isdigit() for character in self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A name put forward, with its score and what made it: `surprise` is -log10 of the chance of so many mentions."""

    candidate: Candidate
    score: float
    surprise: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a name must have to be put forward, and what its score is made of.

    Where a day has room left, names with less behind them are put forward too (`_is_thin`): those of a score from
    `thin` on.
    `strong` is the least share of its mentions where capitals mean a name, `lower` the most that the plain word may
    have against it, `doubt` what the score loses for both, `nested` by how much a longer name may be rarer and still
    stand for the shorter.
    """

    entries: int = 3
    feeds: int = 2
    earlier: int = 15
    strong: float = 0.2
    lower: float = 0.5
    doubt: float = 2.0
    digit: float = 1.0
    hyphen: float = 0.3
    prior: float = 0.1
    nested: float = 0.4
    thin: float = 4.0


def _nothing(candidate: Candidate) -> bool:  # noqa: ARG001
    return False


def choose(
    candidates: Iterable[Candidate],
    *,
    exposure: int,
    baseline_exposure: int,
    settled: Callable[[Candidate], bool] = _nothing,
    policy: Policy | None = None,
    limit: int = DAILY,
) -> list[Choice]:
    """Return the names to put forward, best first, at most `limit`.

    `exposure` and `baseline_exposure` count all entries of the window and of the days before; `settled` tells what is
    not asked again: known, rejected or put forward before.
    """
    policy = policy or Policy()
    able = [candidate for candidate in candidates if _is_able(candidate, policy)]
    free = [c for c in without_nested(able, policy.nested) if c.earlier <= policy.earlier and not settled(c)]
    rated = [_rate(candidate, exposure, baseline_exposure, policy) for candidate in free]
    rated = [choice for choice in rated if choice.score >= policy.thin or not _is_thin(choice.candidate, policy)]
    rated.sort(key=lambda choice: (_is_thin(choice.candidate, policy), -choice.score, choice.candidate.key))
    return _one_of_a_family(rated, limit)


def _one_of_a_family(rated: Iterable[Choice], limit: int) -> list[Choice]:
    """Take the first `limit`, of names that are part of each other only the best: the others may come tomorrow."""
    chosen: list[Choice] = []
    for choice in rated:
        if len(chosen) >= limit:
            break
        if not any(is_part(choice.candidate.text, other.candidate.text) for other in chosen):
            chosen.append(choice)
    return chosen


def _is_able(candidate: Candidate, policy: Policy) -> bool:
    """Tell whether a name has two witnesses, is used as a name often enough, and is no everyday word."""
    if candidate.entries < LEAST or max(candidate.feeds, candidate.entries - 1) < LEAST:
        return False
    if candidate.strong < max(1.0, policy.strong * candidate.entries):
        return False
    return candidate.lower <= policy.lower * (candidate.entries + candidate.earlier)


def _is_thin(candidate: Candidate, policy: Policy) -> bool:
    """Tell whether a name has so little behind it that it waits for a day with room."""
    return candidate.entries < policy.entries or candidate.feeds < policy.feeds


def _rate(candidate: Candidate, exposure: int, baseline_exposure: int, policy: Policy) -> Choice:
    shape = candidate.baseline + policy.prior
    past = baseline_exposure + max(exposure, baseline_exposure * WINDOW_DAYS / BASELINE_DAYS, 1)
    value = tail(candidate.entries, shape=shape, mean=shape * max(exposure, 1) / past)
    bonus = policy.digit * candidate.digit + policy.hyphen * candidate.text.count("-")
    return Choice(candidate=candidate, score=value + bonus - policy.doubt * _doubt(candidate), surprise=value)


def _doubt(candidate: Candidate) -> float:
    """Return how much a plain word looks like an everyday one (0 to 2): by its capitals, and by its use without one."""
    if not is_word(candidate.text):
        return 0.0
    return 1 - candidate.strong / candidate.entries + candidate.lower / (candidate.entries + candidate.earlier)


def without_nested(candidates: Sequence[Candidate], tolerance: float) -> list[Candidate]:
    """Drop every name that is part of a longer one mentioned about as often (within `tolerance`)."""
    by_words = {tuple(candidate.text.casefold().split()): candidate for candidate in candidates}
    covered: set[str] = set()
    for words, longer in by_words.items():
        for part in _parts(words, by_words):
            if part is not longer and longer.entries >= (1 - tolerance) * part.entries:
                covered.add(part.key)
    return [candidate for candidate in candidates if candidate.key not in covered]


def _parts(words: tuple[str, ...], by_words: dict[tuple[str, ...], Candidate]) -> Iterable[Candidate]:
    spans = ((start, end) for start in range(len(words)) for end in range(start + 1, len(words) + 1))
    return [by_words[words[start:end]] for start, end in spans if words[start:end] in by_words]
