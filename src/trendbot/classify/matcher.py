"""The compiled matcher: one Aho-Corasick pass over title and body, however many rules.

The automaton reads a form of the text in which every boundary is a space, and looks for anchors with their spaces:
most of what it reports needs no further test. Only a phrase with a gap, a number or a case that matters looks again, by
a comparison or a regular expression over a bounded window. Time is linear in the text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ahocorasick_rs import AhoCorasick, Implementation

from trendbot.core.themes import Annotation, Phrase, Reading, ThemeSet, Variant, compile_set, decide
from trendbot.core.themes.deciding import Hits
from trendbot.core.themes.folding import KEPT_SIGNS, Folded, fold, in_word

WINDOW = 200
"""Characters before and after an anchor that a phrase with gaps may look at."""
MAX_OCCURRENCES = 1_000
"""Occurrences of one phrase kept of one entry."""
MAX_WORDS = 12
"""Words worth a quick test before a regular expression is tried."""
_NO_WORD = re.compile(f"[ {re.escape(KEPT_SIGNS)}]")


@dataclass(frozen=True, slots=True)
class _Check:
    """What is left to test where the automaton found an anchor, and its case was right."""

    punctuated: str
    lead: re.Pattern[str] | None
    before: tuple[str, ...]
    tail: re.Pattern[str] | None
    after: tuple[str, ...]
    open_end: bool
    number: bool

    def span(self, text: Folded, start: int, end: int) -> tuple[int, int] | None:
        """Give the span of the whole phrase around the anchor, None where it is not the phrase."""
        folded = text.folded
        if self.punctuated and not folded.startswith(self.punctuated, start):
            return None
        if self.tail is not None:
            end = _follow(self.tail, self.after, folded, end)
        elif self.open_end:
            end = _word_end(text.spaced, end)
        elif self.number and _goes_on(folded, end):
            return None
        if self.lead is not None and end >= 0:
            start = _precede(self.lead, self.before, folded, start)
        return (start, end) if start >= 0 and end >= 0 else None


def _follow(tail: re.Pattern[str], words: tuple[str, ...], folded: str, end: int) -> int:
    """Give where a tail after `end` ends, -1 where there is none."""
    last = end + WINDOW
    for word in words:
        if folded.find(word, end, last) >= 0:
            break
    else:
        if words:
            return -1
    after = tail.match(folded, end, last)
    return after.end() if after else -1


def _precede(lead: re.Pattern[str], words: tuple[str, ...], folded: str, start: int) -> int:
    """Give where a lead before `start` starts, -1 where there is none."""
    window = max(0, start - WINDOW)
    for word in words:
        if folded.find(word, window, start) >= 0:
            break
    else:
        if words:
            return -1
    before = lead.search(folded, window, start)
    return before.start() if before else -1


def _goes_on(folded: str, end: int) -> bool:
    """Tell whether a number goes on after its point: 3 is not found in 3.5."""
    return folded[end : end + 1] in {".", ","} and folded[end + 1 : end + 2].isdigit()


def _word_end(spaced: str, end: int) -> int:
    """Give where the word that goes on at `end` ends; the spaced text is one character ahead of the folded one."""
    stop = _NO_WORD.search(spaced, end + 1, end + 1 + WINDOW)
    return stop.start() - 1 if stop else min(len(spaced) - 2, end + WINDOW)


_Seeker = tuple[int, int, int, str | None, _Check | None]
"""What an anchor means: (phrase, shift, size, exact, check).

The span of an anchor found at s in the spaced text is (s + shift, s + shift + size) in the folded one; `exact` is its
cased form where case matters, `check` what else is left to test. A tuple, for this is read many times a text.
"""


class Matcher:
    """A theme set compiled for reading entries. Immutable after construction, so threads may share one."""

    def __init__(self, theme_set: ThemeSet) -> None:
        """Compile; takes time and memory linear in the rules."""
        self.theme_set = theme_set
        self._compiled = compile_set(theme_set)
        seekers = _seekers(self._compiled.phrases)
        self._anchors, self._seekers = tuple(seekers), tuple(tuple(found) for found in seekers.values())
        self._automaton = _automaton(self._anchors)

    @property
    def anchors(self) -> tuple[str, ...]:
        """The strings the automaton looks for, a space where a boundary must be."""
        return self._anchors

    def annotate(self, title: str, body: str, *, feed: str = "", author: str = "") -> Annotation:
        """Read one entry: verdicts with evidence by theme, and mentions of terms.

        A body that only repeats the title is not read twice.
        """
        fields = (fold(title), fold("" if body == title else body))
        hits: Hits = defaultdict(list)
        for place, text in enumerate(fields):
            if text.folded:
                self._search(text, place, hits)
        return decide(self._compiled, Reading(fields, hits, feed.lower(), author.lower()))

    def _search(self, text: Folded, place: int, hits: Hits) -> None:
        table, cased = self._seekers, text.cased
        matches = self._automaton.find_matches_as_indexes(text.spaced, overlapping=True)
        for anchor, at, _ in matches:
            for phrase, shift, size, exact, check in table[anchor]:
                start = at + shift
                if exact is not None and not cased.startswith(exact, start):
                    continue
                span = (place, start, start + size)
                if check is not None:
                    found = check.span(text, start, start + size) if start >= 0 else None
                    if found is None:
                        continue
                    span = (place, *found)
                hits[phrase].append(span)
        if len(matches) > MAX_OCCURRENCES:  # rare: what is kept is bounded, at no cost to ordinary texts
            for spans in hits.values():
                del spans[MAX_OCCURRENCES:]


def _automaton(anchors: tuple[str, ...]) -> AhoCorasick:
    """Build the automaton; the contiguous kind is small and quick to build also with 100,000 anchors."""
    return AhoCorasick(list(anchors) or ["\0"], implementation=Implementation.ContiguousNFA)


def _seekers(phrases: Iterable[Phrase]) -> dict[str, list[_Seeker]]:
    """Give what each string sought means."""
    seekers: dict[str, list[_Seeker]] = {}
    for number, phrase in enumerate(phrases):
        for variant in merge(phrase.variants):
            for pattern, seeker in _patterns(variant, number):
                seekers.setdefault(pattern, []).append(seeker)
    return seekers


def merge(variants: Iterable[Variant]) -> list[Variant]:
    """Make one variant of those that differ only in what follows the anchor, or only in what precedes it."""
    merged = [_merge_tails(group) for group in _alike(variants, lambda v: replace(v, tail=_kind(v.tail), after=()))]
    return [_merge_leads(group) for group in _alike(merged, lambda v: replace(v, lead=_kind(v.lead), before=()))]


def _kind(pattern: str | None) -> str | None:
    return None if pattern is None else ""


def _alike(variants: Iterable[Variant], key: Callable[[Variant], Variant]) -> list[list[Variant]]:
    groups: dict[Variant, list[Variant]] = {}
    for variant in variants:
        groups.setdefault(key(variant), []).append(variant)
    return list(groups.values())


def _merge_tails(group: list[Variant]) -> Variant:
    pattern = _either(variant.tail for variant in group)
    return replace(group[0], tail=pattern, after=_words(variant.after for variant in group))


def _merge_leads(group: list[Variant]) -> Variant:
    pattern = _either(variant.lead for variant in group)
    return replace(group[0], lead=pattern, before=_words(variant.before for variant in group))


def _either(patterns: Iterable[str | None]) -> str | None:
    distinct = list(dict.fromkeys(pattern for pattern in patterns if pattern is not None))
    return distinct[0] if len(distinct) == 1 else "|".join(f"(?:{pattern})" for pattern in distinct) or None


def _words(words: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Give the words of which one must occur; none where an alternative has none, or there are too many to test."""
    every = list(words)
    distinct = tuple(dict.fromkeys(word for some in every for word in some))
    return distinct if all(every) and len(distinct) <= MAX_WORDS else ()


def _patterns(variant: Variant, phrase: int) -> Iterator[tuple[str, _Seeker]]:
    """Give the strings sought for a variant: its anchor between spaces where words end, also in the plural."""
    anchor = variant.anchor
    body = fold(anchor).spaced[1:-1]
    left = " " if variant.open_start is False and in_word(anchor[0]) else ""
    bounded = not variant.open_end and in_word(anchor[-1])
    for ending in ("", variant.plural) if variant.plural and bounded else ("",):
        check = _check(variant, punctuated=body != anchor, inflected=bool(ending))
        pattern = f"{left}{body}{ending}{' ' if bounded else ''}"
        yield pattern, (phrase, len(left) - 1, len(anchor) + len(ending), variant.exact, check)


def _check(variant: Variant, *, punctuated: bool, inflected: bool) -> _Check | None:
    number = variant.anchor[-1].isdigit() and not inflected and not variant.tail
    if not (punctuated or number or variant.lead or variant.tail or variant.open_end):
        return None
    return _Check(
        punctuated=variant.anchor if punctuated else "",
        lead=re.compile(variant.lead) if variant.lead else None,
        before=variant.before,
        tail=re.compile(variant.tail) if variant.tail else None,
        after=variant.after,
        open_end=variant.open_end and not variant.tail,
        number=number,
    )
