"""Digest contents for tests of rendering: one as it should be, and a strategy for all that strangers may send."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from trendbot.core import wording
from trendbot.core.digests import (
    CONTENT_VERSION,
    DigestContent,
    DigestEntry,
    DigestFoot,
    DigestItem,
    DigestRise,
    DigestSection,
    Sentence,
)
from trendbot.core.limits import one_line, safe_link
from trendbot.core.vocabulary import Cadence


def item(number: int, headline: str, *, source: str = "Model Wire", **given: Any) -> DigestItem:
    """Return a story as told; `number` makes its ids and address."""
    values: dict[str, Any] = {
        "story_id": number,
        "headline": headline,
        "lead": DigestEntry(entry_id=number, source=source, url=f"https://news.example/{number}"),
        "sentences": (),
        "reports": 1,
        "publishers": 1,
        "others": (),
        "themes": (),
        "update": False,
        "dated_at": "2026-11-15T08:00:00+00:00",
        "score": 1.0,
        "parts": {"feeds": 0.7, "press": 0.3},
    }
    return DigestItem(**values | given)


def said(number: int, text: str, source: str = "Model Wire") -> tuple[Sentence, ...]:
    """Return one sentence of an entry."""
    return (Sentence(text=text, entry_id=number, source=source, start=0, end=len(text)),)


def full(cadence: Cadence = Cadence.DAILY, **given: Any) -> DigestContent:
    """Return a digest with everything in it that a digest can have."""
    slot = "2026-11-15" if cadence is Cadence.DAILY else "2026-W46"
    lead = item(
        1,
        "Alder releases the weights of its 24-billion model under a free licence",
        sentences=said(1, "Alder Labs published the weights of Alder-24B on Tuesday under the Apache 2.0 licence.")
        + said(7, "The model matches its larger predecessor on nine of twelve public tests.", "Inference Post"),
        reports=4,
        publishers=4,
        others=(
            DigestEntry(entry_id=7, source="Inference Post", url="https://post.example/alder?a=1&b=2"),
            DigestEntry(entry_id=8, source="Open Bench", url="https://bench.example/t/8"),
        ),
        themes=("open-source", "efficiency"),
    )
    sections = (
        DigestSection(
            slug="trust",
            title="Privacy and transparency",
            items=(
                item(
                    2,
                    "Regulator asks four laboratories for their test reports",
                    source="Clear Box",
                    sentences=said(2, "The regulator has given four laboratories until 1 December.", "Clear Box"),
                    reports=2,
                    publishers=2,
                ),
                item(3, "An open tool traces every answer to its training data", source="R&D <weekly>"),
            ),
        ),
        DigestSection(
            slug="efficiency",
            title="Efficient architecture",
            items=(item(4, "Mixture-of-experts design halves memory [paper] (code, 1*2_3)", source="Ledger & Loom"),),
        ),
    )
    rising = (
        DigestRise(
            name="Open weights",
            kind="term",
            slug=None,
            current=23.0,
            usual=8.2,
            low=1.9,
            high=4.0,
            window_days=7,
            as_of="2026-11-15",
            score=4.1,
        ),
    )
    also = (item(5, "Spreadsheet agent explains its formulas"), item(6, "Chip maker promises half the power by 2028"))
    values: dict[str, Any] = {
        "version": CONTENT_VERSION,
        "brand": "trendbot",
        "cadence": cadence,
        "slot": slot,
        "number": 12,
        "period_start": "2026-11-14T18:00:00+00:00",
        "period_end": "2026-11-15T18:00:00+00:00",
        "title": wording.title("trendbot", cadence, slot, 12),
        "line": wording.day_line(
            cadence=cadence, stories=6, entries=318, feeds=74, followed=80, lead=lead, rising="Open weights"
        ),
        "sample": False,
        "opening": False,
        "reach_days": 1,
        "quiet": False,
        "lead": lead,
        "sections": sections,
        "rising": rising,
        "rising_note": "",
        "also": also,
        "foot": foot(cadence),
    }
    return DigestContent(**values | given)


def foot(cadence: Cadence = Cadence.DAILY, **given: Any) -> DigestFoot:
    """Return the foot of a digest."""
    values: dict[str, Any] = {
        "minutes": 2,
        "followed": 80,
        "feeds": 74,
        "entries": 318,
        "found": 210,
        "call": wording.call("trendbot"),
        "page_url": "https://www.linkedin.com/company/trendbot/",
        "site_url": "https://trendbot.example/",
        "why": wording.why("trendbot", cadence),
        "postal_address": "1 Sample Street, 12345 Sampleton",
    }
    return DigestFoot(**values | given)


NASTY = (
    "<script>alert(1)</script>",
    "<b>unclosed <i>tags",
    "&lt;img src=x onerror=alert(1)&gt;",
    "](javascript:alert(1))",
    "Subject: x\r\nBcc: all@example.org",
    "\u202egnirts\u202c \u2066isolated\u2069",
    "zero\u200bwidth\ufeff joined\u200d👩\u200d💻",
    "𝔸𝕀 𝕟𝕖𝕨𝕤 😀😃🤖 " * 5,
    "أخبار الذكاء الاصطناعي اليوم",
    "\\|{}@[]()<>#*_~",
    "{{ 7 * 7 }} {% raw %}",
    "form\ffeed and \x00 nul and \ud800 lone",
    "@[Someone](urn:li:person:1) {hashtag|\\#|planted}",
    "</blockquote></a></td></table><!-- comment",
    "word " * 400,
    "x" * 5000,
    "",
)
WEB = (
    "https://news.example/a?b=1&c=2#d",
    "javascript:alert(1)",
    "http://user:pass@evil.example/",
    'https://x.example/"onmouseover="alert(1)',
    "https://en.example/wiki/A_(b)",
    "data:text/html,<script>",
    "http://localhost/",
    "//other.example/x",
    "https://näws.example/ü",
    "https://x.example/" + "p" * 1800,
    "",
    "tg://user?id=1",
    "https://x.example/\u202emoc",
)

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=300), st.sampled_from(NASTY).map(lambda text: text * 2))
links = st.one_of(st.sampled_from(WEB), st.text(max_size=60).map(lambda text: "https://h.example/" + text))
_counts = st.integers(min_value=1, max_value=60)


@st.composite
def _items(draw: st.DrawFn, sentences: int) -> DigestItem:
    def entry() -> DigestEntry:
        return DigestEntry(
            entry_id=draw(_counts), source=one_line(draw(texts), 60) or "-", url=safe_link(draw(links)) or ""
        )

    return item(
        draw(_counts),
        one_line(draw(texts)) or "-",
        lead=entry(),
        sentences=tuple(
            Sentence(
                text=one_line(draw(texts), 400) or "-",
                entry_id=1,
                source=one_line(draw(texts), 60) or "-",
                start=0,
                end=1,
            )
            for _ in range(draw(st.integers(0, sentences)))
        ),
        reports=draw(_counts),
        publishers=draw(_counts),
        others=tuple(entry() for _ in range(draw(st.integers(0, 3)))),
        themes=("tools",),
    )


@st.composite
def contents(draw: st.DrawFn, cadence: Cadence = Cadence.DAILY) -> DigestContent:
    """Draw a digest whose every stranger's text went through the same edge as in composing, and nothing more."""
    lead = draw(st.none() | _items(2))
    sections = tuple(
        DigestSection(
            slug=draw(st.sampled_from(["tools", "open-source", "a-b"])),
            title=one_line(draw(texts), 80) or "-",
            items=tuple(draw(_items(1)) for _ in range(draw(st.integers(1, 4)))),
        )
        for _ in range(draw(st.integers(0, 8)) if lead else 0)
    )
    rising = tuple(
        DigestRise(
            name=one_line(draw(texts), 80) or "-",
            kind="term",
            slug=None,
            current=draw(st.floats(0, 1e6)),
            usual=draw(st.floats(0, 1e6)),
            low=None,
            high=None,
            window_days=draw(st.sampled_from([1, 7])),
            as_of="2026-11-15",
            score=3.0,
        )
        for _ in range(draw(st.integers(0, 3)))
    )
    return full(
        cadence,
        lead=lead,
        sections=sections,
        rising=rising,
        rising_note="" if rising else wording.NOTHING_ROSE,
        also=tuple(draw(_items(0)) for _ in range(draw(st.integers(0, 8)) if lead else 0)),
        sample=draw(st.booleans()),
        opening=draw(st.booleans()),
        quiet=lead is None,
    )
