"""The desk: an update comes in, the right handler answers it, and it is remembered as handled.

An update is handled at least once: it is remembered after its answer went out, and what a handler does is written so
that doing it again changes nothing (buttons say what shall be). So a process killed anywhere between loses no wish; at
worst an answer is given twice.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from telegram.error import Forbidden, TelegramError

from trendbot.bot import coming, news, reasons, screens, wishes
from trendbot.bot.answers import Answer, Post, Toast, answer
from trendbot.bot.reading import Ask, What, read_update, update_id_of
from trendbot.bot.sending import Courier
from trendbot.bot.visit import House, Visit, load_visit
from trendbot.clock import Clock
from trendbot.core.buttons import Press
from trendbot.core.phrases import Words, prefixed
from trendbot.logs import get_logger
from trendbot.render.environment import Renderer
from trendbot.store import bot as memory
from trendbot.store.bot import Talk
from trendbot.store.database import Database, Session
from trendbot.transports.telegram_errors import redacted

if TYPE_CHECKING:
    from telegram import Bot

log = get_logger(__name__)

Handler = Callable[[Session, Visit], Answer]
Reader = Callable[[Database, Renderer, Visit], Answer]
_ADMINS = ("creator", "administrator")
_LOCKS = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Duty:
    """What an ask leads to: `act` in one transaction, then `read` beside the writer; `open` to everybody in a group."""

    act: Handler | None = None
    read: Reader | None = None
    open: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What handling needs: the bot and its name, the database, what all visits share."""

    bot: Bot
    username: str
    database: Database
    renderer: Renderer
    clock: Clock
    house: House
    courier: Courier
    locks: tuple[asyncio.Lock, ...] = field(default_factory=lambda: tuple(asyncio.Lock() for _ in range(_LOCKS)))

    def lock(self, chat: str) -> asyncio.Lock:
        """Return the lock under which a chat's updates are handled one after the other."""
        return self.locks[hash(chat) % _LOCKS]


async def handle_update(desk: Desk, update: Mapping[str, Any]) -> bool:
    """Handle one update of the Bot API, as JSON; the same again does nothing. Return whether it asked anything of us.

    Nothing raises but a database that cannot be written: an update that breaks its handler is logged, answered with a
    word of regret, and done with.

    Raises:
        StoreError: the update could not be remembered; it is to be handed out again.

    """
    number = update_id_of(update)
    if number is None:
        return False
    ask = read_update(update, username=desk.username)
    async with desk.lock(ask.chat if ask else ""):
        if desk.database.read(memory.was_handled, number, now=desk.clock()):
            return False
        if ask is not None:
            await _handled(desk, ask)
        await desk.database.run(memory.note_handled, number, now=desk.clock())
    return ask is not None


def secret_matches(given: str | None, secret: str) -> bool:
    """Say whether a webhook's ``X-Telegram-Bot-Api-Secret-Token`` is ours; compared in constant time."""
    return hmac.compare_digest((given or "").encode(), secret.encode())


async def _handled(desk: Desk, ask: Ask) -> None:
    talk = desk.database.read(memory.talk_with, ask.chat)
    try:
        found = await _answer(desk, ask, talk)
        after = await desk.courier.carry(ask, found, talk)
        if after != talk and not _gone(ask):
            await desk.database.run(memory.put_talk, ask.chat, after, now=desk.clock())
    except Forbidden as error:
        log.info("reply_forbidden", reason=redacted(str(error)))
    except TelegramError as error:
        log.warning("reply_failed", what=ask.what, command=ask.command, reason=redacted(str(error)))
    except Exception:
        log.exception("update_broke", what=ask.what, command=ask.command)
        await _regret(desk, ask, talk)


def _gone(ask: Ask) -> bool:
    """Say whether the talk is over: nothing is to be remembered of it."""
    return ask.press is not None and ask.press.name == "forget" and ask.press.text(0) == "yes"


async def _regret(desk: Desk, ask: Ask, talk: Talk) -> None:
    try:
        sorry = Words(ask.language).say("broken")
        await desk.courier.carry(ask, answer(Post(text=sorry)), talk)
    except Exception:
        log.exception("regret_broke")


async def _answer(desk: Desk, ask: Ask, talk: Talk) -> Answer:
    duty = duty_of(ask, talk)
    if duty is None:
        return answer()
    if ask.group and not duty.open and not await _may(desk, ask):
        words = Words(ask.language)
        if ask.what is What.PRESS:
            return answer(Toast(text=words.plain("admins.only")))
        return answer(Post(text=words.say("start.group") if ask.command == "start" else words.say("admins.only")))
    found = answer()
    if duty.act is not None:
        found = await desk.database.run(_act, duty.act, ask, desk.house, talk, desk.clock())
    if duty.read is not None:
        visit = desk.database.read(load_visit, ask, house=desk.house, talk=talk, now=desk.clock())
        more = await asyncio.to_thread(duty.read, desk.database, desk.renderer, visit)
        found = replace(found, outputs=(*found.outputs, *more.outputs))
    return found


def _act(session: Session, act: Handler, ask: Ask, house: House, talk: Talk, now: datetime) -> Answer:
    """Load the visit and let the handler act: one transaction."""
    return act(session, load_visit(session, ask, house=house, talk=talk, now=now))


def duty_of(ask: Ask, talk: Talk) -> Duty | None:
    """Return what an ask leads to, or None where it is none of our business (talk among people in a group)."""
    if ask.what is What.COMMAND:
        return COMMANDS.get(ask.command) or (None if ask.group else _UNKNOWN)
    if ask.what is What.PRESS:
        press = ask.press or Press(name="")
        return (SCREENS.get(press.text(0)) if press.name == "go" else PRESSES.get(press.name)) or _SETTINGS
    if ask.what is What.TEXT:
        if ask.group:
            return None
        return COMMANDS["timezone"] if talk.expects == wishes.ZONE else _UNKNOWN
    return EVENTS[ask.what]


async def _may(desk: Desk, ask: Ask) -> bool:
    """Say whether who asks is an administrator of the group."""
    if ask.anonymous:
        return True
    if ask.user is None:
        return False
    try:
        member = await desk.bot.get_chat_member(int(ask.chat), ask.user)
    except TelegramError as error:
        log.info("member_unknown", reason=redacted(str(error)))
        return False
    return member.status in _ADMINS


# -- who answers what --------------------------------------------------------------------------------------------------


def _screen(show: wishes.Screen) -> Duty:
    return Duty(act=lambda session, visit: wishes.opened(session, visit, show))


def _settings(session: Session, visit: Visit) -> Answer:  # noqa: ARG001  (as every handler)
    return answer(screens.settings(visit))


def _privacy(session: Session, visit: Visit) -> Answer:  # noqa: ARG001
    return answer(Post(text=visit.words.say("privacy.text")))


def _help(session: Session, visit: Visit) -> Answer:  # noqa: ARG001
    return answer(Post(text=visit.words.say("help.text", brand=visit.house.brand)))


def _unknown(session: Session, visit: Visit) -> Answer:  # noqa: ARG001
    """Answer what nobody knows with a short word of what there is."""
    if visit.ask.command:
        return answer(Post(text=visit.words.say("unknown.command", command=visit.ask.command)))
    return answer(Post(text=visit.words.say("unknown.text")))


_UNKNOWN = Duty(act=_unknown)
_SETTINGS = Duty(act=_settings)
_LATEST = Duty(read=news.latest, open=True)
_TASTE = Duty(act=reasons.more_or_less)

COMMANDS: Mapping[str, Duty] = {
    "start": Duty(act=coming.start),
    "themes": _screen(screens.themes),
    "when": Duty(act=wishes.when_said),
    "timezone": Duty(act=wishes.zone_said),
    "quiet": Duty(act=wishes.quiet_said),
    "pause": _screen(screens.pause),
    "latest": _LATEST,
    "trends": Duty(read=lambda database, _, visit: news.rising(database, visit), open=True),
    "search": Duty(read=lambda database, _, visit: news.search(database, visit), open=True),
    "why": Duty(act=reasons.why, open=True),
    "more": _TASTE,
    "less": _TASTE,
    "feed": Duty(act=coming.feed),
    "settings": _SETTINGS,
    "export": Duty(act=coming.export),
    "stop": Duty(act=coming.stop),
    "forget": Duty(act=coming.forget),
    "privacy": Duty(act=_privacy, open=True),
    "help": Duty(act=_help, open=True),
}
"""Every command; ``core/phrases`` has its line in the menu under ``command.…``."""

SCREENS: Mapping[str, Duty] = {
    "themes": _screen(screens.themes),
    "when": _screen(screens.when),
    "zone": Duty(act=wishes.zone_asked),
    "quiet": _screen(screens.quiet),
    "pause": _screen(screens.pause),
    "language": _screen(screens.language),
    "settings": _SETTINGS,
}
"""What the buttons ``go:…`` show."""

PRESSES: Mapping[str, Duty] = {
    "ok": Duty(act=coming.agreed, read=news.latest),
    "theme": Duty(act=wishes.theme),
    "cadence": Duty(act=wishes.cadence),
    "hour": Duty(act=wishes.hour),
    "weekday": Duty(act=wishes.weekday),
    "alerts": Duty(act=wishes.alerts),
    "zone": Duty(act=wishes.zone),
    "quiet": Duty(act=wishes.quiet),
    "pause": Duty(act=wishes.pause),
    "resume": Duty(act=wishes.resume),
    "language": Duty(act=wishes.language),
    "forget": Duty(act=coming.forgotten),
    "latest": _LATEST,
    "why": Duty(act=reasons.why, open=True),
    "taste": _TASTE,
    "say": Duty(act=reasons.say),
    "rate": Duty(act=reasons.rate),
}
"""What every other button does."""

EVENTS: Mapping[What, Duty] = {
    What.LEFT: Duty(act=coming.left, open=True),
    What.BACK: Duty(act=coming.back, open=True),
    What.MOVED: Duty(act=coming.moved, open=True),
}


def menu(language: str) -> list[tuple[str, str]]:
    """Return the commands with their descriptions, as the menu of a language shows them."""
    words = Words(language)
    return [(name, words.plain(f"command.{name}")) for name in prefixed("command.")]
