"""What each channel's templates are given: the content and the few texts a channel words in its own way."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from typing import Any

from trendbot.core import wording
from trendbot.core.digests import MORE, DigestContent, DigestItem
from trendbot.core.limits import plain_line, shorten
from trendbot.core.pictures import CHART_CID, DARK_CID, Chart

LINE = 159
POST_LINES = 5
POST_ADDRESS = 300
_ALSO = 12


def base(content: DigestContent) -> dict[str, Any]:
    """Return what every template knows."""
    return {
        "digest": content,
        "lead": content.lead,
        "foot": content.foot,
        "sample_note": wording.SAMPLE if content.sample else "",
        "reach_note": wording.reach_note(content.reach_days) if content.opening and not content.quiet else "",
        "rising_word": "Rising",
        "also": content.also[:_ALSO],
    }


def linkedin(content: DigestContent, *, card: bool, lines: int = POST_LINES - 1) -> dict[str, Any]:
    """Return the context of a post with so many `lines` of stories below the lead.

    `card`: the link goes into a card of its own, so the text needs none.
    """
    items = [*_by_turns(content), *content.also]
    opening = wording.since_text(content.lead) + content.lead.headline if content.lead else content.line
    return base(content) | {
        "hook": wording.hook(f"Sample: {opening}" if content.sample else opening),
        "lines": [post_line(item) for item in items[:lines]],
        "tags": wording.hashtags(_slugs(content)),
        "lead_url": _short_url(content.lead),
        "card": card,
    }


def _short_url(item: DigestItem | None) -> str:
    """Return the address of a story where it is short enough to stand in a post."""
    return item.lead.url if item and len(item.lead.url) <= POST_ADDRESS else ""


def _by_turns(content: DigestContent) -> list[DigestItem]:
    """Return the first story of each theme, then the second of each, and so on."""
    shelves = [section.items for section in content.sections]
    return [item for turn in zip_longest(*shelves) for item in turn if item is not None]


def post_line(item: DigestItem) -> str:
    """Return a story in one line of under 160 characters: its headline and who says so."""
    source = shorten(plain_line(item.lead.source, 60), 40)
    return f"{shorten(wording.since_text(item) + item.headline, LINE - len(source) - 3)} ({source})"


def mail(content: DigestContent, chart: Chart | None = None) -> dict[str, Any]:
    """Return the context of a mail."""
    headline = content.lead.headline if content.lead else content.title
    subject = wording.subject(f"Sample: {headline}" if content.sample else headline, content.title)
    pictures = {"alt": chart.alt, "cid": CHART_CID, "dark_cid": DARK_CID} if chart else None
    return base(content) | {
        "subject_line": subject,
        "preheader": f"No. {content.number}. {content.line}",
        "chart": pictures,
    }


def shorter(content: DigestContent) -> DigestContent | None:
    """Return a digest without its last stories, about an eighth of them; None where the lead alone is left.

    First go those that are told by their headline only, then the last ones under the longest headings.
    """
    less = 1 + len(content.items()) // 8
    shown = content.also[:_ALSO]
    if shown:
        return replace(content, also=shown[: max(0, len(shown) - less)])
    sections = [list(section.items) for section in content.sections]
    if not any(sections):
        return None
    for _ in range(less):
        max(sections, key=len)[-1:] = []
    kept = zip(content.sections, sections, strict=True)
    return replace(content, sections=tuple(replace(each, items=tuple(items)) for each, items in kept if items))


def _slugs(content: DigestContent) -> list[str]:
    """Return the themes of the day: those of its sections, of the lead, then of the stories."""
    sections = [section.slug for section in content.sections if section.slug != MORE]
    stories = [slug for section in content.sections for item in section.items for slug in item.themes[:1]]
    return [*sections, *(content.lead.themes if content.lead else ()), *stories]
