"""The books of a simulated year: what was due, what the outbox says of it, and what the servers took. All must agree.

What is due is reckoned here anew, from people's wishes and the calendar alone. Of each digest that is due there must be
a message that came once and within its window, or a word that says why not: a row that was skipped as too late or is
called uncertain, or a digest that the operator was told of as not made.
"""

from __future__ import annotations

import pickle
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.world import DAY, HOUR, PEOPLE, Person, World, spreads
from sqlalchemy import text

from trendbot.core.digests import DigestContent
from trendbot.core.vocabulary import Cadence
from trendbot.store.database import Database, Session
from trendbot.store.digests import list_digests

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LATE = {Cadence.DAILY: 12 * HOUR, Cadence.WEEKLY: 72 * HOUR}
SPAN = {Cadence.DAILY: DAY, Cadence.WEEKLY: 7 * DAY}
FIRST = {Cadence.DAILY: DAY, Cadence.WEEKLY: 14 * DAY}
"""From when on people are served at their hours: who waits for a first digest gets it when it is made."""
_ROWS = """
    SELECT d.key, c.transport, s.address, d.status, d.too_late_at, d.external_id, d.error, g.cadence, n.key, c.address
    FROM deliveries d JOIN channels c ON c.id = d.channel_id LEFT JOIN subscribers s ON s.id = d.subscriber_id
    LEFT JOIN editions e ON e.id = d.edition_id LEFT JOIN digests g ON g.id = e.digest_id
    LEFT JOIN notices n ON n.id = d.notice_id WHERE c.transport <> 'files'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """A row of the outbox: for whom, how it stands, and the digest's hour or the notice that it is about."""

    key: str
    to: str
    status: str
    due: datetime | None
    number: str
    notice: str

    @property
    def owed(self) -> bool:
        """Say whether it is still to be sent."""
        return self.status in {"pending", "sending"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A digest that was due as such, by its local hour: made, or told as too late, or neither."""

    cadence: Cadence
    name: str
    made: bool
    late: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """A digest and what it told."""

    cadence: Cadence
    frozen_at: datetime
    headlines: tuple[str, ...]


def _headlines(content: DigestContent) -> Iterator[str]:
    return (item.headline for _, item in content.items())


@dataclass(slots=True)
class Books:
    """What is kept of the outbox, since it forgets after half a year."""

    parcels: dict[str, Parcel] = field(default_factory=dict)
    digests: list[Printed] = field(default_factory=list)
    _kept: list[Path] = field(default_factory=list)

    def copy(self, database: Database, folder: Path) -> None:
        """Put down in `folder` how every row stands: what is kept here must not count as the product's memory."""
        self._kept.append(folder / f"outbox-{len(self._kept)}")
        self._kept[-1].write_bytes(pickle.dumps(database.read(_parcels)))

    def close(self, database: Database) -> None:
        """Take all of it up again, and what each digest told."""
        for file in self._kept:
            self.parcels |= {parcel.key: parcel for parcel in pickle.loads(file.read_bytes())}
        self.digests = [
            Printed(cadence=each.cadence, frozen_at=each.frozen_at, headlines=tuple(_headlines(each.content)))
            for each in database.read(list_digests, limit=10_000)
        ]


def _parcels(session: Session) -> list[Parcel]:
    return [_parcel(*row) for row in session.execute(text(_ROWS))]


def _parcel(
    key: str, _way: str, who: str | None, status: str, late: str | None, number: str | None, _why: str | None,
    cadence: str | None, notice: str | None, channel: str,
) -> Parcel:  # fmt: skip
    due = datetime.fromisoformat(late).replace(tzinfo=UTC) - LATE[Cadence(cadence)] if cadence and late else None
    return Parcel(key=key, to=who or channel, status=status, due=due, number=number or "", notice=notice or "")


def slots_of(database: Database, begun: datetime) -> list[Slot]:
    """Return what became of the digests' slots since the day after we began, by the record of runs."""
    query = text("SELECT job, slot, counts, error FROM runs WHERE job IN ('daily', 'weekly')")
    rows = database.read(lambda session: session.execute(query).all())
    return [
        Slot(cadence=Cadence(job), name=slot, made="stories" in counts and not error, late="too_late" in counts)
        for job, slot, counts, error in rows
        if slot[:10] > f"{begun:%Y-%m-%d}"
    ]


def local_hours(person: Person, since: datetime, until: datetime) -> list[datetime]:
    """Return when a person's digests are due: an hour that occurs twice counts once, one that is skipped at its end."""
    wish = person.wish
    if wish.cadence is None:
        return []
    zone = ZoneInfo(wish.timezone)
    day, found = since.astimezone(zone).date(), []
    while (at := datetime.combine(day, time(wish.hour), tzinfo=zone).astimezone(UTC)) < until:
        if at > since and (wish.cadence is Cadence.DAILY or WEEKDAYS[day.weekday()] == wish.weekday):
            found.append(at)
        day += timedelta(days=1)
    return found


@dataclass(slots=True)
class Audit:
    """What the books say: figures for people, and what does not add up."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def miss(self, kind: str, what: str) -> None:
        """Note what does not hold."""
        self.counts[kind] += 1
        self.wrong.append(f"{kind}: {what}")


def audit(world: World, books: Books, slots: list[Slot], digests: int) -> Audit:
    """Hold everything against everything else."""
    found = Audit()
    _editorial(found, slots, digests)
    _servers(found, world, books)
    gone = [slot for slot in slots if slot.late]
    for person in PEOPLE:
        _digests_of(found, world, books, person, gone)
        if person.wish.alerts:
            _alerts_of(found, world, books, person)
    return found


def _editorial(found: Audit, slots: list[Slot], digests: int) -> None:
    """Count the digests themselves: each slot once, or told as too late."""
    for slot in slots:
        found.counts[f"{slot.cadence} slots"] += 1
        found.counts[f"{slot.cadence} made"] += slot.made
        found.counts[f"{slot.cadence} told as late"] += slot.late
        if not slot.made and not slot.late:
            found.miss("digest neither made nor told", f"{slot.cadence} {slot.name}")
    made = sum(slot.made for slot in slots)
    if made != digests:
        found.miss("digests beyond one a slot", f"{digests} are kept, {made} slots made one")


def _servers(found: Audit, world: World, books: Books) -> None:
    """Hold what the servers took against the outbox: nothing twice, nothing lost, nothing that no row knows of."""
    last: dict[tuple[str, str], datetime] = {}
    for arrival in world.arrivals():
        before = last.get((arrival.to, arrival.mark))
        if before is not None and arrival.at - before < 2 * DAY:
            found.miss("message doubled", f"to {arrival.to} at {arrival.at:%Y-%m-%d %H}: {arrival.head[:60]}")
        last[arrival.to, arrival.mark] = arrival.at
    numbers = {arrival.number for arrival in world.arrivals()}
    known = {parcel.number for parcel in books.parcels.values() if parcel.status == "sent"}
    unsure = Counter(parcel.to for parcel in books.parcels.values() if parcel.status == "uncertain")
    for parcel in books.parcels.values():
        found.counts[f"rows {parcel.status}"] += 1
        if parcel.status == "sent" and parcel.number not in numbers:
            found.miss("message lost", parcel.key)
        if parcel.owed and parcel.due is not None and parcel.due < world.now - DAY:
            found.miss("message forgotten", f"{parcel.key} is {parcel.status} since {parcel.due:%Y-%m-%d %H}")
    for to, count in Counter(each.to for each in world.arrivals() if each.number not in known).items():
        if count > unsure[to]:
            found.miss("message that no row knows of", f"{count} to {to}, {unsure[to]} rows are uncertain")
    found.counts["messages taken"] = len(world.arrivals())


def _digests_of(found: Audit, world: World, books: Books, person: Person, gone: list[Slot]) -> None:
    """See that each of a person's digests came once within its window, or that it is said why not."""
    cadence = person.wish.cadence or Cadence.DAILY
    came = {arrival.number: arrival.at for arrival in world.arrivals() if arrival.to == person.address}
    rows: dict[datetime, list[Parcel]] = defaultdict(list)
    for parcel in books.parcels.values():
        if parcel.to == person.address and parcel.due is not None:
            rows[parcel.due].append(parcel)
    first, last = world.begun + FIRST[cadence], world.now - LATE[cadence]
    for due in local_hours(person, first, last):
        parcels = rows.pop(due, [])
        what = _became(parcels, came, due + LATE[cadence])
        if not parcels and _not_made(gone, cadence, due):
            what = "that were not made, and told"
        elif not parcels and _known_already(world, books, person, cadence, due):
            what = "in which all was told already"
        if what in FINE:
            found.counts[f"readers' digests {what}"] += 1
        else:
            found.miss("reader's digest", f"{person.address} {due:%Y-%m-%d %H} {what}")
    for due in sorted(due for due in rows if first < due < last):
        found.miss("reader's digest", f"{person.address} {due:%Y-%m-%d %H} at a wrong hour")


def _became(parcels: list[Parcel], came: dict[str, datetime], until: datetime) -> str:
    """Say what became of the digest of one hour, whose parts are these rows."""
    states = {each.status for each in parcels}
    if len({each.key.split(".")[0] for each in parcels}) > 1:
        return "twice"
    if any(came[each.number] >= until for each in parcels if each.number in came):
        return "beyond its window"
    if states == {"sent"}:
        return "in their window"
    if "uncertain" in states:
        return "told as uncertain"
    return "told as too late" if "skipped" in states else f"missing: {sorted(states) or 'no row'}"


FINE = frozenset(
    (
        "in their window", "told as uncertain", "told as too late", "that were not made, and told",
        "in which all was told already",
    )
)  # fmt: skip


def _known_already(world: World, books: Books, person: Person, cadence: Cadence, due: datetime) -> bool:
    """Say whether a digest of that hour told nothing but what the reader had had by alerts."""
    had = {name for each in world.arrivals() if each.to == person.address and each.at <= due for name in each.names}
    return any(
        all(any(name in headline for name in had) for headline in each.headlines)
        for each in books.digests
        if each.cadence is cadence and due - SPAN[cadence] < each.frozen_at <= due + LATE[cadence]
    )


def _not_made(gone: list[Slot], cadence: Cadence, due: datetime) -> bool:
    """Say whether the digest before an hour is one that was told as not made."""
    days = [datetime.fromisoformat(f"{slot.name[:10]}T12+00:00") for slot in gone if slot.cadence is cadence]
    return any(day - 14 * HOUR <= due <= day + SPAN[cadence] - 10 * HOUR for day in days)


def _alerts_of(found: Audit, world: World, books: Books, person: Person) -> None:
    """See that what spread came once as an alert, or that it is said why not; none at night."""
    mine = [each for each in world.arrivals() if each.to == person.address and _is_alert(each.head)]
    zone, quiet = ZoneInfo(person.wish.timezone), person.wish.quiet
    found.counts["alerts"] += len(mine)
    found.counts["alerts of a rise"] += sum(each.head.startswith("Rising") for each in mine)
    for each in mine:
        if quiet is not None and quiet.covers(each.at.astimezone(zone).hour):
            found.miss("alert at night", f"{person.address} {each.at:%Y-%m-%d %H}")
    refused = Counter(
        parcel.status
        for parcel in books.parcels.values()
        if parcel.to == person.address and parcel.notice[:5] == "alert"
    )
    missing = 0
    for day in range((world.now - world.begun).days - 2):
        if not (name := spreads(day)):
            continue
        times = sum(name in each.names for each in mine)
        by_digest = not times and any(name in each.names for each in world.arrivals() if each.to == person.address)
        found.counts["alerts of a spread"] += times
        found.counts["spreads told by a digest before an alert could go"] += by_digest
        missing += not times and not by_digest
        if times > 1:
            found.miss("alert doubled", f"{person.address} of {name} on day {day}")
    told = refused["skipped"] + refused["uncertain"] + refused["failed"]
    found.counts["alerts told as too late or uncertain"] += told
    if missing > told:
        found.miss("alert missed", f"{person.address}: {missing}, of which {told} are told")


def _is_alert(head: str) -> bool:
    return head.startswith(("A story is spreading", "Rising"))
