from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendbot.core import limits

RESERVED = "\\|{}@[]()<>#*_~"


def test_utf16_counts_what_lies_beyond_the_basic_plane_twice() -> None:
    assert limits.utf16_length("a𝔸😀") == 5


@given(st.text())
def test_utf16_length_is_that_of_the_encoding(text: str) -> None:
    assert limits.utf16_length(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("AT&amp;T  buys\n a\tfirm", "AT&T buys a firm"),
        ("\u202ereversed\u202c \u2066x\u2069", "reversed x"),
        ("Subject: x\r\nBcc: y", "Subject: x Bcc: y"),
        ("so\u00adft zero\u200bwidth\ufeff", "soft zerowidth"),
        ("family 👩\u200d💻 stays", "family 👩\u200d💻 stays"),
        ("nul\x00 and \ud800 lone", "nul and lone"),
        ("form\ffeed", "form feed"),
        ("&lt;b&gt;", "<b>"),
    ],
)
def test_one_line_makes_hostile_text_harmless(hostile: str, harmless: str) -> None:
    assert limits.one_line(hostile) == harmless


@given(st.text(max_size=2000), st.integers(20, 200))
def test_a_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = limits.plain_line(text, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split())
    line.encode()


def test_a_cut_is_made_at_a_word_and_shown() -> None:
    assert limits.shorten("one two three four", 14) == "one two three…"
    assert limits.shorten("Alder releases the weights under a free licence", 36) == "Alder releases the weights…"
    assert limits.shorten("x" * 30, 10) == "x" * 9 + "…"
    assert limits.shorten("short", 10) == "short"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://user@host.example/",
        "http://localhost/x",
        "//host.example/x",
        "https://host.example/a b",
        'https://host.example/"x',
        "https://host.example/<x>",
        "https://host.example/\u202ex",
        "https://host.example:99999/",
        "https://[half/",
        "ftp://host.example/",
        "https://host.example/" + "x" * 2000,
        "",
    ],
)
def test_no_reader_is_sent_there(url: str) -> None:
    assert limits.safe_link(url) is None


def test_good_addresses_stay_as_they_are() -> None:
    for url in ("https://host.example/a?b=1&c=2#d", "http://näws.example/ü", "https://en.example/A_(b)"):
        assert limits.safe_link(url) == url


@given(st.lists(st.text(alphabet="ab\n😀", max_size=30)))
def test_packing_keeps_every_block_whole_and_in_order(blocks: list[str]) -> None:
    texts = limits.pack(blocks, limit=40, measure=limits.utf16_length)
    assert all(limits.utf16_length(text) <= 60 for text in texts)
    joined = "".join(texts).replace("\n", "")
    assert joined == "".join(blocks).replace("\n", "")


# -- LinkedIn


@given(st.text(alphabet=st.sampled_from(RESERVED + "aé😀 \n"), max_size=200))
def test_little_text_is_undone_exactly_and_leaves_nothing_bare(text: str) -> None:
    escaped = limits.escape_little(text)
    assert limits.read_little(escaped) == text
    assert not [each for each in limits.check_linkedin(f"hook\n\n{escaped}") if each.rule == "unescaped"]


@pytest.mark.parametrize("character", RESERVED)
def test_each_reserved_character_is_found_where_it_stands_bare(character: str) -> None:
    problems = limits.check_linkedin(f"hook\n\nbad {character}")
    assert [(each.rule, each.line) for each in problems] == [("unescaped", 3)]


def test_hashtags_are_templates_and_few() -> None:
    tags = " ".join(limits.little_hashtag(word) for word in ["A", "B", "C", "D", "E"])
    assert limits.check_linkedin(f"hook\n\n{tags}") == ()
    assert limits.read_little(limits.little_hashtag("Open-Source")) == "#OpenSource"
    rules = [each.rule for each in limits.check_linkedin(f"hook\n\n{tags} {limits.little_hashtag('F')}")]
    assert rules == ["hashtags"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("hook\nno empty line", "fold"),
        ("h" * 211, "fold"),
        ("hook\n\n" + "x" * 2900, "length"),
        ("hook\n\n" + "\\(" * 1600, "length"),
        (" ", "empty"),
    ],
)
def test_what_linkedin_would_not_show_well_is_refused(text: str, rule: str) -> None:
    assert rule in [each.rule for each in limits.check_linkedin(text)]


# -- Telegram


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        ("<p>x</p>", "tag"),
        ("<br/>x", "tag"),
        ("<b>x", "nesting"),
        ("x</b>", "nesting"),
        ("<b><i>x</b></i>", "nesting"),
        ("<code><b>x</b></code>", "nesting"),
        ("<blockquote><blockquote>x</blockquote></blockquote>", "nesting"),
        ('<a href="javascript:x">x</a>', "link"),
        ("<a>x</a>", "link"),
        ("a &nbsp; b", "character"),
        ("<!-- x -->y", "markup"),
        ("<!DOCTYPE x>y", "markup"),
        ("<?x?>y", "markup"),
        ("<![x[y]]>z", "markup"),
        ("turn\u202eed", "hidden"),
        ("a < b", "markup"),
        ("", "length"),
        ("😀" * 2049, "length"),
        ("<b>x</b> " * 101, "entities"),
    ],
)
def test_what_telegram_refuses_is_found(message: str, rule: str) -> None:
    assert rule in [each.rule for each in limits.check_telegram([message])]


def test_a_good_message_is_read_as_it_will_be_seen() -> None:
    message = '<b>A &amp; B</b>\n<a href="https://x.example/?a=1&amp;b=2">link</a> &#39;q&#39; <i></i>'
    read = limits.read_telegram(message)
    assert read.text == "A & B\nlink 'q'"
    assert read.entities == 2
    assert read.problems == ()


# -- mail

GOOD = {"subject": "A subject", "text": "see https://x.example/", "markup": '<a href="https://x.example/">x</a>'}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 61}, "subject"),
        ({"subject": "two\nlines"}, "subject"),
        ({"subject": "=?utf-8?B?SGVsbG8=?= hidden"}, "subject"),
        ({"markup": "x" * 90_001}, "size"),
        ({"markup": "<script>x</script>"}, "tag"),
        ({"markup": "<![x[y]]>"}, "markup"),
        ({"markup": '<img src="https://x.example/a.png">'}, "alt"),
        ({"markup": '<p onclick="x">y</p>'}, "script"),
        ({"markup": '<a href="javascript:x">x</a>'}, "link"),
        ({"markup": "<style>p{}</style><style>b{}\np{background:URL (x)}</style>"}, "style"),
        ({"markup": "<style>@import 'x';</style>"}, "style"),
        ({"markup": '<p style="background:url(x)">y</p>'}, "style"),
        ({"text": "no address"}, "text"),
        ({"text": "see https://x.example/\nhttps://other.example/"}, "text"),
        ({"markup": '<img src="https://x.example/a.png" alt="x">'}, "picture"),
        ({"markup": '<picture><source srcset="https://x.example/a.png"></picture>'}, "picture"),
        ({"markup": '<img src="cid:a@b" alt=" ">'}, "alt"),
        ({"markup": "<p>turn\u202ened</p>"}, "hidden"),
        ({"markup": '<p style="color:#999999">faint</p>'}, "contrast"),
        ({"markup": '<div style="background:#14161A"><p>dark on dark</p></div>'}, "contrast"),
    ],
)
def test_what_mail_programs_break_on_is_found(change: dict[str, str], rule: str) -> None:
    assert rule in [each.rule for each in limits.check_mail(**GOOD | change)]


def test_a_good_mail_passes_and_a_problem_names_its_line() -> None:
    assert limits.check_mail(**GOOD) == ()
    found = limits.check_mail(**GOOD | {"markup": "<p>\n\n<form>"})
    assert str(found[0]) == "tag in line 3: <form> has no place in mail"


def test_a_picture_with_words_or_for_decoration_passes() -> None:
    good = '<a href="https://x.example/">x</a><img src="cid:a@b" alt="Weights rose">'
    assert limits.check_mail(**GOOD | {"markup": good}) == ()
    assert limits.check_mail(**GOOD | {"markup": good + '<img src="cid:c@d" alt="" role="presentation">'}) == ()


def test_a_headline_may_tell_of_styles() -> None:
    told = GOOD["markup"] + "<p>Alder explains url(x) and @import to models</p>"
    assert limits.check_mail(**GOOD | {"markup": told}) == ()


def test_an_address_among_the_words_of_both_parts_is_no_link_of_one() -> None:
    words = {"markup": GOOD["markup"] + "<p>see https://y.example/?a=1&amp;b=2 for more</p>"}
    text = {"text": GOOD["text"] + "\nsee\nhttps://y.example/?a=1&b=2\nfor more"}
    assert limits.check_mail(**GOOD | words | text) == ()
    assert [each.rule for each in limits.check_mail(**GOOD | text)] == ["text"]


DARK = "<style>@media (prefers-color-scheme: dark) {{ {} }}</style>"


@pytest.mark.parametrize(
    ("rules", "body", "found"),
    [
        ("p { color: #ECEAE6 } body { background: #14161A }", "<body><p>x</p></body>", 0),
        ("body { background: #14161A } p { color: #333333 !important }", "<body><p>x</p></body>", 1),
        (".faint { color: #333333 } p { color: #ECEAE6 } ", '<p class="faint">x</p>', 1),
        ("p.faint { color: #333333 }", '<p class="other">x</p>', 0),
        ("body { background: #14161A }", '<body><a href="https://x.example/">x</a></body>', 1),
        ("p { color: #333333 }", '<p style="display: none">x</p>', 0),
        ("p { color: rgb(1, 2, 3) }", "<p>x</p>", 0),
        (".x .y { color: #333333 }", '<p class="y">x</p>', 0),
        ("p { color: #333333 }", "</b></p><p>x</p>", 1),
    ],
)
def test_text_on_dark_paper_is_judged_by_the_rules_for_it(rules: str, body: str, found: int) -> None:
    problems = limits.check_contrast(DARK.format(rules) + body)
    assert [each.rule for each in problems] == ["contrast"] * found
    assert all("in dark" in each.detail for each in problems)


def test_a_style_that_never_closes_is_read_to_its_end() -> None:
    assert limits.check_contrast("<p>x</p><style>@media (prefers-color-scheme: dark) { p { color: #333333 }")
    assert limits.check_contrast("x</p>") == ()


def test_contrast_is_measured_as_the_web_does() -> None:
    assert limits.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert limits.contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("problems", "line"),
    [
        (limits.check_linkedin("hook\n\n" + "x" * 1000 + "\n" + "y" * 2000), 4),
        (limits.check_linkedin("hook\n\n\n" + limits.little_hashtag("A") * 6), 4),
        (limits.check_telegram(["a\nb\n" + "c" * 5000]), 3),
        (limits.check_telegram(["one", "two\n<b>"]), 2),
        (limits.check_mail(**GOOD | {"markup": GOOD["markup"] + "\n" + "x" * 90_000}), 2),
        (limits.check_linkedin("hook\n\n\u202e"), 3),
    ],
)
def test_every_problem_names_its_line(problems: tuple[limits.Problem, ...], line: int) -> None:
    assert problems[0].line == line
    assert f"in line {line}" in str(problems[0])


def test_a_problem_names_its_message_where_there_are_several() -> None:
    assert str(limits.check_telegram(["one", "two\n<p>x</p>"])[0]) == "tag in line 2 of message 2: <p> is not allowed"
    assert limits.check_telegram([])[0].rule == "length"


@pytest.mark.parametrize("text", ["word " * 90, "🗾" * 150, "a 🗾 b " * 40, "x" * 400, "short"])
def test_a_text_is_cut_to_units_not_to_characters(text: str) -> None:
    cut = limits.shorten_units(text, 140)
    assert 0 < limits.utf16_length(cut) <= 140
    assert cut == text or cut.endswith("…")


@given(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from(RESERVED + "#a 1/"))))
def test_what_a_person_wrote_reads_as_they_wrote_it(text: str) -> None:
    little = limits.write_little(text)
    assert limits.read_little(little) == text
    assert not [each for each in limits.check_linkedin(little) if each.rule == "unescaped"]


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("C# and F#", 0),
        ("No. #1 of #AI, #Ökologie.", 2),
        ("https://a.example/#part", 0),
        ("(#AI)", 1),
        ("#a_b #a-b", 0),
    ],
)
def test_a_hashtag_is_a_word_that_stands_free(written: str, tags: int) -> None:
    assert limits.write_little(written).count("{hashtag|") == tags
