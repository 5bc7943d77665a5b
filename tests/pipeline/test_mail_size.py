"""Mails stay below the size at which programs cut them, whatever a digest holds and whatever is put in for a reader."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.hostile import Hostile
from tests.mailing import RENDERER, transport

from trendbot.core.digests import DigestContent, DigestSection
from trendbot.core.limits import MAIL_BYTES, MAIL_FOOT
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.render.editions import render_edition
from trendbot.transports.base import Mailing, Message


def heavy(seed: int, stories: int) -> DigestContent:
    """Return a digest of hostile text with so many stories, most of them long."""
    hostile = Hostile(seed)
    content = hostile.digest()
    items = tuple(hostile.story(12) for _ in range(stories))
    sections = tuple(
        DigestSection(slug="tools", title=f"Section {start}", items=items[start : start + 10])
        for start in range(0, stories, 10)
    )
    lead = content.lead or (hostile.story(3) if sections else None)
    return replace(content, lead=lead, sections=sections, quiet=lead is None)


@given(seed=st.integers(0, 10**6), stories=st.integers(0, 60), preface=st.text(max_size=600))
@example(seed=1, stories=150, preface="&" * 600)
@settings(max_examples=12, deadline=None)
def test_no_mail_is_larger_than_what_programs_show_whole(seed: int, stories: int, preface: str) -> None:
    rendering = render_edition(RENDERER, heavy(seed, stories), ChannelKind.EMAIL)
    message = Message(
        key="e1.c1.s1.p0", kind=ChannelKind.EMAIL, address="ann@reader.example", cadence=Cadence.WEEKLY,
        slot="2026-W46", number=1, title="The Digest", part=0, parts=1, body=rendering.parts[0],
        text=rendering.text_body, subject=rendering.subject, composed_at=datetime(2026, 11, 15, 18, tzinfo=UTC),
        preface=preface, mailing=Mailing(foot="way out", foot_markup="f" * MAIL_FOOT, page="https://x.example/u/t"),
    )  # fmt: skip
    raw = transport(25).bytes_of(message, message.address)
    page = email.message_from_bytes(raw, policy=email.policy.default).get_body(("html",))
    assert page is not None
    assert "f" * MAIL_FOOT in page.get_content()
    assert len(page.get_content().encode()) <= MAIL_BYTES
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
