"""The library's bot with a request of our own: a 429 becomes an error with seconds, whatever the environment says."""

from __future__ import annotations

import logging
from typing import Any

from telegram import Bot
from telegram.request import HTTPXRequest

from trendbot.transports.telegram import flood_seconds
from trendbot.transports.telegram_errors import Flood

CONNECTIONS = 64
CONNECT, READ, WRITE, POOL = 5.0, 15.0, 10.0, 5.0
"""Seconds; their sum may pass the outbox's own limit, which then decides."""
_FLOOD = 429


class FloodAwareRequest(HTTPXRequest):
    """Takes a 429 before the library makes an exception of it whose unit depends on an environment variable."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Ask, and raise `Flood` for a 429."""
        code, payload = await super().do_request(*args, **kwargs)
        if code == _FLOOD:
            raise Flood(flood_seconds(payload))
        return code, payload


def make_bot(token: str, base_url: str | None = None, *, connections: int = CONNECTIONS) -> Bot:
    """Return a bot that sends; it opens no connection yet and asks nothing by itself."""
    quiet_libraries()
    request = FloodAwareRequest(
        connection_pool_size=connections,
        connect_timeout=CONNECT,
        read_timeout=READ,
        write_timeout=WRITE,
        pool_timeout=POOL,
        media_write_timeout=WRITE,
    )
    if base_url is None:
        return Bot(token, request=request)
    return Bot(token, base_url=base_url, request=request)


def quiet_libraries() -> None:
    """Keep the HTTP library from logging addresses: they carry the bot's token."""
    for name in ("httpx", "httpcore", "telegram", "telegram.Bot", "telegram.ext"):
        logging.getLogger(name).setLevel(logging.WARNING)
