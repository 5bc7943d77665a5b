"""The page of the newest editions: written when something it shows changed, or when it is gone, and else left alone."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest
from tests import builders

from trendbot.clock import frozen_clock
from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.pipeline.deliver import deliver
from trendbot.render.environment import Renderer
from trendbot.store.database import Database
from trendbot.transports.files import FilesTransport
from trendbot.transports.mime import MailAddress

RENDERER = Renderer(bundled("templates"))


@pytest.fixture
def files(tmp_path: Path) -> FilesTransport:
    return FilesTransport(tmp_path, sender=MailAddress(name="trendbot", address="digest@trendbot.example"))


async def shown(database: Database, files: FilesTransport, now: datetime) -> tuple[Path, ...]:
    report = await deliver(database, transports={files.name: files}, clock=frozen_clock(now), renderer=RENDERER)
    return report.files


async def test_the_page_is_written_again_only_where_something_changed(
    database: Database, files: FilesTransport, now: datetime
) -> None:
    builders.add_day(database, now)
    compose(database, RENDERER, cadence=Cadence.DAILY, now=now, policy=DigestPolicy())
    page, mail, *_ = await shown(database, files, now)
    for path in files.folder.rglob("*"):
        os.utime(path, ns=(1_000, 1_000))
    os.utime(page, ns=(2_000, 2_000))
    page.write_text("as it was")
    os.utime(page, ns=(2_000, 2_000))
    assert page in await shown(database, files, now)
    assert page.read_text() == "as it was"

    os.utime(mail, ns=(3_000, 3_000))
    await shown(database, files, now)
    assert page.read_text() != "as it was"

    whole = page.read_text()
    page.unlink()
    await shown(database, files, now)
    assert page.read_text() == whole
