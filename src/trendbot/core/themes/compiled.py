"""A theme set with everything numbered: which phrase wakes which rule. Built once, read for every entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from trendbot.core.themes.model import Condition, Group, Term, ThemeSet, Where
from trendbot.core.themes.phrases import Phrase

NONE = -1
"""The number of the empty group."""


@dataclass(frozen=True, slots=True)
class Test:
    """A condition with its groups numbered."""

    any: int
    all: tuple[int, ...]
    near: tuple[int, ...]
    within: int
    none: int
    apart_from: int
    unless: int
    reach: int
    where: Where
    feeds: tuple[str, ...]
    authors: tuple[str, ...]
    plain: bool  # nothing but `any`


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule, or a term's word for a theme: theme number, name, weights, test, and the term where it is one."""

    theme: int
    name: str
    title_weight: float
    body_weight: float
    test: Test
    term: int = NONE


@dataclass(frozen=True, slots=True)
class CompiledTerm:
    """A term with its test, the groups that count it in, and the rules it feeds."""

    name: str
    test: Test
    groups: tuple[int, ...]
    rules: tuple[CompiledRule, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """The numbered theme set.

    `phrase_groups[p]` are the groups that phrase p belongs to; `waking_terms[g]` and `waking_rules[g]` what a hit in
    group g makes worth testing; `ambient` the rules that need no words (feed or author alone).
    """

    source: ThemeSet
    phrases: tuple[Phrase, ...]
    phrase_groups: tuple[tuple[int, ...], ...]
    terms: tuple[CompiledTerm, ...]
    waking_terms: dict[int, tuple[int, ...]]
    waking_rules: dict[int, tuple[CompiledRule, ...]]
    ambient: tuple[CompiledRule, ...]


def compile_set(themes: ThemeSet) -> Compiled:
    """Give every phrase, group and term its number."""
    builder = _Builder()
    terms = [builder.term(number, term, themes) for number, term in enumerate(themes.terms)]
    for number, theme in enumerate(themes.themes):
        for rule in theme.rules:
            test = builder.test(rule.condition)
            builder.add_rule(CompiledRule(number, rule.name, rule.title_weight, rule.body_weight, test))
    counted_in = builder.term_groups()
    return Compiled(
        source=themes,
        phrases=tuple(builder.phrases),
        phrase_groups=tuple(tuple(groups) for groups in builder.phrase_groups),
        terms=tuple(
            CompiledTerm(term.name, term.test, tuple(counted_in.get(term.name, ())), term.rules) for term in terms
        ),
        waking_terms={group: tuple(numbers) for group, numbers in builder.waking_terms.items()},
        waking_rules={group: tuple(rules) for group, rules in builder.waking_rules.items()},
        ambient=tuple(builder.ambient),
    )


@dataclass(slots=True)
class _Builder:
    phrases: dict[Phrase, int] = field(default_factory=dict)
    phrase_groups: list[list[int]] = field(default_factory=list)
    groups: dict[tuple[tuple[Phrase, ...], tuple[str, ...]], int] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    waking_terms: dict[int, list[int]] = field(default_factory=dict)
    waking_rules: dict[int, list[CompiledRule]] = field(default_factory=dict)
    ambient: list[CompiledRule] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    kept: list[Group] = field(default_factory=list)

    def term(self, number: int, term: Term, themes: ThemeSet) -> CompiledTerm:
        test = self.test(term.condition)
        self.waking_terms.setdefault(test.any, []).append(number)
        order = {theme.slug: index for index, theme in enumerate(themes.themes)}
        rules = tuple(
            CompiledRule(order[slug], f"term {term.name}", title, body, test, term=number)
            for slug, title, body in term.themes
        )
        return CompiledTerm(term.name, test, (), rules)

    def test(self, condition: Condition) -> Test:
        numbers = {
            "any": self.group(condition.any),
            "none": self.group(condition.none),
            "apart_from": self.group(condition.apart_from),
            "unless": self.group(condition.unless),
        }
        every, near = tuple(map(self.group, condition.all)), tuple(map(self.group, condition.near))
        extra = every or near or condition.feeds or condition.authors or condition.where is not Where.BOTH
        plain = numbers["any"] != NONE and not extra and max(list(numbers.values())[1:]) == NONE
        return Test(
            **numbers,
            all=every,
            near=near,
            within=condition.within,
            reach=condition.reach,
            where=condition.where,
            feeds=condition.feeds,
            authors=condition.authors,
            plain=plain,
        )

    def group(self, group: Group) -> int:
        """Give a group its number, its phrases theirs; equal groups share one, and no object is hashed twice."""
        if not group:
            return NONE
        if id(group) in self.seen:
            return self.seen[id(group)]
        key = (group.phrases, group.terms)
        number = self.groups.get(key)
        if number is None:
            number = self.groups[key] = len(self.groups)
            self.sizes.append(len(group.phrases) + len(group.terms))
            self.enter(group.phrases, number)
        self.seen[id(group)] = number
        self.kept.append(group)  # keeps the id from being given to another object
        return number

    def enter(self, phrases: Iterable[Phrase], group: int) -> None:
        for phrase in phrases:
            number = self.phrases.setdefault(phrase, len(self.phrases))
            if number == len(self.phrase_groups):
                self.phrase_groups.append([])
            self.phrase_groups[number].append(group)

    def add_rule(self, rule: CompiledRule) -> None:
        """File a rule under the group that wakes it: `any`, else the smallest that must occur."""
        needed = [rule.test.any] if rule.test.any != NONE else [*rule.test.all, *rule.test.near]
        if not needed:
            self.ambient.append(rule)
            return
        waker = min(needed, key=lambda group: self.sizes[group])
        self.waking_rules.setdefault(waker, []).append(rule)

    def term_groups(self) -> dict[str, list[int]]:
        """Give the groups that each term is a member of."""
        groups: dict[str, list[int]] = {}
        for (_, terms), number in self.groups.items():
            for term in terms:
                groups.setdefault(term, []).append(number)
        return groups
