"""Mirrors: who is asked while a feed's own address is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trendbot.core.mirrors import HOME, StandIn, address_to_ask, after_poll, from_record, state_after, to_record
from trendbot.core.polling import Outcome, PollFacts, PollPolicy, PollState

NOW = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)
OWN, FIRST, SECOND = "https://own.example/feed", "https://first.example/feed", "https://second.example/feed"
STAND_IN = StandIn(address=FIRST, since=NOW, tried_at=NOW, reason="answered 500")


def failed(status: int = 500) -> PollFacts:
    return PollFacts(outcome=Outcome.FAILED, url=OWN, status=status, reason=f"answered {status}")


GOOD = PollFacts(outcome=Outcome.CHANGED, url=OWN, status=200)


def after(
    stand_in: StandIn | None,
    facts: PollFacts,
    *,
    asked: str = OWN,
    failures: int = 0,
    mirrors: tuple[str, ...] = (FIRST, SECOND),
) -> StandIn | None:
    return after_poll(OWN, mirrors, stand_in, asked=asked, facts=facts, failures=failures, now=NOW)


def test_the_own_address_is_asked_until_it_failed_three_times() -> None:
    assert after(None, failed(), failures=2) is None
    assert after(None, failed(), failures=3) == STAND_IN
    assert after(None, failed(), failures=3, mirrors=()) is None
    assert after(None, GOOD) is None


def test_an_address_gone_for_good_is_replaced_at_once_and_never_tried_again() -> None:
    gone = after(None, failed(410), failures=1)
    assert gone is not None
    assert gone.gone
    assert address_to_ask(OWN, gone, NOW + 10 * HOME) == FIRST


def test_the_own_address_is_tried_once_a_day() -> None:
    assert address_to_ask(OWN, None, NOW) == OWN
    assert address_to_ask(OWN, STAND_IN, NOW + HOME - timedelta(minutes=1)) == FIRST
    assert address_to_ask(OWN, STAND_IN, NOW + HOME) == OWN


def test_an_answer_at_the_own_address_ends_it_and_a_failure_goes_on() -> None:
    assert after(STAND_IN, GOOD) is None
    again = after(STAND_IN, failed(404), failures=4)
    assert again is not None
    assert (again.address, again.reason) == (FIRST, "answered 404")


def test_a_worn_out_mirror_makes_way_for_the_next_and_then_for_the_own_address() -> None:
    second = after(STAND_IN, failed(), asked=FIRST, failures=3)
    assert second is not None
    assert second.address == SECOND
    assert after(second, failed(), asked=SECOND, failures=3) is None
    assert after(STAND_IN, failed(), asked=FIRST, failures=1) == STAND_IN


def test_the_record_brings_back_the_same() -> None:
    assert from_record(to_record(STAND_IN)) == STAND_IN
    assert from_record(to_record(None)) is None


def test_a_failed_try_at_home_is_not_held_against_the_feed() -> None:
    before = PollState(next_poll_at=NOW, failures=0, succeeded_at=NOW)
    worse = PollState(next_poll_at=NOW + timedelta(days=7), failures=1, error="answered 500", counts={"failed": 1})
    policy = PollPolicy()
    settled = state_after(1, before, worse, changed=(STAND_IN, STAND_IN), home=True, now=NOW, policy=policy)
    assert (settled.failures, settled.error, settled.counts) == (0, None, {"failed": 1})
    assert NOW + policy.interval <= settled.next_poll_at <= NOW + 2 * policy.interval


def test_a_new_stand_in_is_asked_soon_even_after_410() -> None:
    worse = PollState(next_poll_at=NOW + timedelta(days=7), failures=3, gone_at=NOW)
    settled = state_after(
        1, PollState(next_poll_at=NOW), worse, changed=(None, STAND_IN), home=True, now=NOW, policy=PollPolicy()
    )
    assert settled.gone_at is None
    assert settled.next_poll_at < NOW + timedelta(hours=2)
