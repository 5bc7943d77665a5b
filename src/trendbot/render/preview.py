"""One page for a person: the newest editions side by side as they will look, with their lengths and the fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from trendbot.core import limits
from trendbot.core.vocabulary import ChannelKind
from trendbot.render.environment import Renderer

PREVIEW = "preview/index.html.j2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A message as it was delivered; `files` are addresses relative to the page, `alt` describes its picture."""

    kind: ChannelKind
    title: str
    subject: str | None
    body: str
    text: str
    files: tuple[str, ...]
    alt: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """An earlier digest: its title, and its files as addresses relative to the page."""

    title: str
    files: tuple[str, ...]


def render_preview(renderer: Renderer, messages: Sequence[Shown], earlier: Sequence[Earlier] = ()) -> str:
    """Return the page: the newest editions in full, the `earlier` digests as a list of links.

    Raises:
        RenderError: the template is wrong.

    """
    context = {
        "posts": [_post(each) for each in messages if each.kind is ChannelKind.LINKEDIN],
        "chats": [_chat(each) for each in messages if each.kind is ChannelKind.TELEGRAM],
        "mails": [_mail(each) for each in messages if each.kind is ChannelKind.EMAIL],
        "earlier": earlier,
        "limit": {"chat": limits.TELEGRAM_UNITS, "post": limits.LINKEDIN_ESCAPED, "mail": limits.MAIL_BYTES},
    }
    return renderer.render(PREVIEW, context)


def _post(message: Shown) -> dict[str, Any]:
    phone, desktop = limits.FOLD_PHONE, limits.FOLD_DESKTOP
    text = message.text.strip("\n")
    return {
        "title": message.title,
        "files": message.files,
        "picture": next((file for file in message.files if file.endswith(".png")), ""),
        "alt": message.alt,
        "units": limits.utf16_length(text),
        "before": text[:phone],
        "between": text[phone:desktop],
        "after": text[desktop:],
    }


def _chat(message: Shown) -> dict[str, Any]:
    read = limits.read_telegram(message.body)
    # The linter has held the message to the few tags that Telegram knows and to safe addresses.
    markup = Markup(message.body) if not read.problems else read.text  # noqa: S704
    return {
        "title": message.title,
        "files": message.files,
        "units": limits.utf16_length(read.text),
        "entities": read.entities,
        "markup": markup,
    }


def _mail(message: Shown) -> dict[str, Any]:
    return {
        "title": message.title,
        "files": message.files,
        "subject": message.subject or "",
        "bytes": len(message.body.encode()),
        "page": next((file for file in message.files if file.endswith(".html")), ""),
    }
