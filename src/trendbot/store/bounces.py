"""What came back: one row a message that named one of our deliveries, and how often an address failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from trendbot.core.vocabulary import BounceKind, ChannelKind
from trendbot.store.schema import Bounce as BounceRow
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Subscriber as SubscriberRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """Whom a delivery went to; `address` is None where it was erased."""

    subscriber_id: int
    channel_id: int
    kind: ChannelKind
    address: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounce:
    """A message that came back, and what it weighs; `status` is the enhanced status code, where there was one."""

    key: str
    delivery_id: int
    subscriber_id: int | None
    kind: BounceKind
    status: str | None
    at: datetime


def addressee_of(session: Session, delivery_id: int) -> Addressee | None:
    """Return whom a delivery went to; None where it is gone or went to a channel of its own."""
    found = session.execute(
        select(SubscriberRow.id, DeliveryRow.channel_id, SubscriberRow.kind, SubscriberRow.address)
        .join(DeliveryRow, DeliveryRow.subscriber_id == SubscriberRow.id)
        .where(DeliveryRow.id == delivery_id)
    ).one_or_none()
    if found is None:
        return None
    return Addressee(subscriber_id=found[0], channel_id=found[1], kind=found[2], address=found[3])


def write_bounce(session: Session, bounce: Bounce) -> bool:
    """Write down what came back; return False where the same message was before, by whoever read it."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    row = {
        "key": bounce.key,
        "delivery_id": bounce.delivery_id,
        "subscriber_id": bounce.subscriber_id,
        "kind": bounce.kind,
        "status": bounce.status,
        "at": bounce.at,
    }
    new = insert(BounceRow).values(row).on_conflict_do_nothing(index_elements=["key"]).returning(BounceRow.key)
    return session.scalar(new) is not None


def count_soft_days(session: Session, subscriber_id: int, *, since: datetime) -> int:
    """Count the different days (UTC) on which mail to a subscriber came back for a time."""
    times = session.scalars(
        select(BounceRow.at).where(
            BounceRow.subscriber_id == subscriber_id, BounceRow.kind == BounceKind.SOFT, BounceRow.at >= since
        )
    )
    return len({each.astimezone(UTC).date() for each in times})


def list_bounces(session: Session, *, kind: BounceKind | None = None, limit: int = 100) -> tuple[Bounce, ...]:
    """Return what came back, newest first."""
    rows = select(BounceRow).order_by(BounceRow.at.desc(), BounceRow.key).limit(limit)
    if kind is not None:
        rows = rows.where(BounceRow.kind == kind)
    return tuple(
        Bounce(
            key=row.key,
            delivery_id=row.delivery_id,
            subscriber_id=row.subscriber_id,
            kind=row.kind,
            status=row.status,
            at=row.at,
        )
        for row in session.scalars(rows)
    )
