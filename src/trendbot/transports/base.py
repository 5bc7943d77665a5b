"""What every transport is: something that sends one message and says what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from trendbot.core.delivering import LostAnswer
from trendbot.core.vocabulary import Cadence, ChannelKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message for one outlet: `part` of `parts` (from 0) of the edition of digest `number` of `cadence` and `slot`.

    `body` is LinkedIn little text, Bot API HTML or the HTML of a mail; `text` its plain form where the edition has one.
    `key` is unique and never changes, so that a second try is known to be the same message.
    """

    key: str
    kind: ChannelKind
    address: str
    cadence: Cadence
    slot: str
    number: int
    title: str
    part: int
    parts: int
    body: str
    text: str | None
    subject: str | None
    composed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The remote's answer: its own id of the message, and the files written where there are any."""

    external_id: str | None = None
    files: tuple[Path, ...] = ()


class Transport(Protocol):
    """Speaks to one kind of remote."""

    name: str
    policy: LostAnswer
    """What to do where the answer was lost."""

    async def send(self, message: Message) -> Receipt:
        """Send one message.

        Raises:
            TransportError: it was refused, or may not have arrived; its attributes say which.

        """
        ...
