"""`trendbot worker`: sends messages beside other workers, on PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import click

from trendbot.cli.frame import Choices, Verb, pass_choices
from trendbot.cli.out import plain

if TYPE_CHECKING:
    from trendbot.bootstrap import App
    from trendbot.cluster import Worker


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

    try:
        from trendbot.cluster import Worker
    except ModuleNotFoundError as error:
        raise ConfigError(f"workers need {error.name}: pip install 'trendbot[postgres]'") from error
    with opened(choices) as app:
        asyncio.run(_work(Worker, app))


async def _work(kind: type[Worker], app: App) -> None:
    from trendbot.pipeline.dressing import dresser

    worker = kind(
        database=app.database,
        transports=app.transports,
        clock=app.clock,
        recipients=app.recipients,
        dress=lambda: dresser(app.database, app.mail),
        home=app.home,
    )
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
