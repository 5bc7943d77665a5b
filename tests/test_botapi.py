"""The strict Bot API server obeys the facts it was written from."""

from __future__ import annotations

import pytest
from tests.botapi import Limits, Refused
from tests.botapi.limits import Limits as Enforced
from tests.botapi.markup import link, parse, units
from tests.botapi.server import check_markup


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("<b>a</b> b", "a b", [("bold", 0, 1)]),
        ("😀<i>b</i>", "😀b", [("italic", 2, 1)]),
        ("  <b>a</b>\n", "a", [("bold", 0, 1)]),
        ("a &lt;b&gt; &amp; &quot; &#39; &#x27;", "a <b> & \" ' '", []),
        ("&nbsp;&mdash;&apos;", "&nbsp;&mdash;&apos;", []),
        ("AT&T and a > b", "AT&T and a > b", []),
        ("<B>a</B>", "a", [("bold", 0, 1)]),
        ("<b></b>a", "a", []),
        ("<b>a</>", "a", [("bold", 0, 1)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [("spoiler", 0, 1)]),
        ('<pre><code class="language-x">a</code></pre>', "a", [("pre", 0, 1)]),
        ('<a href="https://a.example/?b=1&amp;c">x</a>', "x", [("text_link", 0, 1)]),
    ],
)
def test_what_is_taken(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    read = parse(source)
    assert read.text == text
    assert [(each["type"], each["offset"], each["length"]) for each in read.entities] == entities


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("<p>a</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("ü<br/>", 'Unsupported start tag "br/" at byte offset 2'),
        ("a < b", "Unclosed start tag at byte offset 2"),
        ("a <3> b", 'Unsupported start tag "3" at byte offset 2'),
        ("<b>a", 'find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>a</b></i>", 'expected "</i>", found "</b>"'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<span>a</span>", 'must have class "tg-spoiler"'),
    ],
)
def test_what_is_refused(source: str, said: str) -> None:
    with pytest.raises(Refused, match="can't parse entities") as caught:
        parse(source)
    assert said in caught.value.description
    assert caught.value.code == 400


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("https://a.example/x", True),
        ("a.example/x", True),
        ("tg://user?id=1", True),
        ("http://localhost:8000/", False),
        ("javascript:alert(1)", False),
        ("/relative", False),
        ("mailto:a@b.example", True),  # read as user information of an address, as the server does
    ],
)
def test_a_link_that_is_none_is_lost_without_a_word(href: str, kept: bool) -> None:
    assert (link(href) is not None) is kept
    assert parse(f'<a href="{href}">x</a>').text == "x"


def test_lengths_are_utf16_units() -> None:
    assert units("a😀é") == 4


@pytest.mark.parametrize(
    "keyboard",
    [
        '{"inline_keyboard": [[{"text": "x", "callback_data": "' + "é" * 33 + '"}]]}',
        '{"inline_keyboard": [[{"text": "x", "callback_data": ""}]]}',
        '{"inline_keyboard": [[{"text": "x", "url": "nowhere"}]]}',
        '{"inline_keyboard": [[{"text": ""}]]}',
    ],
)
def test_a_keyboard_that_breaks_a_limit_is_refused(keyboard: str) -> None:
    with pytest.raises(Refused):
        check_markup(keyboard)


def refused(limits: Enforced, chat: int, at: float, *, group: bool = False) -> int | None:
    try:
        limits.take(chat, group=group, now=at)
    except Refused as error:
        return error.parameters["retry_after"]
    return None


def test_no_second_holds_more_than_the_overall_limit() -> None:
    limits = Limits(overall=30)
    assert [refused(limits, chat, 100 + chat / 1000) for chat in range(30)] == [None] * 30
    assert refused(limits, 99, 100.9) == 3
    assert refused(limits, 98, 102.0) == 2  # within the penalty
    assert (limits.caused, limits.disobeyed) == (1, 1)
    assert refused(limits, 97, 104.0) is None


def test_a_chat_takes_a_short_burst_then_one_a_second() -> None:
    limits = Limits(burst=3)
    assert [refused(limits, 1, 100 + step / 10) for step in range(4)] == [None, None, None, 3]
    assert refused(limits, 2, 100.5) is None


def test_a_group_takes_twenty_a_minute() -> None:
    limits = Limits()
    assert [refused(limits, -1, 100.0 + step, group=True) for step in range(20)] == [None] * 20
    assert refused(limits, -1, 150.0, group=True) == 3
    assert refused(limits, -1, 161.0, group=True) is None
