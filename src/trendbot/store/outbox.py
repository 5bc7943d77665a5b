"""What of the outbox is due, what waits longer, and what is left out.

Taking a row for sending is `store.claims`'s part of the work, writing down what became of it `store.settlements`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Table, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from trendbot.core.delivering import LEASE
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store.deliveries import Delivery, delivery_of
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import ChannelState as StateRow
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Digest as DigestRow
from trendbot.store.schema import Edition as EditionRow
from trendbot.store.schema import Notice as NoticeRow
from trendbot.store.schema import Subscriber as SubscriberRow

OPEN = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)


def due(
    session: Session, *, transports: Sequence[str], now: datetime, limit: int = 100, only: Sequence[int] | None = None
) -> tuple[Delivery, ...]:  # fmt: skip
    """Return pending deliveries whose time has come, for the transports at hand; no part before those before it.

    `only` leaves out all but these.
    """
    query = _ROWS.where(*_due(transports, now)).order_by(DeliveryRow.not_before, DeliveryRow.id).limit(limit)
    if only is not None:
        query = query.where(DeliveryRow.id.in_(only))
    rows = session.execute(query).all()
    return _loaded(session, rows)


def take_up(
    session: Session, *, transports: Sequence[str], now: datetime, by: str, limit: int = 100
) -> tuple[Delivery, ...]:
    """Return what `due` does, but nothing that another worker has taken up, and take it up for `by`.

    It is not claimed: after `LEASE` others may take it up. It keeps several workers from asking for turns and claims of
    the same rows. Run it as `Database.write_lightly` does.
    """
    free = or_(DeliveryRow.leased_until.is_(None), DeliveryRow.leased_until <= now, DeliveryRow.lease == by)
    ids = session.scalars(
        select(DeliveryRow.id)
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .where(*_due(transports, now), free)
        .order_by(DeliveryRow.not_before, DeliveryRow.id)
        .limit(limit)
        .with_for_update(of=DeliveryRow, skip_locked=True)
    ).all()
    values = {"lease": by, "leased_until": now + LEASE}
    session.execute(update(DeliveryRow).where(DeliveryRow.id.in_(ids)).values(values))
    query = _ROWS.where(DeliveryRow.id.in_(ids)).order_by(DeliveryRow.not_before, DeliveryRow.id)
    return _loaded(session, session.execute(query).all())


def let_go(session: Session, ids: Collection[int], *, by: str) -> None:
    """Leave to other workers what was taken up and has not gone."""
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(ids), DeliveryRow.status == DeliveryStatus.PENDING, DeliveryRow.lease == by)
        .values(lease=None, leased_until=None)
    )


_ROWS = (
    select(*cast("Table", DeliveryRow.__table__).c, SubscriberRow.address)
    .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
    .outerjoin(SubscriberRow, SubscriberRow.id == DeliveryRow.subscriber_id)
)


def _loaded(session: Session, rows: Sequence[Any]) -> tuple[Delivery, ...]:
    """Return rows as values; what many of them share is loaded once."""
    channels = _by_id(session, ChannelRow, {row.channel_id for row in rows})
    editions = _by_id(session, EditionRow, {row.edition_id for row in rows} - {None})
    digests = _by_id(session, DigestRow, {edition.digest_id for edition in editions.values()})
    notices = _by_id(session, NoticeRow, {row.notice_id for row in rows} - {None})
    return tuple(
        delivery_of(
            row,
            channels[row.channel_id],
            edition := editions.get(row.edition_id),
            digests[edition.digest_id] if edition else None,
            notices.get(row.notice_id),
            row if row.subscriber_id is not None else None,
        )
        for row in rows
    )


def _by_id(session: Session, table: Any, ids: Collection[int]) -> dict[int, Any]:
    return {each.id: each for each in session.scalars(select(table).where(table.id.in_(ids)))} if ids else {}


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


def next_due(session: Session, *, transports: Sequence[str], held: bool = False) -> datetime | None:
    """Return when the next pending delivery is to go, for the transports at hand.

    `held`: what another worker has taken up is to go when that ends.
    """
    later = and_(DeliveryRow.leased_until.is_not(None), DeliveryRow.leased_until > DeliveryRow.not_before)
    freed: ColumnElement[Any] = case((later, DeliveryRow.leased_until), else_=DeliveryRow.not_before)
    query = (
        select(func.min(freed if held else DeliveryRow.not_before))
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .where(DeliveryRow.status == DeliveryStatus.PENDING, ChannelRow.transport.in_(transports), ChannelRow.enabled)
    )
    at: datetime | None = session.scalar(query)
    return at


def _due(transports: Sequence[str], now: datetime) -> list[ColumnElement[bool]]:
    before = aliased(DeliveryRow)
    earlier = exists().where(
        before.edition_id == DeliveryRow.edition_id,
        before.channel_id == DeliveryRow.channel_id,
        before.part < DeliveryRow.part,
        before.status.in_(OPEN),
    )
    # Two conditions rather than "is not distinct from", which no index of PostgreSQL serves.
    for_reader = earlier.where(before.subscriber_id == DeliveryRow.subscriber_id)
    for_channel = earlier.where(before.subscriber_id.is_(None), DeliveryRow.subscriber_id.is_(None))
    shut = exists().where(
        StateRow.channel_id == ChannelRow.id, or_(StateRow.disabled_at.is_not(None), StateRow.paused_until > now)
    )
    return [
        DeliveryRow.status == DeliveryStatus.PENDING,
        DeliveryRow.not_before <= now,
        ChannelRow.transport.in_(transports),
        ChannelRow.enabled.is_(True),
        or_(DeliveryRow.part == 0, and_(~for_reader, ~for_channel)),
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
