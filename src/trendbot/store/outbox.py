"""The outbox at work: what is due, claimed right before the wire, settled after it, swept up after a crash."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Integer, Select, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from trendbot.core.consent import wanted
from trendbot.core.delivering import LEASE, MERGED, Lateness, LostAnswer, Settlement, Standing, must_wait, obstacle
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store import rates
from trendbot.store.channels import channel_state, move_channel
from trendbot.store.consent import suppression
from trendbot.store.deliveries import Delivery, delivery_of, joined
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import ChannelState as StateRow
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Digest as DigestRow
from trendbot.store.schema import Edition as EditionRow
from trendbot.store.schema import Subscriber as SubscriberRow
from trendbot.store.schema import Subscription as SubscriptionRow

_OPEN = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
LEFT = "the program ended before the answer was known"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What became of a claim: a `lease` to send under; or why it was `skipped`; or neither: another was faster.

    `wait` are the seconds for which a remote wants to hear nothing: the delivery still waits. `missed` are the titles
    of earlier digests that came too late for this recipient and are to be named in this one.
    """

    lease: str | None = None
    missed: tuple[str, ...] = ()
    skipped: str | None = None
    wait: float = 0.0


def due(session: Session, *, transports: Sequence[str], now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
    """Return pending deliveries whose time has come, for the transports at hand; no part before those before it."""
    query = joined().where(*_due(transports, now)).order_by(DeliveryRow.not_before, DeliveryRow.id).limit(limit)
    return tuple(delivery_of(*row) for row in session.execute(query))


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
        before.status.in_(_OPEN),
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


def claim(
    session: Session,
    delivery_id: int,
    *,
    now: datetime,
    budgets: Sequence[str] = (),
    address_hash: str | None = None,
) -> Claim:
    """Take a pending delivery for sending, if it is still wanted and in time; else skip it and say why.

    `budgets` are the keys of the rates it is sent under, `address_hash` the keyed hash of a subscriber's address.
    """
    if wait := rates.paused(session, budgets):
        return Claim(wait=wait)
    row = session.execute(_BY_ID, {"number": delivery_id}).one_or_none()
    if row is None or row[0].status is not DeliveryStatus.PENDING:
        return Claim()
    delivery = delivery_of(*row)
    standing = _standing(session, delivery, now, address_hash)
    if reason := obstacle(standing, now):
        return Claim(skipped=reason) if skip(session, delivery_id, reason=reason) else Claim()
    if must_wait(standing):
        return Claim()
    lease = secrets.token_hex(16)
    if not _changed(session, _claim(delivery_id, lease, now)):
        return Claim()
    return Claim(lease=lease, missed=_missed(session, delivery))


_BY_ID = joined().where(DeliveryRow.id == bindparam("number"))
"""Built once: building it anew for every message costs as much as running it."""


def _claim(delivery_id: int, lease: str, now: datetime) -> Any:
    return (
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.SENDING, lease=lease, leased_until=now + LEASE, attempts=DeliveryRow.attempts + 1)
    )


def _standing(session: Session, delivery: Delivery, now: datetime, address_hash: str | None) -> Standing:
    earlier = frozenset(session.scalars(_parts_before(delivery))) if delivery.part else frozenset()
    return Standing(
        too_late_at=delivery.too_late_at,
        late=delivery.channel.late,
        address=delivery.address,
        suppressed=suppression(session, address_hash) if address_hash else None,
        wanted=_wanted(session, delivery, now),
        channel_open=delivery.channel.enabled and channel_state(session, delivery.channel.id).open(now),
        fresher=_fresher(session, delivery),
        earlier=earlier,
        begun=bool(earlier & {DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN}),
    )


def _wanted(session: Session, delivery: Delivery, now: datetime) -> bool | None:
    if delivery.subscriber_id is None or not delivery.channel.personal:
        return None
    row = session.get(SubscriptionRow, (delivery.subscriber_id, delivery.channel.id))
    # A confirmation is asked for before there is a confirmed subscription; it carries no digest.
    if delivery.notice is not None and delivery.notice != "alert":
        return None
    return row is not None and wanted(row.status, paused_until=row.paused_until, now=now)


def _parts_before(delivery: Delivery) -> Select[DeliveryStatus]:
    mine = aliased(DeliveryRow)
    return select(DeliveryRow.status).where(
        mine.id == delivery.id,
        DeliveryRow.edition_id == mine.edition_id,
        DeliveryRow.channel_id == delivery.channel.id,
        DeliveryRow.subscriber_id.is_not_distinct_from(delivery.subscriber_id),
        DeliveryRow.part < delivery.part,
    )


_FRESHER = (
    select(func.max(DigestRow.number))
    .join(EditionRow, EditionRow.digest_id == DigestRow.id)
    .join(DeliveryRow, DeliveryRow.edition_id == EditionRow.id)
    .where(
        DeliveryRow.channel_id == bindparam("channel"),
        DeliveryRow.subscriber_id.is_not_distinct_from(bindparam("subscriber", type_=Integer)),
        DeliveryRow.status == DeliveryStatus.PENDING,
        DigestRow.cadence == bindparam("cadence", type_=DigestRow.cadence.type),
        DigestRow.number > bindparam("number"),
    )
)


def _fresher(session: Session, delivery: Delivery) -> int | None:
    """Return the number of a newer digest that waits for the same recipient."""
    if delivery.digest_id is None or delivery.too_late_at is None:
        return None
    asked = {
        "channel": delivery.channel.id,
        "subscriber": delivery.subscriber_id,
        "cadence": delivery.cadence,
        "number": delivery.number,
    }
    return session.scalar(_FRESHER, asked)


def _missed(session: Session, delivery: Delivery) -> tuple[str, ...]:
    """Return the titles of digests that the same recipient missed, the first delivery of the next one naming them."""
    if delivery.channel.late is not Lateness.MERGE or delivery.part or delivery.digest_id is None:
        return ()
    query = (
        select(DigestRow.title)
        .join(EditionRow, EditionRow.digest_id == DigestRow.id)
        .join(DeliveryRow, DeliveryRow.edition_id == EditionRow.id)
        .where(*_merged_before(delivery))
        .group_by(DigestRow.id, DigestRow.title)
        .order_by(DigestRow.id)
    )
    return tuple(session.scalars(query))


def _merged_before(delivery: Delivery) -> list[ColumnElement[bool]]:
    return [
        DeliveryRow.channel_id == delivery.channel.id,
        DeliveryRow.subscriber_id.is_not_distinct_from(delivery.subscriber_id),
        DeliveryRow.status == DeliveryStatus.SKIPPED,
        DeliveryRow.error == MERGED,
        DeliveryRow.id != delivery.id,
    ]


def name_missed(session: Session, delivery: Delivery) -> None:
    """Write down that the digests this recipient missed are named in a delivery that has gone."""
    session.execute(
        update(DeliveryRow).where(*_merged_before(delivery)).values(error=f"too late; named in {delivery.key}")
    )


# -- after the wire ----------------------------------------------------------------------------------------------------


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
        _move(session, delivery_id, moved_to)
    values = {"status": DeliveryStatus.SENT, "sent_at": now, "external_id": external_id, "error": None}
    return _settle(session, delivery_id, lease, values) or _after_all(session, delivery_id, values)


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


def postpone(session: Session, delivery_id: int, *, until: datetime) -> None:
    """Let a pending delivery wait."""
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.PENDING)
        .values(not_before=until)
    )


def skip(session: Session, delivery_id: int, *, reason: str) -> bool:
    """Leave a pending delivery out for good."""
    return _changed(
        session,
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.SKIPPED, error=reason),
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
    return _changed(
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


def hold_back(session: Session, *, until: datetime, transports: Sequence[str], why: str) -> int:
    """Call uncertain what waits since before `until`: it may have gone before an older database was put back."""
    channels = select(ChannelRow.id).where(ChannelRow.transport.not_in(transports))
    waiting = select(DeliveryRow.id).where(
        DeliveryRow.status.in_(_OPEN), DeliveryRow.not_before <= until, DeliveryRow.channel_id.in_(channels)
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


def _move(session: Session, delivery_id: int, address: str) -> None:
    row = session.get_one(DeliveryRow, delivery_id)
    if row.subscriber_id is None:
        move_channel(session, row.channel_id, address)
    else:
        session.get_one(SubscriberRow, row.subscriber_id).address = address
    session.flush()


def _settle(session: Session, delivery_id: int, lease: str, values: dict[str, Any]) -> bool:
    return _changed(
        session,
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.SENDING, DeliveryRow.lease == lease)
        .values(lease=None, leased_until=None, **values),
    )


def _after_all(session: Session, delivery_id: int, values: dict[str, Any]) -> bool:
    return _changed(
        session,
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.UNCERTAIN)
        .values(**values),
    )


def _changed(session: Session, statement: Any) -> bool:
    result = session.execute(statement)
    return isinstance(result, CursorResult) and result.rowcount == 1
