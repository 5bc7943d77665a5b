"""A weekly mail for tests and benchmarks: many confirmed subscribers, one digest for all, and a sender to be killed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert
from tests.contents import full

from trendbot.clock import system_clock
from trendbot.core.delivering import LostAnswer
from trendbot.core.vocabulary import Cadence, ChannelKind, SubscriptionStatus
from trendbot.paths import bundled
from trendbot.pipeline.deliver import DeliverReport, deliver
from trendbot.pipeline.dressing import dresser
from trendbot.pipeline.mailing import MailDesk
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.store import channels, deliveries, digests, schema
from trendbot.store.channels import Channel, NewChannel
from trendbot.store.database import Database, sqlite_url
from trendbot.transports.email import EmailTransport
from trendbot.transports.email_server import MailIdentity, MailRates, MailServer
from trendbot.transports.mime import MailAddress

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from trendbot.core.digests import DigestContent

KEY = b"k" * 32
SITE = "https://digest.example"
RENDERER = Renderer(bundled("templates"))
IDENTITY = MailIdentity(
    sender=MailAddress(name="The Digest", address="digest@mail.example"),
    list_name="The Digest",
    list_id="digest.mail.example",
    feedback="mailexample",
    unsubscribe="leave@mail.example",
)


def desk(**given: object) -> MailDesk:
    """Return what puts with mails what is their reader's own."""
    values = {"renderer": RENDERER, "key": lambda: KEY, "brand": "The Digest", "site_url": SITE}
    return MailDesk(**(values | {"bounces": "bounces@mail.example"} | given))  # type: ignore[arg-type]


def addresses(count: int, domain: str = "reader{}.example") -> list[str]:
    """Return the addresses of so many subscribers, a domain for each ten."""
    return [f"reader{number}@{domain.format(number // 10)}" for number in range(count)]


def weekly_mail(
    database: Database,
    readers: Sequence[str],
    *,
    now: datetime,
    policy: LostAnswer | None = None,
    content: DigestContent | None = None,
) -> Channel:
    """Enqueue a weekly digest for confirmed subscribers; return their channel."""
    return database.write(_weekly_mail, readers, now, policy, content or full(Cadence.WEEKLY, number=1))


def _weekly_mail(
    session: Session, readers: Sequence[str], now: datetime, policy: LostAnswer | None, content: DigestContent
) -> Channel:
    channel = channels.add_channel(
        session,
        NewChannel(
            slug="weekly-mail", kind=ChannelKind.EMAIL, transport="email", address="weekly-mail",
            cadence=Cadence.WEEKLY, personal=True, lost_answer=policy,
        ),
    )  # fmt: skip
    rendering = render_edition(RENDERER, content, ChannelKind.EMAIL)
    bare = replace(content, lead=None, sections=(), also=())  # its stories are in no database
    _, (edition,) = digests.freeze(session, content=bare, editions=[rendering], now=now, by="test")
    new = [
        one
        for subscriber in _subscribed(session, channel.id, readers, now)
        for one in deliveries.parts_of(edition, channel, cadence=Cadence.WEEKLY, now=now, subscriber_id=subscriber)
    ]
    deliveries.write_new(session, new)
    return channel


def _subscribed(session: Session, channel_id: int, readers: Sequence[str], now: datetime) -> list[int]:
    people = [
        {"public_id": f"{number:024x}", "person": f"p{number}", "kind": ChannelKind.EMAIL, "address": address,
         "language": "en", "created_at": now}
        for number, address in enumerate(readers)
    ]  # fmt: skip
    session.execute(insert(schema.Subscriber), people)
    ids = list(range(1, len(readers) + 1))
    wishes = [
        {"subscriber_id": number, "channel_id": channel_id, "status": SubscriptionStatus.CONFIRMED, "themes": [],
         "cadence": Cadence.WEEKLY, "next_at": now + timedelta(days=7), "changed_at": now}
        for number in ids
    ]  # fmt: skip
    session.execute(insert(schema.Subscription), wishes)
    return ids


def transport(
    port: int, *, connections: int = 4, rate: float = 1000.0, provider_rate: float = 1000.0
) -> EmailTransport:
    """Return a transport to a server on loopback."""
    server = MailServer(host="127.0.0.1", port=port, security="plain", hello="mail.example")
    rates = MailRates(overall=rate, provider=provider_rate, connections=connections)
    return EmailTransport(server, IDENTITY, clock=lambda: datetime.now(UTC), rates=rates)


async def send(file: Path, port: int, *, connections: int = 4, patience: float = 30.0) -> DeliverReport:
    """Send what is due from a database."""
    mail = transport(port, connections=connections)
    with Database(sqlite_url(file)) as database:
        return await deliver(
            database,
            transports={mail.name: mail},
            clock=system_clock,
            dress=dresser(database, desk()),
            patience=patience,
            close=True,
        )


def sender(file: Path, port: int, connections: int = 4) -> None:
    """Send what is due, as a process of its own."""
    asyncio.run(send(file, port, connections=connections))
