"""Altered sentences for measuring the proof gate: falsified ones, and ones that say the same in other signs."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence

Change = Callable[[str, random.Random, Sequence[str]], str | None]

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "June", "July", "August", "October", "November", "December")
_AUXILIARY = re.compile(r"\b(is|are|was|were|will|can|could|has|have|had|does|did|may|must|should|would)\b(?! not)")
_NAME = re.compile(r"(?<=[a-z,;] )([A-Z][a-z]{2,}(?:[A-Z]\w+|-\d+)?)\b")
_COMMON = {*_DAYS, *_MONTHS, "May", "The", "But", "And"}


def number(text: str, chance: random.Random, _: Sequence[str]) -> str | None:
    """Change one number by a fifth or more."""
    found = list(re.finditer(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w.,]*\d)", text))
    if not found:
        return None
    match = chance.choice(found)
    value = float(match.group().replace(",", ""))
    other = value * chance.choice((0.5, 1.2, 2, 3, 10)) + chance.choice((1, 2))
    return text[: match.start()] + (f"{other:,.1f}" if "." in match.group() else f"{other:,.0f}") + text[match.end() :]


def name(text: str, chance: random.Random, others: Sequence[str]) -> str | None:
    """Put a name of another entry in the place of one."""
    found = [match for match in _NAME.finditer(text) if match.group() not in _COMMON]
    if not found or not others:
        return None
    match = chance.choice(found)
    return text[: match.start()] + chance.choice(list(others)) + text[match.end() :]


def exchange(text: str, _: random.Random, __: Sequence[str]) -> str | None:
    """Exchange two numbers of a sentence."""
    found = list(re.finditer(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w.,%]*\d)", text))
    if len(found) < 2 or found[0].group() == found[-1].group():
        return None
    one, two = found[0], found[-1]
    return text[: one.start()] + two.group() + text[one.end() : two.start()] + one.group() + text[two.end() :]


def date(text: str, chance: random.Random, _: Sequence[str]) -> str | None:
    """Change a weekday or a month."""
    for known in (_DAYS, _MONTHS):
        found = [word for word in known if re.search(rf"\b{word}\b", text)]
        if found:
            word = chance.choice(found)
            return re.sub(rf"\b{word}\b", chance.choice([other for other in known if other not in text]), text, count=1)
    return None


def negation(text: str, chance: random.Random, _: Sequence[str]) -> str | None:
    """Deny what is affirmed, or affirm what is denied."""
    if " not " in text:
        return text.replace(" not ", " ", 1)
    found = list(_AUXILIARY.finditer(text))
    if not found:
        return None
    match = chance.choice(found)
    return text[: match.end()] + " not" + text[match.end() :]


def quotation(text: str, chance: random.Random, _: Sequence[str]) -> str | None:
    """Change a word within a quotation."""
    match = re.search(r"[“\"]([^”\"]{12,})[”\"]", text)
    if match is None:
        return None
    inner = match.group(1).split()
    inner[chance.randrange(len(inner))] = "surely"
    return text[: match.start(1)] + " ".join(inner) + text[match.end(1) :]


FALSE: dict[str, Change] = {each.__name__: each for each in (number, name, exchange, date, negation, quotation)}


def _signs(text: str, _: random.Random, __: Sequence[str]) -> str | None:
    return text.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-"}) + " "


def _units(text: str, _: random.Random, __: Sequence[str]) -> str | None:
    other = re.sub(r"(\d)%", r"\1 percent", text)
    other = re.sub(r"(\d),(\d{3})\b", r"\1\2", other)
    other = re.sub(r"(\d) million\b", r"\1m", re.sub(r"(\d) billion\b", r"\1bn", other))
    return other if other != text else None


def _clause(text: str, _: random.Random, __: Sequence[str]) -> str | None:
    head = text.rpartition(", ")[0]
    return head + "." if len(head.split()) >= 6 and head.count("“") == head.count("”") else None


def _first(text: str, _: random.Random, __: Sequence[str]) -> str | None:
    match = re.match(r"^[A-Z][a-z]+(?: [a-z]+){0,4}, ", text)
    rest = text[match.end() :] if match else ""
    return rest[0].upper() + rest[1:] if len(rest.split()) >= 6 else None


def _that(text: str, _: random.Random, __: Sequence[str]) -> str | None:
    return f"According to the report, {text}"


TRUE: dict[str, Change] = {"signs": _signs, "units": _units, "clause": _clause, "first": _first, "that": _that}


def names_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the names that stand within sentences of some texts."""
    return tuple(sorted({found for text in texts for found in _NAME.findall(text) if found not in _COMMON}))


def altered(
    changes: dict[str, Change], sentences: Sequence[str], source: str, strangers: Sequence[str], seed: int
) -> Iterator[tuple[str, str]]:
    """Yield (kind, altered sentence) for each change that a sentence allows; `strangers` are names of other entries."""
    chance = random.Random(seed)
    others = [stranger for stranger in strangers if stranger.lower() not in source.lower()]
    for sentence in sentences:
        for kind, change in changes.items():
            other = change(sentence, chance, others)
            if other is not None and other.strip() != sentence:
                yield kind, other
