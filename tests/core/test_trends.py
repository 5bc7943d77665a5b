from __future__ import annotations

import math
import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trendbot.core.trends import (
    FeedPast,
    TermCounts,
    TermRecord,
    TrendReading,
    WeekCounts,
    read_fallen,
    read_terms,
    read_themes,
    window_of,
)
from trendbot.core.trends.discovery import ByChance, false_shares, shadowed
from trendbot.core.trends.surprise import PHI, Usual, first_named, tail

START = date(2026, 3, 2)
WEEKDAYS = (16, 21, 22, 26, 23, 5, 5)


def day(number: int) -> date:
    return START + timedelta(days=number)


def counted(rng: random.Random, mean: float, phi: float = 1.5) -> int:
    """Draw a count of this mean whose variance is `phi` times it."""
    if mean <= 0:
        return 0
    shape = mean / (phi - 1)
    rate = rng.gammavariate(shape, mean / shape)
    product, count, limit = 1.0, -1, math.exp(-rate)
    while product > limit:
        product *= rng.random()
        count += 1
    return max(0, count)


# -- surprise ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "shape", "mean", "expected"),
    [
        (1, 1.0, 1.0, 0.5),  # geometric: P(C >= 1) = 1/2
        (3, 1.0, 1.0, 0.125),
        (2, 2.0, 2.0, 0.5),  # 1 - 1/4 - 1/4
        (1, 0.1, 0.1, 1 - 0.5**0.1),
    ],
)
def test_the_tail_is_that_of_a_negative_binomial(count: int, shape: float, mean: float, expected: float) -> None:
    assert 10 ** -tail(count, shape=shape, mean=mean) == pytest.approx(expected, rel=1e-9)


@settings(deadline=None)
@given(st.integers(0, 300), st.floats(0.05, 200), st.floats(0.001, 200))
def test_more_reports_are_never_less_surprising(count: int, shape: float, mean: float) -> None:
    assert 0 <= tail(count, shape=shape, mean=mean) <= tail(count + 1, shape=shape, mean=mean) + 1e-9


@pytest.mark.parametrize(("mean", "shape"), [(0.0, 0.1), (1e-9, 0.1), (0.3, 0.6), (7.0, 9.0), (900.0, 1_000.0)])
def test_surprises_one_after_another_are_those_of_each_count(mean: float, shape: float) -> None:
    usual = Usual(mean=mean, shape=shape)
    first = max(1, int(mean))
    for count, found in zip(range(first, first + 12), usual.surprises(first), strict=False):
        assert found == pytest.approx(usual.surprise(count), abs=1e-5)


def test_names_never_given_come_at_the_rate_of_first_mentions() -> None:
    first = first_named(0.4, 200)
    assert 200 * 10 ** -first.surprise(1) == pytest.approx(0.4, rel=0.01)


def test_what_chance_would_list_is_summed_over_all_names() -> None:
    usual = Usual(mean=0.2, shape=0.2 / (PHI - 1))
    chance = ByChance([(usual, 50)], least=2)
    assert chance(usual.surprise(2)) == pytest.approx(50 * 10 ** -usual.surprise(2), rel=1e-6)
    assert chance(usual.surprise(3)) == pytest.approx(50 * 10 ** -usual.surprise(3), rel=1e-6)
    between = (usual.surprise(2) + usual.surprise(3)) / 2
    assert chance(between) == pytest.approx(chance(usual.surprise(3))), "no count is as surprising as that exactly"
    assert chance(0.0) == chance(usual.surprise(2)), "fewer than two can't be listed"
    assert chance(40.0) == 0


FEED_COUNT = 12


def term(counts: dict[int, int], number: int = 1, name: str = "Borealis 3", feeds: int = FEED_COUNT) -> TermCounts:
    return TermCounts(
        series_id=number,
        name=name,
        counts={(day(at), "news"): float(count) for at, count in counts.items() if count},
        lately={(day(at), part % feeds, f"site {part}"): 1.0 for at, count in counts.items() for part in range(count)},
    )


def named(
    *terms: TermCounts,
    until: int = 59,
    a_day: float = 40.0,
    followed: int = 500,
    feeds: dict[int, FeedPast] | None = None,
    by_feed: dict[tuple[int, date], float] | None = None,
) -> TermRecord:
    """Give a record of steady days of twelve feeds."""
    steady = {(feed, day(at)): a_day / FEED_COUNT for at in range(until + 1) for feed in range(FEED_COUNT)}
    return TermRecord(
        terms=terms,
        followed=followed,
        exposure={(day(at), "news"): a_day for at in range(until + 1)},
        by_feed=steady if by_feed is None else by_feed,
        feeds=feeds or {feed: FeedPast(kind="news", first=START) for feed in range(FEED_COUNT)},
    )


def test_a_new_name_in_many_feeds_rises_and_is_new() -> None:
    (reading,) = read_terms(named(term({59: 6})), as_of=day(59))
    assert (reading.direction, reading.new, reading.current, reading.feeds) == ("rising", True, 6.0, 6)
    assert reading.score > 5
    assert reading.low is not None
    assert reading.low > 1


def test_an_old_name_at_its_usual_count_does_not_rise() -> None:
    (reading,) = read_terms(named(term(dict.fromkeys(range(60), 6))), as_of=day(59))
    assert (reading.direction, reading.new) == ("flat", False)


def test_an_old_name_far_above_its_usual_count_rises_and_is_not_new() -> None:
    (reading,) = read_terms(named(term(dict.fromkeys(range(0, 59, 3), 1) | {59: 7})), as_of=day(59))
    assert (reading.direction, reading.new) == ("rising", False)
    assert reading.q < 0.05


def test_one_publisher_alone_makes_no_rise() -> None:
    known = {(day(at), "news"): 1.0 for at in range(0, 59, 9)}
    alone = TermCounts(series_id=1, name="X", counts={**known, (day(59), "news"): 20.0}, lately={(day(59), 7, "s"): 20})
    (reading,) = read_terms(named(alone), as_of=day(59))
    assert (reading.direction, reading.current) == ("flat", 3.0)


def test_a_first_mention_is_new_and_no_rise() -> None:
    (reading,) = read_terms(named(term({59: 1})), as_of=day(59))
    assert (reading.direction, reading.new, reading.method) == ("new", True, "first-named")


def test_where_first_mentions_are_common_one_more_is_nothing() -> None:
    others = [term({at: 1}, 100 + at, f"name {at}") for at in range(59)]
    readings = read_terms(named(term({59: 1}), *others), as_of=day(59))
    assert {one.direction for one in readings} == {"flat"}


def test_one_day_of_many_first_mentions_does_not_hide_those_of_other_days() -> None:
    at_once = [term({30: 1}, 100 + number, f"name {number}") for number in range(80)]
    readings = read_terms(named(term({59: 1}), *at_once), as_of=day(59))
    assert [one.name for one in readings if one.direction == "new"] == ["Borealis 3"]


def test_nothing_is_said_before_two_weeks_are_known() -> None:
    assert read_terms(named(term({9: 9}), until=9), as_of=day(9)) == ()
    assert read_themes([], {(1, day(at)): 4.0 for at in range(10)}, as_of=day(9)) == ()


def test_a_quiet_list_is_read_over_two_days() -> None:
    record = named(term({58: 2, 59: 2}), a_day=6.0, followed=100)
    (reading,) = read_terms(record, as_of=day(59))
    assert (reading.window_days, reading.current) == (2, 4.0)
    assert window_of(record.exposure, day(0)) == 2


def test_a_rise_that_goes_on_is_said_to_go_on() -> None:
    (reading,) = read_terms(named(term({57: 2, 58: 9, 59: 9}), followed=100), as_of=day(59), lately=[1])
    assert reading.direction == "rising"
    assert reading.still


def test_a_name_inside_a_longer_one_is_not_told_twice() -> None:
    both = [term({59: 9}, 1, "Borealis"), term({59: 8}, 2, "Borealis 3")]
    readings = read_terms(named(*both), as_of=day(59))
    assert {one.name for one in readings if one.direction == "rising"} == {"Borealis 3"}


def test_new_feeds_say_nothing_of_terms_at_first() -> None:
    young = {feed: FeedPast(kind="news", first=day(50)) for feed in range(FEED_COUNT)}
    assert read_terms(named(term({59: 9}), feeds=young), as_of=day(59)) == ()


def test_feeds_that_empty_their_archives_say_nothing_of_terms_that_day() -> None:
    record = named(term({59: 9}))
    dumped = {**record.by_feed, **{(feed, day(59)): 90.0 for feed in range(FEED_COUNT)}}
    assert read_terms(named(term({59: 9}), by_feed=dumped), as_of=day(59)) == ()


RATES = {
    "unlike": [0.002 * 1.006**number for number in range(1_000)],
    "alike": [0.1] * 1_000,
    "few of many": [30 / (number + 1) for number in range(1_000)],
}


@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_false_alarms_over_a_thousand_steady_terms_are_few(rates: list[float]) -> None:
    rng = random.Random(7)
    days, read = 90, 20
    profile = [WEEKDAYS[day(at).weekday()] / 16 for at in range(days)]
    by_feed = {(feed, day(at)): 160.0 * profile[at] / FEED_COUNT for at in range(days) for feed in range(FEED_COUNT)}
    drawn = [[counted(rng, rate * profile[at]) for at in range(days)] for rate in rates]
    alarms = 0
    for as_of in range(days - read, days):
        terms = [
            term({at: count for at, count in enumerate(counts[: as_of + 1]) if count}, number, f"term {number}")
            for number, counts in enumerate(drawn)
            if any(counts[: as_of + 1])
        ]
        record = TermRecord(
            terms=terms,
            followed=len(rates),
            exposure={(day(at), "news"): 160.0 * profile[at] for at in range(as_of + 1)},
            by_feed={key: count for key, count in by_feed.items() if key[1] <= day(as_of)},
            feeds={feed: FeedPast(kind="news", first=START) for feed in range(FEED_COUNT)},
        )
        alarms += sum(one.direction != "flat" for one in read_terms(record, as_of=day(as_of)))
    assert alarms / read <= 1


def test_false_shares_follow_benjamini_and_hochberg() -> None:
    assert false_shares([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert false_shares([0.01], tests=10) == pytest.approx([0.1])
    assert false_shares([]) == []


def test_shadowed_names() -> None:
    assert shadowed({"Llama": 5, "Llama 4": 4, "GPT": 9, "GPT-5": 2}) == {"Llama"}
    assert shadowed({"o1": 3, "Pro1": 3}) == frozenset()


# -- themes ------------------------------------------------------------------------------------------------------------

FEEDS = range(20)
DAYS = 36


def week_of(
    rng: random.Random, *, share: float = 0.2, feeds: range = FEEDS, rise: float = 1.0
) -> tuple[dict[tuple[int, date], float], dict[tuple[int, date], float]]:
    """Draw a theme of a steady share, times `rise` in the last week, over feeds of unlike habits."""
    counts, exposure = {}, {}
    for feed in feeds:
        own = share * (0.25 if feed % 2 else 1.75)
        for at in range(DAYS):
            published = counted(rng, (1 + feed % 5) * WEEKDAYS[day(at).weekday()] / 10)
            lift = rise if at > DAYS - 8 else 1.0
            if published:
                exposure[feed, day(at)] = float(published)
                counts[feed, day(at)] = float(sum(rng.random() < min(1, own * lift) for _ in range(published)))
    return counts, exposure


def read(counts: dict[tuple[int, date], float], exposure: dict[tuple[int, date], float]) -> TrendReading:
    theme = WeekCounts(series_id=1, name="Tools", slug="tools", counts=counts)
    (reading,) = read_themes([theme], exposure, as_of=day(DAYS - 1))
    return reading


def test_a_theme_that_doubles_rises_with_its_interval() -> None:
    reading = read(*week_of(random.Random(1), rise=2.2))
    assert reading.direction == "rising"
    assert reading.low is not None
    assert reading.high is not None
    assert 1 < reading.low < reading.current / reading.baseline < reading.high
    assert reading.facts["phi"] >= 1.2


def test_a_theme_that_halves_falls() -> None:
    assert read(*week_of(random.Random(2), rise=0.3)).direction == "falling"


def test_a_term_whose_week_falls_is_read_as_fallen_and_a_steady_or_rare_one_is_not() -> None:
    counts, exposure = week_of(random.Random(2), rise=0.3)
    steady, _ = week_of(random.Random(2))
    rare = dict(list({key: count for key, count in counts.items() if count}.items())[:9])
    terms = [
        WeekCounts(series_id=number, name=name, slug=None, counts=of)
        for number, (name, of) in enumerate((("Zephyr", counts), ("Steady", steady), ("Rare", rare)))
    ]
    (fallen,) = read_fallen(terms, exposure, as_of=day(DAYS - 1))
    assert (fallen.name, fallen.kind, fallen.direction, fallen.window_days) == ("Zephyr", "term", "falling", 7)


@pytest.mark.parametrize("seed", range(12))
def test_a_steady_theme_raises_nothing_whatever_befalls_the_feeds(seed: int) -> None:
    rng = random.Random(seed)
    counts, exposure = week_of(rng)
    assert read(counts, exposure).direction == "flat", "steady"

    loud = max(FEEDS, key=lambda feed: sum(exposure.get((feed, day(at)), 0) for at in range(DAYS)))
    silent = {key: count for key, count in exposure.items() if key[0] != loud or key[1] < day(DAYS - 3)}
    assert read(counts, silent).direction == "flat", "a feed silent for three days"

    more_counts, more = week_of(rng, feeds=range(100, 120), share=0.5)
    new = {key: count for key, count in more.items() if key[1] >= day(DAYS - 5)}
    joined = {**exposure, **new}
    assert read({**counts, **more_counts}, joined).direction == "flat", "a feed list twice as long"

    twice = {(feed + 200, at): count for (feed, at), count in exposure.items() if at >= day(DAYS - 5)}
    doubled = {**counts, **{(feed + 200, at): count for (feed, at), count in counts.items()}}
    assert read(doubled, {**exposure, **twice}).direction == "flat", "the same feeds twice"

    dump = {**exposure, (3, day(DAYS - 2)): 400.0}
    assert read({**counts, (3, day(DAYS - 2)): 390.0}, dump).direction == "flat", "a feed that empties its archive"
