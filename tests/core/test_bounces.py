"""What a bounce says: whose it is, and what it weighs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dsns import complaint, dsn, qmail, vacation

from trendbot.core.bounces import delivery_of, judge, message_key, read_bounce, read_message
from trendbot.core.verp import make_verp
from trendbot.core.vocabulary import BounceKind

KEY = b"k" * 32
VERP = make_verp(KEY, "bounces@mail.example", 4711)


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("5.1.1", "smtp; 550 5.1.1 no such user", BounceKind.HARD),
        ("5.1.10", "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound", BounceKind.HARD),
        ("5.2.1", "smtp; 550 5.2.1 disabled", BounceKind.HARD),
        ("5.0.0", "smtp; 550-5.1.1 The email account that you tried to reach does not exist", BounceKind.HARD),
        ("5.0.0", "smtp; 550 Requested action not taken: mailbox busy", BounceKind.SOFT),
        ("5.0.0", "smtp; 550 User reader@far.example unknown", BounceKind.HARD),
        ("5.2.2", "smtp; 552 5.2.2 over quota", BounceKind.SOFT),
        ("4.4.7", "smtp; 421 4.4.7 expired", BounceKind.SOFT),
        ("5.7.26", "smtp; 550-5.7.26 unauthenticated", BounceKind.POLICY),
        ("5.7.1", "smtp; 550 5.7.1 user unknown to our policy", BounceKind.POLICY),
        ("5.1.8", "smtp; 550 5.1.8 bad sender", BounceKind.POLICY),
        ("5.0.0", "smtp; 550 blocked, see our blocklist: user unknown", BounceKind.POLICY),
        ("nonsense", "", BounceKind.SOFT),
    ],
)
def test_a_report_weighs_what_its_code_says(status: str, said: str, kind: BounceKind) -> None:
    message = read_message(dsn(VERP, status, said=said))
    assert delivery_of(message, KEY) == 4711
    assert read_bounce(message).kind is kind


def test_what_is_no_failure_weighs_nothing() -> None:
    assert read_bounce(read_message(dsn(VERP, "4.4.1", action="delayed"))).kind is None
    assert read_bounce(read_message(dsn(VERP, "2.0.0", action="relayed"))).kind is None
    assert read_bounce(read_message(complaint(VERP, "not-spam"))).kind is None
    away = read_bounce(read_message(vacation(VERP)))
    assert (away.kind, away.odd) == (None, False)


def test_a_complaint_is_placed_though_the_reader_is_hidden() -> None:
    message = read_message(complaint(VERP))
    assert delivery_of(message, KEY) == 4711
    assert read_bounce(message).kind is BounceKind.COMPLAINT


def test_only_our_proof_names_a_delivery() -> None:
    forged = VERP.replace("4711", "4712")
    assert delivery_of(read_message(dsn(forged)), KEY) is None
    assert delivery_of(read_message(dsn(VERP)), b"x" * 32) is None
    assert delivery_of(read_message(qmail(VERP.upper(), "no")), KEY) == 4711


def test_the_same_message_is_known_again() -> None:
    one, other, bare = dsn(VERP, key="1"), dsn(VERP, key="2"), b"To: x\r\n\r\n1"
    assert message_key(one, read_message(one)) == message_key(one + b" ", read_message(one + b" "))
    assert message_key(one, read_message(one)) != message_key(other, read_message(other))
    assert message_key(bare, read_message(bare)) != message_key(bare + b"2", read_message(bare + b"2"))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 1500))
def test_whatever_is_written_into_a_report_is_survived(noise: bytes, where: int) -> None:
    raw = dsn(VERP)
    message = read_message(raw[:where] + noise + raw[where:])
    delivery_of(message, KEY)
    read_bounce(message)
    assert judge(None, noise.decode("latin-1")).kind is not None
