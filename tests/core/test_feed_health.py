"""The feed doctor: each finding on a patient that has it, and none on a healthy one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from trendbot.core.feed_findings import Diagnosis, Finding, Grade, Patient, PollNote, Specimen
from trendbot.core.feed_health import ago, examine

NOW = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)
DAY = timedelta(days=1)
URL = "https://wire.example/feed.xml"


def daily(last: int = 0, count: int = 60, each: int = 3) -> dict[date, int]:
    """Posting days, the newest `last` days ago."""
    return {(NOW - (last + number) * DAY).date(): each for number in range(count)}


def entry(number: int, **said: Any) -> Specimen:
    at = NOW - number * timedelta(hours=9)
    plain: dict[str, Any] = {
        "title": f"Report {number}", "url": f"https://wire.example/{number}", "published_at": at, "updated_at": None,
        "seen_at": at + timedelta(minutes=20), "length": 900, "end": "and that is the end of the report.",
    }  # fmt: skip
    return Specimen(**plain | said)


HEALTHY = Patient(
    now=NOW,
    id=7,
    title="Wire",
    url=URL,
    site_url="https://wire.example/",
    added_at=NOW - 300 * DAY,
    polled_at=NOW,
    succeeded_at=NOW - timedelta(minutes=5),
    status=200,
    days=daily(),
    fresh={NOW.date(): 3},
    specimens=tuple(entry(number) for number in range(20)),
    polls=tuple(PollNote(at=NOW - n * DAY, url=URL, status=200, listed=20, known=17, new=3) for n in range(10, 0, -1)),
)


def found(**changes: Any) -> dict[Diagnosis, Finding]:
    return {finding.diagnosis: finding for finding in examine(replace(HEALTHY, **changes))}


def grades(**changes: Any) -> dict[Diagnosis, Grade]:
    return {diagnosis: finding.grade for diagnosis, finding in found(**changes).items()}


def specimens(count: int = 20, **said: Any) -> tuple[Specimen, ...]:
    return tuple(entry(number, **said) for number in range(count))


def test_a_healthy_feed_has_nothing() -> None:
    assert found() == {}


FAILING = {"succeeded_at": NOW - 6 * DAY, "failures": 6, "status": 404, "error": "answered 404 (no such page)"}


def test_failing_for_days_is_dead_and_says_for_how_long_and_why() -> None:
    finding = found(**FAILING)[Diagnosis.DEAD]
    assert finding.grade is Grade.BAD
    assert finding.evidence == "6 failures in a row, last success 6 days ago: answered 404 (no such page)"
    assert "feeds doctor 7 --discover" in finding.advice


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"failures": 1, "error": "answered 500"}, {}),
        ({"failures": 2, "error": "answered 500"}, {Diagnosis.FAILING: Grade.LOOK}),
        (FAILING | {"failures": 2}, {Diagnosis.FAILING: Grade.LOOK}),
        (FAILING | {"succeeded_at": NOW - DAY}, {Diagnosis.FAILING: Grade.LOOK}),
        (FAILING | {"error": "is a web page, not a feed"}, {Diagnosis.WEB_PAGE: Grade.BAD}),
        ({"failures": 1, "error": "is a web page, not a feed"}, {Diagnosis.WEB_PAGE: Grade.LOOK}),
        ({"gone_at": NOW - DAY, "status": 410}, {Diagnosis.DEAD: Grade.BAD}),
        ({"gone_at": NOW - DAY, "status": 200}, {Diagnosis.DEAD: Grade.BAD}),
        (FAILING | {"enabled": False}, {}),
        (
            {"enabled": False, "error": "moved to https://b.example/, which is followed as 'B'"},
            {Diagnosis.MOVED: Grade.LOOK},
        ),
    ],
)
def test_failures_by_how_long_and_how_often(changes: dict[str, Any], expected: dict[Diagnosis, Grade]) -> None:
    assert grades(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": 403}, "refuses"),
        ({"status": 429}, "throttles"),
        ({"mirrors": ("https://m.example/",)}, "1 mirrors fail"),
    ],
)
def test_the_remedy_depends_on_what_the_server_says(changes: dict[str, Any], words: str) -> None:
    assert words in found(**FAILING | changes)[Diagnosis.DEAD].advice


def test_a_feed_that_never_answered_counts_from_its_adding() -> None:
    finding = found(succeeded_at=None, added_at=NOW - 5 * DAY, failures=5, error="could not be reached", days={})
    assert "never answered since it was added 5 days ago" in finding[Diagnosis.DEAD].evidence


def test_redirects_are_a_note_unless_they_end_on_a_foreign_front_page() -> None:
    assert grades(moved_to="https://new.example/feed", moved_polls=1) == {Diagnosis.MOVED: Grade.NOTE}
    assert grades(moved_to="https://parked.example/", moved_polls=4) == {Diagnosis.MOVED: Grade.BAD}


def test_a_stand_in_is_named() -> None:
    finding = found(
        stand_in="https://m.example/f",
        stand_in_since=NOW - DAY,
        stand_in_reason="answered 500",
        moved_to="https://x.example/",
    )
    assert set(finding) == {Diagnosis.STAND_IN}
    assert "https://m.example/f" in finding[Diagnosis.STAND_IN].evidence


def test_silence_is_judged_by_the_feeds_own_days() -> None:
    finding = found(days=daily(last=9))[Diagnosis.SILENT]
    assert finding.grade is Grade.BAD
    assert "usually a day apart" in finding.evidence
    assert "https://wire.example/" in finding.advice
    weekly = {(NOW - (9 + 7 * week) * DAY).date(): 1 for week in range(30)}
    assert found(days=weekly) == {}


def test_time_in_which_we_asked_in_vain_is_no_silence() -> None:
    assert Diagnosis.SILENT not in grades(**FAILING | {"days": daily(last=6)})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"days": {}}, {Diagnosis.EMPTY: Grade.LOOK}),
        ({"days": {}, "added_at": NOW - 2 * DAY}, {}),
        ({"days": {}, "succeeded_at": None}, {}),
        ({"days": {date(2026, 1, 5): 2}}, {Diagnosis.SILENT: Grade.LOOK}),
        ({"days": {date(2026, 10, 5): 2}}, {}),
    ],
)
def test_feeds_without_a_rhythm(changes: dict[str, Any], expected: dict[Diagnosis, Grade]) -> None:
    assert grades(**changes | {"specimens": (), "fresh": {}}) == expected


@pytest.mark.parametrize(("fresh", "surging"), [(3, False), (9, False), (10, True), (40, True)])
def test_a_surge_is_three_times_the_usual_and_more_than_ever(fresh: int, surging: bool) -> None:
    today = NOW.date()
    assert (Diagnosis.SURGE in grades(days=daily(last=1) | {today: fresh}, fresh={today: fresh})) is surging
    old = (NOW - 30 * DAY).date()
    assert (Diagnosis.SURGE in grades(days=daily() | {old: 3 + fresh}, fresh={old: fresh})) is surging


def test_the_weekly_peak_is_no_surge() -> None:
    peaks = daily() | {(NOW - 7 * week * DAY).date(): 30 for week in range(1, 8)}
    assert found(days=peaks | {NOW.date(): 25}, fresh={NOW.date(): 25}) == {}


def test_future_dates_by_their_share() -> None:
    ahead = NOW + 30 * DAY
    assert grades(specimens=specimens(published_at=ahead)) == {
        Diagnosis.WRONG_DATES: Grade.LOOK,
        Diagnosis.FROZEN_DATES: Grade.LOOK,
    }
    one = (entry(0, published_at=ahead), *specimens()[1:])
    assert grades(specimens=one) == {Diagnosis.WRONG_DATES: Grade.NOTE}
    assert "2026-12-15" in found(specimens=one)[Diagnosis.WRONG_DATES].evidence


@pytest.mark.parametrize("published_at", [None, datetime(1970, 1, 1, tzinfo=UTC)])
def test_no_dates_and_zero_dates(published_at: datetime | None) -> None:
    assert grades(specimens=specimens(published_at=published_at))[Diagnosis.WRONG_DATES] is Grade.NOTE


def test_one_date_for_all_is_frozen_but_a_batch_of_today_is_not() -> None:
    frozen = specimens(published_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert grades(specimens=frozen) == {Diagnosis.FROZEN_DATES: Grade.LOOK}
    batch = specimens(published_at=NOW - timedelta(hours=14), seen_at=NOW)
    assert found(specimens=batch) == {}


def test_new_entries_with_old_dates_are_frozen() -> None:
    late = tuple(replace(one, published_at=one.seen_at - 20 * DAY - n * DAY) for n, one in enumerate(specimens()))
    assert "29.5 days back" in found(specimens=late)[Diagnosis.FROZEN_DATES].evidence
    assert found(specimens=tuple(replace(one, backlog=True) for one in late)) == {}


def polls(**said: Any) -> tuple[PollNote, ...]:
    return tuple(replace(poll, **said) for poll in HEALTHY.polls)


def test_dates_that_move_with_every_fetch_are_noted_and_a_single_correction_is_not() -> None:
    moving = tuple(replace(poll, redated=17, shift_s=3600 * n) for n, poll in enumerate(HEALTHY.polls, 1))
    assert grades(polls=moving) == {Diagnosis.REWRITTEN_DATES: Grade.NOTE}
    assert found(polls=polls(redated=17, shift_s=3600)) == {}


def test_changing_ids_are_noted_but_not_across_a_change_of_address() -> None:
    churned = (*HEALTHY.polls[:-1], replace(HEALTHY.polls[-1], renamed=17))
    assert grades(polls=churned) == {Diagnosis.CHANGING_IDS: Grade.NOTE}
    elsewhere = (*HEALTHY.polls[:-1], replace(HEALTHY.polls[-1], renamed=17, url="https://mirror.example/"))
    assert found(polls=elsewhere) == {}


def test_failed_polls_change_no_address() -> None:
    with_failure = (
        *HEALTHY.polls[:-1],
        PollNote(at=NOW, url="", error="answered 500"),
        replace(HEALTHY.polls[-1], renamed=17),
    )
    assert grades(polls=with_failure) == {Diagnosis.CHANGING_IDS: Grade.NOTE}


def test_the_same_title_and_date_again_and_again_are_repeats() -> None:
    at = NOW - DAY
    twice = tuple(
        entry(n, title=f"Report {n // 2}", published_at=at - (n // 2) * DAY, seen_at=at - (n // 2) * DAY)
        for n in range(20)
    )
    assert grades(specimens=twice) == {Diagnosis.REPEATS: Grade.LOOK}


@pytest.mark.parametrize(("url", "words"), [("https://wire.example/changes", "the same page"), ("", "have no link")])
def test_links_that_lead_to_one_page_or_nowhere(url: str, words: str) -> None:
    assert words in found(specimens=specimens(url=url))[Diagnosis.SHARED_LINK].evidence
    some = (*specimens(4, url=url), *specimens()[4:])
    assert found(specimens=some) == {}


def test_a_paywall_is_seen_by_how_texts_end() -> None:
    walled = specimens(end="The rest of this post is for paid subscribers. Upgrade to paid")
    assert "paywall" in found(specimens=walled)[Diagnosis.STUBS].evidence


def test_texts_that_shrank_are_stubs() -> None:
    shrunk = (*specimens(6, length=80), *(replace(one, backlog=True) for one in specimens()[6:]))
    finding = found(specimens=shrunk)[Diagnosis.STUBS]
    assert "from 900 to 80 characters" in finding.evidence


@pytest.mark.parametrize("said", [{"length": 0, "end": ""}, {"same_as_title": True}])
def test_headlines_only_is_a_note(said: dict[str, Any]) -> None:
    assert grades(specimens=specimens(**said)) == {Diagnosis.HEADLINES: Grade.NOTE}


def test_the_worst_comes_first() -> None:
    both = examine(replace(HEALTHY, days=daily(last=12), specimens=specimens(length=0, end="")))
    assert [finding.grade for finding in both] == [Grade.BAD, Grade.NOTE]


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (NOW - timedelta(minutes=5), "5 minutes ago"),
        (NOW - timedelta(hours=30), "30 hours ago"),
        (NOW - 9 * DAY, "9 days ago"),
        (date(2026, 11, 14), "yesterday"),
        (date(2026, 11, 5), "10 days ago"),
    ],
)
def test_time_passed_is_told_in_fitting_units(then: datetime | date, words: str) -> None:
    assert ago(then, NOW) == words
