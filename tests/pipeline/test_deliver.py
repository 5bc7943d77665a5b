from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import builders
from tests.saying import Saying

from trendbot.clock import frozen_clock
from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence, DeliveryStatus
from trendbot.errors import TransportError
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.pipeline.deliver import DeliverReport, deliver
from trendbot.render.environment import Renderer
from trendbot.store import claims, deliveries, outbox
from trendbot.transports.files import FilesTransport
from trendbot.transports.mime import MailAddress

if TYPE_CHECKING:
    from trendbot.store.database import Database

RENDERER = Renderer(bundled("templates"))
NAMES = [
    "index.html",
    "linkedin.txt",
    "linkedin.how-to.txt",
    "linkedin.commentary.txt",
    "telegram-1.html",
    "email.html",
    "email.txt",
    "email.eml",
]


@pytest.fixture
def composed(database: Database, now: datetime) -> Database:
    builders.add_day(database, now)
    for cadence in Cadence:
        compose(database, RENDERER, cadence=cadence, now=now, policy=DigestPolicy())
    return database


@pytest.fixture
def files(tmp_path: Path) -> FilesTransport:
    return FilesTransport(tmp_path / "out", sender=MailAddress(name="trendbot", address="digest@trendbot.example"))


async def run(database: Database, transport, now: datetime, **given) -> DeliverReport:
    return await deliver(database, transports={"files": transport}, clock=frozen_clock(now), renderer=RENDERER, **given)


def statuses(database: Database) -> list[DeliveryStatus]:
    return [row.status for row in database.read(deliveries.list_deliveries)]


async def test_the_editions_lie_in_the_folder(composed: Database, files: FilesTransport, now: datetime) -> None:
    report = await run(composed, files, now)
    assert (report.sent, report.failed) == (3, ())
    assert [path.name for path in report.files] == NAMES
    assert all(path.is_file() for path in report.files)
    assert statuses(composed) == [DeliveryStatus.SENT] * 3


async def test_a_second_run_sends_nothing_and_still_says_where_they_lie(
    composed: Database, files: FilesTransport, now: datetime
) -> None:
    await run(composed, files, now)
    written = {path: path.read_bytes() for path in files.folder.rglob("*.*") if path.is_file()}
    report = await run(composed, files, now + timedelta(hours=1))
    assert report.sent == 0
    assert [path.name for path in report.files] == NAMES
    assert {path: path.read_bytes() for path in files.folder.rglob("*.*") if path.is_file()} == written


async def test_a_file_that_has_gone_is_written_again(composed: Database, files: FilesTransport, now: datetime) -> None:
    report = await run(composed, files, now)
    report.files[3].unlink()
    await run(composed, files, now)
    assert report.files[3].is_file()


async def test_killed_between_claim_and_settling_the_files_are_written_once_more(
    composed: Database, files: FilesTransport, now: datetime
) -> None:
    first = composed.read(outbox.due, transports=["files"], now=now)[0]
    composed.write(claims.claim, first.id, now=now)
    report = await run(composed, files, now)
    assert report.sent == 3
    assert statuses(composed) == [DeliveryStatus.SENT] * 3


async def test_a_lost_answer_under_hold_is_said_to_be_uncertain_and_not_sent_again(
    composed: Database, now: datetime
) -> None:
    lost = Saying(TransportError("the line broke", permanent=False, outcome_known=False))
    report = await run(composed, lost, now)
    assert (report.sent, report.uncertain) == (2, 1)
    assert report.failed[0].reason == "the line broke"
    assert statuses(composed).count(DeliveryStatus.UNCERTAIN) == 1
    again = Saying()
    await run(composed, again, now + timedelta(days=1))
    assert again.keys == []


async def test_a_busy_remote_is_asked_again_later(composed: Database, now: datetime) -> None:
    busy = Saying(TransportError("busy", permanent=False, retry_after=60))
    report = await run(composed, busy, now)
    assert report.sent == 2
    assert report.failed[0].status is DeliveryStatus.PENDING
    later = Saying()
    assert (await run(composed, later, now + timedelta(seconds=59))).sent == 0
    assert (await run(composed, later, now + timedelta(seconds=60))).sent == 1
    assert later.keys == [report.failed[0].key]


async def test_a_refusal_for_good_fails_and_stops_no_other(composed: Database, now: datetime) -> None:
    report = await run(composed, Saying(TransportError("no such page", permanent=True)), now)
    assert report.sent == 2
    assert statuses(composed).count(DeliveryStatus.FAILED) == 1


async def test_a_surprise_in_a_transport_settles_its_row_and_stops_no_other(composed: Database, now: datetime) -> None:
    report = await run(composed, Saying(RuntimeError("what is this")), now)
    assert report.sent == 2
    assert report.failed[0].reason == "RuntimeError: what is this"
    assert DeliveryStatus.SENDING not in statuses(composed)


async def test_deliveries_of_a_transport_that_is_not_at_hand_wait(composed: Database, now: datetime) -> None:
    report = await deliver(composed, transports={}, clock=frozen_clock(now))
    assert (report.sent, report.files) == (0, ())
    assert statuses(composed) == [DeliveryStatus.PENDING] * 3


async def test_a_folder_that_cannot_be_written_is_reported_and_tried_again(
    composed: Database, files: FilesTransport, now: datetime
) -> None:
    files.folder.write_text("a file stands here")
    report = await run(composed, files, now)
    assert report.sent == 0
    assert {each.status for each in report.failed} == {DeliveryStatus.PENDING}
    assert "name another folder with --out" in report.failed[0].reason
    files.folder.unlink()
    assert (await run(composed, files, now + timedelta(minutes=1))).sent == 3
