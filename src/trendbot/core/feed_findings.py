"""The feed doctor's words: what is examined, and what can be found."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


class Grade(enum.StrEnum):
    """How bad a finding is."""

    BAD = "bad"
    LOOK = "look"
    NOTE = "note"


class Diagnosis(enum.StrEnum):
    """What a feed can have."""

    DEAD = "dead"
    WEB_PAGE = "web-page"
    FAILING = "failing"
    MOVED = "moved"
    STAND_IN = "stand-in"
    SILENT = "silent"
    EMPTY = "empty"
    SURGE = "surge"
    WRONG_DATES = "wrong-dates"
    FROZEN_DATES = "frozen-dates"
    REWRITTEN_DATES = "rewritten-dates"
    CHANGING_IDS = "changing-ids"
    REPEATS = "repeats"
    SHARED_LINK = "shared-link"
    STUBS = "stubs"
    HEADLINES = "headlines-only"


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Specimen:
    """One of a feed's newest entries: its dates, its link, the length of its text and how it ends."""

    title: str
    url: str
    published_at: datetime | None
    updated_at: datetime | None
    seen_at: datetime
    backlog: bool = False
    length: int = 0
    end: str = ""
    same_as_title: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """A feed and all that is examined at `now`.

    `days` counts its entries by posting day, and `fresh` those of them that were first seen within the last day,
    backlog apart.
    """

    now: datetime
    id: int
    title: str
    url: str
    site_url: str | None = None
    enabled: bool = True
    mirrors: tuple[str, ...] = ()
    added_at: datetime
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    gone_at: datetime | None = None
    failures: int = 0
    status: int | None = None
    error: str | None = None
    moved_to: str | None = None
    moved_polls: int = 0
    stand_in: str | None = None
    stand_in_since: datetime | None = None
    stand_in_reason: str = ""
    days: Mapping[date, int] = field(default_factory=dict)
    fresh: Mapping[date, int] = field(default_factory=dict)
    specimens: tuple[Specimen, ...] = ()
    polls: tuple[PollNote, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that a feed has: `evidence` and `advice` are plain sentences."""

    feed_id: int
    feed: str
    grade: Grade
    diagnosis: Diagnosis
    evidence: str
    advice: str


Symptom = tuple[Grade, Diagnosis, str, str]
Check = Callable[[Patient], Iterator[Symptom]]
