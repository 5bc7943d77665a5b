"""amend: corrections → messages that were sent already, on channels that can edit them.

A message carries all the corrections of what it told, below its own text; of a LinkedIn post only the text can change,
not its card or picture. One that cannot be changed any more is noted as such and not tried again; one that failed
otherwise is tried at the next run. Killed between the edit and its note, a run edits the message to the same text once
more, which changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from trendbot.clock import Clock
from trendbot.core.errata import corrected, corrected_post
from trendbot.core.vocabulary import ChannelKind
from trendbot.errors import ChannelError, TransportError
from trendbot.logs import get_logger
from trendbot.pipeline.messages import message_of
from trendbot.pipeline.outcomes import Dress
from trendbot.store import credentials, errata, rates
from trendbot.store.channels import channel_state
from trendbot.store.database import Database
from trendbot.store.deliveries import get_delivery
from trendbot.store.errata import PendingEdit
from trendbot.transports.base import Edits, Message, Transport

log = get_logger(__name__)

NO_ROOM = "the message has no room for a correction"
WATCHED = timedelta(days=7)
"""How long after an erratum was made messages are edited for it."""
MOST = 500
"""Messages of a kind edited in one run at most; the others wait for the next."""


async def amend(
    database: Database, *, transports: Mapping[str, Transport], clock: Clock, dress: Dress | None = None
) -> int:
    """Edit the sent messages that tell what errata correct; return how many were edited."""
    edited = 0
    shut: set[str] = set()
    since = clock() - WATCHED
    waiting = [
        pending
        for kind in (ChannelKind.TELEGRAM, ChannelKind.LINKEDIN)
        for pending in database.read(errata.pending_edits, kind, since=since, limit=MOST)
    ]
    for pending in waiting:
        delivery = database.read(get_delivery, str(pending.delivery_id))
        name, channel = delivery.channel.transport, delivery.channel.slug
        transport = transports.get(name)
        if not shut.isdisjoint((name, channel)) or transport is None or not isinstance(transport, Edits):
            continue
        if not database.read(channel_state, delivery.channel.id).open(clock()):
            continue  # a person has to mend it first, which was told
        message = message_of(delivery)
        message = dress(delivery, message) if dress is not None else message
        try:
            edited += await _one(database, transport, message, pending, clock)
        except ChannelError as error:
            shut.add(name if error.whole else channel)
            log.warning("channel_cannot_edit", transport=name, reason=str(error))
        except Exception:
            log.exception("edit_broke", delivery=pending.delivery_id)
    return edited


async def _one(database: Database, transport: Edits, message: Message, pending: PendingEdit, clock: Clock) -> bool:
    body = _new_text(database, message, pending)
    if body is None:
        await _note(database, pending, clock, error=NO_ROOM)
        return False
    if not await _turn(database, transport, message):
        return False
    try:
        await transport.edit(replace(message, body=body, photo=None, preface=""), pending.external_id)
    except ChannelError:
        raise
    except TransportError as error:
        log.warning("edit_failed", delivery=pending.delivery_id, reason=str(error))
        if error.permanent:
            await _note(database, pending, clock, error=str(error))
        return False
    if message.kind is ChannelKind.LINKEDIN:
        await database.run(credentials.keep_text, message.key, text=body, now=clock())
    await _note(database, pending, clock)
    return True


def _new_text(database: Database, message: Message, pending: PendingEdit) -> str | None:
    """Return the text with its corrections; of a post, where a person may have edited it, what stands there now."""
    if message.kind is not ChannelKind.LINKEDIN:
        return corrected(pending.body, pending.notes)
    return corrected_post(database.read(credentials.kept_text, message.key) or pending.body, pending.notes)


async def _turn(database: Database, transport: Edits, message: Message) -> bool:
    """Wait for a turn within the rates that the remote allows; False where it is too far away."""
    budgets = transport.budgets(message) if hasattr(transport, "budgets") else ()
    wanted = [(budget.key, budget.rate) for budget in budgets]
    (turn,) = await database.run(rates.reserve, [wanted])
    if turn.reserved:
        await asyncio.sleep(turn.wait)
    return turn.reserved


async def _note(database: Database, pending: PendingEdit, clock: Clock, *, error: str | None = None) -> None:
    await database.run(
        errata.settle_edit,
        erratum_ids=pending.erratum_ids,
        delivery_id=pending.delivery_id,
        now=clock(),
        error=error,
    )
