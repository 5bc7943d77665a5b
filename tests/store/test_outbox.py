from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy
from sqlalchemy.exc import IntegrityError
from tests.contents import full

from trendbot.core.delivering import LostAnswer, Settlement
from trendbot.core.digests import Rendering
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus
from trendbot.errors import ConflictError, NotFoundError
from trendbot.store import claims, deliveries, digests, outbox, settlements

if TYPE_CHECKING:
    from trendbot.store.database import Database

EMPTY = full(number=1, lead=None, sections=(), also=())
POST = Rendering(
    kind=ChannelKind.LINKEDIN, variant="all", subject=None, parts=("post",), text_body="post", template_hash="h"
)
CHAT = Rendering(
    kind=ChannelKind.TELEGRAM, variant="all", subject=None, parts=("one", "two"), text_body=None, template_hash="h"
)


def publish(database: Database, now: datetime) -> digests.Digest:
    return database.write(deliveries.publish, content=EMPTY, editions=[POST, CHAT], now=now, by="test")


def due(database: Database, now: datetime):
    return database.read(outbox.due, transports=["files"], now=now)


def test_a_digest_is_kept_whole_with_its_editions(database: Database, now: datetime) -> None:
    digest = publish(database, now)
    assert database.read(digests.find_digest, cadence=Cadence.DAILY, slot=EMPTY.slot) == digest
    assert database.read(digests.get_digest, digest.id).content == EMPTY
    assert [edition.parts for edition in database.read(digests.list_editions, digest.id)] == [("post",), ("one", "two")]
    assert database.read(digests.list_digests, cadence=Cadence.DAILY) == (digest,)
    assert database.read(digests.list_digests, cadence=Cadence.WEEKLY) == ()
    with pytest.raises(NotFoundError, match="no digest 99"):
        database.read(digests.get_digest, 99)


def test_a_slot_and_a_number_are_given_once(database: Database, now: datetime) -> None:
    publish(database, now)
    with pytest.raises(ConflictError, match="frozen already"):
        publish(database, now)
    other = full(number=7, slot="2026-11-16", lead=None, sections=(), also=())
    with pytest.raises(ConflictError, match="number 7"):
        database.write(deliveries.publish, content=other, editions=[POST], now=now, by="test")
    assert len(database.read(digests.list_digests)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE digests SET title = 'x'",
        "DELETE FROM digests",
        "UPDATE editions SET subject = 'x'",
        "DELETE FROM editions",
    ],
)
def test_the_database_refuses_to_change_what_was_published(database: Database, now: datetime, statement: str) -> None:
    publish(database, now)
    with pytest.raises(IntegrityError, match="never rewritten"):
        database.write(lambda session: session.execute(sqlalchemy.text(statement)))


def test_every_part_has_one_delivery_with_a_readable_key(database: Database, now: datetime) -> None:
    digest = publish(database, now)
    rows = database.read(deliveries.list_deliveries, digest_id=digest.id)
    assert [(row.channel.slug, row.part, row.body) for row in rows] == [
        ("linkedin-files", 0, "post"),
        ("telegram-files", 0, "one"),
        ("telegram-files", 1, "two"),
    ]
    assert rows[0].key == "e1.c1.p0"
    editions = database.read(digests.list_editions, digest.id)
    again = database.write(deliveries.enqueue, editions=editions, cadence=Cadence.DAILY, now=now)
    assert again == 0


def test_a_delivery_is_claimed_once_and_settled_with_its_lease(database: Database, now: datetime) -> None:
    publish(database, now)
    first = due(database, now)[0]
    lease = database.write(claims.claim, first.id, now=now).lease
    assert lease is not None
    assert database.write(claims.claim, first.id, now=now) == claims.Claim()
    stranger = database.write(settlements.settle_sent, first.id, lease="other", now=now, external_id="x")
    assert not stranger
    assert database.write(settlements.settle_sent, first.id, lease=lease, now=now, external_id="x")
    assert first.id not in [row.id for row in due(database, now)]
    (sent,) = database.read(deliveries.list_deliveries, status=DeliveryStatus.SENT)
    assert (sent.attempts, sent.external_id, sent.error) == (1, "x", None)


def test_a_failed_attempt_comes_back_at_its_time(database: Database, now: datetime) -> None:
    publish(database, now)
    first = due(database, now)[0]
    lease = database.write(claims.claim, first.id, now=now).lease or ""
    later = Settlement(status=DeliveryStatus.PENDING, not_before=now + timedelta(minutes=1))
    assert database.write(settlements.settle_failed, first.id, lease=lease, settlement=later, error="busy", now=now)
    assert first.id not in [row.id for row in due(database, now)]
    (back,) = [row for row in due(database, now + timedelta(minutes=1)) if row.id == first.id]
    assert (back.attempts, back.error) == (1, "busy")


@pytest.mark.parametrize(
    ("policy", "status"), [(LostAnswer.RESEND, DeliveryStatus.PENDING), (LostAnswer.HOLD, DeliveryStatus.UNCERTAIN)]
)
def test_what_a_killed_process_left_follows_the_policy(
    database: Database, now: datetime, policy: LostAnswer, status: DeliveryStatus
) -> None:
    publish(database, now)
    first = due(database, now)[0]
    database.write(claims.claim, first.id, now=now)
    waiting = database.write(settlements.recover, policies={"files": policy}, now=now, alone=False)
    assert waiting == 0  # the lease still runs, and another process may hold it
    assert database.write(settlements.recover, policies={"files": policy}, now=now, alone=True) == 1
    assert [row.id for row in database.read(deliveries.list_deliveries, status=status) if row.id == first.id]


def test_a_lease_that_ran_out_is_no_longer_held(database: Database, now: datetime) -> None:
    publish(database, now)
    first = due(database, now)[0]
    database.write(claims.claim, first.id, now=now)
    later = now + timedelta(seconds=31)
    assert database.write(settlements.recover, policies={"files": LostAnswer.RESEND}, now=later, alone=False) == 1


def test_some_of_what_is_due_may_be_asked_for(database: Database, now: datetime) -> None:
    publish(database, now)
    first, second = due(database, now)
    (one,) = database.read(outbox.due, transports=["files"], now=now, only=[second.id, 999])
    assert one.id == second.id
    assert database.read(outbox.due, transports=["files"], now=now, only=[]) == ()
    assert database.read(outbox.due_ids, transports=["files"], now=now) == (first.id, second.id)


def test_workers_take_up_rows_of_their_own(database: Database, now: datetime) -> None:
    publish(database, now)

    def taken(by: str, at: datetime = now) -> list[int]:
        rows = database.write_lightly(outbox.take_up, transports=["files"], now=at, by=by, limit=1)
        return [row.id for row in rows]

    one, other = taken("one"), taken("other")
    assert len(one) == 1
    assert not set(one) & set(other)
    assert taken("one") == one  # again what it holds
    claim = database.write(claims.claim, one[0], now=now)  # holding is no claim: it keeps nobody from anything
    assert claim.lease is not None
    assert taken("third", now + timedelta(minutes=1)) == other[:1]  # a dead worker's come free


def test_what_was_taken_up_and_has_not_gone_is_let_go(database: Database, now: datetime) -> None:
    database.write(deliveries.publish, content=EMPTY, editions=[POST], now=now, by="test")
    asked = {"transports": ["files"], "now": now}
    rows = database.write_lightly(outbox.take_up, **asked, by="one")
    assert database.write_lightly(outbox.take_up, **asked, by="other") == ()
    assert (database.read(outbox.next_due, transports=["files"], held=True) or now) > now
    database.write_lightly(outbox.let_go, [row.id for row in rows], by="one")
    assert database.write_lightly(outbox.take_up, **asked, by="other") == rows
