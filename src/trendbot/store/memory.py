"""What earlier digests told: when a story was told last, and who had reported it by then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from trendbot.core.digests import SOME
from trendbot.core.memory import Told
from trendbot.core.ranking import publisher_of
from trendbot.core.text import normal_title
from trendbot.core.vocabulary import Cadence
from trendbot.store.chunks import chunks
from trendbot.store.schema import Digest, DigestStory, Entry, Story, StoryEntry

_TITLES = 40
HEADLINES = 60
"""So many digests back a headline is remembered to the letter."""


def told_before(
    session: Session, cadence: Cadence, story_ids: Sequence[int], *, until: int | None = None
) -> dict[int, Told]:
    """Return, of these stories, those that a frozen digest of the cadence told, and what was known of them then.

    `until` is the number of the last digest that counts; by default all do. A story that has taken up another which was
    told counts as told when the other was. One that only readers of some themes were told does not: see `told_to_some`.
    """
    return _told(session, told_instants(session, cadence, until=until), story_ids)


def told_to_some(
    session: Session, cadence: Cadence, story_ids: Sequence[int], *, until: int | None = None
) -> dict[int, Told]:
    """Return, of these stories, those that a frozen digest told only the readers of some themes."""
    every = told_instants(session, cadence, until=until)
    found = told_instants(session, cadence, some=True, until=until)
    some = {story: at for story, at in found.items() if story not in every}
    return _told(session, some, story_ids)


def _told(session: Session, instants: Mapping[int, datetime], story_ids: Sequence[int]) -> dict[int, Told]:
    wanted = {story: instants[story] for story in story_ids if story in instants}
    return {story: told for chunk in chunks(wanted) for story, told in _known(session, chunk, wanted).items()}


def told_instants(
    session: Session, cadence: Cadence, *, some: bool = False, until: int | None = None
) -> dict[int, datetime]:
    """Return when each story was told last by a digest of the cadence, under its own number and those it went into.

    `some`: told to the readers of some themes only, instead of to the readers of all. `until` is the number of the last
    digest that counts.
    """
    query = (
        select(DigestStory.story_id, func.max(Digest.period_end))
        .join(Digest, Digest.id == DigestStory.digest_id)
        .where(Digest.cadence == cadence, Digest.frozen_at.is_not(None), (DigestStory.section == SOME) == some)
        .group_by(DigestStory.story_id)
    )
    rows = session.execute(query if until is None else query.where(Digest.number <= until)).all()
    merged = _merged(session)
    instants: dict[int, datetime] = {}
    for story, at in rows:
        for reached in _went_into(story, merged):
            instants[reached] = max(at, instants.get(reached, at))
    return instants


def told_headlines(session: Session, cadence: Cadence, *, until: int) -> frozenset[str]:
    """Return the headlines of the last sixty digests up to number `until`, in the form of `normal_title`."""
    trees = session.scalars(
        select(Digest.content)
        .where(Digest.cadence == cadence, Digest.frozen_at.is_not(None), Digest.number <= until)
        .order_by(Digest.number.desc())
        .limit(HEADLINES)
    )
    return frozenset(normal_title(item["headline"]) for tree in trees for item in _told_items(tree)) - {""}


def _told_items(tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    lead = [tree["lead"]] if tree["lead"] else []
    return [*lead, *(item for section in tree["sections"] for item in section["items"]), *tree["also"]]


def _merged(session: Session) -> dict[int, int]:
    rows = session.execute(select(Story.id, Story.merged_into_id).where(Story.merged_into_id.is_not(None)))
    return {old: new for old, new in rows if new is not None}


def _went_into(story: int, merged: Mapping[int, int]) -> list[int]:
    """Return the story and all it was merged into, one after another."""
    path = [story]
    while path[-1] in merged and merged[path[-1]] not in path:
        path.append(merged[path[-1]])
    return path


def _known(session: Session, story_ids: Sequence[int], told_at: Mapping[int, datetime]) -> dict[int, Told]:
    rows = session.execute(
        select(StoryEntry.story_id, Entry.canonical_url, Entry.feed_id, Entry.title, Entry.seen_at)
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .where(StoryEntry.story_id.in_(story_ids))
        .order_by(StoryEntry.story_id, Entry.dated_at.desc(), Entry.id)
    ).all()
    reports: dict[int, list[tuple[str, int, str]]] = defaultdict(list)
    for story, url, feed, title, seen_at in rows:
        if seen_at <= told_at[story]:
            reports[story].append((url, feed, title))
    return {
        story: Told(
            at=told_at[story],
            publishers=frozenset(publisher_of(url, feed) for url, feed, _ in reports[story]),
            feeds=frozenset(feed for _, feed, _ in reports[story]),
            titles=tuple(title for _, _, title in reports[story][:_TITLES]),
        )
        for story in story_ids
    }
