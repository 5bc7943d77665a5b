"""Terms of the editor's own, beside those of the themes file.

They live apart from the file, so that a new file does not lose them, and are joined to it when a matcher is built. The
hash of the set stays the file's: a new term reads what comes, and the past only where a person asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trendbot.core.themes.model import Condition, Group, Term, Theme, ThemeSet
from trendbot.core.themes.phrases import Phrase, literal, parse_phrase

TITLE, BODY = 2.0, 1.0
"""What a weight counts in the title and in the body, as in a themes file that says nothing of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnTerm:
    """A term that people added (`kind` given), or what they added to a term of the file (`kind` None).

    `themes` is theme → weight. `merged_into` names the term that this one is counted as.
    """

    name: str
    kind: str | None = None
    aliases: tuple[str, ...] = ()
    themes: Mapping[str, float] = field(default_factory=dict)
    merged_into: str | None = None


def with_own_terms(themes: ThemeSet, own: Sequence[OwnTerm]) -> ThemeSet:
    """Return the theme set with the editor's own terms; one that the file has too is joined to the file's."""
    if not own:
        return themes
    terms = {term.name: term for term in themes.terms}
    slugs = frozenset(themes.slugs)
    for mine in own:
        found = _of_same_name(terms, mine.name)
        if found is not None:
            terms[found.name] = _joined(found, mine, slugs)
        elif mine.kind is not None:
            terms[mine.name] = _made(mine, slugs)
    moved: dict[str, str] = {}
    for mine in own:
        if mine.merged_into is not None:
            moved |= _merge(terms, mine.name, mine.merged_into)
    regrouped = _Regrouping(terms, moved, known=frozenset(term.name for term in themes.terms))
    return replace(themes, terms=tuple(terms.values()), themes=tuple(map(regrouped.theme, themes.themes)))


class _Regrouping:
    """Puts own terms into the groups that ask for all terms of their kind, and merged ones under their new name."""

    def __init__(self, terms: Mapping[str, Term], moved: Mapping[str, str], *, known: frozenset[str]) -> None:
        self._moved = moved
        self._added: dict[str, list[str]] = {}
        for name, term in terms.items():
            if name not in known:
                self._added.setdefault(term.kind, []).append(name)
        self._made: dict[int, Group] = {}

    def theme(self, theme: Theme) -> Theme:
        rules = (replace(rule, condition=self.condition(rule.condition)) for rule in theme.rules)
        return replace(theme, rules=tuple(rules))

    def condition(self, condition: Condition) -> Condition:
        return replace(
            condition,
            any=self.group(condition.any),
            all=tuple(map(self.group, condition.all)),
            near=tuple(map(self.group, condition.near)),
            none=self.group(condition.none),
            apart_from=self.group(condition.apart_from),
            unless=self.group(condition.unless),
        )

    def group(self, group: Group) -> Group:
        """Give the group as it is now; rules that shared one share the new one, which keeps reading quick."""
        if not group.terms:
            return group
        if id(group) not in self._made:
            added = [name for kind in group.kinds for name in self._added.get(kind, ())]
            names = dict.fromkeys(self._now(name) for name in (*group.terms, *added))
            self._made[id(group)] = replace(group, terms=tuple(names))
        return self._made[id(group)]

    def _now(self, name: str) -> str:
        while name in self._moved:
            name = self._moved[name]
        return name


def _of_same_name(terms: Mapping[str, Term], name: str) -> Term | None:
    if name in terms:
        return terms[name]
    return next((term for term in terms.values() if term.name.casefold() == name.casefold()), None)


def _made(mine: OwnTerm, slugs: frozenset[str]) -> Term:
    phrases = tuple(dict.fromkeys(map(spelling, (mine.name, *mine.aliases))))
    condition = Condition(any=Group(label=mine.name, phrases=phrases))
    return Term(name=mine.name, kind=mine.kind or "term", condition=condition, themes=tuple(_weights(mine, slugs)))


def _joined(term: Term, mine: OwnTerm, slugs: frozenset[str]) -> Term:
    said = {slug for slug, _, _ in term.themes}
    more = tuple(weight for weight in _weights(mine, slugs) if weight[0] not in said)
    return replace(term, condition=_also(term.condition, map(spelling, mine.aliases)), themes=(*term.themes, *more))


def _weights(mine: OwnTerm, slugs: frozenset[str]) -> Iterable[tuple[str, float, float]]:
    return [(slug, TITLE * weight, BODY * weight) for slug, weight in mine.themes.items() if slug in slugs]


def _merge(terms: dict[str, Term], name: str, into: str) -> dict[str, str]:
    """Count `name` as `into`: its spellings go there, and the term itself goes; give what went where."""
    source, target = _of_same_name(terms, name), _of_same_name(terms, into)
    if source is None or target is None or source is target:
        return {}
    terms[target.name] = replace(target, condition=_also(target.condition, source.condition.any.phrases))
    del terms[source.name]
    return {source.name: target.name}


def _also(condition: Condition, phrases: Iterable[Phrase]) -> Condition:
    group = condition.any
    return replace(condition, any=replace(group, phrases=tuple(dict.fromkeys((*group.phrases, *phrases)))))


def spelling(text: str) -> Phrase:
    """Return the phrase that finds a name as it is written: case apart, but with its capitals where it is a plain word.

    ``Manus`` and ``Rubin`` are found with their capital only, since a word of lower case may be an everyday one. A name
    with a digit is found with space, hyphen or nothing between its words: Kimi K2, Kimi-K2, KimiK2.

    Raises:
        PhraseError: the name cannot be sought: it is empty or too long.

    """
    if text.isalpha() and text[:1].isupper():
        return parse_phrase(f"={text}")
    joined = "-".join(text.split()) if any(character.isdigit() for character in text) else text
    return parse_phrase(literal(joined))


def is_plain(term: Term) -> bool:
    """Tell whether a term is found by its spellings alone, without further conditions."""
    return term.condition == Condition(any=term.condition.any)
