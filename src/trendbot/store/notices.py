"""Messages outside a digest: rendered once, delivered through the outbox like everything else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from trendbot.core.delivering import delivery_key
from trendbot.core.vocabulary import ChannelKind, NoticeKind
from trendbot.store.deliveries import NewDelivery, write_new
from trendbot.store.schema import Notice as NoticeRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One text for everybody who gets it. `key` is unique and says what it is about (``alert.17``)."""

    key: str
    notice: NoticeKind
    kind: ChannelKind
    body: str
    subject: str | None = None
    text_body: str | None = None
    story_id: int | None = None
    expires_at: datetime | None = None


def ensure_notice(session: Session, notice: Notice, *, now: datetime) -> int:
    """Write a notice unless its key is there already; return its number."""
    known = session.scalar(select(NoticeRow.id).where(NoticeRow.key == notice.key))
    if known is not None:
        return known
    row = NoticeRow(
        key=notice.key,
        notice=notice.notice,
        kind=notice.kind,
        story_id=notice.story_id,
        subject=notice.subject,
        body=notice.body,
        text_body=notice.text_body,
        made_at=now,
        expires_at=notice.expires_at,
    )
    session.add(row)
    session.flush()
    return row.id


def enqueue_notice(
    session: Session,
    notice: Notice,
    *,
    channel_id: int,
    now: datetime,
    subscribers: Iterable[int] | None = None,
) -> int:
    """Write a notice and a pending delivery of it for each subscriber, or for the channel itself where none is named.

    Who has it already gets it no second time; return how many deliveries are new.
    """
    notice_id = ensure_notice(session, notice, now=now)
    recipients: list[int | None] = [None] if subscribers is None else list(subscribers)
    return write_new(
        session,
        [
            NewDelivery(
                key=delivery_key(notice_id=notice_id, channel_id=channel_id, subscriber_id=subscriber, part=0),
                notice_id=notice_id,
                channel_id=channel_id,
                subscriber_id=subscriber,
                not_before=now,
                too_late_at=notice.expires_at,
            )
            for subscriber in recipients
        ],
    )
