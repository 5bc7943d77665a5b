"""A reader's taste in steps, so that readers of like taste share an edition; and what it does to a digest. Pure.

A step is a quarter of a point on a theme, two at most either way. Stories keep their place in everybody's selection but
are ranked anew with the points, which stand among their score's parts as ``taste``. The lead of the digest for all
themes stays: it is everybody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from trendbot.core.digests import DigestContent, DigestItem
from trendbot.core.taste import Taste

STEP = 0.25
MOST = 2
PART = "taste"
Leanings = Mapping[str, int]
"""Steps by theme: ``{"tools": 1, "market": -2}``."""


def leanings_of(taste: Taste) -> dict[str, int]:
    """Return a taste in steps; a weight of less than half a step is none. Feeds are left to alerts."""
    steps = {slug: max(-MOST, min(MOST, round(weight / STEP))) for slug, weight in taste.themes.items()}
    return {slug: step for slug, step in sorted(steps.items()) if step}


def name_of(leanings: Leanings) -> str:
    """Return leanings as a part of a variant's name: ``market:-2,tools:1``."""
    return ",".join(f"{slug}:{step}" for slug, step in sorted(leanings.items()) if step)


def read_name(name: str) -> dict[str, int]:
    """Read what `name_of` wrote."""
    pairs = (part.rpartition(":") for part in name.split(",") if ":" in part)
    return {slug: int(step) for slug, _, step in pairs}


def leaned(content: DigestContent, leanings: Leanings) -> DigestContent:
    """Return a digest whose stories are ranked with a reader's leanings."""
    if not leanings:
        return content
    sections = [replace(each, items=_ranked(each.items, leanings)) for each in content.sections]
    sections.sort(key=lambda section: -max(item.score for item in section.items))
    return replace(
        content,
        lead=_leaned(content.lead, leanings) if content.lead else None,
        sections=tuple(sections),
        also=_ranked(content.also, leanings),
        stories=_ranked(content.stories, leanings),
    )


def _ranked(items: Iterable[DigestItem], leanings: Leanings) -> tuple[DigestItem, ...]:
    return tuple(sorted((_leaned(item, leanings) for item in items), key=lambda item: -item.score))


def _leaned(item: DigestItem, leanings: Leanings) -> DigestItem:
    steps = [leanings[slug] for slug in item.themes if slug in leanings]
    points = round(STEP * sum(steps) / len(steps), 4) if steps else 0.0
    if not points:
        return item
    return replace(item, score=round(item.score + points, 4), parts={**item.parts, PART: points})
