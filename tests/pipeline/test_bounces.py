"""The bounce mailbox, by IMAP and as folders: who is suppressed, who is not, and what forgers achieve."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.certificates import certified
from tests.dsns import complaint, dsn, qmail, vacation
from tests.imapd import Box, imap_server
from tests.mailing import KEY, addresses, weekly_mail

from trendbot.clock import frozen_clock
from trendbot.core.addresses import address_hash
from trendbot.core.verp import make_verp
from trendbot.core.vocabulary import BounceKind, ChannelKind, SubscriptionStatus, SuppressionReason
from trendbot.errors import TransportError, UnreachableError
from trendbot.pipeline.bounces import BounceDesk, BounceReport, read_bounces
from trendbot.store import consent, deliveries, subscribers
from trendbot.store.bounces import list_bounces
from trendbot.subscriptions import Act, leave, suppress
from trendbot.transports.mailbox import FolderMailbox, ImapMailbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trendbot.store.database import Database, Session
    from trendbot.transports.mailbox import Mail, Mailbox

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
READERS = addresses(3)


def _suppress(session: Session, kind: ChannelKind, address: str, reason: SuppressionReason, now: datetime) -> bool:
    return suppress(session, kind=kind, address=address, reason=reason, act=Act(method="bounce", now=now), key=KEY)


def _leave(session: Session, subscriber_id: int, channel_id: int | None, now: datetime) -> bool:
    return leave(session, subscriber_id, channel_id, act=Act(method="mail", now=now)) is not None


def read(database: Database, mailbox: Mailbox, now: datetime = NOW) -> BounceReport:
    desk = BounceDesk(mailbox=mailbox, key=lambda: KEY, suppress=_suppress, leave=_leave)
    return read_bounces(database, desk, clock=frozen_clock(now))


def verp(database: Database, reader: int) -> str:
    """Return the return address of a reader's mail."""
    rows = database.read(deliveries.list_deliveries, limit=100)
    row = next(each for each in rows if each.address == READERS[reader])
    return make_verp(KEY, "bounces@mail.example", row.id)


def reasons(database: Database) -> list[SuppressionReason | None]:
    return [database.read(consent.suppression, address_hash(KEY, ChannelKind.EMAIL, address)) for address in READERS]


@pytest.fixture
def mailed(database: Database) -> Database:
    weekly_mail(database, READERS, now=NOW - timedelta(hours=1))
    return database


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def imap(box: Box, **given: object) -> ImapMailbox:
    values = {"host": "127.0.0.1", "port": box.port, "user": "bounces", "password": "s3cret", "sealed": False}
    return ImapMailbox(**(values | {"patience": 10.0} | given))  # type: ignore[arg-type]


def test_by_imap_hard_bounces_and_complaints_suppress_and_policy_does_not(mailed: Database) -> None:
    box = Box()
    for raw in (dsn(verp(mailed, 0)), complaint(verp(mailed, 1)), dsn(verp(mailed, 2), "5.7.26", key="3")):
        box.put(raw)
    with imap_server(box):
        report = read(mailed, imap(box))
        again = read(mailed, imap(box))
    assert (report.read, report.suppressed, again.read) == (3, 2, 0)
    assert reasons(mailed) == [SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED, None]
    standings = [mailed.read(subscribers.find_subscription, number, 1) for number in (1, 2, 3)]
    assert [each and each.status for each in standings] == [
        SubscriptionStatus.UNSUBSCRIBED, SubscriptionStatus.UNSUBSCRIBED, SubscriptionStatus.CONFIRMED,
    ]  # fmt: skip
    kinds = {each.kind for each in mailed.read(list_bounces)}
    assert kinds == {BounceKind.HARD, BounceKind.COMPLAINT, BounceKind.POLICY}
    assert [each.status for each in mailed.read(list_bounces, kind=BounceKind.POLICY)] == ["5.7.26"]


def test_soft_bounces_suppress_on_the_third_day_only(mailed: Database, spool: Path) -> None:
    to, box = verp(mailed, 0), FolderMailbox(folder=spool)
    for day, count in ((0, 4), (7, 1)):
        for number in range(count):
            (spool / f"{day}-{number}").write_bytes(dsn(to, "5.2.2", key=f"{day}-{number}"))
        assert read(mailed, box, NOW + timedelta(days=day)).suppressed == 0
    (spool / "last").write_bytes(dsn(to, "4.4.7", key="last"))
    assert read(mailed, box, NOW + timedelta(days=14)).suppressed == 1
    assert reasons(mailed)[0] is SuppressionReason.BOUNCED


def test_a_message_that_comes_twice_counts_once(mailed: Database, spool: Path) -> None:
    raw = dsn(verp(mailed, 0))
    for name in ("a", "b"):
        (spool / name).write_bytes(raw)
    report = read(mailed, FolderMailbox(folder=spool))
    assert (report.read, report.again, report.suppressed) == (2, 1, 1)
    assert sorted(each.name for each in (spool / "done").iterdir()) == ["a", "b"]


def test_a_maildir_is_read_and_its_messages_become_seen(mailed: Database, spool: Path) -> None:
    for part in ("new", "cur", "tmp"):
        (spool / part).mkdir()
    (spool / "new" / "1.host").write_bytes(dsn(verp(mailed, 0)))
    assert read(mailed, FolderMailbox(folder=spool)).suppressed == 1
    assert [each.name for each in (spool / "cur").iterdir()] == ["1.host:2,S"]
    assert read(mailed, FolderMailbox(folder=spool)).read == 0


def test_forged_hostile_and_friendly_messages_suppress_nobody(mailed: Database, spool: Path) -> None:
    to = verp(mailed, 0)
    forged = make_verp(b"x" * 32, "bounces@mail.example", 1)
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    mails = {
        "forged": dsn(forged),
        "address": dsn("nobody@mail.example", key="2", to=READERS[0]),
        "away": vacation(to),
        "delayed": dsn(to, "4.4.1", action="delayed", key="4"),
        "nested": b"To: " + to.encode() + b"\r\n" + nested,
        "noise": bytes(range(256)) * 20,
        "empty": b"",
        "big": b"To: " + to.encode() + b"\r\nSubject: hello\r\n\r\n" + b"user unknown\r\n" * 200_000,
    }
    for name, raw in mails.items():
        (spool / name).write_bytes(raw)
    (spool / "link").symlink_to("/etc/passwd")
    report = read(mailed, FolderMailbox(folder=spool))
    assert (report.read, report.suppressed) == (len(mails), 0)
    assert reasons(mailed) == [None, None, None]
    assert [each.name for each in spool.iterdir() if each.name != "done"] == ["link"]


def test_old_servers_in_forms_of_their_own_are_understood(mailed: Database, spool: Path) -> None:
    (spool / "1").write_bytes(qmail(verp(mailed, 0), "Sorry, no mailbox here by that name. (#5.1.1)"))
    (spool / "2").write_bytes(qmail(verp(mailed, 1), "Remote host said: 550 5.7.1 rejected as spam", key="2"))
    report = read(mailed, FolderMailbox(folder=spool))
    assert (dict(report.kinds), report.suppressed) == ({"hard": 1, "policy": 1}, 1)
    assert reasons(mailed)[:2] == [SuppressionReason.BOUNCED, None]


def test_what_was_not_put_aside_is_read_again(mailed: Database) -> None:
    box = Box(drop_at="STORE")
    box.put(dsn(verp(mailed, 0)))
    with imap_server(box):
        with pytest.raises(UnreachableError, match="broke off"):
            read(mailed, imap(box))
        box.drop_at = ""
        report = read(mailed, imap(box))
    assert (report.again, report.suppressed) == (1, 0)
    assert reasons(mailed)[0] is SuppressionReason.BOUNCED


def test_by_imap_over_tls_only_where_somebody_vouches_for_the_server(mailed: Database, tmp_path: Path) -> None:
    tls, authority = certified(tmp_path)
    box = Box()
    box.put(dsn(verp(mailed, 0)))
    with imap_server(box, tls):
        with pytest.raises(UnreachableError, match="certificate"):
            read(mailed, imap(box, sealed=True))
        assert box.seen == set()
        assert read(mailed, imap(box, sealed=True, ca_bundle=authority)).suppressed == 1
        assert box.seen == {1}


def test_two_readers_at_once_count_a_message_once(mailed: Database, spool: Path) -> None:
    for number in range(3):
        (spool / str(number)).write_bytes(dsn(verp(mailed, number), key=str(number)))
    inner: list[BounceReport] = []

    class Beside(FolderMailbox):
        """A folder that another process reads whole between two messages of this one."""

        def mails(self, *, most: int, most_bytes: int) -> Iterator[Mail]:
            for mail in FolderMailbox.mails(self, most=most, most_bytes=most_bytes):
                if not inner:
                    inner.append(BounceReport())
                    inner[0] = read(mailed, FolderMailbox(folder=spool))
                yield mail

    outer = read(mailed, Beside(folder=spool))
    assert (inner[0].suppressed, outer.suppressed, outer.again) == (3, 0, 1)
    assert len(mailed.read(list_bounces)) == 3


def test_a_mailbox_that_cannot_be_read_is_told(mailed: Database, tmp_path: Path) -> None:
    with imap_server(Box()) as box:
        with pytest.raises(TransportError, match="lets nobody into"):
            read(mailed, imap(box, password="wrong"))
        with pytest.raises(TransportError, match="lets nobody into"):
            read(mailed, imap(box, mailbox="Other"))
    with pytest.raises(UnreachableError, match="cannot be reached"):
        read(mailed, imap(box))
    with pytest.raises(TransportError, match="no folder"):
        read(mailed, FolderMailbox(folder=tmp_path / "none"))
