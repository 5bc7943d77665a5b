from __future__ import annotations

import math
import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.trends import TermCounts, ThemeCounts, TrendReading, read_terms, read_themes
from trendbot.core.trends.discovery import false_shares, shadowed
from trendbot.core.trends.surprise import tail

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


@given(st.integers(0, 300), st.floats(0.05, 200), st.floats(0.001, 200))
def test_more_reports_are_never_less_surprising(count: int, shape: float, mean: float) -> None:
    assert 0 <= tail(count, shape=shape, mean=mean) <= tail(count + 1, shape=shape, mean=mean) + 1e-9


def term(counts: dict[int, int], number: int = 1, name: str = "Borealis 3") -> TermCounts:
    return TermCounts(
        series_id=number,
        name=name,
        counts={(day(at), "news"): float(count) for at, count in counts.items() if count},
        lately={(day(at), feed): 1.0 for at, count in counts.items() for feed in range(count)},
    )


def test_a_new_name_in_many_feeds_rises_and_is_new() -> None:
    exposure = {(day(at), "news"): 40.0 for at in range(60)}
    (reading,) = read_terms([term({59: 6})], exposure, as_of=day(59), tests=500)
    assert (reading.direction, reading.new, reading.current, reading.feeds) == ("rising", True, 6.0, 6)
    assert reading.score > 5
    assert reading.low is not None
    assert reading.low > 1


def test_an_old_name_at_its_usual_count_does_not_rise() -> None:
    exposure = {(day(at), "news"): 40.0 for at in range(60)}
    (reading,) = read_terms([term(dict.fromkeys(range(60), 6))], exposure, as_of=day(59), tests=500)
    assert (reading.direction, reading.new) == ("flat", False)


def test_one_feed_alone_makes_no_rise() -> None:
    exposure = {(day(at), "news"): 40.0 for at in range(60)}
    alone = TermCounts(series_id=1, name="X", counts={(day(59), "news"): 20.0}, lately={(day(59), 7): 20.0})
    (reading,) = read_terms([alone], exposure, as_of=day(59), tests=500)
    assert (reading.direction, reading.current) == ("flat", 3.0)


def test_nothing_is_said_before_two_weeks_are_known() -> None:
    exposure = {(day(at), "news"): 40.0 for at in range(10)}
    assert read_terms([term({9: 9})], exposure, as_of=day(9), tests=5) == ()
    assert read_themes([], {(1, day(at)): 4.0 for at in range(10)}, as_of=day(9)) == ()


def test_a_quiet_list_is_read_over_two_days() -> None:
    exposure = {(day(at), "news"): 6.0 for at in range(60)}
    (reading,) = read_terms([term({58: 2, 59: 2})], exposure, as_of=day(59), tests=100)
    assert (reading.window_days, reading.current) == (2, 4.0)


def test_a_rise_that_goes_on_is_said_to_go_on() -> None:
    exposure = {(day(at), "news"): 40.0 for at in range(60)}
    (reading,) = read_terms([term({58: 9, 59: 9})], exposure, as_of=day(59), tests=100, lately=[1])
    assert reading.still


def test_a_name_inside_a_longer_one_is_not_told_twice() -> None:
    exposure = {(day(at), "news"): 40.0 for at in range(60)}
    both = [term({59: 9}, 1, "Borealis"), term({59: 8}, 2, "Borealis 3")]
    readings = read_terms(both, exposure, as_of=day(59), tests=100)
    assert {one.name for one in readings if one.direction == "rising"} == {"Borealis 3"}


def test_false_alarms_over_a_thousand_steady_terms_are_few() -> None:
    rng = random.Random(7)
    days = 100
    rates = [0.002 * 1.006**number for number in range(1_000)]
    profile = [WEEKDAYS[day(at).weekday()] / 16 for at in range(days)]
    exposure = {(day(at), "news"): 160.0 * profile[at] for at in range(days)}
    terms = [
        term({at: counted(rng, rate * profile[at]) for at in range(days)}, number, f"term {number}")
        for number, rate in enumerate(rates)
    ]
    alarms = 0
    for at in range(70, days):
        readings = read_terms(terms, exposure, as_of=day(at), tests=len(terms))
        alarms += sum(one.direction == "rising" for one in readings)
    assert alarms / 30 <= 1


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
    theme = ThemeCounts(series_id=1, name="Tools", slug="tools", counts=counts)
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
