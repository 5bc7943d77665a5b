"""What people decide on terms: accept, reject, merge, mute. Each is one act in the log, and counts from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from trendbot.core.names.finding import name_key
from trendbot.core.names.known import Known, keys_of_terms
from trendbot.core.themes import PhraseError, Term, ThemeSet
from trendbot.core.themes.own import is_plain, spelling
from trendbot.errors import ConflictError, NotFoundError
from trendbot.pipeline.names import common_words, harvest_names, suggest_names
from trendbot.pipeline.tag import rules_in_force
from trendbot.store.curation import State
from trendbot.store.database import Database
from trendbot.store.terms import NONE, change_terms, find_term, read_states, stored_name

LONGEST = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """Who decides, and when."""

    by: str
    now: datetime


def known_names(database: Database, *, now: datetime) -> Known:
    """Return the names that need not be put forward: the terms in force, with their spellings."""
    return _known(rules_in_force(database, None, now=now).themes)


@lru_cache(maxsize=2)
def _known(themes: ThemeSet) -> Known:
    """Spell out every term of the rules, once for all polls."""
    return Known(keys=keys_of_terms(themes.terms), common=common_words())


def follow_names(database: Database, *, now: datetime) -> int:
    """Read new entries for names and put forward those that surge today; return how many entries were read.

    Raises:
        ConfigError: there are no themes yet.

    """
    known = known_names(database, now=now)
    read = harvest_names(database, now=now, common=known.common)
    suggest_names(database, day=now.date(), known=known)
    return read


def accept(
    database: Database, name: str, *, kind: str, aliases: Sequence[str], themes: Mapping[str, float], who: Who
) -> int | None:
    """Make a name a term, found by its spellings and speaking for themes; return the act, None where it stood so.

    Raises:
        ConflictError: the themes file has that term already.
        NotFoundError: there is no such theme.
        ConfigError: there are no themes yet.

    """
    rules = rules_in_force(database, None, now=who.now).themes
    _check(name, aliases)
    missing = [slug for slug in themes if slug not in rules.slugs]
    if missing:
        raise NotFoundError(f"no theme {missing[0]!r}: the themes are {', '.join(rules.slugs)}")
    kept = database.read(stored_name, name)
    state = database.read(read_states, [kept or name])[kept or name]
    if kept is not None and (state["own"] is None or state["own"]["kind"] is None):
        raise ConflictError(f"{kept} is a term of the themes file already: `trendbot terms show {kept!r}` shows it")
    own = {"kind": kind, "aliases": list(aliases), "themes": dict(sorted(themes.items())), "merged_into": None}
    after = {kept or name: {**state, "own": own, "rejected": False}}
    return database.write(change_terms, after, kind="terms.accept", by=who.by, now=who.now)


def _check(name: str, aliases: Sequence[str]) -> None:
    for text in (name, *aliases):
        if not name_key(text) or len(text) > LONGEST:
            raise ConflictError(f"{text!r} is no name: give one to {LONGEST} characters")
        try:
            spelling(text)
        except PhraseError as error:
            raise ConflictError(f"{text!r} cannot be sought in texts: {error}") from error


def reject(database: Database, names: Sequence[str], *, who: Who) -> int | None:
    """Say that names are no terms, so that they are not put forward again.

    Raises:
        ConflictError: one of them is a term.

    """
    after: dict[str, State] = {}
    for name in names:
        if (kept := database.read(stored_name, name)) is not None:
            raise ConflictError(f"{kept} is a term: `trendbot terms mute {kept!r}` hides it from the trends")
        after[name] = {**NONE, "rejected": True}
    return database.write(change_terms, after, kind="terms.reject", by=who.by, now=who.now)


def merge(database: Database, names: Sequence[str], *, into: str, who: Who) -> int | None:
    """Count names as another term: a term with its mentions, or a spelling that was none.

    Raises:
        NotFoundError: there is no term `into`.
        ConflictError: a term has conditions in the themes file that would be lost.

    """
    rules = rules_in_force(database, None, now=who.now).themes
    target = database.read(find_term, into)
    after: dict[str, State] = {}
    aliases: list[str] = []
    for name in names:
        kept = database.read(stored_name, name)
        if kept == target:
            raise ConflictError(f"{kept} cannot be merged into itself")
        if kept is None:
            _check(name, ())
            aliases.append(name)
        else:
            after[kept] = _merged(database, kept, target, _term(rules, kept))
    if aliases:
        after[target] = _with_aliases(database.read(read_states, [target])[target], aliases)
    return database.write(change_terms, after, kind="terms.merge", by=who.by, now=who.now)


def _term(rules: ThemeSet, name: str) -> Term | None:
    return next((term for term in rules.terms if term.name == name), None)


def _merged(database: Database, name: str, target: str, term: Term | None) -> State:
    if term is not None and not is_plain(term):
        raise ConflictError(f"{name} has conditions in the themes file: merge the two there, `trendbot themes edit`")
    state = database.read(read_states, [name])[name]
    own = state["own"] or {"kind": None, "aliases": [], "themes": {}}
    return {**state, "own": {**own, "merged_into": target}}


def _with_aliases(state: State, aliases: Sequence[str]) -> State:
    own = state["own"] or {"kind": None, "aliases": [], "themes": {}, "merged_into": None}
    return {**state, "own": {**own, "aliases": list(dict.fromkeys([*own["aliases"], *aliases]))}}


def mute(database: Database, names: Sequence[str], *, muted: bool, who: Who) -> int | None:
    """Hide terms from the trends, or show them again; they are counted all the same.

    Raises:
        NotFoundError: one of them is no term.

    """
    kept = [database.read(find_term, name) for name in names]
    states = database.read(read_states, kept)
    after = {name: {**state, "muted": muted} for name, state in states.items()}
    kind = "terms.mute" if muted else "terms.unmute"
    return database.write(change_terms, after, kind=kind, by=who.by, now=who.now)
