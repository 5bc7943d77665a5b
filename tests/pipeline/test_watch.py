"""What a page's operator is told: each thing once, however often it is looked at, and by whichever process."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import structlog
from tests.linkedin_api import LinkedinApi, linkedin_api
from tests.linkedin_page import Page

from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.store import channels, deliveries
from trendbot.store.channels import NewChannel
from trendbot.store.database import Database

OPS = NewChannel(
    slug="ops", kind=ChannelKind.TELEGRAM, transport="telegram", address="-100", cadence=Cadence.DAILY
)  # fmt: skip


@pytest.fixture
async def api() -> AsyncIterator[LinkedinApi]:
    async with linkedin_api() as served:
        yield served


async def test_the_end_of_a_consent_is_told_at_14_7_3_and_1_days_each_once(
    database: Database, api: LinkedinApi
) -> None:
    page = Page(database=database, api=api, tell="ops")
    ops = database.write(channels.add_channel, OPS)
    page.connect(days=20)
    start = api.now
    told_at: dict[str, timedelta] = {}
    with structlog.testing.capture_logs() as logs:
        for hours in range(0, 21 * 24, 6):
            api.now = start + timedelta(hours=hours)
            for _ in range(3):
                await page.overseer(page.transport)
            told = [each.body for each in database.read(deliveries.list_deliveries, channel_id=ops.id, limit=1000)]
            for each in told:
                told_at.setdefault(each, timedelta(days=20) - timedelta(hours=hours))
    await page.transport.close()
    told = [each for each in told if "consent" in each]  # days without a post are told too
    assert [(days_in(each), told_at[each].days) for each in told] == [
        ("14", 14), ("7", 7), ("3", 3), ("1", 1), ("ended", 0),
    ]  # fmt: skip
    assert all("`trendbot linkedin connect`" in each for each in told)
    logged = [days_in(each["what"]) for each in logs if "consent" in each.get("what", "")]
    assert logged == ["14", "7", "3", "1", "ended"]


async def test_another_process_tells_nothing_again(database: Database, api: LinkedinApi) -> None:
    page = Page(database=database, api=api, tell="ops")
    ops = database.write(channels.add_channel, OPS)
    page.connect(days=5)
    for _ in range(3):
        page.overseer = dataclasses.replace(page.overseer, logged=set())
        await page.overseer(page.transport)
    await page.transport.close()
    assert len(database.read(deliveries.list_deliveries, channel_id=ops.id)) == 1


def days_in(text: str) -> str:
    """Return of how many days a warning speaks."""
    return "ended" if "ended on" in text else text.partition("within ")[2].partition(" day")[0]


async def test_a_new_consent_is_warned_of_anew(database: Database, api: LinkedinApi) -> None:
    page = Page(database=database, api=api)
    keys = set()
    for days in (5, 6):
        page.connect(days=days)
        keys |= {each.key for each in await page.overseer(page.transport)}
    assert len({key for key in keys if key.endswith(".7")}) == 2
    await page.transport.close()
