"""One polite, bounded, conditional GET.

Redirects are followed by hand, so that every hop is judged, counted and remembered. What may happen with a stranger's
server is a value: `Changed`, `NotModified` or `Failed`; the reason of a failure is one plain clause for a person.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from trendbot.core.urls import host_of, http_url
from trendbot.errors import AddressRefusedError
from trendbot.fetch.guard import guarded_sockets

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.2"
)
ENCODINGS = "gzip, deflate, br, zstd"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
MAX_REDIRECTS = 5
KEPT_HEADERS = (
    "content-type", "content-language", "cache-control", "expires", "date", "age", "retry-after", "etag",
    "last-modified", "link",
)  # fmt: skip
_CHUNK = 65_536
_KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: enough for the next feed of the same host, not for a host a feed."""
_TENTH_MEGABYTE = 100_000
_GZIP = b"\x1f\x8b"
_STEPS = {401: "login is required", 403: "access is refused", 404: "no such page", 410: "gone for good"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What to ask: the validators are sent only to the address that gave them, `validated_url`."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    validated_url: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What all answers have in common.

    `url` is the address that answered. `moved_to` is where permanent redirects alone lead, "" where there was none.
    `headers` have lower-case names, those of `KEPT_HEADERS`. `received` counts the body's decoded bytes.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    moved_to: str = ""
    received: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed(Answer):
    """A body came. `partial`: the server sent only what is new (RFC 3229), so absence means nothing."""

    body: bytes
    partial: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NotModified(Answer):
    """The server confirmed that what we have is current."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed(Answer):
    """Nothing usable came; `status` is None where no server answered at all."""

    reason: str
    network: bool = False
    """The failure lies between us and the server: no name, no route, no connection."""


class _RefusedError(Exception):
    """Ends a request with its reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fetcher:
    """Asks feeds. Use as an async context manager; one for the whole program."""

    def __init__(
        self,
        *,
        user_agent: str,
        connections: int = 64,
        per_host: int = 2,
        connect_timeout: float = 10.0,
        timeout: float = 30.0,
        max_bytes: int = 10_000_000,
        allow_private: bool = False,
    ) -> None:
        """Prepare; nothing is opened yet. Times in seconds, `max_bytes` counts after decompression."""
        self.user_agent = user_agent
        self.connections, self.per_host = connections, per_host
        self.connect_timeout, self.timeout = connect_timeout, timeout
        self.max_bytes = max_bytes
        self.allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self.connections,
            limit_per_host=self.per_host,
            keepalive_timeout=_KEEP_ALIVE,
            socket_factory=guarded_sockets(allow_private=self.allow_private),
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.connect_timeout, connect=None),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            max_line_size=8_190,
            max_field_size=16_380,
        )

    async def fetch(self, request: Request) -> Answer:
        """Ask for `request.url` and return Changed, NotModified or Failed; raises nothing that a server can cause."""
        hops = _Hops(request.url)
        try:
            async with asyncio.timeout(self.timeout):
                return await self._follow(request, hops)
        except TimeoutError as error:
            reason, network = self._late(error, hops)
            return Failed(url=hops.url, status=hops.status, moved_to=hops.moved_to, reason=reason, network=network)
        except (aiohttp.ClientError, OSError, ValueError, _RefusedError) as error:
            reason, network = _explained(error, hops)
            return Failed(url=hops.url, status=hops.status, moved_to=hops.moved_to, reason=reason, network=network)

    def _late(self, error: TimeoutError, hops: _Hops) -> tuple[str, bool]:
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return f"could not be reached: no connection within {self.connect_timeout:g} s", hops.silent
        if hops.silent:
            return f"did not answer within {self.timeout:g} s", True
        return f"took longer than {self.timeout:g} s", False

    async def _follow(self, request: Request, hops: _Hops) -> Answer:
        while True:
            async with self._get(request, hops.url) as response:
                hops.answered(response.status)
                if response.status not in REDIRECTS or "location" not in response.headers:
                    return await self._take(response, hops)
                hops.turn(response.headers["location"])

    def _get(self, request: Request, url: str) -> aiohttp.client._RequestContextManager:
        if self._session is None:
            raise RuntimeError("the fetcher is used outside its `async with`")
        headers = {
            "User-Agent": request.user_agent or self.user_agent,
            "Accept": ACCEPT,
            "Accept-Encoding": ENCODINGS,
            "A-IM": "feed",
        }
        if url == (request.validated_url or request.url):
            headers |= {"If-None-Match": request.etag} if request.etag else {}
            headers |= {"If-Modified-Since": request.last_modified} if request.last_modified else {}
        return self._session.get(URL(url), headers=headers, allow_redirects=False)

    async def _take(self, response: aiohttp.ClientResponse, hops: _Hops) -> Answer:
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        if "link" in headers:  # often one header a link
            headers["link"] = ", ".join(response.headers.getall("link"))
        if response.status == HTTPStatus.NOT_MODIFIED:
            return NotModified(url=hops.url, status=304, headers=headers, moved_to=hops.moved_to)
        if response.status not in (200, 203, 226):
            said = _STEPS.get(response.status)
            reason = f"answered {response.status}" + (f" ({said})" if said else "")
            return Failed(url=hops.url, status=response.status, headers=headers, moved_to=hops.moved_to, reason=reason)
        body = await self._read(response)
        return Changed(
            url=hops.url,
            status=response.status,
            headers=headers,
            moved_to=hops.moved_to,
            received=len(body),
            body=body,
            partial=response.status == HTTPStatus.IM_USED,
        )

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self.max_bytes
        too_large = _RefusedError(f"is larger than {_megabytes(limit)}")
        coded = bool(response.headers.get("content-encoding"))
        if not coded and (response.content_length or 0) > limit:
            raise too_large
        pieces, size = [], 0
        async for piece in response.content.iter_chunked(_CHUNK):
            size += len(piece)
            if size > limit:
                raise too_large
            pieces.append(piece)
        body = b"".join(pieces)
        return _unpacked(body, limit) if body.startswith(_GZIP) else body


class _Hops:
    """The way of one request through redirects."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen = {url}
        self.moved_to = ""
        self.permanent = True
        self.status: int | None = None
        self.silent = True

    def answered(self, status: int) -> None:
        self.status, self.silent = status, False

    def turn(self, location: str) -> None:
        target = http_url(urljoin(self.url, location.strip()))
        if not target:
            raise _RefusedError("redirects to something that is no web address")
        if self.url.startswith("https:") and target.startswith("http:") and host_of(target) != host_of(self.url):
            raise _RefusedError("redirects from a secure address to an insecure one elsewhere")
        if target in self.seen:
            raise _RefusedError("redirects in a circle")
        if len(self.seen) > MAX_REDIRECTS:
            raise _RefusedError(f"redirects more than {MAX_REDIRECTS} times")
        self.permanent = self.permanent and self.status in PERMANENT
        self.url = target
        self.seen.add(target)
        if self.permanent:
            self.moved_to = target


def _unpacked(body: bytes, limit: int) -> bytes:
    """Decompress a body that is gzip although no header says so, within `limit`."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            plain = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _RefusedError("is compressed and damaged") from error
    if len(plain) > limit:
        raise _RefusedError(f"is larger than {_megabytes(limit)}")
    return plain


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:g} MB" if count >= _TENTH_MEGABYTE else f"{count} bytes"


def _explained(error: Exception, hops: _Hops) -> tuple[str, bool]:
    """Give the reason of a failure, and whether the network is to blame."""
    if isinstance(error, _RefusedError):
        return error.reason, False
    if _refused_address(error):
        return "is at a private address, which is not allowed", False
    for kind, reason, network in _REASONS:
        if isinstance(error, kind):
            return reason, network and hops.silent
    return f"could not be reached: {type(error).__name__}", hops.silent


def _refused_address(error: BaseException | None) -> bool:
    """Look for the guard's refusal in what the client made of it."""
    while error is not None:
        if isinstance(error, AddressRefusedError) or isinstance(getattr(error, "os_error", None), AddressRefusedError):
            return True
        if isinstance(error, BaseExceptionGroup) and any(_refused_address(inner) for inner in error.exceptions):
            return True
        error = error.__cause__ or error.__context__
    return False


_REASONS: tuple[tuple[type[Exception], str, bool], ...] = (
    (aiohttp.InvalidURL, "has an address that cannot be used", False),
    (aiohttp.ClientConnectorDNSError, "could not be reached: no such host", True),
    (aiohttp.ClientConnectorCertificateError, "could not be reached: its certificate is not valid", False),
    (ssl.SSLError, "could not be reached: no secure connection", False),
    (aiohttp.ClientSSLError, "could not be reached: no secure connection", False),
    (aiohttp.ServerDisconnectedError, "hung up without an answer", False),
    (aiohttp.ClientConnectorError, "could not be reached: connection refused", True),
    (aiohttp.ClientPayloadError, "broke off in the middle, or was compressed wrongly", False),
    (aiohttp.ClientResponseError, "answered something that is not HTTP", False),
    (ConnectionError, "hung up in the middle", False),
    (OSError, "could not be reached: the network refused", True),
    (ValueError, "has an address that cannot be used", False),
)
