"""The proof gate: what a sentence claims must be in the text it is drawn from. Pure.

A sentence that stands word for word in its source passes. Any other one (a rewrite, an editor's text, a model's) passes
when each of its numbers (with their unit multiplier, to half a percent), dates, quotations and proper names is in the
source, and when, held against the source's nearest sentence, it says the same: nothing negated or turned into its
opposite, and no numbers or names exchanged. It is a gate, not a truth test: a true sentence that knows more than its
source is refused too. ``benchmarks/proofs.py`` measures both kinds of error on altered texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trendbot.core.text import fold, sentences, words

TOLERANCE = 0.005
_NEAR, _VERY_NEAR = 0.6, 0.75


class Fault(StrEnum):
    """What of a sentence its source does not bear out."""

    NUMBER = "number"
    DATE = "date"
    QUOTATION = "quotation"
    NAME = "name"
    OPPOSITE = "opposite"
    EXCHANGED = "exchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Objection:
    """One reason to refuse a sentence: the kind of fault, and the words it is about."""

    fault: Fault
    about: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.about}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A text to hold sentences against, read once."""

    folded: str
    words: frozenset[str]
    amounts: tuple[Amount, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """A number with its multiplier applied; `share`: it is a percentage."""

    value: float
    share: bool
    text: str

    def same(self, other: Amount) -> bool:
        """Tell whether both are one number, to half a percent."""
        near = abs(self.value - other.value) <= TOLERANCE * max(abs(self.value), abs(other.value))
        return near and self.share == other.share


def read_source(*texts: str) -> Source:
    """Read the texts a sentence may draw on: title, body, the publisher's name."""
    whole = "\n\n".join(text for text in texts if text)
    return Source(
        folded=_bare(whole),
        words=frozenset(_parts(words(whole))),
        amounts=amounts(whole),
        sentences=sentences(whole),
    )


def is_verbatim(sentence: str, source: Source) -> bool:
    """Tell whether a sentence stands in the source word for word (quotation marks, dashes, case, loose stops apart)."""
    return _bare(sentence) in source.folded


def objections(sentence: str, source: Source) -> tuple[Objection, ...]:
    """Return what speaks against a sentence; nothing for one that its source bears out."""
    if is_verbatim(sentence, source):
        return ()
    found = [
        *_strange_amounts(sentence, source),
        *_strange_dates(sentence, source),
        *_strange_quotations(sentence, source),
        *_strange_names(sentence, source),
    ]
    return tuple(found) or _against_nearest(sentence, source)


def first_proven(texts: Iterable[str], source: Source) -> str | None:
    """Return the first text that the source bears out: a rewrite, then the publisher's own sentences."""
    return next((text for text in texts if not objections(text, source)), None)


_LOOSE = re.compile(r" (?=[.;:](?:\s|$))")
"""The space that a lost link leaves before a stop."""


def _bare(text: str) -> str:
    return _LOOSE.sub("", fold(text).replace('"', "").replace(" ,", ","))


def _parts(found: Iterable[str]) -> Iterable[str]:
    for word in found:
        yield word
        if "-" in word or "." in word:
            yield from re.split(r"[-.]", word)


# -- numbers -----------------------------------------------------------------------------------------------------------

_MULTIPLIERS = {
    "thousand": 1e3, "k": 1e3, "million": 1e6, "millions": 1e6, "m": 1e6, "mn": 1e6,
    "billion": 1e9, "billions": 1e9, "b": 1e9, "bn": 1e9, "trillion": 1e12, "t": 1e12, "tn": 1e12,
}  # fmt: skip
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "  # noqa: SIM905
    "eighteen nineteen twenty".split()
)
_WORDS = {word: float(value) for value, word in enumerate(_SMALL)} | {
    "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0, "ninety": 90.0,
    "hundred": 100.0, "half": 0.5, "twice": 2.0, "double": 2.0,
}  # fmt: skip
_UNITS = "|".join(sorted(_MULTIPLIERS, key=len, reverse=True))
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_AMOUNT = re.compile(
    rf"(?<!\w-)(?P<digits>{_DIGITS})(?P<gap>[ -]?)(?P<unit>%|(?:percent|per cent|{_UNITS})\b)?"
    r"|(?P<word>\b(?:"
    + "|".join(_WORDS)
    + r")\b)(?:[ -](?P<size>thousand|million|billion|trillion|percent|per cent)\b)?",
)


def amounts(text: str) -> tuple[Amount, ...]:
    """Return the numbers of a text in order: digits, number words; not those within a name (``GPT-5``)."""
    return tuple(_amount(match) for match in _AMOUNT.finditer(fold(text)))


def _amount(match: re.Match[str]) -> Amount:
    unit = match["unit"] or match["size"] or ""
    value = _WORDS[match["word"]] if match["word"] else float(match["digits"].replace(",", ""))
    glued = match["word"] is None and not match["gap"]
    factor = _MULTIPLIERS.get(unit, 1.0) if glued or len(unit) > 1 else 1.0  # "5 m" are metres, "5m" are millions
    return Amount(value=value * factor, share=unit in ("%", "percent", "per cent"), text=match.group().strip())


def _strange_amounts(sentence: str, source: Source) -> list[Objection]:
    return [
        Objection(fault=Fault.NUMBER, about=amount.text)
        for amount in amounts(sentence)
        if amount.text != "one" and not any(amount.same(known) for known in source.amounts)
    ]


# -- dates, quotations -------------------------------------------------------------------------------------------------

_DATES = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "  # noqa: SIM905
    "thursday friday saturday sunday today yesterday tomorrow".split()
)
_DATE = re.compile(r"(?:(?<=[^\w])|^)(?:" + "|".join(word.capitalize() for word in sorted(_DATES)) + r")\b")
_RELATIVE = re.compile(r"\b(?:today|yesterday|tomorrow)\b", re.IGNORECASE)
_QUOTED = re.compile(r"[“\"„«]([^“”\"„«»]{3,})[”\"“»]")


def _strange_dates(sentence: str, source: Source) -> list[Objection]:
    named = [*_DATE.findall(sentence), *_RELATIVE.findall(sentence)]
    return [
        Objection(fault=Fault.DATE, about=word)
        for word in named
        if word.lower() not in source.words and word.lower()[:3] not in source.words
    ]


def _strange_quotations(sentence: str, source: Source) -> list[Objection]:
    return [
        Objection(fault=Fault.QUOTATION, about=quoted)
        for quoted in _QUOTED.findall(sentence)
        if _bare(quoted).strip(" .,;!?") not in source.folded
    ]


# -- names -------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"[^\W_](?:[\w'’.&+/-]*[^\W_])?")
_KNOWN = frozenset(
    "ai llm llms gpu gpus cpu api eu us uk usa un ceo cto pdf url ml nlp agi ip it i".split()  # noqa: SIM905
)
_OPENERS = frozenset(
    "the a an it its he she they we you in on at but and so this that these those there here when while after "  # noqa: SIM905
    "before as if for with by to from however meanwhile now then what why how our their his her one some many most "
    "both all more no not only also according since until under over of or each every new researchers scientists "
    "company companies users people critics analysts experts developers engineers officials".split()
)


def _strange_names(sentence: str, source: Source) -> list[Objection]:
    return [Objection(fault=Fault.NAME, about=name) for name in names(sentence) if not _known(name, source)]


def names(sentence: str) -> tuple[str, ...]:
    """Return the proper names of a sentence, word by word: capitals, camel case, letters with digits.

    The first word is one unless it is a word that opens sentences; months and days are dates, not names.
    """
    found = []
    for match in _TOKEN.finditer(sentence):
        token = re.sub(r"['’]s$", "", match.group())
        first = not sentence[: match.start()].strip(" \"'“‘«([")
        if _is_name(token) and token.lower() not in _DATES and not (first and token.lower() in _OPENERS):
            found.append(token)
    return tuple(found)


def _is_name(token: str) -> bool:
    letters = any(map(str.isalpha, token))
    mixed = letters and any(map(str.isdigit, token)) and _AMOUNT.fullmatch(fold(token)) is None
    return mixed or any(map(str.isupper, token))


def _known(name: str, source: Source) -> bool:
    folded = fold(name)
    if folded in source.words or folded in _KNOWN or _AMOUNT.fullmatch(folded):
        return True
    pieces = [piece for word in words(name) for piece in re.split(r"[-./&+]", word) if piece]
    return all(piece in source.words or piece in _KNOWN for piece in pieces)


# -- the nearest sentence ----------------------------------------------------------------------------------------------

_NOT = frozenset(
    "not no never cannot without neither nor none nobody nothing isn't aren't wasn't weren't don't doesn't didn't "  # noqa: SIM905
    "won't wouldn't can't couldn't hasn't haven't hadn't shouldn't".split()
)
_PAIRS = (
    "more less", "rise fall", "rises falls", "rose fell", "risen fallen", "up down", "above below", "over under",
    "increase decrease", "increased decreased", "increases decreases", "higher lower", "high low", "before after",
    "win lose", "won lost", "wins loses", "approve reject", "approved rejected", "approves rejects", "with without",
    "gain loss", "faster slower", "first last", "open closed", "better worse", "most least", "best worst", "raise cut",
    "raised cut", "raises cuts", "buy sell", "bought sold", "buys sells", "largest smallest", "cheaper dearer",
    "accepted refused", "start stop", "allow forbid", "allowed forbidden", "all none", "can cannot", "many few",
)  # fmt: skip
_OPPOSITE = {one: other for pair in _PAIRS for one, other in (pair.split(), pair.split()[::-1])}
_PLAIN = frozenset(
    "a an the and or but of to in on at by for from as is are was were be been it its this that has have had will "  # noqa: SIM905
    "would can could may do does did".split()
)


def _against_nearest(sentence: str, source: Source) -> tuple[Objection, ...]:
    claim = words(sentence)
    own = Counter(word for word in claim if word not in _PLAIN)
    nearest, share = _nearest(own, source)
    if share < _NEAR:
        return ()
    told = words(nearest)
    found = [*_opposites(claim, told)]
    if share >= _VERY_NEAR:
        found += _exchanged(sentence, nearest)
    return tuple(found)


def _nearest(own: Counter[str], source: Source) -> tuple[str, float]:
    best, share = "", 0.0
    for sentence in source.sentences:
        shared = sum((own & Counter(words(sentence))).values()) / max(1, sum(own.values()))
        if shared > share:
            best, share = sentence, shared
    return best, share


def _opposites(claim: Sequence[str], told: Sequence[str]) -> list[Objection]:
    """Find what one denies and the other affirms, and words turned into their opposite."""
    denied, denied_there = _denied(claim), _denied(told)
    shared = (set(claim) & set(told)) - _PLAIN - _NOT
    turned = [word for word in sorted(shared) if (word in denied) != (word in denied_there)]
    here, there = set(claim), set(told)
    turned += [
        word
        for word in sorted(here - there)
        if _OPPOSITE.get(word) in there - here or any(w in there - here for w, o in _OPPOSITE.items() if o == word)
    ]
    return [Objection(fault=Fault.OPPOSITE, about=word) for word in turned]


def _denied(found: Sequence[str]) -> set[str]:
    """Return the first word with a meaning after each negation."""
    denied = set()
    for place, word in enumerate(found):
        if word in _NOT:
            after = [other for other in found[place + 1 : place + 4] if other not in _PLAIN and other not in _NOT]
            denied.update(after[:1])
    return denied


def _exchanged(sentence: str, nearest: str) -> list[Objection]:
    """Find numbers or names that stand in each other's place, or in that of one the nearest sentence has."""
    found = []
    ours, theirs = [str(a.value) for a in amounts(sentence)], [str(a.value) for a in amounts(nearest)]
    if _moved(ours, theirs):
        found.append(Objection(fault=Fault.EXCHANGED, about=", ".join(a.text for a in amounts(sentence))))
    said, known = [fold(name) for name in names(sentence)], [fold(name) for name in names(nearest)]
    every = [piece for word in words(nearest) for piece in (word, *word.split("-"))]
    if _moved([name for name in said if name in known or name not in every], known):
        found.append(Objection(fault=Fault.EXCHANGED, about=", ".join(names(sentence))))
    return found


def _moved(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Tell whether the shared ones stand in another order, or one of ours took the place of one of theirs."""
    shared = Counter(ours) & Counter(theirs)
    foreign = sum((Counter(ours) - shared).values())
    missing = sum((Counter(theirs) - shared).values())
    return _in(ours, shared) != _in(theirs, shared) or (foreign > 0 and missing > 0)


def _in(found: Sequence[str], shared: Counter[str]) -> list[str]:
    left, kept = Counter(shared), []
    for one in found:
        if left[one] > 0:
            left[one] -= 1
            kept.append(one)
    return kept
