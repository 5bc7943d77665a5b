"""deliver: the outbox → the world. What a killed process left is settled first, then everything that is due is sent.

Killed before the claim, a message is sent later; killed between claim and settling, the next call finds the row in
`sending` and does what the channel's policy says: for files, write them again; for Telegram, call it uncertain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from trendbot.clock import Clock
from trendbot.core.delivering import LostAnswer
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.errors import TransportError
from trendbot.logs import get_logger
from trendbot.pipeline.guard import Guard
from trendbot.pipeline.messages import message_of
from trendbot.pipeline.outbox import Sender
from trendbot.pipeline.outcomes import Dress, FailedDelivery, Recipients, Tally
from trendbot.pipeline.pacing import oversee, pace
from trendbot.pipeline.shown_files import keep_files
from trendbot.render.environment import Renderer
from trendbot.store import rates, settlements
from trendbot.store.channels import FILES
from trendbot.store.database import Database
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Probes, Transport
from trendbot.transports.files import FilesTransport

log = get_logger(__name__)

MOST_TOLD = 8
"""Failed deliveries told one by one at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliverReport:
    """What went out. `files` are those of the newest digests, the preview page first, whenever they were written.

    `retired` recipients refused us for good. `closed` are channels that a person must mend, by name with the reason;
    `floods` answers that asked for a pause; `refused` why nothing at all may be sent, where that is so. `needs` is what
    of accounts and their posts needs a person, found before anything was sent.
    """

    sent: int = 0
    failed: tuple[FailedDelivery, ...] = ()
    uncertain: int = 0
    skipped: int = 0
    files: tuple[Path, ...] = ()
    retired: int = 0
    floods: int = 0
    closed: Mapping[str, str] | None = None
    refused: str | None = None
    needs: tuple[str, ...] = ()


async def deliver(
    database: Database,
    *,
    transports: Mapping[str, Transport],
    clock: Clock,
    renderer: Renderer | None = None,
    alone: bool = True,
    recipients: Recipients | None = None,
    dress: Dress | None = None,
    home: Path | None = None,
    patience: float = 0.0,
    stop: asyncio.Event | None = None,
    close: bool = False,
    manned: Collection[str] = (),
) -> DeliverReport:
    """Send what is due, for the transports at hand (by name).

    `alone`: no other process sends from this database (the home is locked), so rows left in `sending` are orphans.
    With a `renderer`, the files transport also gets a page that shows the newest editions side by side; a file of a
    newest digest that has gone is written again. `dress` may add buttons or a picture to a message. `home` keeps the
    mark of the last send; a database that does not know it is older, and only files are written. `patience` is how
    many seconds to idle for what is not due yet. `stop` ends it early, in order. `close` closes the transports.
    `manned`: the transports of workers that live; what goes by them is left to those, unless it is written here.
    """
    guard = Guard(home) if home is not None else None
    refused = guard.objection(database) if guard is not None else None
    usable = {name: each for name, each in transports.items() if each.harmless or refused is None}
    await _sweep(database, usable, clock, alone=alone)
    needs = await oversee(usable)
    await asyncio.to_thread(pace, database, usable, now=clock())
    sender = Sender(
        database,
        {name: each for name, each in usable.items() if each.harmless or name not in manned},
        clock,
        recipients=recipients,
        dress=dress,
        patience=patience,
        stop=stop,
        alone=alone,
        on_sent=guard.sent if guard is not None else None,
    )
    try:
        tally = await sender.drain()
    finally:
        if guard is not None:
            guard.flush()
        for transport in transports.values() if close else ():
            await transport.close()
    await database.run_lightly(rates.prune)
    files = usable.get(FILES)
    paths = await keep_files(database, files, renderer) if isinstance(files, FilesTransport) else ()
    return replace(_report(tally, paths, refused), needs=needs)


async def _sweep(database: Database, transports: Mapping[str, Transport], clock: Clock, *, alone: bool) -> None:
    """Settle what a killed process left, and ask remotes that can tell what became of it."""
    await database.run(
        settlements.recover, policies={name: each.policy for name, each in transports.items()}, now=clock(), alone=alone
    )
    able = {name: each for name, each in transports.items() if isinstance(each, Probes)}
    always = [name for name, each in able.items() if transports[name].policy is LostAnswer.PROBE]
    for delivery in database.read(settlements.uncertain, probing=always, plain=sorted(able)):
        await _probe(database, delivery, able[delivery.channel.transport], clock)


async def _probe(database: Database, delivery: Delivery, transport: Probes, clock: Clock) -> None:
    try:
        receipt = await transport.probe(message_of(delivery))
    except TransportError as error:
        log.info("probe_undecided", key=delivery.key, reason=str(error))
        await database.run(settlements.note_doubt, delivery.id, why=str(error))
        return
    except Exception:
        log.exception("probe_broke", key=delivery.key)
        return
    await database.run(
        settlements.settle_probed,
        delivery.id,
        landed=receipt is not None,
        external_id=receipt.external_id if receipt else None,
        now=clock(),
    )


def _report(tally: Tally, paths: tuple[Path, ...], refused: str | None) -> DeliverReport:
    return DeliverReport(
        sent=tally.sent,
        failed=tuple(tally.failed),
        uncertain=sum(1 for each in tally.failed if each.status is DeliveryStatus.UNCERTAIN),
        skipped=sum(tally.skipped.values()),
        files=paths,
        retired=tally.retired,
        floods=tally.floods,
        closed=dict(tally.closed),
        refused=refused,
    )


def problems_of(report: DeliverReport) -> tuple[str, ...]:
    """Return what a person should know, a line each: the first few failures, the channels to be mended."""
    told = [f"{each.channel}: {each.reason}" for each in report.failed[:MOST_TOLD]]
    if len(report.failed) > MOST_TOLD:
        told.append(f"{len(report.failed) - MOST_TOLD} more deliveries failed: see `trendbot deliveries list`")
    told += [f"channel {name} is closed: {reason}" for name, reason in (report.closed or {}).items()]
    return (*told, report.refused) if report.refused else tuple(told)
