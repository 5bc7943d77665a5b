from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.fetch.texts import Raw, one_line, paragraphs, shortened


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<td>a</td><td>b</td>", "a\nb"),
        ("some\n  <b>bold</b>\ttext", "some bold text"),
        ("<script>alert(1)</script>safe<style>p{}</style>", "safe"),
        ("AT&amp;T &lt;3 &#8212; caf&eacute;", "AT&T <3 — café"),
        ("&lt;p&gt;twice &amp;amp; escaped&lt;/p&gt;", "twice & escaped"),
        ("a &lt;p&gt; in the text stays", "a <p> in the text stays"),
        ("<a href='javascript:alert(1)'>link</a>", "link"),
        ("<!-- hidden -->seen", "seen"),
        ("unclosed <b>bold <i>text", "unclosed bold text"),
    ],
)
def test_markup_becomes_lines_of_plain_text(markup: str, text: str) -> None:
    assert paragraphs(Raw(markup)) == text


def test_plain_text_keeps_what_looks_like_markup() -> None:
    assert one_line(Raw("List<String> &amp; if a<b then", markup=False)) == "List<String> &amp; if a<b then"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("pay\u202epal\u202c", "paypal"),
        ("zero\u200bwidth\ufeff so\u00adft", "zerowidth soft"),
        ("nul\x00 bell\x07", "nul bell"),
        ("GP\u200cT GP\u200dT", "GPT GPT"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("half\ud800 pair", "half pair"),
        ("cafe\u0301", "café"),
        ("no\u00a0break", "no break"),
        ("line\u2028end", "line end"),
    ],
)
def test_what_only_deceives_is_dropped(text: str, plain: str) -> None:
    assert one_line(Raw(text, markup=False)) == plain


@given(st.text(), st.booleans())
def test_any_text_comes_out_clean(text: str, markup: bool) -> None:
    line = one_line(Raw(text, markup=markup))
    assert "\n" not in line
    assert line == line.strip()
    assert len(line) <= 500
    line.encode("utf-8")
    assert not {"\u202e", "\u200b", "\x00", "\u2066"} & set(line)


@given(st.text(alphabet="ab \n", max_size=200), st.integers(min_value=2, max_value=50))
def test_shortening_keeps_the_limit(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert len(short) <= limit
    assert short == text or short.endswith("…")
