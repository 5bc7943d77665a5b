"""Setting the bot up and running it: for `trendbot bot`, for the one process that serves everything, for the web app.

``async with at_desk(...) as desk`` gives what handling needs; `run_bot` polls with it; a web app that takes a webhook
gives each body to `handle_webhook` instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus

from telegram import Bot, BotCommand
from telegram.error import InvalidToken, NetworkError, TelegramError
from telegram.request import BaseRequest

from trendbot.bootstrap import App
from trendbot.bot.desk import Desk, handle_update, menu, secret_matches
from trendbot.bot.polling import ALLOWED, Poller, Report
from trendbot.bot.sending import Courier, Pace
from trendbot.bot.visit import House
from trendbot.core.phrases import DEFAULT, LANGUAGES, Words
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ConfigError, StoreError
from trendbot.logs import get_logger
from trendbot.store import subscribers
from trendbot.store.channels import NewChannel, add_channel
from trendbot.store.database import Session
from trendbot.transports.telegram_bot import FloodAwareRequest, make_bot
from trendbot.transports.telegram_errors import redacted

log = get_logger(__name__)

CHANNEL = "telegram-bot"
"""The name of the channel that subscribers of the bot have, unless another personal one of Telegram is there."""
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_DESCRIPTION = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The bot's account: its token, and where the Bot API is when it is not Telegram's own server."""

    token: str = field(repr=False)
    base_url: str | None = None


def ensure_channel(session: Session) -> int:
    """Return the channel that the bot's subscribers have, made where there is none."""
    found = subscribers.personal_channel(session, ChannelKind.TELEGRAM)
    if found is not None:
        return found
    new = NewChannel(
        slug=CHANNEL,
        kind=ChannelKind.TELEGRAM,
        transport="telegram",
        address="subscribers",
        cadence=Cadence.DAILY,
        personal=True,
    )
    return add_channel(session, new).id


@contextlib.asynccontextmanager
async def at_desk(
    app: App, account: Account, *, report: Report = log.warning, pace: Pace | None = None
) -> AsyncIterator[Desk]:
    """Open the bot's account and give the desk; waits for a Telegram that cannot be reached.

    Raises:
        ConfigError: Telegram does not know the token.
        ConflictError: a channel of another kind has the bot's name.

    """
    channel = app.database.write(ensure_channel)
    bot = make_bot(account.token, account.base_url)
    try:
        await _initialized(bot, report)
        policy = app.digests[Cadence.DAILY]
        yield Desk(
            bot=bot,
            username=bot.username,
            database=app.database,
            renderer=app.renderer,
            clock=app.clock,
            house=House(brand=policy.brand, site_url=policy.site_url, channel_id=channel, key=app.key()),
            courier=Courier(bot, app.database, pace=pace),
        )
    finally:
        await bot.shutdown()
        await bot.request.shutdown()  # where it never came to be initialized


async def _initialized(bot: Bot, report: Report) -> None:
    wait = _FIRST_WAIT
    while True:
        try:
            await bot.initialize()
        except InvalidToken:
            pass
        except NetworkError as error:
            report(f"Telegram cannot be reached ({redacted(str(error))}); trying again")
            await asyncio.sleep(wait)
            wait = min(_LONGEST_WAIT, 2 * wait)
            continue
        else:
            return
        raise ConfigError("Telegram does not know the bot's token: mend the setting telegram.token")


async def whoami(account: Account) -> str:
    """Return the bot's name, asked once.

    Raises:
        ConfigError: Telegram does not know the token, or cannot be reached.

    """
    bot = make_bot(account.token, account.base_url)
    try:
        await bot.initialize()
    except InvalidToken as error:
        raise ConfigError("Telegram does not know the bot's token: mend the setting telegram.token") from error
    except TelegramError as error:
        raise ConfigError(f"Telegram cannot be asked ({redacted(str(error))}): look at the network") from error
    else:
        return bot.username
    finally:
        await bot.shutdown()
        await bot.request.shutdown()


async def run_bot(app: App, account: Account, *, stop: asyncio.Event, report: Report, pace: Pace | None = None) -> None:
    """Serve subscribers by long polling until `stop` is set.

    Raises:
        ConfigError: Telegram does not know the token.

    """
    open_ = asyncio.Event()
    serving = asyncio.create_task(_polled(app, account, stop, open_, report, pace))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        if serving.done() or open_.is_set():
            await asyncio.wait((serving,), timeout=_PATIENCE)
    finally:
        for task in (serving, stopping):
            task.cancel()
        await asyncio.wait((serving, stopping))
    if not serving.cancelled() and (error := serving.exception()):
        raise error


_PATIENCE = 20.0
"""Seconds that a batch in hand has to be finished after `stop`."""


async def _polled(
    app: App, account: Account, stop: asyncio.Event, open_: asyncio.Event, report: Report, pace: Pace | None
) -> None:
    async with at_desk(app, account, report=report, pace=pace) as desk, _requests() as request:
        await prepare(desk.bot)
        open_.set()
        report(f"@{desk.username} serves subscribers")
        await Poller(desk, request, report=report).run(stop)


@contextlib.asynccontextmanager
async def _requests() -> AsyncIterator[BaseRequest]:
    """Give a connection of its own for the long poll."""
    async with FloodAwareRequest(connection_pool_size=1) as request:
        yield request


async def prepare(bot: Bot) -> None:
    """Take a webhook away, and tell Telegram the commands and the description in each language, where they changed."""
    try:
        await bot.delete_webhook()
        for language in LANGUAGES:
            code = None if language == DEFAULT else language
            await _tell_commands(bot, language, code)
            await _tell_description(bot, language, code)
    except TelegramError as error:
        log.warning("menu_not_set", reason=redacted(str(error)))


async def _tell_commands(bot: Bot, language: str, code: str | None) -> None:
    wanted = tuple(BotCommand(name, description) for name, description in menu(language))
    if await bot.get_my_commands(language_code=code) != wanted:
        await bot.set_my_commands(wanted, language_code=code)


async def _tell_description(bot: Bot, language: str, code: str | None) -> None:
    wanted = Words(language).plain("start.about")[:_DESCRIPTION]
    if (await bot.get_my_description(language_code=code)).description != wanted:
        await bot.set_my_description(wanted, language_code=code)


def webhook_secret(app: App) -> str:
    """Return the secret token by which a webhook's calls are known as Telegram's; follows from the home's secret."""
    return hmac.new(app.key(), b"telegram-webhook", hashlib.sha256).hexdigest()


async def set_webhook(desk: Desk, url: str, secret: str) -> None:
    """Let Telegram bring updates to `url` (https, port 443, 80, 88 or 8443) with a secret token of 1 to 256 characters.

    Raises:
        ConfigError: Telegram refuses the address.

    """
    try:
        await desk.bot.set_webhook(url, secret_token=secret, allowed_updates=list(ALLOWED))
    except TelegramError as error:
        raise ConfigError(f"Telegram refuses the webhook {url}: {redacted(str(error))}") from error


async def handle_webhook(desk: Desk, body: bytes, *, given: str | None, secret: str) -> HTTPStatus:
    """Handle the body of a webhook's POST; `given` is its header ``X-Telegram-Bot-Api-Secret-Token``.

    Return the status to answer with: 401 for a stranger, 400 for no JSON, 503 where it shall come again, else 200.
    """
    if not secret_matches(given, secret):
        return HTTPStatus.UNAUTHORIZED
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return HTTPStatus.BAD_REQUEST
    if not isinstance(update, dict):
        return HTTPStatus.BAD_REQUEST
    try:
        await handle_update(desk, update)
    except StoreError:
        log.exception("update_not_remembered")
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.OK
