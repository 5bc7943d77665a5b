"""What makes two reports more or less likely to tell one event, beside their words.

One feed seldom tells one event twice, and never at one instant: entries that it lists apart, it holds apart. Titles
that name different numbers (versions, sums, dates) tell different events, however alike they are else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from trendbot.core.grouping.state import Member, Sight

_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_INSTANT = 0.02
"""Hours within which a feed's entries count as listed at one instant (dates of a dump, rewritten dates)."""
_ALIKE = 0.3


@lru_cache(maxsize=20_000)
def numbers(title: str) -> frozenset[str]:
    """Return the numbers in a normal title."""
    return frozenset(_NUMBER.findall(title))


def clash(title: str, others: Iterable[str]) -> bool:
    """Tell whether a normal title has numbers, and none of them with any of the others that have some."""
    mine = numbers(title)
    if not mine:
        return False
    theirs = [found for other in others if (found := numbers(other))]
    return bool(theirs) and all(mine.isdisjoint(found) for found in theirs)


def alike(one: str, other: str) -> bool:
    """Tell whether two normal titles may name one page: they share words, and neither has a number of its own."""
    words, others = set(one.split()), set(other.split())
    if not words or not others or len(words & others) < _ALIKE * min(len(words), len(others)):
        return False
    mine, theirs = numbers(one), numbers(other)
    return mine <= theirs or theirs <= mine


def same_page(member: Member, sights: Sequence[Sight]) -> list[Sight]:
    """Return the sights of a member's address that mean its page: an address may be that of a changelog.

    Another feed's entry does, unless some feed has used the address under two titles; else the titles must be alike.
    """
    title = member.vectors.normal_title
    used: dict[int, set[str]] = {member.feed_id: {title}}
    for sight in sights:
        used.setdefault(sight.feed_id, set()).add(sight.title)
    shared = any(len(titles) > 1 for titles in used.values())
    return [
        sight
        for sight in sights
        if sight.title == title or (not shared and sight.feed_id != member.feed_id) or alike(sight.title, title)
    ]


def repulsion(member: Member, members: Iterable[Member], *, strength: float, dump: float) -> float:
    """Return what remains of the likeness of an entry to a story, 1 where its feed has told nothing of it.

    Of the feed's own reports under other titles, each weighs against the number of other feeds that tell the story;
    those of the entry's own instant halve, third, … that number and bear the power of `dump` more each.
    """
    others: set[int] = set()
    own: dict[str, float] = {}
    for other in members:
        if other.feed_id != member.feed_id:
            others.add(other.feed_id)
        elif not _copy(member, other):
            title = other.vectors.normal_title
            own[title] = min(abs(other.at - member.at), own.get(title, float("inf")))
    if not own:
        return 1.0
    at_once = sum(gap <= _INSTANT for gap in own.values())
    against = len(others) / (1 + at_once)
    remains: float = (1 - strength * len(own) / (len(own) + against)) ** (1 + dump * at_once)
    return remains


def _copy(one: Member, other: Member) -> bool:
    mine, theirs = one.vectors.normal_title, other.vectors.normal_title
    return mine == theirs or (one.url != "" and one.url == other.url and alike(mine, theirs))
