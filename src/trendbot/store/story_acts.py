"""What people decide about stories: merge, split, move, pin; each an act in the log, and undone by it.

An entry that a person placed carries their mark, and a story that a person shaped is held: no run moves the one or
unites the other. New entries may still join a held story.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from trendbot.core.vocabulary import Annotator
from trendbot.errors import ConflictError, NotFoundError
from trendbot.store.curation import Act, Change, State, Subject, get_act, last_act, record, undo_act
from trendbot.store.grouping import refresh
from trendbot.store.schema import Story, StoryEntry, StoryHold
from trendbot.store.stories import standing

KIND = "story."
BY_HAND = "placed by a person"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hand:
    """Who decides, and when."""

    by: str
    now: datetime


def merge_stories(session: Session, story: int, others: Sequence[int], hand: Hand) -> Act:
    """Put the entries of the other stories into `story`; the others become signposts to it.

    Raises:
        NotFoundError: one of them does not exist.
        ConflictError: they are one story already.

    """
    target = standing(session, story).id
    losers = sorted({standing(session, other).id for other in others} - {target})
    if not losers:
        raise ConflictError(f"these are one story already, {target}: see `trendbot stories show {target}`")
    entries = session.scalars(select(StoryEntry.entry_id).where(StoryEntry.story_id.in_(losers))).all()
    after = {number: {"into": target, "held": False, "lead": None} for number in losers}
    return _act(session, f"{KIND}merge", _placed(entries, target), {**after, target: _held(session, target)}, hand)


def split_story(session: Session, story: int, entries: Sequence[int], hand: Hand) -> Act:
    """Take entries out of a story into a new one of their own.

    Raises:
        NotFoundError: there is no such story.
        ConflictError: an entry is not in it, or none would stay.

    """
    source = standing(session, story)
    members = set(session.scalars(select(StoryEntry.entry_id).where(StoryEntry.story_id == source.id)))
    strangers = sorted(set(entries) - members)
    if strangers:
        raise ConflictError(
            f"entry {strangers[0]} is not in story {source.id}: see `trendbot stories show {source.id}`"
        )
    if members == set(entries):
        raise ConflictError(f"story {source.id} has no other entry: nothing would stay in it")
    made = _new_story(session, source, hand.now)
    held = {source.id: _held(session, source.id), made: {"into": None, "held": True, "lead": None}}
    return _act(session, f"{KIND}split", _placed(entries, made), held, hand)


def move_entry(session: Session, entry: int, story: int, hand: Hand) -> Act:
    """Put an entry into another story; a story that loses its last entry becomes a signpost to that one.

    Raises:
        NotFoundError: there is no such story, or the entry is in none yet.
        ConflictError: it is there already.

    """
    target = standing(session, story).id
    source = session.scalar(select(StoryEntry.story_id).where(StoryEntry.entry_id == entry))
    if source is None:
        raise NotFoundError(f"entry {entry} is in no story yet: `trendbot run` groups it")
    if source == target:
        raise ConflictError(f"entry {entry} is in story {target} already")
    count = session.scalar(select(func.count()).where(StoryEntry.story_id == source)) or 0
    left = {"into": target, "held": False, "lead": None} if count == 1 else _held(session, source)
    return _act(session, f"{KIND}move", _placed([entry], target), {source: left, target: _held(session, target)}, hand)


def pin_lead(session: Session, story: int, entry: int, hand: Hand) -> Act:
    """Make an entry the lead of its story for good.

    Raises:
        NotFoundError: there is no such story.
        ConflictError: the entry is not in it.

    """
    target = standing(session, story).id
    if session.scalar(select(StoryEntry.story_id).where(StoryEntry.entry_id == entry)) != target:
        raise ConflictError(f"entry {entry} is not in story {target}: see `trendbot stories show {target}`")
    return _act(session, f"{KIND}pin", {}, {target: {"into": None, "held": True, "lead": entry}}, hand)


def undo_story_act(session: Session, act: int | None, hand: Hand) -> Act:
    """Take back an act on stories, or the last one.

    Raises:
        NotFoundError: there is none.
        ConflictError: what it changed was changed since, or it was undone already.

    """
    found = get_act(session, act) if act is not None else last_act(session, kinds=[KIND])
    number, changes = undo_act(session, found, {"place": PLACE, "story": STORY}, by=hand.by, now=hand.now)
    _refresh(session, changes)
    return get_act(session, number)


# -- acting ------------------------------------------------------------------------------------------------------------


def _placed(entries: Iterable[int], story: int) -> dict[int, State]:
    state = {"story": story, "annotator": Annotator.HUMAN.value, "similarity": None, "reason": BY_HAND}
    return dict.fromkeys(sorted(entries), state)


def _held(session: Session, story: int) -> State:
    lead = session.scalar(select(StoryHold.lead_entry_id).where(StoryHold.story_id == story))
    return {"into": None, "held": True, "lead": lead}


def _new_story(session: Session, source: Story, now: datetime) -> int:
    count = session.scalar(select(func.count(Story.id))) or 0
    made = Story(
        public_id=uuid.uuid5(source.public_id, f"split {count}"),
        title=source.title,
        first_at=source.first_at,
        last_at=min(source.last_at, now),
        merged_into_id=source.id,
    )
    session.add(made)
    session.flush()
    return made.id


def _act(session: Session, kind: str, places: Mapping[int, State], stories: Mapping[int, State], hand: Hand) -> Act:
    """Bring the new states about and log them with those before."""
    changes: list[Change] = []
    for name, subject, wanted in (("place", PLACE, places), ("story", STORY, stories)):
        after = {str(key): state for key, state in wanted.items()}
        before = subject.read(session, list(after))
        subject.restore(session, after)
        changes += [Change(subject=f"{name}:{key}", before=before[key], after=after[key]) for key in after]
    _refresh(session, changes)
    return get_act(session, record(session, kind, changes, by=hand.by, now=hand.now))


def _refresh(session: Session, changes: Iterable[Change]) -> None:
    touched: set[int] = set()
    for change in changes:
        name, _, key = change.subject.partition(":")
        states = (change.before, change.after)
        touched |= {int(state["story"]) for state in states} if name == "place" else {int(key)}
    refresh(session, touched)


def _read_places(session: Session, keys: Sequence[str]) -> dict[str, State]:
    rows = session.scalars(select(StoryEntry).where(StoryEntry.entry_id.in_([int(key) for key in keys])))
    return {
        str(row.entry_id): {
            "story": row.story_id,
            "annotator": row.annotator.value,
            "similarity": row.similarity,
            "reason": row.reason,
        }
        for row in rows
    }


def _restore_places(session: Session, states: Mapping[str, State]) -> None:
    for key, state in states.items():
        session.execute(
            update(StoryEntry)
            .where(StoryEntry.entry_id == int(key))
            .values(
                story_id=state["story"],
                annotator=Annotator(state["annotator"]),
                similarity=state["similarity"],
                reason=state["reason"],
            )
        )


def _read_stories(session: Session, keys: Sequence[str]) -> dict[str, State]:
    rows = session.execute(
        select(Story.id, Story.merged_into_id, StoryHold.story_id, StoryHold.lead_entry_id)
        .outerjoin(StoryHold, StoryHold.story_id == Story.id)
        .where(Story.id.in_([int(key) for key in keys]))
    )
    return {str(number): {"into": into, "held": held is not None, "lead": lead} for number, into, held, lead in rows}


def _restore_stories(session: Session, states: Mapping[str, State]) -> None:
    for key, state in states.items():
        number = int(key)
        session.execute(update(Story).where(Story.id == number).values(merged_into_id=state["into"]))
        session.execute(delete(StoryHold).where(StoryHold.story_id == number))
        if state["held"]:
            made_at: Any = session.scalar(select(Story.last_at).where(Story.id == number))
            session.add(StoryHold(story_id=number, lead_entry_id=state["lead"], made_at=made_at))
    session.flush()


def _same_place(one: State, other: State) -> bool:
    return bool(one["story"] == other["story"])


PLACE = Subject(read=_read_places, restore=_restore_places, same=_same_place)
"""Where an entry belongs."""
STORY = Subject(read=_read_stories, restore=_restore_stories)
"""Whether a story is a signpost, is held, and its pinned lead."""
