"""Where readers are, what they press, what they like, and what is worth an alert."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core import alerts
from trendbot.core.alerts import Alert, Headline, Reader, Rise
from trendbot.core.buttons import data, digest_rows, read_press, theme_key, theme_named
from trendbot.core.consent import Preferences
from trendbot.core.hours import Quiet, zone
from trendbot.core.limits import check_telegram
from trendbot.core.phrases import LANGUAGES, Words
from trendbot.core.places import offset_label, zones_of
from trendbot.core.taste import Taste, taste

NOW = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "zones"),
    [
        ("Lisbon", ("Europe/Lisbon",)),
        ("lissabon", ("Europe/Lisbon",)),
        ("MÜNCHEN", ("Europe/Berlin",)),
        ("san francisco", ("America/Los_Angeles",)),
        ("São Paulo", ("America/Sao_Paulo",)),
        ("Europe/Vienna", ("Europe/Vienna",)),
        ("Berlim", ("Europe/Berlin",)),
        ("utc", ("UTC",)),
        ("+2", ("Etc/GMT-2",)),
        ("UTC+02:00", ("Etc/GMT-2",)),
        ("-3", ("Etc/GMT+3",)),
        ("+0", ("UTC",)),
        ("+5:30", ("Asia/Kolkata",)),
        ("+5:15", ()),
        ("+15", ()),
        ("", ()),
        ("qqqqqq", ()),
        ("...", ()),
    ],
)
def test_a_place_is_known_by_city_zone_or_offset(said: str, zones: tuple[str, ...]) -> None:
    assert zones_of(said) == zones


@given(st.text(max_size=80))
def test_whatever_is_said_of_a_place_the_zones_are_real(said: str) -> None:
    found = zones_of(said)
    assert len(found) <= 6
    for name in found:
        zone(name)
        assert offset_label(name)


def test_fixed_offsets_read_the_right_way_round() -> None:
    assert offset_label("Etc/GMT-2") == "UTC+2"
    assert offset_label("Etc/GMT+3") == "UTC−3"
    assert NOW.astimezone(zone("Etc/GMT-2")).hour == 20


# -- buttons -----------------------------------------------------------------------------------------------------------


@given(st.text(max_size=100))
def test_any_data_can_be_read(said: str) -> None:
    press = read_press(said)
    assert ":".join((press.name, *press.arguments)) == said
    for place in range(4):
        assert press.number(place) is None or isinstance(press.number(place), int)


def test_data_has_a_limit() -> None:
    assert data("why", 12, 7) == "why:12:7"
    with pytest.raises(ValueError, match="too long"):
        data("theme", "ü" * 40)


@given(st.lists(st.text(min_size=1, max_size=64), unique=True, max_size=12))
def test_every_theme_has_a_button_of_its_own(slugs: list[str]) -> None:
    for slug in slugs:
        data("theme", theme_key(slug), 1)
        assert theme_named(theme_key(slug), slugs) == slug


def test_a_digest_has_its_buttons_in_the_readers_language() -> None:
    labels = [button.text for row in digest_rows(Words("de"), 12) for button in row]
    assert labels == ["Warum diese", "Mehr oder weniger", "Einstellungen"]


# -- taste -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Word:
    value: int
    at: datetime = NOW
    themes: frozenset[str] = frozenset({"tools"})
    feeds: frozenset[int] = frozenset({1})


def test_more_lifts_and_less_lowers_each_with_its_reason() -> None:
    more, less = taste([Word(1)], NOW), taste([Word(-1)], NOW)
    assert more.points({"tools"}) == 0.15 == -less.points({"tools"})
    assert more.reasons({"tools", "market"}, {1, 9}) == {"tools": 0.15, "feeds": 0.075}
    assert more.points({"market"}) == 0.0
    assert taste([], NOW).points({"tools"}, {1}) == 0.0


def test_what_was_said_long_ago_counts_less() -> None:
    old = taste([Word(1, at=NOW - timedelta(days=60))], NOW)
    assert old.points({"tools"}) == 0.075


words = st.builds(
    Word,
    value=st.sampled_from([-1, 1]),
    at=st.integers(-30, 900).map(lambda days: NOW - timedelta(days=days)),
    themes=st.frozensets(st.sampled_from(["tools", "market", "trust"]), max_size=3),
    feeds=st.frozensets(st.integers(1, 5), max_size=4),
)


@given(st.lists(words, max_size=60), st.frozensets(st.sampled_from(["tools", "market"])), st.frozensets(st.just(1)))
def test_taste_is_modest(said: list[Word], themes: frozenset[str], feeds: frozenset[int]) -> None:
    found = taste(said, NOW)
    assert -0.5 <= found.points(themes, feeds) <= 0.5
    mirrored = taste([replace(word, value=-word.value) for word in said], NOW)
    assert mirrored.points(themes, feeds) == pytest.approx(-found.points(themes, feeds), abs=0.0011)


# -- alerts ------------------------------------------------------------------------------------------------------------

ALERT = Alert(
    story_id=7,
    themes=frozenset({"tools"}),
    feeds=frozenset({1}),
    publishers=6,
    reports=9,
    headlines=(Headline(title="A <b>tool</b> & more", url="https://news.example/7", source="R&D <weekly>"),),
)
READER = Reader(
    preferences=Preferences(alerts=2, quiet=Quiet(start=22, end=7)), taste=Taste(themes={}, feeds={}), today=0,
    told=frozenset(),
)  # fmt: skip


def test_who_asked_is_told() -> None:
    assert alerts.wants(READER, ALERT, now=NOW)
    assert alerts.wants(replace(READER, preferences=Preferences(alerts=1, themes=("tools",))), ALERT, now=NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"today": 2},
        {"told": frozenset({7})},
        {"preferences": Preferences(alerts=0)},
        {"preferences": Preferences(alerts=2, themes=("market",))},
        {"preferences": Preferences(alerts=2, quiet=Quiet(start=18, end=19))},
        {"taste": Taste(themes={"tools": -0.3}, feeds={})},
    ],
)
def test_who_is_not_told(changed: dict[str, object]) -> None:
    assert not alerts.wants(replace(READER, **changed), ALERT, now=NOW)


def test_a_story_spreads_as_one_a_day_does() -> None:
    assert alerts.spread_threshold([], days=28) == alerts.LEAST
    assert alerts.spread_threshold([1] * 500 + [9] * 28 + [12], days=28) == 10
    assert alerts.spread_threshold([1] * 500 + [9] * 27, days=28) == alerts.LEAST


@given(st.lists(st.integers(1, 40), max_size=400), st.integers(1, 40))
def test_no_more_stories_than_days_would_have_been_alerts(sizes: list[int], days: int) -> None:
    least = alerts.spread_threshold(sizes, days=days)
    assert sum(size >= least for size in sizes) < days or least == alerts.LEAST


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_an_alert_is_valid_and_says_its_numbers(language: str) -> None:
    rise = Rise(name="<Phi> & co", current=23, usual=7.6, days=7)
    for alert in (ALERT, replace(ALERT, rise=rise)):
        body = alerts.body(alert, Words(language))
        assert check_telegram((body,)) == ()
    assert "23" in body
    assert Words(language).number("7.6") in body
    assert "&lt;Phi&gt;" in body


def test_an_alerts_key_names_its_story() -> None:
    assert alerts.story_of(alerts.key_of(7, "de")) == 7
    assert alerts.story_of("confirm.7") is None
    assert alerts.story_of("alert.x.de") is None
