"""Group: put every entry that has no story yet into one.

    entries without a story, by date ─▶ stories in reach ─▶ join, open, unite ─▶ memberships, signposts, leads

One batch is one transaction, and lies within one week of dates: the stories in reach are those of that week and of the
weeks beside it, wherever the batches begin. What is decided depends on what is stored and on nothing else, so a run
that is stopped at any instruction is simply run again, and the result is that of a run that never stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, groupby

from trendbot.core.grouping import Background, Grouper, Grouping, Placement, Reason, unpack
from trendbot.logs import get_logger
from trendbot.paths import bundled
from trendbot.store import grouping as store
from trendbot.store.database import Database
from trendbot.store.regrouping import release_edited, vacated

log = get_logger(__name__)

BATCH = 500
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_WEEK = timedelta(days=7)
_PROVISIONAL = 1 << 60
"""Numbers of stories that the store has not numbered yet: above all that it will ever give."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupReport:
    """What a run did: entries placed, stories opened, entries that joined one, stories united."""

    entries: int = 0
    opened: int = 0
    joined: int = 0
    merged: int = 0


@cache
def background() -> Background:
    """Return the shipped table of word frequencies.

    Raises:
        ConfigError: the installation lacks it.

    """
    return unpack((bundled("seeds") / "background.bin").read_bytes())


def group_entries(
    database: Database,
    *,
    now: datetime,
    batch: int = BATCH,
    limit: int | None = None,
    progress: Progress | None = None,
) -> GroupReport:
    """Group all entries not yet in a story, oldest first; `progress(done, all)` is told after each batch.

    Those of the last days that were edited into something else, and whose story was not told, are grouped anew.

    Raises:
        StoreError: the database refused; what was grouped before stays.

    """
    grouper = Grouper(background())
    fresh = now - timedelta(hours=grouper.grouping.reach)
    database.write(release_edited, since=fresh, background=grouper.background)
    total = database.read(store.count_ungrouped)
    numbers = count(_PROVISIONAL)
    placements: list[Placement] = []
    since: datetime | None = None
    while limit is None or len(placements) < limit:
        size = batch if limit is None else min(batch, limit - len(placements))
        page = database.read(store.list_ungrouped, limit=size, since=since)
        if not page:
            break
        since = page[-1].item.dated_at
        for _, pending in groupby(page, key=_week):
            placements += _group(database, grouper, list(pending), numbers, now)
        if progress:
            progress(len(placements), total)
    return _report(placements)


def _week(entry: store.Ungrouped) -> datetime:
    """Return the beginning of the week that an entry is dated in."""
    return _EPOCH + (entry.item.dated_at - _EPOCH) // _WEEK * _WEEK


def _group(
    database: Database, grouper: Grouper, pending: Sequence[store.Ungrouped], numbers: Iterator[int], now: datetime
) -> list[Placement]:
    """Decide and write one batch; `numbers` are provisional ones, each used once."""
    _bring_in_reach(database, grouper, pending)
    formerly = database.read(vacated, [entry.identity for entry in pending])
    decided = []
    for entry in pending:
        former = formerly.get(entry.identity)
        number = former or next(numbers)
        placement = _place(grouper, entry, number)
        decided.append(store.Decided(entry=entry, placement=placement, opening=number, former=former))
    grouper.rename(database.write(store.apply_placements, decided, now=now))
    return [one.placement for one in decided]


def _place(grouper: Grouper, entry: store.Ungrouped, opening: int) -> Placement:
    """Place one entry; one that cannot be understood gets a story of its own."""
    try:
        return grouper.place(entry.item, opening=opening)
    except Exception:
        log.exception("entry_not_grouped", entry=entry.item.entry_id)
        return Placement(entry_id=entry.item.entry_id, story=opening, reason=Reason.OPENED, similarity=None)


def _bring_in_reach(database: Database, grouper: Grouper, pending: Sequence[store.Ungrouped]) -> None:
    """Load the stories that an entry of the batch may join."""
    rules: Grouping = grouper.grouping
    first, week = pending[0].item.dated_at, _week(pending[0])
    urls = {entry.item.canonical_url for entry in pending} - {""}
    reach = timedelta(hours=rules.reach)
    addresses = database.read(store.list_addresses, urls, since=first - reach)
    reachable = database.read(
        store.list_reachable,
        since=first - reach,
        until=week + _WEEK + reach,
        members=rules.members,
        known=grouper.numbers,
    )
    for story in reachable:
        grouper.load(story.number, story.items, first_at=story.first_at, curated=story.curated)
    for item, number in addresses:
        grouper.note_url(item, number)


def _report(placements: Sequence[Placement]) -> GroupReport:
    opened = sum(placement.reason is Reason.OPENED for placement in placements)
    return GroupReport(
        entries=len(placements),
        opened=opened,
        joined=len(placements) - opened,
        merged=sum(len(placement.absorbed) for placement in placements),
    )
