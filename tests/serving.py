"""A web server on loopback for tests, and a fetcher that may ask it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web

from trendbot.fetch.http import Fetcher

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
USER_AGENT = "trendbot/0.1 (+https://trendbot.example/bot)"


@contextlib.asynccontextmanager
async def serving(handler: Handler, *, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Answer every path with `handler`; yield the address, without a slash at its end."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    server: Any = site._server
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        await runner.cleanup()


def fetcher(**options: Any) -> Fetcher:
    """Make a fetcher that may ask loopback addresses."""
    return Fetcher(**({"user_agent": USER_AGENT, "allow_private": True} | options))


def rss(*items: str, head: str = "") -> bytes:
    """Make an RSS document of items as `item` makes them."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>A feed</title>'
        f"<link>https://site.example/</link><description>About things</description>{head}"
        f"{''.join(items)}</channel></rss>"
    ).encode()


def item(
    number: int, *, title: str = "", date: str = "Sun, 15 Nov 2026 09:00:00 GMT", text: str = "", **more: str
) -> str:
    """Make an item of RSS with guid ``g<number>``."""
    parts = {
        "guid": f'<guid isPermaLink="false">g{number}</guid>',
        "title": f"<title>{title or f'Report {number}'}</title>",
        "link": f"<link>https://site.example/{number}</link>",
        "date": f"<pubDate>{date}</pubDate>" if date else "",
        "description": f"<description>{text or f'Text {number}'}</description>",
    } | more
    return f"<item>{''.join(parts.values())}</item>"
