"""The scorecard: who is first, who repeats, and what follows from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trendbot.core.scorecard import Advice, Card, Report, Scorecard, Tally, Told, score, spell
from trendbot.core.vocabulary import FeedKind

NOW = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)
HOUR = timedelta(hours=1)


def tally(feed_id: int, **said: Any) -> Tally:
    plain: dict[str, Any] = {
        "feed": f"Feed {feed_id}",
        "kind": FeedKind.NEWS,
        "entries": 30,
        "tagged": 30,
        "on_theme": 20,
    }
    return Tally(feed_id=feed_id, **plain | said)


def report(story: int, feed: int, hours: float | None = 0) -> Report:
    at = NOW - timedelta(days=3) + (hours or 0) * HOUR
    return Report(story_id=story, feed_id=feed, dated_at=at, at=None if hours is None else at)


def scored(reports: list[Report], *tallies: Tally, told: tuple[Told, ...] = (), digests: int = 0) -> Scorecard:
    return score(tallies or (tally(1), tally(2)), reports, told, digests=digests, since=SINCE)


def cards(reports: list[Report], *tallies: Tally, **said: Any) -> dict[int, Card]:
    return {card.feed_id: card for card in scored(reports, *tallies, **said).cards}


def test_first_alone_and_echo_are_told_apart() -> None:
    found = cards([report(1, 1), report(1, 2, 4), report(2, 1), report(2, 2, 2), report(3, 2)])
    first, echo = found[1], found[2]
    assert (first.first, first.alone, first.echoes, first.originals) == (2, 0, 0, 1.0)
    assert first.lead == 3 * HOUR
    assert (echo.first, echo.alone, echo.echoes) == (0, 1, 2)
    assert echo.originals == pytest.approx(1 / 3)
    assert echo.lag == 3 * HOUR


def test_the_lead_is_against_the_next_report_and_the_lag_against_the_first() -> None:
    found = cards([report(1, 1), report(1, 2, 2), report(1, 3, 10)], tally(1), tally(2), tally(3))
    assert found[1].lead == 2 * HOUR
    assert found[3].lag == 10 * HOUR


@pytest.mark.parametrize("hours", [None, 0])
def test_unknown_and_equal_instants_make_nobody_first(hours: float | None) -> None:
    found = cards([report(1, 1, 0), report(1, 2, hours)])
    assert [(card.first, card.echoes, card.originals) for card in found.values()] == [(0, 0, None)] * 2
    assert found[2].stories == 1


def test_reports_before_the_period_are_the_first_but_nobodys_work() -> None:
    before = Report(story_id=1, feed_id=1, dated_at=SINCE - HOUR, at=SINCE - HOUR)
    found = cards([before, report(1, 2)])
    assert found[1].stories == 0
    assert found[2].echoes == 1


def test_what_was_told_and_led_is_counted() -> None:
    told = (Told(story_id=1, lead_feed_id=1), Told(story_id=9, lead_feed_id=2))
    found = cards([report(1, 1), report(1, 2, 1), report(2, 2)], told=told, digests=2)
    assert (found[1].told, found[1].led, found[1].told_share) == (1, 1, 1.0)
    assert (found[2].told, found[2].led, found[2].told_share) == (1, 0, 0.5)


def test_themes_come_by_count() -> None:
    card = cards([], tally(1, themes={"trust": 2, "tools": 9}))[1]
    assert card.themes == (("tools", 9), ("trust", 2))
    assert card.on_theme == pytest.approx(2 / 3)


SHARED = [one for story in range(12) for one in (report(story, 1), report(story, 2, 5))]
MORE = [report(100 + story, 1) for story in range(10)]


def test_a_pair_is_seen_from_the_smaller_feed() -> None:
    (pair,) = scored([*SHARED, *MORE]).pairs
    assert (pair.feed_id, pair.other_id, pair.shared, pair.share, pair.behind) == (2, 1, 12, 1.0, 1.0)


def test_few_shared_stories_make_no_pair() -> None:
    assert scored(SHARED[:8]).pairs == ()


def test_who_always_comes_later_with_the_same_is_to_be_dropped() -> None:
    found = cards([*SHARED, *MORE])
    assert found[2].advice is Advice.DROP
    assert found[2].reason == "100% of its stories are in Feed 1 (feed 1) too, 100% of these earlier"
    assert found[1].advice is Advice.KEEP


def test_who_is_copied_is_kept() -> None:
    reports = [one for story in range(12) for one in (report(story, 2), report(story, 1, 5))]
    assert cards([*reports, *MORE])[2].advice is Advice.KEEP


def test_of_two_equal_feeds_the_lighter_goes() -> None:
    equal = [one for story in range(12) for one in (report(story, 1), report(story, 2))]
    found = cards([*equal, *MORE])
    assert (found[1].advice, found[2].advice) == (Advice.KEEP, Advice.DROP)
    assert cards([*equal, *MORE], tally(1), tally(2, weight=1.8))[2].advice is Advice.KEEP


@pytest.mark.parametrize(
    ("said", "advice", "words"),
    [
        ({"entries": 0, "tagged": 0, "on_theme": 0}, Advice.WATCH, "no entry in this period"),
        ({"entries": 4}, Advice.KEEP, "too few entries"),
        ({"on_theme": 2}, Advice.DROP, "2 of 30 entries touch a theme"),
        ({"on_theme": 6}, Advice.WATCH, "6 of 30 entries touch a theme"),
        ({"tagged": 0, "on_theme": 0}, Advice.KEEP, "nothing speaks against it"),
    ],
)
def test_advice_by_entries_and_themes(said: dict[str, Any], advice: Advice, words: str) -> None:
    card = cards([], tally(1, **said))[1]
    assert card.advice is advice
    assert words in card.reason


def test_who_is_off_theme_but_was_told_is_only_watched() -> None:
    found = cards([report(1, 1)], tally(1, on_theme=2), told=(Told(story_id=1, lead_feed_id=1),), digests=1)
    assert found[1].advice is Advice.WATCH


def test_mostly_echoes_are_watched() -> None:
    reports = [one for story in range(24) for one in (report(story, story % 5 + 2), report(story, 1, 6))]
    card = cards(reports, *(tally(feed) for feed in range(1, 7)))[1]
    assert card.advice is Advice.WATCH
    assert card.reason == "24 of 24 stories came after others, 6 h later (median)"


def test_what_never_reaches_a_digest_is_watched_once_there_are_digests() -> None:
    reports = [report(story, 1) for story in range(25)]
    assert cards(reports, digests=4)[1].advice is Advice.KEEP
    assert cards(reports, digests=7)[1].reason == "none of its 25 stories was in one of 7 digests"


@pytest.mark.parametrize(
    ("reports", "told", "words"),
    [
        ([report(1, 1), report(1, 2, 2)], (Told(story_id=1, lead_feed_id=1),), "led 1 of"),
        ([report(1, 1), report(1, 2, 2)], (), "first with 1 shared stories, 2 h ahead"),
        ([report(1, 1)], (Told(story_id=1, lead_feed_id=2),), "1 of its 1 stories were told"),
        ([report(1, 1)], (), "1 of its 1 stories nobody else had"),
    ],
)
def test_the_reason_to_keep_is_the_best_that_can_be_said(
    reports: list[Report], told: tuple[Told, ...], words: str
) -> None:
    assert words in cards(reports, told=told)[1].reason


@pytest.mark.parametrize(("time", "words"), [(20 * HOUR / 60, "20 min"), (6 * HOUR, "6 h"), (100 * HOUR, "4 days")])
def test_durations_are_told_in_fitting_units(time: timedelta, words: str) -> None:
    assert spell(time) == words
