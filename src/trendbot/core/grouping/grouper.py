"""Entry to story, online: which story an entry joins, when a new one opens, which two turn out to be one.

The state is a function of what the stories in reach contain and of nothing else: not of the order in which they were
filled, nor of how often the program was stopped. So a run may end after any entry and the next one goes on alike.

The method is single-pass clustering with TF-IDF, time decay and an inverted index (after Miranda et al. 2018 and
Saravanakumar et al. 2021, without their trained parts): an entry is compared with at most `candidates` stories that
share its heaviest terms, by the mean over title and body of half the cosine to the centroid and half the greatest
cosine to a member, faded by the time between them.
"""

from __future__ import annotations

import heapq
import math
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from trendbot.core.grouping.background import Background
from trendbot.core.grouping.vectors import Vector, Vectors, dot, vectors
from trendbot.core.text import normal_title

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouping:
    """The parameters; one setting for every kind of material. Times are hours."""

    join: float = 0.24
    union: float = 0.45
    fade: float = 24.0
    kept_at_least: float = 0.5
    reach: float = 168.0
    url_reach: float = 336.0
    union_reach: float = 72.0
    members: int = 30
    key_terms: int = 15
    candidates: int = 40
    crowded: int = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """What grouping needs to know of an entry."""

    entry_id: int
    feed_id: int
    title: str
    summary: str
    canonical_url: str
    dated_at: datetime


class Reason(StrEnum):
    """Why an entry is in its story."""

    OPENED = "opened"
    SAME_URL = "same address"
    SAME_TITLE = "same title"
    SIMILAR = "similar"


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where an entry went: `story` is its number; `absorbed` lists stories that turned out to be the same."""

    entry_id: int
    story: int
    reason: Reason
    similarity: float | None
    absorbed: tuple[int, ...] = ()


class _Sight(NamedTuple):
    """That an entry with some address or title is in a story."""

    at: float
    entry_id: int
    story: int
    feed_id: int
    title: str


@dataclass(slots=True, eq=False)
class _Member:
    at: float
    item: Item
    vectors: Vectors
    keys: tuple[str, ...]

    def __lt__(self, other: _Member) -> bool:
        return (self.at, self.item.entry_id) < (other.at, other.item.entry_id)


@dataclass(slots=True, eq=False)
class _Story:
    """A story in reach: its latest members, oldest first, and the sums of their vectors."""

    number: int
    curated: bool
    first: float
    members: list[_Member] = field(default_factory=list)
    title: dict[str, float] = field(default_factory=dict)
    body: dict[str, float] = field(default_factory=dict)
    title_length: float = 0.0
    body_length: float = 0.0

    @property
    def last(self) -> float:
        return self.members[-1].at

    def gap(self, at: float) -> float:
        """Return the hours between an instant and the span of this story; 0 inside."""
        return max(0.0, at - self.last, self.members[0].at - at)


def _hours(at: datetime) -> float:
    return (at - _EPOCH) / _HOUR


class Grouper:
    """The stories in reach and their index; fed with what is stored, then asked to place one entry after the other."""

    def __init__(self, background: Background, grouping: Grouping | None = None) -> None:
        """Begin with no story; `background` weighs the words."""
        self.background = background
        self.grouping = grouping or Grouping()
        self._stories: dict[int, _Story] = {}
        self._index: dict[str, dict[_Story, int]] = defaultdict(dict)
        self._urls: dict[str, list[_Sight]] = defaultdict(list)
        self._titles: dict[str, list[_Sight]] = defaultdict(list)
        self._redirects: dict[int, int] = {}

    @property
    def numbers(self) -> frozenset[int]:
        """The stories in memory."""
        return frozenset(self._stories)

    # -- what is known ---------------------------------------------------------------------------------------------

    def load(self, number: int, items: Iterable[Item], *, first_at: datetime, curated: bool = False) -> None:
        """Take in a stored story with its members; those beyond what is kept may be left out.

        A `curated` story was shaped by a person: entries may join it, but it is never united with another.
        """
        story = _Story(number=number, curated=curated, first=_hours(first_at))
        for item in items:
            self._add(story, self._member(item))
        if story.members:
            self._stories[number] = story

    def note_url(self, item: Item, story: int) -> None:
        """Remember the address of a stored member, also where it is no longer kept."""
        insort(self._urls[item.canonical_url], _sight(item, story))

    def forget(self, before: datetime) -> None:
        """Drop the stories whose last member is out of reach of everything dated `before` or later."""
        edge = _hours(before) - self.grouping.reach
        for number in [number for number, story in self._stories.items() if story.last < edge]:
            self._drop(self._stories.pop(number))
        url_edge = _hours(before) - self.grouping.url_reach
        _forget(self._urls, url_edge)
        _forget(self._titles, edge)

    def rename(self, numbers: dict[int, int]) -> None:
        """Give stories the numbers that the store gave them; the order among them must stay."""
        for old, new in numbers.items():
            self._redirects[old] = new
            story = self._stories.pop(old, None)
            if story is not None:
                story.number = new
                self._stories[new] = story

    # -- placing ---------------------------------------------------------------------------------------------------

    def place(self, item: Item, *, opening: int) -> Placement:
        """Decide the story of an entry; `opening` is the number that a new story gets, above all that were given."""
        member = self._member(item)
        story, reason, similarity, rivals = self._decide(member)
        if story is None:
            story = self._stories[opening] = _Story(number=opening, curated=False, first=member.at)
        self._add(story, member)
        absorbed = self._unite(story, rivals)
        survivor = self.resolve(story.number)
        return Placement(
            entry_id=item.entry_id, story=survivor, reason=reason, similarity=similarity, absorbed=absorbed
        )

    def resolve(self, number: int) -> int:
        """Return the number of the story that `number` has become, through unions and renamings."""
        while number in self._redirects:
            number = self._redirects[number]
        return number

    def _decide(self, member: _Member) -> tuple[_Story | None, Reason, float | None, Sequence[_Story]]:
        known = self._same_url(member)
        if known:
            return known, Reason.SAME_URL, None, ()
        known = self._same_title(member)
        if known:
            return known, Reason.SAME_TITLE, None, ()
        scored = self._scored(member)
        if scored and scored[0][0] >= self.grouping.join:
            return scored[0][1], Reason.SIMILAR, scored[0][0], [story for _, story in scored[1:]]
        return None, Reason.OPENED, None, [story for _, story in scored]

    def _same_url(self, member: _Member) -> _Story | None:
        """Return the story of an entry with the same address; one feed may use one address for many entries."""
        item, title = member.item, member.vectors.normal_title
        sights = self._urls.get(item.canonical_url, ())
        return self._nearest(
            member,
            [one for one in sights if one.feed_id != item.feed_id or one.title == title],
            self.grouping.url_reach,
        )

    def _same_title(self, member: _Member) -> _Story | None:
        title = member.vectors.normal_title
        if len(title.split()) < _TELLING:
            return None
        return self._nearest(member, self._titles.get(title, ()), self.grouping.reach)

    def _nearest(self, member: _Member, sights: Sequence[_Sight], reach: float) -> _Story | None:
        near = [
            (abs(member.at - one.at), one.entry_id, one.story) for one in sights if abs(member.at - one.at) <= reach
        ]
        numbers = [self.resolve(story) for _, _, story in sorted(near)]
        return next((self._stories[number] for number in numbers if number in self._stories), None)

    def _scored(self, member: _Member) -> list[tuple[float, _Story]]:
        """Return the candidate stories with their similarity, best first; equal ones, older first."""
        scored = [(self._similarity(member, story), story) for story in self._candidates(member)]
        return sorted(scored, key=lambda pair: (-pair[0], pair[1].number))

    def _candidates(self, member: _Member) -> list[_Story]:
        sums: dict[_Story, float] = defaultdict(float)
        body = member.vectors.body
        for term in member.keys:
            holders = self._index.get(term, {})
            if len(holders) <= self.grouping.crowded:
                for story in holders:
                    sums[story] += body[term]
        reach = self.grouping.reach
        near = [(-weight, story.number, story) for story, weight in sums.items() if story.gap(member.at) <= reach]
        return [story for _, _, story in heapq.nsmallest(self.grouping.candidates, near, key=lambda row: row[:2])]

    def _similarity(self, member: _Member, story: _Story) -> float:
        title, body = member.vectors.title, member.vectors.body
        central = dot(title, story.title) / (story.title_length or 1) + dot(body, story.body) / (story.body_length or 1)
        nearest = max(dot(title, other.vectors.title) for other in story.members) + max(
            dot(body, other.vectors.body) for other in story.members
        )
        kept = self.grouping.kept_at_least
        faded = kept + (1 - kept) * math.exp(-story.gap(member.at) / self.grouping.fade)
        return (central + nearest) / 4 * faded

    # -- uniting ---------------------------------------------------------------------------------------------------

    def _unite(self, story: _Story, rivals: Sequence[_Story]) -> tuple[int, ...]:
        """Unite the story with those that its new member shows to be the same; the older number stays."""
        absorbed: list[int] = []
        for rival in rivals:
            if self._same(story, rival):
                older, younger = sorted((story, rival), key=lambda one: one.number)
                self._absorb(older, younger)
                absorbed.append(younger.number)
                story = older
        return tuple(absorbed)

    def _same(self, one: _Story, other: _Story) -> bool:
        if one.curated or other.curated or abs(one.first - other.first) > self.grouping.union_reach:
            return False
        title = dot(one.title, other.title) / ((one.title_length * other.title_length) or 1)
        body = dot(one.body, other.body) / ((one.body_length * other.body_length) or 1)
        return (title + body) / 2 >= self.grouping.union

    def _absorb(self, older: _Story, younger: _Story) -> None:
        self._redirects[younger.number] = older.number
        self._drop(self._stories.pop(younger.number))
        older.first = min(older.first, younger.first)
        for member in younger.members:
            self._add(older, member)

    # -- members ---------------------------------------------------------------------------------------------------

    def _member(self, item: Item) -> _Member:
        made = vectors(item.title, item.summary, self.background)
        body = made.body
        heaviest = heapq.nsmallest(self.grouping.key_terms, body, key=lambda term: (-body[term], term))
        return _Member(at=_hours(item.dated_at), item=item, vectors=made, keys=tuple(heaviest))

    def _add(self, story: _Story, member: _Member) -> None:
        insort(story.members, member)
        story.first = min(story.first, member.at)
        if member.item.canonical_url:
            insort(self._urls[member.item.canonical_url], _sight(member.item, story.number, member))
        insort(self._titles[member.vectors.normal_title], _sight(member.item, story.number, member))
        self._count(story, member, 1)
        edge = story.last - self.grouping.reach
        while len(story.members) > self.grouping.members or story.members[0].at < edge:
            self._let_go(story, story.members.pop(0))
        story.title_length, story.body_length = _length(story.title), _length(story.body)

    def _let_go(self, story: _Story, member: _Member) -> None:
        """Stop keeping a member: what is not kept must not matter, or a restart would change what comes next."""
        self._count(story, member, -1)
        title, entry_id = member.vectors.normal_title, member.item.entry_id
        left = [one for one in self._titles[title] if one.entry_id != entry_id]
        if left:
            self._titles[title] = left
        else:
            del self._titles[title]

    def _count(self, story: _Story, member: _Member, sign: int) -> None:
        for total, vector in ((story.title, member.vectors.title), (story.body, member.vectors.body)):
            _sum(total, vector, sign)
        for term in member.keys:
            holders = self._index[term]
            holders[story] = holders.get(story, 0) + sign
            if not holders[story]:
                del holders[story]
                if not holders:
                    del self._index[term]

    def _drop(self, story: _Story) -> None:
        for member in story.members:
            for term in member.keys:
                holders = self._index.get(term)
                if holders is not None:
                    holders.pop(story, None)
                    if not holders:
                        del self._index[term]


_TELLING = 3
"""Words that a title must have for its repetition to mean one event: ``Weekly roundup`` says too little."""


def _sight(item: Item, story: int, member: _Member | None = None) -> _Sight:
    title = member.vectors.normal_title if member else normal_title(item.title)
    return _Sight(_hours(item.dated_at), item.entry_id, story, item.feed_id, title)


def _sum(total: dict[str, float], vector: Vector, sign: int) -> None:
    for term, value in vector.items():
        changed = total.get(term, 0.0) + sign * value
        if changed:
            total[term] = changed
        else:
            total.pop(term, None)


def _length(vector: Vector) -> float:
    return math.sqrt(math.fsum([value * value for value in vector.values()]))


def _forget(table: dict[str, list[_Sight]], edge: float) -> None:
    for key in [key for key, rows in table.items() if rows[-1].at < edge]:
        del table[key]
