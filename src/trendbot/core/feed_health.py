"""What is wrong with a feed, with the evidence and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PollNote:
    """A poll that brought a document or failed; `known` of the `listed` entries were stored before.

    `renamed` came under a new guid, `redated` with another date than at first sight, by `shift_s` seconds (median).
    """

    at: datetime
    url: str = ""
    status: int | None = None
    error: str | None = None
    listed: int = 0
    known: int = 0
    new: int = 0
    edited: int = 0
    renamed: int = 0
    removed: int = 0
    redated: int = 0
    shift_s: int | None = None
