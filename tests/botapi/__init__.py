"""A strict Bot API server on loopback, written from the documented facts; see `server.BotApi`."""

from __future__ import annotations

from tests.botapi.limits import Limits
from tests.botapi.server import TOKEN, BotApi, bot_api, bot_api_in_a_thread
from tests.botapi.state import Chat, Fault, Kind, Refused, Sent

__all__ = ["TOKEN", "BotApi", "Chat", "Fault", "Kind", "Limits", "Refused", "Sent", "bot_api", "bot_api_in_a_thread"]
