"""What is true of deliveries at the moment they are about to go, read for a group by a handful of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from trendbot.core.consent import wanted
from trendbot.core.delivering import MERGED, Standing
from trendbot.core.vocabulary import DeliveryStatus, NoticeKind, SuppressionReason
from trendbot.store.schema import Channel as ChannelRow
from trendbot.store.schema import ChannelState as StateRow
from trendbot.store.schema import Delivery as DeliveryRow
from trendbot.store.schema import Digest as DigestRow
from trendbot.store.schema import Edition as EditionRow
from trendbot.store.schema import Notice as NoticeRow
from trendbot.store.schema import Subscriber as SubscriberRow
from trendbot.store.schema import Subscription as SubscriptionRow
from trendbot.store.schema import Suppression as SuppressionRow

# The queries are built once: building one anew for every group costs as much as running it.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_OTHER, _OTHER_EDITION, _OTHER_DIGEST = aliased(DeliveryRow), aliased(EditionRow), aliased(DigestRow)

_FACTS = (
    select(
        DeliveryRow.id,
        DeliveryRow.status,
        DeliveryRow.part,
        DeliveryRow.too_late_at,
        DeliveryRow.subscriber_id,
        EditionRow.digest_id,
        NoticeRow.notice,
        ChannelRow.personal,
        ChannelRow.enabled,
        ChannelRow.late,
        ChannelRow.address.label("channel_address"),
        StateRow.disabled_at,
        StateRow.paused_until.label("channel_paused_until"),
        SubscriberRow.address,
        SubscriptionRow.status.label("wish"),
        SubscriptionRow.paused_until,
    )
    .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
    .outerjoin(EditionRow, EditionRow.id == DeliveryRow.edition_id)
    .outerjoin(NoticeRow, NoticeRow.id == DeliveryRow.notice_id)
    .outerjoin(StateRow, StateRow.channel_id == DeliveryRow.channel_id)
    .outerjoin(SubscriberRow, SubscriberRow.id == DeliveryRow.subscriber_id)
    .outerjoin(
        SubscriptionRow,
        and_(
            SubscriptionRow.subscriber_id == DeliveryRow.subscriber_id,
            SubscriptionRow.channel_id == DeliveryRow.channel_id,
        ),
    )
    .where(DeliveryRow.id.in_(_IDS))
)


_READER = and_(_OTHER.subscriber_id == DeliveryRow.subscriber_id, _OTHER.channel_id + 0 == DeliveryRow.channel_id)
"""The same reader. The channel is compared so that no index serves it: a channel has as many rows as it has readers."""
_CHANNEL = and_(_OTHER.subscriber_id.is_(None), _OTHER.channel_id == DeliveryRow.channel_id)
"""The same channel, which has no readers."""


def _fresher(same: ColumnElement[bool]) -> Select[int, int]:
    """Return the query for the number of a newer digest that waits for the same recipient.

    One that goes only when the older is no news any more takes its place no longer: a page posts one a day.
    """
    return (
        select(DeliveryRow.id, func.max(_OTHER_DIGEST.number))
        .join(EditionRow, EditionRow.id == DeliveryRow.edition_id)
        .join(DigestRow, DigestRow.id == EditionRow.digest_id)
        .join(_OTHER, and_(same, _OTHER.status == DeliveryStatus.PENDING))
        .join(_OTHER_EDITION, _OTHER_EDITION.id == _OTHER.edition_id)
        .join(_OTHER_DIGEST, _OTHER_DIGEST.id == _OTHER_EDITION.digest_id)
        .where(
            DeliveryRow.id.in_(_IDS),
            _OTHER_DIGEST.cadence == DigestRow.cadence,
            _OTHER_DIGEST.number > DigestRow.number,
            _OTHER.not_before < DeliveryRow.too_late_at,
        )
        .group_by(DeliveryRow.id)
    )


def _earlier(same: ColumnElement[bool]) -> Select[int, DeliveryStatus]:
    """Return the query for the states of the parts before one."""
    before = and_(_OTHER.edition_id == DeliveryRow.edition_id, _OTHER.part < DeliveryRow.part)
    return select(DeliveryRow.id, _OTHER.status).join(_OTHER, and_(before, same)).where(DeliveryRow.id.in_(_IDS))


def _missed(same: ColumnElement[bool]) -> Select[int, str]:
    """Return the query for the titles of digests that the same recipient missed."""
    left_out = and_(_OTHER.status == DeliveryStatus.SKIPPED, _OTHER.error == MERGED)
    return (
        select(DeliveryRow.id, DigestRow.title)
        .join(_OTHER, and_(same, left_out, _OTHER.id != DeliveryRow.id))
        .join(_OTHER_EDITION, _OTHER_EDITION.id == _OTHER.edition_id)
        .join(DigestRow, DigestRow.id == _OTHER_EDITION.digest_id)
        .where(DeliveryRow.id.in_(_IDS), DeliveryRow.part == 0, DeliveryRow.edition_id.is_not(None))
        .group_by(DeliveryRow.id, DigestRow.id, DigestRow.title)
        .order_by(DeliveryRow.id, DigestRow.id)
    )


_FRESHER = _fresher(_READER), _fresher(_CHANNEL)
_EARLIER = _earlier(_READER), _earlier(_CHANNEL)
_MISSED = _missed(_READER), _missed(_CHANNEL)

_SUPPRESSED = select(SuppressionRow.address_hash, SuppressionRow.reason).where(
    SuppressionRow.address_hash.in_(bindparam("hashes", expanding=True))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Around:
    """What is known of a group beside its own rows, by delivery, and for suppressions by hash."""

    suppressed: Mapping[str, SuppressionReason] = field(default_factory=dict)
    fresher: Mapping[int, int] = field(default_factory=dict)
    earlier: Mapping[int, frozenset[DeliveryStatus]] = field(default_factory=dict)


def standings(session: Session, hashes: Mapping[int, str | None], *, now: datetime) -> dict[int, Standing]:
    """Return what is true of deliveries that are still pending; of others nothing.

    `hashes` are the keyed hashes of the subscribers' addresses by delivery, None where there is none.
    """
    rows: list[Any] = [
        row for row in session.execute(_FACTS, {"ids": list(hashes)}) if row.status is DeliveryStatus.PENDING
    ]
    around = _Around(
        suppressed=_suppressed(session, [hashed for row in rows if (hashed := hashes[row.id])]),
        fresher=_fresher_of(session, rows),
        earlier=_earlier_of(session, rows),
    )
    return {row.id: _standing(row, hashes[row.id], around, now) for row in rows}


def missed(session: Session, deliveries: Mapping[int, Standing]) -> dict[int, tuple[str, ...]]:
    """Return the titles of digests that the recipients of deliveries missed and that are to be named in the next one.

    Only the first part of a digest names them.
    """
    titles: dict[int, list[str]] = defaultdict(list)
    for number, title in _rows_of(session, _MISSED, {number: each.reader for number, each in deliveries.items()}):
        titles[number].append(title)
    return {number: tuple(found) for number, found in titles.items()}


def _rows_of(
    session: Session, queries: tuple[Select[*tuple[Any, ...]], Select[*tuple[Any, ...]]], readers: Mapping[int, bool]
) -> list[Any]:
    """Run a query for deliveries to readers and for those to channels, each where there are some."""
    groups = (
        [number for number, reader in readers.items() if reader],
        [number for number, reader in readers.items() if not reader],
    )
    return [
        row for query, ids in zip(queries, groups, strict=True) if ids for row in session.execute(query, {"ids": ids})
    ]


def _standing(row: Row[Any], hashed: str | None, around: _Around, now: datetime) -> Standing:
    earlier = around.earlier.get(row.id, frozenset())
    paused = row.channel_paused_until is not None and row.channel_paused_until > now
    return Standing(
        too_late_at=row.too_late_at,
        late=row.late,
        address=row.address if row.subscriber_id is not None else row.channel_address,
        suppressed=around.suppressed.get(hashed) if hashed else None,
        wanted=_wanted(row, now),
        channel_open=row.enabled and row.disabled_at is None and not paused,
        fresher=around.fresher.get(row.id),
        earlier=earlier,
        reader=row.subscriber_id is not None,
        begun=bool(earlier & {DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN}),
    )


def _wanted(row: Row[Any], now: datetime) -> bool | None:
    if row.subscriber_id is None or not row.personal:
        return None
    # A confirmation is asked for before there is a confirmed subscription; it carries no digest.
    if row.notice is not None and row.notice is not NoticeKind.ALERT:
        return None
    return row.wish is not None and wanted(row.wish, paused_until=row.paused_until, now=now)


def _suppressed(session: Session, hashes: Sequence[str]) -> dict[str, SuppressionReason]:
    return dict(session.execute(_SUPPRESSED, {"hashes": hashes}).all()) if hashes else {}


def _fresher_of(session: Session, rows: Sequence[Any]) -> dict[int, int]:
    stale = [row for row in rows if row.digest_id is not None and row.too_late_at is not None]
    return dict(_rows_of(session, _FRESHER, _readers(stale)))


def _earlier_of(session: Session, rows: Sequence[Any]) -> dict[int, frozenset[DeliveryStatus]]:
    found: dict[int, set[DeliveryStatus]] = defaultdict(set)
    for number, status in _rows_of(session, _EARLIER, _readers([row for row in rows if row.part])):
        found[number].add(status)
    return {number: frozenset(states) for number, states in found.items()}


def _readers(rows: Sequence[Any]) -> dict[int, bool]:
    return {row.id: row.subscriber_id is not None for row in rows}
