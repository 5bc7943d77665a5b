"""What machines ask: health, figures, robots, the sitemap, style and script, Telegram's webhook."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response

from trendbot.core import links
from trendbot.errors import StoreError
from trendbot.pipeline.linkedin_account import health
from trendbot.store import archive
from trendbot.store.migrate import check
from trendbot.web.answers import PUBLIC, Missing
from trendbot.web.assets import assets
from trendbot.web.site import Site

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MOST = 20_000
_FOREVER = "public, max-age=31536000, immutable"
_PERSONAL = ("/confirm/", "/preferences/", "/u/", "/feed/", "/search", "/subscribe/asked")


def alive(_site: Site, _request: Request) -> Response:
    """Say that the process answers."""
    return Response("ok\n", media_type="text/plain", headers={"cache-control": "no-store"})


def ready(site: Site, request: Request) -> Response:
    """Say whether pages can be made: the database answers, is of this program's version, and we are not to end.

    One's own network is also told how LinkedIn's account stands: it keeps no page from being made.
    """
    try:
        check(site.app.database)
    except StoreError as error:
        return _unready(type(error).__name__)
    if site.ending is not None and site.ending.is_set():
        return _unready("it ends")
    words = f"ready\n{_linkedin(site)}" if _near(request) else "ready\n"
    return Response(words, media_type="text/plain", headers={"cache-control": "no-store"})


def _linkedin(site: Site) -> str:
    """Return a line on LinkedIn's account, or nothing where nobody posts there."""
    found = site.app.database.read(health, site.app.clock())
    if found is None:
        return ""
    state = f"connected, {found.days_left} days left" if found.connected else "not connected"
    if found.dead:
        state = "dead: its token is refused"
    closed = f", {found.closed} channels closed" if found.closed else ""
    return f"linkedin: {state}{closed}\n"


def _unready(why: str) -> Response:
    words = f"not ready: {why}\n"
    return Response(words, status_code=503, media_type="text/plain", headers={"cache-control": "no-store"})


def figures(site: Site, request: Request) -> Response:
    """Return the figures for Prometheus, to callers of one's own network only."""
    if not _near(request):
        raise Missing
    now = site.app.clock()
    text = site.metrics.text(site.app.database.read(archive.standing, now=now), site.app.database.read(health, now))
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return Response(text, headers={"content-type": kind, "cache-control": "no-store"})


def _near(request: Request) -> bool:
    """Say whether the caller is on this machine or in a private network, and came without a proxy in between."""
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    return (address.is_loopback or address.is_private) and "x-forwarded-for" not in request.headers


def robots(site: Site, _request: Request) -> Response:
    """Ask crawlers to leave personal pages and the search alone."""
    lines = ["User-agent: *", *(f"Disallow: {site.root}{path}" for path in _PERSONAL), "",
             f"Sitemap: {site.url}/sitemap.xml", ""]  # fmt: skip
    return Response("\n".join(lines), media_type="text/plain; charset=utf-8", headers={"cache-control": PUBLIC})


def sitemap(site: Site, _request: Request) -> Response:
    """List every public page with the day of its last change."""
    root = ET.Element("urlset", {"xmlns": _SITEMAP})
    lines = site.app.database.read(archive.list_lines, limit=_MOST)
    themes = site.app.database.read(archive.theme_lines, until=site.now().date(), days=1)
    for path in ("/", "/archive", "/themes", "/trends", "/about"):
        _page(root, site.url + path)
    for line in lines:
        _page(root, links.digest(site.url, line.cadence, line.slot), line.frozen_at.date().isoformat())
    for theme in themes:
        _page(root, links.theme(site.url, theme.slug))
    for number, at in site.app.database.read(archive.told_stories, limit=_MOST):
        _page(root, links.story(site.url, number), at.date().isoformat())
    data = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(data, media_type="application/xml", headers={"cache-control": PUBLIC})


def _page(root: ET.Element, address: str, changed: str = "") -> None:
    page = ET.SubElement(root, "url")
    ET.SubElement(page, "loc").text = address
    if changed:
        ET.SubElement(page, "lastmod").text = changed


def asset(site: Site, request: Request) -> Response:
    """Return the style or the script, which may be kept for ever: their names change with them."""
    found, name = assets(site.app.renderer), request.path_params["name"]
    if name == found.style_name:
        return Response(found.style, media_type="text/css; charset=utf-8", headers={"cache-control": _FOREVER})
    if name == found.script_name:
        return Response(found.script, media_type="text/javascript; charset=utf-8", headers={"cache-control": _FOREVER})
    raise Missing


def icon(site: Site, _request: Request) -> Response:
    """Return the sign in the browser's tab."""
    text = site.app.renderer.render("web/icon.svg.j2", {})
    return Response(text, media_type="image/svg+xml", headers={"cache-control": "public, max-age=86400"})


async def webhook(site: Site, request: Request) -> Response:
    """Take an update from Telegram, which proves itself by the secret token."""
    if site.webhook is None:
        raise Missing
    given = request.headers.get("x-telegram-bot-api-secret-token")
    status = await site.webhook(request.scope.get("trendbot.body", b""), given)
    return Response(status_code=HTTPStatus(status), headers={"cache-control": "no-store"})
