"""Random digests of hostile feeds, over all channels and choices of themes: not one invalid message.

A short form here; the full one by ``TRENDBOT_TEST_HOSTILE=10000 pytest tests/render/test_hostile_feeds.py``.
"""

from __future__ import annotations

import os
import random
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from html import unescape

import lxml.html
import pytest
from defusedxml import ElementTree
from tests.hostile_days import PLANTED, hostile_digest

from trendbot.core import limits
from trendbot.core.digests import DigestContent, Rendering
from trendbot.core.pictures import Chart, PictureForm
from trendbot.core.variants import select_for
from trendbot.core.vocabulary import ChannelKind
from trendbot.paths import bundled
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.transports.mime import MailAddress, build_mail

COUNT = int(os.environ.get("TRENDBOT_TEST_HOSTILE", "300"))
SHARDS = 10
RENDERER = Renderer(bundled("templates"))
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
CHOICES = ((), ("tools",), ("open-source", "trust"))


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_hostile_feed_makes_an_invalid_message(shard: int) -> None:
    for seed in range(shard, COUNT, SHARDS):
        content, sent = hostile_digest(seed)
        told = select_for(content, random.Random(seed).choice(CHOICES))
        for kind in ChannelKind if told else ():
            try:
                _harmless(render_edition(RENDERER, told, kind), told, sent)
            except Exception as error:
                raise AssertionError(f"digest {seed}, {kind}: {error}") from error


def _harmless(made: Rendering, content: DigestContent, sent: list[str]) -> None:
    """Judge an edition apart from the linters that let it through."""
    links = _links(made)
    texts = [*made.parts, made.text_body or "", made.subject or ""]
    assert not any(FORBIDDEN.search(unescape(text)) for text in texts)
    ours = {content.foot.page_url, content.foot.site_url}
    for link in links:
        assert link in ours or link in sent, f"nobody sent {link!r}"
        assert limits.safe_link(link), f"{link!r} leads a reader astray"
    assert not any(PLANTED in link for link in links)
    if made.chart:
        _one_picture(made.chart)
    if made.kind is ChannelKind.EMAIL:
        _one_mail(made)


def _links(made: Rendering) -> list[str]:
    if made.kind is ChannelKind.LINKEDIN:
        assert not limits.check_linkedin(made.parts[0])
        assert "urn:li" not in re.sub(r"\\.", "", made.parts[0]) or "@[" not in re.sub(r"\\.", "", made.parts[0])
        return []
    found = []
    for part in made.parts:
        tree = lxml.html.fromstring(f"<div>{part}</div>" if made.kind is ChannelKind.TELEGRAM else part)
        assert not tree.xpath("//script | //iframe | //form | //svg | //object | //*[@onload or @onclick or @onerror]")
        found += tree.xpath("//@href")
    return found


def _one_picture(chart: Chart) -> None:
    web = chart.form(PictureForm.WEB)
    assert web is not None
    tree = ElementTree.fromstring(web.data)
    assert not [each for each in tree.iter() if str(each.tag).endswith(("}script", "}a", "}foreignObject", "}image"))]
    assert not FORBIDDEN.search(chart.alt)


def _one_mail(made: Rendering) -> None:
    """Build the mail and read it back: its headers are ours and its parts two."""
    address = MailAddress(name="Digest", address="digest@trendbot.example")
    raw = build_mail(
        sender=address,
        recipient=address,
        subject=made.subject or "",
        text=made.text_body or "",
        markup=made.parts[0],
        sent_at=datetime(2026, 11, 15, tzinfo=UTC),
        key="e1.c1.p0",
        list_name="weekly",
    )
    mail = message_from_bytes(raw, policy=SMTP)
    assert mail["To"] == "Digest <digest@trendbot.example>"
    assert mail["Bcc"] is None
    assert mail["Subject"] == made.subject
    assert [part.get_content_type() for part in mail.walk()][1:] == ["text/plain", "text/html"]
    assert not any(len(line) > 998 for line in raw.split(b"\r\n"))
