"""The list of real feeds that ships with the program."""

from __future__ import annotations

import re
import tomllib
from typing import Any
from urllib.parse import urlsplit

import pytest

from trendbot.core.feeds import parse_seeds
from trendbot.core.vocabulary import FeedKind
from trendbot.paths import bundled

NEEDED = {"title", "url", "site", "kind", "language", "weight"}
OPTIONAL = {"enabled", "mirrors"}


@pytest.fixture(scope="module")
def feeds() -> list[dict[str, Any]]:
    return tomllib.loads((bundled("seeds") / "feeds.toml").read_text(encoding="utf-8"))["feed"]


def test_there_are_at_least_eighty_to_poll(feeds: list[dict[str, Any]]) -> None:
    assert sum(feed.get("enabled", True) for feed in feeds) >= 80


def test_every_feed_has_the_same_keys_and_no_other(feeds: list[dict[str, Any]]) -> None:
    for feed in feeds:
        assert NEEDED <= set(feed) <= NEEDED | OPTIONAL, feed


def test_titles_and_addresses_are_unique(feeds: list[dict[str, Any]]) -> None:
    titles = [feed["title"].casefold() for feed in feeds]
    addresses = [
        address.casefold().rstrip("/") for feed in feeds for address in (feed["url"], *feed.get("mirrors", []))
    ]
    for values in (titles, addresses):
        assert sorted(values) == sorted(set(values))


def test_addresses_are_public_https(feeds: list[dict[str, Any]]) -> None:
    for feed in feeds:
        for address in (feed["url"], feed["site"], *feed.get("mirrors", [])):
            parts = urlsplit(address)
            assert parts.scheme == "https", address
            assert "." in (parts.hostname or ""), address
            assert parts.username is None


def test_the_program_reads_the_list_whole(feeds: list[dict[str, Any]]) -> None:
    seeds = parse_seeds((bundled("seeds") / "feeds.toml").read_text(encoding="utf-8"))
    assert [seed.url for seed in seeds] == [feed["url"] for feed in feeds]


def test_kinds_are_known_and_all_occur(feeds: list[dict[str, Any]]) -> None:
    assert {feed["kind"] for feed in feeds} == {kind.value for kind in FeedKind}


def test_weights_are_between_a_fifth_and_two_and_not_all_alike(feeds: list[dict[str, Any]]) -> None:
    weights = [feed["weight"] for feed in feeds]
    assert all(isinstance(weight, float) and 0.2 <= weight <= 2.0 for weight in weights)
    assert len(set(weights)) >= 10


def test_languages_are_two_letters_and_not_only_english(feeds: list[dict[str, Any]]) -> None:
    languages = {feed["language"] for feed in feeds}
    assert all(re.fullmatch("[a-z]{2}", language) for language in languages)
    assert len(languages) >= 2


def test_raw_paper_listings_are_off(feeds: list[dict[str, Any]]) -> None:
    listings = [feed for feed in feeds if feed["kind"] == "paper" or "arxiv.org" in feed["url"]]
    assert listings
    assert not any(feed.get("enabled", True) for feed in listings)
    assert {feed["kind"] for feed in listings} == {"paper"}
