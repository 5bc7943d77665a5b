"""Terms as people keep them: added, merged, muted, and names that are none. Changes are logged and can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from trendbot.core.names.finding import name_key
from trendbot.core.themes.own import OwnTerm
from trendbot.core.vocabulary import Annotator
from trendbot.errors import NotFoundError
from trendbot.store.curation import Change, State, Subject, get_act, last_act, record, undo_act
from trendbot.store.schema import Entry, Mention, RejectedName, Tagging, Term
from trendbot.store.schema import OwnTerm as OwnRow

NONE: State = {"own": None, "muted": False, "rejected": False}
"""The state of a name of which nobody said anything."""
NONE_OWN: Mapping[str, Any] = {"merged_into": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class TermRow:
    """A term for lists: `entries` mention it since the instant asked, `last_at` is the newest; `own`: by people."""

    name: str
    kind: str
    muted: bool
    own: bool
    merged_into: str | None
    entries: int
    last_at: datetime | None


def own_terms(session: Session) -> tuple[OwnTerm, ...]:
    """Give what people added to the terms of the file, in order of names."""
    rows = session.scalars(select(OwnRow).order_by(OwnRow.name))
    return tuple(
        OwnTerm(
            name=row.name,
            kind=row.kind,
            aliases=tuple(row.aliases),
            themes={slug: float(weight) for slug, weight in row.themes.items()},
            merged_into=row.merged_into,
        )
        for row in rows
    )


def list_terms(
    session: Session,
    *,
    since: datetime,
    kind: str | None = None,
    search: str | None = None,
    own: bool = False,
    muted: bool = False,
    limit: int = 50,
) -> list[TermRow]:
    """Give terms, those mentioned most since an instant first; `own` and `muted` give only such."""
    recent = (
        select(Mention.term_id, func.count().label("entries"), func.max(Entry.dated_at).label("last_at"))
        .join(Entry, Entry.id == Mention.entry_id).where(Entry.dated_at >= since).group_by(Mention.term_id).subquery()
    )  # fmt: skip
    entries = func.coalesce(recent.c.entries, 0)
    query = (
        select(Term, OwnRow, entries, recent.c.last_at)
        .outerjoin(recent, recent.c.term_id == Term.id)
        .outerjoin(OwnRow, OwnRow.name == Term.name)
        .order_by(entries.desc(), func.lower(Term.name))
        .limit(limit)
    )
    if kind is not None:
        query = query.where(Term.kind == kind)
    if search is not None:
        query = query.where(Term.name.icontains(search, autoescape=True))
    if own:
        query = query.where(OwnRow.name.is_not(None))
    if muted:
        query = query.where(Term.muted)
    return [
        TermRow(
            name=term.name,
            kind=term.kind,
            muted=term.muted,
            own=mine is not None,
            merged_into=mine.merged_into if mine else None,
            entries=count,
            last_at=last_at,
        )
        for term, mine, count, last_at in session.execute(query)
    ]


def find_term(session: Session, name: str) -> str:
    """Give the name of a term as it is kept; case, hyphens and spaces do not matter.

    Raises:
        NotFoundError: there is no such term.

    """
    found = stored_name(session, name)
    if found is None:
        raise NotFoundError(f"no term {name!r}: see `trendbot terms list --search …`")
    return found


def stored_name(session: Session, name: str) -> str | None:
    """Give the name of a term as it is kept, None where there is none."""
    names = list(session.scalars(select(Term.name)))
    key = name_key(name)
    return name if name in names else next((kept for kept in names if name_key(kept) == key), None)


def read_states(session: Session, names: Sequence[str]) -> dict[str, State]:
    """Give what people say of names: ``{"own": {...} or None, "muted": ..., "rejected": ...}``."""
    own = {row.name: _own_as_json(row) for row in session.scalars(select(OwnRow).where(OwnRow.name.in_(names)))}
    muted = set(session.scalars(select(Term.name).where(Term.name.in_(names), Term.muted)))
    keys = {name: name_key(name)[:64] for name in names}
    rejected = set(session.scalars(select(RejectedName.key).where(RejectedName.key.in_(keys.values()))))
    return {name: {"own": own.get(name), "muted": name in muted, "rejected": keys[name] in rejected} for name in names}


def _own_as_json(row: OwnRow) -> dict[str, Any]:
    themes = {slug: row.themes[slug] for slug in sorted(row.themes)}
    return {"kind": row.kind, "aliases": row.aliases, "themes": themes, "merged_into": row.merged_into}


def restore_states(session: Session, states: Mapping[str, State]) -> None:
    """Make what people say of names that of the states; terms that nobody keeps any longer go, with their mentions."""
    for name, state in states.items():
        was = session.scalar(select(OwnRow).where(OwnRow.name == name))
        was_made, was_in = (was.kind is not None, was.merged_into) if was is not None else (False, None)
        session.execute(delete(OwnRow).where(OwnRow.name == name))
        session.execute(delete(RejectedName).where(RejectedName.key == name_key(name)[:64]))
        if state["own"] is not None:
            session.execute(insert(OwnRow).values(name=name, **state["own"]))
            _ensure_term(session, name, state["own"]["kind"])
            _move_mentions(session, name, state["own"]["merged_into"])
        elif was_made:
            session.execute(delete(Term).where(Term.name == name))
        if state["rejected"]:
            session.execute(insert(RejectedName).values(key=name_key(name)[:64], text=name))
        session.execute(update(Term).where(Term.name == name).values(muted=state["muted"]))
        if was_in is not None and (state["own"] or NONE_OWN)["merged_into"] != was_in:
            _read_again(session, was_in)


def _read_again(session: Session, term: str) -> None:
    """Let the next run read the entries that mention a term again: some of them mention what was merged into it."""
    mentioning = select(Mention.entry_id).join(Term, Term.id == Mention.term_id).where(Term.name == term)
    session.execute(
        delete(Tagging)
        .where(Tagging.annotator == Annotator.RULE, Tagging.entry_id.in_(mentioning))
        .execution_options(synchronize_session=False)
    )


def _ensure_term(session: Session, name: str, kind: str | None) -> None:
    if session.scalar(select(Term.id).where(Term.name == name)) is None and kind is not None:
        session.execute(insert(Term).values(name=name, kind=kind, muted=False))


def _move_mentions(session: Session, name: str, into: str | None) -> None:
    """Count the mentions of a merged term as the other's; an entry that has both keeps the other's."""
    source = session.scalar(select(Term.id).where(Term.name == name))
    target = session.scalar(select(Term.id).where(Term.name == into)) if into else None
    if source is None or target is None:
        return
    other = aliased(Mention)
    both = select(other.entry_id).where(other.term_id == target)
    session.execute(
        delete(Mention)
        .where(Mention.term_id == source, Mention.entry_id.in_(both))
        .execution_options(synchronize_session=False)
    )
    moved = update(Mention).where(Mention.term_id == source).values(term_id=target)
    session.execute(moved.execution_options(synchronize_session=False))


TERM = Subject(read=read_states, restore=restore_states)


def change_terms(
    session: Session, after: Mapping[str, State], *, kind: str, by: str, now: datetime, note: str = ""
) -> int | None:
    """Store what a person says of names, as one act; give its number, None where all of it stood so already."""
    before = read_states(session, list(after))
    changed = {name: state for name, state in after.items() if state != before[name]}
    if not changed:
        return None
    restore_states(session, changed)
    changes = [Change(subject=f"term:{name}", before=before[name], after=state) for name, state in changed.items()]
    return record(session, kind, changes, by=by, now=now, note=note)


def latest_entries(session: Session, name: str, *, limit: int = 5) -> list[tuple[int, str]]:
    """Give id and title of the newest entries that mention a term."""
    query = (
        select(Entry.id, Entry.title)
        .join(Mention, Mention.entry_id == Entry.id)
        .join(Term, Term.id == Mention.term_id)
        .where(Term.name == name)
        .order_by(Entry.dated_at.desc(), Entry.id.desc())
        .limit(limit)
    )
    return [(number, title) for number, title in session.execute(query)]


def undo_terms(session: Session, act: int | None, *, by: str, now: datetime) -> int:
    """Take back a decision on terms, the last where `act` is None; give the number of the undoing.

    Raises:
        NotFoundError: there is nothing to undo.
        ConflictError: it was undone already, or something it changed was changed since.

    """
    found = last_act(session, kinds=["terms."]) if act is None else get_act(session, act)
    return undo_act(session, found, {"term": TERM}, by=by, now=now)[0]
