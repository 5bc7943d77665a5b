"""What the server knows: chats, messages, and faults that a test orders."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):  # noqa: N818  (it is an answer)
    """An answer that is no success, as the Bot API words it."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


@dataclass(kw_only=True)
class Chat:
    """A chat. `refuses` is the Refused that every message to it gets (blocked, kicked, without rights)."""

    id: int
    type: str = "private"
    username: str | None = None
    title: str | None = None
    topics: set[int] = field(default_factory=set)
    closed_topics: set[int] = field(default_factory=set)
    refuses: Refused | None = None
    moved_to: int | None = None

    @property
    def group(self) -> bool:
        """Whether the limit of groups and channels holds."""
        return self.type != "private"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message as the chat shows it, and what asked for it."""

    chat_id: int
    message_id: int
    method: str
    text: str
    entities: list[dict[str, Any]]
    lost_links: list[str]
    thread_id: int | None
    at: float
    asked: dict[str, str]
    photo: bytes | None = None


class Kind(enum.Enum):
    """What goes wrong with a call: before it was accepted, or only on the way back."""

    DROP_BEFORE = "the connection breaks and nothing was accepted"
    DROP_AFTER = "the message is accepted, then the connection breaks"
    SLOW = "the message is accepted, the answer comes late"
    ANSWER = "the server says something else and accepts nothing"
    GARBAGE = "the message is accepted, the answer is no JSON"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault; `seconds` of SLOW, `refused` of ANSWER."""

    kind: Kind
    seconds: float = 0.0
    refused: Refused | None = None


BLOCKED = Refused(403, "Forbidden: bot was blocked by the user")
DEACTIVATED = Refused(403, "Forbidden: user is deactivated")
KICKED = Refused(403, "Forbidden: bot was kicked from the supergroup chat")
NOT_STARTED = Refused(403, "Forbidden: bot can't initiate conversation with a user")
NO_CHAT = Refused(400, "Bad Request: chat not found")
NO_RIGHTS = Refused(400, "Bad Request: need administrator rights in the channel chat")


def flood(seconds: int) -> Refused:
    """Return the 429 that asks for a pause."""
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
