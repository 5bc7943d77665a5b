"""Telegram, by the Bot API: messages to chats, groups, channels and the topics of forums; edits of what was sent.

A message is sent once. What the server refuses is tried again only where another form of the same message may be taken:
HTML it cannot parse goes as plain text, a topic that is gone as General, buttons or a picture it dislikes are left out,
and a group that became another is followed. Nobody can look up whether a message arrived: hence the policy `hold`.

python-telegram-bot (LGPL-3.0) does the talking, and is imported when the first message is sent. Its rate limiter is
not used: one call's end re-opens its gate while another waits out a 429, and it knows no other process.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from trendbot.core.delivering import LostAnswer
from trendbot.core.limits import TELEGRAM_UNITS, read_telegram, shorten_units, telegram_length, utf16_length
from trendbot.errors import TransportError
from trendbot.logs import get_logger
from trendbot.transports.base import Budget, Button, Message, Receipt

if TYPE_CHECKING:
    from telegram import Bot

log = get_logger(__name__)
T = TypeVar("T")

ALL = "tg:all"
OVERALL, CHAT, GROUP = 29.0, 1.0, 20 / 61
"""Messages a second: to everybody, to one chat, to one group or channel (20 a minute, and a second for the way)."""
BURST = 30
"""Messages that Telegram takes in any second, at the rate `OVERALL`."""
CAPTION_UNITS = 1024
_GROUPS = ("-", "@")


class TelegramTransport:
    """Speaks for one bot."""

    name = "telegram"
    policy = LostAnswer.HOLD
    harmless = False

    def __init__(
        self,
        *,
        token: str,
        base_url: str | None = None,
        rate: float = OVERALL,
        chat_rate: float = CHAT,
        group_rate: float = GROUP,
    ) -> None:
        """Speak with `token`; `base_url` is where the API is, without the token; rates are messages a second."""
        self._token, self._base_url = token, base_url
        self._rate, self._chat_rate, self._group_rate = rate, chat_rate, group_rate
        self._bot: Bot | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def budgets(self, message: Message) -> tuple[Budget, ...]:
        """Return the budget of the bot and that of the chat; groups and channels have the slower one."""
        rate = self._group_rate if message.address.startswith(_GROUPS) else self._chat_rate
        burst = math.ceil(BURST * self._rate / OVERALL)
        return Budget(key=ALL, rate=self._rate, burst=burst), Budget(key=f"tg:chat:{message.address}"[:96], rate=rate)

    async def send(self, message: Message) -> Receipt:
        """Send one message.

        Raises:
            ChannelError: the token is not known, or the bot may not post there.
            RecipientError: the chat is gone, or its person blocked the bot.
            TransportError: anything else; its attributes say what it means.

        """
        bot = await self._ready()
        return await _translating(lambda: self._in_some_form(bot, message))

    async def edit(self, message: Message, external_id: str) -> Receipt:
        """Put the message's body in place of what was sent as `external_id`; the same again is no error.

        Raises:
            TransportError: it cannot be changed.

        """
        bot = await self._ready()
        chat, number, photo = _read_id(external_id, message)
        return await _translating(lambda: self._edited(bot, message, chat, number, photo=photo))

    async def check(self, address: str) -> str:
        """Say who the bot is and what the chat of this address is called, without writing to it.

        Raises:
            TransportError: the token, the chat or the way there is not right.

        """
        bot = await self._ready()

        async def asked() -> str:
            me = await bot.get_me()
            if not address:
                return f"@{me.username}"
            chat = await bot.get_chat(_chat_id(address))
            return f"@{me.username} in {chat.type} {chat.effective_name or chat.id}"

        return await _translating(asked)

    async def close(self) -> None:
        """Close the connections; the next message opens them again."""
        bot, self._bot = self._bot, None
        if bot is not None:
            await bot.request.shutdown()

    # -- forms of a message --------------------------------------------------------------------------------------------

    async def _in_some_form(self, bot: Bot, message: Message) -> Receipt:
        """Send it as it is; where the server dislikes a part of it, once more without that part."""
        from telegram.error import BadRequest, ChatMigrated

        moved: str | None = None
        plain = False
        for _ in range(_FORMS):
            try:
                receipt = await self._sent(bot, message, plain=plain)
            except ChatMigrated as error:
                moved = str(error.new_chat_id)
                message = replace(message, address=moved)
            except BadRequest as error:
                simpler = _simpler(message, str(error), plain=plain)
                if simpler is None:
                    raise
                log.warning("telegram_refused_a_form", key=message.key, reason=str(error))
                message, plain = simpler
            else:
                return replace(receipt, moved_to=moved)
        raise TransportError("Telegram refused every form of the message", permanent=True)

    async def _sent(self, bot: Bot, message: Message, *, plain: bool) -> Receipt:
        common: dict[str, Any] = {
            "chat_id": _chat_id(message.address),
            "message_thread_id": message.topic,
            "disable_notification": message.silent,
            "reply_markup": _keyboard(message.buttons),
        }
        body, mode = _body(message, plain=plain)
        if message.photo is not None and telegram_length(body) <= CAPTION_UNITS:
            sent = await bot.send_photo(photo=message.photo, caption=body, parse_mode=mode, **common)
            return Receipt(external_id=f"{sent.chat_id}/{sent.message_id}/photo")
        sent = await bot.send_message(text=body, parse_mode=mode, link_preview_options=_no_preview(), **common)
        return Receipt(external_id=f"{sent.chat_id}/{sent.message_id}")

    async def _edited(self, bot: Bot, message: Message, chat: str, number: int, *, photo: bool) -> Receipt:
        from telegram.error import BadRequest

        from trendbot.transports.telegram_errors import UNCHANGED, UNPARSED

        same: dict[str, Any] = {"chat_id": _chat_id(chat), "message_id": number}
        same["reply_markup"] = _keyboard(message.buttons)
        for plain in (False, True):
            body, mode = _body(message, plain=plain)
            try:
                if photo:
                    await bot.edit_message_caption(caption=body, parse_mode=mode, **same)
                else:
                    preview = _no_preview()
                    await bot.edit_message_text(text=body, parse_mode=mode, link_preview_options=preview, **same)
            except BadRequest as error:
                if not UNCHANGED.search(str(error)) and (plain or not UNPARSED.search(str(error))):
                    raise
                if UNPARSED.search(str(error)):
                    continue
            break
        return Receipt(external_id=f"{chat}/{number}" + ("/photo" if photo else ""))

    async def _ready(self) -> Bot:
        if self._bot is None:
            from trendbot.transports.telegram_bot import make_bot

            self._bot = make_bot(self._token, self._base_url)
            await self._bot.request.initialize()  # the bot's own initialize() would ask getMe first
        return self._bot


_FORMS = 5
"""The message as it is; then without the topic, the buttons, the picture, the HTML: each once at most."""


async def _translating(call: Callable[[], Awaitable[T]]) -> T:
    """Make a call; whatever the library raises comes out in our words, its chain (which has the token) cut off."""
    from telegram.error import TelegramError

    from trendbot.transports.telegram_errors import translated

    try:
        return await call()
    except TelegramError as error:
        ours = translated(error)
    raise ours


def _simpler(message: Message, reason: str, *, plain: bool) -> tuple[Message, bool] | None:
    """Return the message without what the server dislikes, and whether it goes as plain text, or None."""
    from trendbot.transports.telegram_errors import BUTTONS, PHOTO, TOPIC, UNPARSED

    if not plain and UNPARSED.search(reason):
        return message, True
    if message.topic is not None and TOPIC.search(reason):
        return replace(message, topic=None), plain
    if message.buttons and BUTTONS.search(reason):
        return replace(message, buttons=()), plain
    if message.photo is not None and PHOTO.search(reason):
        return replace(message, photo=None), plain
    return None


def _body(message: Message, *, plain: bool) -> tuple[str, str | None]:
    """Return the text with what the last digest missed named at its top, and how it is to be read."""
    body = message.body
    if message.preface:
        longer = f"{message.preface}\n\n{body}"
        body = longer if telegram_length(longer) <= TELEGRAM_UNITS else body
    if not plain:
        return body, "HTML"
    text = read_telegram(body).text
    return text if utf16_length(text) <= TELEGRAM_UNITS else shorten_units(text, TELEGRAM_UNITS), None


def _keyboard(rows: tuple[tuple[Button, ...], ...]) -> Any:
    if not rows:
        return None
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(each.text, url=each.url, callback_data=each.data) for each in row] for row in rows]
    )


def _no_preview() -> Any:
    from telegram import LinkPreviewOptions

    return LinkPreviewOptions(is_disabled=True)


def _chat_id(address: str) -> int | str:
    return address if address.startswith("@") else int(address)


def _read_id(external_id: str, message: Message) -> tuple[str, int, bool]:
    """Read ``chat/message`` or ``chat/message/photo``.

    Raises:
        TransportError: it is none of ours.

    """
    parts = external_id.split("/")
    if len(parts) < 2 or not parts[1].isdecimal():  # noqa: PLR2004
        raise TransportError(f"{external_id!r} names no message of Telegram ({message.key})", permanent=True)
    return parts[0], int(parts[1]), parts[-1] == "photo"


def flood_seconds(payload: bytes) -> float:
    """Return the seconds that a 429 asks for; 5 where it names none."""
    try:
        return max(1.0, float(json.loads(payload)["parameters"]["retry_after"]))
    except (ValueError, KeyError, TypeError):
        return 5.0
