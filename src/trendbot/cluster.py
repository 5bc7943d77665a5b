"""Many workers on one PostgreSQL: each takes jobs of Procrastinate's queue, and each looks for work that stands still.

The engine need only hand out work at least once. What is sent, and that it is sent once, is decided by the outbox: a
row is claimed under a lease, and settled with it. So a job is a hint: a handful of deliveries to look at. It is written
in the transaction that writes their rows (`store.engine.announce`); rows without one (their worker was killed, a remote
put them off, a person asked again) get one from the look around that every worker takes each few seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import procrastinate
from procrastinate.schema import SchemaManager

from trendbot.errors import ConfigError, TrendbotError
from trendbot.logs import get_logger
from trendbot.pipeline.guard import Guard
from trendbot.pipeline.outbox import Sender
from trendbot.store import engine, outbox, settlements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from trendbot.clock import Clock
    from trendbot.core.delivering import LostAnswer
    from trendbot.pipeline.outcomes import Dress, Recipients
    from trendbot.store.database import Database, Session
    from trendbot.transports.base import Transport

log = get_logger(__name__)

LOOK = 5.0
"""Seconds between two looks around for work that stands still."""
DRAIN = 20.0
"""Seconds that work in hand has after a stop."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_OPTIONS = f"-c search_path={engine.SCHEMA} -c lock_timeout=5s -c statement_timeout=30s -c timezone=UTC"


@dataclass(kw_only=True, slots=True)
class Worker:
    """A worker: `start` runs until `stop`; `kick` looks around at once.

    Files are never a worker's: they belong to the home of the process that serves. `home` keeps the mark of the last
    send, as for `pipeline.deliver`; `lease` and `look` are seconds. The transports stay open, for whoever opened them.
    """

    database: Database
    transports: Mapping[str, Transport]
    clock: Clock
    recipients: Recipients | None = None
    dress: Callable[[], Dress] | None = None
    home: Path | None = None
    lease: float = engine.LEASE
    look: float = LOOK
    sent: int = 0
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _kicked: asyncio.Event = field(default_factory=asyncio.Event)
    _guard: Guard | None = None

    async def start(self) -> None:
        """Make the engine's tables where they are missing, then work until `stop`.

        Raises:
            ConfigError: the database is not PostgreSQL.
            StoreError: it cannot be reached.

        """
        if self.database.dialect != "postgresql":
            raise ConfigError("workers need PostgreSQL: set `database_url`, or let `trendbot serve` do everything")
        await self.database.run_lightly(engine.install, SchemaManager.get_schema())
        self._guard = Guard(self.home) if self.home is not None else None
        await self._trusted()
        looking = asyncio.create_task(self._look_around())
        try:
            await self._supervised()
        finally:
            looking.cancel()
            await asyncio.wait((looking,))

    def stop(self) -> None:
        """Take nothing new, and end when the messages in hand are settled."""
        self._stopping.set()

    def kick(self) -> None:
        """Look for work that stands still now."""
        self._kicked.set()

    async def _trusted(self) -> None:
        """Wait while the database is older than the last message sent from this home: a person has to look at it."""
        told = False
        while self._guard is not None and not self._stopping.is_set():
            refused = self._guard.objection(self.database)
            if not refused:
                return
            if not told:
                log.error("needs_operator", what=refused)
            told = True
            await _pause(self.look, self._stopping)

    # -- the queue -----------------------------------------------------------------------------------------------------

    async def _supervised(self) -> None:
        """Run the engine's worker; where the database goes away it ends, and is started again."""
        loop, wait = asyncio.get_running_loop(), _FIRST_WAIT
        while not self._stopping.is_set():
            began = loop.time()
            try:
                await self._worked()
            except Exception as error:  # noqa: BLE001  (whatever ended it, work goes on)
                log.warning("engine_stopped", reason=str(error), tries_again_in=wait)
            await _pause(wait, self._stopping)
            wait = _FIRST_WAIT if loop.time() - began > _LONGEST_WAIT else min(_LONGEST_WAIT, wait * 2)

    async def _worked(self) -> None:
        """Work on the queue until `stop`; on a stop, and where the engine breaks, the job in hand is finished."""
        app = _engine(self.database)
        app.task(name=engine.Kind.DELIVER.value)(self._deliver)
        async with app.open_async():
            running = asyncio.create_task(self._ran(app))
            stopping = asyncio.create_task(self._stopping.wait())
            try:
                await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (running, stopping):
                    task.cancel()
                await asyncio.wait((running, stopping))
            if not running.cancelled() and (error := running.exception()):
                raise error

    async def _ran(self, app: procrastinate.App) -> None:
        await app.run_worker_async(
            queues=[engine.queue_of(each) for each in self._usable()] or [engine.Kind.DELIVER.value],
            concurrency=1,
            listen_notify=True,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=self.lease / 4,
            stalled_worker_timeout=self.lease,
            shutdown_graceful_timeout=DRAIN,
            fetch_job_polling_interval=min(self.look, LOOK),
        )

    async def _deliver(self, ids: list[int]) -> None:
        sender = Sender(
            self.database,
            self._usable(),
            self.clock,
            recipients=self.recipients,
            dress=self.dress() if self.dress is not None else None,
            stop=self._stopping,
            on_sent=self._guard.sent if self._guard is not None else None,
            only=ids,
        )
        try:
            tally = await sender.drain()
        finally:
            if self._guard is not None:
                self._guard.flush()
        self.sent += tally.sent
        for failed in tally.failed:
            log.error("delivery_problem", what=f"{failed.channel}: {failed.reason}")

    def _usable(self) -> dict[str, Transport]:
        return {name: each for name, each in self.transports.items() if not each.harmless}

    # -- what stands still ---------------------------------------------------------------------------------------------

    async def _look_around(self) -> None:
        while True:
            try:
                await self._looked()
            except TrendbotError as error:
                log.warning("look_around_failed", reason=str(error))
            except Exception:
                log.exception("look_around_broke")
            await _pause(self.look, self._kicked)
            self._kicked.clear()

    async def _looked(self) -> None:
        policies = {name: each.policy for name, each in self._usable().items()}
        await self.database.run_lightly(engine.sign, sorted(policies))
        dropped = await self.database.run(_take_over, policies, now=self.clock(), lease=self.lease)
        if dropped:
            log.warning("jobs_taken_over", jobs=dropped)


def _take_over(session: Session, policies: Mapping[str, LostAnswer], *, now: datetime, lease: float) -> int:
    """Settle and drop what killed workers left, and make jobs for rows that should move and have none.

    Return how many jobs were dropped; does nothing where another worker is at it.
    """
    if not engine.first_at(session, "look-around"):
        return 0
    settlements.recover(session, policies=policies, now=now, alone=False)
    dropped = engine.drop_stalled(session, lease=lease)
    known = engine.named(session)
    for transport in sorted(policies):
        due = outbox.due_ids(session, transports=[transport], now=now)
        engine.announce(session, [each for each in due if each not in known], by=transport)
    return dropped


async def _pause(seconds: float, event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _engine(database: Database) -> procrastinate.App:
    address: Any = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(
        conninfo=address, kwargs={"options": _OPTIONS, "connect_timeout": 10}, min_size=1, max_size=4, timeout=10.0
    )
    return procrastinate.App(connector=connector)
