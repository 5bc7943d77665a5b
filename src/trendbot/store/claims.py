"""Rows of the outbox taken for sending, right before the wire, where they are still wanted and still news."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from trendbot.core.delivering import LEASE, Lateness, Standing, must_wait, obstacle
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store import rates
from trendbot.store.outbox import skip
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.standings import missed, standings


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A delivery that is to be claimed, the keys of its budgets, and the keyed hash of a subscriber's address."""

    delivery_id: int
    budgets: Sequence[str] = ()
    address_hash: str | None = None


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
    """Take one pending delivery for sending: see `claim_all`."""
    asked = Asked(delivery_id=delivery_id, budgets=budgets, address_hash=address_hash)
    return claim_all(session, [asked], now=now)[0]


def claim_all(session: Session, asked: Sequence[Asked], *, now: datetime) -> tuple[Claim, ...]:
    """Take pending deliveries for sending, those that are still wanted and in time; skip others and say why.

    They share a lease: what settles one names the delivery too.
    """
    waits = rates.paused_each(session, [each.budgets for each in asked])
    free = {each.delivery_id: each.address_hash for each, wait in zip(asked, waits, strict=True) if not wait}
    found = standings(session, free, now=now) if free else {}
    skipped = dict(_skipped(session, found, now))
    lease = secrets.token_hex(16)
    may_go = [number for number, each in found.items() if number not in skipped and not must_wait(each)]
    taken = _taken(session, may_go, lease, now)
    named = missed(session, {number: each for number, each in found.items() if number in taken and _names(each)})
    return tuple(
        Claim(wait=wait)
        if wait
        else Claim(
            lease=lease if each.delivery_id in taken else None,
            missed=named.get(each.delivery_id, ()),
            skipped=skipped.get(each.delivery_id),
        )
        for each, wait in zip(asked, waits, strict=True)
    )


def _names(standing: Standing) -> bool:
    """Say whether a digest names those that the same recipient missed."""
    return standing.late is Lateness.MERGE


def _skipped(session: Session, found: dict[int, Standing], now: datetime) -> list[tuple[int, str | None]]:
    """Skip what may not go; return it with why, None where it was no longer pending."""
    reasons = [(number, reason) for number, each in found.items() if (reason := obstacle(each, now))]
    return [(number, reason if skip(session, number, reason=reason) else None) for number, reason in reasons]


_TAKE = (
    update(DeliveryRow)
    .where(DeliveryRow.id.in_(bindparam("ids", expanding=True)), DeliveryRow.status == DeliveryStatus.PENDING)
    .values(
        status=DeliveryStatus.SENDING,
        lease=bindparam("token"),
        leased_until=bindparam("until"),
        attempts=DeliveryRow.attempts + 1,
    )
    .returning(DeliveryRow.id)
    .execution_options(synchronize_session=False)
)


def _taken(session: Session, ids: Sequence[int], lease: str, now: datetime) -> frozenset[int]:
    """Mark what is still pending as on its way; return which."""
    if not ids:
        return frozenset()
    return frozenset(session.scalars(_TAKE, {"ids": list(ids), "token": lease, "until": now + LEASE}))
