"""The weekly mail from the outbox to the server: everybody once, each with a way out, whatever the server says."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.contents import full
from tests.mailing import KEY, RENDERER, addresses, desk, transport, weekly_mail
from tests.smtpd import Script, Sink, smtp_server

from trendbot.clock import frozen_clock
from trendbot.core.addresses import address_hash
from trendbot.core.delivering import Lateness
from trendbot.core.tokens import Purpose, parts_of_subject, unseal
from trendbot.core.verp import parse_verp
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus, SuppressionReason
from trendbot.pipeline.deliver import DeliverReport, deliver
from trendbot.pipeline.dressing import dresser
from trendbot.pipeline.outbox import Sender
from trendbot.pipeline.outcomes import Recipients, Retired
from trendbot.render.editions import render_edition
from trendbot.store import channels, consent, deliveries, digests, rates, subscribers
from trendbot.subscriptions import Act, suppress

if TYPE_CHECKING:
    from trendbot.pipeline.mailing import MailDesk
    from trendbot.store.channels import Channel
    from trendbot.store.database import Database, Session
    from trendbot.store.deliveries import Delivery
    from trendbot.transports.email import EmailTransport

START = datetime.now(UTC) - timedelta(minutes=1)


def _retire(session: Session, retired: Retired) -> None:
    act = Act(method="transport", now=retired.now)
    reason = SuppressionReason.GONE if retired.gone else SuppressionReason.BLOCKED
    suppress(session, kind=retired.kind, address=retired.address, reason=reason, act=act, key=KEY)


RECIPIENTS = Recipients(hash_address=lambda kind, address: address_hash(KEY, kind, address), retire=_retire)


def next_week(database: Database, channel: Channel, *, now: datetime) -> None:
    """Enqueue the next weekly digest for the first two subscribers."""
    content = full(Cadence.WEEKLY, number=2, slot="2026-W47", lead=None, sections=(), also=())
    editions = [render_edition(RENDERER, content, ChannelKind.EMAIL)]
    _, (edition,) = database.write(digests.freeze, content=content, editions=editions, now=now, by="test")
    new = [
        one
        for reader in (1, 2)
        for one in deliveries.parts_of(edition, channel, cadence=Cadence.WEEKLY, now=now, subscriber_id=reader)
    ]
    database.write(deliveries.write_new, new)


async def sent(
    database: Database, sink: Sink, *, now: datetime | None = None, mail: MailDesk | None = None, patience: float = 0.0
) -> DeliverReport:
    through: EmailTransport = transport(sink.port)
    return await deliver(
        database,
        transports={through.name: through},
        clock=frozen_clock(now) if now else lambda: datetime.now(UTC),
        recipients=RECIPIENTS,
        dress=dresser(database, mail or desk()),
        patience=patience,
        close=True,
    )


def rows(database: Database) -> list[Delivery]:
    return list(database.read(deliveries.list_deliveries, limit=10_000))


def parsed(content: bytes) -> Any:
    return email.message_from_bytes(content, policy=email.policy.default)


async def test_everybody_gets_the_mail_once_with_links_of_their_own(database: Database) -> None:
    readers = addresses(30)
    channel = weekly_mail(database, readers, now=START)
    async with smtp_server() as sink:
        report = await sent(database, sink)
        assert report.sent == 30
        assert (await sent(database, sink)).sent == 0
    assert sink.wrong == []
    assert sink.open_most <= 4
    assert Counter(each.recipient for each in sink.arrived) == Counter(readers)
    known = {row.address: row for row in rows(database)}
    for arrived in sink.arrived:
        mail, row = parsed(arrived.content), known[arrived.recipient]
        assert row.external_id == mail["Message-ID"]
        assert parse_verp(KEY, arrived.sender) == row.id
        page = re.fullmatch(
            r"<https://digest\.example/u/([^>]+)>, <mailto:leave@mail\.example\?subject=\1>", mail["List-Unsubscribe"]
        )
        assert page
        sealed = unseal(KEY, Purpose.UNSUBSCRIBE, page[1], now=START)
        assert row.subscriber_id is not None
        public_id, channel_id = parts_of_subject(sealed.subject)
        reader = database.read(subscribers.find_reader, row.subscriber_id, channel.id)
        assert ((public_id, sealed.version), channel_id) == (reader, channel.id)
        for part in (mail.get_body(("plain",)), mail.get_body(("html",))):
            text = part.get_content()
            assert f"https://digest.example/u/{page[1]}" in text
            assert text.count("https://digest.example/preferences/") == 1
            assert "https://digest.example/digests/weekly/2026-W46" in text
            assert arrived.recipient in text
            assert not [other for other in readers if other != arrived.recipient and f"to {other}" in text]
        assert len(mail.get_body(("html",)).get_content().encode()) < 90_000


async def test_each_answer_leads_to_what_it_should(database: Database) -> None:
    readers = addresses(10)
    weekly_mail(database, readers, now=START)
    sink = Sink()
    sink.script(readers[0], Script(rcpt="550 5.1.1 no such user"))
    sink.script(readers[1], Script(dot="550 5.7.26 not authenticated"))
    sink.script(readers[2], Script(rcpt="450 4.2.0 greylisted"))
    sink.script(readers[3], Script(rcpt="552 5.2.2 mailbox full"))
    sink.script(readers[4], Script(hang_up="dot"))
    sink.script(readers[5], Script(hang_up="content"))
    sink.script(readers[6], *[Script(hang_up="data")] * 2)  # one that idled would be opened again
    sink.script(readers[7], Script(rcpt="450 mailbox busy"))
    async with smtp_server(sink):
        report = await sent(database, sink)
        status = {row.address: row.status for row in rows(database)}
        assert [status[reader] for reader in readers] == [
            DeliveryStatus.FAILED, DeliveryStatus.FAILED, DeliveryStatus.PENDING, DeliveryStatus.FAILED,
            DeliveryStatus.UNCERTAIN, DeliveryStatus.UNCERTAIN, DeliveryStatus.PENDING, DeliveryStatus.PENDING,
            DeliveryStatus.SENT, DeliveryStatus.SENT,
        ]  # fmt: skip
        assert report.retired == 1
        assert report.uncertain == 2
        for hours in (1, 2, 3):
            database.write(_forget_pauses)
            await sent(database, sink, now=datetime.now(UTC) + timedelta(hours=hours))
    arrived = Counter(each.recipient for each in sink.arrived)
    assert arrived == Counter([*readers[2:3], readers[4], *readers[6:]])
    assert _suppressed(database, readers[0]) is SuppressionReason.GONE
    assert {_suppressed(database, reader) for reader in readers[1:]} == {None}
    assert len({each.content.partition(b"Message-ID: ")[2].partition(b"\r\n")[0] for each in sink.arrived}) == len(
        sink.arrived
    )


def _suppressed(database: Database, reader: str) -> SuppressionReason | None:
    return database.read(consent.suppression, address_hash(KEY, ChannelKind.EMAIL, reader))


def _forget_pauses(session: Session) -> None:
    rates.prune(session, now=rates.clock(session) + 10**6)


async def test_a_provider_that_throttles_is_left_alone_and_others_go_on(database: Database) -> None:
    readers = [*addresses(6, "gmail.com"), *addresses(6, "other.example")]
    weekly_mail(database, readers, now=START)
    sink = Sink()
    sink.script(readers[0], Script(rcpt="450 4.7.28 unusual rate, come back in 10 minutes"))
    async with smtp_server(sink):
        report = await sent(database, sink)
    status = Counter((row.address.rpartition("@")[2], row.status) for row in rows(database) if row.address)
    assert status["other.example", DeliveryStatus.SENT] == 6
    assert 1 <= status["gmail.com", DeliveryStatus.PENDING] <= 6
    assert len(sink.arrived) == report.sent
    waits = database.read(rates.paused, ["smtp:127.0.0.1:gmail.com"])
    assert 500 < waits <= 600
    assert database.read(rates.paused, ["smtp:127.0.0.1"]) == 0.0


async def test_a_lost_answer_is_sent_again_where_the_channel_says_so(database: Database) -> None:
    readers = addresses(2)
    from trendbot.core.delivering import LostAnswer

    weekly_mail(database, readers, now=START, policy=LostAnswer.RESEND)
    sink = Sink()
    sink.script(readers[0], Script(hang_up="dot"))
    async with smtp_server(sink):
        await sent(database, sink)
        await sent(database, sink, now=datetime.now(UTC) + timedelta(minutes=10))
    twice = [parsed(each.content)["Message-ID"] for each in sink.got(readers[0])]
    assert len(twice) == 2
    assert len(set(twice)) == 1


async def test_a_server_that_is_silent_after_the_last_dot_leaves_it_uncertain(database: Database) -> None:
    (reader,) = addresses(1)
    weekly_mail(database, [reader], now=START)
    async with smtp_server(Sink(hold=asyncio.Event())) as sink:
        mail = transport(sink.port)
        sender = Sender(
            database, {"email": mail}, lambda: datetime.now(UTC), dress=dresser(database, desk()), send_timeout=0.5
        )
        tally = await sender.drain()
        assert [(each.status, each.reason) for each in tally.failed] == [
            (DeliveryStatus.UNCERTAIN, "no answer within 0.5 s")
        ]
        assert sink.hold is not None
        sink.hold.set()
        await mail.close()


async def test_a_mail_that_came_too_late_is_named_in_the_next_one(database: Database) -> None:
    channel = weekly_mail(database, addresses(2), now=START)
    database.write(channels.change_channel, channel.slug, replace(channel, late=Lateness.MERGE))
    async with smtp_server() as sink:
        late = await sent(database, sink, now=START + timedelta(days=4))
        assert (late.sent, late.skipped) == (0, 2)
        title = rows(database)[0].title
        next_week(database, channel, now=START + timedelta(days=7))
        assert (await sent(database, sink, now=START + timedelta(days=7))).sent == 2
    for arrived in sink.arrived:
        for kind in ("plain", "html"):
            assert f"Not delivered in time: {title}" in parsed(arrived.content).get_body((kind,)).get_content()
    assert {row.error for row in rows(database)[:2]} == {f"too late; named in {row.key}" for row in rows(database)[2:]}


async def test_nothing_goes_to_subscribers_without_a_public_address(database: Database) -> None:
    weekly_mail(database, addresses(3), now=START)
    async with smtp_server() as sink:
        report = await sent(database, sink, mail=desk(site_url=""))
    assert sink.arrived == []
    assert "brand.site_url" in str(report.closed)
    assert {row.status for row in rows(database)} == {DeliveryStatus.PENDING}


async def test_a_server_that_is_away_costs_nobody_an_attempt(database: Database) -> None:
    weekly_mail(database, addresses(5), now=START)
    async with smtp_server() as sink:
        port = sink.port
    gone = Sink(port=port)
    report = await sent(database, gone)
    assert report.sent == 0
    assert {(row.status, row.attempts) for row in rows(database)} == {(DeliveryStatus.PENDING, 0)}
    async with smtp_server() as sink:
        later = datetime.now(UTC) + timedelta(hours=2)
        assert (await sent(database, sink, now=later)).sent == 5


async def test_providers_are_served_at_their_pace_without_turning_in_circles(database: Database) -> None:
    readers = addresses(12, "gmail.com")
    weekly_mail(database, readers, now=START)
    through = transport(1, provider_rate=20.0)
    async with smtp_server() as sink:
        through = transport(sink.port, provider_rate=20.0)
        await deliver(
            database,
            transports={through.name: through},
            clock=lambda: datetime.now(UTC),
            dress=dresser(database, desk()),
            patience=5.0,
            close=True,
        )
    assert len(sink.arrived) == 12


@pytest.mark.parametrize("wrong", ["{{ nothing }}", "{% if %}", "x" * 4000])
async def test_a_wrong_foot_of_ones_own_is_replaced_by_the_one_that_ships(
    database: Database, tmp_path: Any, wrong: str
) -> None:
    from trendbot.paths import bundled
    from trendbot.render.environment import Renderer

    (tmp_path / "email" / "foot").mkdir(parents=True)
    (tmp_path / "email" / "foot" / "body.html.j2").write_text(wrong)
    weekly_mail(database, addresses(1), now=START)
    async with smtp_server() as sink:
        await sent(database, sink, mail=desk(renderer=Renderer(bundled("templates"), tmp_path)))
    assert "Unsubscribe</a>" in parsed(sink.arrived[0].content).get_body(("html",)).get_content()
