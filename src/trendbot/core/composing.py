"""From ranked stories to a content tree: what is told, in which section, in which words. Pure: no clock, no store."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trendbot.core import wording
from trendbot.core.digests import (
    CONTENT_VERSION,
    MORE,
    DigestContent,
    DigestEntry,
    DigestFoot,
    DigestItem,
    DigestPolicy,
    DigestRise,
    DigestSection,
    ReportCard,
    Sentence,
    period_days,
)
from trendbot.core.limits import one_line, plain_line, safe_link
from trendbot.core.memory import Told, returning
from trendbot.core.proofs import Source, is_verbatim, objections, read_source
from trendbot.core.ranking import Candidate, Ranked, Report, Selection, rank, select
from trendbot.core.summaries import Span, Text, choose_sentences
from trendbot.core.text import fold
from trendbot.core.vocabulary import Cadence

HEADLINE = 200
_LABEL = re.compile(r"^(?:\[[^\]]{1,24}\]\s*)+(?=\S)")
_TAIL = re.compile(r"^(.{12,}\S)\s+[|–—-]\s+([^|–—]{2,40})$")
_NO_HEADLINE = re.compile(r"\W*(?:v?\d[\d.]*\S*|\w+)\W*")
_NO_NEWS = re.compile(
    r"^(?:click here|sign up|subscribe|register (?:now|today)|buy now|last chance|save \d|"
    r"ignore (?:all )?(?:the )?previous)\b",
    re.IGNORECASE,
)
_JOINTS = re.compile(r"\s+(?:[|–—-]|::)\s+")
SOURCE = 60
THIN = 4
"""With no more stories than this beside the lead they stand under one heading."""
_ENGLISH = frozenset("the of to and in for is with on a an by from as at how why what its new your are can not".split())  # noqa: SIM905
_LATIN = re.compile(r"[a-z]", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_FEW_WORDS = 6


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


def tellable(
    candidates: Iterable[Candidate], *, told: Mapping[int, Told], languages: Sequence[str]
) -> tuple[Candidate, ...]:
    """Return the stories that may be told: with a report in one of the languages, and new or with enough that is new.

    Reports in other languages, and those whose title is empty after cleaning, are left out of their story.
    """
    kept: list[Candidate | None] = []
    for candidate in candidates:
        reports = tuple(report for report in candidate.reports if _speaks(report, languages) and headline_of(report))
        if not reports:
            continue
        spoken, before = replace(candidate, reports=reports), told.get(candidate.story_id)
        kept.append(returning(spoken, before) if before else spoken)
    return tuple(each for each in kept if each is not None)


def headline_of(report: Report) -> str:
    """Return the title as a headline: without a label in front ("[News]") and its publisher's name behind.

    Empty where the title is a single word or a version number, or calls on the reader: that is no headline.
    """
    title = _LABEL.sub("", one_line(report.title, 1000))
    tail = _TAIL.match(title)
    if tail and _folded(tail.group(2)) in _folded(report.source + report.publisher):
        title = tail.group(1)
    return "" if _NO_HEADLINE.fullmatch(title) or _NO_NEWS.search(title) else plain_line(title, HEADLINE)


def source_of(report: Report) -> str:
    """Return the publisher's name: of a feed title in several parts the one that the site's own name is in."""
    title = one_line(report.source, 200)
    label = _folded(report.publisher.split(" ")[0].rpartition(".")[0].rpartition(".")[2])
    named = [part for part in _JOINTS.split(title) if label and label in _folded(part)]
    return plain_line(named[0] if named else title, SOURCE) or "unnamed feed"


def _folded(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))


def newest(candidate: Candidate) -> datetime:
    """Return the date of a story's newest report."""
    return max(report.dated_at for report in candidate.reports)


def days_for(candidates: Iterable[Candidate], *, now: datetime, enough: int) -> int:
    """Return how many whole days before `now` one must reach for the newest report of `enough` stories, or of all."""
    dates = sorted((newest(candidate) for candidate in candidates), reverse=True)[:enough]
    return math.ceil((now - dates[-1]) / timedelta(days=1)) if dates else 0


def _speaks(report: Report, languages: Sequence[str]) -> bool:
    if not languages:
        return True
    declared = (report.language or "").split("-")[0].split("_")[0].lower()
    if declared and declared not in languages:
        return False
    return "en" not in languages or declared not in ("", "en") or looks_english(report.title, report.body)


def looks_english(title: str, body: str) -> bool:
    """Tell whether a text may be English: Latin letters nearly all, and an English function word where it is long."""
    text = f"{title} {body[:400]}"
    letters = len(_LETTER.findall(text))
    if letters and len(_LATIN.findall(text)) < 0.9 * letters:
        return False
    words = text.casefold().split()
    return len(words) <= _FEW_WORDS or not _ENGLISH.isdisjoint(words)


def surprised(candidates: Iterable[Candidate], rising: Iterable[DigestRise]) -> tuple[Candidate, ...]:
    """Give each story the surprise of the most surprising rising term that its title names."""
    terms = [(re.compile(rf"(?<!\w){re.escape(fold(each.name))}(?!\w)"), each.score) for each in rising]
    return tuple(
        replace(
            candidate,
            surprise=max((score for term, score in terms if term.search(fold(candidate.title))), default=0.0),
        )
        for candidate in candidates
    )


def build_content(
    candidates: Sequence[Candidate],
    *,
    period: Period,
    policy: DigestPolicy,
    themes: Mapping[str, str],
    rising: Sequence[DigestRise],
    terms: Sequence[DigestRise] = (),
    readings: bool,
    sample: bool,
) -> DigestContent:
    """Compose a digest from tellable stories.

    `themes` are the titles by slug in the editor's order. `rising` is what the digest says of trends; `readings` tells
    whether any trend was read at all. `terms` are rising terms that lift the stories which name them.
    """
    window = max(period_days(period.cadence), period.reach_days)
    ranked = rank(surprised(candidates, terms), now=period.end, window_days=window)
    ranked = tuple(replace(each, themes=tuple(slug for slug in each.themes if slug in themes)) for each in ranked)
    chosen = select(
        ranked,
        stories=policy.stories,
        also=policy.also,
        per_theme=policy.per_theme,
        per_feed=policy.per_feed,
        order=tuple(themes),
    )
    return _content(chosen, period, policy, themes, tuple(rising), len(ranked), readings, sample)


def _content(
    chosen: Selection,
    period: Period,
    policy: DigestPolicy,
    themes: Mapping[str, str],
    rising: tuple[DigestRise, ...],
    found: int,
    readings: bool,
    sample: bool,
) -> DigestContent:
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
    sections = _joined(sections)
    also = tuple(_item(each, gate, sentences=0, others=0) for each in chosen.also)
    told = [*([lead] if lead else []), *(item for section in sections for item in section.items), *also]
    nothing = wording.NOTHING_ROSE if readings else wording.NOTHING_KNOWN
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
        sample=sample,
        opening=period.opening,
        reach_days=period.reach_days,
        quiet=lead is None,
        lead=lead,
        sections=sections,
        rising=rising,
        rising_note="" if rising else nothing,
        also=also,
        foot=_foot(period, policy, found, _texts(told), gate.card()),
    )


def _joined(sections: tuple[DigestSection, ...]) -> tuple[DigestSection, ...]:
    """Put the few stories of a thin day under one heading, where each would stand alone under its own."""
    items = tuple(item for section in sections for item in section.items)
    if len(sections) < 2 or len(items) > THIN:  # noqa: PLR2004
        return sections
    return (DigestSection(slug=MORE, title=wording.MORE, items=items),)


def _foot(period: Period, policy: DigestPolicy, found: int, texts: Iterable[str], card: ReportCard) -> DigestFoot:
    return DigestFoot(
        minutes=wording.minutes(texts),
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
    )


def _texts(items: Iterable[DigestItem]) -> Iterable[str]:
    for item in items:
        yield item.headline
        yield from (sentence.text for sentence in item.sentences)


def _item(ranked: Ranked, gate: _Gate, *, sentences: int, others: int) -> DigestItem:
    reports, lead = ranked.candidate.reports, ranked.lead
    return DigestItem(
        story_id=ranked.candidate.story_id,
        headline=headline_of(lead),
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
    )


def _entry(report: Report) -> DigestEntry:
    return DigestEntry(
        entry_id=report.entry_id,
        source=source_of(report),
        url=safe_link(report.url) or "",
    )


def _others(ranked: Ranked) -> list[Report]:
    """Return one report of each other publisher, the weightiest first."""
    best: dict[str, Report] = {}
    for report in sorted(ranked.candidate.reports, key=lambda each: (-each.weight, each.entry_id)):
        if report.publisher != ranked.lead.publisher and safe_link(report.url):
            best.setdefault(report.publisher, report)
    return list(best.values())


class _Gate:
    """Lets through what is proved by the entry it is drawn from, and keeps count."""

    def __init__(self) -> None:
        self.through = self.own = self.blocked = 0

    def passes(self, text: str, source: Source) -> bool:
        """Tell whether a sentence may go out."""
        proved = bool(text) and not objections(text, source)
        self.through += proved
        self.blocked += not proved
        self.own += proved and is_verbatim(text, source)
        return proved

    def card(self) -> ReportCard:
        """Return the report card."""
        return ReportCard(sentences=self.through, grounded=self.through, extractive=self.own, blocked=self.blocked)


def _sentences(ranked: Ranked, gate: _Gate, limit: int) -> tuple[Sentence, ...]:
    """Take the lead's own sentences for a short item, where it has any; those of all reports else.

    What the gate stops does not go out: another report's sentence does, else the title alone.
    """
    headline = headline_of(ranked.lead)
    own = [ranked.lead]
    rest = [report for report in ranked.candidate.reports if report is not ranked.lead]
    tries = [own + rest] if limit > 1 else [own, rest]
    for reports in tries if limit else ():
        texts = [Text(entry_id=each.entry_id, source=source_of(each), body=each.body) for each in reports]
        spans = choose_sentences(texts, headline=headline, limit=limit)
        by_id = {each.entry_id: each for each in reports}
        proved = [_sentence(span) for span in spans if gate.passes(_said(span), _source(by_id[span.entry_id]))]
        if proved:
            return tuple(proved)
    return ()


def _source(report: Report) -> Source:
    return read_source(report.title, report.body, report.source)


def _said(span: Span) -> str:
    return one_line(span.text, 400)


def _sentence(span: Span) -> Sentence:
    return Sentence(text=_said(span), entry_id=span.entry_id, source=span.source, start=span.start, end=span.end)
