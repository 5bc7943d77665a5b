"""What an editor decides about a draft: stories pinned, dropped and worded anew. Pure.

The draft is composed by rule; the editor's hand is laid on it afterwards, as the same choices every time, so that a
draft which is composed again from later news keeps them. A dropped story is not there when the others are chosen; a
pinned one stands whatever caps and rank say of it. An editor's words go through the proof gate too, as a warning only:
what it holds against them is kept with them, and readers see that they are not the publisher's.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trendbot.core import wording
from trendbot.core.digests import (
    MORE,
    Audience,
    DigestContent,
    DigestItem,
    DigestSection,
    Edited,
    Sentence,
)
from trendbot.core.limits import one_line
from trendbot.core.proofs import is_verbatim, objections, read_source
from trendbot.core.ranking import Candidate, Report, content_vector
from trendbot.core.summaries import cosine
from trendbot.core.variants import card, texts

EDITED = ", edited"
"""Stands behind the source's name where the words are an editor's."""
HEADLINE, TEXT = 200, 400
"""Characters of an editor's headline and text."""
_NEAR = 0.6


class Place(enum.StrEnum):
    """Where an editor wants a story: as the lead, in the digest, or not in it."""

    LEAD = "lead"
    PINNED = "pinned"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What a person decided about a story; None where they said nothing. An empty `text` means: the headline alone."""

    story_id: int
    place: Place | None = None
    headline: str | None = None
    text: str | None = None
    by: str
    at: datetime

    @property
    def worded(self) -> bool:
        """Tell whether the choice has words of its own."""
        return self.headline is not None or self.text is not None


Hand = Mapping[int, Choice]
"""Choices by story."""


def without_dropped(candidates: Iterable[Candidate], hand: Hand) -> tuple[Candidate, ...]:
    """Return the stories that no editor dropped."""
    dropped = {story for story, choice in hand.items() if choice.place is Place.DROPPED}
    return tuple(each for each in candidates if each.story_id not in dropped)


def with_hand(
    content: DigestContent,
    hand: Hand,
    candidates: Sequence[Candidate],
    tell: Callable[[Candidate], DigestItem | None],
) -> DigestContent:
    """Lay an editor's hand on a composed digest.

    `candidates` are the stories that may be told; `tell` makes one of them into an item as a lead would be, with all
    its sentences. A pinned story that is no candidate is left out: see `missing`.
    """
    if not hand:
        return content
    known = {each.story_id: each for each in candidates}
    pins = [choice for choice in hand.values() if choice.place in (Place.LEAD, Place.PINNED)]
    told = [(choice, tell(known[choice.story_id])) for choice in pins if choice.story_id in known]
    pinned = [(choice, item) for choice, item in told if item is not None]
    content = _pinned(content, pinned) if pinned else content
    sources = {report.entry_id: report for each in candidates for report in each.reports}
    return _worded(content, hand, sources) if any(choice.worded for choice in hand.values()) else content


def missing(content: DigestContent, hand: Hand) -> tuple[int, ...]:
    """Return the stories that an editor pinned or worded and that the digest does not tell."""
    told = {item.story_id for _, item in content.items()}
    wanted = (story for story, choice in hand.items() if choice.place is not Place.DROPPED)
    return tuple(story for story in sorted(wanted) if story not in told)


# -- pins --------------------------------------------------------------------------------------------------------------


def _pinned(content: DigestContent, pinned: Sequence[tuple[Choice, DigestItem]]) -> DigestContent:
    """Put pinned stories in, and as many of the last others out as came in."""
    lead = next((item for choice, item in pinned if choice.place is Place.LEAD), None)
    inside = {item.story_id for _, item in pinned}
    count = len(content.items()) - len(content.also)
    bare = _without(content, inside, near=[item for _, item in pinned])
    others = [item for _, item in pinned if item is not lead]
    demoted = [bare.lead] if lead is not None and bare.lead is not None else []
    first = lead or bare.lead or (others.pop(0) if others else None)
    sections = _put(bare.sections, [*others, *demoted], content.themes)
    sections, out = _trimmed(sections, room=max(count, 1 + len(others)) - 1, kept=inside)
    also = (*out, *bare.also)[: max(len(content.also), len(out) and 1)]
    front = tuple(replace(item, audience=Audience.EVERY) for _, item in pinned)
    stories = (*front, *bare.stories) if content.stories else ()
    return _recounted(replace(bare, lead=first, sections=sections, also=also, stories=stories, quiet=first is None))


def _without(content: DigestContent, stories: set[int], *, near: Sequence[DigestItem]) -> DigestContent:
    """Take stories out, and those that tell the same as one of `near`."""

    def keep(item: DigestItem) -> bool:
        return item.story_id not in stories and not any(_alike(item, other) for other in near)

    sections = (
        replace(section, items=tuple(item for item in section.items if keep(item))) for section in content.sections
    )
    lead = content.lead if content.lead is not None and keep(content.lead) else None
    shown = tuple(section for section in sections if section.items)
    if lead is None and content.lead is not None and shown:
        lead, shown = _promoted(shown)
    return replace(
        content,
        lead=lead,
        sections=shown,
        also=tuple(item for item in content.also if keep(item)),
        stories=tuple(item for item in content.stories if keep(item)),
    )


def _promoted(sections: tuple[DigestSection, ...]) -> tuple[DigestItem, tuple[DigestSection, ...]]:
    best = max((item for section in sections for item in section.items), key=lambda item: item.score)
    left = (replace(section, items=tuple(each for each in section.items if each is not best)) for section in sections)
    return best, tuple(section for section in left if section.items)


def _alike(one: DigestItem, other: DigestItem) -> bool:
    return cosine(content_vector(one.headline), content_vector(other.headline)) >= _NEAR


def _put(
    sections: Sequence[DigestSection], items: Iterable[DigestItem], titles: Mapping[str, str]
) -> tuple[DigestSection, ...]:
    """Put stories first in the section of one of their themes: one that is there, else a new one."""
    found = list(sections)
    for item in items:
        slug = next((theme for theme in item.themes if any(each.slug == theme for each in found)), None)
        slug = slug or next((theme for theme in item.themes if theme in titles), MORE)
        short = replace(item, sentences=item.sentences[:1], others=item.others[:2])
        place = next((number for number, each in enumerate(found) if each.slug == slug), None)
        if place is None:
            title = wording.MORE if slug == MORE else one_line(titles[slug], 80)
            found.append(DigestSection(slug=slug, title=title, items=(short,)))
        else:
            found[place] = replace(found[place], items=(short, *found[place].items))
    return tuple(found)


def _trimmed(
    sections: Sequence[DigestSection], *, room: int, kept: set[int]
) -> tuple[tuple[DigestSection, ...], list[DigestItem]]:
    """Take the least stories out until `room` are left; none of `kept`."""
    items = [item for section in sections for item in section.items]
    spare = sorted((item for item in items if item.story_id not in kept), key=lambda item: item.score)
    out = spare[: max(0, len(items) - room)]
    gone = {item.story_id for item in out}
    left = (replace(each, items=tuple(item for item in each.items if item.story_id not in gone)) for each in sections)
    bare = [replace(item, sentences=(), others=()) for item in sorted(out, key=lambda item: -item.score)]
    return tuple(section for section in left if section.items), bare


def _recounted(content: DigestContent) -> DigestContent:
    told = [item for _, item in content.items()]
    foot = content.foot
    line = wording.day_line(
        cadence=content.cadence,
        stories=len(told),
        entries=foot.entries,
        feeds=foot.feeds,
        followed=foot.followed,
        lead=content.lead,
        rising=content.rising[0].name if content.rising else "",
        updates=sum(item.update for item in told),
    )
    return replace(
        content,
        line=line,
        foot=replace(
            foot, minutes=wording.minutes(texts(told)), card=card(told, foot.card.blocked if foot.card else 0)
        ),
    )


# -- words -------------------------------------------------------------------------------------------------------------


def _worded(content: DigestContent, hand: Hand, sources: Mapping[int, Report]) -> DigestContent:
    def word(item: DigestItem) -> DigestItem:
        choice = hand.get(item.story_id)
        return worded(item, choice, sources.get(item.lead.entry_id)) if choice and choice.worded else item

    lead = word(content.lead) if content.lead is not None else None
    sections = tuple(replace(each, items=tuple(map(word, each.items))) for each in content.sections)
    also = tuple(replace(word(item), sentences=()) for item in content.also)
    done = replace(content, lead=lead, sections=sections, also=also, stories=tuple(map(word, content.stories)))
    return _recounted(done)


def worded(item: DigestItem, choice: Choice, report: Report | None) -> DigestItem:
    """Return a story in an editor's words, marked so, with what the proof gate holds against them."""
    source = read_source(report.title, report.body, report.source) if report else read_source(item.headline)
    headline = one_line(choice.headline or "", HEADLINE) or item.headline
    text = one_line(choice.text, TEXT) if choice.text is not None else None
    claims = [each for each in (headline if choice.headline else "", text or "") if each]
    against = tuple(str(each) for claim in claims for each in objections(claim, source))
    own = choice.headline is not None and not is_verbatim(headline, source)
    lead = replace(item.lead, source=f"{item.lead.source}{EDITED}") if own else item.lead
    mark = Edited(
        by=choice.by,
        at=choice.at.isoformat(),
        headline=choice.headline is not None,
        text=choice.text is not None,
        objections=against,
    )
    sentences = item.sentences if text is None else _said(item, text)
    return replace(item, headline=headline, lead=lead, sentences=sentences, edited=mark)


def _said(item: DigestItem, text: str) -> tuple[Sentence, ...]:
    if not text:
        return ()
    source = f"{item.lead.source}{EDITED}"
    return (Sentence(text=text, entry_id=item.lead.entry_id, source=source, start=0, end=0),)
