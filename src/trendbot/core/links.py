"""The addresses of the public pages: one place that says where everything lives, for mail, bot, feeds and the web app.

Each function takes the site's address as an operator wrote it (with or without a slash at its end; empty for a path
alone). Personal pages carry a signed token of ``core/tokens.py``.
"""

from __future__ import annotations

from trendbot.core.tokens import Purpose
from trendbot.core.vocabulary import Cadence

PERSONAL = {
    Purpose.CONFIRM: "/confirm/{token}",
    Purpose.PREFERENCES: "/preferences/{token}",
    Purpose.UNSUBSCRIBE: "/u/{token}",
    Purpose.FEED: "/feed/{token}.atom",
}
"""Where a token of each purpose leads; an unsubscribe address answers the one-click POST of RFC 8058."""


def personal(site: str, purpose: Purpose, token: str) -> str:
    """Return the address of a personal page."""
    return _base(site) + PERSONAL[purpose].format(token=token)


def digest(site: str, cadence: Cadence, slot: str) -> str:
    """Return the address of a digest's page: its web version."""
    return f"{_base(site)}/digests/{cadence}/{slot}"


def story(site: str, story_id: int) -> str:
    """Return the address of a story's page."""
    return f"{_base(site)}/stories/{story_id}"


def theme(site: str, slug: str) -> str:
    """Return the address of a theme's page."""
    return f"{_base(site)}/themes/{slug}"


def picture(site: str, digest_id: int, key: str, form: str, ending: str) -> str:
    """Return the address of a digest's chart in one form (``card``, ``web``, ``web-dark``)."""
    return f"{_base(site)}/charts/{digest_id}/{key}/{form}.{ending}"


def chat(bot: str, payload: str = "") -> str:
    """Return the deep link that opens a talk with a bot; `payload` is what it is started with."""
    name = bot.removeprefix("@")
    return f"https://t.me/{name}" + (f"?start={payload}" if payload else "")


def _base(site: str) -> str:
    return site.rstrip("/")
