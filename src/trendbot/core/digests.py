"""The one content tree that every channel renders, and what a digest may hold.

A `DigestContent` is plain text and numbers from the store: nothing in it is escaped or marked up. Escaping happens per
channel, at the edge of its template. It is written to the database as JSON, frozen, and never changed: a later version
of the program reads the older versions too.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from trendbot.core.hours import zone
from trendbot.core.pictures import Chart
from trendbot.core.report_card import Footprint, ReportCard
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.core.weights import AS_MEASURED, Weights

CONTENT_VERSION = 3
MORE = "more"
"""The slug of the section that stands for no theme."""
SOME = "some"
"""The section, in the index of told stories, of those that only readers of some themes are told."""
REACH_DAYS = (1, 2, 3, 7, 14, 30, 90, 365)
"""How far back an opening digest looks, step by step, until it has enough stories."""


class Audience(enum.StrEnum):
    """Whom a story is for: every reader, those who read all themes, or those who chose some."""

    EVERY = "every"
    ALL = "all"
    SOME = "some"


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How much a reader is told: `minutes` of reading, and never more than the counts and caps of `DigestPolicy`."""

    minutes: int = 4
    stories: int = 10
    also: int = 8
    per_theme: int = 3
    per_feed: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestPolicy:
    """What a digest may hold and who publishes it; plain values from the settings.

    `minutes` is a reader's time. `stories` counts lead and stories under themes; `also` the further headlines, and
    `per_theme` and `per_feed` cap a theme's and a feed's. `opening_stories` is enough for an opening digest;
    `languages` are the feeds' that a digest speaks; a feed that names none counts as any. `weights` rank.
    `timezone` is where a day ends.
    """

    minutes: int = 4
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
    timezone: str = "UTC"
    weights: Weights = AS_MEASURED

    @property
    def budget(self) -> Budget:
        """What of it bounds a reader's selection."""
        return Budget(
            minutes=self.minutes, stories=self.stories, also=self.also, per_theme=self.per_theme, per_feed=self.per_feed
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence quoted from an entry: `text` stands at `start` to `end` of the entry's text, spaces joined.

    A space before a stop, which a lost link leaves, is not in `text`.

    `machine`: a model worded it from the story's entries, and the proof gate let it through; it has no place there.
    """

    text: str
    entry_id: int
    source: str
    start: int
    end: int
    machine: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestEntry:
    """One report of a story: who published it, and where."""

    entry_id: int
    source: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """That an editor worded a story: who and when, what of it, and what the proof gate had against it."""

    by: str
    at: str
    headline: bool
    text: bool
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """What an earlier digest told and its source has withdrawn or changed since, or an editor puts right.

    `text` says so in a sentence or two; `url` is the page; `told_on` the day it was told; `themes` whom it concerns.
    """

    erratum_id: int
    story_id: int
    headline: str
    source: str
    url: str
    told_on: str
    text: str
    themes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestItem:
    """A story as told in a digest.

    `headline` is the title of the entry `lead`, word for word. `reports` counts its different pages, `publishers` who
    stands behind them; `others` are reports of other publishers. `parts` are the named terms that add up to `score`;
    see ``core/ranking.py``. An `update` was told before, last on the day `told_on`: all it holds is new since.
    `publisher` is who stands behind the lead, `audience` whom the story is for.
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
    publisher: str = ""
    audience: Audience = Audience.EVERY
    edited: Edited | None = None

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

    `low` and `high` bound how many times the usual it may be. `days` are the reports day by day, the last on `as_of`;
    empty where they are not known.
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
    days: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestFoot:
    """How the digest was made and what the reader can do.

    `minutes` to read it; `entries` read in the period, from `feeds` of the `followed` ones, which made `found` stories.
    `card` is None in contents of version 1; `footprint` is that of the runs which ended in the period, None where no
    run says what it took.
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
    footprint: Footprint | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestContent:
    """Everything that a digest says; `line` is the one sentence that tells the day.

    `lead` to `also` are what the readers of all themes are told. `stories` is what every other choice of themes is
    made from, the best first, `rises` all that rose, `themes` the title of each theme by slug in the editor's order;
    ``core/variants.py`` makes the choice. `variant` names the choice that a content was narrowed to.
    """

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
    stories: tuple[DigestItem, ...] = ()
    rises: tuple[DigestRise, ...] = ()
    themes: dict[str, str] = field(default_factory=dict)
    budget: Budget = Budget()
    variant: str = "all"
    corrections: tuple[Correction, ...] = ()

    def items(self) -> tuple[tuple[str, DigestItem], ...]:
        """Every story in reading order with the name of its section: ``lead``, a theme's slug, or ``also``."""
        found = [("lead", self.lead)] if self.lead else []
        found += [(section.slug, item) for section in self.sections for item in section.items]
        found += [("also", item) for item in self.also]
        return tuple(found)

    def index(self) -> tuple[tuple[str, int], ...]:
        """Return every story that some reader is told, once: its section (`SOME` beside those of `items`), its id."""
        shown = {item.story_id: section for section, item in self.items()}
        some = {item.story_id: SOME for item in self.stories if item.story_id not in shown}
        return tuple((section, story) for story, section in (shown | some).items())


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """A digest rendered for one kind of channel and one variant (the set of themes; ``all``).

    `parts` are the messages in order. `subject` and `text_body` (the plain form) where the channel has them. `chart`
    goes with it where something rose.
    """

    kind: ChannelKind
    variant: str
    subject: str | None
    parts: tuple[str, ...]
    text_body: str | None
    template_hash: str
    chart: Chart | None = None


def to_json(content: DigestContent) -> dict[str, Any]:
    """Return the content as values that JSON knows."""
    return dict(json.loads(json.dumps(asdict(content), ensure_ascii=False)))


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
            "rising": _rises(tree["rising"]),
            "also": _items(tree["also"]),
            "foot": _foot(tree["foot"]),
            "stories": _items(tree.get("stories", [])),
            "rises": _rises(tree.get("rises", [])),
            "budget": Budget(**tree.get("budget", {})),
            "corrections": tuple(
                Correction(**{**each, "themes": tuple(each["themes"])}) for each in tree.get("corrections", ())
            ),
        }
    )


def content_hash(content: DigestContent) -> str:
    """Return the SHA-256 of the content: the same tree has the same hash on every machine."""
    return tree_hash(to_json(content))


def tree_hash(tree: Mapping[str, Any]) -> str:
    """Return the hash of a content as it was written: what a later version adds to the form does not change it."""
    text = json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def slot_of(cadence: Cadence, now: datetime, timezone: str = "UTC") -> str:
    """Return the slot that `now` falls in: the day there (``2026-11-15``) or its ISO week (``2026-W46``)."""
    day = now.astimezone(zone(timezone)).date()
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
    card, took = tree.get("card"), tree.get("footprint")
    kept = {"card": ReportCard(**card) if card else None, "footprint": Footprint(**took) if took else None}
    return DigestFoot(**{**tree, **kept})


def _edited(tree: Mapping[str, Any] | None) -> Edited | None:
    return Edited(**{**tree, "objections": tuple(tree["objections"])}) if tree else None


def _rises(trees: list[dict[str, Any]]) -> tuple[DigestRise, ...]:
    return tuple(DigestRise(**{**tree, "days": tuple(tree.get("days", ()))}) for tree in trees)


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
            "audience": Audience(tree.get("audience", Audience.EVERY)),
            "edited": _edited(tree.get("edited")),
        }
    )
