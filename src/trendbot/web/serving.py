"""Serving a site: uvicorn in the loop of whoever hosts it, until a stop is asked for; answers in hand are finished."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator

import uvicorn

from trendbot.errors import ConfigError
from trendbot.web.app import create_app
from trendbot.web.site import Site

_GRACE = 10
"""Seconds that answers in hand have after a stop."""
_AT_ONCE = 512


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the host."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is any free one.

    Raises:
        ConfigError: the address is not ours, or taken.

    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        at = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(f"cannot listen on {host}:{port} ({why}): name another with web.host and web.port") from error
    # Else head and body of an answer wait 40 ms for each other: asyncio sets it only where the protocol is named.
    at.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return at


async def serve(
    site: Site, at: socket.socket, *, stop: asyncio.Event, report: Callable[[str], None], proxies: str = "127.0.0.1"
) -> None:
    """Serve on a listening socket until `stop` is set; `proxies` are those whose word on the caller counts."""
    config = uvicorn.Config(
        create_app(site),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=True,
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=5,
        limit_concurrency=_AT_ONCE,
        h11_max_incomplete_event_size=32_768,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[at]))
    stopping = asyncio.create_task(stop.wait())
    host, port = at.getsockname()[:2]
    report(f"the pages are at http://{host}:{port}{site.root}/")
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    await serving
