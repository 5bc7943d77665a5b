"""What of the outbox is due, what waits longer, and what is left out.

Taking a row for sending is `store.claims`'s part of the work, writing down what became of it `store.settlements`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store.deliveries import Delivery, delivery_of, joined
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import ChannelState as StateRow
from trendbot.store.schema import Delivery as DeliveryRow

OPEN = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)


def due(
    session: Session, *, transports: Sequence[str], now: datetime, limit: int = 100, only: Sequence[int] | None = None
) -> tuple[Delivery, ...]:  # fmt: skip
    """Return pending deliveries whose time has come, for the transports at hand; no part before those before it.

    `only` leaves out all but these.
    """
    query = joined().where(*_due(transports, now)).order_by(DeliveryRow.not_before, DeliveryRow.id).limit(limit)
    if only is not None:
        query = query.where(DeliveryRow.id.in_(only))
    return tuple(delivery_of(*row) for row in session.execute(query))


def due_ids(session: Session, *, transports: Sequence[str], now: datetime, limit: int = 20_000) -> tuple[int, ...]:
    """Return the numbers of pending deliveries whose time has come, for the transports at hand."""
    query = (
        select(DeliveryRow.id)
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .where(*_due(transports, now))
        .order_by(DeliveryRow.not_before, DeliveryRow.id)
        .limit(limit)
    )
    return tuple(session.scalars(query))


def next_due(session: Session, *, transports: Sequence[str]) -> datetime | None:
    """Return when the next pending delivery is to go, for the transports at hand."""
    query = (
        select(func.min(DeliveryRow.not_before))
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .where(DeliveryRow.status == DeliveryStatus.PENDING, ChannelRow.transport.in_(transports), ChannelRow.enabled)
    )
    return session.scalar(query)


def _due(transports: Sequence[str], now: datetime) -> list[ColumnElement[bool]]:
    before = aliased(DeliveryRow)
    earlier = exists().where(
        before.edition_id == DeliveryRow.edition_id,
        before.channel_id == DeliveryRow.channel_id,
        before.subscriber_id.is_not_distinct_from(DeliveryRow.subscriber_id),
        before.part < DeliveryRow.part,
        before.status.in_(OPEN),
    )
    shut = exists().where(
        StateRow.channel_id == ChannelRow.id, or_(StateRow.disabled_at.is_not(None), StateRow.paused_until > now)
    )
    return [
        DeliveryRow.status == DeliveryStatus.PENDING,
        DeliveryRow.not_before <= now,
        ChannelRow.transport.in_(transports),
        ChannelRow.enabled.is_(True),
        or_(DeliveryRow.part == 0, ~earlier),
        ~shut,
    ]


def postpone(session: Session, delivery_id: int, *, until: datetime) -> None:
    """Let a pending delivery wait."""
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.PENDING)
        .values(not_before=until)
    )


def skip(session: Session, delivery_id: int, *, reason: str) -> bool:
    """Leave a pending delivery out for good."""
    return changed(
        session,
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.SKIPPED, error=reason),
    )


def hold_back(session: Session, *, until: datetime, transports: Sequence[str], why: str) -> int:
    """Call uncertain what waits since before `until`: it may have gone before an older database was put back."""
    channels = select(ChannelRow.id).where(ChannelRow.transport.not_in(transports))
    waiting = select(DeliveryRow.id).where(
        DeliveryRow.status.in_(OPEN), DeliveryRow.not_before <= until, DeliveryRow.channel_id.in_(channels)
    )
    ids = list(session.scalars(waiting))
    for start in range(0, len(ids), 500):
        session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id.in_(ids[start : start + 500]))
            .values(status=DeliveryStatus.UNCERTAIN, lease=None, leased_until=None, error=why)
        )
    return len(ids)


def was_sent(session: Session, key: str) -> bool:
    """Say whether the database knows of this delivery that it was sent."""
    return session.scalar(select(DeliveryRow.status).where(DeliveryRow.key == key)) is DeliveryStatus.SENT


def changed(session: Session, statement: Any) -> bool:
    """Run an update of one row; say whether it met it."""
    result = session.execute(statement)
    return isinstance(result, CursorResult) and result.rowcount == 1
