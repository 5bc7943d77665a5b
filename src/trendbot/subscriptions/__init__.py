"""Subscribing: request, confirm, prefer, pause, resume, withdraw, suppress, erase, export, link, import.

Every function takes a `Session` and is one transaction when called through `database.write` or `database.run`: the
standing, its evidence and what waits in the outbox change together or not at all. What may follow what is decided by
``core/consent.py``. `Act` says when something was done and by which way; each is evidence.
"""

from __future__ import annotations

from trendbot.subscriptions.acts import (
    BLOCKED,
    LIVING,
    Act,
    Outcome,
    Requested,
    confirm,
    end_pauses,
    erase,
    leave,
    link,
    note_blocked,
    pause,
    prefer,
    request,
    resume,
    subscribe,
    suppress,
    withdraw,
)
from trendbot.subscriptions.exporting import export_person
from trendbot.subscriptions.importing import ImportReport, import_rows, read_rows

__all__ = [
    "BLOCKED",
    "LIVING",
    "Act",
    "ImportReport",
    "Outcome",
    "Requested",
    "confirm",
    "end_pauses",
    "erase",
    "export_person",
    "import_rows",
    "leave",
    "link",
    "note_blocked",
    "pause",
    "prefer",
    "read_rows",
    "request",
    "resume",
    "subscribe",
    "suppress",
    "withdraw",
]
