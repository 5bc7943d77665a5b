"""Random digests of hostile text, made fast: what strangers could write, through the same edge as in composing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.botapi import TOKEN
from tests.contents import full, item

from trendbot.core import wording
from trendbot.core.digests import DigestContent, DigestEntry, DigestItem, DigestRise, DigestSection, Sentence
from trendbot.core.limits import one_line, safe_link
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.paths import bundled
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer
from trendbot.transports.base import Message
from trendbot.transports.telegram import TelegramTransport

if TYPE_CHECKING:
    from tests.botapi import BotApi

FRAGMENTS = (
    "<b>", "</b>", "</a>", "<script>alert(1)</script>", "<p>", "<br/>", "<", ">", "&", "&amp;", "&nbsp;", "&#x27;",
    "&lt;b&gt;", "&#0;", "&#xD800;", "&bogus;", '"', "'", "`", "*", "_", "[x](y)", "{{ 7*7 }}", "{% raw %}",
    "\f", "\x00",
    "\x1b[31m", "\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "👩‍👩‍👧‍👦", "🇩🇪", "😀" * 40, "e" + "\u0301" * 30,
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "العربية", "עברית", "中文字符", "a" * 300, "https://x.example/?a=1&b=<2>", "tg://user?id=1", "@everyone", "/start",
    "<!--", "-->", "<![CDATA[", "]]>", "<?php", "%00", "\\", "\u2028", "\u2029", "\r\n", "\t", " " * 50, "<tg-emoji>",
    "<blockquote expandable>", "</blockquote>", "<pre>", "\ue000", "\U000e0001", "\uffff",
)  # fmt: skip
ADDRESSES = (
    "https://h.example/a?b=1&c=\"2\"", "https://h.example/<script>", "javascript:alert(1)", "mailto:a@b.example",
    "http://localhost/x", "https://h.example/ü", "https://h.example/%22%3E", "https://user@h.example/", "//h.example",
    "https://h.example/'onclick='x", "https://h.example/" + "a" * 1900, "https://h.example/a b", "ftp://h.example", "",
    "https://h.example/)]}*_~`", "https://[::1]/", "https://h.example:99999/", "https://h.example/?q=&amp;lt;",
)  # fmt: skip


class Hostile:
    """Draws texts and digests from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def text(self) -> str:
        """Return words, fragments and any characters at all."""
        chance = self.chance
        pieces = []
        for _ in range(chance.randint(0, 12)):
            kind = chance.random()
            if kind < 0.5:
                pieces.append(chance.choice(FRAGMENTS))
            elif kind < 0.8:
                pieces.append(chance.choice(("model", "Weights", "12%", "GPU", "price", "of", "the")))
            else:
                pieces.append("".join(chr(chance.choice(_BLOCKS) + chance.randint(0, 127)) for _ in range(9)))
        return chance.choice((" ", "")).join(pieces)

    def entry(self) -> DigestEntry:
        """Return a source with an address."""
        address = safe_link(self.chance.choice(ADDRESSES)) or ""
        return DigestEntry(entry_id=1, source=one_line(self.text(), 60) or "-", url=address)

    def story(self, sentences: int) -> DigestItem:
        """Return a story."""
        return item(
            self.chance.randint(1, 99),
            one_line(self.text()) or "-",
            lead=self.entry(),
            sentences=tuple(self.sentence() for _ in range(self.chance.randint(0, sentences))),
            reports=self.chance.randint(1, 60),
            publishers=self.chance.randint(1, 60),
            others=tuple(self.entry() for _ in range(self.chance.randint(0, 3))),
            themes=("tools",),
            update=self.chance.random() < 0.2,
        )

    def sentence(self) -> Sentence:
        """Return a quoted sentence."""
        text, source = one_line(self.text(), 400) or "-", one_line(self.text(), 60) or "-"
        return Sentence(text=text, entry_id=1, source=source, start=0, end=1)

    def digest(self) -> DigestContent:
        """Return a digest, now and then a huge one."""
        chance = self.chance
        most = 12 if chance.random() < 0.3 else 4
        lead = self.story(3) if chance.random() < 0.95 else None
        sections = tuple(
            DigestSection(
                slug="tools",
                title=one_line(self.text(), 80) or "-",
                items=tuple(self.story(1) for _ in range(chance.randint(1, most))),
            )
            for _ in range(chance.randint(0, 8) if lead else 0)
        )
        rising = tuple(self.rise() for _ in range(chance.randint(0, 3)))
        return full(
            lead=lead,
            sections=sections,
            rising=rising,
            rising_note="" if rising else wording.NOTHING_ROSE,
            also=tuple(self.story(0) for _ in range(chance.randint(0, 8) if lead else 0)),
            sample=chance.random() < 0.2,
            opening=chance.random() < 0.2,
            quiet=lead is None,
        )

    def rise(self) -> DigestRise:
        """Return something that rose."""
        return DigestRise(
            name=one_line(self.text(), 80) or "-", kind="term", slug=None, current=self.chance.uniform(0, 1e6),
            usual=self.chance.uniform(0, 1e6), low=None, high=None, window_days=7, as_of="2026-11-15", score=3.0,
        )  # fmt: skip


_BLOCKS = (
    0x00,
    0x80,
    0x300,
    0x600,
    0x900,
    0xE00,
    0x1100,
    0x2000,
    0x2600,
    0x3000,
    0xD800,
    0xFE00,
    0x1F600,
    0x1D400,
    0xE0000,
)


def messages(digests: int, *, seed: int = 1) -> Iterator[Message]:
    """Render so many digests; yield every message of theirs, each to a chat of its own."""
    hostile, renderer, chat = Hostile(seed), Renderer(bundled("templates")), 0
    for number in range(1, digests + 1):
        content = hostile.digest()
        rendering = render_edition(renderer, content, ChannelKind.TELEGRAM)
        for part, body in enumerate(rendering.parts):
            chat += 1
            yield Message(
                key=f"e{number}.c1.s{chat}.p{part}",
                kind=ChannelKind.TELEGRAM,
                address=str(chat),
                cadence=Cadence.DAILY,
                slot=content.slot,
                number=number,
                title=content.title,
                part=part,
                parts=len(rendering.parts),
                body=body,
                text=None,
                subject=None,
                composed_at=datetime(2026, 11, 15, 18, tzinfo=UTC),
            )


async def send_all(api: BotApi, wanted: Iterable[Message]) -> int:
    """Send messages one after the other; return how many."""
    telegram = TelegramTransport(token=TOKEN, base_url=api.base_url)
    count = 0
    try:
        for message in wanted:
            await telegram.send(message)
            count += 1
    finally:
        await telegram.close()
    return count
