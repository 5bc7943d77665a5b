"""Entry to story, online: which story an entry joins, when a new one opens, which two turn out to be one.

What is decided is a function of what the stories in reach contain and of nothing else, so a run may end after any
entry and the next one goes on alike.

The method is single-pass clustering with TF-IDF, time decay and an inverted index (after Miranda et al. 2018 and
Saravanakumar et al. 2021, without their trained parts). An entry is compared with the stories that share its heaviest
terms: the mean over title and body of half the cosine to the centroid and half the greatest cosine to a member, faded
by the time between them. Words that many stories in reach share say less; one word in common says little; a feed seldom
tells one event twice (``likeness.py``). Where a story has grown, small ones that it was too far from may join it late.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trendbot.core.grouping.background import Background
from trendbot.core.grouping.likeness import clash, repulsion, same_page
from trendbot.core.grouping.state import Item, Member, Sight, State, Story, hours
from trendbot.core.grouping.vectors import Vector, Vectors, dot, scaled, vectors

_SWEEP = 24.0
"""Hours between two sweeps of old addresses, which look at all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouping:
    """The parameters; one setting for every kind of material. Times are hours.

    `join` is the least similarity to join a story; `union` to unite two, `union_large` two of at least `large` members
    each, whose centroids say more; `late` for a story of at most `small` members to join one that has just grown.
    `candidates` with at least `shared` of its weight in common are looked at, `compared` of them closely; a key term
    in more than `crowded` stories finds none. `fade` is the time constant of the decay, which never takes more than
    half. `live` is how many headlines of the background table one story in reach counts for when words are weighed.
    `same_feed` and `dump` say how much a feed's own reports push another of its entries away, `clash` what remains
    where titles name different numbers, `lone` where only one word is shared.
    """

    join: float = 0.19
    union: float = 0.4
    union_large: float = 0.34
    large: int = 3
    late: float = 0.22
    small: int = 2
    fade: float = 12.0
    live: float = 10.0
    same_feed: float = 0.8
    dump: float = 2.0
    clash: float = 0.8
    lone: float = 0.8
    reach: float = 168.0
    union_reach: float = 72.0
    members: int = 30
    key_terms: int = 15
    candidates: int = 10
    compared: int = 4
    crowded: int = 60
    shared: float = 0.25
    telling: int = 3
    """Words that a title must have for its repetition to mean one event: ``Weekly roundup`` says too little."""


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


@dataclass(frozen=True, slots=True)
class _Found:
    """What an entry was compared with: stories with their similarity, best first."""

    story: Story | None
    reason: Reason
    similarity: float | None = None
    rivals: Sequence[Story] = ()


class Grouper:
    """Fed with the stories that are stored, then asked to place one entry after the other."""

    def __init__(self, background: Background, grouping: Grouping | None = None) -> None:
        """Begin with no story; `background` weighs the words."""
        self.background = background
        self.grouping = grouping or Grouping()
        self._state = State(members=self.grouping.members, reach=self.grouping.reach)
        self._ends: list[tuple[float, int]] = []
        self._became: dict[int, int] = {}
        self._swept = -math.inf

    @property
    def numbers(self) -> frozenset[int]:
        """The stories in memory."""
        return frozenset(self._state.stories)

    @property
    def addresses(self) -> Mapping[str, Sequence[Sight]]:
        """The addresses in memory, each with where it was seen."""
        return self._state.by_url

    # -- what is known ---------------------------------------------------------------------------------------------

    def load(self, number: int, items: Iterable[Item], *, first_at: datetime, curated: bool = False) -> None:
        """Take in a stored story with its latest members; those beyond what is kept may be left out.

        A `curated` story was shaped by a person: entries may join it, but it is never united with another.
        """
        self._put(Story(number=number, curated=curated, first=hours(first_at)), [self._member(item) for item in items])

    def note_url(self, item: Item, story: int) -> None:
        """Remember the address of a stored member, also where it is no longer kept."""
        self._state.note_url(item, story)

    def rename(self, numbers: dict[int, int]) -> None:
        """Give stories the numbers that the store gave them; the order among them must stay."""
        self._became.update(numbers)
        for old, new in numbers.items():
            story = self._state.stories.pop(old, None)
            if story is not None:
                story.number = new
                self._state.stories[new] = story
                heapq.heappush(self._ends, (story.last, new))

    def resolve(self, number: int) -> int:
        """Return the number of the story that `number` has become, through unions and renamings."""
        while number in self._became:
            number = self._became[number]
        return number

    # -- placing ---------------------------------------------------------------------------------------------------

    def place(self, item: Item, *, opening: int) -> Placement:
        """Decide the story of an entry; `opening` is the number that a new story gets, above all that were given.

        Entries come oldest first: stories that ended out of reach of this one are forgotten. One that comes late still
        finds the stories that are loaded.
        """
        member = self._member(item)
        self._forget(member.at)
        found = self._find(member)
        story = found.story or Story(number=opening, curated=False, first=member.at)
        self._put(story, [member])
        absorbed = self._unite(story, found.rivals)
        return Placement(
            entry_id=item.entry_id,
            story=self.resolve(story.number),
            reason=found.reason,
            similarity=found.similarity,
            absorbed=absorbed,
        )

    def _put(self, story: Story, members: Iterable[Member]) -> None:
        self._state.add(story, members)
        if story.members:
            heapq.heappush(self._ends, (story.last, story.number))

    def _forget(self, at: float) -> None:
        """Drop the stories that ended out of reach of `at`."""
        edge = at - self.grouping.reach
        while self._ends and self._ends[0][0] < edge:
            _, number = heapq.heappop(self._ends)
            story = self._state.stories.get(number)
            if story is not None and story.last < edge:
                self._state.remove(number)
        if edge - self._swept > _SWEEP:
            self._swept = edge
            self._state.forget_urls(edge)

    def _member(self, item: Item) -> Member:
        made = vectors(item.title, item.summary, self.background)
        keys = self._heaviest(made.body)
        return Member(hours(item.dated_at), item.mark, item.entry_id, item.feed_id, item.canonical_url, made, keys)

    def _heaviest(self, vector: Vector) -> tuple[str, ...]:
        ordered = sorted([(-weight, term) for term, weight in vector.items()])
        return tuple([term for _, term in ordered[: self.grouping.key_terms]])

    # -- finding ---------------------------------------------------------------------------------------------------

    def _find(self, member: Member) -> _Found:
        known = self._same_url(member)
        if known:
            return _Found(known, Reason.SAME_URL)
        known = self._same_title(member)
        if known:
            return _Found(known, Reason.SAME_TITLE)
        scored = self._scored(member)
        rivals = [story for similarity, story in scored if similarity >= self.grouping.join / 2]
        if scored and scored[0][0] >= self.grouping.join:
            return _Found(scored[0][1], Reason.SIMILAR, scored[0][0], rivals[1:])
        return _Found(None, Reason.OPENED, None, rivals)

    def _same_url(self, member: Member) -> Story | None:
        """Return the story of an entry with the same address."""
        sights = self._state.by_url.get(member.url, ()) if member.url else ()
        near = [sight for sight in sights if abs(member.at - sight.at) <= self.grouping.reach]
        return self._nearest(member, same_page(member, near)) if near else None

    def _same_title(self, member: Member) -> Story | None:
        title = member.vectors.normal_title
        if len(title.split()) < self.grouping.telling:
            return None
        return self._nearest(member, self._state.by_title.get(title, ()))

    def _nearest(self, member: Member, sights: Sequence[Sight]) -> Story | None:
        near = sorted((abs(member.at - one.at), one.mark, one.story) for one in sights)
        numbers = [self.resolve(story) for gap, _, story in near if gap <= self.grouping.reach]
        return next((self._state.stories[number] for number in numbers if number in self._state.stories), None)

    def _scored(self, member: Member) -> list[tuple[float, Story]]:
        """Return the candidate stories with their similarity, best first; of equal ones the older."""
        seen = self._reweighed(member.vectors)
        central = [(-_central(seen, story), story.number, story) for story in self._candidates(seen, member.at)]
        central.sort()
        nearest = central[: self.grouping.compared]
        scored = [(-self._similarity(seen, member, story, -score), number, story) for score, number, story in nearest]
        scored.sort()
        return [(-score, story) for score, _, story in scored]

    def _reweighed(self, seen: Vectors) -> Vectors:
        """Lower the weight of terms that many stories in reach share: a running subject is not an event."""
        live, state = self.grouping.live, self._state
        words = seen.body if seen.body is seen.title else seen.body.keys() | seen.title.keys()
        factors = self.background.factors(words, spread=state.spread, live=live, pool=live * len(state.stories))
        title = scaled(seen.title, factors)
        body = title if seen.body is seen.title else scaled(seen.body, factors)
        return Vectors(title=title, body=body, normal_title=seen.normal_title)

    def _candidates(self, seen: Vectors, at: float) -> list[Story]:
        sums: dict[Story, float] = {}
        by_term, crowded, body = self._state.by_term, self.grouping.crowded, seen.body
        for term in self._heaviest(body):
            holders = by_term.get(term)
            if holders and len(holders) <= crowded:
                weight = body[term]
                for story in holders:
                    sums[story] = sums.get(story, 0.0) + weight
        least = self.grouping.shared
        best = sorted([(-weight, story.number, story) for story, weight in sums.items() if weight >= least])
        near = [story for _, _, story in best[: self.grouping.candidates]]
        return [story for story in near if story.gap(at) <= self.grouping.reach]

    def _similarity(self, seen: Vectors, member: Member, story: Story, central: float) -> float:
        rules = self.grouping
        similarity = (central + _greatest(seen, story, central)) / 4
        similarity *= 0.5 + 0.5 * math.exp(-story.gap(member.at) / rules.fade)
        if similarity < rules.join / 2:
            return similarity
        similarity *= self._repulsion(member, story)
        if similarity < rules.join:
            return similarity
        if sum([term in story.body for term in seen.body]) <= 1:
            similarity *= rules.lone
        if clash(member.vectors.normal_title, [other.vectors.normal_title for other in story.members]):
            similarity *= rules.clash
        return similarity

    def _repulsion(self, member: Member, story: Story) -> float:
        rules = self.grouping
        return repulsion(member, story.members, strength=rules.same_feed, dump=rules.dump)

    # -- uniting ---------------------------------------------------------------------------------------------------

    def _unite(self, story: Story, rivals: Sequence[Story]) -> tuple[int, ...]:
        """Unite the story with those that its new member shows to be the same; the older number stays."""
        absorbed: list[int] = []
        for rival in rivals:
            if self._free(story, rival) and (self._same(story, rival) or self._belongs(rival, story)):
                older, younger = sorted((story, rival), key=lambda one: one.number)
                self._absorb(older, younger)
                absorbed.append(younger.number)
                story = older
        return tuple(absorbed)

    def _free(self, one: Story, other: Story) -> bool:
        return not (one.curated or other.curated) and abs(one.first - other.first) <= self.grouping.union_reach

    def _same(self, one: Story, other: Story) -> bool:
        """Tell whether the centroids of two stories are near, and no feed tells both apart."""
        title = dot(one.title, other.title) / (one.title_length * other.title_length)
        body = dot(one.body, other.body) / (one.body_length * other.body_length)
        large = min(len(one.members), len(other.members)) >= self.grouping.large
        least = self.grouping.union_large if large else self.grouping.union
        if (title + body) / 2 < least:
            return False
        lesser, greater = sorted((one, other), key=lambda story: (len(story.members), -story.number))
        remains = sum([self._repulsion(member, greater) for member in lesser.members]) / len(lesser.members)
        return (title + body) / 2 * remains >= least

    def _belongs(self, small: Story, grown: Story) -> bool:
        """Tell whether all of a small story would join the grown one, were they to come now."""
        if len(small.members) > self.grouping.small or len(grown.members) < 2:  # noqa: PLR2004  (it has just grown)
            return False
        return all(self._alike(member, grown) >= self.grouping.late for member in small.members)

    def _alike(self, member: Member, story: Story) -> float:
        seen = self._reweighed(member.vectors)
        return self._similarity(seen, member, story, _central(seen, story))

    def _absorb(self, older: Story, younger: Story) -> None:
        self._became[younger.number] = older.number
        gone = self._state.remove(younger.number)
        older.first = min(older.first, gone.first)
        self._put(older, gone.members)


def _greatest(seen: Vectors, story: Story, central: float) -> float:
    """Return the greatest cosine to a member, of titles plus of bodies; to a single member it is the central one."""
    if len(story.members) == 1:
        return central
    titles = [dot(seen.title, other.vectors.title) for other in story.members]
    return max(titles) + max([dot(seen.body, other.vectors.body) for other in story.members])


def _central(seen: Vectors, story: Story) -> float:
    return dot(seen.title, story.title) / story.title_length + dot(seen.body, story.body) / story.body_length
