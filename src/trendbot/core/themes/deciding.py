"""From the places where phrases occur to verdicts with their evidence, and mentions: the semantics of the language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import cast

from trendbot.core.themes.compiled import Compiled, CompiledRule, CompiledTerm, Members, Test
from trendbot.core.themes.folding import Folded
from trendbot.core.themes.model import Annotation, Evidence, Field, Mention, Theme, Verdict, Where

MAX_EVIDENCE = 3
"""Matches kept of one rule in one entry: the first ones."""
MAX_SPANS = 200
"""Occurrences of one group looked at in conditions of distance: bounds what a text of one word repeated may cost."""

Span = tuple[int, int, int]
"""Field number (0 title, 1 body), start and end in the folded text."""
Hits = dict[int, list[Span]]
"""Occurrences by number of the phrase."""
Found = dict[int, list[Evidence]]
"""The evidence found, by number of the theme."""

_FIELDS = (Field.TITLE, Field.BODY)
_PLACES = {Where.TITLE: 0, Where.BODY: 1}
# Named tuples made straight from a tuple: at a third of the cost of calling the class, and several are made a text.
_make_evidence = cast("Callable[[tuple[Field, int, int, str, str, float]], Evidence]", partial(tuple.__new__, Evidence))
_make_verdict = cast(
    "Callable[[tuple[str, bool, float, None, tuple[Evidence, ...]]], Verdict]", partial(tuple.__new__, Verdict)
)
_mention = cast("Callable[[tuple[str, int]], Mention]", partial(tuple.__new__, Mention))
_EMPTY: tuple[Span, ...] = ()


class Reading:
    """One entry being read: its fields, the occurrences found in them, its feed and author in lower case."""

    __slots__ = ("author", "feed", "fields", "groups", "hits", "present")

    def __init__(self, fields: tuple[Folded, Folded], hits: Hits, feed: str = "", author: str = "") -> None:
        """Begin with nothing known of the groups."""
        self.fields, self.hits, self.feed, self.author = fields, hits, feed, author
        self.groups: dict[int, Sequence[Span]] = {}
        self.present: dict[int, bool] = {}

    def occurs(self, members: Members) -> bool:
        """Tell whether a group occurs at all: cheaper than where."""
        key = id(members)  # the compiled set keeps them alive
        known = self.present.get(key)
        if known is None:
            known = self.present[key] = not members.isdisjoint(self.hits)
        return known

    def spans(self, members: Members) -> Sequence[Span]:
        """Give the occurrences of a group."""
        key = id(members)
        spans = self.groups.get(key)
        if spans is None:
            if len(members) == 1:
                spans = self.hits.get(next(iter(members)), _EMPTY)
            else:
                present = self.hits.keys() & members
                spans = [span for member in sorted(present) for span in self.hits[member]]
            self.groups[key] = spans
        return spans


def decide(compiled: Compiled, reading: Reading) -> Annotation:
    """Read one entry by a compiled theme set: every rule that its words wake, and no other."""
    found: Found = {}
    mentions = _read_terms(compiled, reading, found)
    _read_rules(compiled, reading, found)
    for rule in compiled.ambient:
        if _circumstances(rule.test, reading):
            found.setdefault(rule.theme, []).append(_circumstantial(rule, reading))
    themes = compiled.source.themes
    return Annotation(tuple([_verdict(themes[number], found[number]) for number in sorted(found)]), mentions)


def _read_rules(compiled: Compiled, reading: Reading, found: Found) -> None:
    """Test the rules that the phrases wake, each once."""
    waking = compiled.waking_rules
    seen: set[CompiledRule] = set()
    for phrase, occurrences in reading.hits.items():
        for rule in waking[phrase]:
            spans: Sequence[Span] = occurrences
            if not rule.plain:
                if not rule.single:
                    if rule in seen:
                        continue
                    seen.add(rule)
                    spans = reading.spans(rule.test.any)
                spans = satisfied(rule.test, reading, spans)
            if spans:
                _add_evidence(rule, spans, reading, found)


def _read_terms(compiled: Compiled, reading: Reading, found: Found) -> tuple[Mention, ...]:
    """Find the terms; each counts as a mention, for the groups it is in, and for its themes."""
    waking = compiled.waking_terms
    woken: dict[CompiledTerm, list[Span]] = {}
    for phrase, occurrences in reading.hits.items():
        for term in waking[phrase]:
            known = woken.get(term)
            woken[term] = occurrences if known is None else known + occurrences
    if not woken:
        return ()
    occurring = [
        (term, spans)
        for term, every in woken.items()
        if (spans := every if term.test.plain else satisfied(term.test, reading, every))
    ]
    reading.groups.clear()  # the groups that terms are in are larger from here on
    reading.present.clear()
    for term, spans in occurring:
        if term.grouped:
            reading.hits[term.number] = list(spans)
        for rule in term.rules:
            _add_evidence(rule, spans, reading, found)
    return tuple([_mention((term.name, 1 if len(spans) == 1 else _count(spans))) for term, spans in occurring])


def _count(spans: Sequence[Span]) -> int:
    """Count occurrences; aliases that overlap are one."""
    count, last = 0, (-1, -1)
    for place, start, end in sorted(spans):
        if place != last[0] or start >= last[1]:
            count += 1
            last = (place, end)
        else:
            last = (place, max(end, last[1]))
    return count


def satisfied(test: Test, reading: Reading, spans: Sequence[Span]) -> Sequence[Span]:
    """Give the occurrences that satisfy a test, none if it fails; `spans` are those of its `any`."""
    if test.plain:
        return spans
    if not test.gated:
        spans = _narrowed(test, reading, spans)
    else:
        for members in test.all:
            if not reading.occurs(members):
                return _EMPTY
    if spans and test.apart_from and reading.occurs(test.apart_from):
        others = reading.spans(test.apart_from)[:MAX_SPANS]
        spans = [span for span in spans if not any(_overlap(span, other) for other in others)]
    return spans


def _narrowed(test: Test, reading: Reading, spans: Sequence[Span]) -> Sequence[Span]:
    """Give the occurrences that satisfy all of a test but `apart_from`."""
    if (test.none and reading.occurs(test.none)) or not _surrounded(test, reading):
        return _EMPTY
    spans = _base(test, reading, spans)
    if spans and test.where is not Where.BOTH:
        place = _PLACES[test.where]
        spans = [span for span in spans if span[0] == place]
    if spans and test.unless and reading.occurs(test.unless):
        others = reading.spans(test.unless)[:MAX_SPANS]
        spans = [span for span in spans if all(_distance(span, other, reading) > test.reach for other in others)]
    return spans


def _surrounded(test: Test, reading: Reading) -> bool:
    """Tell whether all that must stand anywhere in the entry does, and feed and author are as asked."""
    for members in test.all:
        if not reading.occurs(members):
            return False
    return not (test.feeds or test.authors) or _circumstances(test, reading)


def _base(test: Test, reading: Reading, spans: Sequence[Span]) -> Sequence[Span]:
    """Give the occurrences that are the evidence: those of `any`, else of `near`, else the first of each of `all`."""
    near = _nearest(test, reading) if test.near else _EMPTY
    if test.near and not near:
        return _EMPTY
    if test.any:
        return spans
    return near or [min(reading.spans(members)) for members in test.all]


def _circumstances(test: Test, reading: Reading) -> bool:
    """Tell whether feed and author are as asked."""
    feeds, authors = test.feeds, test.authors
    return (not feeds or _like(reading.feed, feeds)) and (not authors or _like(reading.author, authors))


def _like(value: str, globs: Iterable[str]) -> bool:
    return bool(value) and any(fnmatchcase(value, glob) for glob in globs)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _distance(one: Span, other: Span, reading: Reading) -> float:
    """Count the words from one occurrence to the other; infinite across fields, 0 where they touch."""
    if one[0] != other[0]:
        return float("inf")
    start, end = min(one[2], other[2]), max(one[1], other[1])
    return reading.fields[one[0]].folded.count(" ", start, end) if start < end else 0


def _nearest(test: Test, reading: Reading) -> Sequence[Span]:
    """Find one occurrence of each group of `near`, all within the distance: a window over the sorted occurrences."""
    for members in test.near:
        if not reading.occurs(members):
            return _EMPTY
    groups = [reading.spans(members) for members in test.near]
    marked = sorted((span, number) for number, spans in enumerate(groups) for span in spans[:MAX_SPANS])
    latest: dict[int, Span] = {}
    for span, number in marked:
        latest[number] = span
        if len(latest) == len(groups):
            first, last = min(latest.values()), max(latest.values())
            if _distance(first, last, reading) <= test.within:
                return sorted(latest.values())
    return _EMPTY


def _verdict(theme: Theme, evidence: list[Evidence]) -> Verdict:
    score = evidence[0].weight if len(evidence) == 1 else round(sum([item.weight for item in evidence]), 6)
    return _make_verdict((theme.slug, score >= theme.threshold, score, None, tuple(evidence)))


def _add_evidence(rule: CompiledRule, spans: Sequence[Span], reading: Reading, found: Found) -> None:
    """Add a rule's matches to the evidence.

    A rule counts once, in its weightier field. The first match there carries the weight, further ones nothing, so that
    the weights of a verdict's evidence add up to its score.
    """
    evidence = found.get(rule.theme)
    if evidence is None:
        evidence = found[rule.theme] = []
    if len(spans) == 1:
        weight = rule.body_weight if spans[0][0] else rule.title_weight
        evidence.append(_evidence(rule.name, spans[0], weight, reading))
        return
    spans = sorted(set(spans))
    weights = (rule.title_weight, rule.body_weight)
    decisive = max((spans[0][0], spans[-1][0]), key=lambda place: abs(weights[place]))
    kept = [*[s for s in spans if s[0] == decisive][:MAX_EVIDENCE], *[s for s in spans if s[0] != decisive]]
    added = weights[decisive]
    for span in kept[:MAX_EVIDENCE]:
        evidence.append(_evidence(rule.name, span, added, reading))
        added = 0.0


def _evidence(rule: str, span: Span, weight: float, reading: Reading) -> Evidence:
    place, start, end = span
    text = reading.fields[place]
    if text.offsets is not None:
        start, end = text.span(start, end)
    return _make_evidence((_FIELDS[place], start, end, text.original[start:end], rule, weight))


def _circumstantial(rule: CompiledRule, reading: Reading) -> Evidence:
    place, value = (Field.FEED, reading.feed) if rule.test.feeds else (Field.AUTHOR, reading.author)
    return Evidence(place, 0, len(value), value, rule.name, rule.body_weight)
