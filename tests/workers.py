"""Workers for tests and benchmarks, as processes of their own: to be started, killed, and counted."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trendbot.clock import system_clock
from trendbot.cluster import Worker
from trendbot.store.database import Database
from trendbot.transports.telegram import TelegramTransport

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.workers", "telegram", "trendbot.transports.telegram_bot"])


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What a worker works on: a database, a Bot API with its token, how fast, and its lease and look in seconds."""

    url: str
    base_url: str
    token: str
    rate: float
    lease: float
    look: float

    def start(self) -> BaseProcess:
        """Start a worker: forked from a process that has imported everything, so that a start costs little."""
        process = FORKS.Process(target=_work, args=(self,))
        process.start()
        return process


def _work(orders: Orders) -> None:
    asyncio.run(work(orders))


async def work(orders: Orders) -> None:
    """Work until SIGTERM."""
    telegram = TelegramTransport(token=orders.token, base_url=orders.base_url, rate=orders.rate)
    with Database(orders.url) as database:
        worker = Worker(
            database=database, transports={telegram.name: telegram}, clock=system_clock, lease=orders.lease,
            look=orders.look,
        )  # fmt: skip
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.start()
        await telegram.close()
