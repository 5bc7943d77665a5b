"""pace: posts that wait → the hour of their page.

Before anything is sent, every new post of a page with a rhythm is given its slot; a quiet day's is left out where the
page wants that, and one whose day has had its post waits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from trendbot.core.hours import local_day_start
from trendbot.core.posting import QUIET, Rhythm, next_day_slot, slot_after
from trendbot.logs import get_logger
from trendbot.pipeline.watch import Concern
from trendbot.store import digests, outbox, posts
from trendbot.store.database import Database
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Transport

log = get_logger(__name__)


@runtime_checkable
class Paced(Protocol):
    """A transport whose channels post at an hour, once a day."""

    rhythm: Rhythm | None


@runtime_checkable
class Overseen(Protocol):
    """A transport whose account is looked after before anything is sent."""

    overseer: Callable[[Any], Awaitable[Iterable[Concern]]] | None


async def oversee(transports: Mapping[str, Transport]) -> tuple[str, ...]:
    """Let every account be looked after; return what keeps something from going out until a person has mended it.

    What breaks there keeps nothing from being sent.
    """
    needed: list[str] = []
    for name, transport in transports.items():
        if not isinstance(transport, Overseen) or transport.overseer is None:
            continue
        try:
            needed += [each.text for each in await transport.overseer(transport) if each.urgent]
        except Exception:
            log.exception("oversight_broke", transport=name)
    return tuple(needed)


def pace(database: Database, transports: Mapping[str, Transport], *, now: datetime) -> None:
    """Give the posts that wait their slots; one that cannot be paced is logged and stays as it is."""
    for name, transport in transports.items():
        if not isinstance(transport, Paced) or transport.rhythm is None:
            continue
        for delivery in database.read(posts.waiting, transport=name):
            try:
                _pace(database, transport.rhythm, delivery, now)
            except Exception:
                log.exception("pacing_broke", key=delivery.key)


def _pace(database: Database, rhythm: Rhythm, delivery: Delivery, now: datetime) -> None:
    if delivery.digest_id is None:
        return
    digest = database.read(digests.get_digest, delivery.digest_id)
    if digest.content.quiet and not rhythm.quiet_days and not delivery.attempts:
        database.write(outbox.skip, delivery.id, reason=QUIET)
        return
    slot = slot_after(rhythm, digest.frozen_at)
    at, until = slot.at, slot.until if delivery.too_late_at is not None else None
    today = local_day_start(now, timezone=rhythm.timezone)
    if at <= now and database.read(posts.posted_since, delivery.channel.id, today, but=delivery.id):
        at = next_day_slot(rhythm, now).at  # this day has its post: a person's second try waits for the next
    database.write(posts.reschedule, delivery.id, at=max(at, delivery.not_before), until=until)
