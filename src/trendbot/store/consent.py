"""The evidence of consent, only ever appended to; the wordings people agreed to; and who is never written to again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from trendbot.core.consent import Asked, wording_hash
from trendbot.core.vocabulary import ConsentKind, SuppressionReason
from trendbot.store.schema import ConsentEvent as EventRow
from trendbot.store.schema import ConsentText as TextRow
from trendbot.store.schema import Subscriber as SubscriberRow
from trendbot.store.schema import Suppression as SuppressionRow

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentEvent:
    """What happened, by which way, from which network, and the wording that was agreed to where there was one."""

    event: ConsentKind
    channel_id: int | None
    method: str
    wording: str | None
    network: str | None
    at: datetime


def record_event(
    session: Session,
    *,
    subscriber_id: int,
    channel_id: int | None,
    event: ConsentKind,
    method: str,
    now: datetime,
    wording: str | None = None,
    network: str | None = None,
) -> None:
    """Append an event; `method` is the way it came (``bot``, ``web``, ``one-click``, ``import``, ``operator``)."""
    session.add(
        EventRow(
            subscriber_id=subscriber_id,
            channel_id=channel_id,
            event=event,
            method=method,
            text_hash=_kept(session, wording, now) if wording else None,
            network=network,
            at=now,
        )
    )
    session.flush()


def _kept(session: Session, wording: str, now: datetime) -> str:
    """Keep a wording once; return its hash."""
    key = wording_hash(wording)
    if session.get(TextRow, key) is None:
        session.add(TextRow(hash=key, wording=wording, first_used_at=now))
        session.flush()
    return key


def list_events(session: Session, subscriber_id: int) -> tuple[ConsentEvent, ...]:
    """Return what happened between a subscriber and us, in order."""
    rows = session.execute(
        select(EventRow, TextRow.wording)
        .outerjoin(TextRow, TextRow.hash == EventRow.text_hash)
        .where(EventRow.subscriber_id == subscriber_id)
        .order_by(EventRow.id)
    )
    return tuple(
        ConsentEvent(
            event=row.event,
            channel_id=row.channel_id,
            method=row.method,
            wording=wording,
            network=row.network,
            at=row.at,
        )
        for row, wording in rows
    )


def count_requests(
    session: Session, *, subscriber_id: int | None, network: str | None, domain: str | None, now: datetime
) -> Asked:
    """Count recent requests for an address (a day), from a network and for a mail domain (an hour each)."""
    requests = select(func.count(EventRow.id)).where(EventRow.event == ConsentKind.REQUESTED)
    recent = requests.where(EventRow.at > now - _HOUR)
    by_address = requests.where(EventRow.at > now - _DAY, EventRow.subscriber_id == subscriber_id)
    by_domain = recent.join(SubscriberRow, SubscriberRow.id == EventRow.subscriber_id).where(
        SubscriberRow.address.like(f"%@{domain}")
    )
    return Asked(
        address=session.scalar(by_address) or 0 if subscriber_id else 0,
        network=session.scalar(recent.where(EventRow.network == network)) or 0 if network else 0,
        domain=session.scalar(by_domain) or 0 if domain else 0,
    )


def suppression(session: Session, address_hash: str) -> SuppressionReason | None:
    """Return why an address is never written to, or None where it may be."""
    return session.scalar(select(SuppressionRow.reason).where(SuppressionRow.address_hash == address_hash))


def suppress_address(session: Session, address_hash: str, *, reason: SuppressionReason, now: datetime) -> bool:
    """Never write to this address again; return whether that is new. The first reason stays."""
    if suppression(session, address_hash) is not None:
        return False
    session.add(SuppressionRow(address_hash=address_hash, reason=reason, at=now))
    session.flush()
    return True


def lift_suppression(session: Session, address_hash: str) -> SuppressionReason | None:
    """Allow an address again; return why it was not, or None where it was."""
    row = session.get(SuppressionRow, address_hash)
    if row is None:
        return None
    reason = row.reason
    session.delete(row)
    session.flush()
    return reason
