"""Pages of every policy whose sender dies at one point: a process that kills itself when all of them are there."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.linkedin_page import NEW_CHANNEL, account_of
from tests.transports.test_linkedin import CARD, CHART

from trendbot.core.delivering import LostAnswer
from trendbot.logs import configure_logging
from trendbot.pipeline.deliver import deliver
from trendbot.store.database import Database, sqlite_url
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Message, Receipt
from trendbot.transports.linkedin import LinkedinTransport

POINTS = ("before the claim", "claimed", "accepted")
Stop = Callable[[], Awaitable[object]]


class Dying(LinkedinTransport):
    """A transport that stops at a point, for ever."""

    point = ""
    stop: Stop

    async def send(self, message: Message) -> Receipt:
        """Post, unless the point is before that; then stop."""
        if self.point == "claimed":
            await self.stop()
        receipt = await super().send(message)
        await self.stop()
        return receipt


def with_card(_: Delivery, message: Message) -> Message:
    """Give a post what makes every request another: a picture that is uploaded anew."""
    return replace(message, card=CARD, chart=CHART)


def file_of(folder: Path, policy: LostAnswer) -> Path:
    """Return the database of the page with a policy."""
    return folder / f"{policy}.db"


def channel_of(policy: LostAnswer) -> Any:
    """Return the page's channel with a policy."""
    return replace(NEW_CHANNEL, lost_answer=policy)


def die(point: str, folder: Path, base_url: str, now: datetime) -> None:
    """Send from the databases of all policies, and be killed when each has come to the point."""
    configure_logging(level="critical")
    asyncio.run(_die(point, folder, base_url, now))


async def _die(point: str, folder: Path, base_url: str, now: datetime) -> None:
    there = asyncio.Barrier(len(LostAnswer) + 1)
    senders = [asyncio.ensure_future(_send(point, file_of(folder, each), base_url, now, there)) for each in LostAnswer]
    killed = asyncio.ensure_future(there.wait())
    await asyncio.wait([killed, *senders], return_when=asyncio.FIRST_COMPLETED)
    if killed.done():
        os.kill(os.getpid(), signal.SIGKILL)


async def _send(point: str, file: Path, base_url: str, now: datetime, there: asyncio.Barrier) -> None:
    async def stop(*_: object) -> None:
        await there.wait()
        await asyncio.Event().wait()

    with Database(sqlite_url(file)) as database:
        transport = Dying(account_of(database, lambda: now), base_url=base_url)
        transport.point, transport.stop = point, stop
        transport.overseer = stop if point == "before the claim" else None
        await deliver(database, transports={"linkedin": transport}, clock=lambda: now, dress=with_card)
