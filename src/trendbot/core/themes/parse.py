"""From TOML to a `ThemeSet`. The language is described for editors in ``docs/reference/themes.md``."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trendbot.core.themes.lines import Lines, index_lines
from trendbot.core.themes.model import NOTHING, Condition, Group, Rule, Term, Theme, ThemeSet, Where
from trendbot.core.themes.phrases import Phrase, PhraseError, literal, parse_phrase
from trendbot.errors import ConfigError

FORMAT = 1
_ENGINE = "themes-1"  # part of the hash: change it when the same file comes to mean something else
_MAX_NUMBER = 1_000_000
_MAX_KIND, _MAX_NAME = 16, 128  # what the tables hold
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CONDITION_KEYS = {
    "any", "all", "near", "within", "none", "except", "unless", "reach", "in", "feed", "author", "case",
}  # fmt: skip
_RULE_KEYS = _CONDITION_KEYS | {"name", "weight"}
_GROUP_KEYS = (_CONDITION_KEYS - {"any"}) | {"name", "words"}
_TERM_KEYS = _CONDITION_KEYS | {"name", "kind", "aliases", "themes"}
_THEME_KEYS = {"slug", "title", "description", "threshold", "words", "group", "rule"}
_FILE_KEYS = {"format", "defaults", "lists", "term", "theme"}
_DEFAULTS = {"threshold": 1.0, "title": 2.0, "body": 1.0, "within": 8, "reach": 12}


@functools.lru_cache(maxsize=4)
def parse_themes(text: str, *, file: str = "themes.toml") -> ThemeSet:
    """Parse a themes file; `file` is its name in messages. The last few are remembered: every poll asks for the same.

    Raises `ConfigError` with one line that names file, line, the theme's rule or term, and what to change.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_toml_problem(file, text, str(error))) from error
    return _Parser(file=file, lines=index_lines(text), data=data).theme_set()


def _toml_problem(file: str, text: str, message: str) -> str:
    found = re.search(r"line (\d+)", message)
    line = int(found.group(1)) if found else text.count("\n") + 1
    return f"{file}:{line}: not valid TOML: {message}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where we are: the table's path for line numbers, and its name for people."""

    path: str
    label: str


@dataclass(slots=True)
class _Parser:
    file: str
    lines: Lines
    data: Mapping[str, Any]
    defaults: dict[str, float] = field(default_factory=lambda: dict(_DEFAULTS))
    lists: dict[str, Group] = field(default_factory=dict)
    kinds: dict[str, Group] = field(default_factory=dict)
    phrases: dict[tuple[str, bool], Phrase] = field(default_factory=dict)

    def fail(self, place: _Place, problem: str, *needles: str) -> ConfigError:
        """Make the error for a problem at a place."""
        named = re.findall('".+?"', place.label) if place.path and not self.lines.known(place.path) else []
        line = self.lines.find(place.path, *named[-1:], *needles)
        return ConfigError(f"{self.file}:{line}: {place.label}: {problem}")

    # -- the file ------------------------------------------------------------------------------------------------------

    def theme_set(self) -> ThemeSet:
        """Parse it all; terms before lists, since a list may name a kind of terms."""
        whole = _Place("", "the file")
        self.check_keys(self.data, _FILE_KEYS, whole)
        if self.data.get("format") != FORMAT:
            raise self.fail(whole, f"the first line must be 'format = {FORMAT}'", "format")
        self.read_defaults()
        tables = self.tables(self.data, "theme", whole)
        slugs = tuple(self.slug(table, index) for index, table in enumerate(tables))
        self.read_kinds()
        terms = self.terms(frozenset(slugs))
        themes = tuple(self.theme(table, index) for index, table in enumerate(tables))
        for name in self.data.get("lists", {}):
            self.reference(f"@{name}", _Place("lists", f'list "{name}"'), name)  # one that nobody uses may be wrong too
        return ThemeSet(hash=self.hash(), themes=themes, terms=terms, slugs=slugs)

    def hash(self) -> str:
        """Hash the meaning: the parsed tables in a canonical form, and the version of this language."""
        canonical = json.dumps([_ENGINE, self.data], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def read_defaults(self) -> None:
        place = _Place("defaults", "defaults")
        table = self.data.get("defaults", {})
        self.check_keys(table, set(_DEFAULTS), place)
        self.defaults |= {key: self.number(table, key, _DEFAULTS[key], place) for key in table}

    def read_kinds(self) -> None:
        """Collect the terms of each kind, so that "@company" stands for all of them."""
        named: dict[str, list[str]] = {}
        for table in self.tables(self.data, "term", _Place("", "the file")):
            named.setdefault(str(table.get("kind", "term")), []).append(str(table.get("name", "")))
        self.kinds = {kind: Group(label=f"@{kind}", terms=tuple(names), kinds=(kind,)) for kind, names in named.items()}

    # -- terms and themes ----------------------------------------------------------------------------------------------

    def terms(self, slugs: frozenset[str]) -> tuple[Term, ...]:
        seen: set[str] = set()
        terms: list[Term] = []
        for index, table in enumerate(self.tables(self.data, "term", _Place("", "the file"))):
            place = _Place(f"term[{index}]", f'term "{table.get("name", f"number {index + 1}")}"')
            terms.append(self.term(table, place, slugs))
            if len(terms[-1].name) > _MAX_NAME:
                raise self.fail(place, f"the name may have {_MAX_NAME} characters", "name")
            if terms[-1].name.lower() in seen:
                raise self.fail(place, "the name is taken by an earlier term", "name")
            seen.add(terms[-1].name.lower())
        return tuple(terms)

    def term(self, table: Mapping[str, Any], place: _Place, slugs: frozenset[str]) -> Term:
        self.check_keys(table, _TERM_KEYS, place)
        name, kind = self.string(table, "name", place), self.kind(table, place)
        spellings = self.strings(table, "any", place) or [literal(name), *self.strings(table, "aliases", place)]
        condition = self.condition(table, place, any_of=spellings)
        if any(group.terms for group in _groups(condition)):
            raise self.fail(place, "a term's conditions may use phrases and lists of phrases, not kinds of terms")
        themes = []
        for slug, weight in self.weights(table, "themes", place):
            if slug not in slugs:
                raise self.fail(place, f'there is no theme "{slug}"', "themes")
            themes.append((slug, *self.weigh(weight, condition.where)))
        return Term(name=name, kind=kind, condition=condition, themes=tuple(themes))

    def kind(self, table: Mapping[str, Any], place: _Place) -> str:
        kind = self.string(table, "kind", place) if "kind" in table else "term"
        if len(kind) > _MAX_KIND or not _SLUG.fullmatch(kind):
            raise self.fail(place, f'"{kind}" is no kind: use a-z, 0-9 and hyphens, {_MAX_KIND} at most', "kind")
        return kind

    def slug(self, table: Mapping[str, Any], index: int) -> str:
        place = _Place(f"theme[{index}]", f"theme number {index + 1}")
        slug = self.string(table, "slug", place)
        if not _SLUG.fullmatch(slug):
            raise self.fail(place, f'"{slug}" is no slug: use a-z, 0-9 and hyphens', "slug")
        if any(other.get("slug") == slug for other in self.data["theme"][:index]):
            raise self.fail(place, f'the slug "{slug}" is taken by an earlier theme', "slug")
        return slug

    def theme(self, table: Mapping[str, Any], index: int) -> Theme:
        slug = table["slug"]
        place = _Place(f"theme[{index}]", f'theme "{slug}"')
        self.check_keys(table, _THEME_KEYS, place)
        rules = self.words(table, place, Condition())
        for number, group in enumerate(self.tables(table, "group", place)):
            rules += self.group(group, _Place(f"{place.path}.group[{number}]", f"{place.label}, group {number + 1}"))
        for number, rule in enumerate(self.tables(table, "rule", place)):
            name = rule.get("name", f"number {number + 1}")
            rules.append(self.rule(rule, _Place(f"{place.path}.rule[{number}]", f'{place.label}, rule "{name}"')))
        return Theme(
            slug=slug,
            title=self.string(table, "title", place),
            description=str(table.get("description", "")),
            threshold=self.number(table, "threshold", self.defaults["threshold"], place),
            rules=tuple(rules),
        )

    def words(self, table: Mapping[str, Any], place: _Place, shared: Condition, *, case: bool = False) -> list[Rule]:
        """Make one rule of each phrase in a table of weights, under the conditions they share."""
        inner = _Place(f"{place.path}.words", place.label)
        rules = []
        for source, weight in self.weights(table, "words", inner):
            group = self.resolve([source], inner, "words", case=case)
            title, body = self.weigh(weight, shared.where)
            condition = _with_any(shared, group)
            rules.append(Rule(name=source, title_weight=title, body_weight=body, condition=condition))
        return rules

    def group(self, table: Mapping[str, Any], place: _Place) -> list[Rule]:
        self.check_keys(table, _GROUP_KEYS, place)
        shared = self.condition(table, place, any_of=[])
        return self.words(table, place, shared, case=bool(table.get("case", False)))

    def rule(self, table: Mapping[str, Any], place: _Place) -> Rule:
        self.check_keys(table, _RULE_KEYS, place)
        condition = self.condition(table, place, any_of=self.strings(table, "any", place))
        if not (condition.any or condition.all or condition.near or condition.feeds or condition.authors):
            raise self.fail(place, "nothing to look for: give 'any', 'all', 'near', 'feed' or 'author'")
        title, body = self.weigh(self.number(table, "weight", 1.0, place), condition.where)
        return Rule(name=self.string(table, "name", place), title_weight=title, body_weight=body, condition=condition)

    def weigh(self, weight: float, where: Where) -> tuple[float, float]:
        """Give what a rule of this weight adds in the title and in the body."""
        title, body = weight * self.defaults["title"], weight * self.defaults["body"]
        return (0.0 if where is Where.BODY else title), (0.0 if where is Where.TITLE else body)

    # -- conditions ----------------------------------------------------------------------------------------------------

    def condition(self, table: Mapping[str, Any], place: _Place, *, any_of: Sequence[str]) -> Condition:
        case = bool(table.get("case", False))
        return Condition(
            any=self.resolve(any_of, place, "any", case=case),
            all=self.each(table, "all", place),
            near=self.near(table, place),
            within=int(self.number(table, "within", self.defaults["within"], place)),
            none=self.resolve(self.strings(table, "none", place), place, "none"),
            apart_from=self.resolve(self.strings(table, "except", place), place, "except"),
            unless=self.resolve(self.strings(table, "unless", place), place, "unless"),
            reach=int(self.number(table, "reach", self.defaults["reach"], place)),
            where=self.where(table, place),
            feeds=tuple(glob.lower() for glob in self.strings(table, "feed", place)),
            authors=tuple(glob.lower() for glob in self.strings(table, "author", place)),
        )

    def each(self, table: Mapping[str, Any], key: str, place: _Place) -> tuple[Group, ...]:
        """Make one group of each item of a list: a phrase, a "@list", or a list of either."""
        value = table.get(key, [])
        items = value if isinstance(value, list) else [value]
        return tuple(self.resolve(self.strings({key: item}, key, place), place, key) for item in items)

    def near(self, table: Mapping[str, Any], place: _Place) -> tuple[Group, ...]:
        groups = self.each(table, "near", place)
        if len(groups) == 1:
            raise self.fail(place, "'near' needs two or more phrases or lists", "near")
        return groups

    def where(self, table: Mapping[str, Any], place: _Place) -> Where:
        try:
            return Where(table.get("in", "both"))
        except ValueError:
            raise self.fail(place, '\'in\' is "title", "body" or "both"', "in =") from None

    def resolve(self, sources: Sequence[str], place: _Place, key: str, *, case: bool = False) -> Group:
        """Turn phrases and "@list" references into one group."""
        if not sources:
            return NOTHING
        if len(sources) == 1 and sources[0].startswith("@"):
            return self.reference(sources[0], place, key)
        phrases: list[Phrase] = []
        terms: list[str] = []
        kinds: list[str] = []
        for source in sources:
            if source.startswith("@"):
                group = self.reference(source, place, key)
                phrases += group.phrases
                terms += group.terms
                kinds += group.kinds
            else:
                phrases.append(self.phrase(source, place, key, case=case))
        label = sources[0] if len(sources) == 1 else f"{place.path}.{key}"
        return Group(
            label=label,
            phrases=tuple(dict.fromkeys(phrases)),
            terms=tuple(dict.fromkeys(terms)),
            kinds=tuple(dict.fromkeys(kinds)),
        )

    def reference(self, source: str, place: _Place, key: str) -> Group:
        name = source[1:]
        if name in self.lists:
            return self.lists[name]
        if name in self.data.get("lists", {}):
            return self.read_list(name)
        if name in self.kinds:
            return self.kinds[name]
        raise self.fail(place, f'there is no list and no kind of terms "{name}"', key, source)

    def read_list(self, name: str) -> Group:
        """Parse a list on first use; while it is being read, a reference back to it is an error."""
        place = _Place("lists", f'list "{name}"')
        self.lists[name] = NOTHING
        sources = self.strings(self.data["lists"], name, place)
        if not sources:
            raise self.fail(place, "the list is empty", name)
        for source in sources:
            if source.startswith("@") and self.lists.get(source[1:]) is NOTHING:
                raise self.fail(place, f'the list refers to itself through "{source}"', name, source)
        group = self.resolve(sources, place, name)
        self.lists[name] = replace(group, label=f"@{name}")
        return self.lists[name]

    def phrase(self, source: str, place: _Place, key: str, *, case: bool) -> Phrase:
        if (source, case) not in self.phrases:
            try:
                self.phrases[source, case] = parse_phrase(source, case=case)
            except PhraseError as error:
                needles = (key, source) if key != "words" else (source,)
                raise self.fail(place, f'"{source}": {error}', *needles) from error
        return self.phrases[source, case]

    # -- values --------------------------------------------------------------------------------------------------------

    def check_keys(self, table: Mapping[str, Any], allowed: set[str], place: _Place) -> None:
        unknown = sorted(set(table) - allowed)
        if unknown:
            known = ", ".join(sorted(allowed))
            raise self.fail(place, f'unknown key "{unknown[0]}"; known are {known}', unknown[0])

    def tables(self, table: Mapping[str, Any], key: str, place: _Place) -> list[Mapping[str, Any]]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail(place, f"'{key}' must be tables, each under its own [[…{key}]]", key)
        return value

    def string(self, table: Mapping[str, Any], key: str, place: _Place) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(place, f"'{key}' must be given, as text", key)
        return value

    def strings(self, table: Mapping[str, Any], key: str, place: _Place) -> list[str]:
        value = table.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(place, f"'{key}' must be a text or a list of texts", key)
        return value

    def number(self, table: Mapping[str, Any], key: str, default: float, place: _Place) -> float:
        value = table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > _MAX_NUMBER:
            raise self.fail(place, f"'{key}' must be a number", key)
        return float(value)

    def weights(self, table: Mapping[str, Any], key: str, place: _Place) -> list[tuple[str, float]]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(place, f"'{key}' must be a table of \"phrase\" = weight", key)
        return [(str(source), self.number(value, source, 0.0, place)) for source in value]


def _groups(condition: Condition) -> tuple[Group, ...]:
    return (condition.any, *condition.all, *condition.near, condition.none, condition.apart_from, condition.unless)


def _with_any(shared: Condition, group: Group) -> Condition:
    return Condition(
        any=group,
        all=shared.all,
        near=shared.near,
        within=shared.within,
        none=shared.none,
        apart_from=shared.apart_from,
        unless=shared.unless,
        reach=shared.reach,
        where=shared.where,
        feeds=shared.feeds,
        authors=shared.authors,
    )
