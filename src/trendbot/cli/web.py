"""`trendbot web`: serve the public pages, or write a copy of them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trendbot.cli.frame import Choices, Noun, pass_choices
from trendbot.cli.out import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from socket import socket

    from trendbot.bootstrap import App
    from trendbot.settings import Settings
    from trendbot.web.site import Site, Webhook


@click.group("web", cls=Noun, invoke_without_command=True)
@click.option("--host", metavar="ADDRESS", help="Listen here instead of the setting web.host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen here instead of the setting web.port.")
@click.pass_context
def command(context: click.Context, /, host: str | None, port: int | None) -> None:
    """Serve the public pages in the foreground, or export them.

    Archive, trends, search, subscribing, feeds, health and metrics. Listens where the settings web.host and web.port
    say; put a proxy with TLS before it, and say its public address in brand.site_url. Ends in order on SIGTERM and
    Ctrl-C: answers in hand are finished first.
    """
    if context.invoked_subcommand is None:
        _serve(context.ensure_object(Choices), host, port)


def _serve(choices: Choices, host: str | None, port: int | None) -> None:
    from trendbot.cli.opening import opened

    with _extra():
        from trendbot.web.serving import listen
    options = {"web": {"host": host, "port": port}}
    settings = choices.settings(options)
    with opened(choices, options=options) as app, listen(settings.web.host, settings.web.port) as at:
        asyncio.run(_served(app, settings, at))


async def _served(app: App, settings: Settings, at: socket) -> None:
    from trendbot.web.serving import serve

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with webhook_of(app, settings) as hook:
        site = site_of(app, settings, port=at.getsockname()[1], webhook=hook)
        await serve(site, at, stop=stop, report=_say, proxies=settings.web.proxies)


def site_of(app: App, settings: Settings, *, port: int, webhook: Webhook | None = None, still: bool = False) -> Site:
    """Return the site that the settings describe; without a public address it is known by the one it listens on."""
    from trendbot.web.letters import greetings_of, letters_of
    from trendbot.web.site import Site

    public = settings.brand.site_url
    url = (str(public) if public else f"http://{settings.web.host}:{port}").rstrip("/")
    ask, remind = letters_of(app, url)
    welcome, goodbye = greetings_of(app, url)
    return Site(
        app=app,
        url=url,
        bot=settings.web.bot,
        ask=ask,
        remind=remind,
        welcome=welcome,
        goodbye=goodbye,
        webhook=webhook,
        still=still,
    )


@contextlib.asynccontextmanager
async def webhook_of(app: App, settings: Settings) -> AsyncIterator[Webhook | None]:
    """Open the bot's desk where the setting web.webhook asks for it, tell Telegram, and give what takes updates."""
    from trendbot.errors import ConfigError

    if not settings.web.webhook:
        yield None
        return
    token, public = settings.telegram.token, settings.brand.site_url
    if token is None or public is None or public.scheme != "https":
        raise ConfigError("web.webhook needs telegram.token and an https address in brand.site_url")
    from trendbot.bot.running import Account, at_desk, handle_webhook, set_webhook, webhook_secret
    from trendbot.web.front import WEBHOOK

    secret = webhook_secret(app)
    base_url = str(settings.telegram.base_url) if settings.telegram.base_url else None
    async with at_desk(app, Account(token=token.get_secret_value(), base_url=base_url)) as desk:
        await set_webhook(desk, str(public).rstrip("/") + WEBHOOK, secret)
        yield lambda body, given: handle_webhook(desk, body, given=given, secret=secret)


@command.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@pass_choices
def export(choices: Choices, folder: Path) -> None:
    """Write the archive as files into DIR, for those who run no server.

    Every public page with its charts, feeds and sitemap; without forms and search. The pages link to each other from
    the root of brand.site_url: put the folder there. Files of an earlier export are replaced, others left alone.
    """
    from trendbot.cli.opening import opened

    with _extra():
        from trendbot.web.export import export as write
    settings = choices.settings()
    with opened(choices) as app:
        count = write(site_of(app, settings, port=settings.web.port, still=True), folder)
    click.echo(plain(f"{count} files in {folder}"))


@contextlib.contextmanager
def _extra() -> Iterator[None]:
    """Turn a missing package into the line that says how to get it.

    Raises:
        ConfigError: the web extra is not installed.

    """
    from trendbot.errors import ConfigError

    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(f"the pages need {error.name}: pip install 'trendbot[web]'") from error


def _say(line: str) -> None:
    click.echo(plain(line), err=True)
