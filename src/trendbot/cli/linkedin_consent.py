"""Asking a member's consent: the browser comes back to this machine, or a person pastes where it ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from trendbot.errors import ConfigError, TrendbotError

if TYPE_CHECKING:
    from aiohttp import web

    from trendbot.transports.linkedin_oauth import Grant, OAuthApp

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_DONE = "trendbot has what it needs. You can close this page."


async def ask(app: OAuthApp, scopes: tuple[str, ...], *, paste: bool, wait: float) -> Grant:
    """Show the address to say yes at, wait for the answer, and return what was granted.

    Raises:
        ConfigError: the member said no, or nobody answered.
        TransportError: LinkedIn refuses, or cannot be reached.

    """
    import secrets

    from trendbot.transports.linkedin_oauth import authorise_url, code_from, exchange

    state = secrets.token_urlsafe(24)
    click.echo(f"Open this address and agree:\n\n{authorise_url(app, scopes=scopes, state=state)}\n", err=True)
    if paste:
        said = click.prompt("Paste the whole address at which your browser ends", err=True)
        code = code_from(said, state=state)
    else:
        code = await _code(app.redirect_uri, state, wait)
    return await exchange(app, code)


async def _code(redirect_uri: str, state: str, wait: float) -> str:
    """Serve the redirect address on this machine until the right answer comes.

    Raises:
        ConfigError: the address is not this machine's, is taken, or nobody came in time.

    """
    from aiohttp import web

    place = urlsplit(redirect_uri)
    if place.hostname not in _LOOPBACK or place.scheme != "http" or place.port is None:
        raise ConfigError(f"{redirect_uri} does not lead to this machine: add --paste")
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(request: web.Request) -> web.Response:
        return _answer(found, request, state)

    app = web.Application()
    app.router.add_get(place.path or "/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, place.hostname, place.port).start()
        return await asyncio.wait_for(found, wait)
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise ConfigError(f"nobody agreed within {wait:g} s: try again, or with --paste") from None
        raise ConfigError(f"{redirect_uri} cannot be listened on ({error.strerror}): try --paste") from error
    finally:
        await runner.cleanup()


def _answer(found: asyncio.Future[str], request: web.Request, state: str) -> web.Response:
    from aiohttp import web

    from trendbot.transports.linkedin_oauth import code_from

    if "state" not in request.query or found.done():
        return web.Response(status=404)
    try:
        found.set_result(code_from(f"?{request.query_string}", state=state))
    except TrendbotError as error:
        if request.query["state"] == state:
            found.set_exception(error)
        return web.Response(status=400, text=str(error))
    return web.Response(text=_DONE)
