"""Small forms of the benchmarks: killed senders, the documented limits, two workers, floods, hostile digests."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.broadcast import pace_run
from benchmarks.outbox import kill_run
from tests.botapi import BotApi, Limits, bot_api, state
from tests.hostile import messages, send_all
from tests.outbox import address_of, broadcast, numbers, send

from trendbot.clock import system_clock
from trendbot.core.delivering import LostAnswer
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.pipeline.outbox import Sender
from trendbot.store import deliveries
from trendbot.transports.telegram import TelegramTransport

if TYPE_CHECKING:
    from trendbot.store.database import Database

FAST = {"per_chat": 1000, "burst": 1000}


@pytest.mark.parametrize("policy", [LostAnswer.HOLD, LostAnswer.RESEND])
async def test_a_sender_killed_again_and_again_loses_and_doubles_nothing_unsaid(
    tmp_path: Path, policy: LostAnswer
) -> None:
    found = await kill_run(tmp_path, policy=policy, subscribers=60, kills=6, rate=200.0, seed=3)
    assert found.kills > 2
    assert found.once + found.doubled + found.missing == 60
    assert found.unmarked_missing == 0
    if policy is LostAnswer.HOLD:
        assert found.doubled == 0
    else:
        assert found.missing == 0
        assert found.uncertain == 0


async def test_two_workers_within_one_budget_cause_no_429(tmp_path: Path) -> None:
    limits = Limits(overall=120, **FAST)
    found = await pace_run(tmp_path, chats=150, rate=100.0, workers=2, floods=0, limits=limits)
    assert (found.once, found.doubled, found.missing) == (150, 0, 0)
    assert found.caused == 0


async def test_floods_are_obeyed_and_nothing_is_lost(tmp_path: Path) -> None:
    limits = Limits(overall=120, **FAST)
    found = await pace_run(tmp_path, chats=60, rate=100.0, workers=1, floods=2, limits=limits)
    assert (found.once, found.doubled, found.missing) == (60, 0, 0)
    assert (found.injected, found.caused) == (2, 0)


async def test_parts_to_one_chat_keep_its_limit(database: Database) -> None:
    broadcast(database, subscribers=6, parts=3, now=datetime.now(UTC) - timedelta(minutes=1))
    async with bot_api(limits=Limits(overall=120, burst=1)) as api:
        report = await send(address_of(database), api.base_url, api.token, 100.0)
    assert (report.sent, api.limits.caused) == (18, 0)
    for chat in numbers(6):
        assert [text[-1] for text in api.to(chat)] == ["0", "1", "2"]


async def test_answers_lost_on_the_way_are_uncertain_and_come_back_on_request(database: Database) -> None:
    broadcast(database, subscribers=20, now=datetime.now(UTC) - timedelta(minutes=1))
    async with bot_api(limits=Limits(overall=1000, **FAST)) as api:
        api.faults.extend(
            [None] * 5 + [state.Fault(kind=state.Kind.DROP_AFTER), state.Fault(kind=state.Kind.DROP_BEFORE)]
        )
        report = await send(address_of(database), api.base_url, api.token, 500.0)
        assert (report.sent, report.uncertain, len(api.sent)) == (18, 2, 19)
        unsure = database.read(deliveries.list_deliveries, status=DeliveryStatus.UNCERTAIN)
        (missing,) = [row for row in unsure if not api.to(int(row.address or 0))]
        database.write(deliveries.lead_on, missing.key, to=DeliveryStatus.PENDING, now=datetime.now(UTC))
        await send(address_of(database), api.base_url, api.token, 500.0)
    assert [len(api.to(chat)) for chat in numbers(20)] == [1] * 20


async def test_an_answer_that_takes_too_long_is_uncertain(database: Database) -> None:
    broadcast(database, subscribers=3, now=datetime.now(UTC) - timedelta(minutes=1))
    async with bot_api(limits=Limits(overall=1000, **FAST)) as api:
        api.faults.append(state.Fault(kind=state.Kind.SLOW, seconds=30))
        telegram = TelegramTransport(token=api.token, base_url=api.base_url, rate=500.0)
        sender = Sender(database, {"telegram": telegram}, system_clock, send_timeout=1.0)
        tally = await sender.drain()
        await telegram.close()
    assert (tally.sent, len(api.sent)) == (2, 3)
    assert [each.reason for each in tally.failed] == ["no answer within 1 s"]
    assert len(database.read(deliveries.list_deliveries, status=DeliveryStatus.UNCERTAIN)) == 1


def hostile_run(digests: int) -> BotApi:
    async def run() -> BotApi:
        async with bot_api(limits=Limits(overall=10_000, burst=10_000)) as api:
            await send_all(api, messages(digests, seed=5))
            return api

    return asyncio.run(run())


def test_digests_of_hostile_text_are_refused_by_no_message() -> None:
    api = hostile_run(200)
    assert len(api.sent) >= 200
    assert api.refused == []
    assert [sent.lost_links for sent in api.sent if sent.lost_links] == []
    assert len(api.sent) == api.calls["sendMessage"]
    assert max(len(sent.entities) for sent in api.sent) <= 100
