"""What a feed is worth: who reports first, who repeats, what reaches a digest, and which feeds say the same.

    reports of stories + tags + digests ──► one Card a feed, with advice; and the pairs of feeds that overlap

A *report* is a feed's earliest entry in a story. Its instant is unknown where the feed gives whole days only and we did
not see it come; such reports count as shared, but neither as first nor as echo.
"""

from __future__ import annotations

import enum
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import median

from trendbot.core.vocabulary import FeedKind

FEW = 5
"""Fewer entries than this are no ground for a judgement."""
ENOUGH = 20
"""Entries or stories from which a share is taken at its word."""
DOUBLE, BEHIND = 0.8, 0.7
"""A feed is a double where so much of it is in another one, and that was first so often."""
OFF_THEME, SELDOM_ON = 0.1, 0.25
MOSTLY_ECHO = 0.8
DIGESTS = 5
"""Digests from which it means something that a feed was in none."""
COPY = 0.9
"""A feed is a copy where so much of it is in another one, whoever was first, if that weighs no less."""
OVERLAP = 0.5
"""Share of the smaller feed's stories from which a pair is worth showing."""
_NONE = timedelta()


class Advice(enum.StrEnum):
    """What to do with a feed."""

    KEEP = "keep"
    WATCH = "watch"
    DROP = "drop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A feed's earliest entry in a story; `at` is None where only its day, `dated_at`, is known."""

    story_id: int
    feed_id: int
    dated_at: datetime
    at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """What was counted of a feed in the period; `on_theme` of the `tagged` entries have a theme, `themes` which."""

    feed_id: int
    feed: str
    kind: FeedKind
    weight: float = 1.0
    entries: int = 0
    tagged: int = 0
    on_theme: int = 0
    themes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A story that a frozen digest told, and the feed whose entry led it."""

    story_id: int
    lead_feed_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two feeds that report the same: `share` of the stories of `feed` are in `other` too, `behind` of these later.

    `behind` is None where no instants can be compared.
    """

    feed_id: int
    feed: str
    other_id: int
    other: str
    shared: int
    share: float
    behind: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A feed's figures in the period; shares are 0 to 1, and None where there is nothing to divide by.

    Of its `stories` it had `alone` to itself, was `first` with, or came as `echoes` after others; those that others
    had at the same instant are none of these. `lead` is its median
    time ahead of the second report where it was first, `lag` its median time behind the first where it was not.
    """

    feed_id: int
    feed: str
    kind: FeedKind
    weight: float
    entries: int
    stories: int
    alone: int
    first: int
    echoes: int
    originals: float | None
    lead: timedelta | None
    lag: timedelta | None
    told: int
    led: int
    told_share: float | None
    on_theme: float | None
    themes: tuple[tuple[str, int], ...]
    double: Pair | None
    advice: Advice = Advice.KEEP
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scorecard:
    """All cards by title, and the pairs of feeds that overlap, the closest first."""

    cards: tuple[Card, ...]
    pairs: tuple[Pair, ...]
    digests: int


def score(
    tallies: Sequence[Tally], reports: Iterable[Report], told: Iterable[Told], *, digests: int, since: datetime
) -> Scorecard:
    """Judge every feed by its reports; reports before `since` count as others' firsts, not as a feed's own work."""
    stories: defaultdict[int, dict[int, datetime | None]] = defaultdict(dict)
    mine: defaultdict[int, set[int]] = defaultdict(set)
    for report in reports:
        stories[report.story_id][report.feed_id] = report.at
        if report.dated_at >= since:
            mine[report.feed_id].add(report.story_id)
    names = {tally.feed_id: tally.feed for tally in tallies}
    pairs = tuple(_pairs(stories, mine, names))
    closest: dict[int, Pair] = {}
    for pair in pairs:
        closest.setdefault(pair.feed_id, pair)
    leads = {one.story_id: one.lead_feed_id for one in told}
    cards = [_card(tally, stories, mine[tally.feed_id], leads, closest.get(tally.feed_id)) for tally in tallies]
    weights = {tally.feed_id: tally.weight for tally in tallies}
    advised = tuple(_advised(card, tally, digests, weights) for card, tally in zip(cards, tallies, strict=True))
    return Scorecard(cards=advised, pairs=pairs, digests=digests)


def _card(
    tally: Tally,
    stories: Mapping[int, Mapping[int, datetime | None]],
    mine: set[int],
    leads: Mapping[int, int | None],
    double: Pair | None,
) -> Card:
    alone = 0
    apart: list[timedelta] = []
    for story in mine:
        others = [at for feed, at in stories[story].items() if feed != tally.feed_id]
        own = stories[story][tally.feed_id]
        known = [at for at in others if at is not None]
        if not others:
            alone += 1
        elif own is not None and known:
            apart.append(own - min(known))
    ahead, behind = [time for time in apart if time < _NONE], [time for time in apart if time > _NONE]
    judged = alone + len(ahead) + len(behind)
    told = mine & leads.keys()
    return Card(
        feed_id=tally.feed_id,
        feed=tally.feed,
        kind=tally.kind,
        weight=tally.weight,
        entries=tally.entries,
        stories=len(mine),
        alone=alone,
        first=len(ahead),
        echoes=len(behind),
        originals=_share(alone + len(ahead), judged),
        lead=-_middle(ahead) if ahead else None,
        lag=_middle(behind) if behind else None,
        told=len(told),
        led=sum(leads[story] == tally.feed_id for story in told),
        told_share=_share(len(told), len(mine)),
        on_theme=_share(tally.on_theme, tally.tagged),
        themes=tuple(sorted(tally.themes.items(), key=lambda item: (-item[1], item[0]))),
        double=double,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _middle(times: Sequence[timedelta]) -> timedelta:
    return timedelta(seconds=median(time.total_seconds() for time in times))


def _pairs(
    stories: Mapping[int, Mapping[int, datetime | None]], mine: Mapping[int, set[int]], names: Mapping[int, str]
) -> list[Pair]:
    """Return the overlapping pairs, each seen from the feed that is more of a copy, the closest first."""
    shared: Counter[tuple[int, int]] = Counter()
    later: Counter[tuple[int, int]] = Counter()
    for story, feeds in stories.items():
        present = sorted(feed for feed in feeds if feed in names and story in mine.get(feed, ()))
        for one, other in itertools.permutations(present, 2):
            shared[one, other] += 1
            first, second = feeds[one], feeds[other]
            if first is not None and second is not None and first != second:
                later[one, other] += first > second
    found = []
    for (one, other), count in shared.items():
        share = count / len(mine[one])
        if count >= FEW and share >= OVERLAP and (len(mine[one]), one) <= (len(mine[other]), other):
            compared = later[one, other] + later[other, one]
            found.append(
                Pair(
                    feed_id=one,
                    feed=names[one],
                    other_id=other,
                    other=names[other],
                    shared=count,
                    share=share,
                    behind=_share(later[one, other], compared),
                )
            )
    return sorted(found, key=lambda pair: (-pair.share, -pair.shared, pair.feed_id, pair.other_id))


# -- advice ------------------------------------------------------------------------------------------------------------


def _advised(card: Card, tally: Tally, digests: int, weights: Mapping[int, float]) -> Card:
    advice, reason = _advice(card, tally, digests, weights)
    return replace(card, advice=advice, reason=reason)


def _advice(card: Card, tally: Tally, digests: int, weights: Mapping[int, float]) -> tuple[Advice, str]:
    if not card.entries:
        return Advice.WATCH, "no entry in this period: see `trendbot feeds doctor`"
    if card.entries < FEW:
        return Advice.KEEP, f"too few entries to judge ({card.entries})"
    if card.double is not None and (reason := _doubled(card.double, weights)):
        return Advice.DROP, reason
    if not card.told and tally.tagged >= ENOUGH and (card.on_theme or 0.0) < OFF_THEME:
        return Advice.DROP, f"{tally.on_theme} of {tally.tagged} entries touch a theme"
    return _watched(card, tally, digests) or (Advice.KEEP, _merit(card, digests))


def _doubled(pair: Pair, weights: Mapping[int, float]) -> str:
    """Say why a feed is superfluous beside another, "" where it is not: it comes later, or is the same."""
    if pair.shared < 2 * FEW:
        return ""
    said = f"{pair.share:.0%} of its stories are in {pair.other} (feed {pair.other_id}) too"
    if pair.share >= DOUBLE and pair.behind is not None and pair.behind >= BEHIND:
        return f"{said}, {pair.behind:.0%} of these earlier"
    if pair.share >= COPY and pair.behind is None and weights[pair.feed_id] <= weights[pair.other_id]:
        return f"{said}: one of the two is enough"
    return ""


def _watched(card: Card, tally: Tally, digests: int) -> tuple[Advice, str] | None:
    judged = card.alone + card.first + card.echoes
    if digests >= DIGESTS and card.stories >= ENOUGH and not card.told:
        return Advice.WATCH, f"none of its {card.stories} stories was in one of {digests} digests"
    if judged >= ENOUGH and card.echoes >= MOSTLY_ECHO * judged and card.lag is not None:
        return Advice.WATCH, f"{card.echoes} of {judged} stories came after others, {spell(card.lag)} later (median)"
    if tally.tagged >= ENOUGH and (card.on_theme or 0.0) < SELDOM_ON:
        return Advice.WATCH, f"{tally.on_theme} of {tally.tagged} entries touch a theme"
    return None


def _merit(card: Card, digests: int) -> str:
    """Name the best that can be said of a feed."""
    if card.led:
        return f"led {card.led} of the stories told in {digests} digests"
    if card.first and card.lead is not None:
        return f"first with {card.first} shared stories, {spell(card.lead)} ahead (median)"
    if card.told:
        return f"{card.told} of its {card.stories} stories were told"
    if card.alone:
        return f"{card.alone} of its {card.stories} stories nobody else had"
    return "nothing speaks against it"


def spell(time: timedelta) -> str:
    """Return a duration for people: minutes, hours or days."""
    minutes = time.total_seconds() / 60
    if minutes < 90:  # noqa: PLR2004
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"
