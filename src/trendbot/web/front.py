"""The front door: what holds for every answer, whatever it is.

    request ─▶ body within bounds ─▶ kept answer, or the endpoint's ─▶ 304, gzip ─▶ security headers ─▶ answer

Public pages are kept as bytes until something changed in the database (asked at most once a second) or a minute is
over. Nothing personal is ever kept: what may be says so by ``Cache-Control: public``.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trendbot.errors import StoreError
from trendbot.logs import get_logger
from trendbot.store.archive import generation
from trendbot.web.site import Site

log = get_logger(__name__)

BODY_BYTES, UPDATE_BYTES = 64_000, 2_000_000
"""The largest body of a form, and of an update from Telegram."""
WEBHOOK = "/telegram/webhook"
_BODY_SECONDS = 15.0
_KEEP_SECONDS, _ASK_SECONDS = 60.0, 1.0
_MOST_KEPT, _MOST_KEPT_BYTES = 512, 32_000_000
_WORTH_PACKING = 800
_PACKED = (b"text/", b"application/json", b"application/atom", b"application/feed", b"image/svg")
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Answer:
    """An answer as the endpoint made it; `kept_at` and `mark` are when, and for which state of the database."""

    status: int = 500
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    endpoint: str = "unknown"
    etag: bytes = b""
    modified: bytes = b""
    public: bool = False
    kept_at: float = 0.0
    mark: Any = None
    _packed: bytes | None = None

    def header(self, name: bytes) -> bytes:
        """Return a header's value, or nothing."""
        return next((value for key, value in self.headers if key == name), b"")

    def packed(self) -> bytes:
        """Return the body as gzip, made once."""
        if self._packed is None:
            self._packed = gzip.compress(self.body, compresslevel=6, mtime=0)
        return self._packed

    @property
    def packs(self) -> bool:
        """Whether packing is worth it."""
        return len(self.body) >= _WORTH_PACKING and self.header(b"content-type").startswith(_PACKED)


class Front:
    """The application that a server runs; wraps the routes."""

    def __init__(self, routes: ASGIApp, site: Site) -> None:
        self._routes, self._site = routes, site
        self._kept: OrderedDict[tuple[str, bytes], Answer] = OrderedDict()
        self._bytes = 0
        self._mark: Any = None
        self._asked_at = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._routes(scope, receive, send)
            return
        given = dict(scope["headers"])
        if scope["method"] in ("GET", "HEAD"):
            answer = await self._read(scope, receive)
        else:
            answer = await self._changed(scope, receive, given)
        await _send(answer, scope, given, send, secure=self._site.url.startswith("https:"))

    async def _read(self, scope: Scope, receive: Receive) -> Answer:
        key = (scope["path"], scope["query_string"])
        mark, at = await self._current(), time.monotonic()
        kept = self._kept.get(key)
        if kept is not None and kept.mark == mark and at - kept.kept_at < _KEEP_SECONDS:
            self._site.metrics.note(kept.endpoint, kept.status, None)
            return kept
        answer = await self._made({**scope, "method": "GET"}, receive)
        if answer.status == 200 and answer.public:  # noqa: PLR2004
            answer.kept_at, answer.mark = at, mark
            self._keep(key, answer)
        return answer

    async def _changed(self, scope: Scope, receive: Receive, given: dict[bytes, bytes]) -> Answer:
        limit = UPDATE_BYTES if scope["path"] == self._site.root + WEBHOOK else BODY_BYTES
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body(receive, given, limit)
        except TimeoutError:
            return _short(408, b"The request took too long.")
        if body is None:
            return _short(413, b"That is too much: forms hold up to 64 kB.")
        return await self._made({**scope, "trendbot.body": body}, receive)

    async def _made(self, scope: Scope, receive: Receive) -> Answer:
        """Let the routes make the answer; whatever they raise is logged, without the address, which may be personal."""
        answer, began = Answer(), time.monotonic()

        async def take(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            elif message["type"] == "http.response.body":
                answer.body += message.get("body", b"")

        try:
            await self._routes(scope, receive, take)
        except Exception:
            log.exception("answer_failed", endpoint=_endpoint(scope))
        answer.endpoint = _endpoint(scope)
        answer.public = answer.header(b"cache-control").startswith(b"public")
        answer.modified = answer.header(b"last-modified")
        if answer.public:
            answer.etag = b'W/"' + hashlib.sha256(answer.body).hexdigest()[:24].encode() + b'"'
        self._site.metrics.note(answer.endpoint, answer.status, time.monotonic() - began)
        return answer

    def _keep(self, key: tuple[str, bytes], answer: Answer) -> None:
        old = self._kept.pop(key, None)
        self._bytes += len(answer.body) - (len(old.body) if old else 0)
        self._kept[key] = answer
        while len(self._kept) > _MOST_KEPT or self._bytes > _MOST_KEPT_BYTES:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped.body)

    async def _current(self) -> Any:
        """Return what the database's state is called, asked at most once a second; None where it does not answer."""
        at = time.monotonic()
        if at - self._asked_at >= _ASK_SECONDS:
            self._asked_at = at
            try:
                self._mark = await run_in_threadpool(self._site.app.database.read, generation)
            except StoreError:
                log.exception("database_not_read")
                self._mark = None
        return self._mark


async def _body(receive: Receive, given: dict[bytes, bytes], limit: int) -> bytes | None:
    """Read a request's body; None where it is larger than `limit`."""
    said = given.get(b"content-length", b"0")
    if not said.isdigit() or int(said[:12]) > limit:
        return None
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            return None
        if not message.get("more_body", False):
            return b"".join(chunks)


def _endpoint(scope: Scope) -> str:
    endpoint = scope.get("endpoint")
    return str(getattr(getattr(endpoint, "func", endpoint), "__name__", "unknown"))


def _short(status: int, words: bytes) -> Answer:
    return Answer(status=status, headers=[(b"content-type", b"text/plain; charset=utf-8")], body=words)


async def _send(answer: Answer, scope: Scope, given: dict[bytes, bytes], send: Send, *, secure: bool) -> None:
    body, headers, status = answer.body, [*answer.headers, *_guards(answer, secure=secure)], answer.status
    if answer.public:
        headers += [(b"etag", answer.etag), (b"vary", b"accept-encoding")]
    if answer.public and status == 200 and _known(answer, given):  # noqa: PLR2004
        status, body = 304, b""
    elif answer.packs and b"gzip" in given.get(b"accept-encoding", b""):
        body = answer.packed()
        headers.append((b"content-encoding", b"gzip"))
    headers = [(name, value) for name, value in headers if name != b"content-length"]
    if status != 304:  # noqa: PLR2004
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _known(answer: Answer, given: dict[bytes, bytes]) -> bool:
    """Say whether the caller has the answer already: by its tag, or where it names none, by its date."""
    tags = given.get(b"if-none-match")
    if tags is not None:
        bare = answer.etag.removeprefix(b"W/")
        return any(tag.strip().removeprefix(b"W/") in (bare, b"*") for tag in tags.split(b","))
    since = given.get(b"if-modified-since")
    if since is None or not answer.modified:
        return False
    try:
        return parsedate_to_datetime(answer.modified.decode()) <= parsedate_to_datetime(since.decode("ascii"))
    except (ValueError, TypeError):
        return False


def _guards(answer: Answer, *, secure: bool) -> Headers:
    """Return what keeps a browser from doing harm with an answer."""
    picture = answer.header(b"content-type").startswith(b"image/svg")
    shared = picture or answer.header(b"content-type").startswith(b"image/")
    return [
        (b"content-security-policy", (_PICTURE_POLICY if picture else _POLICY).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"strict-origin-when-cross-origin" if answer.public else b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"cross-origin" if shared else b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
        *([(b"strict-transport-security", b"max-age=31536000")] if secure else []),
    ]
