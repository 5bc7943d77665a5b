"""Index: make what was polled searchable, after it was grouped."""

from __future__ import annotations

from datetime import datetime

from trendbot.store.database import Database
from trendbot.store.search import index_entries

BATCH = 2000


def index_news(database: Database, *, now: datetime, batch: int = BATCH) -> int:
    """Index all entries that are new or were edited, `batch` of them in one transaction; return how many.

    Raises:
        StoreError: the database refused; what was indexed before stays.

    """
    total = 0
    while done := database.write(index_entries, now=now, limit=batch):
        total += done
    return total
