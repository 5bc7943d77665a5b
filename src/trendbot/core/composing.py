"""From ranked stories to a content tree: what is told, in which section, in which words. Pure: no clock, no store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trendbot.core import wording
from trendbot.core.digests import (
    CONTENT_VERSION,
    Audience,
    DigestContent,
    DigestEntry,
    DigestFoot,
    DigestItem,
    DigestPolicy,
    DigestRise,
    DigestSection,
    Sentence,
    period_days,
)
from trendbot.core.limits import one_line, safe_link
from trendbot.core.memory import Told, returning
from trendbot.core.proofs import Source, objections, read_source
from trendbot.core.ranking import Candidate, Ranked, Report, Selection, content_vector, rank, select
from trendbot.core.report_card import Footprint, ReportCard
from trendbot.core.summaries import Span, Text, choose_sentences, cosine
from trendbot.core.telling import HEADLINE, headline_of, source_of, surprised
from trendbot.core.titles import lists_contents
from trendbot.core.urls import without_tracking
from trendbot.core.variants import RISES, card, fitted, texts
from trendbot.core.vocabulary import Cadence
from trendbot.core.weights import Weights

_LOOSE = re.compile(r"(?<=[\w)\]%”’\"']) (?=[,;.:](?:\s|$))")
_NEAR = 0.6
"""Titles nearer than this speak of one thing: of two such stories one is kept for the choices of themes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """What a digest stands for and what was read for it."""

    cadence: Cadence
    slot: str
    number: int
    start: datetime
    end: datetime
    opening: bool
    reach_days: int
    entries: int
    feeds: int
    followed: int
    footprint: Footprint | None = None


def build_content(
    candidates: Sequence[Candidate],
    *,
    period: Period,
    policy: DigestPolicy,
    themes: Mapping[str, str],
    rising: Sequence[DigestRise],
    told_to_some: Mapping[int, Told] | None = None,
    readings: bool,
    sample: bool,
) -> DigestContent:
    """Compose a digest from tellable stories.

    `themes` are the titles by slug in the editor's order. `rising` is all that rose; `readings` tells whether any trend
    was read at all. `told_to_some` are stories that only readers of some themes were told before: for readers of all
    themes they are new, for the others updates or nothing.
    """
    window = max(period_days(period.cadence), period.reach_days)
    known = tuple(themes)
    ranked = rank_stories(candidates, period=period, themes=known, rising=rising, weights=policy.weights)
    chosen = choose_stories(ranked, policy, themes=known)
    gate = _Gate()
    lead = _item(chosen.lead, gate, sentences=2, others=3) if chosen.lead else None
    sections = tuple(
        DigestSection(
            slug=slug,
            title=one_line(themes[slug], 80),
            items=tuple(_item(each, gate, sentences=1, others=2) for each in items),
        )
        for slug, items in chosen.sections
    )
    also = tuple(_item(each, gate, sentences=0, others=0) for each in chosen.also)
    sections, also = fitted(lead, sections, also, policy.budget)
    first = [each for each in (chosen.lead, *(each for _, items in chosen.sections for each in items)) if each]
    pool = _pool(ranked, [*first, *chosen.also], per_theme=policy.stories + policy.also, themes=known)
    return replace(
        _content(
            period, policy, (lead, sections, also), tuple(rising[:RISES]), found=len(ranked), blocked=gate.blocked
        ),
        rising_note="" if rising else wording.NOTHING_ROSE if readings else wording.NOTHING_KNOWN,
        sample=sample,
        stories=_stories(pool, told_to_some or {}, period, window, known, policy.weights),
        rises=tuple(rising),
        themes={slug: one_line(title, 80) for slug, title in themes.items()},
    )


def rank_stories(
    candidates: Sequence[Candidate],
    *,
    period: Period,
    themes: Sequence[str],
    rising: Iterable[DigestRise],
    weights: Weights,
) -> tuple[Ranked, ...]:
    """Rank the stories of a period, lifted by the rising terms that their titles name; `themes` are those in force."""
    window = max(period_days(period.cadence), period.reach_days)
    lifted = surprised(candidates, [rise for rise in rising if rise.kind == "term"])
    return _ranked(lifted, period, window, themes, weights)


def choose_stories(ranked: Sequence[Ranked], policy: DigestPolicy, *, themes: Sequence[str]) -> Selection:
    """Choose what the readers of all themes are told, before it is fitted into their minutes."""
    return select(
        ranked,
        stories=policy.stories,
        also=policy.also,
        per_theme=policy.per_theme,
        per_feed=policy.per_feed,
        order=tuple(themes),
    )


def _ranked(
    candidates: Iterable[Candidate], period: Period, window: int, themes: Sequence[str], weights: Weights
) -> tuple[Ranked, ...]:
    ranked = rank(candidates, now=period.end, window_days=window, weights=weights)
    return tuple(replace(each, themes=tuple(slug for slug in each.themes if slug in themes)) for each in ranked)


_Shown = tuple[DigestItem | None, tuple[DigestSection, ...], tuple[DigestItem, ...]]
"""Lead, sections, further headlines."""


def _content(
    period: Period,
    policy: DigestPolicy,
    shown: _Shown,
    rising: tuple[DigestRise, ...],
    *,
    found: int,
    blocked: int,
) -> DigestContent:
    lead, sections, also = shown
    told = [*([lead] if lead else []), *(item for section in sections for item in section.items), *also]
    return DigestContent(
        version=CONTENT_VERSION,
        brand=one_line(policy.brand, 60),
        cadence=period.cadence,
        slot=period.slot,
        number=period.number,
        period_start=period.start.isoformat(),
        period_end=period.end.isoformat(),
        title=wording.title(policy.brand, period.cadence, period.slot, period.number),
        line=wording.day_line(
            cadence=period.cadence,
            stories=len(told),
            entries=period.entries,
            feeds=period.feeds,
            followed=period.followed,
            lead=lead,
            rising=rising[0].name if rising else "",
            updates=sum(item.update for item in told),
        ),
        sample=False,
        opening=period.opening,
        reach_days=period.reach_days,
        quiet=lead is None,
        lead=lead,
        sections=sections,
        rising=rising,
        rising_note="",
        also=also,
        foot=_foot(period, policy, found, texts(told), card(told, blocked)),
        budget=policy.budget,
    )


def _foot(period: Period, policy: DigestPolicy, found: int, said: Iterable[str], card: ReportCard) -> DigestFoot:
    return DigestFoot(
        minutes=wording.minutes(said),
        followed=period.followed,
        feeds=period.feeds,
        entries=period.entries,
        found=found,
        call=wording.call(policy.brand),
        page_url=policy.page_url,
        site_url=policy.site_url,
        why=wording.why(policy.brand, period.cadence),
        postal_address=one_line(policy.postal_address, 200),
        card=card,
        footprint=period.footprint,
    )


# -- what the choices of themes are made from --------------------------------------------------------------------------


def _pool(
    ranked: Sequence[Ranked], chosen: Sequence[Ranked], *, per_theme: int, themes: Sequence[str]
) -> tuple[Ranked, ...]:
    """Return the stories for every choice of themes, the best first: the `chosen`, and the best of each theme.

    Of two that speak of one thing the chosen one is kept, else the better one.
    """
    wanted: dict[int, Ranked] = {}
    for slug in themes:
        of_theme = [each for each in ranked if slug in each.themes]
        wanted.update((each.candidate.story_id, each) for each in of_theme[:per_theme])
    kept = list(chosen)
    vectors = [content_vector(each.lead.title) for each in kept]
    ids = {each.candidate.story_id for each in kept}
    for each in sorted(wanted.values(), key=lambda one: (-one.score, one.candidate.story_id)):
        own = content_vector(each.lead.title)
        if each.candidate.story_id not in ids and all(cosine(own, other) < _NEAR for other in vectors):
            kept.append(each)
            vectors.append(own)
    return tuple(sorted(kept, key=lambda one: (-one.score, one.candidate.story_id)))


def _stories(
    pool: Sequence[Ranked],
    told: Mapping[int, Told],
    period: Period,
    window: int,
    themes: Sequence[str],
    weights: Weights,
) -> tuple[DigestItem, ...]:
    """Return the pool as told: what some readers know is an update for them, where there is enough that is new."""
    updates = [returning(each.candidate, told[key]) for each in pool if (key := each.candidate.story_id) in told]
    again = {
        each.candidate.story_id: each
        for each in _ranked([update for update in updates if update], period, window, themes, weights)
    }
    gate, items = _Gate(), []
    for each in pool:
        if each.candidate.story_id not in told:
            items.append(_pooled(each, gate, Audience.EVERY))
            continue
        items.append(_pooled(each, gate, Audience.ALL))
        if each.candidate.story_id in again:
            items.append(_pooled(again[each.candidate.story_id], gate, Audience.SOME))
    return tuple(sorted(items, key=lambda item: -item.score))


def _pooled(ranked: Ranked, gate: _Gate, audience: Audience) -> DigestItem:
    """Return a story that may lead or stand under a theme: its first sentence is the one for a short item."""
    item = _item(ranked, gate, sentences=1, others=3)
    more = [each for each in _sentences(ranked, gate, 2) if each not in item.sentences]
    return replace(item, sentences=(*item.sentences, *more)[:2], audience=audience)


# -- a story -----------------------------------------------------------------------------------------------------------


def _item(ranked: Ranked, gate: _Gate, *, sentences: int, others: int) -> DigestItem:
    reports, lead = ranked.candidate.reports, ranked.lead
    return DigestItem(
        story_id=ranked.candidate.story_id,
        headline=_headline(lead),
        lead=_entry(lead),
        sentences=_sentences(ranked, gate, sentences),
        reports=len({report.canonical_url for report in reports}),
        publishers=len({report.publisher for report in reports}),
        others=tuple(_entry(report) for report in _others(ranked)[:others]),
        themes=ranked.themes,
        update=ranked.candidate.told_on is not None,
        told_on=ranked.candidate.told_on.isoformat() if ranked.candidate.told_on else None,
        dated_at=lead.dated_at.isoformat(),
        score=ranked.score,
        parts=ranked.parts,
        publisher=lead.publisher,
    )


def _headline(report: Report) -> str:
    """Return the headline; the title as it is where what was made of it is not borne out by it."""
    headline = headline_of(report)
    return (
        one_line(report.title, HEADLINE)
        if objections(headline, read_source(report.title[: 20 * HEADLINE]))
        else headline
    )


def _entry(report: Report) -> DigestEntry:
    return DigestEntry(
        entry_id=report.entry_id,
        source=source_of(report),
        url=safe_link(without_tracking(report.url)) or "",
    )


def _others(ranked: Ranked) -> list[Report]:
    """Return one report of each other publisher, the weightiest first."""
    best: dict[str, Report] = {}
    for report in sorted(ranked.candidate.reports, key=lambda each: (-each.weight, each.entry_id)):
        if report.publisher != ranked.lead.publisher and safe_link(report.url):
            best.setdefault(report.publisher, report)
    return list(best.values())


class _Gate:
    """Lets through what is proved by the entry it is drawn from, and counts what is not."""

    def __init__(self) -> None:
        self.blocked = 0

    def passes(self, text: str, source: Source) -> bool:
        """Tell whether a sentence may go out."""
        proved = bool(text) and not objections(text, source)
        self.blocked += not proved
        return proved


def _sentences(ranked: Ranked, gate: _Gate, limit: int) -> tuple[Sentence, ...]:
    """Take the lead's own sentences for a short item, where it has any; those of all reports else.

    What the gate stops does not go out: another report's sentence does, else the title alone.
    """
    headline = headline_of(ranked.lead)
    own = 0 if lists_contents(headline) else ranked.lead.entry_id  # under such a headline its own letter strays, too
    alone = [ranked.lead]
    rest = [report for report in ranked.candidate.reports if report is not ranked.lead]
    tries = [alone + rest] if limit > 1 else [alone, rest]
    for reports in tries if limit else ():
        found = [Text(entry_id=each.entry_id, source=source_of(each), body=each.body) for each in reports]
        spans = choose_sentences(found, headline=headline, limit=limit, own=own)
        by_id = {each.entry_id: each for each in reports}
        proved = [_sentence(span) for span in spans if gate.passes(_said(span), _source(by_id[span.entry_id]))]
        if proved:
            return tuple(proved)
    return ()


def _source(report: Report) -> Source:
    return read_source(report.title, report.body, report.source)


def _said(span: Span) -> str:
    """Return a sentence as it is read: without the spaces that lost links leave before stops ("Forge , a system")."""
    return _LOOSE.sub("", one_line(span.text, 400))


def _sentence(span: Span) -> Sentence:
    return Sentence(text=_said(span), entry_id=span.entry_id, source=span.source, start=span.start, end=span.end)
