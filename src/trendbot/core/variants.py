"""Choices of themes: their names, and what of a digest each choice is told. Pure.

A *variant* is the canonical name of a set of themes: ``all``, or the slugs in order (``efficiency+tools``). Readers of
the same choice share one selection and one rendering. The selection is made from the frozen content alone, so it can be
made again at any time and comes out the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from trendbot.core import wording
from trendbot.core.digests import (
    MORE,
    Audience,
    Budget,
    DigestContent,
    DigestItem,
    DigestRise,
    DigestSection,
)
from trendbot.core.leanings import Leanings, leaned, name_of, read_name
from trendbot.core.report_card import ReportCard
from trendbot.core.text import fold

ALL = "all"
LONGEST = 1000
"""A longer name of a variant cannot be kept."""
THIN = 4
"""With no more stories than this beside the lead they stand under one heading."""
RISES = 3
_LEANING, _WITHOUT = "^", "~"
"""In the name of a variant: before what its readers want more and less of, and before the stories that are left out."""
_GLANCE = 8
"""What a story costs beside its words, in words: finding it, its source, deciding whether to follow the link."""
_HEAD = 40
"""What the title, the line and the foot cost, in words."""


def variant_of(themes: Iterable[str], without: Iterable[int] = (), leanings: Leanings | None = None) -> str:
    """Return the name of a choice of themes; no theme at all means every theme.

    `without` are stories that its readers were told already, `leanings` what they want more and less of. A choice so
    wide that its name cannot be kept counts as every theme, and stories too many to be named as none.
    """
    slugs = sorted(set(themes))
    name = "+".join(slugs)
    chosen = f"+{ALL}" if slugs == [ALL] else name if name and len(name) <= LONGEST else ALL  # a theme may be called so
    leaning = name_of(leanings or {})
    chosen = f"{chosen}{_LEANING}{leaning}" if leaning else chosen
    left_out = ".".join(str(story) for story in sorted(set(without)))
    whole = f"{chosen}{_WITHOUT}{left_out}" if left_out else chosen
    return whole if len(whole) <= LONGEST else chosen


def themes_of(variant: str) -> tuple[str, ...]:
    """Return the themes that a variant stands for, in order; none for every theme."""
    chosen = variant.partition(_WITHOUT)[0].partition(_LEANING)[0]
    return () if chosen == ALL else tuple(slug for slug in chosen.split("+") if slug)


def without_of(variant: str) -> frozenset[int]:
    """Return the stories that a variant leaves out."""
    return frozenset(int(story) for story in variant.partition(_WITHOUT)[2].split(".") if story.isdecimal())


def leanings_in(variant: str) -> Leanings:
    """Return what the readers of a variant want more and less of."""
    return read_name(variant.partition(_WITHOUT)[0].partition(_LEANING)[2])


def content_of(content: DigestContent, variant: str) -> DigestContent | None:
    """Return what the readers of a variant are told of a digest, or None where that is nothing."""
    left = leaving_out(content, without_of(variant))
    if left is None:
        return None
    themes = themes_of(variant)
    chosen = select_for(leaned(left, leanings_in(variant)), themes)
    if chosen is None or (chosen.lead is None and not content.quiet):
        return None
    return replace(chosen, variant=variant) if variant != variant_of(themes) else chosen


def leaving_out(content: DigestContent, stories: frozenset[int]) -> DigestContent | None:
    """Return a digest without some stories; the next one leads where the lead is left out. None: nothing is left."""
    if not stories:
        return content
    sections = tuple(
        replace(section, items=tuple(item for item in section.items if item.story_id not in stories))
        for section in content.sections
    )
    also = tuple(item for item in content.also if item.story_id not in stories)
    lead = content.lead if content.lead and content.lead.story_id not in stories else None
    pool = tuple(item for item in content.stories if item.story_id not in stories)
    if lead is None:
        lead = next((item for section in sections for item in section.items), next(iter(also), None))
        sections = tuple(
            replace(each, items=tuple(item for item in each.items if item is not lead)) for each in sections
        )
        also = tuple(item for item in also if item is not lead)
    if lead is None and not pool:
        return None
    shown = tuple(section for section in sections if section.items)
    told = [*([lead] if lead else []), *(item for section in shown for item in section.items), *also]
    return replace(content, lead=lead, sections=shown, also=also, stories=pool, **_said_of(content, lead, told))


def _said_of(content: DigestContent, lead: DigestItem | None, told: Sequence[DigestItem]) -> dict[str, Any]:
    """Return the line and the foot of a digest for all themes that tells these stories."""
    foot = content.foot
    line = wording.day_line(
        cadence=content.cadence,
        stories=len(told),
        entries=foot.entries,
        feeds=foot.feeds,
        followed=foot.followed,
        lead=lead,
        rising=content.rising[0].name if content.rising else "",
        updates=sum(item.update for item in told),
    )
    blocked = foot.card.blocked if foot.card else 0
    return {"line": line, "foot": replace(foot, minutes=wording.minutes(texts(told)), card=card(told, blocked))}


def select_for(content: DigestContent, themes: Iterable[str], budget: Budget | None = None) -> DigestContent | None:
    """Return what the readers of some themes are told, or None where there is nothing on their themes.

    No theme at all means every theme: the content as it is. `budget` is the content's own where none is given.
    """
    wanted = frozenset(themes)
    if not wanted:
        return content
    bound = budget or content.budget
    pool = _capped(_pool(content, wanted), bound.per_feed, bound.stories + bound.also)
    if not pool:
        return None
    shelves, rest = _shelved(pool[1:], content, wanted, bound)
    lead = replace(pool[0], themes=_own_first(pool[0], wanted))
    sections, also = fitted(lead, shelves, rest, bound)
    return _narrowed(content, wanted, lead, sections, also)


def fitted(
    lead: DigestItem | None, sections: Sequence[DigestSection], also: Sequence[DigestItem], budget: Budget
) -> tuple[tuple[DigestSection, ...], tuple[DigestItem, ...]]:
    """Fit a selection into the minutes of reading: by value for length, the lead first and in any case.

    A story that does not fit with its sentence is told by its headline alone, where there is room for that. The few
    stories of a thin day stand under one heading; a section without a story is none.
    """
    room = budget.minutes * wording.WORDS_A_MINUTE - _HEAD - (cost(lead) if lead else 0)
    stories = [item for section in sections for item in section.items]
    kept = _fill(stories, room, cost)
    room -= sum(cost(item) for item in stories if id(item) in kept)
    lines = [_bare(item) for item in stories if id(item) not in kept]
    lines = sorted([*lines, *also], key=lambda item: -item.score) if lines else list(also)
    seen = _fill(lines, room, cost)
    left = (replace(section, items=tuple(item for item in section.items if id(item) in kept)) for section in sections)
    shown = tuple(section for section in left if section.items)
    return joined(shown), tuple(item for item in lines if id(item) in seen)[: budget.also]


def cost(item: DigestItem) -> int:
    """Return what a story costs a reader, in words."""
    return _GLANCE + sum(len(text.split()) for text in (item.headline, *(each.text for each in item.sentences)))


def joined(sections: tuple[DigestSection, ...]) -> tuple[DigestSection, ...]:
    """Put the few stories of a thin day under one heading, where each would stand alone under its own."""
    items = tuple(item for section in sections for item in section.items)
    if len(sections) < 2 or len(items) > THIN:  # noqa: PLR2004
        return sections
    return (DigestSection(slug=MORE, title=wording.MORE, items=items),)


def _fill(items: Sequence[DigestItem], room: int, length: Callable[[DigestItem], int]) -> set[int]:
    """Choose items for a room of so many words: by value for length or by value alone, whichever is worth more."""
    tries = (lambda item: -_value(item) / length(item), lambda item: -_value(item))
    return max((_greedy(items, room, length, order) for order in tries), key=lambda found: found[0])[1]


def _greedy(
    items: Sequence[DigestItem],
    room: int,
    length: Callable[[DigestItem], int],
    order: Callable[[DigestItem], float],
) -> tuple[float, set[int]]:
    worth, kept = 0.0, set()
    for item in sorted(items, key=order):
        if length(item) <= room:
            room -= length(item)
            worth += _value(item)
            kept.add(id(item))
    return round(worth, 9), kept


def _value(item: DigestItem) -> float:
    return max(item.score, 0.0) + 0.1


# -- a choice of themes ------------------------------------------------------------------------------------------------


def _pool(content: DigestContent, wanted: frozenset[str]) -> list[DigestItem]:
    stories = content.stories or tuple(item for _, item in content.items())
    return [item for item in stories if item.audience is not Audience.ALL and not wanted.isdisjoint(item.themes)]


def _capped(items: Iterable[DigestItem], per_feed: int, count: int) -> list[DigestItem]:
    led: Counter[str] = Counter()
    kept: list[DigestItem] = []
    for item in items:
        publisher = item.publisher or item.lead.source
        if led[publisher] < per_feed and len(kept) < count:
            led[publisher] += 1
            kept.append(item)
    return kept


def _shelved(
    items: Sequence[DigestItem], content: DigestContent, wanted: frozenset[str], budget: Budget
) -> tuple[list[DigestSection], list[DigestItem]]:
    """Put stories under the chosen themes, each under its most certain one that has room; the rest are headlines."""
    room = max(budget.per_theme, -(-budget.stories // len(wanted)))
    shelves: dict[str, list[DigestItem]] = {}
    rest: list[DigestItem] = []
    for placed, item in enumerate(items, start=1):
        open_ = [slug for slug in _own_first(item, wanted) if slug in wanted and len(shelves.get(slug, ())) < room]
        if placed < budget.stories and open_:
            shelves.setdefault(open_[0], []).append(replace(item, sentences=item.sentences[:1]))
        else:
            rest.append(_bare(item))
    ranked = sorted(shelves.items(), key=lambda shelf: (-shelf[1][0].score, shelf[0]))
    sections = [
        DigestSection(slug=slug, title=content.themes.get(slug, slug), items=tuple(found)) for slug, found in ranked
    ]
    return sections, rest


def _own_first(item: DigestItem, wanted: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(item.themes, key=lambda slug: slug not in wanted))


def _bare(item: DigestItem) -> DigestItem:
    return replace(item, sentences=(), others=())


def _narrowed(
    content: DigestContent,
    wanted: frozenset[str],
    lead: DigestItem,
    sections: tuple[DigestSection, ...],
    also: tuple[DigestItem, ...],
) -> DigestContent:
    told = [lead, *(item for section in sections for item in section.items), *also]
    rising = _rising(content, wanted, told)
    names = [content.themes.get(slug, slug) for slug in sorted(wanted, key=_place(content))]
    foot = content.foot
    return replace(
        content,
        variant=variant_of(wanted),
        line=wording.day_line(
            cadence=content.cadence,
            stories=len(told),
            entries=foot.entries,
            feeds=foot.feeds,
            followed=foot.followed,
            lead=lead,
            rising=rising[0].name if rising else "",
            updates=sum(item.update for item in told),
            themes=names,
        ),
        quiet=False,
        lead=lead,
        sections=sections,
        rising=rising,
        rising_note="" if rising else wording.nothing_rose_on(names) if content.rises else content.rising_note,
        also=also,
        stories=(),
        rises=(),
        corrections=tuple(
            each for each in content.corrections if not each.themes or not wanted.isdisjoint(each.themes)
        ),
        foot=replace(
            foot,
            minutes=wording.minutes(texts(told)),
            why=wording.why(content.brand, content.cadence, names),
            card=card(told, foot.card.blocked if foot.card else 0),
        ),
    )


def _rising(content: DigestContent, wanted: frozenset[str], told: Sequence[DigestItem]) -> tuple[DigestRise, ...]:
    """Return the rises of the chosen themes, and of terms that a told story names."""
    said = fold(" ".join(texts(told)))
    return tuple(rise for rise in content.rises if rise.slug in wanted or (not rise.slug and fold(rise.name) in said))[
        :RISES
    ]


def _place(content: DigestContent) -> Callable[[str], tuple[int, str]]:
    order = list(content.themes)
    return lambda slug: (order.index(slug) if slug in order else len(order), slug)


def texts(items: Iterable[DigestItem]) -> Iterable[str]:
    """Return every headline and sentence of the stories."""
    for item in items:
        yield item.headline
        yield from (sentence.text for sentence in item.sentences)


def card(items: Iterable[DigestItem], blocked: int) -> ReportCard:
    """Return the report card of what is told: all went through the gate but for editors' words; `blocked` did not.

    An editor's text is their own, and grounded where the gate has nothing against it.
    """
    told = [(item.edited, sentence) for item in items for sentence in item.sentences]
    ours = [mark for mark, _ in told if mark is not None and mark.text]
    return ReportCard(
        sentences=len(told),
        grounded=len(told) - sum(bool(mark.objections) for mark in ours),
        extractive=len(told) - len(ours) - sum(sentence.machine for _, sentence in told),
        blocked=blocked,
        edited=len(ours),
    )
