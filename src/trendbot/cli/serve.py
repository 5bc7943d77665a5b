"""`trendbot serve`: everything in one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from trendbot.cli.frame import Choices, Verb, pass_choices
from trendbot.cli.out import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from trendbot.bootstrap import App
    from trendbot.scheduler import Bells, Part, Plan
    from trendbot.settings import Settings

ROLES = ("scheduler", "bot", "web", "worker")
WATCHDOG = 10
"""Seconds between two signs of life to systemd."""


def _roles(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if not named or set(named) - set(ROLES):
        raise click.BadParameter(f"name some of {', '.join(ROLES)}, with commas between")
    return named


@click.command("serve", cls=Verb)
@click.option(
    "--roles", default=",".join(ROLES), show_default=True, callback=_roles, metavar="ROLES", help="The parts to run."
)
@pass_choices
def command(choices: Choices, roles: tuple[str, ...]) -> None:
    """Do everything, in one process, until it is told to stop.

    Polls feeds, makes digests at their hours (settings `schedule`), sends them, makes the night's backup; serves the
    bot where it has a token, and the pages where the extra `web` is installed; on PostgreSQL it is a worker too, and
    other machines may serve beside it. SIGTERM and Ctrl-C end it in order, a
    second one at once; SIGHUP reads the settings again. Ends with 1 where a part died.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened

    settings = choices.settings()
    with opened(choices, Access.MIGRATE) as app:
        died = asyncio.run(_serve(choices, app, settings, roles))
    if died:
        click.echo(plain(f"trendbot: {died}"), err=True)
        raise click.exceptions.Exit(1)


async def _serve(choices: Choices, app: App, settings: Settings, roles: tuple[str, ...]) -> str | None:
    from trendbot.cli.reloading import Reloading
    from trendbot.scheduler import Bells, run_parts
    from trendbot.ticks import Watch

    stop = asyncio.Event()
    shared = app.database.dialect == "postgresql"  # others may send from it: leases say who is gone
    bells = Bells(app, plan_of(settings), Watch(alone=not shared, operator=settings.operator_channel))
    reload = Reloading(choices=choices, bells=bells, began=settings, plan_of=plan_of, say=_say)
    _signals(stop, reload.again)
    with contextlib.ExitStack() as stack:
        parts = _parts(bells, settings, roles, stack, ending=stop)
        alive = asyncio.create_task(_alive())
        notify("READY=1")
        _say(f"serving: {', '.join(parts)}")
        try:
            return await run_parts(parts, stop=stop)
        finally:
            if not stop.is_set():
                notify("STOPPING=1")
            alive.cancel()


def _parts(
    bells: Bells, settings: Settings, roles: tuple[str, ...], stack: contextlib.ExitStack, *, ending: asyncio.Event
) -> dict[str, Part]:
    """Return the parts that are asked for and can be had, in the order in which they end."""
    from trendbot.scheduler import leading

    parts: dict[str, Part] = {}
    shared = bells.app.database.dialect == "postgresql"
    if "worker" in roles and shared and (worker := _worker(bells)) is not None:
        parts["worker"] = worker
    if "scheduler" in roles:
        parts["scheduler"] = bells.serve
    if "bot" in roles and settings.telegram.token is not None and not settings.web.webhook:
        parts["bot"] = leading(bells.app.database, "part.bot", _bot(bells.app, settings))
    if "web" in roles and (pages := _web(bells.app, settings, stack, ending)) is not None:
        parts["web"] = pages
    return parts


def _worker(bells: Bells) -> Part | None:
    from trendbot.cli.worker import working

    try:
        return working(bells)
    except ModuleNotFoundError as error:
        _say(f"no worker, the scheduler sends: it needs {error.name}, pip install 'trendbot[postgres]'")
        return None


def _bot(app: App, settings: Settings) -> Part:
    from trendbot.bot.running import Account, run_bot
    from trendbot.errors import ConfigError

    asked = settings.telegram
    token = asked.token.get_secret_value() if asked.token else ""
    account = Account(token=token, base_url=str(asked.base_url) if asked.base_url else None)

    async def bot(stop: asyncio.Event) -> None:
        try:
            await run_bot(app, account, stop=stop, report=_say)
        except ConfigError as error:  # a revoked token stops the bot alone: everything else goes on
            _say(str(error))
            await stop.wait()

    return bot


def _web(app: App, settings: Settings, stack: contextlib.ExitStack, ending: asyncio.Event) -> Part | None:
    """Listen now, so that a port that is taken is said before anything runs."""
    from trendbot.cli.web import site_of, webhook_of

    try:
        from trendbot.web.serving import listen, serve
    except ModuleNotFoundError as error:
        _say(f"no pages: they need {error.name}, pip install 'trendbot[web]'")
        return None
    at = stack.enter_context(listen(settings.web.host, settings.web.port))

    async def web(stop: asyncio.Event) -> None:
        async with webhook_of(app, settings) as hook:
            site = site_of(app, settings, port=at.getsockname()[1], webhook=hook)
            await serve(replace(site, ending=ending), at, stop=stop, report=_say, proxies=settings.web.proxies)

    return web


def plan_of(settings: Settings) -> Plan:
    """Return what is due when, as the settings have it.

    Raises:
        ConfigError: there is no such time zone.

    """
    from trendbot.bootstrap.policies import timetable_of, timetables_of
    from trendbot.core.vocabulary import Cadence
    from trendbot.scheduler import Plan

    asked = settings.schedule
    night = timetable_of(settings, Cadence.DAILY, hour=asked.backup_hour, late_hours=23)
    return Plan(digests=tuple(timetables_of(settings).values()), night=night, backups=asked.backups)


def _signals(stop: asyncio.Event, reload: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def again() -> None:
        notify("RELOADING=1")
        reload()
        notify("READY=1")

    def end() -> None:
        if stop.is_set():
            os._exit(1)  # asked twice: whatever is in hand is settled at the next start
        notify("STOPPING=1")  # and /readyz says so, while what is in hand is finished
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, again)


async def _alive() -> None:
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(WATCHDOG)


def notify(state: str) -> None:
    """Tell systemd, where it started us and wants to know."""
    from trendbot.settings import notify_socket

    address = notify_socket()
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.connect("\0" + address[1:] if address.startswith("@") else address)
        to.send(state.encode())


def _say(line: str) -> None:
    click.echo(plain(line), err=True)
