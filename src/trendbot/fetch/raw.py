"""What every reader of a format hands over: the elements as they stand, before any judgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trendbot.fetch.texts import EMPTY, Raw


@dataclass(frozen=True, kw_only=True, slots=True)
class RawEntry:
    """An item as its document has it. `date_text` is the written date, for identity where there is no guid."""

    guid: str = ""
    link: str = ""
    title: Raw = EMPTY
    summary: Raw = EMPTY
    content: Raw = EMPTY
    author: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None
    date_text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RawFeed:
    """A document as it stands."""

    title: Raw = EMPTY
    link: str = ""
    language: str = ""
    entries: tuple[RawEntry, ...] = ()
    expired: bool = False
