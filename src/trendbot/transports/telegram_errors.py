"""What an error of the Bot API means for the outbox; its texts are those of the real server.

Two traps of python-telegram-bot are avoided here. `BadRequest` and `TimedOut` both descend from `NetworkError`, so the
order of the tests below matters: a generic "try again on NetworkError" would repeat refusals for ever and double
messages. And the addresses that its exceptions and its HTTP library's name carry the bot's token: no foreign text gets
out of here unredacted.
"""

from __future__ import annotations

import re

import httpx
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, TelegramError, TimedOut

from trendbot.errors import ChannelError, RecipientError, TransportError, UnreachableError

TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")
_GONE = re.compile(
    r"user is deactivated|chat not found|group chat was deleted|was kicked|is not a member|"
    r"can't initiate conversation|user not found|PEER_ID_INVALID|chat was deleted",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"administrator rights|not enough rights|CHAT_WRITE_FORBIDDEN|have no rights|CHAT_RESTRICTED|"
    r"CHAT_SEND_PLAIN_FORBIDDEN|CHAT_ADMIN_REQUIRED",
    re.IGNORECASE,
)
UNPARSED = re.compile(r"can't parse entities|ENTIT(?:Y|IES)_|message is too long|caption is too long", re.IGNORECASE)
TOPIC = re.compile(r"thread not found|TOPIC_CLOSED|TOPIC_DELETED|topic", re.IGNORECASE)
BUTTONS = re.compile(r"BUTTON_|inline keyboard|reply markup|Wrong HTTP URL", re.IGNORECASE)
PHOTO = re.compile(r"PHOTO_|IMAGE_PROCESS|wrong file|wrong type of the web page|file is too big", re.IGNORECASE)
UNCHANGED = re.compile(r"message is not modified", re.IGNORECASE)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_REQUEST_TOO_LARGE = "Request Entity Too Large"


class Flood(TelegramError):  # noqa: N818  (the server's word for it)
    """A 429, taken before python-telegram-bot turns it into an exception whose unit depends on the environment."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        super().__init__(f"asked to pause for {seconds:g} s")
        self.seconds = seconds


def redacted(text: str) -> str:
    """Return text without a bot's token."""
    return TOKEN.sub("…", text)


def translated(error: TelegramError) -> TransportError:
    """Return an error in our words, without the bot's token; raise it apart from the original, whose chain has one."""
    said = redacted(str(error))
    if isinstance(error, Flood):
        return TransportError(f"Telegram {said}", permanent=False, retry_after=error.seconds)
    if isinstance(error, InvalidToken):
        return ChannelError("Telegram does not know the bot's token: mend the setting telegram.token", whole=True)
    if isinstance(error, Conflict):
        return TransportError(f"Telegram: {said}", permanent=False)
    if isinstance(error, Forbidden | BadRequest):
        return _refused(error, said)
    if isinstance(error, NetworkError):
        return _unreached(error, said)
    return TransportError(f"Telegram: {said}", permanent=False, outcome_known=False)


def _refused(error: TelegramError, said: str) -> TransportError:
    if _RIGHTS.search(said):
        return ChannelError(f"Telegram: {said}; make the bot an administrator who may post", whole=False)
    if _GONE.search(said):
        return RecipientError(f"Telegram: {said}", gone=True)
    if isinstance(error, Forbidden):
        return RecipientError(f"Telegram: {said}", gone=False)
    return TransportError(f"Telegram: {said}", permanent=True)


def _unreached(error: NetworkError, said: str) -> TransportError:
    """Tell what surely did not arrive from what may have: the cause decides."""
    cause = error.__cause__
    if isinstance(cause, _NOT_SENT):
        return UnreachableError(f"Telegram cannot be reached ({type(cause).__name__})")
    if _REQUEST_TOO_LARGE in said:
        return TransportError(f"Telegram: {said}", permanent=True)
    why = "no answer in time" if isinstance(error, TimedOut) else said
    return TransportError(f"Telegram: {why}; it may have arrived", permanent=False, outcome_known=False)
