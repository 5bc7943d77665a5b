"""A broadcast for tests and benchmarks: many subscribers of a bot, one digest for all, and a sender to be killed."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert
from tests.contents import full

from trendbot.clock import system_clock
from trendbot.core.delivering import LostAnswer
from trendbot.core.digests import Rendering
from trendbot.core.vocabulary import Cadence, ChannelKind, SubscriptionStatus
from trendbot.pipeline.deliver import DeliverReport, deliver
from trendbot.store import channels, deliveries, digests, schema
from trendbot.store.channels import Channel, NewChannel
from trendbot.store.database import Database, sqlite_url
from trendbot.transports.telegram import TelegramTransport

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FIRST_CHAT = 1_000_000
CONTENT = full(number=1, lead=None, sections=(), also=())


def numbers(count: int) -> list[int]:
    """Return the chats of so many subscribers."""
    return list(range(FIRST_CHAT, FIRST_CHAT + count))


def broadcast(
    database: Database,
    *,
    subscribers: int,
    now: datetime,
    policy: LostAnswer = LostAnswer.HOLD,
    parts: int = 1,
    body: str = "<b>Today</b> in one line",
) -> Channel:
    """Enqueue one digest for so many confirmed subscribers; return their channel."""
    return database.write(_broadcast, subscribers, now, policy, tuple(f"{body} {part}" for part in range(parts)))


def _broadcast(session: Session, count: int, now: datetime, policy: LostAnswer, parts: tuple[str, ...]) -> Channel:
    channel = channels.add_channel(
        session,
        NewChannel(
            slug="bot", kind=ChannelKind.TELEGRAM, transport="telegram", address="bot", cadence=Cadence.DAILY,
            personal=True, lost_answer=policy,
        ),
    )  # fmt: skip
    rendering = Rendering(
        kind=ChannelKind.TELEGRAM, variant="all", subject=None, parts=parts, text_body=None, template_hash="h"
    )
    _, (edition,) = digests.freeze(session, content=CONTENT, editions=[rendering], now=now, by="test")
    ids = _subscribed(session, channel.id, count, now)
    new = [
        one
        for subscriber in ids
        for one in deliveries.parts_of(edition, channel, cadence=Cadence.DAILY, now=now, subscriber_id=subscriber)
    ]
    deliveries.write_new(session, new)
    return channel


def _subscribed(session: Session, channel_id: int, count: int, now: datetime) -> list[int]:
    chats = numbers(count)
    people = [
        {"public_id": f"p{chat}", "person": f"p{chat}", "kind": ChannelKind.TELEGRAM, "address": str(chat),
         "language": "en", "created_at": now}
        for chat in chats
    ]  # fmt: skip
    session.execute(insert(schema.Subscriber), people)
    ids = [chat - FIRST_CHAT + 1 for chat in chats]
    wishes = [
        {"subscriber_id": number, "channel_id": channel_id, "status": SubscriptionStatus.CONFIRMED, "themes": [],
         "cadence": Cadence.DAILY, "next_at": now + timedelta(days=1), "changed_at": now}
        for number in ids
    ]  # fmt: skip
    session.execute(insert(schema.Subscription), wishes)
    return ids


def _url(at: Path | str) -> str:
    return at if isinstance(at, str) else sqlite_url(at)


def address_of(database: Database) -> str:
    """Return where a database is, for another process."""
    return database.engine.url.render_as_string(hide_password=False)


async def send(at: Path | str, base_url: str, token: str, rate: float, *, alone: bool = True) -> DeliverReport:
    """Send what is due from a database: an SQLite file, or an address."""
    telegram = TelegramTransport(token=token, base_url=base_url, rate=rate)
    with Database(_url(at)) as database:
        return await deliver(
            database,
            transports={telegram.name: telegram},
            clock=system_clock,
            alone=alone,
            patience=30.0,
            close=True,
        )


def sender(at: Path | str, base_url: str, token: str, rate: float, alone: bool = True) -> None:
    """Send what is due, as a process of its own."""
    asyncio.run(send(at, base_url, token, rate, alone=alone))
