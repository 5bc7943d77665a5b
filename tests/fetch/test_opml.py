from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trendbot.core.feeds import FeedSeed
from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConfigError
from trendbot.fetch.opml import build_opml, parse_opml
from trendbot.store.feeds import list_feeds, seed_feeds

if TYPE_CHECKING:
    from datetime import datetime

    from trendbot.store.database import Database

REAL = """<?xml version="1.0" encoding="utf-8"?>
<opml version="1.0"><head><title>Subscriptions</title></head><body>
<outline text="Labs &amp; companies"><outline text="One & only" xmlUrl="https://one.example/feed" htmlUrl="https://one.example/"/>
<outline title="Two" type="rss" XMLURL="http://two.example/feed"/></outline>
<outline text="Papers"><outline text="deep"><outline xmlUrl="https://three.example/feed"/></outline></outline>
<outline text="Same again" xmlUrl="https://one.example/feed"/>
<outline text="by category" category="/ai/newsletters" xmlUrl="https://four.example/feed"/>
<outline text="no address"/><outline text="bad" xmlUrl="javascript:alert(1)"/>
<outline text="included" type="include" url="https://elsewhere.example/list.opml"/>
</body></opml>"""


def test_a_real_export_is_read() -> None:
    listed = parse_opml(REAL.encode())
    seeds = listed.feeds
    assert [(seed.url, seed.title, seed.kind) for seed in seeds] == [
        ("https://one.example/feed", "One & only", FeedKind.LAB),
        ("http://two.example/feed", "Two", FeedKind.LAB),
        ("https://three.example/feed", "https://three.example/feed", FeedKind.PAPER),
        ("https://four.example/feed", "by category", FeedKind.NEWSLETTER),
    ]
    assert seeds[0].site_url == "https://one.example/"
    assert listed.unusable == ("bad",)


def test_what_other_programs_switched_off_stays_off() -> None:
    off = b'<opml><body><outline xmlUrl="https://one.example/feed" disabled="true"/></body></opml>'
    assert [seed.enabled for seed in parse_opml(off).feeds] == [False]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "cp1252"])
def test_encodings_are_found_out_whatever_is_declared(encoding: str) -> None:
    data = REAL.replace("Two", "Café").encode(encoding)
    assert parse_opml(data).feeds[1].title == "Café"


@pytest.mark.parametrize(
    ("data", "clause"),
    [
        (b"<!DOCTYPE html><html></html>", "is a web page"),
        (b"<html><body/></html>", "is a web page"),
        (b"<rss version='2.0'/>", "is a feed, not OPML"),
        (b"<opml version='2.0'><body/></opml>", "lists no feeds"),
        (b"junk", "cannot be read as OPML"),
        (b"", "cannot be read as OPML"),
        (b"\x00\xff\xfe\x01" * 99, "cannot be read as OPML"),
        (b'<!DOCTYPE o [<!ENTITY a "b">]><opml><body><outline text="&a;"/></body></opml>', "cannot be read as OPML"),
        (b"<opml><body>" + b"<outline text='x'>" * 50_000, "cannot be read as OPML"),
    ],
)
def test_what_is_no_list_is_said_in_one_line(data: bytes, clause: str) -> None:
    with pytest.raises(ConfigError, match=clause) as caught:
        parse_opml(data, name="feeds.opml")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("feeds.opml ")


def test_deep_folders_are_not_followed_for_ever() -> None:
    deep = (
        b"<opml><body>" + b"<outline text='x'>" * 200 + b"<outline xmlUrl='https://a.example/'/>" + b"</outline>" * 200
    )
    with pytest.raises(ConfigError, match="lists no feeds"):
        parse_opml(deep + b"</body></opml>")


def test_a_list_goes_out_and_comes_back(database: Database, now: datetime) -> None:
    seeds = [
        FeedSeed(
            url="https://a.example/f?x=1&y=2", title='A "quoted" <feed> & more', kind=FeedKind.POLICY, language="en"
        ),
        FeedSeed(url="https://b.example/f", title="B", kind=FeedKind.PAPER, site_url="https://b.example/"),
        FeedSeed(
            url="https://c.example/f",
            title="C",
            weight=1.25,
            enabled=False,
            mirrors=("https://m.example/c", "https://n.example/c?a=1&b=2"),
            user_agent="Reader/1 (+https://me.example)",
        ),
    ]
    database.write(seed_feeds, seeds, now)
    back = parse_opml(build_opml(database.read(list_feeds))).feeds
    assert sorted(back, key=lambda seed: seed.url) == seeds


@pytest.mark.parametrize(
    "attributes",
    [
        'weight="heavy"',
        'weight="99"',
        'weight="nan"',
        'mirrors="javascript:alert(1) ftp://m.example/"',
        'userAgent="Reader&#10;Cookie: x"',
        'userAgent=""',
        'enabled="perhaps"',
    ],
)
def test_attributes_of_our_own_that_make_no_sense_are_passed_over(attributes: str) -> None:
    outline = f'<outline xmlUrl="https://a.example/f" t:{attributes}/>'
    (seed,) = parse_opml(f'<opml xmlns:t="urn:trendbot:opml"><body>{outline}</body></opml>'.encode()).feeds
    assert seed == FeedSeed(url="https://a.example/f", title="https://a.example/f")


def test_the_same_attributes_of_others_mean_nothing_to_us() -> None:
    outline = b'<outline xmlUrl="https://a.example/f" weight="2" enabled="false"/>'
    (seed,) = parse_opml(b"<opml><body>" + outline + b"</body></opml>").feeds
    assert (seed.weight, seed.enabled) == (1.0, True)
