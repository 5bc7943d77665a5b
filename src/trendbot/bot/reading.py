"""An update of the Bot API, as JSON → what is asked of the bot. Hostile: nothing in it is trusted, nothing raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from trendbot.core.buttons import Press, read_press
from trendbot.core.limits import plain_line

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?\Z", re.DOTALL)
_LONGEST = 400
_GROUPS = ("group", "supergroup")
_INSIDE = frozenset(("member", "administrator", "creator", "restricted"))


class What(StrEnum):
    """The kinds of update that the bot answers."""

    COMMAND = "command"
    TEXT = "text"
    PRESS = "press"
    LEFT = "left"
    BACK = "back"
    MOVED = "moved"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is asked: in which chat, by whom, and what.

    `words` are a command's words or the text; `press` with `press_id` and `message_id` a pressed button and its
    message; `moved_to` the chat that a group became. `anonymous`: an administrator who writes as the group.
    """

    update_id: int
    what: What
    chat: str
    group: bool
    user: int | None
    language: str
    command: str = ""
    words: str = ""
    press: Press | None = None
    press_id: str = ""
    message_id: int | None = None
    moved_to: str = ""
    anonymous: bool = False


def read_update(update: Mapping[str, Any], *, username: str) -> Ask | None:
    """Return what an update asks, or None where it asks nothing of us (other bots' commands, channels, services)."""
    try:
        return _read(update, username)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def update_id_of(update: Mapping[str, Any]) -> int | None:
    """Return an update's number, or None where it has none."""
    number = update.get("update_id")
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**62 else None


def _read(update: Mapping[str, Any], username: str) -> Ask | None:
    number = update_id_of(update)
    if number is None:
        return None
    if isinstance(update.get("callback_query"), dict):
        return _pressed(number, update["callback_query"])
    if isinstance(update.get("my_chat_member"), dict):
        return _member(number, update["my_chat_member"])
    if isinstance(update.get("message"), dict):
        return _message(number, update["message"], username)
    return None


def _pressed(number: int, query: Mapping[str, Any]) -> Ask | None:
    message = query["message"]
    return _ask(
        number,
        What.PRESS,
        message["chat"],
        query["from"],
        press=read_press(str(query.get("data", ""))[:_LONGEST]),
        press_id=str(query["id"])[:64],
        message_id=int(message["message_id"]),
    )


def _member(number: int, change: Mapping[str, Any]) -> Ask | None:
    inside = change["new_chat_member"]["status"] in _INSIDE
    return _ask(number, What.BACK if inside else What.LEFT, change["chat"], change["from"])


def _message(number: int, message: Mapping[str, Any], username: str) -> Ask | None:
    chat, user = message["chat"], message.get("from") or {}
    if "migrate_to_chat_id" in message:
        return _ask(number, What.MOVED, chat, user, moved_to=str(int(message["migrate_to_chat_id"])))
    text = message.get("text")
    if not isinstance(text, str) or chat["type"] == "channel" or user.get("is_bot") is True:
        return None
    sender = message.get("sender_chat")
    anonymous = isinstance(sender, dict) and sender.get("id") == chat["id"]
    match = _COMMAND.match(text[: _LONGEST * 2])
    if match is None:
        return _ask(number, What.TEXT, chat, user, words=plain_line(text, _LONGEST), anonymous=anonymous)
    if match[2] and match[2].lower() != username.lower():
        return None
    words = plain_line(match[3] or "", _LONGEST)
    return _ask(number, What.COMMAND, chat, user, command=match[1].lower(), words=words, anonymous=anonymous)


def _ask(number: int, what: What, chat: Mapping[str, Any], user: Mapping[str, Any], **more: Any) -> Ask | None:
    number_of_chat = int(chat["id"])
    if chat.get("type") not in (*_GROUPS, "private") or not 0 < abs(number_of_chat) < 2**62:
        return None
    who = user.get("id")
    return Ask(
        update_id=number,
        what=what,
        chat=str(number_of_chat),
        group=chat["type"] in _GROUPS,
        user=who if isinstance(who, int) else None,
        language=str(user.get("language_code") or "")[:16],
        **more,
    )
