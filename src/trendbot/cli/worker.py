"""`trendbot worker`: sends messages beside other workers, on PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Protocol

import click

from trendbot.cli.frame import Choices, Verb, pass_choices
from trendbot.cli.out import plain

if TYPE_CHECKING:
    from trendbot.bootstrap import App
    from trendbot.cluster import Worker
    from trendbot.scheduler import Part


class HasApp(Protocol):
    """What has the parts of the program, which may be changed while it runs."""

    app: App


@click.command("worker", cls=Verb)
@pass_choices
def command(choices: Choices) -> None:
    """Send messages beside other workers, on PostgreSQL, until it is told to stop.

    Start as many as you like, on any machine, next to at least one `trendbot serve`; they share the rates, and take
    over from one that was killed. Each needs the same settings and the same `secret.key` in its home. SIGTERM and
    Ctrl-C end it when the messages in hand are settled, a second one at once.
    """
    from trendbot.cli.opening import opened
    from trendbot.errors import ConfigError
    from trendbot.store.same_secret import require_same_secret

    with opened(choices) as app:
        require_same_secret(app.database, app.home)
        try:
            worker = worker_of(app)
        except ModuleNotFoundError as error:
            raise ConfigError(f"workers need {error.name}: pip install 'trendbot[postgres]'") from error
        asyncio.run(_work(worker, app))


def worker_of(app: App) -> Worker:
    """Return a worker for the parts of a program.

    Raises:
        ModuleNotFoundError: the extra `postgres` is not installed.

    """
    from trendbot.cluster import Worker
    from trendbot.pipeline.dressing import dresser

    return Worker(
        database=app.database,
        transports=app.transports,
        clock=app.clock,
        recipients=app.recipients,
        dress=lambda: dresser(app.database, app.mail),
        home=app.home,
    )


def working(of: HasApp) -> Part:
    """Return the part of a process that serves which is a worker.

    Raises:
        ModuleNotFoundError: the extra `postgres` is not installed.

    """
    worker = worker_of(of.app)

    async def work(stop: asyncio.Event) -> None:
        running = asyncio.ensure_future(worker.start())
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        worker.stop()
        await running

    return work


async def _work(worker: Worker, app: App) -> None:
    asked = False

    def end() -> None:
        nonlocal asked
        if asked:
            os._exit(1)  # asked twice: what is in hand is settled when its lease is over
        asked = True
        worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    click.echo(plain(f"working on {app.database.where}"), err=True)
    try:
        await worker.start()
    finally:
        for transport in app.transports.values():
            await transport.close()
