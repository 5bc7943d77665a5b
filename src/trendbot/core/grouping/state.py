"""The stories in reach and their index: what an entry is compared with.

All of it follows from the latest members of the stories alone. Sums are exact (see ``vectors``), sets are never walked
in an order that matters, and what is no longer kept leaves no trace: so a state that was filled from the store equals
the one that grew entry by entry.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from trendbot.core.grouping.vectors import Vector, Vectors, length
from trendbot.core.text import normal_title

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
MOST_SIGHTS = 50
"""How many entries at one address are remembered, the latest: a changelog may have a thousand."""


def hours(at: datetime) -> float:
    """Return an instant as hours since 2000."""
    return (at - _EPOCH) / _HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """What grouping needs to know of an entry; `canonical_url` is empty where it names no page of its own.

    `mark` names the entry for ever and puts those of one instant in order: nothing may hang on the order in which feeds
    happened to answer, as ids do.
    """

    entry_id: int
    mark: str
    feed_id: int
    title: str
    summary: str
    canonical_url: str
    dated_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """An entry as it is compared: its vectors, and the heaviest terms by which it is found. It holds no text."""

    at: float
    mark: str
    entry_id: int
    feed_id: int
    url: str
    vectors: Vectors
    keys: tuple[str, ...]

    def __lt__(self, other: Member) -> bool:
        return (self.at, self.mark) < (other.at, other.mark)


@dataclass(slots=True, eq=False)
class Story:
    """A story in reach: its latest members, oldest first, and the sums of their vectors."""

    number: int
    curated: bool
    first: float
    members: list[Member] = field(default_factory=list)
    title: Vector = field(default_factory=dict)
    body: Vector = field(default_factory=dict)
    title_length: float = 1.0
    body_length: float = 1.0

    @property
    def last(self) -> float:
        """When its latest member is dated."""
        return self.members[-1].at

    def gap(self, at: float) -> float:
        """Return the hours between an instant and the span of this story; 0 inside."""
        return max(0.0, at - self.members[-1].at, self.members[0].at - at)


class Sight(NamedTuple):
    """That an entry with some address or title is in a story."""

    at: float
    mark: str
    entry_id: int
    story: int
    feed_id: int
    title: str


class State:
    """Stories by number, by the heavy terms of their members, by address and by title."""

    def __init__(self, *, members: int, reach: float) -> None:
        """Keep at most `members` of a story, none older than `reach` hours before its latest."""
        self.stories: dict[int, Story] = {}
        self.by_term: dict[str, dict[Story, int]] = defaultdict(dict)
        self.spread: dict[str, int] = defaultdict(int)
        """In how many stories a term stands."""
        self.by_url: dict[str, list[Sight]] = defaultdict(list)
        self.by_title: dict[str, list[Sight]] = defaultdict(list)
        self._most = members
        self._reach = reach

    def add(self, story: Story, members: Iterable[Member]) -> None:
        """Put members into a story, and let go of those that are no longer kept."""
        for member in members:
            insort(story.members, member)
            story.first = min(story.first, member.at)
            self._see(story, member)
            self._count(story, member, 1)
        while story.members and self._stale(story):
            self._let_go(story, story.members.pop(0))
        story.title_length, story.body_length = length(story.title) or 1.0, length(story.body) or 1.0
        if story.members:
            self.stories[story.number] = story

    def remove(self, number: int) -> Story:
        """Take a story out, with its members still in it."""
        story = self.stories.pop(number)
        for member in story.members:
            self._uncount_keys(story, member)
            self._forget_title(member)
        for term in story.body:
            self._less(term)
        return story

    def note_url(self, item: Item, story: int) -> None:
        """Remember the address of a stored member, also where it is no longer kept."""
        self._note(item.canonical_url, _sight(item, story, normal_title(item.title)))

    def _note(self, url: str, sight: Sight) -> None:
        sights = self.by_url[url]
        insort(sights, sight)
        if len(sights) > MOST_SIGHTS:
            del sights[0]

    def forget_urls(self, edge: float) -> None:
        """Drop addresses seen before `edge` only."""
        for url in [url for url, sights in self.by_url.items() if sights[-1].at < edge]:
            del self.by_url[url]

    def _stale(self, story: Story) -> bool:
        return len(story.members) > self._most or story.members[0].at < story.last - self._reach

    def _see(self, story: Story, member: Member) -> None:
        title = member.vectors.normal_title
        sight = Sight(member.at, member.mark, member.entry_id, story.number, member.feed_id, title)
        if member.url:
            self._note(member.url, sight)
        insort(self.by_title[title], sight)

    def _let_go(self, story: Story, member: Member) -> None:
        self._count(story, member, -1)
        self._forget_title(member)

    def _forget_title(self, member: Member) -> None:
        title, entry_id = member.vectors.normal_title, member.entry_id
        left = [sight for sight in self.by_title[title] if sight.entry_id != entry_id]
        if left:
            self.by_title[title] = left
        else:
            del self.by_title[title]

    def _count(self, story: Story, member: Member, sign: int) -> None:
        came, went = _sum(story, member.vectors, sign)
        for term in came:
            self.spread[term] += 1
        for term in went:
            self._less(term)
        if sign < 0:
            self._uncount_keys(story, member)
        else:
            for term in member.keys:
                holders = self.by_term[term]
                holders[story] = holders.get(story, 0) + 1

    def _uncount_keys(self, story: Story, member: Member) -> None:
        for term in member.keys:
            holders = self.by_term[term]
            holders[story] -= 1
            if not holders[story]:
                del holders[story]
            if not holders:
                del self.by_term[term]

    def _less(self, term: str) -> None:
        self.spread[term] -= 1
        if not self.spread[term]:
            del self.spread[term]


def _sight(item: Item, story: int, title: str) -> Sight:
    return Sight(hours(item.dated_at), item.mark, item.entry_id, story, item.feed_id, title)


def _sum(story: Story, vectors: Vectors, sign: int) -> tuple[Iterable[str], list[str]]:
    """Add vectors to the sums, or take them away; return the terms of the body that came in and those that went out.

    The sums of a lone member are its own vectors: most stories have no other, and need no more room.
    """
    if sign > 0 and not story.body:
        story.title, story.body = vectors.title, vectors.body
        return list(vectors.body), []
    title, body = dict(story.title), dict(story.body)
    came, went = _add(body, vectors.body, sign)
    _add(title, vectors.title, sign)
    story.title, story.body = title, body
    return came, went


def _add(total: dict[str, float], vector: Vector, sign: int) -> tuple[list[str], list[str]]:
    came, went = [], []
    for term, value in vector.items():
        before = total.get(term, 0.0)
        after = before + sign * value
        if after > 0:
            total[term] = after
            if not before:
                came.append(term)
        elif before:
            del total[term]
            went.append(term)
    return came, went
