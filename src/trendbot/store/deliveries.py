"""The outbox and the channels it leads to: a row is written before a message is sent, and settled after."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Select, or_, select, update
from sqlalchemy.orm import Session

from trendbot.core.delivering import LEASE, LostAnswer, Settlement, delivery_key
from trendbot.core.digests import DigestContent, Rendering
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus
from trendbot.store.digests import Digest, Edition, freeze
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Digest as DigestRow
from trendbot.store.schema import Edition as EditionRow

FILES = "files"
"""The transport that writes editions to a folder: what every cadence has until a channel is configured."""
_FILE_CHANNELS = (
    ("linkedin-files", ChannelKind.LINKEDIN, Cadence.DAILY),
    ("telegram-files", ChannelKind.TELEGRAM, Cadence.DAILY),
    ("email-files", ChannelKind.EMAIL, Cadence.WEEKLY),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A configured outlet."""

    id: int
    slug: str
    kind: ChannelKind
    transport: str
    address: str
    cadence: Cadence


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message to one outlet with what there is to send."""

    id: int
    key: str
    channel: Channel
    part: int
    parts: int
    status: DeliveryStatus
    attempts: int
    not_before: datetime
    cadence: Cadence
    slot: str
    number: int
    title: str
    subject: str | None
    body: str
    text_body: str | None
    composed_at: datetime
    external_id: str | None
    error: str | None


def ensure_file_channels(session: Session) -> None:
    """Make sure that every cadence has an outlet: the daily posts and the weekly mail as files."""
    known = set(session.scalars(select(ChannelRow.slug)))
    session.add_all(
        ChannelRow(slug=slug, kind=kind, transport=FILES, address=FILES, cadence=cadence, enabled=True)
        for slug, kind, cadence in _FILE_CHANNELS
        if slug not in known
    )
    session.flush()


def list_channels(session: Session, *, cadence: Cadence | None = None) -> tuple[Channel, ...]:
    """Return the enabled channels."""
    query = select(ChannelRow).where(ChannelRow.enabled).order_by(ChannelRow.id)
    if cadence is not None:
        query = query.where(ChannelRow.cadence == cadence)
    return tuple(_channel(row) for row in session.scalars(query))


def enqueue(session: Session, *, editions: Iterable[Edition], cadence: Cadence, now: datetime) -> int:
    """Write a pending delivery for each part of each edition and each channel of its kind; return how many are new."""
    channels = list_channels(session, cadence=cadence)
    wanted = {
        delivery_key(edition_id=edition.id, channel_id=channel.id, part=part): (edition, channel, part)
        for edition in editions
        for channel in channels
        if channel.kind is edition.kind
        for part in range(len(edition.parts))
    }
    known = set(session.scalars(select(DeliveryRow.key).where(DeliveryRow.key.in_(wanted))))
    new = [
        DeliveryRow(key=key, edition_id=edition.id, channel_id=channel.id, part=part, not_before=now)
        for key, (edition, channel, part) in wanted.items()
        if key not in known
    ]
    session.add_all(new)
    session.flush()
    return len(new)


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
    session: Session, *, digest_id: int | None = None, status: DeliveryStatus | None = None, limit: int = 200
) -> tuple[Delivery, ...]:
    """Return deliveries in the order they were written."""
    query = _joined().order_by(DeliveryRow.id).limit(limit)
    if digest_id is not None:
        query = query.where(EditionRow.digest_id == digest_id)
    if status is not None:
        query = query.where(DeliveryRow.status == status)
    return tuple(_delivery(*row) for row in session.execute(query))


def due(session: Session, *, transports: Sequence[str], now: datetime, limit: int = 100) -> tuple[Delivery, ...]:
    """Return pending deliveries whose time has come, for the transports at hand."""
    query = (
        _joined()
        .where(
            DeliveryRow.status == DeliveryStatus.PENDING,
            DeliveryRow.not_before <= now,
            ChannelRow.transport.in_(transports),
        )
        .order_by(DeliveryRow.not_before, DeliveryRow.id)
        .limit(limit)
    )
    return tuple(_delivery(*row) for row in session.execute(query))


def claim(session: Session, delivery_id: int, *, now: datetime) -> str | None:
    """Take a pending delivery for sending; return the lease's token, or None where another was faster."""
    lease = secrets.token_hex(16)
    return lease if _changed(session, _claim(delivery_id, lease, now)) else None


def _claim(delivery_id: int, lease: str, now: datetime) -> Any:
    return (
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.PENDING)
        .values(
            status=DeliveryStatus.SENDING,
            lease=lease,
            leased_until=now + LEASE,
            attempts=DeliveryRow.attempts + 1,
        )
    )


def settle_sent(session: Session, delivery_id: int, *, lease: str, now: datetime, external_id: str | None) -> bool:
    """Write down that the remote took the message; False where the lease was lost meanwhile."""
    return _settle(
        session, delivery_id, lease, status=DeliveryStatus.SENT, sent_at=now, external_id=external_id, error=None
    )


def settle_failed(
    session: Session, delivery_id: int, *, lease: str, settlement: Settlement, error: str, now: datetime
) -> bool:
    """Write down a failed attempt as `core.delivering.settle` decided it."""
    return _settle(
        session,
        delivery_id,
        lease,
        status=settlement.status,
        not_before=settlement.not_before or now,
        error=error[:2000],
    )


def recover(session: Session, *, policies: dict[str, LostAnswer], now: datetime, alone: bool) -> int:
    """Settle deliveries left in sending by a killed process; return how many.

    `alone`: no other process can be sending (the home is locked), so every such row is an orphan; else only those whose
    lease has run out. `policies` by transport; one that is not named holds.
    """
    query = (
        select(DeliveryRow.id, ChannelRow.transport)
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .where(DeliveryRow.status == DeliveryStatus.SENDING)
    )
    if not alone:
        query = query.where(or_(DeliveryRow.leased_until.is_(None), DeliveryRow.leased_until < now))
    rows = session.execute(query).all()
    for delivery_id, transport in rows:
        resend = policies.get(transport, LostAnswer.HOLD) is LostAnswer.RESEND
        session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.SENDING)
            .values(
                status=DeliveryStatus.PENDING if resend else DeliveryStatus.UNCERTAIN,
                not_before=now,
                lease=None,
                leased_until=None,
                error=None if resend else "the program ended before the answer was known",
            )
        )
    return len(rows)


def _settle(session: Session, delivery_id: int, lease: str, **values: Any) -> bool:
    return _changed(
        session,
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.status == DeliveryStatus.SENDING, DeliveryRow.lease == lease)
        .values(lease=None, leased_until=None, **values),
    )


def _changed(session: Session, statement: Any) -> bool:
    result = session.execute(statement)
    return isinstance(result, CursorResult) and result.rowcount == 1


def _joined() -> Select[DeliveryRow, ChannelRow, EditionRow, DigestRow]:
    return (
        select(DeliveryRow, ChannelRow, EditionRow, DigestRow)
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .join(EditionRow, EditionRow.id == DeliveryRow.edition_id)
        .join(DigestRow, DigestRow.id == EditionRow.digest_id)
    )


def _delivery(row: DeliveryRow, channel: ChannelRow, edition: EditionRow, digest: DigestRow) -> Delivery:
    return Delivery(
        id=row.id,
        key=row.key,
        channel=_channel(channel),
        part=row.part,
        parts=len(edition.parts),
        status=row.status,
        attempts=row.attempts,
        not_before=row.not_before,
        cadence=digest.cadence,
        slot=digest.slot,
        number=digest.number,
        title=digest.title,
        subject=edition.subject,
        body=edition.parts[row.part],
        text_body=edition.text_body,
        composed_at=digest.composed_at,
        external_id=row.external_id,
        error=row.error,
    )


def _channel(row: ChannelRow) -> Channel:
    return Channel(
        id=row.id, slug=row.slug, kind=row.kind, transport=row.transport, address=row.address, cadence=row.cadence
    )
