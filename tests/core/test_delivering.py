from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from trendbot.core.delivering import MAX_ATTEMPTS, MAY_FOLLOW, LostAnswer, back_off, delivery_key, settle
from trendbot.core.vocabulary import DeliveryStatus


def test_the_key_reads_as_what_it_is() -> None:
    assert delivery_key(edition_id=12, channel_id=3, part=0) == "e12.c3.p0"


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
    assert held.status is DeliveryStatus.UNCERTAIN
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
