"""Daily counts → what is usual → what has risen beyond chance."""

from __future__ import annotations

from trendbot.core.trends.readings import TrendReading
from trendbot.core.trends.shares import BASELINE, WINDOW
from trendbot.core.trends.terms import REACH, KindDays, TermCounts, TermRecord, Voice, read_terms, window_of
from trendbot.core.trends.voices import FeedPast
from trendbot.core.trends.weeks import WeekCounts, read_fallen, read_themes

__all__ = [
    "BASELINE",
    "REACH",
    "WINDOW",
    "FeedPast",
    "KindDays",
    "TermCounts",
    "TermRecord",
    "TrendReading",
    "Voice",
    "WeekCounts",
    "read_fallen",
    "read_terms",
    "read_themes",
    "window_of",
]
