"""Removing what is past, with tombstones, so that an entry that its feed still lists does not come back as new.

Kept for ever are entries of stories that were told, pinned, edited, corrected, alerted of or judged, and entries that a
person read, tagged or placed. So are digests, editions, consents and the log of what people did: nothing here touches
them. Counts of themes and terms stay; days of which entries are gone are not counted again (`store.series`).

Each function names what may go, or of the `ids` it is given removes those that still may; it returns which.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.orm import Session, aliased

from trendbot.core.vocabulary import Annotator, DeliveryStatus
from trendbot.store import schema
from trendbot.store.entry_writing import guid_hash

Stone = tuple[int, str]
"""A tombstone's key: the feed, and the hash of the guid."""
_MARK = 16
"""Characters of that hash by which a feed's listing names an entry."""
_DONE = (DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.SKIPPED)
_NEWEST = timedelta(days=1)
"""Messages this close to the last one sent are kept: one of them is named in the home as the last one."""
_OFTEN = ("poll", "house")
_OFTEN_KEPT = timedelta(days=30)
"""How long runs are kept that come by the hundred a day."""


def prune_texts(session: Session, *, before: datetime, ids: Sequence[int] | None = None) -> list[int]:
    """Empty the full texts of entries first seen before an instant; title and summary stay, and tell edits apart."""
    wanted = select(schema.Entry.id).where(
        schema.Entry.seen_at < before, schema.Entry.content != "", schema.Entry.summary != "", ~_dear()
    )
    found = _still(session, schema.Entry, wanted, ids)
    if ids is not None:
        session.execute(update(schema.Entry).where(schema.Entry.id.in_(found)).values(content=""))
    return found


def prune_entries(session: Session, *, before: datetime, now: datetime, ids: Sequence[int] | None = None) -> list[int]:
    """Remove entries that were first seen and are dated before an instant, and leave their tombstones."""
    wanted = select(schema.Entry.id).where(schema.Entry.seen_at < before, schema.Entry.dated_at < before, ~_dear())
    found = _still(session, schema.Entry, wanted, ids)
    if ids is not None and found:
        _bury(session, found, now)
        session.execute(delete(schema.Entry).where(schema.Entry.id.in_(found)))
    return found


def prune_stories(session: Session, *, before: datetime, ids: Sequence[int] | None = None) -> list[int]:
    """Remove stories that ended before an instant, of which no entry is left and to which no signpost leads."""
    other = aliased(schema.Story)
    wanted = select(schema.Story.id).where(
        schema.Story.last_at < before,
        ~exists().where(schema.StoryEntry.story_id == schema.Story.id),
        ~exists().where(other.merged_into_id == schema.Story.id),
        ~_told(schema.Story.id),
    )
    return _gone(session, schema.Story, wanted, ids)


def prune_tombstones(session: Session, *, before: datetime, ids: Sequence[Stone] | None = None) -> list[Stone]:
    """Forget entries that were pruned before an instant and that their feed lists no more."""
    stone = schema.EntryTombstone
    if ids is not None:
        for key in ids:
            session.delete(session.get_one(stone, key))
        return list(ids)
    listed = session.execute(select(schema.FeedState.feed_id, schema.FeedState.listing))
    marks = {feed: {str(each) for each in listing} for feed, listing in listed}
    rows = session.execute(select(stone.feed_id, stone.guid_hash).where(stone.pruned_at < before))
    return [(feed, key) for feed, key in rows if key[:_MARK] not in marks.get(feed, ())]


def prune_deliveries(session: Session, *, before: datetime, ids: Sequence[int] | None = None) -> list[int]:
    """Remove messages to subscribers that ended before an instant; those to channels stay."""
    last = session.scalar(select(func.max(schema.Delivery.sent_at)))
    wanted = select(schema.Delivery.id).where(
        schema.Delivery.subscriber_id.is_not(None),
        schema.Delivery.status.in_(_DONE),
        schema.Delivery.not_before < before,
    )
    if last is not None:
        recent = schema.Delivery.sent_at >= last - _NEWEST
        wanted = wanted.where(or_(schema.Delivery.sent_at.is_(None), ~recent))
    return _gone(session, schema.Delivery, wanted, ids)


def prune_bounces(session: Session, *, before: datetime, ids: Sequence[str] | None = None) -> list[str]:
    """Remove what came back before an instant; who was suppressed for it stays so."""
    row = schema.Bounce
    wanted = select(row.key).where(row.at < before)
    found = list(session.scalars(wanted if ids is None else wanted.where(row.key.in_(ids))))
    if ids is not None:
        session.execute(delete(row).where(row.key.in_(found)))
    return found


def prune_notices(session: Session, *, before: datetime, ids: Sequence[int] | None = None) -> list[int]:
    """Remove messages outside digests that were made before an instant and that nobody is to get any more."""
    sent = exists().where(schema.Delivery.notice_id == schema.Notice.id)
    wanted = select(schema.Notice.id).where(schema.Notice.made_at < before, ~sent)
    return _gone(session, schema.Notice, wanted, ids)


def prune_readings(session: Session, *, before: datetime, ids: Sequence[int] | None = None) -> list[int]:
    """Remove readings of trends on days before an instant; the counts stay."""
    wanted = select(schema.Trend.id).where(schema.Trend.as_of < before.date())
    return _gone(session, schema.Trend, wanted, ids)


def prune_runs(session: Session, *, before: datetime, now: datetime, ids: Sequence[int] | None = None) -> list[int]:
    """Remove the record of runs that began before an instant, of those that come all day after a month; not the first.

    The first run says since when there is anybody who could have been late.
    """
    often = schema.Run.job.in_(_OFTEN) & (schema.Run.started_at < now - _OFTEN_KEPT)
    first = select(func.min(schema.Run.id)).scalar_subquery()
    wanted = select(schema.Run.id).where(
        or_(schema.Run.started_at < before, often), schema.Run.finished_at.is_not(None), schema.Run.id != first
    )
    return _gone(session, schema.Run, wanted, ids)


def oldest_that_may_go(session: Session) -> datetime | None:
    """Return the first sight of the oldest entry that nothing keeps but its age."""
    return session.scalar(
        select(schema.Entry.seen_at).where(~_dear()).order_by(schema.Entry.seen_at, schema.Entry.id).limit(1)
    )


def _still(session: Session, table: Any, wanted: Select[int], ids: Sequence[int] | None) -> list[int]:
    """Return what is wanted, or what of `ids` still is."""
    return list(session.scalars(wanted if ids is None else wanted.where(table.id.in_(ids))))


def _gone(session: Session, table: Any, wanted: Select[int], ids: Sequence[int] | None) -> list[int]:
    found = _still(session, table, wanted, ids)
    if ids is not None:
        session.execute(delete(table).where(table.id.in_(found)))
    return found


def _bury(session: Session, ids: list[int], now: datetime) -> None:
    rows = session.execute(
        select(schema.Entry.id, schema.Entry.feed_id, schema.Entry.guid, schema.Entry.dated_at).where(
            schema.Entry.id.in_(ids)
        )
    ).all()
    stones = {
        (row.feed_id, guid_hash(row.guid)): {
            "feed_id": row.feed_id, "guid_hash": guid_hash(row.guid), "pruned_at": now, "dated_at": row.dated_at,
        }
        for row in rows
    }  # fmt: skip
    session.execute(insert(schema.EntryTombstone), list(stones.values()))
    if session.get_bind().dialect.name == "sqlite":
        for number in ids:
            session.execute(text("DELETE FROM entries_search WHERE rowid = :id"), {"id": number})


def _dear() -> ColumnElement[bool]:
    """Say "this entry is kept for ever": a person judged it, or its story was told or is somebody's."""
    of = schema.Entry.id
    return or_(
        exists().where(schema.Review.entry_id == of),
        exists().where(schema.Tag.entry_id == of, schema.Tag.annotator == Annotator.HUMAN),
        exists().where(schema.StoryEntry.entry_id == of, schema.StoryEntry.annotator == Annotator.HUMAN),
        exists().where(schema.Erratum.entry_id == of),
        exists().where(schema.StoryEntry.entry_id == of, _told(schema.StoryEntry.story_id)),
    )


def _told(story: Any) -> ColumnElement[bool]:
    """Say "this story was told, pinned, corrected, alerted of or judged"."""
    tables = (
        schema.DigestStory,
        schema.DigestChoice,
        schema.StoryHold,
        schema.Erratum,
        schema.Notice,
        schema.Feedback,
    )
    return or_(*(exists().where(table.story_id == story) for table in tables))
