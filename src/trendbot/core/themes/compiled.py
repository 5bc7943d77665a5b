"""A theme set with everything numbered: which phrase wakes which rule. Built once, read for every entry.

Phrases are numbered from 0; after them come the terms, which count as phrases of the groups they are in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from trendbot.core.themes.model import NOTHING, Condition, Group, Term, ThemeSet, Where
from trendbot.core.themes.phrases import Phrase

Members = frozenset[int]
"""A group: the numbers of its phrases and terms."""


@dataclass(frozen=True, slots=True, eq=False)
class Test:
    """A condition with its phrases numbered.

    Two shapes are common enough to be told apart beforehand. `plain`: nothing is asked but that `any` occurs. `gated`:
    nothing but `any`, `all` and `apart_from`.
    """

    any: Members
    all: tuple[Members, ...]
    near: tuple[Members, ...]
    within: int
    none: Members
    apart_from: Members
    unless: Members
    reach: int
    where: Where
    feeds: tuple[str, ...]
    authors: tuple[str, ...]
    plain: bool
    gated: bool


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule, or a term's word for a theme.

    `single`: one phrase wakes it, whose occurrences are the evidence; `plain`: and nothing else is asked.
    """

    theme: int
    name: str
    title_weight: float
    body_weight: float
    test: Test
    single: bool = False
    plain: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CompiledTerm:
    """A term: its number among the phrases, its test, the rules it feeds; `grouped`: rules ask whether it occurs."""

    number: int
    name: str
    test: Test
    rules: tuple[CompiledRule, ...]
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class Compiled:
    """The numbered theme set; `waking_terms[p]` and `waking_rules[p]` are what an occurrence of p makes worth testing.

    `ambient` are the rules that need no words (feed or author alone).
    """

    source: ThemeSet
    phrases: tuple[Phrase, ...]
    waking_terms: tuple[tuple[CompiledTerm, ...], ...]
    waking_rules: tuple[tuple[CompiledRule, ...], ...]
    ambient: tuple[CompiledRule, ...]


def compile_set(themes: ThemeSet) -> Compiled:
    """Give every phrase and term its number."""
    builder = _Builder()
    builder.number(themes)
    for term in themes.terms:
        builder.add_term(term, themes)
    for number, theme in enumerate(themes.themes):
        for rule in theme.rules:
            builder.add_rule(number, rule.name, rule.title_weight, rule.body_weight, rule.condition)
    size = len(builder.phrases) + len(builder.terms)
    return Compiled(
        source=themes,
        phrases=tuple(builder.phrases),
        waking_terms=tuple(tuple(builder.waking_terms.get(phrase, ())) for phrase in range(size)),
        waking_rules=tuple(tuple(builder.waking_rules.get(phrase, ())) for phrase in range(size)),
        ambient=tuple(builder.ambient),
    )


@dataclass(slots=True)
class _Builder:
    phrases: dict[Phrase, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    members: dict[int, Members] = field(default_factory=dict)
    waking_terms: dict[int, list[CompiledTerm]] = field(default_factory=dict)
    waking_rules: dict[int, list[CompiledRule]] = field(default_factory=dict)
    ambient: list[CompiledRule] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)

    def number(self, themes: ThemeSet) -> None:
        """Give all phrases their numbers, then all terms."""
        conditions = [term.condition for term in themes.terms]
        conditions += [rule.condition for theme in themes.themes for rule in theme.rules]
        for group in {id(group): group for condition in conditions for group in groups_of(condition)}.values():
            for phrase in group.phrases:
                self.phrases.setdefault(phrase, len(self.phrases))
            self.grouped.update(group.terms)
        self.terms = {term.name: len(self.phrases) + index for index, term in enumerate(themes.terms)}

    def group(self, group: Group) -> Members:
        """Give the numbers of a group; the same object gives the same set, so that readings can remember it."""
        if id(group) not in self.members:
            numbers = [self.phrases[phrase] for phrase in group.phrases] + [self.terms[name] for name in group.terms]
            self.members[id(group)] = frozenset(numbers)
        return self.members[id(group)]

    def test(self, condition: Condition) -> Test:
        bare = Condition(any=condition.any, within=condition.within, reach=condition.reach)
        gate = replace(bare, all=condition.all, apart_from=condition.apart_from)
        return Test(
            any=self.group(condition.any),
            all=tuple(map(self.group, condition.all)),
            near=tuple(map(self.group, condition.near)),
            within=condition.within,
            none=self.group(condition.none),
            apart_from=self.group(condition.apart_from),
            unless=self.group(condition.unless),
            reach=condition.reach,
            where=condition.where,
            feeds=condition.feeds,
            authors=condition.authors,
            plain=bool(condition.any) and condition == bare,
            gated=bool(condition.any) and condition == gate,
        )

    def add_term(self, term: Term, themes: ThemeSet) -> None:
        test = self.test(term.condition)
        order = {slug: index for index, slug in enumerate(themes.slugs)}
        rules = tuple(
            CompiledRule(order[slug], f"term {term.name}", title, body, test) for slug, title, body in term.themes
        )
        compiled = CompiledTerm(self.terms[term.name], term.name, test, rules, term.name in self.grouped)
        for phrase in sorted(test.any):
            self.waking_terms.setdefault(phrase, []).append(compiled)

    def add_rule(self, theme: int, name: str, title: float, body: float, condition: Condition) -> None:
        """File a rule under the phrases that wake it: those of `any`, else of the smallest group that must occur."""
        test = self.test(condition)
        needed: Iterable[Members] = [test.any] if test.any else [*test.all, *test.near]
        waker = min(needed, key=len, default=frozenset())
        single = len(waker) == 1 and waker is test.any
        rule = CompiledRule(theme, name, title, body, test, single=single, plain=single and test.plain)
        if not waker:
            self.ambient.append(rule)
        for phrase in sorted(waker):
            self.waking_rules.setdefault(phrase, []).append(rule)


def groups_of(condition: Condition) -> tuple[Group, ...]:
    """Give all the groups of a condition that hold anything."""
    groups = (
        condition.any, *condition.all, *condition.near, condition.none, condition.apart_from, condition.unless
    )  # fmt: skip
    return tuple(group for group in groups if group is not NOTHING)
