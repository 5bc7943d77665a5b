"""The guard against a restored backup: a database that does not know the last message sent is older than it.

Sending from it would send again what its successor has sent. A small file in the home, outside the database, names the
last message whose sending was committed; it is written after that commit, so an intact database always knows it.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

from trendbot.store import outbox
from trendbot.store.database import Database
from trendbot.transports.files import write_atomically

MARK = "last-send.json"
_EVERY = 1.0
"""Seconds between two writings; a kill in between leaves an older mark, which is as good."""
RESTORED = "it may have been sent before an older database was put back"


class Guard:
    """Keeps the mark of the last send in a home."""

    def __init__(self, home: Path) -> None:
        self.file = home / MARK
        self._last: tuple[str, datetime] | None = None
        self._written = 0.0

    def mark(self) -> tuple[str, datetime] | None:
        """Return key and instant of the last send, or None where nothing was sent or the file is no use."""
        try:
            told = json.loads(self.file.read_text(encoding="utf-8"))
            return str(told["key"]), datetime.fromisoformat(told["sent_at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def objection(self, database: Database) -> str | None:
        """Return why nothing may be sent from this database, or None where all is well."""
        mark = self.mark()
        if mark is None or database.read(outbox.was_sent, mark[0]):
            return None
        return (
            f"this database is older than the last message sent ({mark[0]}, {mark[1]:%Y-%m-%d %H:%M} UTC): "
            "was a backup put back? Nothing is sent until `trendbot deliveries resume`"
        )

    def sent(self, key: str, at: datetime) -> None:
        """Note a send that is committed."""
        self._last = (key, at)
        if time.monotonic() - self._written >= _EVERY:
            self.flush()

    def flush(self) -> None:
        """Write the mark."""
        if self._last is None:
            return
        told = {"key": self._last[0], "sent_at": self._last[1].isoformat()}
        write_atomically(self.file, json.dumps(told).encode())
        self._last, self._written = None, time.monotonic()


def resume(database: Database, home: Path, *, harmless: list[str], send: bool) -> int:
    """Trust this database again; return how many waiting messages are called uncertain.

    What waits since before the last send may have gone already: it is called uncertain, unless `send` says otherwise.
    """
    guard = Guard(home)
    mark = guard.mark()
    held = 0
    if mark is not None and not send:
        held = database.write(outbox.hold_back, until=mark[1], transports=harmless, why=RESTORED)
    guard.file.unlink(missing_ok=True)
    return held
