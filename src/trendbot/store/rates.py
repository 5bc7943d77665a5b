"""Budgets of messages shared by all workers: one row a key, on the database's own clock.

The generic cell rate algorithm (GCRA), with a bound on how fast lost turns are made up for: a row holds the
*theoretical arrival time* of the next message; who takes a turn moves it on by one interval and is told how long to
wait until his own.

A remote that counts messages in any second also has a *ring*: the instants at which the last so many messages arrived
there at the latest. No turn comes within a second of the oldest of them; so what was late on its way is followed by no
crowd, whichever worker sent it.

Call these in a short transaction of their own: held inside a longer one, a frozen worker would stop
all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from trendbot.core.delivering import LONGEST_RESERVE
from trendbot.store.schema import Rate as RateRow

_PAUSE = "!"
"""Stands before the key whose row is the instant until which a remote wants to hear nothing."""
SLACK, PEAK = 2.0, 1.05
"""Turns that nobody used in the last `SLACK` seconds may be made up for, at `PEAK` times the rate and no faster. So in
any window of so many seconds the widest budget gives at most ``rate · (seconds + SLACK) + 1`` turns, and at most
``PEAK · rate · seconds + 1``; the narrower ones make up for nothing. At 25 a second the peak is 26.25: were it more,
a way to the remote that stands still for a tenth of a second would bring more than 30 within one."""
SECOND = 1.01
"""Seconds within which a ring lets as many messages go as it has places: one, and what two clocks may differ by."""
MOST_RING = 120
"""Places of a ring at most: what takes more than that in a second does not count them singly."""
_RING = "#"
"""Stands before the name of a ring and the number of a place in it."""
_QUICKEST = "^"
"""Stands before the key whose row is the earliest instant of the next turn at the peak rate."""
_DAY, _AT_ONCE = 86_400.0, 500
_SECONDS = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::float8",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ring:
    """The last so many messages to one remote, which takes `most` of them in any second."""

    name: str
    most: int

    @property
    def places(self) -> tuple[str, ...]:
        """The keys of its rows; none where it is too large to be counted."""
        return tuple(f"{_RING}{self.name}:{place}" for place in range(self.most)) if self.most <= MOST_RING else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A turn that was reserved, and the seconds until it comes; `place` is the one in its ring, where it has one.

    Where none was: `held_by` is the budget that is in the way, and `wait` the seconds until it is worth asking again.
    """

    wait: float
    held_by: str | None = None
    place: str | None = None

    @property
    def reserved(self) -> bool:
        """Say whether there is a turn."""
        return self.held_by is None


def reserve(
    session: Session,
    wanted: Sequence[Sequence[tuple[str, float]]],
    *,
    rings: Mapping[str, Ring] | None = None,
    longest: float = LONGEST_RESERVE,
    now: float | None = None,
) -> tuple[Turn, ...]:
    """Reserve a turn for each message; each names its budgets as (key, messages a second), the widest first.

    A message whose turn is more than `longest` seconds away reserves nothing, and neither does one that a narrower
    budget holds up longer than the widest: sent later beside those whose turn it then is, it would make a crowd.
    `rings` are those of the widest budgets, by their keys. `now` stands for the database's clock, in seconds since
    1970, where a test brings its own.
    """
    keys = sorted({key for budgets in wanted for key, _ in budgets})
    if not keys:
        return tuple(Turn(wait=0.0) for _ in wanted)
    quickest = sorted({_QUICKEST + budgets[0][0] for budgets in wanted if budgets})
    places = {key: rings[key].places for key in keys if rings and key in rings}
    around = sorted({place for each in places.values() for place in each})
    rows = _locked(session, [*keys, *quickest, *(_PAUSE + key for key in keys), *around])
    at = clock(session) if now is None else now
    turns = tuple(_turn(rows, budgets, places, at, longest) for budgets in wanted)
    taken = [turn.place for turn in turns if turn.place is not None]
    _keep(session, {key: rows[key] for key in (*keys, *quickest, *taken)})
    return turns


def _turn(
    rows: dict[str, float],
    budgets: Sequence[tuple[str, float]],
    places: Mapping[str, Sequence[str]],
    now: float,
    longest: float,
) -> Turn:
    if not budgets:
        return Turn(wait=0.0)
    first, rate = budgets[0]
    used = max(rows[first], now - SLACK)
    place = min(places.get(first, ()), key=rows.__getitem__, default=None)
    free = rows[place] + SECOND if place is not None else 0.0
    widest = max(used, rows[_QUICKEST + first], rows[_PAUSE + first], free, now)
    dues = [widest, *(max(rows[key], rows[_PAUSE + key], now) for key, _ in budgets[1:])]
    due = max(dues)
    if due - now > longest or due > widest:
        return Turn(wait=due - now, held_by=budgets[dues.index(due)][0])
    rows[first], rows[_QUICKEST + first] = max(used, rows[_PAUSE + first]) + 1.0 / rate, due + 1.0 / (PEAK * rate)
    rows.update({key: due + 1.0 / each for key, each in budgets[1:]})
    if place is not None:
        rows[place] = due
    return Turn(wait=due - now, place=place)


def arrived(session: Session, places: Sequence[tuple[str, float]], *, now: float | None = None) -> None:
    """Write down how many seconds ago messages arrived at the latest, by their places in a ring."""
    if places:
        at = clock(session) if now is None else now
        values = [{"name": place, "until": at - ago} for place, ago in sorted(places)]
        session.connection().execute(_LATER, values)


def pause(session: Session, keys: Iterable[str], seconds: float, *, now: float | None = None) -> None:
    """Let nobody send within these budgets for so many seconds: a remote asked for it."""
    names = sorted(keys)
    rows = _locked(session, [*names, *(_PAUSE + name for name in names)])
    until = (clock(session) if now is None else now) + seconds
    _keep(session, {key: max(until, tat) for key, tat in rows.items()})


def hold_off(session: Session, budgets: Iterable[tuple[str, float]], *, now: float | None = None) -> None:
    """Let the next turn in each of these budgets come a whole interval from now, however late the last one was used."""
    wanted = dict(budgets)
    if not wanted:
        return
    at = clock(session) if now is None else now
    _keep(session, {key: max(tat, at + 1.0 / wanted[key]) for key, tat in _locked(session, sorted(wanted)).items()})


def paused(session: Session, keys: Iterable[str], *, now: float | None = None) -> float:
    """Return the seconds for which a remote still wants to hear nothing within any of these budgets."""
    return paused_each(session, [tuple(keys)], now=now)[0]


def paused_each(
    session: Session, wanted: Sequence[Sequence[str]], *, now: float | None = None
) -> tuple[float, ...]:  # fmt: skip
    """Return for each message, named by the keys of its budgets, how many seconds a remote wants to hear nothing."""
    names = sorted({_PAUSE + key for keys in wanted for key in keys})
    found = dict(session.execute(_PAUSES, {"keys": names}).all()) if names else {}
    if not found:
        return (0.0,) * len(wanted)
    at = clock(session) if now is None else now
    return tuple(max([0.0, *(found.get(_PAUSE + key, 0.0) - at for key in keys)]) for keys in wanted)


_PAUSES = select(RateRow.key, RateRow.tat).where(RateRow.key.in_(bindparam("keys", expanding=True)), RateRow.tat > 0)


def clock(session: Session) -> float:
    """Return the database's present instant in seconds since 1970."""
    return float(session.scalar(text(_SECONDS[session.get_bind().dialect.name])) or 0.0)


def prune(session: Session, *, now: float | None = None) -> int:
    """Drop the budgets that nobody has used for a day; return how many."""
    at = clock(session) if now is None else now
    old = list(session.scalars(select(RateRow.key).where(RateRow.tat < at - _DAY)))
    session.execute(delete(RateRow).where(RateRow.key.in_(old[:_AT_ONCE])))
    return len(old[:_AT_ONCE])


def _locked(session: Session, keys: Sequence[str]) -> dict[str, float]:
    """Return the rows, made where they are missing, and locked in the order of their keys."""
    ordered = sorted(keys)
    rows = _read(session, ordered)
    if missing := [key for key in ordered if key not in rows]:
        insert = _NEW[session.get_bind().dialect.name]
        session.connection().execute(insert, [{"key": key, "tat": 0.0} for key in missing])
        rows = _read(session, ordered)
    return rows


_TABLE = cast("Table", RateRow.__table__)
_NEW = {
    "sqlite": sqlite_insert(_TABLE).on_conflict_do_nothing(),
    "postgresql": postgresql_insert(_TABLE).on_conflict_do_nothing(),
}
_ROWS = (
    select(_TABLE.c.key, _TABLE.c.tat)
    .where(_TABLE.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(_TABLE.c.key)
    .with_for_update()
)
_LATER = (
    update(_TABLE)
    .where(_TABLE.c.key == bindparam("name"), _TABLE.c.tat < bindparam("until"))
    .values(tat=bindparam("until"))
)
_MOVE = update(_TABLE).where(_TABLE.c.key == bindparam("name")).values(tat=bindparam("until"))


def _read(session: Session, keys: Sequence[str]) -> dict[str, float]:
    return dict(session.connection().execute(_ROWS, {"keys": list(keys)}).all())


def _keep(session: Session, rows: dict[str, float]) -> None:
    session.connection().execute(_MOVE, [{"name": key, "until": tat} for key, tat in sorted(rows.items())])
