"""Reading the past again after the rules changed, in portions that can be shown and stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from trendbot.pipeline.tag import TagReport, ThemesFile, tag_entries
from trendbot.store.database import Database

PORTION = 2_000
"""Entries read between two words on how far it is."""


def retag(
    database: Database,
    *,
    now: datetime,
    themes: ThemesFile | None = None,
    encoder: Path | None = None,
    since: datetime | None = None,
    portion: int = PORTION,
    progress: Callable[[int], None] | None = None,
) -> TagReport:
    """Tag every entry that the rules in force have not read, telling `progress` how many are done.

    Stopped at any point, what is done stays done, and the next run goes on from there.

    Raises:
        ConfigError: there is no usable file, and none was ever in force.

    """
    counts: Counter[str] = Counter()
    first = last = tag_entries(database, now=now, themes=themes, encoder=encoder, since=since, limit=portion)
    entries, relearnt = first.entries, first.relearnt
    counts.update(first.by_theme)
    while last.entries or last.relearnt:
        if progress is not None:
            progress(entries + relearnt)
        last = tag_entries(database, now=now, encoder=encoder, since=since, limit=portion)
        entries, relearnt = entries + last.entries, relearnt + last.relearnt
        counts.update(last.by_theme)
    return replace(first, entries=entries, relearnt=relearnt, by_theme=dict(counts))
