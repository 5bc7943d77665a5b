"""The editor's desk in the database: choices about stories, drafts and verdicts, each act in the log and undone by it.

A choice belongs to a slot, not to a draft: a draft that is composed again takes the choices up again. Once the slot's
digest is frozen nothing here changes any more; errata are the way then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from trendbot.core.digests import DigestContent, from_json, to_json
from trendbot.core.editing import Choice, Place
from trendbot.core.policies import Verdict
from trendbot.core.vocabulary import Cadence
from trendbot.errors import FrozenError, NotFoundError
from trendbot.store.curation import Act, Change, State, Subject, get_act, last_act, list_acts, record, undo_act
from trendbot.store.digests import find_digest
from trendbot.store.schema import DigestChoice, DigestDraft
from trendbot.store.stories import standing

KIND = "digest."


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """The slot of a cadence: what a draft and a digest stand for."""

    cadence: Cadence
    slot: str

    def __str__(self) -> str:
        return f"{self.cadence}/{self.slot}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A digest on the desk. `machine` is what the rules alone made; `before` what it was before its last change.

    `problem` is what a channel's linter says of it; such a draft cannot be frozen.
    """

    of: Slot
    content: DigestContent
    machine: DigestContent
    before: DigestContent | None
    problem: str | None
    drafted_at: datetime
    composed_at: datetime
    verdict: Verdict | None
    verdict_at: datetime | None
    verdict_by: str | None
    lapsed_at: datetime | None


# -- drafts ------------------------------------------------------------------------------------------------------------


def find_draft(session: Session, of: Slot) -> Draft | None:
    """Return the draft of a slot, also of one that is frozen by now or has lapsed; None where there was none."""
    row = session.get(DigestDraft, (of.cadence, of.slot))
    return _draft(row) if row else None


def live_drafts(session: Session, cadence: Cadence | None = None) -> tuple[Draft, ...]:
    """Return the drafts that wait, the oldest first: neither frozen nor lapsed."""
    query = select(DigestDraft).where(DigestDraft.lapsed_at.is_(None)).order_by(DigestDraft.drafted_at)
    if cadence is not None:
        query = query.where(DigestDraft.cadence == cadence)
    rows = session.scalars(query).all()
    return tuple(_draft(row) for row in rows if not find_digest(session, cadence=row.cadence, slot=row.slot))


def keep_draft(
    session: Session,
    content: DigestContent,
    *,
    machine: DigestContent,
    problem: str | None,
    now: datetime,
) -> Draft:
    """Write a draft, or write it anew; what it was goes into `before` where it changed.

    Raises:
        FrozenError: the slot's digest is frozen.

    """
    of = Slot(cadence=content.cadence, slot=content.slot)
    refuse_frozen(session, of)
    row = session.get(DigestDraft, (of.cadence, of.slot))
    if row is None:
        row = DigestDraft(cadence=of.cadence, slot=of.slot, drafted_at=now, before=None)
        session.add(row)
    elif from_json(row.content) != content:
        row.before = row.content
    row.content, row.machine, row.problem = to_json(content), to_json(machine), problem
    row.composed_at, row.lapsed_at = now, None
    session.flush()
    return _draft(row)


def lapse(session: Session, of: Slot, *, now: datetime) -> None:
    """Write down that a draft was not let go before the next slot began: its stories come up there again."""
    session.execute(
        update(DigestDraft).where(DigestDraft.cadence == of.cadence, DigestDraft.slot == of.slot).values(lapsed_at=now)
    )


def refuse_frozen(session: Session, of: Slot) -> None:
    """Refuse what can no longer be decided.

    Raises:
        FrozenError: the slot's digest is frozen; the message names the way that is left.

    """
    digest = find_digest(session, cadence=of.cadence, slot=of.slot)
    if digest is not None:
        raise FrozenError(
            f"the {of.cadence} digest of {of.slot} is frozen (digest {digest.id}): "
            f"correct it with `trendbot errata add {digest.id} STORY TEXT`"
        )


def _draft(row: DigestDraft) -> Draft:
    return Draft(
        of=Slot(cadence=row.cadence, slot=row.slot),
        content=from_json(row.content),
        machine=from_json(row.machine),
        before=from_json(row.before) if row.before else None,
        problem=row.problem,
        drafted_at=row.drafted_at,
        composed_at=row.composed_at,
        verdict=Verdict(row.verdict) if row.verdict else None,
        verdict_at=row.verdict_at,
        verdict_by=row.verdict_by,
        lapsed_at=row.lapsed_at,
    )


# -- what people decide ------------------------------------------------------------------------------------------------


def choices_of(session: Session, of: Slot) -> dict[int, Choice]:
    """Return what was decided about the stories of a slot, by the story as it is numbered now."""
    rows = session.scalars(
        select(DigestChoice)
        .where(DigestChoice.cadence == of.cadence, DigestChoice.slot == of.slot)
        .order_by(DigestChoice.made_at, DigestChoice.story_id)
    )
    found = {}
    for row in rows:
        story = standing(session, row.story_id).id
        found[story] = Choice(
            story_id=story,
            place=Place(row.place) if row.place else None,
            headline=row.headline,
            text=row.text,
            by=row.made_by,
            at=row.made_at,
        )
    return found


def choose(
    session: Session,
    of: Slot,
    story: int,
    *,
    by: str,
    now: datetime,
    place: Place | None = None,
    headline: str | None = None,
    text: str | None = None,
) -> Act:
    """Decide about a story: its place, or words for it; what was decided otherwise before stands. One story leads.

    Raises:
        FrozenError: the slot's digest is frozen.
        NotFoundError: there is no such story.

    """
    refuse_frozen(session, of)
    story = standing(session, story).id
    given = {"place": place and place.value, "headline": headline, "text": text}
    wanted: dict[str, State] = {}
    if place is Place.LEAD:
        for other in choices_of(session, of).values():
            if other.place is Place.LEAD and other.story_id != story:
                wanted[_key(of, other.story_id)] = {"place": Place.PINNED.value}
    wanted[_key(of, story)] = {name: value for name, value in given.items() if value is not None}
    before = CHOICE.read(session, list(wanted))
    mark = {"by": by[:64], "at": now.isoformat()}
    after = {key: {**_blank(before[key]), **values, **mark} for key, values in wanted.items()}
    CHOICE.restore(session, after)
    changes = [Change(subject=f"choice:{key}", before=before[key], after=after[key]) for key in wanted]
    kind = "edit" if headline is not None or text is not None else "drop" if place is Place.DROPPED else "pin"
    return get_act(session, record(session, f"{KIND}{kind}", changes, by=by, now=now))


def judge(session: Session, of: Slot, verdict: Verdict, *, by: str, now: datetime) -> Act:
    """Approve a draft, or object to it.

    Raises:
        FrozenError: the slot's digest is frozen.
        NotFoundError: there is no draft.

    """
    refuse_frozen(session, of)
    before = VERDICT.read(session, [str(of)])
    if str(of) not in before:
        raise NotFoundError(f"there is no draft of {of}: `trendbot digests compose` makes one")
    after: State = {"verdict": verdict.value, "by": by[:64], "at": now.isoformat()}
    VERDICT.restore(session, {str(of): after})
    change = Change(subject=f"verdict:{of}", before=before[str(of)], after=after)
    kind = "approve" if verdict is Verdict.APPROVED else "object"
    return get_act(session, record(session, f"{KIND}{kind}", [change], by=by, now=now))


def undo_digest_act(session: Session, act: int | None, *, by: str, now: datetime) -> Act:
    """Take back an act on a draft, or the last one.

    Raises:
        FrozenError: the digest that it is about is frozen.
        NotFoundError: there is none.
        ConflictError: what it changed was changed since, or it was undone already.

    """
    found = get_act(session, act) if act is not None else last_act(session, kinds=[KIND])
    for of in {slot_in(change.subject) for change in found.changes} - {None}:
        if of is not None:
            refuse_frozen(session, of)
    number, _ = undo_act(session, found, {"choice": CHOICE, "verdict": VERDICT}, by=by, now=now)
    return get_act(session, number)


def acts_on(session: Session, of: Slot, limit: int = 50) -> tuple[Act, ...]:
    """Return what was done to the draft of a slot, newest first."""
    every = list_acts(session, kinds=[KIND], limit=500)
    mine = [act for act in every if any(slot_in(change.subject) == of for change in act.changes)]
    return tuple(mine[:limit])


def slot_in(subject: str) -> Slot | None:
    """Return the slot that a subject of the log is about (``choice:daily/2026-11-15/12``), None for other subjects."""
    kind, _, key = subject.partition(":")
    parts = key.split("/")
    if kind not in ("choice", "verdict") or len(parts) < 2:  # noqa: PLR2004
        return None
    return Slot(cadence=Cadence(parts[0]), slot=parts[1])


# -- the subjects of the log -------------------------------------------------------------------------------------------


def _key(of: Slot, story: int) -> str:
    return f"{of}/{story}"


def _parts(key: str) -> tuple[Cadence, str, int]:
    cadence, slot, story = key.split("/")
    return Cadence(cadence), slot, int(story)


def _blank(state: State) -> dict[str, Any]:
    return {"place": None, "headline": None, "text": None, **state}


def _read_choices(session: Session, keys: Sequence[str]) -> dict[str, State]:
    found: dict[str, State] = {}
    for key in keys:
        row = session.get(DigestChoice, _parts(key))
        found[key] = (
            {
                "place": row.place,
                "headline": row.headline,
                "text": row.text,
                "by": row.made_by,
                "at": row.made_at.isoformat(),
            }
            if row
            else {}
        )
    return found


def _restore_choices(session: Session, states: Mapping[str, State]) -> None:
    for key, state in states.items():
        cadence, slot, story = _parts(key)
        session.execute(
            delete(DigestChoice).where(
                DigestChoice.cadence == cadence, DigestChoice.slot == slot, DigestChoice.story_id == story
            )
        )
        if state:
            session.add(
                DigestChoice(
                    cadence=cadence,
                    slot=slot,
                    story_id=story,
                    place=state["place"],
                    headline=state["headline"],
                    text=state["text"],
                    made_by=state["by"],
                    made_at=datetime.fromisoformat(state["at"]),
                )
            )
    session.flush()
    session.expire_all()


def _of(key: str) -> Slot:
    cadence, _, slot = key.partition("/")
    return Slot(cadence=Cadence(cadence), slot=slot)


def _read_verdicts(session: Session, keys: Sequence[str]) -> dict[str, State]:
    found: dict[str, State] = {}
    for key in keys:
        of = _of(key)
        row = session.get(DigestDraft, (of.cadence, of.slot))
        if row is not None:
            at = row.verdict_at.isoformat() if row.verdict_at else None
            found[key] = {"verdict": row.verdict, "by": row.verdict_by, "at": at}
    return found


def _restore_verdicts(session: Session, states: Mapping[str, State]) -> None:
    for key, state in states.items():
        of = _of(key)
        row = session.get_one(DigestDraft, (of.cadence, of.slot))
        row.verdict, row.verdict_by = state["verdict"], state["by"]
        row.verdict_at = datetime.fromisoformat(state["at"]) if state["at"] else None
    session.flush()


CHOICE = Subject(read=_read_choices, restore=_restore_choices)
"""What was decided about a story of a slot."""
VERDICT = Subject(read=_read_verdicts, restore=_restore_verdicts)
"""Whether a draft was approved or objected to."""
