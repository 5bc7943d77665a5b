"""The rows of the outbox: written before a message is sent, listed, and led on by people where they stand still.

Sending them is the part of `store.outbox`, `store.claims` and `store.settlements`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from trendbot.core.delivering import LATE, MAY_FOLLOW, delivery_key
from trendbot.core.digests import DigestContent, Rendering
from trendbot.core.vocabulary import Cadence, DeliveryStatus, NoticeKind
from trendbot.errors import ConflictError, NotFoundError
from trendbot.store import engine
from trendbot.store.channels import FILES, Channel, channel_of, ensure_file_channels, list_channels
from trendbot.store.digests import Digest, Edition, freeze
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Digest as DigestRow
from trendbot.store.schema import Edition as EditionRow
from trendbot.store.schema import Notice as NoticeRow
from trendbot.store.schema import Subscriber as SubscriberRow

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class NewDelivery:
    """A message to be enqueued, of an edition or of a notice; without `too_late_at` it never goes stale."""

    key: str
    channel_id: int
    not_before: datetime
    edition_id: int | None = None
    notice_id: int | None = None
    subscriber_id: int | None = None
    part: int = 0
    too_late_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message to one recipient with what there is to send; `address` is None where it was erased.

    Of a notice, `slot` is its key and `number` 0. `variant` is the choice of themes that the edition was made for.
    """

    id: int
    key: str
    channel: Channel
    subscriber_id: int | None
    address: str | None
    part: int
    parts: int
    status: DeliveryStatus
    attempts: int
    not_before: datetime
    too_late_at: datetime | None
    cadence: Cadence
    digest_id: int | None
    slot: str
    number: int
    title: str
    variant: str
    notice: NoticeKind | None
    subject: str | None
    body: str
    text_body: str | None
    composed_at: datetime
    sent_at: datetime | None
    external_id: str | None
    error: str | None


def write_new(session: Session, wanted: Sequence[NewDelivery]) -> int:
    """Write pending deliveries, unless their keys are there already; return how many are new.

    Workers, where there are any, hear of them when the transaction is committed.
    """
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    new: dict[tuple[int, datetime], list[int]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        rows = [_values(each) for each in wanted[start : start + _AT_ONCE]]
        statement = insert(DeliveryRow).values(rows).on_conflict_do_nothing(index_elements=["key"])
        told = statement.returning(DeliveryRow.id, DeliveryRow.channel_id, DeliveryRow.not_before)
        for number, channel, at in session.execute(told):
            new.setdefault((channel, at), []).append(number)
    if new and engine.installed(session):
        _announce(session, new)
    return sum(len(numbers) for numbers in new.values())


def _announce(session: Session, new: Mapping[tuple[int, datetime], list[int]]) -> None:
    """Let workers hear of new rows, by channel and hour."""
    channels = {channel for channel, _ in new}
    query = select(ChannelRow.id, ChannelRow.transport).where(ChannelRow.id.in_(channels))
    transports = {row.id: row.transport for row in session.execute(query)}
    for (channel, at), numbers in new.items():
        engine.announce(session, sorted(numbers), by=transports[channel], at=at)


def _values(new: NewDelivery) -> dict[str, Any]:
    return {
        "key": new.key,
        "edition_id": new.edition_id,
        "notice_id": new.notice_id,
        "channel_id": new.channel_id,
        "subscriber_id": new.subscriber_id,
        "part": new.part,
        "status": DeliveryStatus.PENDING,
        "attempts": 0,
        "not_before": new.not_before,
        "too_late_at": new.too_late_at,
    }


def parts_of(
    edition: Edition, channel: Channel, *, cadence: Cadence, now: datetime, subscriber_id: int | None = None
) -> list[NewDelivery]:
    """Return the deliveries that carry an edition to one recipient, one a part. Files never come too late."""
    return [
        NewDelivery(
            key=delivery_key(edition_id=edition.id, channel_id=channel.id, subscriber_id=subscriber_id, part=part),
            edition_id=edition.id,
            channel_id=channel.id,
            subscriber_id=subscriber_id,
            part=part,
            not_before=now,
            too_late_at=None if channel.transport == FILES else now + LATE[cadence],
        )
        for part in range(len(edition.parts))
    ]


def enqueue(session: Session, *, editions: Iterable[Edition], cadence: Cadence, now: datetime) -> int:
    """Write a pending delivery for each part of each edition and each channel of its kind; return how many are new.

    Channels with subscribers or topics are left to `fan_out`, which knows who wants what.
    """
    channels = [each for each in list_channels(session, cadence=cadence) if not each.personal and not each.topics]
    return write_new(
        session,
        [
            new
            for edition in editions
            for channel in channels
            if channel.kind is edition.kind
            for new in parts_of(edition, channel, cadence=cadence, now=now)
        ],
    )


def publish(
    session: Session, *, content: DigestContent, editions: Sequence[Rendering], now: datetime, by: str
) -> Digest:
    """Freeze a digest with its editions and write the deliveries that will carry them, all or nothing.

    Raises:
        ConflictError: the slot or the number is taken.

    """
    ensure_file_channels(session)
    digest, written = freeze(session, content=content, editions=editions, now=now, by=by)
    enqueue(session, editions=written, cadence=content.cadence, now=now)
    return digest


def list_deliveries(
    session: Session,
    *,
    digest_id: int | None = None,
    status: DeliveryStatus | None = None,
    channel_id: int | None = None,
    transport: str | None = None,
    limit: int = 200,
    latest: bool = False,
) -> tuple[Delivery, ...]:
    """Return deliveries in the order they were written, with `latest` the last ones first."""
    query = joined().order_by(DeliveryRow.id.desc() if latest else DeliveryRow.id).limit(limit)
    if digest_id is not None:
        query = query.where(EditionRow.digest_id == digest_id)
    if status is not None:
        query = query.where(DeliveryRow.status == status)
    if channel_id is not None:
        query = query.where(DeliveryRow.channel_id == channel_id)
    if transport is not None:
        query = query.where(ChannelRow.transport == transport)
    return tuple(delivery_of(*row) for row in session.execute(query))


def count_deliveries(session: Session, *, channel_id: int | None = None) -> dict[DeliveryStatus, int]:
    """Count deliveries by state."""
    query = select(DeliveryRow.status, func.count()).group_by(DeliveryRow.status)
    if channel_id is not None:
        query = query.where(DeliveryRow.channel_id == channel_id)
    return dict(session.execute(query).all())


def get_delivery(session: Session, name: str) -> Delivery:
    """Return the delivery of a key or a number.

    Raises:
        NotFoundError: there is none.

    """
    query = joined().where(DeliveryRow.id == int(name) if name.isdecimal() else DeliveryRow.key == name)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"no delivery {name}: see `trendbot deliveries list`")
    return delivery_of(*row)


def lead_on(
    session: Session, name: str, *, to: DeliveryStatus, now: datetime, why: str | None = None
) -> Delivery:  # fmt: skip
    """Let a person decide what a delivery is: to be tried again, sent after all, or skipped.

    Raises:
        ConflictError: what it is now cannot become that.
        NotFoundError: there is no such delivery.

    """
    found = get_delivery(session, name)
    if to not in MAY_FOLLOW[found.status] or found.status is DeliveryStatus.SENDING:
        raise ConflictError(f"delivery {found.key} is {found.status} and cannot become {to}")
    row = session.get_one(DeliveryRow, found.id)
    row.status, row.error, row.lease, row.leased_until = to, why, None, None
    if to is DeliveryStatus.SENT:
        row.sent_at = now
    if to is DeliveryStatus.PENDING:
        row.not_before, row.attempts, row.too_late_at = min(row.not_before, now), 0, None
    session.flush()
    return get_delivery(session, found.key)


Joined = Select[DeliveryRow, ChannelRow, EditionRow, DigestRow, NoticeRow, SubscriberRow]


def joined() -> Joined:
    """Return the query of deliveries with all that `delivery_of` needs."""
    return (
        select(DeliveryRow, ChannelRow, EditionRow, DigestRow, NoticeRow, SubscriberRow)
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .outerjoin(EditionRow, EditionRow.id == DeliveryRow.edition_id)
        .outerjoin(DigestRow, DigestRow.id == EditionRow.digest_id)
        .outerjoin(NoticeRow, NoticeRow.id == DeliveryRow.notice_id)
        .outerjoin(SubscriberRow, SubscriberRow.id == DeliveryRow.subscriber_id)
    )


def delivery_of(
    row: DeliveryRow,
    channel: ChannelRow,
    edition: EditionRow | None,
    digest: DigestRow | None,
    notice: NoticeRow | None,
    subscriber: SubscriberRow | None,
) -> Delivery:
    """Return a joined row as a value."""
    return Delivery(
        id=row.id,
        key=row.key,
        channel=channel_of(channel),
        subscriber_id=row.subscriber_id,
        address=subscriber.address if subscriber else channel.address,
        part=row.part,
        status=row.status,
        attempts=row.attempts,
        not_before=row.not_before,
        too_late_at=row.too_late_at,
        sent_at=row.sent_at,
        external_id=row.external_id,
        error=row.error,
        **_content(row.part, channel, edition, digest, notice),
    )


def _content(
    part: int, channel: ChannelRow, edition: EditionRow | None, digest: DigestRow | None, notice: NoticeRow | None
) -> dict[str, Any]:
    if edition is not None and digest is not None:
        return {
            "parts": len(edition.parts), "cadence": digest.cadence, "digest_id": digest.id, "slot": digest.slot,
            "number": digest.number, "title": digest.title, "variant": edition.variant, "notice": None,
            "subject": edition.subject, "body": edition.parts[part], "text_body": edition.text_body,
            "composed_at": digest.composed_at,
        }  # fmt: skip
    if notice is None:
        raise NotFoundError("a delivery without a message: see `trendbot db check`")
    return {
        "parts": 1, "cadence": channel.cadence, "digest_id": None, "slot": notice.key, "number": 0,
        "title": notice.subject or "", "variant": "", "notice": notice.notice, "subject": notice.subject,
        "body": notice.body, "text_body": notice.text_body, "composed_at": notice.made_at,
    }  # fmt: skip
