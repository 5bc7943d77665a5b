"""Asking the Bot API for updates: long poll, one batch at a time, confirmed only after the batch is handled.

The library's own updater confirms a batch when it has arrived, before anybody has handled it: what was in the queue of
a killed process would be lost. Here the offset moves on after every update of the batch is committed and answered.
Chats are served side by side, each chat in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from telegram.error import Conflict, InvalidToken, TelegramError
from telegram.request import BaseRequest

from trendbot.bot.desk import Desk, handle_update
from trendbot.bot.reading import update_id_of
from trendbot.errors import ConfigError, StoreError
from trendbot.logs import get_logger
from trendbot.transports.telegram_errors import redacted

log = get_logger(__name__)

ALLOWED = ("message", "callback_query", "my_chat_member")
BATCH = 100
LONG_POLL = 50
"""Seconds for which the server holds a request open: its maximum."""
_SIDE_BY_SIDE = 8
_SLACK = 15.0
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_BUSY = (
    "another process asks Telegram for this bot's updates, and only one can: stop the other one "
    "(or give this one a token of its own); trying again"
)
Report = Callable[[str], None]


class Poller:
    """Polls for one desk until it is told to stop; `sleep` waits, and may be a test's own."""

    def __init__(
        self,
        desk: Desk,
        request: BaseRequest,
        *,
        report: Report,
        long_poll: int = LONG_POLL,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.desk, self.request, self.report, self.long_poll, self.sleep = desk, request, report, long_poll, sleep
        self._offset: int | None = None
        self._failures = 0
        self._said = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Poll and handle until `stop` is set; a batch in hand is finished first.

        Raises:
            ConfigError: Telegram does not know the token (any more).

        """
        while not stop.is_set():
            updates = await self._next(stop)
            if updates:
                await self._handle(updates)

    async def _next(self, stop: asyncio.Event) -> Sequence[Mapping[str, Any]]:
        """Return the next updates; none after a failure, which is waited out, or when told to stop."""
        asking = asyncio.create_task(self._ask())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((asking, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                return ()
            updates = asking.result()
        except InvalidToken as error:
            raise ConfigError("Telegram does not know the bot's token: mend the setting telegram.token") from error
        except TelegramError as error:
            await self._failed(error, stopping)
            return ()
        finally:
            for task in (asking, stopping):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, TelegramError):
                    await task
        self._failures, self._said = 0, ""
        return updates

    async def _ask(self) -> Sequence[Mapping[str, Any]]:
        said: dict[str, Any] = {"timeout": self.long_poll, "limit": BATCH, "allowed_updates": json.dumps(ALLOWED)}
        if self._offset is not None:
            said["offset"] = self._offset
        url = f"{self.desk.bot.base_url}/getUpdates?{urlencode(said)}"
        found: Any = await self.request.post(url, read_timeout=self.long_poll + _SLACK)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else ()

    async def _failed(self, error: TelegramError, stopping: asyncio.Task[Any]) -> None:
        """Say what is wrong, once a streak, and wait: longer each time, but not longer than until the end."""
        said = _BUSY if isinstance(error, Conflict) else f"Telegram cannot be reached: {redacted(str(error))}"
        if said != self._said:
            self._said = said
            log.warning("polling_failed", reason=redacted(str(error)))
            self.report(said)
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**self._failures)
        self._failures += 1
        sleeping = asyncio.ensure_future(self.sleep(max(wait, getattr(error, "seconds", 0.0))))
        await asyncio.wait((sleeping, stopping), return_when=asyncio.FIRST_COMPLETED)
        sleeping.cancel()

    async def _handle(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Handle a batch, the chats side by side; move the offset on if all of it was remembered."""
        gate = asyncio.Semaphore(_SIDE_BY_SIDE)
        lanes: dict[str, list[Mapping[str, Any]]] = {}
        for update in updates:
            lanes.setdefault(_lane(update), []).append(update)

        async def served(lane: list[Mapping[str, Any]]) -> None:
            async with gate:
                for update in lane:
                    await handle_update(self.desk, update)

        try:
            await asyncio.gather(*(served(lane) for lane in lanes.values()))
        except StoreError as error:
            log.exception("updates_not_remembered")
            self.report(f"{error}; the updates are asked for again")
            await self.sleep(_FIRST_WAIT)
            return
        numbers = [number for number in map(update_id_of, updates) if number is not None]
        self._offset = max(numbers) + 1 if numbers else self._offset


def _lane(update: Mapping[str, Any]) -> str:
    """Return what an update's order matters within: its chat."""
    for kind in ALLOWED:
        inner = update.get(kind)
        if isinstance(inner, dict):
            message = inner.get("message") if kind == "callback_query" else inner
            chat = message.get("chat") if isinstance(message, dict) else None
            return str(chat.get("id")) if isinstance(chat, dict) else ""
    return ""
