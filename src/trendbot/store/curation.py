"""The log of what people changed: who, when, what, and the state before and after.

An act is one thing a person did; it may change many subjects, each known by kind and key (``entry:12``). The log is
only appended to. Undoing an act puts back the state before it, as an act of its own, and so can be undone again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased

from trendbot.errors import ConflictError, NotFoundError
from trendbot.store.schema import Curation

State = Mapping[str, Any]
"""What a person had said of a subject, as JSON; empty where nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One subject's state before and after an act."""

    subject: str
    before: State
    after: State


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What a person did, with all that it changed; `undone_by` is the act that took it back."""

    act: int
    kind: str
    made_at: datetime
    made_by: str
    note: str
    undoes: int | None
    undone_by: int | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """How a kind of subject is read, compared and put back: `same` tells whether two states mean the same."""

    read: Callable[[Session, Sequence[str]], dict[str, State]]
    restore: Callable[[Session, Mapping[str, State]], None]
    same: Callable[[State, State], bool] = lambda one, other: one == other


def record(
    session: Session,
    kind: str,
    changes: Sequence[Change],
    *,
    by: str,
    now: datetime,
    note: str = "",
    undoes: int | None = None,
) -> int:
    """Append an act to the log and give its number; `changes` must not be empty."""
    act = (session.scalar(select(func.max(Curation.act))) or 0) + 1
    shared = {"act": act, "kind": kind, "made_at": now, "made_by": by[:64], "note": note, "undoes": undoes}
    rows = [{"subject": c.subject, "before": dict(c.before), "after": dict(c.after), **shared} for c in changes]
    session.execute(insert(Curation), rows)
    return act


def list_acts(
    session: Session,
    *,
    subject: str | None = None,
    kinds: Sequence[str] = (),
    by: str | None = None,
    since: datetime | None = None,
    limit: int = 20,
) -> list[Act]:
    """Give acts, newest first. `kinds` are beginnings: ``tag.`` takes all acts on tags."""
    query = select(Curation.act).distinct().order_by(Curation.act.desc()).limit(limit)
    if subject is not None:
        query = query.where(Curation.subject == subject)
    if kinds:
        query = query.where(_any_of(kinds))
    if by is not None:
        query = query.where(Curation.made_by == by)
    if since is not None:
        query = query.where(Curation.made_at >= since)
    return _acts(session, list(session.scalars(query)))


def _any_of(kinds: Sequence[str]) -> Any:
    clauses = [Curation.kind.startswith(kind, autoescape=True) for kind in kinds]
    found = clauses[0]
    for clause in clauses[1:]:
        found = found | clause
    return found


def get_act(session: Session, act: int) -> Act:
    """Give one act.

    Raises:
        NotFoundError: there is none of that number.

    """
    found = _acts(session, [act])
    if not found:
        raise NotFoundError(f"no act {act}: see `trendbot tag log`")
    return found[0]


def _acts(session: Session, numbers: Sequence[int]) -> list[Act]:
    rows = session.scalars(select(Curation).where(Curation.act.in_(numbers)).order_by(Curation.id)).all()
    undone = dict(
        session.execute(
            select(Curation.undoes, func.max(Curation.act))
            .where(Curation.undoes.in_(numbers))
            .group_by(Curation.undoes)
        ).all()
    )
    grouped: dict[int, list[Curation]] = {}
    for row in rows:
        grouped.setdefault(row.act, []).append(row)
    return [_act(grouped[number], undone.get(number)) for number in numbers if number in grouped]


def _act(rows: Sequence[Curation], undone_by: int | None) -> Act:
    first = rows[0]
    return Act(
        act=first.act,
        kind=first.kind,
        made_at=first.made_at,
        made_by=first.made_by,
        note=first.note,
        undoes=first.undoes,
        undone_by=undone_by,
        changes=tuple(Change(subject=row.subject, before=row.before, after=row.after) for row in rows),
    )


def last_act(session: Session, *, kinds: Sequence[str], by: str | None = None) -> Act:
    """Give the newest act that was neither undone nor an undoing.

    Raises:
        NotFoundError: there is nothing to undo.

    """
    other = aliased(Curation)
    undone = select(other.id).where(other.undoes == Curation.act).exists()
    query = select(Curation.act).where(Curation.undoes.is_(None), ~undone, _any_of(kinds)).order_by(Curation.act.desc())
    if by is not None:
        query = query.where(Curation.made_by == by)
    number = session.scalar(query.limit(1))
    if number is None:
        raise NotFoundError("there is nothing to undo: `trendbot tag log` lists what was done")
    return get_act(session, number)


def undo_act(
    session: Session, act: Act, subjects: Mapping[str, Subject], *, by: str, now: datetime
) -> tuple[int, tuple[Change, ...]]:
    """Put back what stood before an act; give the number of the undoing and what it changed.

    All or nothing: where one subject was changed since, none is put back.

    Raises:
        ConflictError: it was undone already, or something it changed was changed since.
        NotFoundError: what it changed is not undone by this command.

    """
    if act.undone_by is not None:
        raise ConflictError(f"act {act.act} was undone already, by act {act.undone_by}: undo that one to have it again")
    changes = []
    for kind, of_kind in _by_kind(act.changes).items():
        if kind not in subjects:
            noun = act.kind.partition(".")[0]
            raise NotFoundError(f"act {act.act} ({act.kind}) is undone with `trendbot {noun} undo`")
        changes += _put_back(session, act, subjects[kind], of_kind)
    kind = act.kind if act.kind.endswith(".undo") else f"{act.kind.partition('.')[0]}.undo"
    return record(session, kind, changes, by=by, now=now, undoes=act.act), tuple(changes)


def _by_kind(changes: Iterable[Change]) -> dict[str, list[Change]]:
    grouped: dict[str, list[Change]] = {}
    for change in changes:
        grouped.setdefault(change.subject.partition(":")[0], []).append(change)
    return grouped


def _put_back(session: Session, act: Act, subject: Subject, changes: Sequence[Change]) -> list[Change]:
    keys = {change.subject.partition(":")[2]: change for change in changes}
    present = subject.read(session, list(keys))
    for key, change in keys.items():
        if key not in present:
            raise NotFoundError(f"{change.subject.replace(':', ' ')} is gone, so act {act.act} cannot be undone")
        if not subject.same(present[key], change.after):
            later = list_acts(session, subject=change.subject, limit=1)
            what = change.subject.replace(":", " ")
            raise ConflictError(f"{what} was changed since, by act {later[0].act}: undo that one first")
    subject.restore(session, {key: change.before for key, change in keys.items()})
    return [Change(subject=c.subject, before=present[key], after=c.before) for key, c in keys.items()]
