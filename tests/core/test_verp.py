from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.verp import make_verp, parse_verp

KEY = b"k" * 32
MAILBOX = "bounces@mail.example.org"


@given(st.integers(min_value=1, max_value=10**15))
def test_an_address_names_its_delivery_whatever_servers_do_to_its_case(delivery: int) -> None:
    made = make_verp(KEY, MAILBOX, delivery)
    assert made.startswith(f"bounces+{delivery}-")
    assert made.endswith("@mail.example.org")
    for seen in (made, made.upper(), f"<{made}>", f" {made.title()} "):
        assert parse_verp(KEY, seen) == delivery


@given(st.text(max_size=120))
def test_what_a_stranger_writes_names_nothing(text: str) -> None:
    assert parse_verp(KEY, text) is None


def test_a_forged_one_names_nothing() -> None:
    made = make_verp(KEY, MAILBOX, 4711)
    assert parse_verp(b"another", made) is None
    assert parse_verp(KEY, made.replace("4711", "4712")) is None
    assert parse_verp(KEY, made.replace("-", "")) is None
    assert parse_verp(KEY, "bounces@mail.example.org") is None


def test_a_mailbox_with_a_tag_of_its_own_is_kept() -> None:
    made = make_verp(KEY, "list+bounces@example.org", 3)
    assert made.startswith("list+bounces+3-")
    assert parse_verp(KEY, made) == 3


@pytest.mark.parametrize("mailbox", ["", "bounces", "@example.org", "bounces@"])
def test_a_mailbox_that_is_none_is_refused(mailbox: str) -> None:
    with pytest.raises(ValueError, match="no mail address"):
        make_verp(KEY, mailbox, 1)
