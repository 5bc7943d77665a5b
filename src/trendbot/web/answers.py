"""Answers: a page from a template, JSON, a redirect; what errors look like."""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from trendbot.core import links
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import StoreError
from trendbot.store.subscribers import personal_channel
from trendbot.web.assets import assets
from trendbot.web.site import Site

PUBLIC, PRIVATE = "public, max-age=60", "no-store"
_ERRORS = {
    400: ("This cannot be read", "What your browser sent could not be read. Go back and try again."),
    404: ("There is no such page", "It may have moved. The archive has every digest; the search finds stories."),
    405: ("That cannot be done here", "Use the buttons of the page."),
    410: ("This link has ended", "Links in mail are good for a time, or until you unsubscribe. Ask for a new one."),
    500: ("Something went wrong here", "It is written down and will be looked at. Try again in a while."),
    503: ("The archive rests for a moment", "The database does not answer. Try again in a minute."),
}


class Gone(Exception):  # noqa: N818  (an outcome, not a fault)
    """A signed link that is not good, or not any more."""


class Missing(Exception):  # noqa: N818
    """There is no such page."""


def page(
    site: Site,
    request: Request,
    name: str,
    *,
    status: int = 200,
    public: bool = True,
    modified: datetime | None = None,
    **context: Any,
) -> Response:
    """Return a page; a `public` one may be kept by anybody, `modified` is when what it shows was last changed."""
    text = site.app.renderer.render(f"web/{name}.html.j2", frame(site, request) | {"public": public} | context)
    headers = {"cache-control": PUBLIC if public and status == 200 else PRIVATE}  # noqa: PLR2004
    if modified is not None:
        headers["last-modified"] = format_datetime(modified, usegmt=True)
    return Response(text, status_code=status, media_type="text/html; charset=utf-8", headers=headers)


def frame(site: Site, request: Request) -> dict[str, Any]:
    """Return what every template knows."""
    return {
        "brand": site.brand,
        "root": site.root,
        "site_url": site.url,
        "here": request.url.path.removeprefix(site.root) or "/",
        "to": To(site.root),
        "full": To(site.url),
        "style": f"{site.root}/assets/{assets(site.app.renderer).style_name}",
        "script": f"{site.root}/assets/{assets(site.app.renderer).script_name}",
        "postal_address": site.policy.postal_address,
        "sample": site.app.sample,
        "still": site.still,
        "mail": takes_mail(site),
        "bot_url": links.chat(site.bot) if site.bot else "",
        "picture": "",
        "Cadence": Cadence,
    }


def takes_mail(site: Site) -> bool:
    """Tell whether people can subscribe by mail: there is a list that they can join, and a way to ask them."""
    if site.still or site.ask is None:
        return False
    try:
        return site.app.database.read(personal_channel, ChannelKind.EMAIL) is not None
    except StoreError:  # a page that says so must be shown all the same
        return False


class To:
    """The addresses of pages, for templates: below the root, or in full."""

    def __init__(self, site: str) -> None:
        self._site = site

    def digest(self, line: Any) -> str:
        """Return the address of a digest, its line in a list, or its content."""
        return links.digest(self._site, line.cadence, line.slot)

    def story(self, story_id: int) -> str:
        """Return the address of a story."""
        return links.story(self._site, story_id)

    def theme(self, slug: str) -> str:
        """Return the address of a theme."""
        return links.theme(self._site, slug)

    def chart(self, digest_id: int, key: str, form: str, ending: str = "svg") -> str:
        """Return the address of a digest's chart."""
        return links.picture(self._site, digest_id, key, form, ending)


def as_json(tree: Any, *, status: int = 200, media_type: str = "application/json", public: bool = True) -> Response:
    """Return values that JSON knows; anybody's page may read public ones."""
    headers = {"cache-control": PUBLIC if public and status == 200 else PRIVATE}  # noqa: PLR2004
    headers |= {"access-control-allow-origin": "*"} if public else {}
    body = json.dumps(tree, ensure_ascii=False, default=_plain, separators=(",", ":"))
    return Response(body.encode(), status_code=status, media_type=media_type, headers=headers)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def see(site: Site, path: str) -> Response:
    """Send a browser on after a form, by a GET."""
    return Response(status_code=303, headers={"location": site.root + path, "cache-control": PRIVATE})


def moved(path: str) -> Response:
    """Send anybody on for good."""
    return Response(status_code=301, headers={"location": path, "cache-control": PUBLIC})


def failure(site: Site, request: Request, status: int) -> Response:
    """Return the page, or the JSON, that says what went wrong and what to do."""
    title, advice = _ERRORS.get(status, _ERRORS[500] if status >= 500 else _ERRORS[400])  # noqa: PLR2004
    if request.url.path.startswith(f"{site.root}/api/"):
        return as_json({"error": title, "advice": advice}, status=status)
    return page(site, request, "error", status=status, public=False, title=title, advice=advice, status_code=status)
