from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from tests.contents import contents, foot, full

from trendbot.core import limits, wording
from trendbot.core.digests import DigestContent
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import RenderError
from trendbot.paths import bundled
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.render.preview import Earlier, render_preview

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
RENDERER = Renderer(bundled("templates"))
MANY = settings(
    max_examples=int(os.environ.get("TRENDBOT_TEST_DIGESTS", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def edition(content: DigestContent, kind: ChannelKind):
    return render_edition(RENDERER, content, kind)


def golden_files(kind: ChannelKind) -> dict[str, str]:
    made = edition(full(Cadence.WEEKLY if kind is ChannelKind.EMAIL else Cadence.DAILY), kind)
    if kind is ChannelKind.LINKEDIN:
        return {"linkedin/post.txt": made.text_body or "", "linkedin/commentary.txt": made.parts[0]}
    if kind is ChannelKind.TELEGRAM:
        return {f"telegram/{number}.html": part for number, part in enumerate(made.parts, start=1)}
    return {
        "email/subject.txt": made.subject or "",
        "email/body.txt": made.text_body or "",
        "email/body.html": made.parts[0],
    }


@pytest.mark.parametrize("kind", list(ChannelKind))
def test_the_editions_look_as_they_were_approved(kind: ChannelKind) -> None:
    # With TRENDBOT_TEST_GOLDEN=write the files are written anew; read them before you commit them.
    for name, text in golden_files(kind).items():
        path = GOLDEN / name
        if os.environ.get("TRENDBOT_TEST_GOLDEN") == "write":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), name


@MANY
@given(contents())
def test_no_feed_can_make_an_invalid_post(content: DigestContent) -> None:
    made = edition(content, ChannelKind.LINKEDIN)
    assert limits.check_linkedin(made.parts[0]) == ()
    assert limits.utf16_length(made.text_body or "") <= limits.LINKEDIN_ESCAPED
    assert "planted}" not in re.sub(r"\\.", "", made.parts[0])


@MANY
@given(contents())
def test_no_feed_can_make_an_invalid_message(content: DigestContent) -> None:
    made = edition(content, ChannelKind.TELEGRAM)
    assert limits.check_telegram(made.parts) == ()
    assert made.parts


@MANY
@given(contents(Cadence.WEEKLY))
def test_no_feed_can_make_an_invalid_mail(content: DigestContent) -> None:
    made = edition(content, ChannelKind.EMAIL)
    assert made.subject
    assert "\n" not in made.subject
    assert limits.check_mail(subject=made.subject, text=made.text_body or "", markup=made.parts[0]) == ()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def test_markup_in_a_headline_is_text_on_every_channel() -> None:
    hostile = full(also=())
    lead = hostile.lead
    assert lead is not None
    content = full(lead=_renamed(lead, "<script>alert(1)</script> & <b>bold</b> \\ {x}"))
    tags = _Tags()
    tags.feed(edition(content, ChannelKind.EMAIL).parts[0])
    assert "script" not in tags.tags
    assert "b" not in tags.tags
    assert "&lt;script&gt;" in edition(content, ChannelKind.TELEGRAM).parts[0]
    seen = limits.read_little(edition(content, ChannelKind.LINKEDIN).parts[0])
    assert seen.startswith("<script>alert(1)</script> & <b>bold</b> \\ {x}")


def _renamed(item, headline: str):
    from dataclasses import replace

    return replace(item, headline=headline)


@pytest.mark.parametrize("kind", list(ChannelKind))
def test_a_sample_says_so_on_every_channel(kind: ChannelKind) -> None:
    made = edition(full(sample=True), kind)
    for text in (*made.parts, *([made.text_body] if made.text_body else [])):
        assert "Sample" in text
        assert wording.SAMPLE in text or wording.SAMPLE in limits.read_little(text)
    if made.subject:
        assert made.subject.startswith("Sample: ")


@pytest.mark.parametrize("kind", list(ChannelKind))
def test_a_quiet_digest_says_so_and_has_no_empty_section(kind: ChannelKind) -> None:
    line = wording.day_line(cadence=Cadence.DAILY, stories=0, entries=0, feeds=0, followed=80, lead=None, rising="")
    quiet = full(lead=None, sections=(), also=(), rising=(), rising_note=wording.NOTHING_ROSE, line=line, quiet=True)
    made = edition(quiet, kind)
    seen = limits.read_little(made.parts[0])
    assert "A quiet day" in seen
    assert "Also" not in seen
    assert "Nothing rose beyond chance." in seen


def test_the_subject_says_the_lead() -> None:
    made = edition(full(Cadence.WEEKLY), ChannelKind.EMAIL)
    assert made.subject is not None
    assert made.subject.startswith("Alder releases the weights")
    assert len(made.subject) <= 60


def test_a_long_digest_is_split_between_items_and_stays_valid() -> None:
    base = full()
    sections = tuple(
        type(base.sections[0])(slug="tools", title=f"Theme {number}", items=base.sections[0].items * 8)
        for number in range(8)
    )
    long = full(sections=sections)
    made = edition(long, ChannelKind.TELEGRAM)
    assert len(made.parts) > 1
    assert limits.check_telegram(made.parts) == ()
    assert sum(part.count("•") for part in made.parts) == 8 * 16 + len(base.also)


def test_a_text_that_breaks_a_limit_is_refused_with_rule_and_line() -> None:
    with pytest.raises(RenderError, match=r"telegram edition .* breaks a limit, length"):
        edition(full(line="long " * 2000), ChannelKind.TELEGRAM)
    with pytest.raises(RenderError, match=r"linkedin edition .* breaks a limit, length"):
        edition(full(foot=foot(call="follow " * 600)), ChannelKind.LINKEDIN)


def test_colours_of_text_are_readable_in_light_and_dark() -> None:
    pairs = [
        ("#1A1C20", "#FDFCFA"),
        ("#1A1C20", "#F4F1EC"),
        ("#5B606B", "#FDFCFA"),
        ("#5B606B", "#F4F1EC"),
        ("#B4420F", "#FDFCFA"),
        ("#ECEAE6", "#14161A"),
        ("#ECEAE6", "#1D2026"),
        ("#A3A8B3", "#14161A"),
        ("#A3A8B3", "#1D2026"),
        ("#FF9A62", "#14161A"),
    ]
    markup = edition(full(), ChannelKind.EMAIL).parts[0].upper()
    for ink, paper in pairs:
        assert ink in markup
        assert paper in markup
        assert _contrast(ink, paper) >= 4.5, (ink, paper)


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_page_links_the_earlier_digests() -> None:
    files = ("daily/2026-11-14/linkedin.txt", "daily/2026-11-14/telegram-1.html")
    page = render_preview(RENDERER, [], [Earlier(title="trendbot daily, no. 6", files=files)])
    assert "trendbot daily, no. 6" in page
    assert all(f'href="{file}"' in page for file in files)
    assert "Earlier" not in render_preview(RENDERER, [])
