"""From a title and a summary to the two sparse vectors that entries are compared by.

Weights are ``(1 + ln tf) * idf^1.2``, of the heaviest words only, scaled to length one and rounded to multiples of
2^-20: sums of such numbers are exact in floating point whatever their order, so that a centroid does not depend on the
order its members came in.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from trendbot.core.grouping.background import Background
from trendbot.core.text import headline, words

Vector = Mapping[str, float]

SUMMARY_WORDS = 40
"""How many words of a summary count: the head of a text tells the event, its tail the background."""
_LONGEST = 600
"""How many characters of a summary are read for them."""
BODY_TERMS = 24
"""How many terms of title and summary are kept, the heaviest: the rest hardly turns a comparison, and costs."""
_STRESS = 1.2
"""Rare words count more than their idf: measured, names tell events apart better than subjects do."""
_GRAIN = 2.0**20
_KEPT = 0.5
_SHORT = 4

STOP_WORDS = frozenset(
    word
    for line in (
        "a an the and or but of to in on at by for from with without as is are was were be been being it its this that",
        "these those he she they we you i his her their our your my me him them us who whom which what when where why",
        "how not no nor so if then than too very can could will would shall should may might must do does did done",
        "has have had having about into over after before between out up down off again more most some such only own",
        "same s t don just now new says say said also via amid against during under while there here all any both",
        "each few per other vs",
    )
    for word in line.split()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Vectors:
    """An entry as numbers: its title, its title with the head of its summary, and its title's normal form.

    Where the body would say the same as the title it is the title's vector itself.
    """

    title: Vector
    body: Vector
    normal_title: str


def vectors(title: str, summary: str, background: Background) -> Vectors:
    """Return the vectors of an entry; a summary that repeats the title counts once."""
    said, normal = headline(title)
    head = _terms(said)
    rest = _terms(words(summary.removeprefix(title)[:_LONGEST])[:SUMMARY_WORDS])
    own = _weighted(head, background)
    return Vectors(title=own, body=_weighted([*head, *rest], background) if rest else own, normal_title=normal)


def title_terms(title: str) -> list[str]:
    """Return the terms of a title as they are weighed and counted: without stop words, stemmed, in order."""
    return _terms(headline(title)[0])


def _weighted(terms: Iterable[str], background: Background) -> Vector:
    raw = {term: (1 + math.log(n)) * background.weight(term) ** _STRESS for term, n in Counter(terms).items()}
    if len(raw) > BODY_TERMS:
        raw = dict(heapq.nsmallest(BODY_TERMS, raw.items(), key=_heaviest_first))
    size = length(raw)
    return {term: round(value / size * _GRAIN) / _GRAIN for term, value in raw.items()}


def _heaviest_first(pair: tuple[str, float]) -> tuple[float, str]:
    return -pair[1], pair[0]


def length(vector: Vector) -> float:
    """Return the Euclidean length of a vector."""
    return math.sqrt(sum([value * value for value in vector.values()]))


def scaled(vector: Vector, factors: Mapping[str, float]) -> Vector:
    """Return the vector with each weight times its factor, at length one again."""
    raw = {term: value * factors[term] for term, value in vector.items()}
    size = length(raw) or 1.0
    return {term: value / size for term, value in raw.items()}


def _terms(found: Iterable[str]) -> list[str]:
    return [term for word in found if word not in STOP_WORDS for term in _terms_of(word)]


@lru_cache(maxsize=50_000)
def _terms_of(word: str) -> tuple[str, ...]:
    """Return the stem of a word, and those of the parts of a compound."""
    if "-" not in word and "+" not in word:
        return (stem(word),)
    parts = word.replace("+", "-").split("-")
    return stem(word), *(stem(part) for part in parts if part and part not in STOP_WORDS)


def stem(word: str) -> str:
    """Strip the common English endings from a plain word; names with digits or signs stay whole."""
    if len(word) <= _SHORT or not (word.isascii() and word.isalpha()):
        return word
    bare = _without_ending(word)
    return bare[:-1] if len(bare) > _SHORT and bare.endswith("e") else bare


def _without_ending(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    for ending, shortest in (("ing", 7), ("ed", 6)):
        if word.endswith(ending) and len(word) >= shortest:
            return _single(word[: -len(ending)])
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _single(stump: str) -> str:
    """Undo the doubling of ``planned`` and ``running``."""
    return stump[:-1] if stump[-1] == stump[-2] and stump[-1] not in "ls" else stump


def reads_otherwise(before: tuple[str, str], now: tuple[str, str], background: Background) -> bool:
    """Tell whether a title with its summary says another thing than it did: not merely better, or at more length."""
    old, new = vectors(*before, background), vectors(*now, background)
    return max(dot(old.title, new.title), dot(old.body, new.body)) < _KEPT


def dot(one: Vector, other: Vector) -> float:
    """Return the inner product of two sparse vectors."""
    if len(one) > len(other):
        one, other = other, one
    return sum([value * other[term] for term, value in one.items() if term in other])
