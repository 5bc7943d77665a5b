"""Leaving by mail: who proves it leaves what the mail was about, once; who does not is left to a person."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from tests.imapd import Box, imap_server
from tests.mailing import KEY, addresses, desk, transport, weekly_mail
from tests.pipeline.test_bounces import imap, read, verp
from tests.smtpd import smtp_server

from trendbot.clock import frozen_clock
from trendbot.core.tokens import Purpose, seal, subject_of
from trendbot.core.vocabulary import Cadence, ChannelKind, SubscriptionStatus
from trendbot.pipeline.deliver import deliver
from trendbot.pipeline.dressing import dresser
from trendbot.store import channels, consent, subscribers
from trendbot.store.channels import NewChannel
from trendbot.subscriptions import Act, confirm, request
from trendbot.transports.mailbox import FolderMailbox

if TYPE_CHECKING:
    from pathlib import Path

    from trendbot.store.database import Database, Session

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
READERS = addresses(3)


@pytest.fixture
def mailed(database: Database) -> Database:
    """Three readers of a weekly mail; the first one also reads another list."""
    weekly_mail(database, READERS, now=NOW - timedelta(hours=1))
    database.write(_another_list)
    return database


def _another_list(session: Session) -> None:
    new = NewChannel(
        slug="other", kind=ChannelKind.EMAIL, transport="email", address="other", cadence=Cadence.DAILY, personal=True
    )
    channel, act = channels.add_channel(session, new).id, Act(method="web", now=NOW, wording="yes")
    request(session, kind=ChannelKind.EMAIL, address=READERS[0], channel_id=channel, act=act, key=KEY)
    confirm(session, 1, channel, act=act)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def token(database: Database, reader: int, *, channel: int = 1, key: bytes = KEY) -> str:
    found = database.read(subscribers.find_reader, reader + 1, channel)
    assert found is not None
    return seal(key, Purpose.UNSUBSCRIBE, subject_of(found[0], channel), version=found[1])


def standings(database: Database) -> list[SubscriptionStatus]:
    return [
        listed.subscription.status
        for number in (1, 2, 3)
        for listed in database.read(subscribers.subscriptions_of, number)
        if listed.subscription is not None
    ]


def mail(subject: str, text: str = "", *, to: str = "bounces@mail.example", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Somebody <somebody@far.example>", to, subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


ALL = SubscriptionStatus.CONFIRMED
GONE = SubscriptionStatus.UNSUBSCRIBED


def test_by_the_address_in_the_header_only_that_subscription_ends_and_once(mailed: Database) -> None:
    box = Box()
    box.put(mail(token(mailed, 0)))
    with imap_server(box):
        report = read(mailed, imap(box))
        box.put(mail(f"Unsubscribe {token(mailed, 0)}"))
        again = read(mailed, imap(box))
    assert (report.left, report.left_before, again.left, again.left_before) == (1, 0, 0, 1)
    assert standings(mailed) == [GONE, ALL, ALL, ALL]
    assert (box.seen, box.flagged) == ({1, 2}, set())
    events = mailed.read(consent.list_events, 1)
    assert [each.method for each in events if each.event == "withdrawn"] == ["mail"]


async def test_what_mail_programs_take_from_our_header_lets_them_leave(mailed: Database, spool: Path) -> None:
    async with smtp_server() as sink:
        sending = transport(sink.port)
        await deliver(
            mailed, transports={"email": sending}, clock=frozen_clock(NOW), dress=dresser(mailed, desk()), close=True
        )
    sent = next(each for each in sink.arrived if each.recipient == READERS[1])
    header = sent.content.decode().partition("mailto:leave@mail.example?subject=")[2].partition(">")[0]
    (spool / "1").write_bytes(mail(header, to="leave@mail.example"))
    (spool / "2").write_bytes(_answer(sent.content, "Unsubscribe, please"))
    other = next(each for each in sink.arrived if each.recipient == READERS[2])
    (spool / "3").write_bytes(_answer(other.content, "Please unsubscribe me!"))
    report = await asyncio.to_thread(read, mailed, FolderMailbox(folder=spool))
    assert (report.left, report.left_before, report.unproven) == (2, 1, 0)
    assert sorted(each.name for each in (spool / "done").iterdir()) == ["1", "2", "3"]
    assert standings(mailed) == [ALL, ALL, GONE, GONE]


def _answer(raw: bytes, said: str) -> bytes:
    """Answer a mail as a mail program does: the words, then the text of the mail quoted and wrapped."""
    import email
    import email.policy

    read_mail = email.message_from_bytes(raw, policy=email.policy.default)
    body = read_mail.get_body(("plain",))
    assert body is not None
    quoted = "\n".join(
        f"> {line[start : start + 60]}" for line in body.get_content().splitlines() for start in range(0, len(line), 60)
    )
    return mail(f"Re: {read_mail['Subject']}", f"{said}\n\nOn Monday The Digest wrote:\n{quoted}", Auto_Submitted="no")


def test_an_answer_to_the_return_address_proves_who_it_is(mailed: Database, spool: Path) -> None:
    (spool / "1").write_bytes(mail("AW: The week: abmelden", "Abmelden\n", to=verp(mailed, 2)))
    assert read(mailed, FolderMailbox(folder=spool)).left == 1
    assert standings(mailed) == [ALL, ALL, ALL, GONE]


def test_forgers_machines_and_talk_end_nothing(mailed: Database, spool: Path) -> None:
    good = token(mailed, 1)
    link = f"https://digest.example/u/{good}"
    mails = {
        "forged": mail(token(mailed, 1, key=b"x" * 32)),
        "changed": mail(good.replace("_1_", "_2_", 1)),
        "preferences": mail(seal(KEY, Purpose.PREFERENCES, subject_of("0" * 23 + "1", 1))),
        "from": mail("unsubscribe", "From: " + READERS[1]),
        "away": mail("Re: unsubscribe", f"> {link}", Auto_Submitted="auto-replied"),
        "talk": mail("Re: The week", f"How do I unsubscribe?\n> {link}"),
        "forward": mail("Fwd: The week", f"Look at this!\n\n{link}"),
        "odd": b"Subject: =?no-such-charset?q?unsubscribe?=\r\nContent-Type: text/plain; charset=x\r\n\r\n\xff\xfe",
        "long": b"Subject: " + b"a_" * 500_000 + b"\r\n\r\nunsubscribe" + b"/u/" * 300_000,
    }
    for name, raw in mails.items():
        (spool / name).write_bytes(raw)
    report = read(mailed, FolderMailbox(folder=spool))
    assert (report.read, report.left, report.unreadable) == (len(mails), 0, 0)
    assert standings(mailed) == [ALL, ALL, ALL, ALL]
    assert {each.name for each in (spool / "flagged").iterdir()} >= {"forged", "from"}
    assert {each.name for each in (spool / "done").iterdir()} >= {"away", "talk", "forward", "odd"}


def test_whoever_was_erased_is_nobody_any_more(mailed: Database, spool: Path) -> None:
    from trendbot.subscriptions import erase

    way_out = token(mailed, 1)
    mailed.write(lambda session: erase(session, 2, act=Act(method="web", now=NOW)))
    (spool / "1").write_bytes(mail(way_out))
    report = read(mailed, FolderMailbox(folder=spool))
    assert (report.left, report.unproven) == (0, 1)
