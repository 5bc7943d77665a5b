"""An operator's own templates, tried before a digest depends on them."""

from __future__ import annotations

from dataclasses import replace

from trendbot.core import wording
from trendbot.core.digests import (
    CONTENT_VERSION,
    MORE,
    DigestContent,
    DigestEntry,
    DigestFoot,
    DigestItem,
    DigestRise,
    DigestSection,
    Sentence,
)
from trendbot.core.report_card import Footprint, ReportCard
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import RenderError
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer

_KINDS = {ChannelKind.LINKEDIN: "linkedin/", ChannelKind.TELEGRAM: "telegram/", ChannelKind.EMAIL: "email/digest/"}


def faults(renderer: Renderer) -> tuple[str, ...]:
    """Return what is wrong with the operator's own templates: names that replace nothing, errors with their line.

    Those of digests are also rendered, over a made-up full day and a quiet one, and held to the channels' limits.
    """
    own = renderer.own_names()
    found = [complaint for name in own if (complaint := renderer.complaint_of(name))]
    for kind, folder in _KINDS.items():
        if any(name.startswith(folder) for name in own) and not found:
            found += _tried(renderer, kind)
    return tuple(found)


def _tried(renderer: Renderer, kind: ChannelKind) -> list[str]:
    try:
        for content in (_full(), _quiet()):
            render_edition(renderer, content, kind)
    except RenderError as error:
        return [str(error)]
    return []


def _story(number: int, headline: str) -> DigestItem:
    source = f"Source {number} & sons"
    entry = DigestEntry(entry_id=number, source=source, url=f"https://news.example/{number}?a=1&b=2")
    told = Sentence(
        text=f"What {headline} <means>, said in a sentence.", entry_id=number, source=source, start=0, end=1
    )
    return DigestItem(
        story_id=number,
        headline=f"{headline} <of> (day) {number} & #1",
        lead=entry,
        sentences=(told,),
        reports=3,
        publishers=2,
        others=(entry,),
        themes=("tools",),
        update=number == 3,  # noqa: PLR2004  (one of them returns)
        told_on="2026-11-13" if number == 3 else None,  # noqa: PLR2004
        dated_at="2026-11-15T08:00:00+00:00",
        score=1.0,
        parts={},
    )


def _full() -> DigestContent:
    line = "4 stories out of 318 reports from 74 feeds."
    rise = DigestRise(
        name="Open weights",
        kind="term",
        slug=None,
        current=23,
        usual=8,
        low=1.5,
        high=4.0,
        window_days=7,
        as_of="2026-11-15",
        score=4.0,
    )
    return DigestContent(
        version=CONTENT_VERSION,
        brand="trendbot",
        cadence=Cadence.DAILY,
        slot="2026-11-15",
        number=1,
        period_start="2026-11-14T18:00:00+00:00",
        period_end="2026-11-15T18:00:00+00:00",
        title=wording.title("trendbot", Cadence.DAILY, "2026-11-15", 1),
        line=line,
        sample=True,
        opening=True,
        reach_days=1,
        quiet=False,
        lead=_story(1, "The lead"),
        sections=(DigestSection(slug=MORE, title=wording.MORE, items=(_story(2, "A story"), _story(3, "Another"))),),
        rising=(rise,),
        rising_note="",
        also=(_story(4, "A headline"),),
        foot=_foot(),
    )


def _foot() -> DigestFoot:
    return DigestFoot(
        minutes=2,
        followed=80,
        feeds=74,
        entries=318,
        found=210,
        call=wording.call("trendbot"),
        page_url="https://www.linkedin.com/company/trendbot/",
        site_url="https://trendbot.example/",
        why=wording.why("trendbot", Cadence.DAILY),
        postal_address="1 Sample Street",
        card=ReportCard(sentences=4, grounded=4, extractive=3, blocked=1),
        footprint=Footprint(bytes=2_000_000, asked=80, unchanged=60, cpu_seconds=12.5),
    )


def _quiet() -> DigestContent:
    return replace(
        _full(),
        lead=None,
        sections=(),
        also=(),
        rising=(),
        rising_note=wording.NOTHING_ROSE,
        quiet=True,
        sample=False,
        opening=False,
        line="A quiet day.",
    )
