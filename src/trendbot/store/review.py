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

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from trendbot.store.entries import list_entries
from trendbot.store.schema import Entry, Review, StoryEntry, Tag, Theme

LATEST, PER_THEME = 1_500, 120
ATTEMPTS = 20
"""Draws made for each entry that chance is to give."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """Entries that could be asked, those that chance drew, and entry → (story, number of entries in it).

    `read_already` were drawn by chance, too, and need not be asked: a person has read them, and they count.
    """

    entries: tuple[int, ...]
    by_chance: frozenset[int]
    read_already: frozenset[int]
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


def drawn_by_chance(session: Session, *, seed: int, number: int) -> tuple[list[int], list[int]]:
    """Draw entries out of all of history: those to ask, and those that were read already.

    All have the same chance, read or not: if only unread ones had, the doubtful ones, which are read first, would be
    missing more and more, and what is left would be too easy. One drawn before, or imported, is drawn again.
    """
    low, high = session.execute(select(func.min(Entry.id), func.max(Entry.id))).one()
    if low is None:
        return [], []
    chance = random.Random(seed)
    unread: dict[int, None] = {}
    read: dict[int, None] = {}
    for _ in range(number * ATTEMPTS):
        if len(unread) + len(read) >= number:
            break
        entry, drawn = _at(session, chance.randint(low, high))
        if drawn is None:
            unread[entry] = None
        elif drawn not in ("random", "import"):
            read[entry] = None
    return list(unread), list(read)


def _at(session: Session, number: int) -> tuple[int, str | None]:
    """Give the entry of this number, or the next there is, and why a person has read it."""
    query = select(Entry.id, Review.drawn).outerjoin(Review, Review.entry_id == Entry.id)
    entry, drawn = session.execute(query.where(Entry.id >= number).order_by(Entry.id).limit(1)).one()
    return entry, drawn


def count_as_random(session: Session, entry_ids: Iterable[int]) -> None:
    """Note that chance drew entries which a person had read for another reason."""
    session.execute(update(Review).where(Review.entry_id.in_(set(entry_ids))).values(drawn="random"))


def pool(
    session: Session,
    *,
    seed: int,
    by_chance: int = 0,
    theme: str | None = None,
    search: str | None = None,
    since: datetime | None = None,
) -> Pool:
    """Gather what could be asked, `by_chance` of it drawn; `theme`, `search` and `since` narrow it, without chance."""
    lucky: list[int] = []
    read_already: list[int] = []
    if search:
        ids = _without_read(
            session, [entry.id for entry in list_entries(session, search=search, since=since, limit=LATEST)]
        )
    elif theme:
        ids = latest_of_themes(session, theme=theme, since=since, limit=LATEST)
    else:
        if since is None:
            lucky, read_already = drawn_by_chance(session, seed=seed, number=by_chance)
        ids = [*lucky, *latest(session, since=since), *latest_of_themes(session, since=since)]
    ids = list(dict.fromkeys(ids))
    stories = _stories(session, ids)
    read = _stories_read(session, {story for story, _ in stories.values()})
    told = {number for number, (story, _) in stories.items() if story in read} - set(lucky)
    return Pool(
        entries=tuple(number for number in ids if number not in told),
        by_chance=frozenset(lucky),
        read_already=frozenset(read_already),
        stories=stories,
    )


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
