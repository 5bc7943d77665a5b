from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.serving import item, rss

from trendbot.core.entries import ParsedEntry, ParsedFeed
from trendbot.errors import ParseError
from trendbot.fetch.parse import parse

URL = "https://site.example/feeds/main.xml"


def read(body: bytes, content_type: str = "") -> ParsedFeed:
    return parse(body, url=URL, content_type=content_type)


def only(body: bytes) -> ParsedEntry:
    (entry,) = read(body).entries
    return entry


def test_rss_is_read() -> None:
    feed = read(
        rss(item(1, text="&lt;p&gt;Words &amp;amp; more&lt;/p&gt;"), head="<language>en-US</language><ttl>90</ttl>")
    )
    assert (feed.title, feed.site_url, feed.language, feed.truncated) == (
        "A feed",
        "https://site.example/",
        "en-us",
        False,
    )
    assert feed.hints.ttl == timedelta(minutes=90)
    (entry,) = feed.entries
    assert (entry.guid, entry.url, entry.title, entry.summary) == (
        "g1",
        "https://site.example/1",
        "Report 1",
        "Words & more",
    )
    assert entry.published_at == datetime(2026, 11, 15, 9, tzinfo=UTC)


def test_atom_is_read() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
    <title type="html">A &amp;amp; B</title><id>urn:f</id>
    <link href="https://site.example/"/><updated>2026-11-15T10:00:00Z</updated><author><name>Desk</name></author>
    <entry><id>urn:1</id><title>if a &lt; b</title><link rel="alternate" href="/posts/1"/>
    <link rel="enclosure" href="/a.mp3"/><published>2026-11-14T23:30:00-02:00</published>
    <updated>2026-11-15T08:00:00.5Z</updated><summary type="html">&lt;b&gt;Short&lt;/b&gt;</summary>
    <content type="html">&lt;p&gt;Long&lt;/p&gt;&lt;p&gt;text&lt;/p&gt;</content>
    <author><name>A. Writer</name><email>a@site.example</email></author></entry></feed>"""
    feed = read(body)
    assert (feed.title, feed.language) == ("A & B", "de")
    entry = only(body)
    assert (entry.guid, entry.url, entry.title) == ("urn:1", "https://site.example/posts/1", "if a < b")
    assert (entry.summary, entry.content, entry.author) == ("Short", "Long\ntext", "A. Writer")
    assert entry.published_at == datetime(2026, 11, 15, 1, 30, tzinfo=UTC)
    assert entry.updated_at == datetime(2026, 11, 15, 8, tzinfo=UTC)


_MEDIA = "xmlns:media='http://search.yahoo.com/mrss/' xmlns:content='http://purl.org/rss/1.0/modules/content/'"
_CAPTION = "<media:content url='x'><media:description{}>A caption of the picture</media:description></media:content>"


@pytest.mark.parametrize(
    ("inner", "summary"),
    [
        ("<description>The text</description>" + _CAPTION.format(""), "The text"),
        (_CAPTION.format(" type='plain'") + "<description>The text</description>", "The text"),
        ("<description>The text</description>" + _CAPTION.format("") * 2, "The text"),
        (_CAPTION.format("") + "<content:encoded>The text</content:encoded>", "The text"),
        (_CAPTION.format(" type='plain'"), "A caption of the picture"),
    ],
)
def test_a_caption_is_the_text_only_where_there_is_no_other(inner: str, summary: str) -> None:
    entry = only(f"<rss version='2.0' {_MEDIA}><channel><item><title>t</title>{inner}</item></channel></rss>".encode())
    assert (entry.summary, entry.content) == (summary, "")


def test_rdf_is_read_by_the_reference() -> None:
    body = b"""<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://site.example/">
    <title>R</title><link>https://site.example/</link></channel><item rdf:about="https://site.example/1"><title>One</title>
    <link>https://site.example/1</link><dc:date>2026-11-15</dc:date></item></rdf:RDF>"""
    entry = only(body)
    assert (entry.guid, entry.title) == ("https://site.example/1", "One")
    assert entry.updated_at == datetime(2026, 11, 15, tzinfo=UTC)


def json_feed(**more: Any) -> bytes:
    first = {"id": 7, "url": "https://site.example/7", "title": "Seven <b>", "content_html": "<p>a</p><p>b</p>"}
    second = {"id": "8", "external_url": "https://other.example/", "content_text": "plain <b> text"}
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [first | more, second, None, 3]}
    return json.dumps(document).encode()


def test_json_feed_is_read() -> None:
    first, second = read(json_feed(date_published="2026-11-15T10:00:00+02:00", authors=[{"name": "A"}])).entries
    assert (first.guid, first.url, first.title, first.summary) == ("7", "https://site.example/7", "Seven <b>", "a\nb")
    assert (first.author, first.published_at) == ("A", datetime(2026, 11, 15, 8, tzinfo=UTC))
    assert (second.url, second.title, second.summary) == (
        "https://other.example/",
        "plain <b> text",
        "plain <b> text",
    )


@pytest.mark.parametrize("version", ["https://jsonfeed.org/version/1", "http://jsonfeed.org/version/1.1"])
def test_both_versions_of_json_feed_are_taken(version: str) -> None:
    body = json.dumps({"version": version, "title": "J", "items": [], "expired": True}).encode()
    assert read(body).hints.expired


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "is a web page, not a feed"),
        (b"<html><head></head></html>", "is a web page, not a feed"),
        (b'{"items": []}', "is JSON, but no JSON Feed"),
        (b"[1, 2]", "is not a feed"),
        (b"{" * 100_000, "is JSON, but no JSON Feed"),
        (b"<urlset><url><loc>x</loc></url></urlset>", "is not a feed"),
        (b"Not found", "is not a feed"),
        (bytes(range(256)) * 40, "is not a feed"),
    ],
)
def test_what_is_no_feed_is_said_to_be_so(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(body)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1251", "koi8-r"]
)
def test_encodings_are_understood(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = rss(item(1, title="Вести")).decode().replace("UTF-8", declared)
    assert only(text.encode(encoding)).title == "Вести"


def test_only_web_addresses_become_links() -> None:
    for link in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://u:p@site.example/", "//["):
        assert only(rss(item(1, link=f"<link>{link}</link>"))).url == ""


def test_relative_links_are_resolved_against_the_site_and_xml_base_comes_first() -> None:
    assert only(rss(item(1, link="<link>/news/1</link>"))).url == "https://site.example/news/1"
    based = rss(item(1, link="<link>1</link>")).replace(b'"2.0"', b'"2.0" xml:base="https://base.example/dir/"')
    assert only(based).url == "https://base.example/dir/1"


def test_a_document_cut_off_loses_its_last_entry_and_says_so() -> None:
    whole = rss(item(1), item(2), item(3, text="long enough to be cut"))
    cut = read(whole[: whole.index(b"to be cut")])
    assert cut.truncated
    assert [entry.guid for entry in cut.entries] == ["g1", "g2"]


def test_entries_without_guid_go_by_link_then_by_title_and_date() -> None:
    assert only(rss(item(1, guid=""))).guid == "https://site.example/1"
    bare = only(rss(item(1, guid="", link="")))
    assert bare.guid.startswith("sha256:")
    assert bare.guid == only(rss(item(1, guid="", link=""))).guid
    assert bare.guid != only(rss(item(1, guid="", link="", date="Mon, 16 Nov 2026 09:00:00 GMT"))).guid


def test_one_guid_for_all_is_no_identity() -> None:
    same = "<guid isPermaLink='false'>all</guid>"
    feed = read(rss(item(1, guid=same), item(2, guid=same)))
    assert len({entry.guid for entry in feed.entries}) == 2
    again = read(rss(item(2, guid=same), item(1, guid=same)))
    assert {entry.guid for entry in again.entries} == {entry.guid for entry in feed.entries}


def test_one_entry_told_twice_is_one() -> None:
    assert [entry.title for entry in read(rss(item(1), item(1))).entries] == ["Report 1"]


def test_hostile_text_comes_out_plain_and_short() -> None:
    entry = only(
        rss(
            item(
                1,
                title="&lt;script&gt;alert(1)&lt;/script&gt;Free \u202emoney " + "x" * 2_000,
                text="&lt;img src=x onerror=alert(1)&gt;" + "y " * 300_000,
            )
        )
    )
    assert entry.title.startswith("Free money")
    assert len(entry.title) <= 500
    assert len(entry.summary) <= 4_000
    assert len(entry.content) <= 50_000
    assert "<" not in entry.summary


def test_impossible_dates_are_no_dates() -> None:
    for date in ("Mon, 01 Jan 0001 00:00:00 +0000", "yesterday", "Thu, 32 Foo 2026"):
        assert only(rss(item(1, date=date))).published_at is None


def test_hints_are_read() -> None:
    head = (
        "<skipHours><hour>3</hour><hour>24</hour></skipHours><skipDays><day>Saturday</day><day>nonsense</day></skipDays>"
        '<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">daily</sy:updatePeriod>'
        "<sy:updateFrequency>2</sy:updateFrequency>"
    )
    hints = read(rss(item(1), head=head)).hints
    assert (hints.skip_hours, hints.skip_days, hints.ttl) == ({0, 3}, {5}, timedelta(hours=12))


@pytest.mark.parametrize(
    "bomb",
    [
        b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "'
        + b"&a;" * 50
        + b'">'
        + b"".join(b'<!ENTITY %c "%s">' % (99 + n, b"&%c;" % (98 + n) * 50) for n in range(8))
        + b"]><rss version='2.0'><channel><title>&i;</title></channel></rss>",
        b"<rss version='2.0'><channel>" + b"<a>" * 200_000 + b"</channel></rss>",
        b"<rss version='2.0'><channel><item><description>"
        + b"&lt;div&gt;" * 100_000
        + b"</description></item></channel></rss>",
        b"<rss version='2.0'><channel><item " + b"a" * 3_000_000 + b"='1'/></channel></rss>",
        b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><rss version="2.0"><channel><title>x</title></channel></rss>',
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b"<rss version='2.0'><channel><title>&x;</title></channel></rss>",
        b"<rss version='2.0'><channel><item><description>"
        + b"".join(b"&lt;p&gt;&lt;font a=%d&gt;&lt;/p&gt;" % number for number in range(20_000))
        + b"</description></item></channel></rss>",
    ],
    ids=["entities", "elements", "markup", "attribute", "external type", "external entity", "formatting"],
)
def test_bombs_are_harmless(bomb: bytes) -> None:
    try:
        feed = read(bomb)
    except ParseError:
        return
    assert "root:" not in feed.title
    assert sum(len(entry.title) + len(entry.summary) + len(entry.content) for entry in feed.entries) < 200_000
