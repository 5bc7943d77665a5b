"""What each subscriber was told: messages that went or may have gone, and the stories in them.

It is derived from the outbox: a delivery that was sent, may have been, or still waits, leads to its notice's story or
to the stories that its edition tells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from trendbot.core.digests import from_json
from trendbot.core.variants import content_of
from trendbot.core.vocabulary import DeliveryStatus, NoticeKind
from trendbot.store.chunks import chunks
from trendbot.store.schema import Delivery, Digest, DigestStory, Edition, Notice, Story

COUNTED = (DeliveryStatus.PENDING, DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN)
"""Standings of a delivery by which its reader counts as told: it went, may have gone, or is about to go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A message as its reader knows it: `what` is a digest's title or a notice's subject."""

    what: str
    kind: str
    status: DeliveryStatus
    sent_at: datetime | None


def list_messages(session: Session, subscriber_id: int, *, limit: int = 1000) -> tuple[Told, ...]:
    """Return the messages of a subscriber, the latest first."""
    rows = session.execute(
        select(Delivery.status, Delivery.sent_at, Digest.title, Notice.subject, Notice.notice)
        .outerjoin(Edition, Edition.id == Delivery.edition_id)
        .outerjoin(Digest, Digest.id == Edition.digest_id)
        .outerjoin(Notice, Notice.id == Delivery.notice_id)
        .where(Delivery.subscriber_id == subscriber_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    return tuple(
        Told(what=title or subject or "", kind=notice or "digest", status=status, sent_at=sent_at)
        for status, sent_at, title, subject, notice in rows
    )


def count_alerts(session: Session, subscriber_ids: Sequence[int], *, since: datetime) -> dict[int, int]:
    """Count the alerts that were made for each subscriber since an instant."""
    found: dict[int, int] = {}
    for chunk in chunks(subscriber_ids):
        rows = session.execute(
            select(Delivery.subscriber_id, func.count())
            .join(Notice, Notice.id == Delivery.notice_id)
            .where(
                Delivery.subscriber_id.in_(chunk),
                Notice.notice == NoticeKind.ALERT,
                Delivery.not_before >= since,
                Delivery.status.in_(COUNTED),
            )
            .group_by(Delivery.subscriber_id)
        )
        found.update((who, count) for who, count in rows if who is not None)
    return found


def told_stories(
    session: Session, subscriber_ids: Sequence[int], stories: Collection[int]
) -> dict[int, dict[int, datetime]]:
    """Return which of `stories` each subscriber was told and when last, by an alert or by a digest on its themes.

    What was told under the number of a story that has been merged since counts for the one that it became.
    """
    found: dict[int, dict[int, datetime]] = defaultdict(dict)
    names = _names(session, stories)
    held = {
        edition: frozenset(names[story] for story in told)
        for edition in session.scalars(_editions(names))
        if (told := _stories_in(session, edition).intersection(names))
    }
    for chunk in chunks(subscriber_ids):
        for who, story, at in session.execute(_alerts(chunk, names)):
            if who is not None and story is not None:
                _note(found[who], (names[story],), at)
        for part in chunks(held):
            for who, edition, at in session.execute(_sent(chunk, part)):
                if who is not None and edition is not None:
                    _note(found[who], held[edition], at)
    return dict(found)


def _names(session: Session, stories: Collection[int]) -> dict[int, int]:
    """Return the stories and all that were merged into them, each with what it is called now."""
    names = {story: story for story in stories}
    layer = list(stories)
    while layer:
        rows = session.execute(select(Story.id, Story.merged_into_id).where(Story.merged_into_id.in_(layer))).all()
        new = {old: names[into] for old, into in rows if into is not None and old not in names}
        names |= new
        layer = list(new)
    return names


def _note(known: dict[int, datetime], stories: Iterable[int], at: datetime) -> None:
    for story in stories:
        known[story] = max(at, known.get(story, at))


def _alerts(subscriber_ids: Sequence[int], stories: Collection[int]) -> Select[int | None, int | None, datetime]:
    return (
        select(Delivery.subscriber_id, Notice.story_id, Delivery.not_before)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(
            Delivery.subscriber_id.in_(subscriber_ids),
            Notice.story_id.in_(stories),
            Notice.notice == NoticeKind.ALERT,
            Delivery.status.in_(COUNTED),
        )
    )


def _editions(stories: Collection[int]) -> Select[int]:
    """Select the editions whose digest holds one of the stories."""
    query = select(Edition.id).join(DigestStory, DigestStory.digest_id == Edition.digest_id)
    return query.where(DigestStory.story_id.in_(stories)).distinct()


def _sent(subscriber_ids: Sequence[int], editions: Sequence[int]) -> Select[int | None, int | None, datetime]:
    return select(Delivery.subscriber_id, Delivery.edition_id, Delivery.not_before).where(
        Delivery.subscriber_id.in_(subscriber_ids),
        Delivery.edition_id.in_(editions),
        Delivery.status.in_(COUNTED),
    )


def _stories_in(session: Session, edition_id: int) -> frozenset[int]:
    """Return the stories that an edition tells: those of its digest, on its choice of themes."""
    content, variant = session.execute(
        select(Digest.content, Edition.variant)
        .join(Edition, Edition.digest_id == Digest.id)
        .where(Edition.id == edition_id)
    ).one()
    shown = content_of(from_json(content), variant)
    return frozenset(item.story_id for _, item in shown.items()) if shown else frozenset()
