"""errata: what was told and has changed at its source since. Runs before composing, so that the next digest says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from trendbot.core.errata import Cause, Quoted, change_in, quoted_in, takes_back
from trendbot.logs import get_logger
from trendbot.store import watching as store
from trendbot.store.database import Database
from trendbot.store.digests import Digest
from trendbot.store.errata import Found
from trendbot.store.watching import Changed

log = get_logger(__name__)

WATCHED = timedelta(days=30)
"""How long after it was frozen a digest's sources are watched."""


def find_errata(database: Database, *, now: datetime) -> int:
    """Look whether the sources of the digests of the last thirty days still say what was told; return what is new."""
    new = 0
    for digest in database.read(store.told_since, now - WATCHED):
        try:
            new += _of(database, digest, now)
        except Exception:
            log.exception("errata_not_sought", digest=digest.id)
    return new


def _of(database: Database, digest: Digest, now: datetime) -> int:
    quoted = quoted_in(digest.content)
    entries = {each.entry_id for each in quoted}
    changed = database.read(store.changed_since, entries, digest.frozen_at)
    waiting = database.read(store.waiting_entries, digest.id)
    if not changed and not waiting:
        return 0
    found: dict[int, Found] = {}
    for each in quoted:
        erratum = _erratum(digest.id, each, changed.get(each.entry_id))
        if erratum is not None:
            found.setdefault(each.entry_id, erratum)
    return database.write(store.keep_errata, digest.id, list(found.values()), seen=entries, now=now)


def _erratum(digest_id: int, quoted: Quoted, changed: Changed | None) -> Found | None:
    if changed is None:
        return None
    if changed.withdrawn_at is not None:
        if takes_back(quoted.headline):
            return None  # what we told was the withdrawal itself
        cause, said, instead = Cause.WITHDRAWN, quoted.headline, ""
    else:
        cause, said, instead = Cause.CHANGED, quoted.text, change_in(quoted, changed.before, changed.now) or ""
    if cause is Cause.CHANGED and not instead:
        return None
    return Found(
        digest_id=digest_id,
        story_id=quoted.story_id,
        entry_id=quoted.entry_id,
        cause=cause,
        revision=changed.revision,
        said=said,
        now_says=instead,
    )
