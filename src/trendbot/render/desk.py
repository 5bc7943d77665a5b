"""The page that an editor looks at before a digest goes: three channels side by side as they will look.

One file that needs nothing else: mail stands in frames that hold their own text, pictures are in the page. Each channel
is shown light and dark; the mail's own rules for dark paper are switched on or off by hand, since one browser has one
preference.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from trendbot.core import limits
from trendbot.core.digests import DigestContent, Rendering
from trendbot.core.pictures import CHART_CID, DARK_CID, Chart, PictureForm
from trendbot.core.vocabulary import ChannelKind
from trendbot.render.environment import Renderer

DESK = "preview/desk.html.j2"
_PREFERS = "(prefers-color-scheme: dark)"
SCHEMES = ("light", "dark")


@dataclass(frozen=True, kw_only=True, slots=True)
class PostCard:
    """The link that a post shows as its card, as LinkedIn is given it."""

    url: str
    title: str
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A channel's edition, or why there is none; of a post also its `card`, and whether the chart stands alone."""

    kind: ChannelKind
    rendering: Rendering | None
    problem: str | None
    card: PostCard | None = None
    as_picture: bool = False


def render_desk(renderer: Renderer, content: DigestContent, columns: Sequence[Column], *, note: str) -> str:
    """Return the page; `note` says how things stand with the digest.

    Raises:
        RenderError: the template is wrong.

    """
    edited = [item for _, item in content.items() if item.edited is not None]
    context = {
        "title": content.title,
        "line": content.line,
        "note": note,
        "brand": content.brand,
        "facts": f"{len(content.items())} stories, {content.foot.minutes} min",
        "edited": [(item.headline, item.edited) for item in edited],
        "schemes": [(scheme, [_column(each, scheme) for each in columns]) for scheme in SCHEMES],
    }
    return renderer.render(DESK, context)


def _column(column: Column, scheme: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": column.kind.value, "problem": column.problem, "lengths": []}
    if column.rendering is None:
        return shown
    make = {ChannelKind.LINKEDIN: _post, ChannelKind.TELEGRAM: _chat, ChannelKind.EMAIL: _mail}[column.kind]
    return shown | make(column.rendering, scheme, column)


def _length(name: str, value: int, limit: int) -> dict[str, Any]:
    return {"name": name, "value": value, "limit": limit, "share": min(100, round(100 * value / limit))}


def _post(rendering: Rendering, scheme: str, column: Column) -> dict[str, Any]:
    seen = limits.read_little(rendering.parts[0]).strip("\n")
    phone, desktop = limits.FOLD_PHONE, limits.FOLD_DESKTOP
    shown = _picture(rendering.chart, PictureForm.CARD, scheme)
    lengths = [
        _length("visible", limits.utf16_length(seen), limits.LINKEDIN_VISIBLE),
        _length("sent", limits.utf16_length(rendering.parts[0]), limits.LINKEDIN_ESCAPED),
        _length("first line", limits.utf16_length(seen.split("\n")[0]), phone),
    ]
    pieces = {"before": seen[:phone], "between": seen[phone:desktop], "after": seen[desktop:]}
    card = column.card if not (column.as_picture and shown) else None
    return {
        "lengths": lengths,
        "post": pieces,
        "card": card,
        "host": (urlsplit(card.url).hostname or "").removeprefix("www.") if card else "",
        "picture": shown if card or column.as_picture else None,
    }


def _chat(rendering: Rendering, scheme: str, _: Column) -> dict[str, Any]:
    messages, lengths = [], []
    for number, part in enumerate(rendering.parts, start=1):
        read = limits.read_telegram(part)
        # The linter holds a message to the few tags that Telegram knows and to safe addresses.
        messages.append(Markup(part) if not read.problems else read.text)  # noqa: S704
        lengths += [
            _length(f"message {number}", limits.utf16_length(read.text), limits.TELEGRAM_UNITS),
            _length("entities", read.entities, limits.TELEGRAM_ENTITIES),
        ]
    return {"lengths": lengths, "chat": messages, "picture": _picture(rendering.chart, PictureForm.CARD, scheme)}


def _mail(rendering: Rendering, scheme: str, _: Column) -> dict[str, Any]:
    subject, markup = rendering.subject or "", rendering.parts[0]
    lengths = [
        _length("bytes", len(markup.encode()), limits.MAIL_BYTES),
        _length("subject", len(subject), limits.MAIL_SUBJECT),
    ]
    return {"lengths": lengths, "subject": subject, "page": _on_paper(markup, rendering.chart, scheme)}


def _on_paper(markup: str, chart: Chart | None, scheme: str) -> str:
    """Return a mail as it looks on light or dark paper, its pictures in the text."""
    page = markup.replace(_PREFERS, "all" if scheme == "dark" else "not all")
    for cid, form in ((DARK_CID, PictureForm.MAIL_DARK), (CHART_CID, PictureForm.MAIL)):
        page = page.replace(f"cid:{cid}", _data(chart, form))
    return page


def _picture(chart: Chart | None, form: PictureForm, scheme: str) -> dict[str, str] | None:  # noqa: ARG001
    address = _data(chart, form)
    return {"address": address, "alt": chart.alt} if chart is not None and address else None


def _data(chart: Chart | None, form: PictureForm) -> str:
    picture = chart.form(form) if chart is not None else None
    if picture is None:
        return ""
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"
