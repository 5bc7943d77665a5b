"""The files of the newest digests, and the page that shows them side by side: kept in place, written again if gone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trendbot.core.vocabulary import Cadence, DeliveryStatus
from trendbot.pipeline.charting import charter
from trendbot.pipeline.messages import message_of
from trendbot.render.environment import Renderer
from trendbot.render.preview import Earlier, Shown, render_preview
from trendbot.store import deliveries, digests
from trendbot.store.database import Database
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Message, Receipt
from trendbot.transports.files import FilesTransport, write_atomically

PREVIEW = "index.html"
EARLIER = 14
"""So many earlier digests of a cadence are linked on the page."""


async def keep_files(database: Database, transport: FilesTransport, renderer: Renderer | None) -> tuple[Path, ...]:
    """See that the files of the newest digests are there, and the page that shows them."""
    shown: list[Shown] = []
    paths: list[Path] = []
    charted = charter(database)
    for cadence in Cadence:
        digest = database.read(digests.latest_digest, cadence)
        if digest is None:
            continue
        for delivery in _written(database, digest.id, transport):
            message = charted(delivery, message_of(delivery))
            receipt = await _present(transport, message)
            paths.extend(receipt.files)
            shown.append(_shown(delivery, transport, receipt, alt=message.chart.alt if message.chart else ""))
    if shown and renderer is not None:
        page = transport.folder / PREVIEW
        if not _shows(page, paths):
            write_atomically(page, render_preview(renderer, shown, _earlier(database, transport)).encode())
        paths.insert(0, page)
    return tuple(paths)


def _written(database: Database, digest_id: int, transport: FilesTransport) -> tuple[Delivery, ...]:
    return database.read(
        deliveries.list_deliveries, digest_id=digest_id, status=DeliveryStatus.SENT, transport=transport.name
    )


def _shows(page: Path, files: Sequence[Path]) -> bool:
    """Say whether the page is there and younger than all that it shows: each pass over the outbox asks."""
    try:
        return page.stat().st_mtime_ns > max(path.stat().st_mtime_ns for path in files)
    except FileNotFoundError:
        return False


def _earlier(database: Database, transport: FilesTransport) -> list[Earlier]:
    """Return the digests before the newest of each cadence whose files are still there, the latest first."""
    found = []
    charted = charter(database)
    for cadence in Cadence:
        for digest in database.read(digests.list_digests, cadence=cadence, limit=EARLIER + 1)[1:]:
            paths = [
                path
                for delivery in _written(database, digest.id, transport)
                for path in transport.paths(charted(delivery, message_of(delivery)))
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


def _shown(delivery: Delivery, transport: FilesTransport, receipt: Receipt, *, alt: str) -> Shown:
    return Shown(
        kind=delivery.channel.kind,
        title=delivery.title,
        subject=delivery.subject,
        body=delivery.body,
        text=delivery.text_body or "",
        files=tuple(str(path.relative_to(transport.folder)) for path in receipt.files),
        alt=alt,
    )
