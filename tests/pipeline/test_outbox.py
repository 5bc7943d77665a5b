"""The outbox at work: turns, claims, answers kept, recipients retired; over a transport that answers as told."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests import readers
from tests.contents import full
from tests.outbox import broadcast
from tests.saying import Saying

from trendbot.clock import frozen_clock
from trendbot.core.delivering import Lateness, LostAnswer, delivery_key
from trendbot.core.digests import Rendering
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus, NoticeKind, SuppressionReason
from trendbot.errors import ChannelError, ConflictError, RecipientError, StoreError, TransportError, UnreachableError
from trendbot.pipeline.deliver import DeliverReport, deliver, problems_of
from trendbot.pipeline.guard import MARK, resume
from trendbot.pipeline.outcomes import Recipients
from trendbot.store import channels, claims, consent, deliveries, digests, notices, rates, settlements
from trendbot.store.channels import Channel, NewChannel
from trendbot.store.database import Database, sqlite_url
from trendbot.store.deliveries import Delivery
from trendbot.store.notices import Notice
from trendbot.transports.base import Budget, Message, Receipt

if TYPE_CHECKING:
    from trendbot.store.database import Session

HOUR = timedelta(hours=1)
FAST = (Budget(key="all", rate=1000.0),)
S = DeliveryStatus


async def run(database: Database, transport: Any, now: datetime, **given: Any) -> DeliverReport:
    return await deliver(database, transports={"telegram": transport}, clock=frozen_clock(now), **given)


def bot(*answers: Exception | Receipt, **given: Any) -> Saying:
    return Saying(*answers, name="telegram", **given)


def rows(database: Database) -> list[Delivery]:
    return list(database.read(deliveries.list_deliveries, limit=10_000))


def states(database: Database) -> list[DeliveryStatus]:
    return [row.status for row in rows(database)]


def post_channel(database: Database, **more: Any) -> Channel:
    new = {"slug": "wire", "kind": ChannelKind.TELEGRAM, "transport": "telegram", "address": "-1009"}
    return database.write(channels.add_channel, NewChannel(**(new | {"cadence": Cadence.DAILY} | more)))


def post(database: Database, number: int, now: datetime, *parts: str) -> digests.Digest:
    """Publish digest `number` to the channels that are configured."""
    content = full(number=number, slot=f"2026-11-{number:02}", lead=None, sections=(), also=())
    rendering = Rendering(
        kind=ChannelKind.TELEGRAM, variant="all", subject=None, parts=parts or (f"no. {number}",), text_body=None,
        template_hash="h",
    )  # fmt: skip
    return database.write(deliveries.publish, content=content, editions=[rendering], now=now, by="test")


def of(database: Database, channel: Channel) -> list[Delivery]:
    return [row for row in rows(database) if row.channel.id == channel.id]


def recipients(database: Database, now: datetime) -> Recipients:
    from trendbot.core.addresses import address_hash
    from trendbot.subscriptions import Act, suppress

    def retire(session: Session, gone: Any) -> None:
        reason = SuppressionReason.GONE if gone.gone else SuppressionReason.BLOCKED
        act = Act(method="transport", now=now)
        suppress(session, kind=gone.kind, address=gone.address, reason=reason, act=act, key=readers.KEY)

    return Recipients(hash_address=lambda kind, address: address_hash(readers.KEY, kind, address), retire=retire)


# -- order and turns ---------------------------------------------------------------------------------------------------


async def test_parts_go_in_their_order_and_none_before_another_has_gone(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=5, parts=3, now=now)
    sent = bot(budgets=FAST)
    assert (await run(database, sent, now)).sent == 15
    for chat in {message.address for message in sent.messages}:
        assert [message.part for message in sent.messages if message.address == chat] == [0, 1, 2]


async def test_the_rest_of_a_digest_is_left_out_where_a_part_was_refused(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=1, parts=3, now=now)
    await run(database, bot(TransportError("no", permanent=True)), now)
    assert states(database) == [S.FAILED, S.SKIPPED, S.SKIPPED]
    assert rows(database)[1].error == "an earlier part of it did not go"


async def test_a_row_is_claimed_only_when_its_turn_has_come(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=30, now=now)
    sending: list[int] = []

    def look(message: Message) -> None:
        sending.append(database.read(deliveries.count_deliveries).get(S.SENDING, 0))

    assert (await run(database, bot(budgets=(Budget(key="all", rate=100.0),), before=look), now)).sent == 30
    assert max(sending) < 10  # a group of sixteen turns is reserved at once, and still few rows are in doubt


async def test_a_pause_asked_for_is_obeyed_by_all_and_nothing_is_lost(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=40, now=now)
    flood = TransportError("slow down", permanent=False, retry_after=1)
    loop, at = asyncio.get_running_loop(), []
    sent = bot(flood, budgets=(Budget(key="all", rate=200.0),), before=lambda _message: at.append(loop.time()))
    report = await run(database, sent, now)
    assert (report.sent, report.floods) == (39, 1)
    assert database.read(deliveries.count_deliveries) == {S.SENT: 39, S.PENDING: 1}
    assert not [later for later in at if 0.2 < later - at[0] < 0.9]  # what was on the wire already may have gone
    assert (await run(database, bot(budgets=FAST), now + timedelta(seconds=1))).sent == 1


async def test_a_long_pause_sends_nothing_and_leaves_the_rows_as_they_are(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=3, now=now)
    database.write(rates.pause, ["all"], 600.0)
    sent = bot(budgets=FAST)
    assert (await run(database, sent, now)).sent == 0
    assert states(database) == [S.PENDING] * 3
    assert [row.not_before for row in rows(database)] == [now] * 3


async def test_a_chat_that_is_paused_for_long_comes_back_later(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=2, now=now)
    database.write(rates.pause, ["chat"], 600.0)
    sent = bot(budgets=(*FAST, Budget(key="chat", rate=1.0)))
    assert (await run(database, sent, now)).sent == 0
    assert all(timedelta(seconds=590) < row.not_before - now < timedelta(seconds=601) for row in rows(database))


async def test_two_senders_at_once_send_each_message_once(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=60, now=now)
    one, other = bot(budgets=FAST), bot(budgets=FAST)
    both = await asyncio.gather(run(database, one, now, alone=False), run(database, other, now, alone=False))
    assert sum(report.sent for report in both) == 60
    assert sorted(one.keys + other.keys) == sorted(row.key for row in rows(database))


async def test_it_stops_in_order_when_asked_to(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=50, now=now)
    stop = asyncio.Event()
    sent = bot(budgets=(Budget(key="all", rate=100.0),), before=lambda _message: stop.set())
    report = await run(database, sent, now, stop=stop)
    assert 1 <= report.sent < 50
    assert S.SENDING not in states(database)
    assert len(sent.messages) == report.sent


# -- still wanted, still news ------------------------------------------------------------------------------------------


async def test_who_left_or_is_suppressed_after_it_was_enqueued_is_sent_nothing(
    database: Database, now: datetime
) -> None:
    channel = broadcast(database, subscribers=4, now=now)
    who = recipients(database, now)
    readers.withdraw(database, 1, channel.id, now)
    hashed = who.hash_address(ChannelKind.TELEGRAM, rows(database)[1].address or "")
    database.write(consent.suppress_address, hashed, reason=SuppressionReason.OPERATOR, now=now)
    readers.pause(database, 3, channel.id, now)
    sent = bot()
    report = await run(database, sent, now, recipients=who)
    assert [message.address for message in sent.messages] == [rows(database)[3].address]
    assert states(database) == [S.SKIPPED, S.SKIPPED, S.SKIPPED, S.SENT]
    assert report.skipped == 1  # the two that left were taken out of the outbox when they left
    assert rows(database)[1].error == "never to be written to again: operator"


async def test_a_digest_that_is_too_late_is_left_out_and_says_so(database: Database, now: datetime) -> None:
    wire = post_channel(database)
    post(database, 1, now)
    report = await run(database, bot(), now + 13 * HOUR)
    assert (report.sent, report.skipped) == (0, 1)
    (row,) = of(database, wire)
    assert (row.status, row.error) == (S.SKIPPED, "too late: it was to go by 2026-11-16 06:00 UTC")


async def test_a_late_digest_is_named_in_the_next_one_where_the_channel_says_so(
    database: Database, now: datetime
) -> None:
    wire = post_channel(database, late=Lateness.MERGE)
    post(database, 1, now)
    await run(database, bot(), now + 13 * HOUR)
    day = timedelta(days=1)
    post(database, 2, now + day)
    sent = bot()
    await run(database, sent, now + day)
    assert of(database, wire)[0].title in sent.messages[0].preface
    assert of(database, wire)[0].error == f"too late; named in {of(database, wire)[1].key}"
    post(database, 3, now + 2 * day)
    again = bot()
    await run(database, again, now + 2 * day)
    assert again.messages[0].preface == ""


async def test_a_fresher_digest_takes_the_place_of_one_that_still_waits(database: Database, now: datetime) -> None:
    wire = post_channel(database)
    post(database, 1, now)
    post(database, 2, now + HOUR)
    sent = bot()
    assert (await run(database, sent, now + HOUR)).sent == 1
    assert [message.number for message in sent.messages] == [2]
    assert of(database, wire)[0].error == "replaced by number 2, which waits too"


async def test_a_digest_that_has_begun_is_finished(database: Database, now: datetime) -> None:
    wire = post_channel(database)
    post(database, 1, now, "one", "two")
    stop = asyncio.Event()
    await run(database, bot(before=lambda _message: stop.set()), now, stop=stop)
    post(database, 2, now + HOUR)
    await run(database, bot(), now + 12.5 * HOUR)
    assert [row.status for row in of(database, wire)] == [S.SENT, S.SENT, S.SENT]


async def test_files_are_never_too_late(database: Database, now: datetime) -> None:
    post(database, 1, now)
    report = await deliver(database, transports={"files": Saying()}, clock=frozen_clock(now + timedelta(days=9)))
    assert report.sent == 1


# -- answers -----------------------------------------------------------------------------------------------------------


async def test_a_chat_that_is_gone_is_retired_with_all_that_waits_for_it(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=2, parts=2, now=now)
    who = recipients(database, now)
    report = await run(database, bot(RecipientError("gone", gone=True)), now, recipients=who)
    assert (report.retired, report.failed) == (1, ())
    assert sorted(states(database)) == [S.FAILED, S.SENT, S.SENT, S.SKIPPED]
    failed = next(row for row in rows(database) if row.status is S.FAILED)
    hashed = who.hash_address(ChannelKind.TELEGRAM, failed.address or "")
    assert database.read(consent.suppression, hashed) is SuppressionReason.GONE


async def test_a_channel_that_is_gone_is_closed(database: Database, now: datetime) -> None:
    wire = post_channel(database)
    post(database, 1, now)
    report = await run(database, bot(RecipientError("kicked", gone=True)), now)
    assert report.closed == {"wire": "kicked"}
    assert database.read(channels.channel_state, wire.id).disabled_reason == "kicked"
    post(database, 2, now + HOUR)
    silent = bot()
    await run(database, silent, now + HOUR)
    assert silent.messages == []


async def test_a_channel_without_rights_waits_for_a_person_and_goes_on(database: Database, now: datetime) -> None:
    wire = post_channel(database)
    post(database, 1, now)
    report = await run(database, bot(ChannelError("no rights", whole=False)), now)
    assert problems_of(report) == ("channel wire is closed: no rights",)
    assert [(row.status, row.attempts) for row in of(database, wire)] == [(S.PENDING, 0)]
    assert (await run(database, bot(), now)).sent == 0
    database.write(channels.change_channel, "wire", wire)
    assert (await run(database, bot(), now)).sent == 1


async def test_a_token_that_is_not_known_stops_the_transport_after_one_try(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=200, now=now)
    wrong = bot(*[ChannelError("no such token", whole=True)] * 200)
    report = await run(database, wrong, now)
    assert report.closed == {"telegram": "no such token"}
    assert len(wrong.messages) < 4
    assert set(states(database)) == {S.PENDING}
    assert {row.attempts for row in rows(database)} == {0}


async def test_a_remote_that_cannot_be_reached_is_left_alone_and_no_attempt_counts(
    database: Database, now: datetime
) -> None:
    broadcast(database, subscribers=100, now=now)
    down = bot(*[UnreachableError("no way there")] * 100, budgets=FAST)
    report = await run(database, down, now)
    assert len(down.messages) < 10
    assert problems_of(report) == ("telegram: no way there",)
    assert {(row.status, row.attempts) for row in rows(database)} == {(S.PENDING, 0)}
    assert (await run(database, bot(budgets=FAST), now + HOUR)).sent == 100


async def test_a_channel_that_moved_is_followed(database: Database, now: datetime) -> None:
    post_channel(database)
    post(database, 1, now)
    await run(database, bot(Receipt(external_id="x", moved_to="-1007")), now)
    assert database.read(channels.find_channel, "wire").address == "-1007"


async def test_a_subscriber_that_moved_is_followed(database: Database, now: datetime) -> None:
    broadcast(database, subscribers=1, now=now)
    await run(database, bot(Receipt(external_id="x", moved_to="77")), now)
    assert rows(database)[0].address == "77"


async def test_the_policy_of_the_channel_comes_before_the_transports(database: Database, now: datetime) -> None:
    wire = post_channel(database, lost_answer=LostAnswer.RESEND)
    post(database, 1, now)
    await run(database, bot(TransportError("lost", permanent=False, outcome_known=False), policy=LostAnswer.HOLD), now)
    assert [row.status for row in of(database, wire)] == [S.PENDING]
    database.write(claims.claim, of(database, wire)[0].id, now=now + HOUR)
    database.write(settlements.recover, policies={"telegram": LostAnswer.HOLD}, now=now + HOUR, alone=True)
    assert [row.status for row in of(database, wire)] == [S.PENDING]


class Knowing(Saying):
    """A transport that can find out."""

    def __init__(self, *found: Receipt | Exception | None) -> None:
        super().__init__(name="telegram", policy=LostAnswer.PROBE)
        self.found = list(found)

    async def probe(self, message: Message) -> Receipt | None:
        found = self.found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (Receipt(external_id="there"), S.SENT),
        (None, S.SENT),
        (TransportError("no telling", permanent=False), S.UNCERTAIN),
        (RuntimeError("what"), S.UNCERTAIN),
    ],
)
async def test_a_transport_that_can_tell_is_asked(
    database: Database, now: datetime, found: Receipt | Exception | None, status: DeliveryStatus
) -> None:
    wire = post_channel(database)
    post(database, 1, now)
    database.write(claims.claim, of(database, wire)[0].id, now=now)
    transport = Knowing(found)
    await run(database, transport, now)
    assert of(database, wire)[0].status is status
    assert len(transport.messages) == (found is None)  # sent again where it surely had not arrived


class Away(Database):
    """A database that refuses to write down the first answers, as one that is being restarted."""

    refusals = 3
    sent: Saying

    async def run(self, work: Any, /, *args: Any, **kwargs: Any) -> Any:
        if self.sent.messages and self.refusals:
            self.refusals -= 1
            raise StoreError("the database is away")
        return await super().run(work, *args, **kwargs)


@pytest.mark.sqlite
async def test_an_answer_is_kept_while_the_database_is_away(database: Database, now: datetime, tmp_path: Path) -> None:
    post_channel(database)
    post(database, 1, now)
    sent = bot()
    with Away(sqlite_url(tmp_path / "trendbot.db")) as away:
        away.sent = sent
        assert (await run(away, sent, now)).sent == 1
        assert away.refusals == 0
    assert len(sent.messages) == 1
    assert S.UNCERTAIN not in states(database)


# -- notices -----------------------------------------------------------------------------------------------------------


async def test_a_notice_goes_once_to_each_and_not_when_it_has_expired(database: Database, now: datetime) -> None:
    channel = broadcast(database, subscribers=2, now=now)
    await run(database, bot(), now)
    alert = Notice(
        key="alert.17", notice=NoticeKind.ALERT, kind=ChannelKind.TELEGRAM, body="<b>Rising</b>", expires_at=now + HOUR
    )
    asked = {"channel_id": channel.id, "now": now}
    assert database.write(notices.enqueue_notice, alert, subscribers=[1], **asked) == 1
    assert database.write(notices.enqueue_notice, alert, subscribers=[1, 2], **asked) == 1
    assert [row.key for row in rows(database)[2:]] == [f"n1.c{channel.id}.s1", f"n1.c{channel.id}.s2"]
    sent = bot()
    await run(database, sent, now)
    assert [message.body for message in sent.messages] == ["<b>Rising</b>"] * 2
    late = Notice(key="alert.18", notice=NoticeKind.ALERT, kind=ChannelKind.TELEGRAM, body="x", expires_at=now + HOUR)
    database.write(notices.enqueue_notice, late, subscribers=[1], **asked)
    assert (await run(database, bot(), now + HOUR)).skipped == 1
    assert delivery_key(notice_id=5, channel_id=3, subscriber_id=88, part=0) == "n5.c3.s88"


# -- people and backups ------------------------------------------------------------------------------------------------


def test_people_lead_on_what_stands_still(database: Database, now: datetime) -> None:
    wire = post_channel(database)
    post(database, 1, now)
    key = of(database, wire)[0].key
    database.write(claims.claim, of(database, wire)[0].id, now=now)
    for to in (S.SENT, S.PENDING, S.SKIPPED):
        with pytest.raises(ConflictError, match="is sending"):
            database.write(deliveries.lead_on, key, to=to, now=now)
    database.write(settlements.recover, policies={}, now=now, alone=True)
    assert database.write(deliveries.lead_on, key, to=S.SENT, now=now).status is S.SENT
    with pytest.raises(ConflictError, match="is sent"):
        database.write(deliveries.lead_on, key, to=S.PENDING, now=now)


@pytest.mark.sqlite
async def test_a_restored_backup_sends_nothing_until_a_person_says_so(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    wire = post_channel(database)
    post(database, 1, now)
    older = (tmp_path / "trendbot.db").read_bytes(), (tmp_path / "trendbot.db-wal").read_bytes()
    assert (await run(database, bot(), now, home=tmp_path)).refused is None
    mark = json.loads((tmp_path / MARK).read_text())
    assert mark["key"] == of(database, wire)[0].key
    with restored(tmp_path, *older) as backup:
        silent = bot()
        report = await run(backup, silent, now, home=tmp_path)
        assert silent.messages == []
        assert report.refused is not None
        assert "older than the last message sent" in problems_of(report)[-1]
        assert resume(backup, tmp_path, harmless=["files"], send=False) == 1
        assert [row.status for row in of(backup, wire)] == [S.UNCERTAIN]
        post(backup, 2, now + HOUR)
        assert (await run(backup, bot(), now + HOUR, home=tmp_path)).sent == 1


def restored(folder: Path, file: bytes, log: bytes) -> Database:
    (folder / "old.db").write_bytes(file)
    (folder / "old.db-wal").write_bytes(log)
    return Database(sqlite_url(folder / "old.db"))
