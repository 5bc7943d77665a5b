from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core import urls
from trendbot.core.urls import canonical_url, feed_address, host_of, http_url, is_front_page, without_tracking

SAME = (
    ("https://site.example/a", "http://www.Site.example:80/a/"),
    ("https://site.example/a", "https://site.example/a?utm_source=x&utm_medium=y#top"),
    ("https://site.example/a", "https://site.example/a/index.html"),
    ("https://site.example/a", "https://site.example/a/amp/"),
    ("https://site.example/a?x=1&y=2", "https://site.example/a?y=2&fbclid=z&x=1"),
    ("https://arxiv.org/abs/2511.01234", "http://arxiv.org/pdf/2511.01234v2.pdf"),
    ("https://site.example/a~b", "https://site.example/a%7Eb"),
)
DIFFERENT = (
    ("https://site.example/a", "https://site.example/b"),
    ("https://site.example/a", "https://site.example/A"),
    ("https://site.example/?p=1", "https://site.example/?p=2"),
    ("https://a.site.example/", "https://site.example/"),
    ("https://site.example:8080/", "https://site.example/"),
    ("https://site.example/?source=rss", "https://site.example/"),
)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_addresses_of_one_page_compare_equal(one: str, other: str) -> None:
    assert canonical_url(one) == canonical_url(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_pages_stay_different(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


_paths = st.lists(
    st.one_of(
        st.text(st.sampled_from("abzAZ019._~-%/ é"), max_size=8), st.sampled_from(["index.html", "amp", "a.amp", ""])
    ),
    max_size=4,
).map("/".join)
_hosts = st.sampled_from(["site.example", "www.site.example", "arxiv.org", "export.arxiv.org", "a.b-c.example", "x"])


@given(st.sampled_from(["http", "https"]), _hosts, _paths)
def test_the_short_way_to_the_canonical_form_is_the_long_way(scheme: str, host: str, path: str) -> None:
    url = f"{scheme}://{host}/{path}"
    assert canonical_url(url) == urls._canonical_url(url)


@given(_hosts, _paths)
def test_the_canonical_form_is_its_own(host: str, path: str) -> None:
    once = canonical_url(f"https://{host}/{path}")
    assert canonical_url(once) == once


@given(st.text())
def test_no_text_breaks_the_reading_of_addresses(text: str) -> None:
    canonical_url(text)
    host_of(text)
    url = http_url(text, "https://site.example/")
    assert url == "" or url.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("site.example/feed", "https://site.example/feed"),
        ("feed:https://site.example/feed", "https://site.example/feed"),
        ("feed://site.example/feed", "http://site.example/feed"),
        (" https://site.example/feed ", "https://site.example/feed"),
        ("ftp://site.example/", ""),
        ("just words", ""),
        ("https://user:secret@site.example/", ""),
        ("http://[::1/", ""),
        ("https://site.example:port/", ""),
        ("https://site.example/" + "x" * 3000, ""),
    ],
)
def test_what_people_type_becomes_an_address_or_nothing(typed: str, address: str) -> None:
    assert feed_address(typed) == address


def test_front_pages_are_known() -> None:
    assert is_front_page("https://site.example/")
    assert not is_front_page("https://site.example/?p=1")
    assert not is_front_page("https://site.example/a")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/a?utm_source=b&utm_content=&id=7#part", "https://x.example/a?id=7#part"),
        ("https://x.example/a?utm_source=b", "https://x.example/a"),
        ("https://x.example/a?b=%20c&FBCLID=1&a=2", "https://x.example/a?b=%20c&a=2"),
        ("https://x.example/a?source=b&utmost=1&", "https://x.example/a?source=b&utmost=1&"),
        ("https://x.example/a#b?utm_source=c", "https://x.example/a#b?utm_source=c"),
        ("https://x.example/a?", "https://x.example/a?"),
    ],
)
def test_readers_are_sent_without_what_says_where_they_come_from(url: str, shown: str) -> None:
    assert without_tracking(url) == shown
    assert canonical_url(shown) == canonical_url(url)
