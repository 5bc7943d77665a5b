"""A digest with corrections, in every channel: golden editions beside those of a full digest."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from tests import contents

from trendbot.core.digests import Correction, from_json, to_json
from trendbot.core.errata import Cause, correction_text
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.paths import bundled
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer

RENDERER = Renderer(bundled("templates"))
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
DAY = date(2026, 11, 14)


def correction(number: int, cause: Cause, said: str, now_says: str = "", **given: str) -> Correction:
    values = {
        "headline": said,
        "source": "R&D <weekly>",
        "url": "" if cause is Cause.WITHDRAWN else f"https://news.example/{number}?a=1&b=2",
        "told_on": DAY.isoformat(),
        "text": correction_text(cause, told_on=DAY, said=said, source="R&D <weekly>", now_says=now_says),
    }
    return Correction(erratum_id=number, story_id=number, themes=("tools",), **values | given)


CORRECTIONS = (
    correction(1, Cause.WITHDRAWN, "Alder buys Birch (for *nothing*)"),
    correction(2, Cause.CHANGED, "Alder raises $5 billion from Birch.", "Alder raises $3 billion from Birch"),
    correction(3, Cause.EDITOR, "Cedar opens its weights", "It opened its code, not its weights."),
)
FILES = {
    ChannelKind.LINKEDIN: "linkedin/corrections.txt",
    ChannelKind.TELEGRAM: "telegram/corrections.html",
    ChannelKind.EMAIL: "email/corrections.txt",
}


@pytest.mark.parametrize("kind", ChannelKind)
def test_corrections_are_told_in_a_section_of_their_own(kind: ChannelKind) -> None:
    cadence = Cadence.WEEKLY if kind is ChannelKind.EMAIL else Cadence.DAILY
    edition = render_edition(RENDERER, contents.full(cadence, corrections=CORRECTIONS), kind)
    text = edition.text_body if kind is ChannelKind.EMAIL else "\n".join(edition.parts)
    file = GOLDEN / FILES[kind]
    if os.environ.get("TRENDBOT_TEST_GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text("utf-8")
    if kind is ChannelKind.EMAIL:
        assert ">Corrections</h2>" in edition.parts[0]
        assert edition.parts[0].count(">The report</a>") == 2


def test_a_content_with_corrections_is_read_as_it_was_written() -> None:
    content = contents.full(corrections=CORRECTIONS)
    assert from_json(to_json(content)) == content
    old = to_json(contents.full())
    del old["corrections"]
    assert from_json(old).corrections == ()


def test_a_link_that_no_reader_should_follow_is_left_out() -> None:
    hostile = (correction(4, Cause.EDITOR, "X", "Y", url="javascript:alert(1)"),)
    for kind in ChannelKind:
        cadence = Cadence.WEEKLY if kind is ChannelKind.EMAIL else Cadence.DAILY
        edition = render_edition(RENDERER, contents.full(cadence, corrections=hostile), kind)
        assert "javascript:" not in "".join((*edition.parts, edition.text_body or ""))
