"""The one content tree that every channel renders, and what a digest may hold.

A `DigestContent` is plain text and numbers from the store: nothing in it is escaped or marked up. Escaping happens per
channel, at the edge of its template. It is written to the database as JSON, frozen, and never changed: a later version
of the program reads the older versions too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from trendbot.core.vocabulary import Cadence, ChannelKind

CONTENT_VERSION = 2
MORE = "more"
"""The slug of the section that stands for no theme."""
REACH_DAYS = (1, 2, 3, 7, 14, 30, 90, 365)
"""How far back an opening digest looks, step by step, until it has enough stories."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestPolicy:
    """What a digest may hold and who publishes it; plain values from the settings.

    `stories` counts the lead and the stories under themes; `also` the further headlines. `per_theme` and `per_feed` cap
    one theme's and one feed's stories. `opening_stories` is enough for an opening digest. `languages` are the feeds'
    languages that a digest speaks; a feed that names none counts as any.
    """

    stories: int = 10
    also: int = 8
    per_theme: int = 3
    per_feed: int = 2
    opening_stories: int = 8
    max_age_days: int = 14
    languages: tuple[str, ...] = ("en",)
    brand: str = "trendbot"
    page_url: str = "https://www.linkedin.com/company/trendbot/"
    site_url: str | None = None
    postal_address: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence quoted from an entry: `text` stands at `start` to `end` of the entry's text, spaces joined."""

    text: str
    entry_id: int
    source: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestEntry:
    """One report of a story: who published it, and where."""

    entry_id: int
    source: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestItem:
    """A story as told in a digest.

    `headline` is the title of the entry `lead`, word for word. `reports` counts its different pages, `publishers` who
    stands behind them; `others` are reports of other publishers. `parts` are the named terms that add up to `score`;
    see ``core/ranking.py``. An `update` was told before, last on the day `told_on`: all it holds is new since.
    """

    story_id: int
    headline: str
    lead: DigestEntry
    sentences: tuple[Sentence, ...]
    reports: int
    publishers: int
    others: tuple[DigestEntry, ...]
    themes: tuple[str, ...]
    update: bool
    dated_at: str
    score: float
    parts: dict[str, float]
    told_on: str | None = None

    @property
    def more(self) -> int:
        """How many reports there are beside the lead."""
        return max(0, self.reports - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestSection:
    """The stories under one theme."""

    slug: str
    title: str
    items: tuple[DigestItem, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestRise:
    """A theme or term that rose: reports in the `window_days` up to the day `as_of`, against the usual number.

    `low` and `high` bound how many times the usual it may be.
    """

    name: str
    kind: str
    slug: str | None
    current: float
    usual: float
    low: float | None
    high: float | None
    window_days: int
    as_of: str
    score: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportCard:
    """How the digest's sentences stood the proof gate; see ``core/proofs.py``.

    `sentences` go out; `grounded` are those whose every number, date, name and quotation is in the source, `extractive`
    those that are their publisher's own, word for word. `blocked` did not go out.
    """

    sentences: int
    grounded: int
    extractive: int
    blocked: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestFoot:
    """How the digest was made and what the reader can do.

    `minutes` to read it; `entries` read in the period, from `feeds` of the `followed` ones, which made `found` stories.
    `card` is None in contents of version 1.
    """

    minutes: int
    followed: int
    feeds: int
    entries: int
    found: int
    call: str
    page_url: str
    site_url: str | None
    why: str
    postal_address: str
    card: ReportCard | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestContent:
    """Everything that a digest says; `line` is the one sentence that tells the day."""

    version: int
    brand: str
    cadence: Cadence
    slot: str
    number: int
    period_start: str
    period_end: str
    title: str
    line: str
    sample: bool
    opening: bool
    reach_days: int
    quiet: bool
    lead: DigestItem | None
    sections: tuple[DigestSection, ...]
    rising: tuple[DigestRise, ...]
    rising_note: str
    also: tuple[DigestItem, ...]
    foot: DigestFoot

    def items(self) -> tuple[tuple[str, DigestItem], ...]:
        """Every story in reading order with the name of its section: ``lead``, a theme's slug, or ``also``."""
        found = [("lead", self.lead)] if self.lead else []
        found += [(section.slug, item) for section in self.sections for item in section.items]
        found += [("also", item) for item in self.also]
        return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """A digest rendered for one kind of channel and one variant (the set of themes; ``all``).

    `parts` are the messages in order. `subject` and `text_body` (the plain form) where the channel has them.
    """

    kind: ChannelKind
    variant: str
    subject: str | None
    parts: tuple[str, ...]
    text_body: str | None
    template_hash: str


def to_json(content: DigestContent) -> dict[str, Any]:
    """Return the content as values that JSON knows."""
    tree: dict[str, Any] = json.loads(json.dumps(asdict(content), ensure_ascii=False))
    return tree


def from_json(tree: Mapping[str, Any]) -> DigestContent:
    """Read what `to_json` wrote.

    Raises:
        ValueError: a newer version of the program wrote it.

    """
    if tree["version"] > CONTENT_VERSION:
        raise ValueError(f"digest content version {tree['version']} is newer than this program ({CONTENT_VERSION})")
    return DigestContent(
        **{
            **tree,
            "cadence": Cadence(tree["cadence"]),
            "lead": _item(tree["lead"]) if tree["lead"] else None,
            "sections": tuple(
                DigestSection(slug=each["slug"], title=each["title"], items=_items(each["items"]))
                for each in tree["sections"]
            ),
            "rising": tuple(DigestRise(**each) for each in tree["rising"]),
            "also": _items(tree["also"]),
            "foot": _foot(tree["foot"]),
        }
    )


def content_hash(content: DigestContent) -> str:
    """Return the SHA-256 of the content: the same tree has the same hash on every machine."""
    text = json.dumps(to_json(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def slot_of(cadence: Cadence, now: datetime) -> str:
    """Return the slot that `now` falls in: its UTC day (``2026-11-15``) or ISO week (``2026-W46``)."""
    day = now.astimezone(UTC).date()
    if cadence is Cadence.DAILY:
        return day.isoformat()
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def period_days(cadence: Cadence) -> int:
    """Return how many days a digest of the cadence normally covers."""
    return 1 if cadence is Cadence.DAILY else 7


def reaches(cadence: Cadence, now: datetime) -> tuple[tuple[int, datetime], ...]:
    """Return the steps by which an opening digest reaches back: days, and the instant they begin at."""
    least = period_days(cadence)
    return tuple((days, now - timedelta(days=days)) for days in REACH_DAYS if days >= least)


def _foot(tree: Mapping[str, Any]) -> DigestFoot:
    card = tree.get("card")
    return DigestFoot(**{**tree, "card": ReportCard(**card) if card else None})


def _items(trees: list[dict[str, Any]]) -> tuple[DigestItem, ...]:
    return tuple(_item(tree) for tree in trees)


def _item(tree: Mapping[str, Any]) -> DigestItem:
    return DigestItem(
        **{
            **tree,
            "lead": DigestEntry(**tree["lead"]),
            "sentences": tuple(Sentence(**each) for each in tree["sentences"]),
            "others": tuple(DigestEntry(**each) for each in tree["others"]),
            "themes": tuple(tree["themes"]),
        }
    )
