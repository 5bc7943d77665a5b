"""The server itself: `async with linkedin_api() as api:`; `api.base_url` is what the transport is given.

It stands on its own clock (`api.now`). `api.posts` holds every post that was accepted, in order; `api.faults` are used
up one a call, and `api.fault_of` may name one for a call by its name (init, upload, post, edit, delete, token).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from tests.linkedin_api.little import read
from tests.linkedin_api.state import Fault, Kind, Post, Refused, Token

START = datetime(2026, 11, 15, 18, tzinfo=UTC)
WINDOW = timedelta(minutes=10)
CODE, CLIENT, SECRET = "one-time-code", "client-77", "app-secret-of-nobody"
PNG = b"\x89PNG"
_LENGTH = 3000
_FIELDS = {
    "author",
    "commentary",
    "visibility",
    "distribution",
    "lifecycleState",
    "isReshareDisabledByAuthor",
    "content",
}
Handler = Callable[[web.Request, bytes], Awaitable[web.Response]]


class LinkedinApi:
    """LinkedIn as far as we need it."""

    def __init__(self, *, versions: set[str] | None = None, quota: int = 150) -> None:
        self.now = START
        self.versions = versions if versions is not None else {"202608", "202609", "202610"}
        self.quota = quota
        self.tokens: dict[str, Token] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.grants_refresh = False
        self.codes: dict[str, tuple[str, frozenset[str]]] = {}
        self.posts: list[Post] = []
        self.images: dict[str, tuple[str, bytes | None]] = {}
        self.calls: Counter[str] = Counter()
        self.today: Counter[str] = Counter()
        self.faults: deque[Fault | None] = deque()
        self.fault_of: Callable[[str], Fault | None] = lambda _name: None
        self.base_url = ""
        self.number = 7_000_000

    # -- for tests -----------------------------------------------------------------------------------------------------

    def grant(self, *, person: str = "p1", pages: tuple[str, ...] = ("55",), days: int = 60, scopes: str = "") -> str:
        """Return a new token."""
        self.number += 1
        token = f"AQX-token-{self.number}-" + "x" * 40
        asked = frozenset((scopes or "openid profile w_member_social w_organization_social").split())
        self.tokens[token] = Token(
            person=person, scopes=asked, expires_at=self.now + timedelta(days=days), pages=frozenset(pages)
        )
        return token

    def alive(self) -> list[Post]:
        """Return the posts that are there."""
        return [post for post in self.posts if not post.deleted]

    # -- HTTP ----------------------------------------------------------------------------------------------------------

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        payload = await request.read()
        name, handler = self._route(request)
        self.calls[name] += 1
        fault = (self.faults.popleft() if self.faults else None) or self.fault_of(name)
        if fault is None:
            return await self._done(handler, request, payload)
        if fault.kind is Kind.ANSWER:
            return web.json_response(fault.body or {}, status=fault.status, headers=fault.headers)
        if fault.kind is Kind.BROKEN:
            return web.Response(status=500, text="oops")
        if fault.kind is not Kind.DROP_BEFORE:
            done = await self._done(handler, request, payload)
            if fault.kind is Kind.GARBAGE:
                return web.Response(status=502, text="<html>Bad Gateway</html>")
            if fault.kind is Kind.HANG:
                await asyncio.sleep(30)
                return done
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _done(self, handler: Handler, request: web.Request, payload: bytes) -> web.Response:
        try:
            return await handler(request, payload)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status)

    def _route(self, request: web.Request) -> tuple[str, Handler]:
        path, method = request.rel_url.raw_path, request.method
        fixed: dict[tuple[str, str], tuple[str, Handler]] = {
            ("POST", "/oauth/v2/accessToken"): ("token", self._token),
            ("GET", "/v2/userinfo"): ("userinfo", self._userinfo),
            ("POST", "/rest/images"): ("init", self._init),
            ("POST", "/rest/posts"): ("post", self._post),
        }
        if path.startswith("/upload/"):
            return "upload", self._upload
        if path.startswith("/rest/posts/"):
            return ("delete", self._delete) if method == "DELETE" else ("edit", self._edit)
        return fixed.get((method, path), ("unknown", self._unknown))

    async def _unknown(self, request: web.Request, _: bytes) -> web.Response:
        raise Refused(404, "RESOURCE_NOT_FOUND", f"No virtual resource found at {request.path}")

    # -- access --------------------------------------------------------------------------------------------------------

    def _bearer(self, request: web.Request) -> Token:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not given:
            raise Refused(401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token", serviceErrorCode=65604)
        token = self.tokens.get(given)
        if token is None:
            raise Refused(401, "INVALID_ACCESS_TOKEN", f"Invalid access token {given}", serviceErrorCode=65600)
        if token.revoked:
            raise Refused(401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked")
        if token.expires_at <= self.now:
            raise Refused(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired")
        return token

    def _versioned(self, request: web.Request) -> Token:
        token = self._bearer(request)
        version = request.headers.get("LinkedIn-Version")
        if not version:
            raise Refused(400, "VERSION_MISSING", "A version must be present")
        if version not in self.versions:
            raise Refused(426, "NONEXISTENT_VERSION", f"Requested version {version}01 is not active")
        if request.headers.get("X-Restli-Protocol-Version") != "2.0.0":
            raise Refused(400, "PROTOCOL_VERSION", "X-RestLi-Protocol-Version 2.0.0 is required")
        self._spend()
        return token

    def _spend(self) -> None:
        day = self.now.date().isoformat()
        self.today[day] += 1
        if self.today[day] > self.quota:
            raise Refused(429, "TOO_MANY_REQUESTS", "Resource level throttle limit for calls is reached")

    def _owner(self, token: Token, author: str) -> None:
        kind, _, number = author.rpartition(":")
        if author.count("urn:li:") != 1 or not number:
            raise Refused(400, "INVALID_URN_ID", f"Invalid urn {author}")
        if kind == "urn:li:organization" and "w_organization_social" not in token.scopes:
            raise Refused(400, "", "Organization permissions must be used when using organization as author")
        allowed = number in token.pages if kind == "urn:li:organization" else number == token.person
        if not allowed or not token.scopes & {"w_member_social", "w_organization_social"}:
            raise Refused(403, "ACCESS_DENIED", "Not enough permissions to access: posts.CREATE", serviceErrorCode=100)

    # -- images --------------------------------------------------------------------------------------------------------

    async def _init(self, request: web.Request, payload: bytes) -> web.Response:
        token = self._versioned(request)
        if request.query.get("action") != "initializeUpload":
            raise Refused(400, "PARAM_MISSING", "action")
        owner = json.loads(payload)["initializeUploadRequest"]["owner"]
        self._owner(token, owner)
        self.number += 1
        urn = f"urn:li:image:C4{self.number}"
        self.images[urn] = (owner, None)
        value = {"uploadUrl": f"{self.base_url}/upload/{urn}", "uploadUrlExpiresAt": 0, "image": urn}
        return web.json_response({"value": value})

    async def _upload(self, request: web.Request, payload: bytes) -> web.Response:
        self._bearer(request)
        urn = request.path.rpartition("/")[2]
        if request.method != "PUT" or "LinkedIn-Version" in request.headers or urn not in self.images:
            raise Refused(400, "BAD_UPLOAD", "an upload is a PUT without version headers")
        if not payload.startswith(PNG):
            raise Refused(400, "BAD_PICTURE", "no picture")
        self.images[urn] = (self.images[urn][0], payload)
        return web.Response(status=201)

    # -- posts ---------------------------------------------------------------------------------------------------------

    async def _post(self, request: web.Request, payload: bytes) -> web.Response:
        token = self._versioned(request)
        if request.headers.get("Content-Type") != "application/json":
            raise Refused(400, "CONTENT_TYPE", "JSON is required")
        body = json.loads(payload)
        self._judge(body)
        self._owner(token, body["author"])
        content = body.get("content", {})
        self._pictures(body["author"], content)
        twin = next((p for p in self.alive() if _same(p, body, content) and self.now - p.at < WINDOW), None)
        if twin is not None:
            errors = [{"code": "DUPLICATE_POST", "description": f"Duplicate post is detected: {twin.urn}"}]
            details = {"inputErrors": errors}
            raise Refused(422, "UNPROCESSABLE", f"Content is a duplicate of {twin.urn}", errorDetails=details)
        self.number += 1
        kind = "ugcPost" if content.get("media") else "share"
        post = Post(
            urn=f"urn:li:{kind}:{self.number}",
            author=body["author"],
            commentary=body["commentary"],
            seen=read(body["commentary"]),
            content=content,
            visibility=body["visibility"],
            at=self.now,
        )
        self.posts.append(post)
        return web.Response(status=201, headers={"x-restli-id": post.urn})

    def _judge(self, body: dict[str, Any]) -> None:
        if missing := {"author", "commentary", "visibility", "distribution", "lifecycleState"} - set(body):
            raise Refused(422, "MISSING_FIELD", f"{sorted(missing)} are required")
        if set(body) - _FIELDS or body["lifecycleState"] != "PUBLISHED":
            raise Refused(422, "INVALID_VALUE_FOR_FIELD", "a field is unknown or wrong")
        if "content" in body and not (isinstance(body["content"], dict) and len(body["content"]) == 1):
            raise Refused(422, "INVALID_CONTENT", "content holds exactly one kind")
        if len(body["commentary"].encode("utf-16-le")) // 2 > _LENGTH:
            raise Refused(422, "FIELD_LENGTH_TOO_LONG", "commentary")
        if body["author"].startswith("urn:li:organization:") and body["visibility"] != "PUBLIC":
            raise Refused(422, "INVALID_VALUE_FOR_FIELD", "pages post to everybody")

    def _pictures(self, author: str, content: dict[str, Any]) -> None:
        urns = [content.get("article", {}).get("thumbnail"), content.get("media", {}).get("id")]
        for urn in filter(None, urns):
            owner, data = self.images.get(urn, ("", None))
            if owner != author:
                raise Refused(403, "ACCESS_DENIED", "the picture is somebody else's")
            if data is None:
                raise Refused(400, "MEDIA_ASSET_WAITING_UPLOAD", "the picture was never uploaded")
        if "article" in content and not {"source", "title"} <= set(content["article"]):
            raise Refused(422, "MISSING_FIELD", "a card needs source and title")

    def _named(self, request: web.Request) -> Post:
        raw = request.rel_url.raw_path.removeprefix("/rest/posts/")
        if ":" in raw:
            raise Refused(400, "INVALID_URN_ID", "urns in paths are percent-encoded")
        post = next((post for post in self.posts if post.urn == unquote(raw)), None)
        if post is None or post.deleted:
            raise Refused(404, "NOT_FOUND", "no such post")
        return post

    async def _edit(self, request: web.Request, payload: bytes) -> web.Response:
        token = self._versioned(request)
        post = self._named(request)
        self._owner(token, post.author)
        patch = json.loads(payload)["patch"]["$set"]
        if request.headers.get("X-RestLi-Method") != "PARTIAL_UPDATE" or set(patch) != {"commentary"}:
            raise Refused(400, "BAD_PATCH", "only the commentary can be patched, by PARTIAL_UPDATE")
        post.commentary, post.seen = patch["commentary"], read(patch["commentary"])
        return web.Response(status=204)

    async def _delete(self, request: web.Request, _: bytes) -> web.Response:
        token = self._versioned(request)
        post = self._named(request)
        self._owner(token, post.author)
        post.deleted = True
        return web.Response(status=204)

    # -- consent -------------------------------------------------------------------------------------------------------

    async def _token(self, request: web.Request, payload: bytes) -> web.Response:
        form = dict(await request.post()) if not payload else _form(payload)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            raise _oauth("invalid_client")
        if form.get("grant_type") == "refresh_token":
            person = self.refresh_tokens.get(form.get("refresh_token", ""))
            if person is None:
                raise _oauth("invalid_request")
            return web.json_response({"access_token": self.grant(person=person), "expires_in": 5183999})
        asked = self.codes.pop(form.get("code", ""), None)
        if form.get("grant_type") != "authorization_code" or asked is None or asked[0] != form.get("redirect_uri"):
            raise _oauth("invalid_grant")
        token = self.grant(scopes=" ".join(asked[1]))
        more: dict[str, Any] = {}
        if self.grants_refresh:
            self.refresh_tokens["AQY-refresh-token"] = "p1"
            more = {"refresh_token": "AQY-refresh-token", "refresh_token_expires_in": 365 * 86400}
        scope = ",".join(sorted(asked[1]))
        return web.json_response({"access_token": token, "expires_in": 5183999, "scope": scope, **more})

    async def _userinfo(self, request: web.Request, _: bytes) -> web.Response:
        token = self._bearer(request)
        if not {"openid", "profile"} <= token.scopes:
            raise Refused(403, "ACCESS_DENIED", "Not enough permissions to access: userinfo.GET")
        return web.json_response({"sub": token.person, "name": "Nobody"})


def _form(payload: bytes) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(payload.decode()))


def _oauth(error: str) -> Refused:
    refused = Refused(400, "", error)
    refused.body = {"error": error, "error_description": "no"}
    return refused


def _same(post: Post, body: dict[str, Any], content: dict[str, Any]) -> bool:
    return (post.author, post.commentary, post.content) == (body["author"], body["commentary"], content)


@contextlib.asynccontextmanager
async def linkedin_api(api: LinkedinApi | None = None) -> AsyncIterator[LinkedinApi]:
    """Serve on a free port of the loopback."""
    api = api or LinkedinApi()
    app = web.Application(client_max_size=20_000_000)
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    api.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        await runner.cleanup()


@contextlib.contextmanager
def linkedin_api_in_a_thread(api: LinkedinApi | None = None) -> Iterator[LinkedinApi]:
    """Serve from a thread of its own, for tests that run the command line."""
    started: Future[tuple[LinkedinApi, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        async with linkedin_api(api) as served:
            over = asyncio.Event()
            started.set_result((served, asyncio.get_running_loop(), over))
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    served, loop, over = started.result(10)
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
