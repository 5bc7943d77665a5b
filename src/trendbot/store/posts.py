"""The posts of pages: which wait, which day has had its own, and what became of a day's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store.channels import Channel, channel_of
from trendbot.store.deliveries import Delivery, delivery_of, joined
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import Delivery as DeliveryRow

_MAY_BE_THERE = (DeliveryStatus.SENT, DeliveryStatus.SENDING, DeliveryStatus.UNCERTAIN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a page's messages stand that were to go since an instant: what was sent, and what was not and why."""

    sent: int
    waiting: tuple[Delivery, ...]
    stuck: tuple[Delivery, ...]


def waiting(session: Session, *, transport: str) -> tuple[Delivery, ...]:
    """Return the digests' posts that wait to be sent by a transport."""
    query = joined().where(
        DeliveryRow.status == DeliveryStatus.PENDING,
        ChannelRow.transport == transport,
        DeliveryRow.edition_id.is_not(None),
    )
    return tuple(delivery_of(*row) for row in session.execute(query.order_by(DeliveryRow.id)))


def posted_since(session: Session, channel_id: int, since: datetime, *, but: int) -> bool:
    """Say whether a channel has had a post since an instant, or may have had, other than the delivery `but`."""
    at = or_(DeliveryRow.sent_at >= since, (DeliveryRow.sent_at.is_(None)) & (DeliveryRow.not_before >= since))
    found = exists().where(
        DeliveryRow.channel_id == channel_id,
        DeliveryRow.id != but,
        DeliveryRow.edition_id.is_not(None),
        DeliveryRow.status.in_(_MAY_BE_THERE),
        at,
    )
    return bool(session.scalar(select(found)))


def ever(session: Session, channel_id: int, *, before: datetime) -> bool:
    """Say whether a channel was to get a digest before an instant."""
    found = exists().where(
        DeliveryRow.channel_id == channel_id, DeliveryRow.edition_id.is_not(None), DeliveryRow.not_before < before
    )
    return bool(session.scalar(select(found)))


def reschedule(session: Session, delivery_id: int, *, at: datetime, until: datetime | None) -> None:
    """Let a post that waits go at an instant, and be news until another."""
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.PENDING)
        .values(not_before=at, too_late_at=until)
    )


def channels_by(session: Session, transport: str) -> tuple[Channel, ...]:
    """Return the enabled channels of a transport."""
    query = select(ChannelRow).where(ChannelRow.transport == transport, ChannelRow.enabled).order_by(ChannelRow.id)
    return tuple(channel_of(row) for row in session.scalars(query))


def standing(session: Session, channel_id: int, *, since: datetime, until: datetime) -> Standing:
    """Return how the messages stand that a channel was to get from an instant on, before another."""
    query = joined().where(
        DeliveryRow.channel_id == channel_id,
        DeliveryRow.edition_id.is_not(None),
        or_(
            (DeliveryRow.sent_at >= since) & (DeliveryRow.sent_at < until),
            DeliveryRow.sent_at.is_(None) & (DeliveryRow.not_before >= since) & (DeliveryRow.not_before < until),
        ),
    )
    found = [delivery_of(*row) for row in session.execute(query.order_by(DeliveryRow.id))]
    done = (DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN, DeliveryStatus.SKIPPED)
    return Standing(
        sent=sum(each.status is DeliveryStatus.SENT for each in found),
        waiting=tuple(each for each in found if each.status in (DeliveryStatus.PENDING, DeliveryStatus.SENDING)),
        stuck=tuple(each for each in found if each.status in done),
    )
