"""Rows of the outbox taken for sending, right before the wire, where they are still wanted and still news."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select, update
from sqlalchemy.orm import Session, aliased

from trendbot.core.consent import wanted
from trendbot.core.delivering import LEASE, MERGED, Lateness, Standing, must_wait, obstacle
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store import rates
from trendbot.store.channels import channel_state
from trendbot.store.consent import suppression
from trendbot.store.deliveries import Delivery, delivery_of, joined
from trendbot.store.outbox import changed, skip
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Digest as DigestRow
from trendbot.store.schema import Edition as EditionRow
from trendbot.store.schema import Subscription as SubscriptionRow


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
    if not changed(session, _claim(delivery_id, lease, now)):
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
        .where(*merged_before(delivery))
        .group_by(DigestRow.id, DigestRow.title)
        .order_by(DigestRow.id)
    )
    return tuple(session.scalars(query))


def merged_before(delivery: Delivery) -> list[ColumnElement[bool]]:
    """Return what is true of deliveries that the same recipient missed and that are to be named in this one."""
    return [
        DeliveryRow.channel_id == delivery.channel.id,
        DeliveryRow.subscriber_id.is_not_distinct_from(delivery.subscriber_id),
        DeliveryRow.status == DeliveryStatus.SKIPPED,
        DeliveryRow.error == MERGED,
        DeliveryRow.id != delivery.id,
    ]
