"""Which entries did a feed take back? Told from those that only fell out of its window.

    listing before ──┐
                     ├─vanished from among what is still shown─► missing ──the same at the next change─► withdrawn
    listing now ─────┘                                           (noted)      (and its date lies inside)

Everything here errs on the side of saying nothing. Only documents are believed whose entries stand in the order of
their dates: ranked lists drop entries all the time. The feed must not have shrunk as a whole, and no more than a few
entries may have vanished at once. An entry is withdrawn when it is missing from two changed documents in a row, and
its date lies between the oldest and the newest that the feed shows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

FEW = 2
"""Entries that may always vanish at once and still be taken for removed by hand."""
SHARE = 0.1
"""Share of the listing that may do so where that is more."""
SHRUNK = 2 / 3
"""Share of the former number of entries below which a feed has shrunk as a whole."""
ENOUGH = 4
"""Entries below which a document has no order to speak of."""
STRAYS = 1
"""Neighbours out of order that do not matter: a pinned entry."""


def newest_first(dates: Sequence[datetime | None]) -> bool | None:
    """Tell whether a document begins with its newest entry; None where it is in no order of dates, or lacks some."""
    known = [at for at in dates if at is not None]
    if len(known) < max(ENOUGH, len(dates)):
        return None
    falls = sum(one > other for one, other in pairwise(known))
    rises = sum(one < other for one, other in pairwise(known))
    if min(falls, rises) > STRAYS or falls == rises:
        return None
    return falls > rises


def vanished(
    before: Sequence[str], listing: Sequence[str], dates: Sequence[datetime | None], *, renamed: Collection[str] = ()
) -> frozenset[str]:
    """Return the marks of `before` that vanished from among what `listing` still shows, where that means anything.

    Both listings are in the order of their documents, `dates` are those of `listing`; `renamed` go by another mark
    now. What stood at the old end of the listing has only made room, and does not count.
    """
    newest = newest_first(dates)
    still = set(listing)
    kept = [position for position, mark in enumerate(before) if mark in still]
    if newest is None or not kept or len(listing) < SHRUNK * len(before):
        return frozenset()
    inside = before[: kept[-1]] if newest else before[kept[0] :]
    gone = {mark for mark in inside if mark not in still and mark not in renamed}
    return frozenset(gone) if len(gone) <= max(FEW, SHARE * len(before)) else frozenset()


def withdrawn(missing: Mapping[str, datetime | None], dates: Sequence[datetime | None]) -> frozenset[str]:
    """Return those of `missing` (mark → date; not shown twice running) whose date lies inside of what is shown."""
    shown = [at for at in dates if at is not None]
    if newest_first(dates) is None:
        return frozenset()
    oldest, newest = min(shown), max(shown)
    return frozenset(mark for mark, at in missing.items() if at is not None and oldest < at < newest)
