"""People who talk with the bot: updates handed out by long poll with offsets, presses, edits, commands, members, files.

`talking(api)` teaches a `BotApi` the methods that a bot with subscribers uses, and returns the `Talk`. What a person
does (`say`, `press`, `member`) waits until the bot has confirmed the update by its next offset: not handled before.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from tests.botapi.server import TEXT, BotApi, chat_json, message_json
from tests.botapi.state import Chat, Refused, Sent

_MENU = 100
_UNCHANGED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


@dataclass(frozen=True, kw_only=True)
class Note:
    """A word that appeared over the talk after a press."""

    press_id: str
    text: str


@dataclass(kw_only=True)
class Talk:
    """A bot's talk with people. `patience` is how long a person waits for the bot, in seconds."""

    api: BotApi
    patience: float = 30.0
    waiting: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    files: list[tuple[int, bytes]] = field(default_factory=list)
    deleted: set[tuple[int, int]] = field(default_factory=set)
    edits: int = 0
    commands: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    webhook: str = ""
    admins: set[tuple[int, int]] = field(default_factory=set)
    transcript: list[str] = field(default_factory=list)
    _number: int = 1000
    _confirmed: int = 0
    _polls: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    # -- what people do ------------------------------------------------------------------------------------------------

    async def say(self, chat: int, text: str, *, user: int | None = None, language: str = "en", **more: Any) -> None:
        """Write to the bot, and wait until it was handled."""
        self.transcript.append(f"> {text}")
        await self.update(message=self._message(chat, user, language) | {"text": text} | more)

    async def press(self, chat: int, label: str, *, user: int | None = None, language: str = "en") -> None:
        """Press the button with this label (or whose label begins so) on the newest message that has it."""
        sent, button = self._button(chat, label)
        self.transcript.append(f"> [{button['text']}]")
        query = {
            "id": str(self._number * 7),
            "from": _person(user or chat, language),
            "chat_instance": "1",
            "data": button["callback_data"],
            "message": message_json(sent, self.api.chats),
        }
        await self.update(callback_query=query)

    async def member(self, chat: int, status: str) -> None:
        """Block the bot or let it back in (``kicked``, ``member``)."""
        change = {"user": self.api.me, "status": status, "until_date": 0}
        old = {"user": self.api.me, "status": "member"}
        told = {"chat": chat_json(self.api.chat(str(chat))), "from": _person(chat, "en"), "date": 1_790_000_000}
        await self.update(my_chat_member=told | {"old_chat_member": old, "new_chat_member": change})

    async def update(self, **kind: Any) -> None:
        """Hand any update to the bot, and wait until it was handled."""
        number = self.enqueue(**kind)
        await self.handled(number)

    def enqueue(self, **kind: Any) -> int:
        """Hand any update to the bot; return its number."""
        self._number += 1
        self.waiting.append({"update_id": self._number} | kind)
        return self._number

    async def wake(self) -> None:
        """Let a waiting long poll see what was enqueued."""
        async with self._news:
            self._news.notify_all()

    async def handled(self, number: int) -> None:
        """Wait until the bot has confirmed an update."""
        async with self._news:
            self._news.notify_all()
            await asyncio.wait_for(self._news.wait_for(lambda: self._confirmed >= number), self.patience)

    # -- what people see -----------------------------------------------------------------------------------------------

    def shown(self, chat: int) -> list[Sent]:
        """Return the messages that a chat shows."""
        return [each for each in self.api.sent if each.chat_id == chat and (chat, each.message_id) not in self.deleted]

    def labels(self, sent: Sent) -> list[list[str]]:
        """Return the labels of a message's buttons."""
        return [[button["text"] for button in row] for row in _rows(sent)]

    def screen(self, chat: int) -> str:
        """Return the newest message of a chat with its buttons, as a person sees them."""
        return self.seen(self.shown(chat)[-1])

    def seen(self, sent: Sent) -> str:
        """Return a message with its buttons, as a person sees them."""
        buttons = "".join(f"\n  {' '.join(f'[{label}]' for label in row)}" for row in self.labels(sent))
        picture = "(picture)\n" if sent.photo else ""
        return f"{picture}{sent.text}{buttons}"

    def _button(self, chat: int, label: str) -> tuple[Sent, dict[str, Any]]:
        for sent in reversed(self.shown(chat)):
            buttons = [button for row in _rows(sent) for button in row]
            exact = [each for each in buttons if each["text"].removeprefix("● ") == label]
            near = [each for each in buttons if each["text"].removeprefix("● ").startswith(label)]
            if found := exact or near:
                return sent, found[0]
        raise AssertionError(f"no button {label!r} in chat {chat}: {[self.labels(each) for each in self.shown(chat)]}")

    def _message(self, chat: int, user: int | None, language: str) -> dict[str, Any]:
        known = self.api.chat(str(chat))
        return {
            "message_id": 500_000 + self._number,
            "date": 1_790_000_000,
            "chat": chat_json(known),
            "from": _person(user or abs(chat), language),
        }

    # -- the methods ---------------------------------------------------------------------------------------------------

    async def get_updates(self, parameters: dict[str, str]) -> Any:
        """Hold the request until there is something, or its time is over; a second one ends the first with 409."""
        if self.webhook:
            raise Refused(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        offset = int(parameters.get("offset", "0"))
        async with self._news:
            self._polls += 1
            mine = self._polls
            if offset > 0:
                self._confirmed = max(self._confirmed, offset - 1)
                self.waiting = [each for each in self.waiting if each["update_id"] >= offset]
            self._news.notify_all()
            try:
                await asyncio.wait_for(
                    self._news.wait_for(lambda: bool(self.waiting) or self._polls != mine),
                    min(50, int(parameters.get("timeout", "0"))) or 0.001,
                )
            except TimeoutError:
                return []
            if self._polls != mine:
                raise Refused(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )
            return self.waiting[: min(100, int(parameters.get("limit", "100")))]

    async def answer_callback_query(self, parameters: dict[str, str]) -> Any:
        """Take the word that appears after a press."""
        text = parameters.get("text", "")
        if len(text) > 200:
            raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
        if not parameters.get("callback_query_id"):
            raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.notes.append(Note(press_id=parameters["callback_query_id"], text=text))
        if text:
            self.transcript.append(f"({text})")
        return True

    async def edit_message_text(self, parameters: dict[str, str]) -> Any:
        """Change a message in place, its buttons too."""
        chat, number = self.api.chat(parameters.get("chat_id", "")), int(parameters.get("message_id", "0"))
        places = [at for at, each in enumerate(self.api.sent) if (each.chat_id, each.message_id) == (chat.id, number)]
        if not places or (chat.id, number) in self.deleted:
            raise Refused(400, "Bad Request: message to edit not found")
        old = self.api.sent[places[0]]
        if old.photo is not None:
            raise Refused(400, "Bad Request: there is no text in the message to edit")
        parsed = self.api._text(parameters, "text", TEXT, empty="Bad Request: message text is empty")
        markup = parameters.get("reply_markup", "")
        if (parsed.text, parsed.entities, markup) == (old.text, old.entities, old.asked.get("reply_markup", "")):
            raise Refused(400, _UNCHANGED)
        new = {"text": parsed.text, "entities": parsed.entities, "lost_links": parsed.lost_links, "asked": parameters}
        self.api.sent[places[0]] = changed = Sent(**(old.__dict__ | new))
        self.edits += 1
        self._record("edited", changed)
        return message_json(changed, self.api.chats)

    async def delete_message(self, parameters: dict[str, str]) -> Any:
        """Take a message away."""
        key = (self.api.chat(parameters.get("chat_id", "")).id, int(parameters.get("message_id", "0")))
        if key in self.deleted or key not in {(each.chat_id, each.message_id) for each in self.api.sent}:
            raise Refused(400, "Bad Request: message to delete not found")
        self.deleted.add(key)
        return True

    async def send_message(self, parameters: dict[str, str]) -> Any:
        """Send a message, and note it in the transcript."""
        result = await self.api._send_message(parameters)
        self._record("sent", self.api.sent[-1])
        return result

    async def send_photo(self, parameters: dict[str, Any]) -> Any:
        """Send a picture, and note it in the transcript."""
        result = await self.api._send_photo(parameters)
        self._record("sent", self.api.sent[-1])
        return result

    async def send_document(self, parameters: dict[str, Any]) -> Any:
        """Send a file."""
        document = parameters.get("document")
        if not isinstance(document, bytes) or not document:
            raise Refused(400, "Bad Request: file must be non-empty")
        parsed = self.api._text(parameters, "caption", 1024, empty=None)
        sent = self.api._accept("sendDocument", parameters, parsed)
        self.files.append((sent.chat_id, document))
        told: dict[str, Any] = message_json(sent, self.api.chats)
        told.pop("text", None)
        file = {"file_id": "d1", "file_unique_id": "d1", "file_name": "file"}
        return told | {"caption": parsed.text, "document": file}

    async def get_chat_member(self, parameters: dict[str, str]) -> Any:
        """Say what a person is in a chat."""
        chat, user = self.api.chat(parameters.get("chat_id", "")), int(parameters.get("user_id", "0"))
        rights = dict.fromkeys(_RIGHTS, True)
        if (chat.id, user) in self.admins:
            return {"status": "administrator", "user": _person(user, "en"), "can_be_edited": False} | rights
        return {"status": "member", "user": _person(user, "en")}

    async def set_my_commands(self, parameters: dict[str, str]) -> Any:
        """Take the menu of a language."""
        commands = json.loads(parameters.get("commands", "[]"))
        if len(commands) > _MENU or any(not 1 <= len(each["description"]) <= 256 for each in commands):
            raise Refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        if any(not each["command"].islower() or len(each["command"]) > 32 for each in commands):
            raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands[parameters.get("language_code", "")] = commands
        return True

    async def get_my_commands(self, parameters: dict[str, str]) -> Any:
        """Return the menu of a language."""
        return self.commands.get(parameters.get("language_code", ""), [])

    async def set_my_description(self, parameters: dict[str, str]) -> Any:
        """Take what an empty chat shows."""
        if len(parameters.get("description", "")) > 512:
            raise Refused(400, "Bad Request: DESCRIPTION_TOO_LONG")
        self.descriptions[parameters.get("language_code", "")] = parameters.get("description", "")
        return True

    async def get_my_description(self, parameters: dict[str, str]) -> Any:
        """Return what an empty chat shows."""
        return {"description": self.descriptions.get(parameters.get("language_code", ""), "")}

    async def set_webhook(self, parameters: dict[str, str]) -> Any:
        """Take a webhook's address."""
        if not parameters.get("url", "").startswith("https://"):
            raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = parameters["url"]
        return True

    async def delete_webhook(self, parameters: dict[str, str]) -> Any:
        """Take the webhook away."""
        self.webhook = ""
        return True

    def _record(self, how: str, sent: Sent) -> None:
        self.transcript.append(f"< {'(edited in place)' + chr(10) if how == 'edited' else ''}{self.seen(sent)}")


_RIGHTS = (
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)


def talking(api: BotApi, *, patience: float = 30.0) -> Talk:
    """Teach a server to talk with people."""
    talk = Talk(api=api, patience=patience)
    api.methods |= {
        "getUpdates": talk.get_updates,
        "answerCallbackQuery": talk.answer_callback_query,
        "editMessageText": talk.edit_message_text,
        "deleteMessage": talk.delete_message,
        "sendMessage": talk.send_message,
        "sendPhoto": talk.send_photo,
        "sendDocument": talk.send_document,
        "getChatMember": talk.get_chat_member,
        "setMyCommands": talk.set_my_commands,
        "getMyCommands": talk.get_my_commands,
        "setMyDescription": talk.set_my_description,
        "getMyDescription": talk.get_my_description,
        "setWebhook": talk.set_webhook,
        "deleteWebhook": talk.delete_webhook,
    }
    return talk


def group(api: BotApi, number: int = -100_500, title: str = "A group") -> Chat:
    """Let there be a group."""
    return api.add(Chat(id=number, type="supergroup", title=title))


def _person(number: int, language: str) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": f"Reader {number}", "language_code": language}


def _rows(sent: Sent) -> list[list[dict[str, Any]]]:
    source = sent.asked.get("reply_markup")
    rows: list[list[dict[str, Any]]] = json.loads(source).get("inline_keyboard", []) if source else []
    return rows
