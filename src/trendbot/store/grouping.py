"""What grouping reads and writes: entries without a story, the stories in reach, the decisions of a run.

All windows are on `dated_at`. Nothing here touches a membership that exists: what a person decided stays decided.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.orm import Session

from trendbot.core.grouping import Item, Placement, Reason, Report, choose_lead
from trendbot.core.urls import is_front_page
from trendbot.core.vocabulary import Annotator
from trendbot.store.chunks import chunks
from trendbot.store.schema import Entry, Feed, Story, StoryEntry, StoryHold

_NAMESPACE = uuid.UUID("0f5b8c1e-6d4a-5a37-9d0b-3b0f2c9b7a51")
_TEXT = 2_000
"""How much of a summary is read: grouping looks at its first words only."""
_LEAD_FROM = 60
"""How many of a story's entries its lead is chosen from: the newest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ungrouped:
    """An entry without a story."""

    item: Item

    @property
    def identity(self) -> str:
        """Its name for ever: the feed's address and the entry's guid."""
        return self.item.mark


@dataclass(frozen=True, kw_only=True, slots=True)
class Reachable:
    """A stored story in reach with its latest members; `curated` where a person shaped it."""

    number: int
    first_at: datetime
    curated: bool
    items: tuple[Item, ...]


def count_ungrouped(session: Session) -> int:
    """Count the entries that are in no story yet."""
    return session.scalar(select(func.count()).select_from(_without_story().subquery())) or 0


def list_ungrouped(session: Session, *, limit: int, since: datetime | None = None) -> tuple[Ungrouped, ...]:
    """Return the next entries without a story, in the order of grouping: by date, then by feed and guid.

    `since`, where the caller knows that there are none before, spares looking.
    """
    query = _without_story().order_by(Entry.dated_at, Feed.url, Entry.guid).limit(limit)
    if since is not None:
        query = query.where(Entry.dated_at >= since)
    return tuple(Ungrouped(item=_item(row)) for row in session.execute(query))


def _items() -> Select[Any]:
    return select(
        Entry.id,
        Entry.feed_id,
        Entry.title,
        func.substr(Entry.summary, 1, _TEXT).label("summary"),
        Entry.canonical_url,
        Entry.dated_at,
        Entry.guid,
        Feed.url.label("feed_url"),
    ).join(Feed, Feed.id == Entry.feed_id)


def _without_story() -> Select[Any]:
    grouped = select(StoryEntry.entry_id).where(StoryEntry.entry_id == Entry.id).exists()
    return _items().where(~grouped)


def _item(row: Any) -> Item:
    return Item(
        entry_id=row.id,
        mark=f"{row.feed_url}\n{row.guid}",
        feed_id=row.feed_id,
        title=row.title,
        summary=row.summary,
        canonical_url="" if is_front_page(row.canonical_url) else row.canonical_url,
        dated_at=row.dated_at,
    )


def list_reachable(
    session: Session, *, since: datetime, until: datetime, members: int, known: Collection[int]
) -> tuple[Reachable, ...]:
    """Return the stories whose span touches the period, with their latest `members` entries.

    Stories that are signposts, and the `known`, are left out.
    """
    touching = select(Story.id).where(Story.merged_into_id.is_(None), Story.last_at >= since, Story.first_at <= until)
    ids = sorted(set(session.scalars(touching)) - set(known))
    return tuple(story for chunk in chunks(ids) for story in _reachable(session, chunk, members))


def _reachable(session: Session, ids: Sequence[int], members: int) -> list[Reachable]:
    # Of equal dates at the edge all are read: which of them are kept is decided by their marks, not by their ids.
    rank = func.rank().over(partition_by=StoryEntry.story_id, order_by=Entry.dated_at.desc())
    ranked = (
        select(StoryEntry.story_id, StoryEntry.entry_id, rank.label("rank"))
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .where(StoryEntry.story_id.in_(ids))
        .subquery()
    )
    found: dict[int, list[Item]] = {}
    query = _items().add_columns(ranked.c.story_id).join(ranked, ranked.c.entry_id == Entry.id)
    for row in session.execute(query.where(ranked.c.rank <= members)):
        found.setdefault(row.story_id, []).append(_item(row))
    stories = session.execute(
        select(Story.id, Story.first_at, StoryHold.story_id)
        .outerjoin(StoryHold, StoryHold.story_id == Story.id)
        .where(Story.id.in_(ids), Story.merged_into_id.is_(None))
    )
    return [
        Reachable(number=number, first_at=first_at, curated=held is not None, items=tuple(found.get(number, ())))
        for number, first_at, held in stories
    ]


def list_addresses(session: Session, urls: Collection[str], *, since: datetime) -> tuple[tuple[Item, int], ...]:
    """Return the grouped entries with one of the canonical addresses, dated since, each with its story."""
    found: list[tuple[Item, int]] = []
    for chunk in chunks(sorted(urls)):
        query = (
            _items()
            .add_columns(StoryEntry.story_id)
            .join(StoryEntry, StoryEntry.entry_id == Entry.id)
            .where(Entry.canonical_url.in_(chunk), Entry.dated_at >= since)
        )
        found.extend((_item(row), row.story_id) for row in session.execute(query))
    return tuple(found)


# -- writing -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """One entry's placement; `opening` is the provisional number of the story it opened.

    `former` is the story that it opened before it was edited, empty since: it opens that one again, or leaves it for
    another.
    """

    entry: Ungrouped
    placement: Placement
    opening: int
    former: int | None = None


def apply_placements(session: Session, decided: Sequence[Decided], *, now: datetime) -> dict[int, int]:
    """Write a batch of decisions in order and return the numbers that the opened stories got, by provisional number.

    Opened stories are inserted, also where the batch has united them with another since (then as signposts), so that
    numbers do not depend on where batches end. Then memberships, unions, and the leads of what was touched.
    """
    opened = [one for one in decided if one.placement.reason is Reason.OPENED and one.former is None]
    numbers = _open(session, opened)
    became: dict[int, int] = {}
    for one in decided:
        stays = numbers.get(one.placement.story, one.placement.story)
        became.update({numbers.get(loser, loser): stays for loser in one.placement.absorbed})
    left = {one.former: numbers.get(one.placement.story, one.placement.story) for one in decided if one.former}
    became.update({former: story for former, story in left.items() if former != story and former not in became})
    touched = _join(session, decided, numbers, became, now)
    for loser in became:
        unite_rows(session, _final(loser, became), loser)
    refresh(session, touched | {_final(loser, became) for loser in became})
    return numbers


def _final(number: int, became: Mapping[int, int]) -> int:
    while number in became:
        number = became[number]
    return number


def _open(session: Session, opened: Sequence[Decided]) -> dict[int, int]:
    if not opened:
        return {}
    public = _public_ids(session, [one.entry.identity for one in opened])
    rows = [
        {
            "public_id": public[one.entry.identity],
            "title": one.entry.item.title,
            "lead_entry_id": one.entry.item.entry_id,
            "first_at": one.entry.item.dated_at,
            "last_at": one.entry.item.dated_at,
        }
        for one in opened
    ]
    ids = session.scalars(insert(Story).returning(Story.id, sort_by_parameter_order=True), rows).all()
    return {one.opening: number for one, number in zip(opened, ids, strict=True)}


def story_name(identity: str) -> uuid.UUID:
    """Return the name for ever of the story that the entry of this identity opens."""
    return uuid.uuid5(_NAMESPACE, identity)


def _public_ids(session: Session, identities: Sequence[str]) -> dict[str, uuid.UUID]:
    """Return an id for each story opened: the same for the same opening entry, on every machine and at every run."""
    wanted = {identity: story_name(identity) for identity in identities}
    taken: set[uuid.UUID] = set()
    for chunk in chunks(sorted(wanted.values())):
        taken.update(session.scalars(select(Story.public_id).where(Story.public_id.in_(chunk))))
    count = session.scalar(select(func.count(Story.id))) if taken else 0
    return {
        identity: uuid.uuid5(_NAMESPACE, f"{identity}\n{count}") if public in taken else public
        for identity, public in wanted.items()
    }


def _join(
    session: Session, decided: Sequence[Decided], numbers: Mapping[int, int], became: Mapping[int, int], now: datetime
) -> set[int]:
    rows: list[dict[str, Any]] = [
        {
            "entry_id": one.entry.item.entry_id,
            "story_id": _final(numbers.get(one.placement.story, one.placement.story), became),
            "annotator": Annotator.RULE,
            "similarity": one.placement.similarity,
            "reason": one.placement.reason.value,
            "made_at": now,
        }
        for one in decided
    ]
    session.execute(insert(StoryEntry), rows)
    return {row["story_id"] for row in rows}


def unite_rows(session: Session, winner: int, loser: int) -> None:
    """Move a story's entries to another and leave a signpost; signposts to it point on to the winner."""
    session.execute(update(StoryEntry).where(StoryEntry.story_id == loser).values(story_id=winner))
    session.execute(
        update(Story).where(or_(Story.id == loser, Story.merged_into_id == loser)).values(merged_into_id=winner)
    )


def refresh(session: Session, stories: Iterable[int]) -> None:
    """Choose the lead of each story anew, unless a person pinned it, and set its title and span."""
    for chunk in chunks(sorted(stories)):
        holds = select(StoryHold.story_id, StoryHold.lead_entry_id).where(StoryHold.story_id.in_(chunk))
        pinned = dict(session.execute(holds).all())
        spans = session.execute(
            select(StoryEntry.story_id, func.min(Entry.dated_at), func.max(Entry.dated_at))
            .join(Entry, Entry.id == StoryEntry.entry_id)
            .where(StoryEntry.story_id.in_(chunk))
            .group_by(StoryEntry.story_id)
        ).all()
        reports = list_reports(session, chunk, newest=_LEAD_FROM)
        updates = []
        for number, first_at, last_at in spans:
            lead = pinned.get(number) or choose_lead(reports[number])
            title = next((one.title for one in reports[number] if one.entry_id == lead), None)
            if title is None and lead is not None:
                title = session.scalar(select(Entry.title).where(Entry.id == lead))
            updates.append(
                {"id": number, "lead_entry_id": lead, "title": title or "", "first_at": first_at, "last_at": last_at}
            )
        if updates:
            session.execute(update(Story), updates)


def list_reports(session: Session, stories: Collection[int], *, newest: int | None = None) -> dict[int, list[Report]]:
    """Return the members of stories as reports, by story, newest first; at most `newest` of each."""
    rank = func.row_number().over(
        partition_by=StoryEntry.story_id, order_by=(Entry.dated_at.desc(), Entry.feed_id, Entry.guid)
    )
    ranked = (
        select(
            StoryEntry.story_id,
            Entry.id,
            Entry.feed_id,
            Feed.kind,
            Feed.weight,
            Entry.title,
            func.substr(Entry.summary, 1, _TEXT).label("summary"),
            Entry.dated_at,
            Entry.withdrawn_at,
            rank.label("rank"),
        )
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .join(Feed, Feed.id == Entry.feed_id)
        .where(StoryEntry.story_id.in_(stories))
        .subquery()
    )
    query = select(ranked).order_by(ranked.c.story_id, ranked.c.rank)
    if newest is not None:
        query = query.where(ranked.c.rank <= newest)
    found: dict[int, list[Report]] = {story: [] for story in stories}
    for row in session.execute(query):
        found[row.story_id].append(
            Report(
                entry_id=row.id,
                feed_id=row.feed_id,
                kind=row.kind,
                weight=row.weight,
                title=row.title,
                summary=row.summary,
                dated_at=row.dated_at,
                withdrawn=row.withdrawn_at is not None,
            )
        )
    return found
