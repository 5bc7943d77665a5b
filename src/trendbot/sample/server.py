"""A web server on loopback that publishes the sample week as of any instant, the way a decent one would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from aiohttp import web

from trendbot.sample.documents import document, opml

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from trendbot.sample.documents import Document
    from trendbot.sample.week import SampleWeek

LOGIN_PAGE = "<!doctype html><html><head><title>Log in</title></head><body><h1>Members only</h1></body></html>"
MAX_AGE = 600  # seconds that a served feed calls itself fresh


class SampleServer:
    """Serve the week on a free loopback port, as of an instant that `set_now` moves; an async context manager.

    Feeds answer conditional requests (ETag, Last-Modified, 304); the dead one answers 410, the login page 200.
    """

    def __init__(self, week: SampleWeek) -> None:
        self.week = week
        self._now = week.moments[0]
        self._feeds = {feed.slug: feed for feed in week.feeds}
        app = web.Application()
        app.add_routes([web.get("/feeds.opml", self._opml), web.get("/f/{slug}", self._feed)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Return the server's address, without a slash at the end; only while it runs."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    @property
    def opml_url(self) -> str:
        """Return the address of the list of feeds."""
        return f"{self.url}/feeds.opml"

    def set_now(self, at: datetime) -> None:
        """Publish everything as of `at` (aware) from now on.

        Raises:
            ValueError: `at` carries no time zone.

        """
        if at.tzinfo is None:
            raise ValueError(f"the sample week needs an aware instant, got {at.isoformat()}")
        self._now = at

    async def _opml(self, _request: web.Request) -> web.Response:
        return web.Response(text=opml(self.week, self.url), content_type="text/x-opml")

    async def _feed(self, request: web.Request) -> web.Response:
        feed = self._feeds.get(request.match_info["slug"])
        if feed is None:
            raise web.HTTPNotFound
        if feed.login:
            return web.Response(text=LOGIN_PAGE, content_type="text/html")
        if not feed.live:
            return web.Response(status=feed.status, text="This feed is gone.\n")
        return _answer(request, document(feed, at=self._now))


def _answer(request: web.Request, served: Document) -> web.Response:
    """Answer with the document, or with 304 where the client has it already (RFC 9110, 13.2.2)."""
    response = web.Response(headers={"Cache-Control": f"max-age={MAX_AGE}"})
    response.etag, response.last_modified = served.etag, served.modified
    if _has(request, served):
        response.set_status(web.HTTPNotModified.status_code)
        return response
    response.content_type, response.charset, response.body = served.media_type, "utf-8", served.body
    return response


def _has(request: web.Request, served: Document) -> bool:
    known = request.if_none_match
    if known is not None:
        return any(tag.value in (served.etag, "*") for tag in known)
    since = request.if_modified_since
    return since is not None and served.modified <= since
