from __future__ import annotations

import asyncio
import email
import email.policy
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests import mailing
from tests.smtpd import Script, Sink, smtp_server

from trendbot.core.delivering import LostAnswer
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ChannelError, RecipientError, TransportError, UnreachableError
from trendbot.transports.base import Mailing, Message
from trendbot.transports.email import EmailTransport
from trendbot.transports.email_server import MailRates, MailServer
from trendbot.transports.email_smtp import Lines
from trendbot.transports.mime import PERSONAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 11, 15, 18, tzinfo=UTC)
PAGE = "https://digest.example/u/" + "t" * 60
IDENTITY = replace(mailing.IDENTITY, reply_to="editor@mail.example")
MESSAGE = Message(
    key="e1.c2.s3.p0",
    kind=ChannelKind.EMAIL,
    address="ann@reader.example",
    cadence=Cadence.WEEKLY,
    slot="2026-W46",
    number=3,
    title="The Digest weekly, 9–15 November 2026, no. 3",
    part=0,
    parts=1,
    body=f"<html><body><p>Grüße an alle</p>{PERSONAL}</body></html>",
    text="Grüße an alle\n.\n.. dots\n",
    subject="Alder öffnet sein Modell – und vier weitere berichten darüber",
    composed_at=NOW,
    mailing=Mailing(
        foot="Unsubscribe: " + PAGE,
        foot_markup=f'<p>An Ann: <a href="{PAGE}">Unsubscribe – für immer</a></p>',
        page=PAGE,
        token="t" * 60,
        return_path="bounces+7-abcdefghijkl@mail.example",
        stream="weekly-mail",
    ),
)


def to(address: str, **changes: Any) -> Message:
    return replace(MESSAGE, address=address, **changes)


def transport(sink: Sink, **options: Any) -> EmailTransport:
    server = MailServer(host="127.0.0.1", port=sink.port, security="plain", hello="mail.example")
    return EmailTransport(replace(server, **options), IDENTITY, clock=lambda: NOW, rates=MailRates(connections=2))


@asynccontextmanager
async def talking(sink: Sink | None = None, **options: Any) -> AsyncIterator[tuple[Sink, EmailTransport]]:
    async with smtp_server(sink) as at:
        mail = transport(at, **options)
        try:
            yield at, mail
        finally:
            await mail.close()


def parsed(content: bytes) -> Any:
    return email.message_from_bytes(content, policy=email.policy.default)


async def test_a_mail_arrives_with_the_headers_that_lists_have() -> None:
    async with talking() as (sink, mail):
        receipt = await mail.send(MESSAGE)
    (arrived,) = sink.arrived
    got = parsed(arrived.content)
    assert sink.wrong == []
    assert (arrived.sender, arrived.recipient) == ("bounces+7-abcdefghijkl@mail.example", "ann@reader.example")
    assert receipt.external_id == got["Message-ID"] == f"<e1.c2.s3.p0.{int(NOW.timestamp()):x}@mail.example>"
    assert got["From"] == "The Digest <digest@mail.example>"
    assert got["To"] == "ann@reader.example"
    assert got["Reply-To"] == "editor@mail.example"
    assert got["Subject"] == MESSAGE.subject
    assert got["Date"].datetime == NOW
    assert got["List-Id"] == "The Digest <digest.mail.example>"
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Feedback-ID"] == "2026-W46:weekly-mail:weekly:mailexample"
    assert got["Precedence"] == "bulk"
    assert f"List-Unsubscribe: <{PAGE}>, <mailto:leave@mail.example?subject={'t' * 60}>\r\n".encode() in arrived.content


async def test_the_readers_own_part_is_in_both_bodies_and_last() -> None:
    async with talking() as (sink, mail):
        await mail.send(MESSAGE)
        await mail.send(
            to("bob@reader.example", mailing=replace(MESSAGE.mailing, foot="Bob", foot_markup="<p>Bob</p>"))
        )  # type: ignore[type-var]
    ann, bob = (parsed(each.content) for each in sink.arrived)
    text, markup = (part.get_content().replace("\r\n", "\n") for part in ann.iter_parts())
    assert text == f"Grüße an alle\n.\n.. dots\nUnsubscribe: {PAGE}\n"
    assert markup.index("Grüße an alle") < markup.index("für immer") < markup.index("</body>")
    assert PERSONAL not in markup
    assert [part.get_content().count("Bob") for part in bob.iter_parts()] == [1, 1]


@pytest.mark.parametrize("length", [1, 60, 75, 76, 120, 200])
async def test_list_unsubscribe_is_exact_however_long_the_address_is(length: int) -> None:
    page = "https://digest.example/u/" + "q" * (length + 1 - 1)
    async with talking() as (sink, mail):
        await mail.send(to("ann@reader.example", mailing=replace(MESSAGE.mailing, page=page, token="q")))  # type: ignore[type-var]
    raw = sink.arrived[0].content
    assert f"\r\nList-Unsubscribe: <{page}>, <mailto:leave@mail.example?subject=q>\r\n".encode() in raw
    assert b"=?utf-8" not in raw.partition(b"List-Unsubscribe: ")[2].partition(b"\r\n")[0]


async def test_a_letter_that_cannot_be_left_has_no_list_headers() -> None:
    letter = to("ann@reader.example", number=0, slot="confirm.3.abc", mailing=Mailing(stream="confirm"))
    async with talking() as (sink, mail):
        await mail.send(letter)
    got = parsed(sink.arrived[0].content)
    assert not [name for name, _ in got.items() if name.startswith("List-") or name == "Precedence"]
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Feedback-ID"] == "letter:confirm:letter:mailexample"
    assert sink.arrived[0].sender == "digest@mail.example"


async def test_a_list_that_cannot_be_left_is_not_sent() -> None:
    async with talking() as (sink, mail):
        with pytest.raises(ChannelError, match=r"brand\.site_url"):
            await mail.send(to("ann@reader.example", mailing=None))
    assert sink.connections == 0


@pytest.mark.parametrize(
    "page", ["https://digest.example/u/a\r\nBcc: all@x.example", "https://digest.example/ü", "x" * 1000]
)
async def test_nothing_gets_into_the_head(page: str) -> None:
    async with talking() as (sink, mail):
        with pytest.raises(TransportError, match="header") as caught:
            await mail.send(to("ann@reader.example", mailing=replace(MESSAGE.mailing, page=page)))  # type: ignore[type-var]
        assert caught.value.permanent
        with pytest.raises(TransportError, match="header"):
            await mail.send(to("ann@reader.example", subject="a\r\nBcc: all@x.example"))
    assert sink.arrived == []


@pytest.mark.parametrize(
    "address", ["ann@reader.example>\r\nRCPT TO:<eve@x.example", "jörg@reader.example", "ann", "a b@x.example"]
)
async def test_an_address_that_is_none_is_refused_here(address: str) -> None:
    async with talking() as (sink, mail):
        with pytest.raises(TransportError, match="address") as caught:
            await mail.send(to(address))
    assert caught.value.permanent
    assert sink.connections == 0


async def test_a_domain_with_letters_of_its_own_goes_in_ascii() -> None:
    async with talking() as (sink, mail):
        await mail.send(to("Ann@Bücher.example"))
    assert sink.arrived[0].recipient == "ann@xn--bcher-kva.example"
    assert parsed(sink.arrived[0].content)["To"] == "ann@xn--bcher-kva.example"


async def test_connections_are_used_again_and_renewed() -> None:
    async with talking() as (sink, mail):
        for number in range(120):
            await mail.send(to(f"r{number}@reader.example"))
    assert len(sink.arrived) == 120
    assert sink.connections == 3
    assert max(sum(each.connection == number for each in sink.arrived) for number in (1, 2, 3)) == 50


# -- what answers mean -------------------------------------------------------------------------------------------------

GONE = [
    Script(rcpt="550 5.1.1 <ann@reader.example>: Recipient address rejected: User unknown"),
    Script(rcpt="550 No such user here"),
    Script(rcpt="550-5.1.1 The email account that you tried to reach does\r\n550 5.1.1 not exist."),
    Script(rcpt="550 5.2.1 The email account is disabled"),
    Script(dot="550 5.1.1 no such user after all"),
]
REFUSED = [
    Script(rcpt="552 5.2.2 Mailbox full"),
    Script(rcpt="550 5.7.1 Service unavailable; client host blocked"),
    Script(rcpt="550 5.7.515 Access denied, sending domain does not meet the required authentication level"),
    Script(dot="550 5.7.26 This mail is unauthenticated"),
    Script(dot="552 5.3.4 Message too big"),
    Script(dot="554 Transaction failed"),
    Script(rcpt="550 Requested action not taken"),
]


@pytest.mark.parametrize("script", GONE)
async def test_a_mailbox_that_is_gone_is_never_written_to_again(script: Script) -> None:
    async with talking() as (sink, mail):
        sink.script("ann@reader.example", script)
        with pytest.raises(RecipientError, match="no such mailbox") as caught:
            await mail.send(MESSAGE)
        await mail.send(to("bob@reader.example"))
    assert caught.value.gone
    assert caught.value.permanent
    assert sink.connections == 1


@pytest.mark.parametrize("script", REFUSED)
async def test_another_refusal_is_not_the_recipients_fault(script: Script) -> None:
    async with talking() as (sink, mail):
        sink.script("ann@reader.example", script)
        with pytest.raises(TransportError, match="refused: 55") as caught:
            await mail.send(MESSAGE)
        await mail.send(to("bob@reader.example"))
    assert caught.value.permanent
    assert not isinstance(caught.value, RecipientError)
    assert len(sink.arrived) == sink.connections == 1


WAITS = [
    (Script(rcpt="450 4.2.0 Greylisted, see you in 300 seconds"), 300.0, ()),
    (Script(rcpt="451 4.7.1 Greylisting in action, please come back in 5 minutes"), 300.0, ()),
    (Script(rcpt="452 4.2.2 Mailbox full"), None, ()),
    (Script(rcpt="450 Requested mail action not taken: mailbox unavailable"), None, ()),
    (Script(rcpt="451 4.7.28 Our system has detected an unusual rate of mail"), 300.0, ("provider",)),
    (Script(dot="421 4.7.0 Try again later, closing connection"), 300.0, ("provider",)),
    (Script(rcpt="421 4.3.2 Service shutting down"), 300.0, ("server",)),
    (Script(rcpt="452 4.3.1 Insufficient system storage"), 300.0, ("server",)),
    (Script(dot="451 Requested action aborted: local error"), None, ()),
]


@pytest.mark.parametrize(("script", "wait", "pauses"), WAITS)
async def test_not_now_means_wait_and_who_waits(script: Script, wait: float | None, pauses: tuple[str, ...]) -> None:
    async with talking() as (sink, mail):
        sink.script("ann@reader.example", script)
        with pytest.raises(TransportError, match="not now: 4") as caught:
            await mail.send(MESSAGE)
        await mail.send(MESSAGE)
    names = {"server": "smtp:127.0.0.1", "provider": "smtp:127.0.0.1:reader.example"}
    assert (caught.value.permanent, caught.value.outcome_known) == (False, True)
    assert caught.value.retry_after == wait
    assert caught.value.pauses == tuple(names[each] for each in pauses)
    assert len(sink.arrived) == 1


async def test_a_server_that_has_had_enough_of_a_connection_gets_a_new_one() -> None:
    async with talking(Sink(most_mails=3)) as (sink, mail):
        for _ in range(3):
            await mail.send(MESSAGE)
        with pytest.raises(TransportError) as caught:
            await mail.send(MESSAGE)
        assert caught.value.pauses == ("smtp:127.0.0.1",)
        await mail.send(MESSAGE)
    assert len(sink.arrived) == 4
    assert sink.connections == 2


# -- the way breaks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["rcpt", "data"])
async def test_a_break_before_the_content_means_that_nothing_was_sent(step: str) -> None:
    async with talking() as (sink, mail):
        sink.script("ann@reader.example", Script(hang_up=step))
        with pytest.raises(TransportError, match="nothing was sent") as caught:
            await mail.send(MESSAGE)
        assert caught.value.outcome_known
        assert not caught.value.permanent
        await mail.send(MESSAGE)
    assert len(sink.arrived) == 1


async def test_a_break_at_the_sender_means_that_nothing_was_sent() -> None:
    async with talking() as (sink, mail):
        sink.hang_up_at_mail = 1
        with pytest.raises(TransportError, match="nothing was sent") as caught:
            await mail.send(MESSAGE)
        assert (caught.value.outcome_known, caught.value.permanent) == (True, False)
        await mail.send(MESSAGE)
        sink.hang_up_at_mail = 1  # a connection that has carried mails is opened again, once
        await mail.send(MESSAGE)
        sink.hang_up_at_mail = 2
        with pytest.raises(TransportError, match="nothing was sent"):
            await mail.send(MESSAGE)
        await mail.send(MESSAGE)
    assert len(sink.arrived) == 3


async def test_a_break_before_the_greeting_leaves_everything_to_the_server_alone() -> None:
    async with talking(Sink(hang_up_at_once=1)) as (sink, mail):
        with pytest.raises(UnreachableError, match="no way to the mail server") as caught:
            await mail.send(MESSAGE)
        assert caught.value.outcome_known
        await mail.send(MESSAGE)
    assert (len(sink.arrived), sink.connections) == (1, 2)


async def test_who_waits_for_a_connection_in_vain_knows_that_nothing_was_sent() -> None:
    async with smtp_server(Sink(hold=asyncio.Event())) as sink:
        server = MailServer(host="127.0.0.1", port=sink.port, security="plain", hello="mail.example")
        lines = Lines(server, most=1, before=0.5)
        async with lines.one() as line:
            busy = asyncio.create_task(line.carry("a@mail.example", "ann@reader.example", b"Subject: x\r\n\r\n"))
            with pytest.raises(TransportError, match="came free in time") as caught:
                async with lines.one():
                    raise AssertionError
            assert (caught.value.outcome_known, caught.value.permanent) == (True, False)
            assert sink.hold is not None
            sink.hold.set()
            await busy
        await lines.close()
    assert len(sink.arrived) == 1


@pytest.mark.parametrize("markup", [MESSAGE.body, f'<body>\n<p class="issue">No. 3</p>\n{PERSONAL}</body>', "<p>bare"])
async def test_digests_that_came_too_late_are_named_above_everything_else(markup: str) -> None:
    async with talking() as (sink, mail):
        await mail.send(replace(MESSAGE, body=markup, preface="Not delivered in time: Äpfel & <b>Birnen</b>"))
        await mail.send(replace(MESSAGE, body=markup, preface="&" * 400))
        await mail.send(replace(MESSAGE, body=markup))
    named, long, plain = (parsed(each.content) for each in sink.arrived)
    text, page = (named.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert text.startswith("Not delivered in time: Äpfel & <b>Birnen</b>\r\n")
    assert "Not delivered in time: Äpfel &amp; &lt;b&gt;Birnen&lt;/b&gt;</p>" in page
    assert page.count("Not delivered in time") == 1
    for part in (page.partition("Not delivered")[2], text):
        assert PAGE in part
    assert "Earlier digests were not delivered in time.</p>" in long.get_body(("html",)).get_content()
    assert "in time" not in plain.get_body(("html",)).get_content()


@pytest.mark.parametrize(("step", "arrived"), [("content", 0), ("dot", 1)])
async def test_a_break_after_that_leaves_it_unknown(step: str, arrived: int) -> None:
    async with talking() as (sink, mail):
        sink.script("ann@reader.example", Script(hang_up=step))
        with pytest.raises(TransportError, match="no answer after the content") as caught:
            await mail.send(MESSAGE)
        assert not caught.value.outcome_known
        assert len(sink.arrived) == arrived
        await mail.send(to("bob@reader.example"))
    assert len(sink.arrived) == arrived + 1


async def test_a_connection_that_died_while_it_idled_is_opened_again() -> None:
    async with talking() as (sink, mail):
        await mail.send(MESSAGE)
        sink.script("bob@reader.example", Script(hang_up="rcpt"))
        await mail.send(to("bob@reader.example"))
    assert len(sink.arrived) == 2
    assert sink.connections == 2


async def test_a_server_that_is_not_there_is_waited_for() -> None:
    async with talking() as (sink, mail):
        sink.hang_up_at_once = 1
        with pytest.raises(UnreachableError, match="no way to the mail server"):
            await mail.send(MESSAGE)
        await mail.send(MESSAGE)
    closed = transport(sink)
    with pytest.raises(UnreachableError, match="no way to the mail server"):
        await closed.send(MESSAGE)
    assert len(sink.arrived) == 1


# -- budgets -----------------------------------------------------------------------------------------------------------


def test_providers_have_a_budget_each_below_the_servers() -> None:
    server = MailServer(host="smtp.relay.example", port=587, security="starttls")
    rates = MailRates(overall=14, provider=3, single={"gmail.com": 2})
    mail = EmailTransport(server, IDENTITY, clock=lambda: NOW, rates=rates)
    found = {address: mail.budgets(to(address)) for address in ("a@googlemail.com", "b@gmail.com", "c@x.example")}
    assert [each.key for each in found["a@googlemail.com"]] == [
        "smtp:smtp.relay.example",
        "smtp:smtp.relay.example:gmail.com",
    ]
    assert found["a@googlemail.com"] == found["b@gmail.com"]
    assert [each.rate for each in found["b@gmail.com"]] == [14, 2]
    assert [each.rate for each in found["c@x.example"]] == [14, 3]


def test_a_lost_answer_is_held() -> None:
    assert EmailTransport.policy is LostAnswer.HOLD
    assert not EmailTransport.harmless
