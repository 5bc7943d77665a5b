from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from trendbot.core.delivering import (
    MAX_ATTEMPTS,
    MAY_FOLLOW,
    MERGED,
    Lateness,
    LostAnswer,
    Standing,
    back_off,
    delivery_key,
    must_wait,
    obstacle,
    settle,
)
from trendbot.core.vocabulary import DeliveryStatus


def test_the_key_reads_as_what_it_is() -> None:
    assert delivery_key(edition_id=12, channel_id=3, part=0) == "e12.c3.p0"
    assert delivery_key(edition_id=12, channel_id=3, subscriber_id=88, part=1) == "e12.c3.s88.p1"
    assert delivery_key(notice_id=5, channel_id=3, subscriber_id=88, part=0) == "n5.c3.s88"
    assert delivery_key(notice_id=5, channel_id=3, part=0) == "n5.c3"


def test_waiting_grows_fourfold_to_an_hour_and_the_remotes_word_counts_alone() -> None:
    assert [back_off(tries).total_seconds() for tries in range(1, 8)] == [5, 20, 80, 320, 1280, 3600, 3600]
    assert back_off(1, retry_after=90) == timedelta(seconds=90)
    assert back_off(4, retry_after=1) == timedelta(seconds=1)


@pytest.mark.parametrize("policy", list(LostAnswer))
def test_a_permanent_refusal_fails_at_once(policy: LostAnswer, now: datetime) -> None:
    assert settle(attempts=1, now=now, policy=policy, permanent=True).status is DeliveryStatus.FAILED


def test_a_lost_answer_follows_the_policy(now: datetime) -> None:
    held = settle(attempts=1, now=now, policy=LostAnswer.HOLD, outcome_known=False)
    again = settle(attempts=1, now=now, policy=LostAnswer.RESEND, outcome_known=False)
    asked = settle(attempts=1, now=now, policy=LostAnswer.PROBE, outcome_known=False)
    assert held.status is asked.status is DeliveryStatus.UNCERTAIN
    assert again.status is DeliveryStatus.PENDING
    assert again.not_before == now + timedelta(seconds=5)


def test_the_last_attempt_fails(now: datetime) -> None:
    assert settle(attempts=MAX_ATTEMPTS, now=now, policy=LostAnswer.RESEND).status is DeliveryStatus.FAILED


def test_every_settlement_may_follow_sending(now: datetime) -> None:
    for policy in LostAnswer:
        for attempts in (1, MAX_ATTEMPTS):
            for permanent in (False, True):
                for known in (False, True):
                    made = settle(attempts=attempts, now=now, policy=policy, permanent=permanent, outcome_known=known)
                    assert made.status in MAY_FOLLOW[DeliveryStatus.SENDING]


def test_a_pause_that_was_asked_for_is_no_failed_attempt(now: datetime) -> None:
    made = settle(attempts=MAX_ATTEMPTS + 5, now=now, policy=LostAnswer.HOLD, retry_after=0.2)
    assert (made.status, made.not_before) == (DeliveryStatus.PENDING, now + timedelta(seconds=1))


def _late(now: datetime, **more: object) -> Standing:
    return Standing(**({"too_late_at": now - timedelta(minutes=1)} | more))  # type: ignore[arg-type]


def test_what_is_wanted_and_in_time_may_go(now: datetime) -> None:
    for standing in (
        Standing(),
        Standing(wanted=True, too_late_at=now + timedelta(seconds=1)),
        Standing(earlier=frozenset({DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN}), begun=True),
        _late(now, begun=True),
        Standing(fresher=9, begun=True),
    ):
        assert obstacle(standing, now) is None
        assert not must_wait(standing)


def test_what_is_not_is_left_out_and_says_why(now: datetime) -> None:
    told = [
        (Standing(address=None), "the address was erased"),
        (Standing(suppressed="blocked"), "never to be written to again: blocked"),
        (Standing(wanted=False), "no longer subscribed, or paused"),
        (Standing(earlier=frozenset({DeliveryStatus.FAILED})), "an earlier part of it did not go"),
        (Standing(earlier=frozenset({DeliveryStatus.SKIPPED})), "an earlier part of it did not go"),
        (Standing(fresher=9), "replaced by number 9, which waits too"),
        (_late(now), f"too late: it was to go by {now - timedelta(minutes=1):%Y-%m-%d %H:%M} UTC"),
        (_late(now, late=Lateness.MERGE), MERGED),
        (_late(now, begun=True, suppressed="gone"), "never to be written to again: gone"),
    ]
    assert [obstacle(standing, now) for standing, _ in told] == [reason for _, reason in told]


@pytest.mark.parametrize("state", [DeliveryStatus.PENDING, DeliveryStatus.SENDING])
def test_a_part_waits_for_those_before_it_and_a_message_for_its_channel(now: datetime, state: DeliveryStatus) -> None:
    assert must_wait(Standing(earlier=frozenset({state})))
    assert must_wait(Standing(channel_open=False))
    assert obstacle(Standing(earlier=frozenset({state})), now) is None
