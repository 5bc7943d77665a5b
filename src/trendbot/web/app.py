"""Which address leads where: ``create_app(site)`` is the ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trendbot.errors import NotFoundError, StoreError
from trendbot.logs import get_logger
from trendbot.web import api, cards, feeds, machines, people, reading
from trendbot.web.answers import Gone, Missing, failure
from trendbot.web.front import WEBHOOK, Front
from trendbot.web.site import Site

log = get_logger(__name__)

Endpoint = Callable[[Site, Request], Response]

READ: dict[str, Endpoint] = {
    "/": reading.front,
    "/archive": reading.archive_page,
    "/archive/{month}": reading.archive_page,
    "/digests/{cadence}/{slot}": reading.digest_page,
    "/charts/{digest}/{key}/{file}": reading.chart,
    "/cards/digests/{cadence}/{slot}.png": cards.of_digest,
    "/cards/stories/{story}.png": cards.of_story,
    "/cards/themes/{slug}.png": cards.of_theme,
    "/cards/trends.png": cards.of_trends,
    "/cards/site.png": cards.of_site,
    "/stories/{story}": reading.story_page,
    "/themes": reading.themes_page,
    "/themes/{slug}": reading.theme_page,
    "/trends": reading.trends_page,
    "/about": reading.about,
    "/feed.atom": feeds.everything,
    "/feed.json": feeds.everything,
    "/themes/{slug}/feed.atom": feeds.of_theme,
    "/themes/{slug}/feed.json": feeds.of_theme,
    "/assets/{name}": machines.asset,
    "/icon.svg": machines.icon,
    "/robots.txt": machines.robots,
    "/sitemap.xml": machines.sitemap,
}
"""What only reads and knows nobody: also what a copy in files is made of."""
LIVE: dict[str, Endpoint] = {
    "/search": reading.search_page,
    "/api/v1/openapi.json": api.openapi,
    "/api/v1/digests": api.list_digests,
    "/api/v1/digests/{cadence}/{slot}": api.get_digest,
    "/api/v1/stories": api.list_stories,
    "/api/v1/stories/{story}": api.get_story,
    "/api/v1/themes": api.list_themes,
    "/api/v1/trends": api.list_trends,
    "/api/v1/search": api.search,
    "/healthz": machines.alive,
    "/readyz": machines.ready,
    "/metrics": machines.figures,
    "/feed/{token}.atom": feeds.personal,
    "/feed/{token}.json": feeds.personal,
    "/subscribe": people.subscribe_form,
    "/subscribe/asked": people.asked,
    "/confirm/{token}": people.confirm_form,
    "/preferences/{token}": people.preferences_form,
    "/preferences/{token}/data.json": people.take_along,
    "/u/{token}": people.unsubscribe_form,
}
CHANGE: dict[str, Endpoint] = {
    "/subscribe": people.subscribe,
    "/confirm/{token}": people.confirm,
    "/preferences/{token}": people.preferences,
    "/preferences/{token}/erase": people.erase,
    "/u/{token}": people.unsubscribe,
}
"""What changes something: by POST alone."""


def create_app(site: Site) -> Front:
    """Return the application of a site; the home's secret is made here where there is none, and by no GET."""
    _ = site.key  # reading it makes it
    reads = READ if site.still else READ | LIVE
    routes = [Route(site.root + path, _endpoint(site, each), methods=["GET"]) for path, each in reads.items()]
    if not site.still:
        routes += [Route(site.root + path, _endpoint(site, each), methods=["POST"]) for path, each in CHANGE.items()]
        routes.append(Route(site.root + WEBHOOK, _hook(site), methods=["POST"]))
    handlers: dict[int | type[Exception], Callable[[Request, Exception], Response | Awaitable[Response]]] = {
        Gone: lambda request, _: failure(site, request, 410),
        Missing: lambda request, _: failure(site, request, 404),
        NotFoundError: lambda request, _: failure(site, request, 404),
        StoreError: lambda request, error: _busy(site, request, error),
        HTTPException: lambda request, error: failure(site, request, getattr(error, "status_code", 500)),
        Exception: lambda request, _: failure(site, request, 500),
    }
    return Front(Starlette(routes=routes, exception_handlers=handlers), site)


def _busy(site: Site, request: Request, error: Exception) -> Response:
    log.error("store_refused", exc_info=error)
    return failure(site, request, 503)


def _endpoint(site: Site, endpoint: Endpoint) -> Callable[[Request], Response]:
    return partial(endpoint, site)


def _hook(site: Site) -> Callable[[Request], Awaitable[Response]]:
    @wraps(machines.webhook)
    async def webhook(request: Request) -> Response:
        return await machines.webhook(site, request)

    return webhook
