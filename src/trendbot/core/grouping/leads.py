"""Which entry stands for a story, which entries are copies of another, and what is new since a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trendbot.core.leads import lead_of
from trendbot.core.text import normal_title, words
from trendbot.core.vocabulary import FeedKind

_COPY = 0.85
_FEW_WORDS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A member of a story, as choosing a lead sees it; `weight` is the curated weight of its feed (1 is usual)."""

    entry_id: int
    feed_id: int
    kind: FeedKind
    weight: float
    title: str
    summary: str
    dated_at: datetime
    withdrawn: bool = False


def choose_lead(reports: Sequence[Report]) -> int | None:
    """Return the entry that stands for a story; None where it has none. See ``core/leads.py``.

    One that its feed took back, or without a title, only where there is no other.
    """
    shown = [report for report in reports if not report.withdrawn and report.title] or list(reports)
    return lead_of(shown).entry_id if shown else None


def copies(reports: Sequence[Report]) -> dict[int, int]:
    """Return for each syndicated copy the entry it copies: the first of equal or nearly equal wording.

    Equal titles with equal summaries, or bodies that share at least 85 % of their word triples.
    """
    ordered = sorted(reports, key=lambda report: (report.dated_at, report.entry_id))
    seen: list[tuple[int, str, frozenset[tuple[str, ...]]]] = []
    found: dict[int, int] = {}
    for report in ordered:
        title, shingles = normal_title(report.title), _shingles(f"{report.title} {report.summary}")
        original = next((first for first, name, other in seen if _copied(title, shingles, name, other)), None)
        if original is None:
            seen.append((report.entry_id, title, shingles))
        else:
            found[report.entry_id] = original
    return found


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    said = words(text)[:200]
    return frozenset(zip(said, said[1:], said[2:], strict=False))


def _copied(title: str, shingles: frozenset[tuple[str, ...]], name: str, other: frozenset[tuple[str, ...]]) -> bool:
    if title == name and min(len(shingles), len(other)) < _FEW_WORDS:
        return True  # a bare headline again, word for word
    shared = len(shingles & other)
    return (
        shared >= _COPY * max(1, min(len(shingles), len(other))) and min(len(shingles), len(other)) >= _FEW_WORDS // 2
    )


def news_since(reports: Sequence[Report], moment: datetime) -> tuple[int, ...]:
    """Return the entries that tell something new after `moment`: later ones that copy no earlier one, oldest first."""
    copied = copies(reports)
    later = [report for report in reports if report.dated_at > moment and report.entry_id not in copied]
    return tuple(report.entry_id for report in sorted(later, key=lambda report: (report.dated_at, report.entry_id)))
