"""What could be asked next: a few thousand entries out of any number, each found by an index.

    the latest unread · the latest of every theme · some by chance ─▶ candidates with what the machine says

No query reads the whole history, so a batch takes as long with 100,000 entries as with 10,000.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from trendbot.store.entries import list_entries
from trendbot.store.schema import Entry, Review, StoryEntry, Tag, Theme

LATEST, PER_THEME, BY_CHANCE = 1_500, 120, 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """Entries that could be asked, those that chance drew, and entry → (story, number of entries in it)."""

    entries: tuple[int, ...]
    by_chance: frozenset[int]
    stories: dict[int, tuple[int, int]]


def _unread() -> Any:
    return ~exists().where(Review.entry_id == Entry.id)


def latest(session: Session, *, since: datetime | None = None, limit: int = LATEST) -> list[int]:
    """Give the latest entries that no person has read."""
    query = select(Entry.id).where(_unread()).order_by(Entry.dated_at.desc(), Entry.id.desc()).limit(limit)
    return list(session.scalars(query if since is None else query.where(Entry.dated_at >= since)))


def latest_of_themes(
    session: Session, *, theme: str | None = None, since: datetime | None = None, limit: int = PER_THEME
) -> list[int]:
    """Give the latest unread entries that a machine says anything of, for each theme in force or only for `theme`."""
    themes = select(Theme.id).where(Theme.enabled)
    ids: list[int] = []
    for number in list(session.scalars(themes if theme is None else themes.where(Theme.slug == theme))):
        query = select(Tag.entry_id).where(Tag.theme_id == number, ~exists().where(Review.entry_id == Tag.entry_id))
        if since is not None:
            query = query.where(exists().where(Entry.id == Tag.entry_id, Entry.dated_at >= since))
        ids += session.scalars(query.order_by(Tag.entry_id.desc()).limit(limit))
    return ids


def drawn_by_chance(session: Session, *, seed: int, number: int = BY_CHANCE) -> list[int]:
    """Draw unread entries of all of history, each found by its id."""
    low, high = session.execute(select(func.min(Entry.id), func.max(Entry.id))).one()
    if low is None:
        return []
    chance = random.Random(seed)
    found: dict[int, None] = {}
    for _ in range(number):
        at = chance.randint(low, high)
        entry = session.scalar(select(Entry.id).where(Entry.id >= at, _unread()).order_by(Entry.id).limit(1))
        if entry is not None:
            found[entry] = None
    return list(found)


def pool(
    session: Session, *, seed: int, theme: str | None = None, search: str | None = None, since: datetime | None = None
) -> Pool:
    """Gather what could be asked; `theme`, `search` and `since` narrow it, and leave nothing to chance."""
    lucky: list[int] = []
    if search:
        found = [entry.id for entry in list_entries(session, search=search, since=since, limit=LATEST)]
        ids = _without_read(session, found)
    elif theme:
        ids = latest_of_themes(session, theme=theme, since=since, limit=LATEST)
    else:
        lucky = drawn_by_chance(session, seed=seed) if since is None else []
        recent = latest(session, since=since)
        if since is not None:
            lucky = random.Random(seed).sample(recent, min(BY_CHANCE, len(recent)))
        ids = [*lucky, *recent, *latest_of_themes(session, since=since)]
    ids = list(dict.fromkeys(ids))
    stories = _stories(session, ids)
    read = _stories_read(session, {story for story, _ in stories.values()})
    kept = tuple(number for number in ids if number not in stories or stories[number][0] not in read)
    return Pool(entries=kept, by_chance=frozenset(lucky), stories=stories)


def _without_read(session: Session, ids: Sequence[int]) -> list[int]:
    read = set(session.scalars(select(Review.entry_id).where(Review.entry_id.in_(ids))))
    return [number for number in ids if number not in read]


def _stories(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Give the entries' stories and how many entries each has."""
    of = dict(
        session.execute(select(StoryEntry.entry_id, StoryEntry.story_id).where(StoryEntry.entry_id.in_(ids))).all()
    )
    query = select(StoryEntry.story_id, func.count()).where(StoryEntry.story_id.in_(set(of.values())))
    sizes = dict(session.execute(query.group_by(StoryEntry.story_id)).all())
    return {number: (story, sizes[story]) for number, story in of.items()}


def _stories_read(session: Session, stories: Iterable[int]) -> set[int]:
    """Give those of the stories of which a person has read an entry."""
    query = select(StoryEntry.story_id).join(Review, Review.entry_id == StoryEntry.entry_id)
    return set(session.scalars(query.where(StoryEntry.story_id.in_(set(stories)))))


def read_since(session: Session, since: datetime, *, by: str) -> int:
    """Count the entries that a person has read since then."""
    query = select(func.count()).select_from(Review).where(Review.made_at >= since, Review.made_by == by)
    return session.scalar(query) or 0
