from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.hosts import Lanes, gap_of, interleaved
from trendbot.core.polling import (
    Outcome,
    PollFacts,
    PollPolicy,
    PollState,
    back_off,
    freshness,
    new_address,
    next_poll_at,
    retry_after,
)
from trendbot.core.rhythm import learned, wait

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = PollPolicy()


@pytest.mark.parametrize(
    ("headers", "hours"),
    [
        ({}, 0),
        ({"cache-control": "max-age=7200"}, 2),
        ({"cache-control": "public, MAX-AGE=7200", "age": "3600"}, 1),
        ({"cache-control": 'max-age="7200"'}, 2),
        ({"cache-control": "no-cache, max-age=7200"}, 0),
        ({"cache-control": "max-age=-5"}, 0),
        ({"cache-control": "max-age=soon", "expires": "Mon, 16 Nov 2026 15:00:00 GMT"}, 0),
        ({"expires": "Mon, 16 Nov 2026 15:00:00 GMT"}, 3),
        ({"expires": "0"}, 0),
        ({"expires": "Sun, 15 Nov 2026 15:00:00 GMT"}, 0),
    ],
)
def test_freshness_is_read_from_the_headers(headers: dict[str, str], hours: float) -> None:
    assert freshness(headers, NOW) == hours * HOUR


@pytest.mark.parametrize(
    ("text", "wait_"),
    [
        ("120", timedelta(seconds=120)),
        ("Mon, 16 Nov 2026 13:00:00 GMT", HOUR),
        ("99999999999999999999", 7 * DAY),
        ("Fri, 16 Nov 2096 13:00:00 GMT", 7 * DAY),
        ("-5", None),
        ("soon", None),
        ("Sun, 15 Nov 2026 13:00:00 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_capped(text: str, wait_: timedelta | None) -> None:
    until = retry_after({"retry-after": text}, NOW, cap=7 * DAY)
    assert until == (NOW + wait_ if wait_ else None)


@given(st.integers(1, 60), st.sampled_from([404, 401, 403, 410, 500, 503, None]), st.booleans())
def test_back_off_grows_and_stays_within_a_week(failures: int, status: int | None, network: bool) -> None:
    facts = PollFacts(outcome=Outcome.FAILED, url="", status=status, network=network)
    now, later = (back_off(facts, count, policy=POLICY) for count in (failures, failures + 1))
    assert POLICY.interval <= now <= later <= 7 * DAY


@given(
    st.integers(1, 10_000),
    st.fixed_dictionaries(
        {
            "ttl": st.floats(0, 1e9),
            "fresh": st.floats(0, 1e9),
            "skip_hours": st.lists(st.integers(0, 23), max_size=23, unique=True),
            "skip_days": st.lists(st.integers(0, 6), max_size=6, unique=True),
        }
    ),
)
def test_hints_only_lengthen_and_within_a_cap(feed_id: int, hints: dict[str, object]) -> None:
    plain = next_poll_at(feed_id, PollState(next_poll_at=NOW), now=NOW, policy=POLICY)
    hinted = next_poll_at(feed_id, PollState(next_poll_at=NOW, hints=hints), now=NOW, policy=POLICY)
    assert plain <= hinted <= NOW + 7 * DAY * 1.1 + 7 * DAY
    assert hinted.hour not in hints["skip_hours"]  # type: ignore[operator]
    assert hinted.weekday() not in hints["skip_days"]  # type: ignore[operator]


def _rhythm(dates: list[datetime]) -> dict[str, object]:
    return learned({}, dates, NOW)


def _wait(dates: list[datetime], now: datetime = NOW, changed_at: datetime | None = None) -> timedelta:
    return wait(_rhythm(dates), now=now, changed_at=changed_at, shortest=HOUR, longest=DAY)


def test_a_feed_of_one_hour_is_asked_after_that_hour_and_rests_at_weekends() -> None:
    slot = datetime(2026, 11, 16, 5, tzinfo=UTC)
    days = [slot - DAY * number for number in range(42)]
    posts = [day + timedelta(minutes=number) for day in days if day.weekday() < 5 for number in range(2)]
    after = NOW + _wait(posts)
    assert datetime(2026, 11, 17, 5, tzinfo=UTC) < after <= datetime(2026, 11, 17, 7, tzinfo=UTC)
    friday = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert _wait(posts, friday) == DAY


def test_busy_feeds_are_asked_hourly_and_rare_ones_daily() -> None:
    busy = [NOW - timedelta(minutes=20 * number) for number in range(60)]
    rare = [NOW - 9 * DAY * number for number in range(7)]
    assert _wait(busy) == HOUR
    assert _wait(rare) > 20 * HOUR


def test_dates_of_days_alone_say_nothing_of_hours() -> None:
    daily = [datetime(2026, 11, 16, tzinfo=UTC) - DAY * number for number in range(30)]
    assert 2 * HOUR <= _wait(daily) <= 12 * HOUR


def test_without_dates_the_changes_decide() -> None:
    assert _wait([], changed_at=NOW) == HOUR
    assert _wait([], changed_at=NOW - 30 * HOUR) == 3 * HOUR
    assert _wait([], changed_at=NOW - 90 * DAY) == DAY


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=90))
def test_any_rhythm_stays_within_its_bounds(dates: list[datetime]) -> None:
    assert HOUR <= _wait(dates, changed_at=NOW) <= DAY


def test_a_move_to_the_front_page_of_another_site_is_not_followed() -> None:
    def target(address: str, polls: int = 3) -> str | None:
        state = PollState(next_poll_at=NOW, moved_to=address, moved_polls=polls)
        return new_address("https://old.example/feed", state, policy=POLICY)

    assert target("https://new.example/feed") == "https://new.example/feed"
    assert target("https://new.example/feed", polls=2) is None
    assert target("https://parked.example/") is None
    assert target("https://old.example/") == "https://old.example/"


def test_hosts_take_turns() -> None:
    feeds = [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "c"), (6, "b")]
    assert [feed for feed, _ in interleaved(feeds)] == [1, 4, 5, 2, 6, 3]


def test_no_lane_runs_more_than_it_may_nor_too_soon() -> None:
    lanes: Lanes[int] = Lanes(per_host=2, gap=lambda _host: 1.0)
    for number in range(4):
        lanes.add("a", number)
    assert lanes.take(0.0) == ("a", 0)
    assert lanes.take(0.5) is None
    assert lanes.next_at() == 1.0
    assert lanes.take(1.0) == ("a", 1)
    assert lanes.take(9.0) is None
    lanes.done("a")
    assert lanes.take(9.0) == ("a", 2)
    assert lanes.drop("a") == [3]
    assert (lanes.waiting, lanes.next_at()) == (0, None)


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(1, 3))
def test_lanes_lose_nothing_and_keep_the_order(hosts: list[str], per_host: int) -> None:
    lanes: Lanes[int] = Lanes(per_host=per_host, gap=lambda _host: 0.0)
    for number, host in enumerate(hosts):
        lanes.add(host, number)
    out: list[tuple[str, int]] = []
    while (taken := lanes.take(0.0)) is not None:
        out.append(taken)
        lanes.done(taken[0])
    assert sorted(number for _, number in out) == list(range(len(hosts)))
    for host in "abc":
        numbers = [number for where, number in out if where == host]
        assert numbers == sorted(numbers)


def test_some_hosts_ask_for_more_time_and_this_machine_for_none() -> None:
    usual = timedelta(seconds=0.5)
    assert gap_of("site.example", usual) == usual
    assert gap_of("export.arxiv.org", usual) == timedelta(seconds=3)
    assert gap_of("notarxiv.org", usual) == usual
    assert gap_of("127.0.0.1", usual) == gap_of("localhost", usual) == timedelta()


@pytest.mark.parametrize("hints", [{"skip_hours": "all"}, {"skip_days": 3}, {"skip_hours": None}])
def test_hints_that_make_no_sense_say_nothing(hints: dict[str, object]) -> None:
    plain = next_poll_at(1, PollState(next_poll_at=NOW), now=NOW, policy=POLICY)
    assert next_poll_at(1, PollState(next_poll_at=NOW, hints=hints), now=NOW, policy=POLICY) == plain


def test_a_feed_that_asks_to_be_left_alone_for_ever_is_asked_all_the_same() -> None:
    hints = {"skip_hours": list(range(24))}
    assert next_poll_at(1, PollState(next_poll_at=NOW, hints=hints), now=NOW, policy=POLICY) <= NOW + 9 * DAY
