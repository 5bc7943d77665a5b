"""Daily counts → what is usual → what has risen beyond chance."""

from __future__ import annotations

from trendbot.core.trends.readings import (
    REACH,
    KindDays,
    TermCounts,
    ThemeCounts,
    TrendReading,
    read_terms,
    read_themes,
    window_of,
)
from trendbot.core.trends.shares import BASELINE, WINDOW

__all__ = [
    "BASELINE",
    "REACH",
    "WINDOW",
    "KindDays",
    "TermCounts",
    "ThemeCounts",
    "TrendReading",
    "read_terms",
    "read_themes",
    "window_of",
]
