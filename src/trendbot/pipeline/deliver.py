"""deliver: the outbox → the world. Claim, send, settle; one row at a time, each a transaction of its own.

Killed before the claim, a message is sent later; killed between claim and settling, the next run finds the row in
`sending` and does what the transport's policy says: for files, write them again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trendbot.clock import Clock
from trendbot.core.delivering import settle
from trendbot.core.vocabulary import Cadence, DeliveryStatus
from trendbot.errors import TransportError
from trendbot.logs import get_logger
from trendbot.render.environment import Renderer
from trendbot.render.preview import Earlier, Shown, render_preview
from trendbot.store import deliveries, digests
from trendbot.store.database import Database
from trendbot.store.deliveries import FILES, Delivery
from trendbot.transports.base import Message, Receipt, Transport
from trendbot.transports.files import FilesTransport, write_atomically

log = get_logger(__name__)

BATCH = 100
PREVIEW = "index.html"
EARLIER = 14
"""So many earlier digests of a cadence are linked on the page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedDelivery:
    """A message that did not go, and why."""

    key: str
    channel: str
    reason: str
    status: DeliveryStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliverReport:
    """What went out. `files` are those of the newest digests, the preview page first, whenever they were written."""

    sent: int = 0
    failed: tuple[FailedDelivery, ...] = ()
    uncertain: int = 0
    skipped: int = 0
    files: tuple[Path, ...] = ()


async def deliver(
    database: Database,
    *,
    transports: Mapping[str, Transport],
    clock: Clock,
    renderer: Renderer | None = None,
    alone: bool = True,
) -> DeliverReport:
    """Send what is due, for the transports at hand (by name).

    `alone`: no other process sends from this database (the home is locked), so rows left in `sending` are orphans.
    With a `renderer`, the files transport also gets a page that shows the newest editions side by side; a file of a
    newest digest that has gone is written again.
    """
    policies = {name: transport.policy for name, transport in transports.items()}
    await database.run(deliveries.recover, policies=policies, now=clock(), alone=alone)
    outcomes: list[FailedDelivery | DeliveryStatus] = []
    tried: set[int] = set()
    while batch := [each for each in _due(database, transports, clock) if each.id not in tried]:
        for delivery in batch:
            tried.add(delivery.id)
            outcomes.append(await _one(database, delivery, transports[delivery.channel.transport], clock))
    files = transports.get(FILES)
    paths = await _keep(database, files, renderer) if isinstance(files, FilesTransport) else ()
    return _report(outcomes, paths)


def _due(database: Database, transports: Mapping[str, Transport], clock: Clock) -> tuple[Delivery, ...]:
    return database.read(deliveries.due, transports=sorted(transports), now=clock(), limit=BATCH)


def _report(outcomes: list[FailedDelivery | DeliveryStatus], paths: tuple[Path, ...]) -> DeliverReport:
    failed = tuple(outcome for outcome in outcomes if isinstance(outcome, FailedDelivery))
    counts = Counter(outcome for outcome in outcomes if isinstance(outcome, DeliveryStatus))
    return DeliverReport(
        sent=counts[DeliveryStatus.SENT],
        failed=failed,
        uncertain=sum(1 for each in failed if each.status is DeliveryStatus.UNCERTAIN),
        skipped=counts[DeliveryStatus.SKIPPED],
        files=paths,
    )


async def _one(
    database: Database, delivery: Delivery, transport: Transport, clock: Clock
) -> FailedDelivery | DeliveryStatus:
    lease = await database.run(deliveries.claim, delivery.id, now=clock())
    if lease is None:
        return DeliveryStatus.SKIPPED
    try:
        receipt = await transport.send(message_of(delivery))
    except TransportError as error:
        return await _failed(database, delivery, transport, lease, error, clock)
    except Exception as error:
        log.exception("delivery_broke", key=delivery.key, transport=transport.name)
        unknown = TransportError(f"{type(error).__name__}: {error}", permanent=False, outcome_known=False)
        return await _failed(database, delivery, transport, lease, unknown, clock)
    await database.run(deliveries.settle_sent, delivery.id, lease=lease, now=clock(), external_id=receipt.external_id)
    return DeliveryStatus.SENT


async def _failed(
    database: Database, delivery: Delivery, transport: Transport, lease: str, error: TransportError, clock: Clock
) -> FailedDelivery:
    now = clock()
    settlement = settle(
        attempts=delivery.attempts + 1,
        now=now,
        policy=transport.policy,
        permanent=error.permanent,
        retry_after=error.retry_after,
        outcome_known=error.outcome_known,
    )
    await database.run(
        deliveries.settle_failed, delivery.id, lease=lease, settlement=settlement, error=str(error), now=now
    )
    log.warning("delivery_failed", key=delivery.key, status=settlement.status, reason=str(error))
    return FailedDelivery(key=delivery.key, channel=delivery.channel.slug, reason=str(error), status=settlement.status)


def message_of(delivery: Delivery) -> Message:
    """Return the message that a delivery carries."""
    return Message(
        key=delivery.key,
        kind=delivery.channel.kind,
        address=delivery.channel.address,
        cadence=delivery.cadence,
        slot=delivery.slot,
        number=delivery.number,
        title=delivery.title,
        part=delivery.part,
        parts=delivery.parts,
        body=delivery.body,
        text=delivery.text_body,
        subject=delivery.subject,
        composed_at=delivery.composed_at,
    )


async def _keep(database: Database, transport: FilesTransport, renderer: Renderer | None) -> tuple[Path, ...]:
    """See that the files of the newest digests are there, and the page that shows them."""
    shown: list[Shown] = []
    paths: list[Path] = []
    for cadence in Cadence:
        digest = database.read(digests.latest_digest, cadence)
        if digest is None:
            continue
        for delivery in database.read(deliveries.list_deliveries, digest_id=digest.id, status=DeliveryStatus.SENT):
            if delivery.channel.transport == transport.name:
                receipt = await _present(transport, message_of(delivery))
                paths.extend(receipt.files)
                shown.append(_shown(delivery, transport, receipt))
    if shown and renderer is not None:
        page = transport.folder / PREVIEW
        write_atomically(page, render_preview(renderer, shown, _earlier(database, transport)).encode())
        paths.insert(0, page)
    return tuple(paths)


def _earlier(database: Database, transport: FilesTransport) -> list[Earlier]:
    """Return the digests before the newest of each cadence whose files are still there, the latest first."""
    found = []
    for cadence in Cadence:
        for digest in database.read(digests.list_digests, cadence=cadence, limit=EARLIER + 1)[1:]:
            sent = database.read(deliveries.list_deliveries, digest_id=digest.id, status=DeliveryStatus.SENT)
            paths = [
                path
                for delivery in sent
                if delivery.channel.transport == transport.name
                for path in transport.paths(message_of(delivery))
                if path.is_file()
            ]
            if paths:
                files = tuple(path.relative_to(transport.folder).as_posix() for path in paths)
                found.append(Earlier(title=digest.title, files=files))
    return found


async def _present(transport: FilesTransport, message: Message) -> Receipt:
    files = transport.paths(message)
    if all(path.is_file() for path in files):
        return Receipt(files=files)
    return await transport.send(message)


def _shown(delivery: Delivery, transport: FilesTransport, receipt: Receipt) -> Shown:
    return Shown(
        kind=delivery.channel.kind,
        title=delivery.title,
        subject=delivery.subject,
        body=delivery.body,
        text=delivery.text_body or "",
        files=tuple(str(path.relative_to(transport.folder)) for path in receipt.files),
    )
