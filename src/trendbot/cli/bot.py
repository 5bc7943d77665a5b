"""`trendbot bot`: serve Telegram's subscribers."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from trendbot.cli.frame import Choices, Verb, pass_choices
from trendbot.cli.out import plain

if TYPE_CHECKING:
    from trendbot.bootstrap import App
    from trendbot.bot.running import Account


@click.command("bot", cls=Verb)
@pass_choices
def command(choices: Choices) -> None:
    """Serve subscribers on Telegram, in the foreground.

    Needs a bot's token (setting `telegram.token`, or TRENDBOT_TELEGRAM__TOKEN_FILE). Answers commands and buttons and
    keeps what people choose; digests themselves go out with `trendbot run`. Ends in order on SIGTERM and Ctrl-C: an
    update in hand is finished first. One process a token: a second one is told so.
    """
    from trendbot.bot.running import Account
    from trendbot.cli.opening import opened
    from trendbot.errors import ConfigError

    settings = choices.settings().telegram
    if settings.token is None:
        raise ConfigError("no bot token: ask @BotFather for one, and name it in the setting telegram.token")
    base_url = str(settings.base_url) if settings.base_url else None
    with opened(choices) as app:
        asyncio.run(_serve(app, Account(token=settings.token.get_secret_value(), base_url=base_url)))


async def _serve(app: App, account: Account) -> None:
    from trendbot.bot.running import run_bot

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_bot(app, account, stop=stop, report=_say)


def _say(line: str) -> None:
    click.echo(plain(line), err=True)
