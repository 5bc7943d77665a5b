"""Finding what may be a name in a text: runs of capitalised and digit-bearing words.

A run is one to four words long and neither starts nor ends in a common word. A word that stands alone must show that it
is a name: by standing inside a sentence, by a digit (``Qwen3``) or by a capital inside (``DeepSeek``). In a headline
that capitalises every word, capitals say nothing: only digits and inner capitals count there, with the words next to
them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trendbot.core.text import sentences

LONGEST = 4
"""Words of a name at most."""
MAX_CHARACTERS = 2_000
"""What is looked at of one field."""
MAX_NAMES = 200
"""Names kept of one entry: more than an honest one has."""
_LONGEST_NAME = 64

_HIDDEN = re.compile(r"(?:https?://|www\.)\S+|\S*\w@\w\S*|[@#]\w+|/?\br/\w+|\[[^\]\s]*\]\([^)]*\)")
_WORD = re.compile(r"[^\W_]+(?:[.+&_\u2010\u2011\u2012\u2013-][^\W_]+)*\+*(?:['\u2019]s?(?!\w))?")
_POSSESSIVE = re.compile(r"['\u2019]s?$")
_LINKED = re.compile(r" ?[\u2010\u2011-]? ?")
_START = re.compile(r"[:;\u2014|\u2022>\"\u201c\u2018'(\[*]\s*$|\s[\u2013-]\s+$")
_LOWER = re.compile(r"(?<![\w@#/.-])[a-z]{2,24}(?![\w])")
_NUMBER = re.compile(r"v?\d{1,3}(?:\.\d{1,2}){0,2}[a-z]?", re.IGNORECASE)
_MEASURE = re.compile(
    r"(?:~?\d[\d.,]*(?:[kmbtx]|bn|mm|gb|mb|tb|kb|gw|mw|kw|kwh|hz|ghz|mhz|ms|px|fps|nm|cm|km|kg|min|hrs?|h|s|d|p|th|st|"
    r"nd|rd|am|pm|yo|bit|way|shot|step|day|year|month|week|hour|minute|fold|person|man|point|page|part|year-old|"
    r"[a-z]*/s|tok|tokens?)?(?:-.*)?)|\d[\d.,/x-]*|[a-z]?[1-9]0?s|q[1-4]|h[12]|[12]\d{3}s?",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[\s_/\u2010-\u2015-]+")
_TITLE_CASE = 0.6
_FEW = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Common:
    """Folded words that are capitalised without being names.

    `never` neither open nor close a name; `alone` are none by themselves.
    """

    never: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A name as it is written, and `key`: the form that its spellings share.

    `weak`: its capitals may have another reason, the beginning of a sentence or a headline in capitals; it counts
    where other entries use the name inside a sentence.
    """

    key: str
    text: str
    weak: bool = False


def parse_common(text: str) -> Common:
    """Read the list of common words: words under ``[never]`` and ``[not alone]``, ``#`` before a remark."""
    lists: dict[str, set[str]] = {"[never]": set(), "[not alone]": set()}
    into: set[str] = set()
    for line in map(str.strip, text.splitlines()):
        if line in lists:
            into = lists[line]
        elif not line.startswith("#"):
            into.update(line.casefold().split())
    return Common(never=frozenset(lists["[never]"]), alone=frozenset(lists["[not alone]"]))


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    name: bool  # may be part of a name
    strong: bool  # is one without any capital at its start speaking for it
    number: bool
    first: bool  # begins a sentence or a clause, or stands in a headline in capitals
    common: bool
    soft: bool
    ends: bool  # a name ends here: a possessive


def name_key(text: str) -> str:
    """Return the form in which spellings agree: ``Kimi-K2``, ``Kimi K2`` and ``kimi k2`` are one name."""
    return re.sub(r"[\s_\u2010-\u2015-]+", "", text).casefold()


def is_same(one: str, other: str) -> bool:
    """Tell whether two spellings are one name."""
    return name_key(one) == name_key(other)


def is_part(one: str, other: str) -> bool:
    """Tell whether two spellings are one name, or the words of one stand in a row in the other."""
    if is_same(one, other):
        return True
    short, long = sorted((_words(one), _words(other)), key=len)
    return any(long[i : i + len(short)] == short for i in range(len(long) - len(short) + 1))


def _words(name: str) -> list[str]:
    return [word for word in _PARTS.split(name.casefold()) if word]


def is_word(text: str) -> bool:
    """Tell whether a name looks like any word with a capital, or like one all in capitals."""
    return text.isalpha() and (text[1:].islower() or text.isupper())


def lower_words(fields: Iterable[str]) -> frozenset[str]:
    """Return the words of an entry that stand without a capital: they tell names from everyday words."""
    return frozenset(word for field in fields for word in _LOWER.findall(field[:MAX_CHARACTERS]))


def find_names(fields: Iterable[str], common: Common) -> tuple[Found, ...]:
    """Return the names in the fields of one entry, each once, in the order of the text.

    A name that is weak in one place and not in another is not weak.
    """
    found: dict[str, Found] = {}
    for field in fields:
        for sentence in sentences(_HIDDEN.sub(" \u2022 ", field[:MAX_CHARACTERS])):
            for words in _runs(sentence, common):
                for name in _names(words):
                    if name.key not in found or (found[name.key].weak and not name.weak):
                        found[name.key] = name
                    if len(found) >= MAX_NAMES:
                        return tuple(found.values())
    return tuple(found.values())


def _runs(sentence: str, common: Common) -> Iterator[list[_Word]]:
    """Cut a sentence into runs of words that may form names."""
    matches = list(_WORD.finditer(sentence))
    shouting = _shouting([match.group() for match in matches])
    run: list[_Word] = []
    before = 0
    for match in matches:
        between = sentence[before : match.start()]
        linked = bool(run) and not run[-1].ends and _LINKED.fullmatch(between) is not None
        first = before == 0 or _START.search(between) is not None
        word = _word(match.group(), common, first=first, shouting=shouting, after=sentence[match.end() :][:2])
        if run and not (linked and (word.name or word.number)):
            yield run
            run = []
        if word.name or (word.number and run):
            run.append(word)
        before = match.end()
    if run:
        yield run


def _shouting(words: Sequence[str]) -> bool:
    """Tell whether a sentence capitalises its words whatever they are."""
    plain = [word for word in words if word.isalpha() and len(word) > _FEW]
    if len(plain) < _FEW:
        return False
    return sum(word[0].isupper() for word in plain) >= _TITLE_CASE * len(plain)


def _word(text: str, common: Common, *, first: bool, shouting: bool, after: str) -> _Word:
    bare = _POSSESSIVE.sub("", text)
    number = _NUMBER.fullmatch(bare) is not None and not after.startswith(("%", "$"))
    letters = [c for c in bare if c.isalpha()]
    digit = any(c.isdigit() for c in bare) and bool(letters) and _MEASURE.fullmatch(bare) is None and not number
    camel = any(b.isupper() and a.islower() for a, b in itertools.pairwise(bare))
    folded = bare.casefold()
    never = folded in common.never or len(bare) == 1
    strong = (digit or camel) and not never
    capital = bool(letters) and letters[0].isupper() and bare[0].isalpha()
    return _Word(
        text=bare,
        name=strong or capital,
        strong=strong,
        number=number,
        first=first or shouting,
        common=never,
        soft=folded in common.alone,
        ends=bare != text,
    )


def _names(run: Sequence[_Word]) -> Iterator[Found]:
    """Yield every part of a run that may be a name by itself."""
    for start in range(len(run)):
        for end in range(start + 1, min(len(run), start + LONGEST) + 1):
            words = run[start:end]
            if not _may_be_name(words):
                continue
            text = " ".join(word.text for word in words)
            for spelling in (text, *_families(text)) if len(words) == 1 else (text,):
                if len(spelling) <= _LONGEST_NAME:
                    yield Found(key=name_key(spelling), text=spelling, weak=_is_weak(words))


def _families(word: str) -> Iterator[str]:
    """Yield what a long product name begins with: ``Qwen3-Coder`` and ``Qwen3`` of ``Qwen3-Coder-30B``."""
    parts = word.split("-")
    for end in range(1, min(len(parts), LONGEST)):
        beginning = "-".join(parts[:end])
        if any(c.isdigit() for c in word) and (end > 1 or any(c.isdigit() for c in beginning[1:])):
            yield beginning


def _may_be_name(words: Sequence[_Word]) -> bool:
    first, last = words[0], words[-1]
    if first.common or first.number or (last.common and not last.number):
        return False
    if first.soft and first.first and len(words) > 1 and not last.number:
        return False
    return not all(word.soft or word.common for word in words)


def _is_weak(words: Sequence[_Word]) -> bool:
    """Tell whether the capitals may have another reason than a name."""
    if any(word.strong for word in words) or words[-1].number:
        return False
    return all(word.first for word in words)
