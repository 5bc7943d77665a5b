"""Standings, wishes, addresses and signed tokens: the rules of subscribing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core.addresses import address_hash, masked, normalise
from trendbot.core.consent import (
    Asked,
    AskLimits,
    Preferences,
    first_after,
    follow,
    may_ask,
    network_of,
    wanted,
)
from trendbot.core.hours import Quiet
from trendbot.core.tokens import Purpose, seal, unseal
from trendbot.core.vocabulary import Cadence, ChannelKind, ConsentKind, SubscriptionStatus
from trendbot.errors import TokenError

S, E = SubscriptionStatus, ConsentKind
NOW = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)
KEY = b"k" * 32


@given(st.none() | st.sampled_from(list(S)), st.lists(st.sampled_from(list(E)), max_size=12))
def test_nothing_goes_before_consent_nor_after_leaving(start: S | None, events: list[E]) -> None:
    """Only a confirmation of what was asked, or an import with proof, leads to mail; and none after leaving."""
    status = start if start in (None, S.UNSUBSCRIBED) else None
    asked = False
    for event in events:
        after = follow(status, event)
        if after is None:
            continue
        asked = asked or event is E.REQUESTED
        if after in (S.CONFIRMED, S.PAUSED) and status not in (S.CONFIRMED, S.PAUSED):
            assert event in (E.CONFIRMED, E.IMPORTED)
            assert event is E.IMPORTED or asked
            assert status is not S.UNSUBSCRIBED
        if event in (E.WITHDRAWN, E.BOUNCED, E.COMPLAINED, E.ERASED):
            assert after is S.UNSUBSCRIBED
            asked = False
        status = after


def test_a_pause_with_an_end_ends() -> None:
    assert wanted(S.CONFIRMED, paused_until=None, now=NOW)
    assert not wanted(S.PAUSED, paused_until=None, now=NOW)
    assert not wanted(S.PAUSED, paused_until=NOW + timedelta(1), now=NOW)
    assert wanted(S.PAUSED, paused_until=NOW, now=NOW)
    assert not wanted(S.UNSUBSCRIBED, paused_until=None, now=NOW)


def test_the_first_digest_waits_for_the_end_of_a_pause() -> None:
    wish = Preferences(hour=8)
    assert first_after(wish, paused_until=None, now=NOW) == datetime(2026, 11, 16, 8, tzinfo=UTC)
    assert first_after(wish, paused_until=NOW + timedelta(days=3), now=NOW) == datetime(2026, 11, 19, 8, tzinfo=UTC)
    assert first_after(Preferences(cadence=None), paused_until=None, now=NOW) is None


def test_all_themes_are_kept_as_none() -> None:
    known = ("efficiency", "market", "tools")
    assert Preferences().with_themes(("tools", "market", "nonsense"), known).themes == ("market", "tools")
    assert Preferences().with_themes(known, known).themes == ()


@pytest.mark.parametrize(
    "wrong", [{"hour": 24}, {"weekday": "Mon"}, {"timezone": "Nowhere"}, {"alerts": 11}, {"themes": ("x",) * 65}]
)
def test_wishes_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no such|too many"):
        Preferences(**wrong)  # type: ignore[arg-type]


def test_asking_is_limited() -> None:
    limits = AskLimits(address=2, network=3, domain=4)
    assert may_ask(Asked(address=1, network=2, domain=3), limits)
    assert not may_ask(Asked(address=2), limits)
    assert not may_ask(Asked(network=3), limits)
    assert not may_ask(Asked(domain=4), limits)


def test_a_network_is_coarse() -> None:
    assert network_of("192.0.2.77") == "192.0.2.0/24"
    assert network_of("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert network_of("example.org") is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Ann.Lee+news@Example.ORG ", "ann.lee+news@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@example.org.", "ann@example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
    ],
)
def test_one_spelling_of_mail(text: str, address: str) -> None:
    assert normalise(ChannelKind.EMAIL, text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@localhost",
        "ann@[127.0.0.1]",
        "ann@127.0.0.1",
        "a b@example.org",
        '"a b"@example.org',
        "ann@example.org\r\nBcc: x@example.org",
        "ann@exa mple.org",
        "jörg@example.org",
        ".ann@example.org",
        "a..b@example.org",
        "a" * 65 + "@example.org",
        "ann@" + "a" * 64 + ".org",
        "ann@-example.org",
        "<ann@example.org>",
        "ann@example..org",
    ],
)
def test_what_is_no_mail_address(text: str) -> None:
    assert normalise(ChannelKind.EMAIL, text) is None


def test_chats_are_numbers() -> None:
    assert normalise(ChannelKind.TELEGRAM, " -1001234567890 ") == "-1001234567890"
    assert normalise(ChannelKind.TELEGRAM, "0") is None
    assert normalise(ChannelKind.TELEGRAM, "@name") is None
    assert normalise(ChannelKind.LINKEDIN, "1") is None


@given(st.text(max_size=80))
def test_an_address_has_one_spelling(text: str) -> None:
    for kind in (ChannelKind.EMAIL, ChannelKind.TELEGRAM):
        once = normalise(kind, text)
        assert once is None or (normalise(kind, once) == once and once.isascii() and once.isprintable())


def test_addresses_are_hidden() -> None:
    assert masked("ann@example.org") == "a…@example.org"
    assert masked("123456789") == "…89"
    assert masked(None) == "(erased)"
    hashed = address_hash(KEY, ChannelKind.EMAIL, "ann@example.org")
    assert hashed != address_hash(b"other" * 8, ChannelKind.EMAIL, "ann@example.org")
    assert len(hashed) == 64


def test_a_token_says_what_was_sealed() -> None:
    token = seal(KEY, Purpose.LINK, "ab" * 12, version=37, expires_at=NOW + timedelta(hours=1))
    assert len(token) <= 60
    read = unseal(KEY, Purpose.LINK, token, now=NOW)
    assert (read.subject, read.version) == ("ab" * 12, 37)
    with pytest.raises(TokenError, match="expired"):
        unseal(KEY, Purpose.LINK, token, now=NOW + timedelta(hours=1))
    with pytest.raises(TokenError, match="not valid"):
        unseal(KEY, Purpose.CONFIRM, token, now=NOW)
    with pytest.raises(TokenError, match="not valid"):
        unseal(b"x" * 32, Purpose.LINK, token, now=NOW)
    assert unseal(KEY, Purpose.FEED, seal(KEY, Purpose.FEED, "ab"), now=NOW + timedelta(days=9999)).subject == "ab"


@given(st.integers(0, 59), st.characters())
def test_no_changed_token_is_good(place: int, letter: str) -> None:
    token = seal(KEY, Purpose.CONFIRM, "ab" * 12, expires_at=NOW + timedelta(hours=1))
    forged = token[: place % len(token)] + letter + token[place % len(token) + 1 :]
    if forged != token:
        with pytest.raises(TokenError):
            unseal(KEY, Purpose.CONFIRM, forged, now=NOW)


@given(st.text(max_size=120))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(TokenError):
        unseal(KEY, Purpose.CONFIRM, text, now=NOW)


def test_quiet_hours_move_the_digest() -> None:
    wish = Preferences(hour=23, quiet=Quiet(start=22, end=7), cadence=Cadence.DAILY)
    assert wish.next_at(NOW) == datetime(2026, 11, 16, 7, tzinfo=UTC)
