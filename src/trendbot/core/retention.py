"""How long what is past is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """How long entries are kept, their full texts, messages to subscribers, and the record of runs; None: for ever.

    What was told, judged or pinned is kept in any case.
    """

    texts: timedelta | None = timedelta(days=60)
    entries: timedelta | None = timedelta(days=400)
    messages: timedelta | None = timedelta(days=180)
    runs: timedelta | None = timedelta(days=400)
