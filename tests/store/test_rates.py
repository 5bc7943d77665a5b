from __future__ import annotations

import multiprocessing
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.store import rates
from trendbot.store.database import Database

if TYPE_CHECKING:
    from trendbot.store.database import Session

ALL = ("tg:all", 25.0)
T = 1_790_000_000.0


def chat(number: int) -> tuple[str, float]:
    return f"tg:chat:{number}", 1.0


def waits(database: Database, wanted: list[list[tuple[str, float]]], now: float = T) -> list[float]:
    return [round(turn.wait, 3) for turn in database.write(rates.reserve, wanted, now=now, longest=1000.0)]


def test_turns_are_one_interval_apart(database: Database) -> None:
    used_up = int(rates.SLACK * 25 * 21)  # turns, at a peak of 21 twentieths of the rate
    first = waits(database, [[ALL, chat(number)] for number in range(used_up + 100)], now=T)
    apart = [round(later - earlier, 3) for earlier, later in pairwise(first)]
    assert set(apart[:500]) == {0.038, 0.039}
    assert set(apart[-50:]) == {0.04}
    assert waits(database, [[ALL, chat(5)]], now=T + 1000) == [0]


def test_an_idle_budget_is_made_up_for_a_little_faster_and_not_at_once(database: Database) -> None:
    waits(database, [[ALL]])
    quick = 1 / (25 * rates.PEAK)
    assert waits(database, [[ALL]] * 4, now=T + 3600) == [round(turn * quick, 3) for turn in range(4)]


def test_a_second_message_to_one_chat_takes_no_turn_from_others(database: Database) -> None:
    first, second, other = database.write(rates.reserve, [[ALL, chat(1)], [ALL, chat(1)], [ALL, chat(2)]], now=T)
    assert first.reserved
    assert (second.held_by, round(second.wait, 3)) == ("tg:chat:1", 1.0)
    assert (other.reserved, round(other.wait, 3)) == (True, 0.038)


def test_who_would_wait_too_long_reserves_nothing(database: Database) -> None:
    database.write(rates.pause, ["tg:all"], 60.0, now=T)
    turns = database.write(rates.reserve, [[ALL, chat(1)]] * 3, now=T)
    assert {turn.held_by for turn in turns} == {"tg:all"}
    assert waits(database, [[ALL, chat(1)]], now=T + 60) == [0]


def test_after_a_late_message_the_next_one_waits_a_whole_interval(database: Database) -> None:
    waits(database, [[ALL, chat(1)]])
    database.write(rates.hold_off, [chat(1)], now=T + 0.7)
    late, other = database.write(rates.reserve, [[ALL, chat(1)], [ALL, chat(2)]], now=T + 1.0)
    assert (late.held_by, round(late.wait, 3)) == ("tg:chat:1", 0.7)
    assert (other.reserved, other.wait) == (True, 0)
    database.write(rates.hold_off, [chat(1)], now=T)  # it never brings a turn forward
    assert round(database.write(rates.reserve, [[ALL, chat(1)]], now=T + 1.0)[0].wait, 3) == 0.7


def test_a_pause_holds_everybody_and_ends(database: Database) -> None:
    database.write(rates.pause, ["tg:all", "tg:chat:1"], 3.0, now=T)
    database.write(rates.pause, ["tg:all"], 1.0, now=T)  # a shorter one ends none that is longer
    assert database.read(rates.paused, ["tg:all", "tg:chat:9"], now=T + 2) == pytest.approx(1.0)
    assert database.read(rates.paused, ["tg:chat:9"], now=T) == 0
    assert waits(database, [[ALL, chat(2)]], now=T + 1) == [2.0]
    assert database.read(rates.paused, ["tg:all"], now=T + 3) == 0


def test_messages_without_a_budget_wait_for_nothing(database: Database) -> None:
    assert waits(database, [[], []]) == [0, 0]
    assert waits(database, [[], [ALL]]) == [0, 0]


def test_budgets_that_nobody_uses_are_dropped(database: Database) -> None:
    waits(database, [[ALL, chat(1)]])
    waits(database, [[ALL, chat(2)]], now=T + 90_000)
    assert database.write(rates.prune, now=T + 90_000) >= 1
    assert waits(database, [[ALL, chat(1)]], now=T + 90_000) == [0.038]


def test_the_clock_is_the_databases(database: Database) -> None:
    assert database.read(rates.clock) == pytest.approx(time.time(), abs=5)


@given(st.lists(st.tuples(st.integers(1, 4), st.floats(0, 2)), min_size=1, max_size=40))
def test_no_window_of_a_second_holds_more_than_the_rate(asked: list[tuple[int, float]]) -> None:
    """However messages arrive, those with a turn are as far apart as each of their budgets says."""
    with Database("sqlite://") as database:
        database.write(_table)
        at, sent = T, []
        for number, gap in asked:
            at += gap
            (turn,) = database.write(rates.reserve, [[ALL, chat(number)]], now=at)
            assert turn.wait >= 0
            if turn.reserved:
                sent.append((at + turn.wait, number))
    _kept([instant for instant, _ in sent], rate=25.0 * rates.PEAK, slack=0.0)
    _kept([instant for instant, _ in sent], rate=25.0, slack=rates.SLACK)
    for chat_number in {number for _, number in sent}:
        _kept([instant for instant, number in sent if number == chat_number], rate=1.0, slack=0.0)


def _kept(instants: list[float], *, rate: float, slack: float) -> None:
    """Hold a budget against the promise: no window has more turns than its seconds and the slack allow."""
    ordered = sorted(instants)
    for start, first in enumerate(ordered):
        for count, last in enumerate(ordered[start:], start=1):
            assert count <= rate * (last - first + slack) + 1 + 1e-3


def _table(session: Session) -> None:
    from trendbot.store.schema import Rate

    Rate.__table__.create(session.connection())  # type: ignore[attr-defined]


def take(url: str, count: int) -> list[float]:
    """Take turns as another process does; return how long each waits."""
    budget = [[("shared", 50.0)]]
    with Database(url) as database:
        return [database.write_lightly(rates.reserve, budget, longest=1000, now=T)[0].wait for _ in range(count)]


def test_two_processes_share_one_budget(database: Database) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        waits = sorted(wait for found in pool.starmap(take, [(url, 30), (url, 30)]) for wait in found)
    assert waits == pytest.approx([turn / (50 * rates.PEAK) for turn in range(60)], abs=1e-4)


# -- what a remote counts in any second --------------------------------------------------------------------------------

WIDE = ("wide", 1000.0)
RINGS = {"wide": rates.Ring(name="wide", most=3)}


def places(database: Database, count: int, now: float) -> list[rates.Turn]:
    return list(database.write(rates.reserve, [[WIDE]] * count, rings=RINGS, now=now, longest=1000.0))


def test_no_more_go_in_any_second_than_the_remote_takes(database: Database) -> None:
    turns = places(database, 7, T)
    assert [round(turn.wait, 2) for turn in turns] == [0, 0, 0, 1.01, 1.01, 1.01, 2.02]
    assert turns[3].place == turns[0].place
    assert len({turn.place for turn in turns}) == 3


def test_what_arrived_late_is_followed_by_no_crowd(database: Database) -> None:
    first, *_ = places(database, 3, T)
    database.write(rates.arrived, [(first.place or "", 0.1)], now=T + 0.5)
    assert [round(turn.wait, 2) for turn in places(database, 3, T + 1.2)] == [0, 0, 0.21]
    database.write(rates.arrived, [(first.place or "", 99.0)], now=T + 1.2)  # it never brings one forward
    assert round(places(database, 1, T + 1.5)[0].wait, 2) == 0.71


def test_replies_share_the_ring_of_what_is_broadcast(database: Database) -> None:
    places(database, 3, T)
    shared = {"replies": rates.Ring(name="wide", most=3)}
    (reply,) = database.write(rates.reserve, [[("replies", 3.0)]], rings=shared, now=T)
    assert round(reply.wait, 2) == 1.01


def test_a_ring_too_large_to_be_counted_holds_up_nobody(database: Database) -> None:
    large = {"wide": rates.Ring(name="wide", most=rates.MOST_RING + 1)}
    (turn,) = database.write(rates.reserve, [[WIDE]], rings=large, now=T)
    assert (turn.wait, turn.place) == (0, None)


@given(st.lists(st.tuples(st.floats(0, 0.4), st.floats(0, 1.5)), min_size=5, max_size=40))
def test_arrivals_keep_the_remotes_count_however_late_they_are(asked: list[tuple[float, float]]) -> None:
    """Messages that are long on their way, each written down before the place is taken again, never make a crowd."""
    with Database("sqlite://") as database:
        database.write(_table)
        at, arrivals = T, []
        for gap, late in asked:
            (turn,) = database.write(rates.reserve, [[WIDE]], rings=RINGS, now=at, longest=1000.0)
            arrivals.append(at + turn.wait + late)
            database.write(rates.arrived, [(turn.place or "", 0.0)], now=arrivals[-1])
            at += gap
    arrivals.sort()
    assert all(later - earlier > 1.0 for earlier, later in zip(arrivals, arrivals[3:], strict=False))
