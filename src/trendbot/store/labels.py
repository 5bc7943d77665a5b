"""What people say of entries: their tags, set and withdrawn, and the entries they have read.

Every change is in the log of curations with what stood before, and can be undone. A person's row has a key of its own:
no run of a machine reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from trendbot.core.vocabulary import Annotator
from trendbot.errors import NotFoundError
from trendbot.store.curation import Change, State, Subject, record
from trendbot.store.schema import Entry, Review, StoryEntry, Tag, Theme

BY_A_PERSON = text("tags.annotator = 'human'")
"""Written out, so that the index of people's words is used: no database proves it from a bound value."""
PART = 5_000
"""Ids asked for in one query."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a person says of one entry: theme → yes, no, or None to withdraw what was said.

    `drawn` marks a review and why the entry was shown; `machine` is what the machine said until then, theme →
    (applies, confidence).
    """

    entry_id: int
    themes: Mapping[str, bool | None]
    reason: str = ""
    drawn: str | None = None
    machine: Mapping[str, tuple[bool, float | None]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """An entry that a person has read: what the machine had said (theme → yes), what the person says now."""

    entry_id: int
    drawn: str
    made_at: datetime
    made_by: str
    machine: Mapping[str, bool]
    person: Mapping[str, bool]


def say(session: Session, sayings: Sequence[Said], *, kind: str, by: str, now: datetime, note: str = "") -> int | None:
    """Store what a person says, as one act; give its number, None where all of it stood so already.

    Raises:
        NotFoundError: an entry or a theme does not exist.

    """
    themes = _theme_ids(session, {slug for said in sayings for slug in said.themes})
    keys = [str(said.entry_id) for said in sayings]
    before = read_states(session, keys)
    after: dict[str, State] = {}
    for said in sayings:
        key = str(said.entry_id)
        if key not in before:
            raise NotFoundError(f"no entry {said.entry_id}: see `trendbot entries list`")
        after[key] = _with(after.get(key, before[key]), said, by=by, now=now)
    changed = {key: state for key, state in after.items() if not same_state(before[key], state)}
    if not changed:
        return None
    _write(session, changed, themes=themes)
    changes = [Change(subject=f"entry:{key}", before=before[key], after=changed[key]) for key in changed]
    return record(session, kind, changes, by=by, now=now, note=note)


def _theme_ids(session: Session, slugs: Iterable[str]) -> dict[str, int]:
    known = dict(session.execute(select(Theme.slug, Theme.id).order_by(Theme.position)).all())
    missing = sorted(set(slugs) - set(known))
    if missing:
        raise NotFoundError(f"no theme {missing[0]!r}: the themes are {', '.join(known) or 'not in force yet'}")
    return known


def _with(state: State, said: Said, *, by: str, now: datetime) -> State:
    """Give an entry's state after a saying; what stays the same keeps its author and date."""
    tags = dict(state["tags"])
    for slug, applies in said.themes.items():
        old = tags.get(slug)
        if applies is None:
            tags.pop(slug, None)
        elif old is None or old["applies"] != applies or (said.reason and old["reason"] != said.reason):
            tags[slug] = {"applies": applies, "reason": said.reason, "by": by[:64], "at": now.isoformat()}
    review = state["review"]
    if said.drawn is not None and review is None:
        told = {slug: list(verdict) for slug, verdict in said.machine.items()}
        review = {"drawn": said.drawn, "said": told, "by": by[:64], "at": now.isoformat()}
    return {"tags": tags, "review": review}


def read_states(session: Session, keys: Sequence[str]) -> dict[str, State]:
    """Give what people say of the entries that exist: ``{"tags": {theme: ...}, "review": ... or None}``."""
    ids = [int(key) for key in keys]
    states: dict[str, State] = {}
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        states |= {str(number): {"tags": {}, "review": None} for number in _existing(session, part)}
        for tag, slug in session.execute(_tags().where(Tag.entry_id.in_(part))):
            states[str(tag.entry_id)]["tags"][slug] = _tag_as_json(tag)
        for review in session.scalars(select(Review).where(Review.entry_id.in_(part))):
            states[str(review.entry_id)] = {**states[str(review.entry_id)], "review": _review_as_json(review)}
    return states


def _existing(session: Session, ids: Sequence[int]) -> list[int]:
    return list(session.scalars(select(Entry.id).where(Entry.id.in_(ids))))


def _tags() -> Any:
    return (
        select(Tag, Theme.slug)
        .join(Theme, Theme.id == Tag.theme_id)
        .where(BY_A_PERSON)
        .order_by(Tag.entry_id, Theme.position)
    )


def _tag_as_json(tag: Tag) -> dict[str, Any]:
    said = {"applies": tag.applies, "reason": tag.reason, "revision": tag.entry_revision}
    return {**said, "by": tag.made_by, "at": tag.made_at.isoformat()}


def _review_as_json(review: Review) -> dict[str, Any]:
    return {"drawn": review.drawn, "said": review.said, "by": review.made_by, "at": review.made_at.isoformat()}


def same_state(one: State, other: State) -> bool:
    """Tell whether two states say the same, whoever said it and when."""

    def meaning(state: State) -> Any:
        tags = {slug: (tag["applies"], tag["reason"]) for slug, tag in state["tags"].items()}
        return tags, state["review"] is not None

    return bool(meaning(one) == meaning(other))


def _write(session: Session, states: Mapping[str, State], *, themes: Mapping[str, int]) -> None:
    """Make the entries' human rows those of the states."""
    ids = [int(key) for key in states]
    revisions: dict[int, int] = {}
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        revisions |= dict(session.execute(select(Entry.id, Entry.revision).where(Entry.id.in_(part))).all())
        session.execute(delete(Tag).where(Tag.entry_id.in_(part), Tag.annotator == Annotator.HUMAN))
        session.execute(delete(Review).where(Review.entry_id.in_(part)))
    tags = [
        _tag_row(int(key), themes[slug], tag, revisions[int(key)])
        for key, state in states.items()
        for slug, tag in state["tags"].items()
    ]
    reviews = [
        _review_row(int(key), state["review"], revisions[int(key)]) for key, state in states.items() if state["review"]
    ]
    for table, rows in ((Tag, tags), (Review, reviews)):
        if rows:
            session.execute(insert(table), rows)


def _tag_row(entry_id: int, theme_id: int, tag: Mapping[str, Any], revision: int) -> dict[str, Any]:
    return {
        "entry_id": entry_id,
        "theme_id": theme_id,
        "annotator": Annotator.HUMAN,
        "made_by": tag["by"],
        "applies": tag["applies"],
        "score": None,
        "confidence": None,
        "evidence": [],
        "reason": tag["reason"],
        "entry_revision": tag.get("revision", revision),
        "made_at": datetime.fromisoformat(tag["at"]),
    }


def _review_row(entry_id: int, review: Mapping[str, Any], revision: int) -> dict[str, Any]:
    return {
        "entry_id": entry_id,
        "entry_revision": revision,
        "drawn": review["drawn"],
        "said": review["said"],
        "made_at": datetime.fromisoformat(review["at"]),
        "made_by": review["by"],
    }


def restore_states(session: Session, states: Mapping[str, State]) -> None:
    """Put back what people had said of entries."""
    slugs = {slug for state in states.values() for slug in state["tags"]}
    _write(session, states, themes=_theme_ids(session, slugs))


ENTRY = Subject(read=read_states, restore=restore_states, same=same_state)
"""How acts on entries are undone."""


def labels(session: Session) -> dict[int, dict[str, bool]]:
    """Give every person's word: entry → theme → yes or no, themes that are out of force left out."""
    query = (
        select(Tag.entry_id, Theme.slug, Tag.applies)
        .join(Theme, Theme.id == Tag.theme_id)
        .where(BY_A_PERSON, Theme.enabled)
        .order_by(Tag.entry_id, Theme.position)
    )
    found: dict[int, dict[str, bool]] = {}
    for entry_id, slug, applies in session.execute(query):
        found.setdefault(entry_id, {})[slug] = applies
    return found


def positives(session: Session) -> dict[str, int]:
    """Give how many entries people have put under each theme in force."""
    counted = select(Tag.theme_id, func.count()).where(BY_A_PERSON, Tag.applies).group_by(Tag.theme_id)
    counts = dict(session.execute(counted).all())
    themes = select(Theme.slug, Theme.id).where(Theme.enabled).order_by(Theme.position)
    return {slug: counts.get(number, 0) for slug, number in session.execute(themes)}


def reviews(session: Session) -> list[Reviewed]:
    """Give the entries that people have read, in the order of reading."""
    rows = session.scalars(select(Review).order_by(Review.made_at, Review.entry_id)).all()
    said = labels(session)
    return [
        Reviewed(
            entry_id=row.entry_id,
            drawn=row.drawn,
            made_at=row.made_at,
            made_by=row.made_by,
            machine={slug: bool(verdict[0]) for slug, verdict in row.said.items()},
            person=said.get(row.entry_id, {}),
        )
        for row in rows
    ]


def story_mates(session: Session, entry_id: int) -> list[int]:
    """Give the entries of the same story, this one included; only this one where it is in none."""
    story = select(StoryEntry.story_id).where(StoryEntry.entry_id == entry_id).scalar_subquery()
    ids = list(session.scalars(select(StoryEntry.entry_id).where(StoryEntry.story_id == story)))
    return sorted({entry_id, *ids})
