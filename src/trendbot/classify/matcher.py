"""The compiled matcher: one Aho-Corasick pass over title and body, however many rules.

Time is linear in the text. For each anchor the automaton reports, a boundary test of two characters decides; only a
phrase with a gap or a number looks further, by a regular expression over a bounded window.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ahocorasick_rs import AhoCorasick, Implementation

from trendbot.core.themes import Annotation, Compiled, Phrase, Reading, ThemeSet, Variant, compile_set, decide
from trendbot.core.themes.deciding import Hits
from trendbot.core.themes.folding import Folded, fold, in_word

WINDOW = 200
"""Characters before and after an anchor that a phrase with gaps may look at."""
MAX_OCCURRENCES = 1_000
"""Occurrences of one group kept of one field."""


class _Seeker:
    """One variant of a phrase, ready to be tested at an anchor."""

    __slots__ = ("edges", "exact", "groups", "lead", "left", "number", "open_end", "plural", "right", "simple", "tail")

    def __init__(self, variant: Variant, groups: tuple[int, ...]) -> None:
        self.groups = groups
        self.exact = variant.exact
        self.lead = re.compile(variant.lead) if variant.lead else None
        self.tail = re.compile(variant.tail) if variant.tail else None
        self.left = self.lead is None and in_word(variant.anchor[0])
        self.right = self.tail is None and in_word(variant.anchor[-1]) and not variant.open_end
        self.open_end = variant.open_end
        self.plural = variant.plural
        self.number = variant.anchor[-1].isdigit()
        self.simple = self.left and self.right and self.exact is None

    def find(self, text: Folded, start: int, end: int) -> tuple[int, int] | None:
        """Test the variant at an anchor; give the span of the whole phrase, or nothing."""
        folded = text.folded
        if self.left and start and in_word(folded[start - 1]):
            return None
        if self.exact is not None and text.cased[start:end] != self.exact:
            return None
        end = self.end(folded, start, end)
        if end < 0:
            return None
        if self.lead is not None:
            before = self.lead.search(folded, max(0, start - WINDOW), start)
            if before is None:
                return None
            start = before.start()
        return start, end

    def end(self, folded: str, start: int, end: int) -> int:
        """Give where the phrase ends, -1 where it does not: inside a longer word, or without its tail."""
        if self.tail is not None:
            after = self.tail.match(folded, end, end + WINDOW)
            return after.end() if after else -1
        if self.open_end:
            while end < len(folded) and end - start < WINDOW and in_word(folded[end]):
                end += 1
            return end
        if not self.right or (self.number and _goes_on(folded, end)):
            return -1 if self.right else end
        return word_end(folded, end, self.plural)


def _goes_on(folded: str, end: int) -> bool:
    """Tell whether a number goes on after its point: 3 is not found in 3.5."""
    return folded[end : end + 1] in {".", ","} and folded[end + 1 : end + 2].isdigit()


def word_end(folded: str, end: int, plural: str) -> int:
    """Give the end of a word, its plural included; -1 if the word runs on."""
    if end == len(folded) or not in_word(folded[end]):
        return end
    if plural and folded.startswith(plural, end):
        end += len(plural)
        if end == len(folded) or not in_word(folded[end]):
            return end
    return -1


class Matcher:
    """A theme set compiled for reading entries. Immutable after construction, so threads may share one."""

    def __init__(self, theme_set: ThemeSet) -> None:
        """Compile; takes time and memory linear in the rules."""
        self.theme_set = theme_set
        self._compiled: Compiled = compile_set(theme_set)
        self._anchors, self._seekers = _seekers(self._compiled)
        self._automaton = _automaton(self._anchors)

    @property
    def anchors(self) -> tuple[str, ...]:
        """The strings the automaton looks for."""
        return self._anchors

    def annotate(self, title: str, body: str, *, feed: str = "", author: str = "") -> Annotation:
        """Read one entry: verdicts with evidence by theme, and mentions of terms.

        A body that only repeats the title is not read twice.
        """
        fields = (fold(title), fold("" if body == title else body))
        hits: Hits = {}
        self._search(fields[0], 0, hits)
        self._search(fields[1], 1, hits)
        return decide(self._compiled, Reading(fields, hits, feed.lower(), author.lower()))

    def _search(self, text: Folded, place: int, hits: Hits) -> None:
        folded, seekers = text.folded, self._seekers
        if not folded:
            return
        for anchor, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            for seeker in seekers[anchor]:
                span = seeker.find(text, start, end)
                if span is not None:
                    for group in seeker.groups:
                        spans = hits.setdefault(group, [])
                        if len(spans) < MAX_OCCURRENCES:
                            spans.append((place, *span))


def _automaton(anchors: tuple[str, ...]) -> AhoCorasick:
    """Build the automaton; the contiguous kind is small and quick to build also with 100,000 anchors."""
    return AhoCorasick(list(anchors) or ["\0"], implementation=Implementation.ContiguousNFA)


def _seekers(compiled: Compiled) -> tuple[tuple[str, ...], tuple[tuple[_Seeker, ...], ...]]:
    """Group the variants of all phrases by anchor."""
    by_anchor: dict[str, list[_Seeker]] = {}
    for anchor, seeker in _each_seeker(compiled.phrases, compiled.phrase_groups):
        by_anchor.setdefault(anchor, []).append(seeker)
    return tuple(by_anchor), tuple(tuple(seekers) for seekers in by_anchor.values())


def _each_seeker(phrases: tuple[Phrase, ...], groups: tuple[tuple[int, ...], ...]) -> Iterator[tuple[str, _Seeker]]:
    for number, phrase in enumerate(phrases):
        for variant in phrase.variants:
            yield variant.anchor, _Seeker(variant, groups[number])
