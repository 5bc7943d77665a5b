"""Carrying out answers: the screen edited in place, messages that stay, pictures, files, short words.

Replies have a small budget of their own beside the outbox's, so that a broadcast does not make a person wait, and both
together stay below what Telegram allows. A 429 is obeyed by everybody. HTML that the server refuses is sent once more
as plain text. What cannot be answered at all (the person blocked us meanwhile) is logged and passed over.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions
from telegram.error import BadRequest, Forbidden

from trendbot.bot.answers import Answer, File, Output, Photo, Post, Show, Toast
from trendbot.bot.reading import Ask, What
from trendbot.core.buttons import Rows
from trendbot.core.limits import read_telegram
from trendbot.logs import get_logger
from trendbot.store import rates
from trendbot.store.bot import Talk
from trendbot.store.database import Database
from trendbot.transports.telegram_errors import UNCHANGED, UNPARSED, Flood

if TYPE_CHECKING:
    from telegram import Bot

log = get_logger(__name__)
T = TypeVar("T")

REPLIES = "tg:replies"
"""The name of the budget of replies."""
SHARED = {REPLIES: rates.Ring(name="tg:all", most=30)}
"""What Telegram takes of the bot in any second, replies and the outbox together."""
_TRIES = 4
_LONGEST_FLOOD = 60.0
_TOAST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Messages a second: replies to everybody, and to one chat. With the outbox's they stay within what is taken."""

    replies: float = 3.0
    chat: float = 1.0


class Courier:
    """Sends answers at a pace; `sleep` waits, and may be a test's own."""

    def __init__(
        self,
        bot: Bot,
        database: Database,
        *,
        pace: Pace | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.bot, self.database, self.pace, self.sleep = bot, database, pace or Pace(), sleep

    async def carry(self, ask: Ask, answer: Answer, talk: Talk) -> Talk:
        """Carry out an answer; return where the talk is then."""
        screen = talk.screen_id
        await self._acknowledge(ask, answer)
        for output in answer.outputs:
            if isinstance(output, Show):
                screen = await self._show(ask, output, screen)
            else:
                await self._send(ask, output)
        return Talk(expects=answer.expects, screen_id=screen)

    async def _acknowledge(self, ask: Ask, answer: Answer) -> None:
        """Answer the press itself, so that the button stops turning; too late is no harm."""
        if ask.what is not What.PRESS:
            return
        said = next((each.text for each in answer.outputs if isinstance(each, Toast)), None)
        try:
            await self._call(lambda: self.bot.answer_callback_query(ask.press_id, text=said[:_TOAST] if said else None))
        except BadRequest as error:
            log.info("press_not_acknowledged", reason=str(error))

    async def _show(self, ask: Ask, show: Show, screen: int | None) -> int | None:
        """Edit the screen where its own button was pressed; else send it anew, in place of the old one."""
        if ask.what is What.PRESS and ask.message_id == screen and screen is not None:
            if await self._edited(ask, show, screen):
                return screen
        elif screen is not None:
            await self._remove(ask, screen)
        sent = await self._message(ask, show.text, show.rows)
        return sent.message_id if sent else None

    async def _edited(self, ask: Ask, show: Show, screen: int) -> bool:
        try:
            await self._call(
                lambda: self.bot.edit_message_text(
                    show.text,
                    chat_id=int(ask.chat),
                    message_id=screen,
                    parse_mode="HTML",
                    reply_markup=keyboard(show.rows),
                    link_preview_options=_NO_PREVIEW,
                )
            )
        except BadRequest as error:
            return bool(UNCHANGED.search(str(error)))
        return True

    async def _remove(self, ask: Ask, screen: int) -> None:
        """Take the old screen away, or leave it where the server does not let us."""
        try:
            await self._call(lambda: self.bot.delete_message(int(ask.chat), screen))
        except (BadRequest, Forbidden) as error:
            log.info("old_screen_stays", reason=str(error))

    async def _send(self, ask: Ask, output: Output) -> None:
        if isinstance(output, Post):
            await self._message(ask, output.text, output.rows)
        elif isinstance(output, Photo):
            await self._turn(ask)
            photo, caption = output.png, output.caption
            await self._call(lambda: self.bot.send_photo(int(ask.chat), photo, caption=caption, parse_mode="HTML"))
        elif isinstance(output, File):
            await self._turn(ask)
            file, caption = InputFile(output.data, filename=output.name), output.caption
            await self._call(lambda: self.bot.send_document(int(ask.chat), file, caption=caption, parse_mode="HTML"))

    async def _message(self, ask: Ask, text: str, rows: Rows) -> Any:
        await self._turn(ask)
        try:
            return await self._call(lambda: self._plain_or_not(ask, text, "HTML", rows))
        except BadRequest as error:
            if not UNPARSED.search(str(error)):
                raise
            log.exception("reply_refused", reason=str(error))
            seen = html.unescape(read_telegram(text).text)[:_FALLBACK]
            return await self._call(lambda: self._plain_or_not(ask, seen, None, rows))

    def _plain_or_not(self, ask: Ask, text: str, mode: str | None, rows: Rows) -> Awaitable[Any]:
        return self.bot.send_message(
            int(ask.chat), text, parse_mode=mode, reply_markup=keyboard(rows), link_preview_options=_NO_PREVIEW
        )

    async def _turn(self, ask: Ask) -> None:
        """Wait for a turn within the budget of replies and that of the chat."""
        wanted = [(REPLIES, self.pace.replies), (f"tg:chat:{ask.chat}", self.pace.chat)]
        while True:
            (turn,) = await self.database.run(rates.reserve, [wanted], rings=SHARED)
            if turn.wait > 0:
                await self.sleep(turn.wait)
            if turn.reserved:
                return

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call; wait out a 429 and make it again, a few times."""
        for _ in range(_TRIES):
            try:
                return await call()
            except Flood as flood:
                if flood.seconds > _LONGEST_FLOOD:
                    raise
                await self.database.run(rates.pause, [REPLIES], flood.seconds)
                await self.sleep(flood.seconds)
        return await call()


_FALLBACK = 4000
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def keyboard(rows: Rows) -> InlineKeyboardMarkup | None:
    """Return buttons as the library has them."""
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(each.text, url=each.url, callback_data=each.data) for each in row] for row in rows]
    )
