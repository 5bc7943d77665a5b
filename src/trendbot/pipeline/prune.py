"""Prune: remove what is past, a batch a transaction, so that nobody waits long for the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from trendbot.core.bounces import SOFT_WINDOW
from trendbot.core.retention import Retention
from trendbot.store import prune as past
from trendbot.store.chunks import chunks
from trendbot.store.database import Database

_STONES = timedelta(days=400)
"""How long after an entry was pruned its tombstone is kept at least."""

Removal = Callable[..., list[Any]]


def prune(database: Database, retention: Retention, *, now: datetime, dry: bool = False) -> dict[str, int]:
    """Remove what is older than `retention`; return how many rows of what. `dry` only counts. May be run at any time.

    Raises:
        StoreError: the database refused; what was removed before stays so.

    """
    steps = _steps(retention, now)
    return {name: len(database.read(work)) if dry else _emptied(database, work) for name, work in steps}


def _steps(retention: Retention, now: datetime) -> Iterator[tuple[str, Removal]]:
    """Name each removal with its work, in their order: entries before the stories that they leave empty."""
    if retention.texts is not None:
        yield "texts", partial(past.prune_texts, before=now - retention.texts)
    if retention.entries is not None:
        before = now - retention.entries
        yield "entries", partial(past.prune_entries, before=before, now=now)
        yield "stories", partial(past.prune_stories, before=before)
        yield "readings", partial(past.prune_readings, before=before)
        yield "tombstones", partial(past.prune_tombstones, before=now - max(_STONES, retention.entries))
    if retention.messages is not None:
        yield "messages", partial(past.prune_deliveries, before=now - retention.messages)
        yield "notices", partial(past.prune_notices, before=now - retention.messages)
        yield "bounces", partial(past.prune_bounces, before=now - max(retention.messages, SOFT_WINDOW))
    if retention.runs is not None:
        yield "runs", partial(past.prune_runs, before=now - retention.runs, now=now)


def _emptied(database: Database, work: Removal) -> int:
    return sum(len(database.write(work, ids=part)) for part in chunks(database.read(work)))
