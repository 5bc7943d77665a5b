"""What became of deliveries: settled after the wire, with the lease's token; swept up after a crash; probed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from trendbot.core.delivering import MERGED, LostAnswer, Settlement
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store.channels import move_channel
from trendbot.store.deliveries import Delivery, delivery_of, joined
from trendbot.store.outbox import changed
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Subscriber as SubscriberRow

_TABLE = cast("Table", DeliveryRow.__table__)
LEFT = "the program ended before the answer was known"


def settle_sent(
    session: Session,
    delivery_id: int,
    *,
    lease: str,
    now: datetime,
    external_id: str | None,
    moved_to: str | None = None,
) -> bool:
    """Write down that the remote took the message, and where its recipient has moved; False where the lease was lost.

    The answer is known now: even a row that a sweep has called uncertain meanwhile is sent.
    """
    if moved_to is not None:
        move(session, delivery_id, moved_to)
    values = {"status": DeliveryStatus.SENT, "sent_at": now, "external_id": external_id, "error": None}
    return _settle(session, delivery_id, lease, values) or _after_all(session, delivery_id, values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A claimed delivery that the remote took."""

    delivery_id: int
    lease: str
    now: datetime
    external_id: str | None


def settle_all_sent(session: Session, sent: Sequence[Sent]) -> None:
    """Write down of a group what `settle_sent` does of one."""
    values = [
        {"number": each.delivery_id, "token": each.lease, "now": each.now, "external": each.external_id}
        for each in sent
    ]
    result = session.connection().execute(_SENT, values)
    if result.rowcount != len(values):  # a sweep called some of them uncertain, or the driver does not say
        for each in sent:
            found = {"status": DeliveryStatus.SENT, "sent_at": each.now, "external_id": each.external_id}
            _after_all(session, each.delivery_id, found | {"error": None})


_SENT = (
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("number"),
        _TABLE.c.status == DeliveryStatus.SENDING,
        _TABLE.c.lease == bindparam("token"),
    )
    .values(
        status=DeliveryStatus.SENT, sent_at=bindparam("now"), external_id=bindparam("external"), error=None,
        lease=None, leased_until=None,
    )
)  # fmt: skip


def settle_failed(
    session: Session, delivery_id: int, *, lease: str, settlement: Settlement, error: str, now: datetime
) -> bool:
    """Write down a failed attempt as `core.delivering.settle` decided it."""
    values = {
        "status": settlement.status, "not_before": settlement.not_before or now, "error": error[:2000],
    }  # fmt: skip
    return _settle(session, delivery_id, lease, values)


def give_back(session: Session, delivery_id: int, *, lease: str, not_before: datetime, error: str) -> bool:
    """Put a claimed delivery back without counting the attempt: it was not to blame."""
    values = {"status": DeliveryStatus.PENDING, "not_before": not_before, "error": error[:2000]}
    return _settle(session, delivery_id, lease, values | {"attempts": DeliveryRow.attempts - 1})


def name_missed(session: Session, delivery: Delivery) -> None:
    """Write down that the digests this recipient missed are named in a delivery that has gone."""
    session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.channel_id == delivery.channel.id,
            DeliveryRow.subscriber_id.is_not_distinct_from(delivery.subscriber_id),
            DeliveryRow.status == DeliveryStatus.SKIPPED,
            DeliveryRow.error == MERGED,
            DeliveryRow.id != delivery.id,
        )
        .values(error=f"too late; named in {delivery.key}")
    )


def recover(session: Session, *, policies: Mapping[str, LostAnswer], now: datetime, alone: bool) -> int:
    """Settle deliveries left in sending by a killed process; return how many.

    `alone`: no other process can be sending (the home is locked), so every such row is an orphan; else only those whose
    lease has run out. `policies` by transport, where the channel has none of its own; one that is not named holds.
    """
    query = (
        select(DeliveryRow.id, ChannelRow.transport, ChannelRow.lost_answer)
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .where(DeliveryRow.status == DeliveryStatus.SENDING)
    )
    if not alone:
        query = query.where(or_(DeliveryRow.leased_until.is_(None), DeliveryRow.leased_until < now))
    rows = session.execute(query).all()
    for delivery_id, transport, own in rows:
        resend = (own or policies.get(transport, LostAnswer.HOLD)) is LostAnswer.RESEND
        session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.SENDING)
            .values(
                status=DeliveryStatus.PENDING if resend else DeliveryStatus.UNCERTAIN,
                not_before=now,
                lease=None,
                leased_until=None,
                error=None if resend else LEFT,
            )
        )
    return len(rows)


def uncertain(
    session: Session, *, probing: Sequence[str], plain: Sequence[str], limit: int = 100
) -> tuple[Delivery, ...]:  # fmt: skip
    """Return uncertain deliveries that are to be probed: of channels that say so, or of transports that always do."""
    query = joined().where(
        DeliveryRow.status == DeliveryStatus.UNCERTAIN,
        or_(
            and_(ChannelRow.lost_answer == LostAnswer.PROBE, ChannelRow.transport.in_([*probing, *plain])),
            and_(ChannelRow.lost_answer.is_(None), ChannelRow.transport.in_(probing)),
        ),
    )
    return tuple(delivery_of(*row) for row in session.execute(query.order_by(DeliveryRow.id).limit(limit)))


def settle_probed(
    session: Session, delivery_id: int, *, landed: bool, external_id: str | None, now: datetime
) -> bool:  # fmt: skip
    """Write down what a probe found out about an uncertain delivery: sent, or to be sent again."""
    values: dict[str, Any] = {"status": DeliveryStatus.PENDING, "not_before": now, "error": None}
    if landed:
        values = {"status": DeliveryStatus.SENT, "sent_at": now, "external_id": external_id, "error": None}
    return changed(
        session,
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.UNCERTAIN)
        .values(**values),
    )


def note_doubt(session: Session, delivery_id: int, *, why: str) -> None:
    """Write down why a probe could not tell what became of an uncertain delivery."""
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.UNCERTAIN)
        .values(error=why[:2000])
    )


def move(session: Session, delivery_id: int, address: str) -> None:
    """Write down the new address of a delivery's recipient."""
    row = session.get_one(DeliveryRow, delivery_id)
    if row.subscriber_id is None:
        move_channel(session, row.channel_id, address)
    else:
        session.get_one(SubscriberRow, row.subscriber_id).address = address
    session.flush()


def _settle(session: Session, delivery_id: int, lease: str, values: dict[str, Any]) -> bool:
    return changed(
        session,
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.SENDING, DeliveryRow.lease == lease)
        .values(lease=None, leased_until=None, **values),
    )


def _after_all(session: Session, delivery_id: int, values: dict[str, Any]) -> bool:
    return changed(
        session,
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.UNCERTAIN)
        .values(**values),
    )
