"""The documented limits, enforced in their strictest reading.

At most `overall` messages in any second, `group` in any minute of a group or channel, one a second to a chat with a
burst of `burst`. Who exceeds one is refused with 429 for `penalty` seconds; asking within them is counted.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from tests.botapi.state import Refused, flood


@dataclass(kw_only=True)
class Limits:
    """The limits and what was counted: `caused` 429s by excess, `disobeyed` requests within a penalty."""

    overall: float = 30
    per_chat: float = 1.0
    burst: int = 3
    group: int = 20
    penalty: int = 3
    caused: int = 0
    disobeyed: int = 0
    _all: deque[float] = field(default_factory=deque)
    _groups: dict[int, deque[float]] = field(default_factory=dict)
    _chats: dict[int, float] = field(default_factory=dict)
    _banned: dict[int | None, float] = field(default_factory=dict)

    def take(self, chat_id: int, *, group: bool, now: float) -> None:
        """Count a message.

        Raises:
            Refused: 429.

        """
        for key in (None, chat_id):
            if self._banned.get(key, 0.0) > now:
                self.disobeyed += 1
                raise flood(math.ceil(self._banned[key] - now))
        if not self._fits(self._all, self.overall, 1.0, now):
            raise self._ban(None, now)
        self._take_chat(chat_id, group=group, now=now)
        self._all.append(now)

    def pause(self, key: int | None, seconds: float, *, now: float) -> Refused:
        """Refuse a chat (None: everyone) for `seconds`, as an injected 429 does; return the answer."""
        self._banned[key] = now + seconds
        return flood(math.ceil(seconds))

    def _take_chat(self, chat_id: int, *, group: bool, now: float) -> None:
        if group:
            window = self._groups.setdefault(chat_id, deque())
            if not self._fits(window, self.group, 60.0, now):
                raise self._ban(chat_id, now)
            window.append(now)
            return
        due = max(self._chats.get(chat_id, 0.0), now)
        if due - now > (self.burst - 1) / self.per_chat:
            raise self._ban(chat_id, now)
        self._chats[chat_id] = due + 1 / self.per_chat

    @staticmethod
    def _fits(window: deque[float], count: float, seconds: float, now: float) -> bool:
        while window and window[0] <= now - seconds:
            window.popleft()
        return len(window) < count

    def _ban(self, key: int | None, now: float) -> Refused:
        self.caused += 1
        return self.pause(key, self.penalty, now=now)
