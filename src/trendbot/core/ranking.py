"""Story → score, as a sum of named parts; then a selection with caps and without near-repeats.

The parts: independent publishers, reports, kinds of feed, press, talk alone, a lab's own word, the feed's weight,
themes hit, names of followed terms, surprise of what rises; what the title gives away (an action, a figure, length; a
reply, hashtags, a question, somebody's own affairs, an advertisement, a bare version); how much its feeds publish on
the same day; age. They are kept with the digest, so that "why is this in" has an answer. ``benchmarks/ranking.py``
holds the order against an editor's picks.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlsplit

from trendbot.core import titles
from trendbot.core.leads import lead_of
from trendbot.core.summaries import content_words, cosine
from trendbot.core.vocabulary import FeedKind
from trendbot.core.weights import AS_MEASURED, Weights

_PRESS = frozenset((FeedKind.NEWS, FeedKind.LAB))
_SHARED = frozenset(
    "github.com medium.com reddit.com youtube.com youtu.be x.com twitter.com news.google.com huggingface.co arxiv.org "  # noqa: SIM905
    "news.ycombinator.com lobste.rs bsky.app linkedin.com localhost".split()
)
_NEAR = 0.6
_APART = 0.8
"""What the score weighs against likeness to what was chosen already (maximal marginal relevance)."""
_FAR = 0.5
"""So much more makes a story of no theme lead before one of a theme."""
_MOST_NAMES = 3
_SET_ASIDE = frozenset(("promotion", "routine"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """An entry as ranking and composing see it; `names` counts the followed terms that it mentions."""

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
    names: int = 0

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


def rank(
    candidates: Iterable[Candidate], *, now: datetime, window_days: float, weights: Weights = AS_MEASURED
) -> tuple[Ranked, ...]:
    """Return the candidates best first; equal scores keep the older story first, so that the order is one order."""
    known = [candidate for candidate in candidates if candidate.reports]
    volume = Counter(report.feed_id for candidate in known for report in candidate.reports)
    ranked = [_ranked(candidate, now, window_days, volume, weights) for candidate in known]
    return tuple(sorted(ranked, key=lambda each: (-each.score, each.candidate.story_id)))


def _ranked(
    candidate: Candidate, now: datetime, window_days: float, volume: Mapping[int, int], weights: Weights
) -> Ranked:
    lead = choose_lead(candidate)
    themes = _themes(candidate.reports)
    reports = candidate.reports
    newest = max(report.dated_at for report in reports)
    age = max(0.0, (now - newest).total_seconds() / 86_400 / window_days)
    quantities = {
        **_origins(reports, themes, volume),
        **_wording(lead),
        "surprise": min(candidate.surprise, 20.0),
        "freshness": min(max(0.0, age - 1), 3.0),  # within the window age is no reason: measured, it only hurts
    }
    parts = {name: round(getattr(weights, name) * quantity, 4) for name, quantity in quantities.items()}
    return Ranked(
        candidate=candidate, lead=lead, themes=themes, parts={name: value for name, value in parts.items() if value}
    )


def _origins(reports: Sequence[Report], themes: Sequence[str], volume: Mapping[int, int]) -> dict[str, float]:
    """Say who tells a story; a feed that publishes a hundred entries a day says less with each (`volume`)."""
    kinds = {report.kind for report in reports}
    return {
        "publishers": math.log1p(len({report.publisher for report in reports})),
        "reports": math.log(len(reports)),
        "kinds": len(kinds) - 1,
        "press": float(bool(kinds & _PRESS)),
        "community": float(kinds == {FeedKind.COMMUNITY}),
        "first_party": float(FeedKind.LAB in kinds),
        "weight": max(report.weight for report in reports) - 1,
        "themes": min(len(themes), 3),
        "off_theme": float(not themes),
        "names": min(max(report.names for report in reports), _MOST_NAMES),
        "volume": math.log(min(volume[report.feed_id] for report in reports)),
    }


def _wording(lead: Report) -> dict[str, float]:
    """Say what the title that stands for a story gives away."""
    title = lead.title
    return {
        "action": titles.tells_action(title),
        "figures": titles.has_figure(title),
        "length": len(title) > titles.LONG,
        "brief": len(title) < titles.SHORT,
        "reply": titles.is_reply(title),
        "hashtags": titles.hashtags(title),
        "emoji": titles.has_emoji(title),
        "link": titles.has_link(title),
        "question": titles.is_question(title),
        "personal": titles.is_personal(title),
        "promotion": titles.is_promotion(title),
        "routine": titles.is_routine(title) or lead.publisher.startswith("status."),
    }


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
    """Return the report that stands for the story; see ``core/leads.py``."""
    return lead_of(candidate.reports, candidate.known)


def select(
    ranked: Sequence[Ranked], *, stories: int, also: int, per_theme: int, per_feed: int, order: Sequence[str]
) -> Selection:
    """Choose what runs: `stories` in all with the lead, then `also` headlines; capped, and without near-repeats.

    `order` are the theme slugs in the editor's order, used only between sections whose best stories score alike.
    """
    picked = _diverse(
        [each for each in ranked if matters(each)] or ranked, count=(stories + also) * 3, per_feed=per_feed
    )
    if not picked:
        return Selection(lead=None, sections=(), also=())
    lead = _front(picked)
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


def _front(picked: Sequence[Ranked]) -> Ranked:
    """Return what leads: the best of the first three that is news, but one of a theme where it is nearly as good.

    What teaches or lists an issue's contents leads where none of them is anything else.
    """
    first = [each for each in picked[:3] if "personal" not in each.parts] or picked
    themed = next((each for each in first[:3] if each.themes), first[0])
    return themed if first[0].score - themed.score < _FAR else first[0]


def matters(each: Ranked) -> bool:
    """Tell whether a story is of a theme; one of none needs another merit: more publishers, press or lab.

    Advertisements and bare versions never run while there is anything else, nor does what teaches or speaks of its
    author where it is of no theme.
    """
    if _SET_ASIDE & each.parts.keys():
        return False
    return bool(each.themes) or (each.score > 0 and "personal" not in each.parts)


def _shelf(each: Ranked, shelves: dict[str, list[Ranked]], per_theme: int) -> str | None:
    """Return the theme a story goes under: its first that has room; one that is begun rather than one of its own."""
    open_themes = [slug for slug in each.themes[:2] if len(shelves.get(slug, ())) < per_theme]
    begun = [slug for slug in open_themes if slug in shelves]
    return next(iter(begun or open_themes), None)


def _diverse(ranked: Sequence[Ranked], *, count: int, per_feed: int) -> list[Ranked]:
    """Choose one after another what scores high and is unlike what was chosen; near-repeats and full feeds stay out."""
    if not ranked:
        return []
    best, worst = ranked[0].score, ranked[-1].score
    waiting = [(each, content_vector(each.lead.title)) for each in ranked]
    worth = [(each.score - worst) / ((best - worst) or 1.0) for each in ranked]
    like = [0.0] * len(ranked)
    publishers: Counter[str] = Counter()
    left = set(range(len(ranked)))
    chosen: list[Ranked] = []
    while left and len(chosen) < count:
        place = max(left, key=lambda at: (_APART * worth[at] - (1 - _APART) * like[at], -at))
        each, own = waiting[place]
        chosen.append(each)
        publishers[each.lead.publisher] += 1
        left.remove(place)
        for at in left:
            like[at] = max(like[at], cosine(own, waiting[at][1]))
        left = {at for at in left if like[at] < _NEAR and publishers[ranked[at].lead.publisher] < per_feed}
    return chosen
