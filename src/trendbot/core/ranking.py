"""Story → score, as a sum of named parts; then a selection with caps and without near-repeats.

The parts: independent publishers, kinds of feed, press or lab, the feed's weight, themes hit, surprise of what it
mentions, first-person and promotional titles, routine notices, age. They are kept with the digest, so that "why is this
in" has an answer. ``benchmarks/ranking.py`` holds the order against an editor's picks.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlsplit

from trendbot.core.summaries import content_words, cosine
from trendbot.core.vocabulary import FeedKind

_PRESS = frozenset((FeedKind.NEWS, FeedKind.LAB))
_PERSONAL = re.compile(
    r"\?\s*$|^(?:ask|show) hn\b|^(?:i|my|we|our|how i|how to|why i|what i|\d+ (?:ways|tips|things|reasons|best))\b|"
    r"\byour?\b|\b\w+ vs\.? \w+|"
    r"\b\d+ (?:\w+ ){0,3}(?:examples|tips|prompts|ways|ideas|lessons|tricks)\b|\bexplained\b|\bprompts?:|\btips for\b|"
    r"\btutorial\b|\bguide\b|\bopinion\b|\bwebinar\b|\bpodcast\b|\bgiveaway\b|\bdeal(?:s)? of\b|\bsponsored\b",
    re.IGNORECASE,
)
_ROUTINE = re.compile(
    r"^(?:\W*v?\d+(?:\.\d+)+\S*)$|\b(?:elevated|increased) (?:errors?|error rates?|latency)\b|\bdegraded\b|\boutage\b|"
    r"\bis down\b|\bservice disruption\b|\bscheduled maintenance\b|\brelease notes\b|\bchangelog\b|\bweekly roundup\b|"
    r"\S@\S+\.\w|&\w{2,8};",
    re.IGNORECASE,
)
_SHARED = frozenset(
    "github.com medium.com reddit.com youtube.com youtu.be x.com twitter.com news.google.com huggingface.co arxiv.org "  # noqa: SIM905
    "news.ycombinator.com lobste.rs bsky.app linkedin.com localhost".split()
)
_NEAR = 0.6


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """An entry as ranking and composing see it."""

    entry_id: int
    feed_id: int
    source: str
    kind: FeedKind
    weight: float
    language: str | None
    title: str
    body: str
    url: str
    canonical_url: str
    dated_at: datetime
    seen_at: datetime
    backlog: bool
    themes: dict[str, float] = field(default_factory=dict)

    @property
    def publisher(self) -> str:
        """Who speaks: the site the report stands on, or the feed where many share a site."""
        return publisher_of(self.canonical_url, self.feed_id)


def publisher_of(canonical_url: str, feed_id: int) -> str:
    """Return who stands behind an address: its site, or the feed where many share a site."""
    host = (urlsplit(canonical_url).hostname or "").removeprefix("www.")
    return f"{host} {feed_id}" if host in _SHARED or not host else host


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A story that may run: its reports, newest knowledge included, and how surprising its terms are (-log10 p).

    Of a story that returns, `told_on` is the day it was told last, `known` are the titles it had by then, and
    `reports` are only those since; see ``core/memory.py``.
    """

    story_id: int
    title: str
    lead_entry_id: int | None
    reports: tuple[Report, ...]
    surprise: float = 0.0
    told_on: date | None = None
    known: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A candidate with its lead, its themes (most certain first) and its score's parts."""

    candidate: Candidate
    lead: Report
    themes: tuple[str, ...]
    parts: dict[str, float]

    @property
    def score(self) -> float:
        """The sum of the parts."""
        return round(sum(self.parts.values()), 4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What runs, in order of score: `lead`, stories by theme slug, and the further headlines."""

    lead: Ranked | None
    sections: tuple[tuple[str, tuple[Ranked, ...]], ...]
    also: tuple[Ranked, ...]


def rank(candidates: Iterable[Candidate], *, now: datetime, window_days: float) -> tuple[Ranked, ...]:
    """Return the candidates best first; equal scores keep the older story first, so that the order is one order."""
    ranked = [_ranked(candidate, now, window_days) for candidate in candidates if candidate.reports]
    return tuple(sorted(ranked, key=lambda each: (-each.score, each.candidate.story_id)))


def _ranked(candidate: Candidate, now: datetime, window_days: float) -> Ranked:
    lead = choose_lead(candidate)
    return Ranked(
        candidate=candidate,
        lead=lead,
        themes=_themes(candidate.reports),
        parts=_parts(candidate, lead, now, window_days),
    )


def _parts(candidate: Candidate, lead: Report, now: datetime, window_days: float) -> dict[str, float]:
    reports = candidate.reports
    kinds = {report.kind for report in reports}
    newest = max(report.dated_at for report in reports)
    age = max(0.0, (now - newest).total_seconds() / 86_400 / window_days)
    themes = len(_themes(reports))
    parts = {
        "publishers": math.log1p(len({report.publisher for report in reports})),
        "kinds": 0.6 * (len(kinds) - 1),
        "press": 0.8 * bool(kinds & _PRESS),
        "weight": 0.4 * (max(report.weight for report in reports) - 1),
        "themes": -0.8 if not themes else 0.1 * min(themes, 3),
        "surprise": 0.08 * min(candidate.surprise, 20.0),
        "personal": -0.5 * bool(_PERSONAL.search(lead.title)),
        "routine": -1.5 * (bool(_ROUTINE.search(lead.title)) or lead.publisher.startswith("status.")),
        "freshness": -0.6 * min(max(0.0, age - 1), 3.0),  # within the window age is no reason: measured, it only hurts
    }
    return {name: round(value, 4) for name, value in parts.items() if value}


def _themes(reports: Sequence[Report]) -> tuple[str, ...]:
    """Themes said of at least a third of the reports, the most certain first."""
    total: dict[str, float] = defaultdict(float)
    said: Counter[str] = Counter()
    for report in reports:
        for slug, confidence in report.themes.items():
            total[slug] += confidence
            said[slug] += 1
    kept = [slug for slug, count in said.items() if count * 3 >= len(reports)]
    return tuple(sorted(kept, key=lambda slug: (-total[slug], slug)))


def content_vector(text: str) -> Counter[str]:
    """Return the words of a title that carry meaning, counted."""
    return Counter(content_words(text))


def choose_lead(candidate: Candidate) -> Report:
    """Return the report whose title stands for the story.

    The title nearest to all titles of the story, weighted by its feed; a question, a first-person title, a very short
    or a very long one stands back; so does, of a story that returns, a title that says what was told. With one or two
    reports the feed's weight decides, then the earlier date.
    """
    reports = candidate.reports
    everything: Counter[str] = Counter(word for report in reports for word in set(content_words(report.title)))
    known = [content_vector(title) for title in candidate.known]

    def worth(report: Report) -> tuple[float, float, int]:
        own = content_vector(report.title)
        near = cosine(own, everything) if len(reports) > 2 else 0.0  # noqa: PLR2004
        stale = max((cosine(own, title) for title in known), default=0.0) >= _NEAR
        weak = _PERSONAL.search(report.title) or _ROUTINE.search(report.title)
        plain = -0.5 * bool(weak) - 0.4 * (not 20 <= len(report.title) <= 160)  # noqa: PLR2004
        social = -0.3 * (report.kind is FeedKind.COMMUNITY)
        return (
            near + plain + social - 0.8 * stale + 0.3 * report.weight,
            -report.dated_at.timestamp(),
            -report.entry_id,
        )

    return max(reports, key=worth)


def select(
    ranked: Sequence[Ranked], *, stories: int, also: int, per_theme: int, per_feed: int, order: Sequence[str]
) -> Selection:
    """Choose what runs: `stories` in all with the lead, then `also` headlines; capped, and without near-repeats.

    `order` are the theme slugs in the editor's order, used only between sections whose best stories score alike.
    """
    picked = _diverse(
        [each for each in ranked if _matters(each)] or ranked, count=(stories + also) * 3, per_feed=per_feed
    )
    if not picked:
        return Selection(lead=None, sections=(), also=())
    lead = next((each for each in picked[:3] if each.themes), picked[0])
    shelves: dict[str, list[Ranked]] = {}
    rest: list[Ranked] = []
    placed = 1
    for each in (each for each in picked if each is not lead):
        slug = _shelf(each, shelves, per_theme) if placed < stories else None
        if slug is None:
            rest.append(each)
            continue
        shelves.setdefault(slug, []).append(each)
        placed += 1
    sections = sorted(
        shelves.items(), key=lambda shelf: (-shelf[1][0].score, order.index(shelf[0]) if shelf[0] in order else 99)
    )
    return Selection(
        lead=lead, sections=tuple((slug, tuple(items)) for slug, items in sections), also=tuple(rest[:also])
    )


def _matters(each: Ranked) -> bool:
    """Tell whether a story is of a theme; one of none needs another merit: more publishers, press or lab."""
    return bool(each.themes) or each.score > 0


def _shelf(each: Ranked, shelves: dict[str, list[Ranked]], per_theme: int) -> str | None:
    """Return the theme a story goes under: its first that has room; one that is begun rather than one of its own."""
    open_themes = [slug for slug in each.themes[:2] if len(shelves.get(slug, ())) < per_theme]
    begun = [slug for slug in open_themes if slug in shelves]
    return next(iter(begun or open_themes), None)


def _diverse(ranked: Sequence[Ranked], *, count: int, per_feed: int) -> list[Ranked]:
    vectors = {each.candidate.story_id: content_vector(each.lead.title) for each in ranked}
    publishers: Counter[str] = Counter()
    chosen: list[Ranked] = []
    for each in ranked:
        if len(chosen) >= count:
            break
        own = vectors[each.candidate.story_id]
        near = any(cosine(own, vectors[other.candidate.story_id]) >= _NEAR for other in chosen)
        if near or publishers[each.lead.publisher] >= per_feed:
            continue
        chosen.append(each)
        publishers[each.lead.publisher] += 1
    return chosen
