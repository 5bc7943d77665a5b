"""The server itself: `async with bot_api() as api:`; `api.base_url` is what python-telegram-bot is given.

Methods are looked up in `api.methods`, name → handler taking the call's parameters; a test module may add its own. A
handler returns the result, or raises `Refused`. `api.sent` holds every message that was accepted, in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from typing import Any

from aiohttp import web
from tests.botapi import state
from tests.botapi.limits import Limits
from tests.botapi.markup import TAKE_EFFECT, Parsed, parse, units
from tests.botapi.state import Chat, Fault, Kind, Refused, Sent

TOKEN = "123456789:AAF-loopback_token-of-35-characters"
Handler = Callable[[dict[str, str]], Awaitable[Any]]
TEXT, CAPTION, BUTTONS, DATA = 4096, 1024, 100, 64


class BotApi:
    """A bot's server. Chats that are not known exist as private ones that were started, unless `strict_chats`."""

    def __init__(self, *, limits: Limits | None = None, token: str = TOKEN, strict_chats: bool = False) -> None:
        self.token, self.limits, self.strict_chats = token, limits or Limits(), strict_chats
        self.me = {"id": 123456789, "is_bot": True, "first_name": "Loopback", "username": "loopback_bot"}
        self.chats: dict[int, Chat] = {}
        self.sent: list[Sent] = []
        self.calls: Counter[str] = Counter()
        self.faults: deque[Fault | None] = deque()
        self.fault_of: Callable[[str, dict[str, str]], Fault | None] = lambda _method, _parameters: None
        self.refused: list[tuple[str, Refused, dict[str, str]]] = []
        self.base_url = ""
        self.methods: dict[str, Handler] = {
            "getMe": self._get_me, "getChat": self._get_chat, "getChatMember": self._get_chat_member,
            "sendMessage": self._send_message, "sendPhoto": self._send_photo,
            "editMessageText": self._edit_text, "editMessageCaption": self._edit_text,
        }  # fmt: skip

    def add(self, chat: Chat) -> Chat:
        """Let a chat be known."""
        self.chats[chat.id] = chat
        return chat

    def to(self, chat_id: int) -> list[str]:
        """Return the texts that a chat got, in order."""
        return [sent.text for sent in self.sent if sent.chat_id == chat_id]

    def chat(self, chat_id: str) -> Chat:
        """Find a chat by its id or @username.

        Raises:
            Refused: 400, there is none.

        """
        if chat_id.startswith("@"):
            named = [chat for chat in self.chats.values() if chat.username == chat_id[1:]]
            if not named:
                raise state.NO_CHAT
            return named[0]
        if not chat_id.lstrip("-").isdecimal():
            raise Refused(400, "Bad Request: chat_id is empty" if not chat_id else "Bad Request: chat not found")
        known = self.chats.get(int(chat_id))
        if known is None and (self.strict_chats or int(chat_id) < 0):
            raise state.NO_CHAT
        return known or self.add(Chat(id=int(chat_id)))

    # -- HTTP ----------------------------------------------------------------------------------------------------------

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        if not request.path.startswith(f"/bot{self.token}/"):
            return _failure(Refused(401, "Unauthorized"))
        method = request.path.rpartition("/")[2]
        try:
            parameters = await _parameters(request)
        except ConnectionError:  # who asked was killed
            return web.Response()
        self.calls[method] += 1
        handler = self.methods.get(method)
        if handler is None:
            return _failure(Refused(404, "Not Found: method not found"))
        fault = (self.faults.popleft() if self.faults else None) or self.fault_of(method, parameters)
        if fault is None:
            return await self._call(method, handler, parameters)
        return await self._faulty(fault, request, method, handler, parameters)

    async def _call(self, method: str, handler: Handler, parameters: dict[str, Any]) -> web.Response:
        try:
            return _success(await handler(parameters))
        except Refused as refused:
            self.refused.append((method, refused, parameters))
            return _failure(refused)

    async def _faulty(
        self, fault: Fault, request: web.Request, method: str, handler: Handler, parameters: dict[str, Any]
    ) -> web.StreamResponse:
        if fault.kind is Kind.ANSWER:
            assert fault.refused
            self.refused.append((method, fault.refused, parameters))
            return _failure(fault.refused)
        if fault.kind is Kind.DROP_BEFORE:
            return _dropped(request)
        answer = await self._call(method, handler, parameters)
        if fault.kind is Kind.DROP_AFTER:
            return _dropped(request)
        if fault.kind is Kind.GARBAGE:
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        await asyncio.sleep(fault.seconds)
        return answer

    # -- methods -------------------------------------------------------------------------------------------------------

    async def _get_me(self, parameters: dict[str, str]) -> Any:
        return self.me | {"can_join_groups": True, "can_read_all_group_messages": False}

    async def _get_chat(self, parameters: dict[str, str]) -> Any:
        chat = self.chat(parameters.get("chat_id", ""))
        return chat_json(chat) | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}

    async def _get_chat_member(self, parameters: dict[str, str]) -> Any:
        chat = self.chat(parameters.get("chat_id", ""))
        return {"status": "kicked" if chat.refuses else "member", "user": self.me, "until_date": 0}

    async def _send_message(self, parameters: dict[str, str]) -> Any:
        parsed = self._text(parameters, "text", TEXT, empty="Bad Request: message text is empty")
        return message_json(self._accept("sendMessage", parameters, parsed), self.chats)

    async def _send_photo(self, parameters: dict[str, Any]) -> Any:
        parsed = self._text(parameters, "caption", CAPTION, empty=None)
        photo = parameters.get("photo")
        if not isinstance(photo, bytes) or not photo.startswith(b"\x89PNG"):
            raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
        return message_json(self._accept("sendPhoto", parameters, parsed, photo=photo), self.chats)

    async def _edit_text(self, parameters: dict[str, str]) -> Any:
        chat = self.chat(parameters.get("chat_id", ""))
        number = int(parameters.get("message_id", "0"))
        places = [at for at, one in enumerate(self.sent) if (one.chat_id, one.message_id) == (chat.id, number)]
        if not places:
            raise Refused(400, "Bad Request: message to edit not found")
        old = self.sent[places[0]]
        field, limit = ("caption", CAPTION) if old.photo else ("text", TEXT)
        parsed = self._text(parameters, field, limit, empty="Bad Request: message text is empty")
        if (parsed.text, parsed.entities) == (old.text, old.entities):
            raise Refused(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        new = {"text": parsed.text, "entities": parsed.entities, "lost_links": parsed.lost_links}
        self.sent[places[0]] = Sent(**(old.__dict__ | new))
        return message_json(self.sent[places[0]], self.chats)

    def _text(self, parameters: dict[str, str], field: str, limit: int, *, empty: str | None) -> Parsed:
        source = parameters.get(field, "")
        mode = parameters.get("parse_mode", "")
        if mode and mode.lower() != "html":
            raise Refused(400, "Bad Request: unsupported parse_mode")
        parsed = parse(source) if mode else Parsed(text=source.strip(), entities=[], lost_links=[])
        if not parsed.text and empty:
            raise Refused(400, empty)
        if units(parsed.text) > limit:
            raise Refused(400, f"Bad Request: {'message caption' if field == 'caption' else 'message'} is too long")
        check_markup(parameters.get("reply_markup"))
        return parsed

    def _accept(self, method: str, parameters: dict[str, str], parsed: Parsed, photo: bytes | None = None) -> Sent:
        chat = self.chat(parameters.get("chat_id", ""))
        if chat.moved_to:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved_to,
            )
        if chat.refuses:
            raise chat.refuses
        thread = _thread(chat, parameters)
        now = time.monotonic()
        self.limits.take(chat.id, group=chat.group, now=now)
        sent = Sent(
            chat_id=chat.id, message_id=len(self.sent) + 1, method=method, text=parsed.text,
            entities=parsed.entities[:TAKE_EFFECT], lost_links=parsed.lost_links, thread_id=thread, at=now,
            asked={name: value for name, value in parameters.items() if isinstance(value, str)}, photo=photo,
        )  # fmt: skip
        self.sent.append(sent)
        return sent


_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)


def chat_json(chat: Chat) -> dict[str, Any]:
    """Return a chat as the API shows it."""
    shown = {"id": chat.id, "type": chat.type, "username": chat.username, "title": chat.title}
    if chat.type == "private":
        shown["first_name"] = f"Reader {chat.id}"
    return {name: value for name, value in shown.items() if value is not None}


def message_json(sent: Sent, chats: dict[int, Chat]) -> dict[str, Any]:
    """Return a message as the API shows it."""
    told: dict[str, Any] = {
        "message_id": sent.message_id,
        "date": 1_790_000_000 + sent.message_id,
        "chat": chat_json(chats[sent.chat_id]),
    }
    if sent.photo is not None:
        photo = {"file_id": f"f{sent.message_id}", "file_unique_id": f"u{sent.message_id}", "width": 8, "height": 8}
        return told | {"caption": sent.text, "caption_entities": sent.entities, "photo": [photo]}
    return told | {"text": sent.text, "entities": sent.entities}


def check_markup(source: str | None) -> None:
    """Check a keyboard.

    Raises:
        Refused: 400, as for a button's data beyond 64 bytes.

    """
    rows = json.loads(source).get("inline_keyboard", []) if source else []
    buttons = [button for row in rows for button in row]
    if len(buttons) > BUTTONS:
        raise Refused(400, "Bad Request: reply markup is too long")
    for button in buttons:
        if not button.get("text"):
            raise Refused(400, "Bad Request: text buttons are unallowed in the inline keyboard")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= DATA:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
        if "url" in button and not button["url"].startswith(("http://", "https://", "tg://")):
            raise Refused(400, f"Bad Request: inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def _thread(chat: Chat, parameters: dict[str, str]) -> int | None:
    if not parameters.get("message_thread_id"):
        return None
    thread = int(parameters["message_thread_id"])
    if thread in chat.closed_topics:
        raise Refused(400, "Bad Request: TOPIC_CLOSED")
    if thread not in chat.topics:
        raise Refused(400, "Bad Request: message thread not found")
    return thread


async def _parameters(request: web.Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        return given | {name: value if isinstance(value, str) else json.dumps(value)
                        for name, value in (await request.json()).items()}  # fmt: skip
    for name, value in (await request.post()).items():
        given[name] = value if isinstance(value, str) else value.file.read()  # type: ignore[union-attr]
    for name, value in given.items():
        if isinstance(value, str) and value.startswith("attach://"):
            given[name] = given[value.removeprefix("attach://")]
    return given


def _success(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _failure(refused: Refused) -> web.Response:
    told: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        told["parameters"] = refused.parameters
    return web.json_response(told, status=refused.code)


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@contextlib.asynccontextmanager
async def bot_api(**options: Any) -> AsyncIterator[BotApi]:
    """Serve on a free port of loopback; `options` are those of `BotApi`."""
    api = BotApi(**options)
    app = web.Application(client_max_size=20_000_000)
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server: Any = site._server
    api.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/bot"
    try:
        yield api
    finally:
        await runner.cleanup()


@contextlib.contextmanager
def bot_api_in_a_thread(**options: Any) -> Iterator[BotApi]:
    """Serve from a thread, for callers that run an event loop of their own, such as the command line."""
    ready: Future[BotApi] = Future()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async with bot_api(**options) as api:
            ready.set_result(api)
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        yield ready.result(timeout=30)
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()
