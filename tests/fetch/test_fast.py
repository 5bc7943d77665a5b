"""The fast reader against its judge: what it reads at all, it must read exactly as feedparser does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.serving import item, rss

from trendbot.fetch.dates import from_struct, parse_date
from trendbot.fetch.fast import read_fast
from trendbot.fetch.reference import read_reference

# Deliberate differences: none.
SETS = {
    "feeds_ai/files": 0.95,
    "feeds_wild/files": 0.40,
    "feeds_snapshots": 1.00,
    "feeds_edge/files": 0.10,
    "feeds_conformance_feedparser/tests": 0.20,
}
"""The sets, and the share of each that the fast reader takes at least."""


@pytest.mark.parametrize("name", SETS)
def test_both_readers_agree_on_every_real_feed(shared_data: Path, name: str) -> None:
    taken, files = 0, [path for path in sorted((shared_data / name).rglob("*")) if path.suffix not in (".jsonl", ".md")]
    files = [path for path in files if path.is_file()]
    for path in files:
        body = path.read_bytes()
        fast = read_fast(body, content_type="application/xml")
        if fast is not None:
            assert fast == read_reference(body, content_type="application/xml"), path
        taken += fast is not None
    assert files
    assert taken / len(files) >= SETS[name]


PIECES = (
    "<title>A &amp; B</title>", "<title>&lt;b&gt;x&lt;/b&gt;</title>", "<title>AT&amp;amp;T</title>", "<title/>",
    "<title type='html'>x</title>", "<link>https://a.example/?a=1&amp;b=2</link>", "<link>/relative</link>", "<link/>",
    "<link href='https://a.example/'/>", "<guid>https://a.example/g</guid>", "<guid isPermaLink='false'>g</guid>",
    "<guid isPermaLink='TRUE'>h</guid>", "<description>d &lt;p&gt;</description>",
    "<description><p>d</p></description>",
    "<pubDate>Sun, 15 Nov 2026 09:00:00 GMT</pubDate>", "<pubDate>15 Nov 2026</pubDate>", "<pubDate>soon</pubDate>",
    "<dc:date>2026-11-15</dc:date>", "<dc:creator>A. Writer</dc:creator>", "<author>a@b.example (Name)</author>",
    "<author>a@b.example</author>", "<content:encoded>c</content:encoded>", "<category>k</category>",
    "<enclosure url='https://a.example/x.mp3'/>", "<source url='https://a.example/'>s</source>", "<unknown>u</unknown>",
    "<media:content url='x'/>", "<media:title>m</media:title>", "<media:group><media:description>m</media:description>"
    "</media:group>", "<atom:link href='https://a.example/2'/>", "<atom:updated>2026-11-15T09:00:00Z</atom:updated>",
    "<summary>s</summary>", "<published>2026-11-15T09:00:00Z</published>", "<id>i</id>", "<comments>https://c</comments>",
    "<!-- c -->", "<?pi x?>", "<![CDATA[t]]>", "<title>caf\u00c3\u00a9</title>", "<title>\u0093q\u0094</title>",
    "<itunes:summary>s</itunes:summary>", "<itunes:author>p</itunes:author>", "<itunes:duration>9</itunes:duration>",
    "<image><title>i</title><link>https://i.example/</link></image>", "<language>en_GB</language>",
)  # fmt: skip
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)
parts = st.lists(st.sampled_from(PIECES), max_size=7).map("".join)


@settings(max_examples=400, deadline=None)
@example(channel="", items=["<title>A &amp; B</title><source url='https://a.example/'>s</source><title>C</title>"])
@given(channel=parts, items=st.lists(parts, max_size=3))
def test_both_readers_agree_on_any_rss(channel: str, items: list[str]) -> None:
    inner = channel + "".join(f"<item>{each}</item>" for each in items)
    body = f'<rss version="2.0" {SPACES}><channel>{inner}</channel></rss>'.encode()
    fast = read_fast(body)
    assert fast is None or fast == read_reference(body)


ATOM_PIECES = (
    "<title>A &amp; B</title>", "<title type='html'>A &amp;amp; B</title>", "<title type='xhtml'><div>x</div></title>",
    "<title type='text/plain'>t</title>", "<title/>", "<id>urn:1</id>", "<id>https://a.example/id</id>", "<id/>",
    "<link href='https://a.example/1'/>", "<link rel='self' href='https://a.example/s'/>", "<link href='/rel'/>",
    "<link rel='alternate' type='application/json' href='https://a.example/j'/>", "<link rel='enclosure' href='/e'/>",
    "<link>https://a.example/t</link>", "<link/>", "<summary>s &lt;b&gt;</summary>",
    "<summary type='html'>&lt;b&gt;</summary>",
    "<content>c</content>", "<content type='html'>&lt;p&gt;c</content>", "<content type='image/png'>aGk=</content>",
    "<content src='https://a.example/c'/>", "<published>2026-11-15T09:00:00Z</published>", "<published>x</published>",
    "<updated>2026-11-15T09:00:00+01:00</updated>", "<updated>2026-11-15</updated>", "<category term='k'/>",
    "<author><name>N</name></author>", "<author><name>N</name><email>n@a.example</email></author>",
    "<author><email>n@a.example</email></author>", "<author>plain</author>", "<author><name/></author>",
    "<contributor><name>C</name></contributor>", "<source><title>src</title><id>z</id></source>", "<rights>r</rights>",
    "<issued>2026-11-15T09:00:00Z</issued>", "<modified>2026-11-15T09:00:00Z</modified>", "<subtitle>s</subtitle>",
)  # fmt: skip
atom_parts = st.lists(st.sampled_from(ATOM_PIECES), max_size=7).map("".join)


@settings(max_examples=400, deadline=None)
@given(feed=atom_parts, entries=st.lists(atom_parts, max_size=3))
def test_both_readers_agree_on_any_atom(feed: str, entries: list[str]) -> None:
    inner = feed + "".join(f"<entry>{each}</entry>" for each in entries)
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{inner}</feed>'.encode()
    fast = read_fast(body)
    assert fast is None or fast == read_reference(body)


@pytest.mark.parametrize(
    "body",
    [
        b"<rss version='2.0'><channel>",
        b"<!DOCTYPE rss><rss version='2.0'><channel/></rss>",
        b'<?xml version="1.0" encoding="iso-8859-1"?><rss version="2.0"><channel/></rss>',
        b"<rss version='0.92'><channel/></rss>",
        b"<rss version='2.0' xml:base='https://a.example/'><channel/></rss>",
        b"<html/>",
        b"",
    ],
)
def test_the_rest_is_handed_over(body: bytes) -> None:
    assert read_fast(body) is None


def test_another_charset_in_the_header_hands_over() -> None:
    body = rss(item(1))
    assert read_fast(body, content_type="text/xml; charset=UTF-8") is not None
    assert read_fast(body, content_type="text/xml; charset=iso-8859-1") is None


@given(
    st.datetimes().map(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S ")),
    st.sampled_from(["GMT", "UTC", "+0000", "-0730", "+1400", "EST", "Z", ""]),
)
def test_usual_dates_of_rss_are_read_as_feedparser_reads_them(date: str, zone: str) -> None:
    from feedparser.datetimes import _parse_date

    assert parse_date(date + zone) == from_struct(_parse_date(date + zone))


@given(st.datetimes().map(lambda at: at.isoformat()), st.sampled_from(["Z", "+00:00", "-07:30", "+14:00", "", "z"]))
def test_usual_dates_of_atom_are_read_as_feedparser_reads_them(date: str, zone: str) -> None:
    from feedparser.datetimes import _parse_date

    assert parse_date(date + zone) == from_struct(_parse_date(date + zone))
