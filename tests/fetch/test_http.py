from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING

import brotli
import pytest
from aiohttp import web
from backports import zstd
from tests.serving import USER_AGENT, fetcher, item, rss, serving

from trendbot.fetch.http import Answer, Changed, Failed, Fetcher, NotModified, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DOCUMENT = rss(item(1), item(2))


async def ask(url: str, **options: object) -> Answer:
    async with fetcher(**options) as asking:
        return await asking.fetch(Request(url=url))


async def test_the_first_request_is_plain_and_honest() -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(body=DOCUMENT, headers={"Set-Cookie": "a=b", "ETag": 'W/"x y"', "Link": "<a>; rel=b"})

    async with serving(handler) as base, fetcher() as asking:
        first = await asking.fetch(Request(url=base + "/feed"))
        await asking.fetch(Request(url=base + "/feed"))
    assert isinstance(first, Changed)
    assert (first.body, first.status, first.url, first.received) == (DOCUMENT, 200, base + "/feed", len(DOCUMENT))
    assert first.headers["etag"] == 'W/"x y"'
    for request in seen:
        assert request.headers["User-Agent"] == USER_AGENT
        assert not {"Cookie", "Referer", "If-None-Match", "If-Modified-Since"} & set(request.headers)
        assert request.query_string == ""


async def test_validators_go_back_word_for_word_and_only_to_the_address_that_gave_them() -> None:
    seen: list[tuple[str, str | None, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")))
        if request.path == "/old":
            return web.Response(status=302, headers={"Location": "/new"})
        return web.Response(status=304, headers={"ETag": 'W/"2"'})

    async with serving(handler) as base, fetcher() as asking:
        etag, modified = 'W/"odd, \\value"', "sometime on Sunday"
        answer = await asking.fetch(
            Request(url=base + "/old", etag=etag, last_modified=modified, validated_url=base + "/new")
        )
    assert isinstance(answer, NotModified)
    assert answer.headers["etag"] == 'W/"2"'
    assert seen == [("/old", None, None), ("/new", etag, modified)]


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(DOCUMENT)),
        ("deflate", zlib.compress(DOCUMENT)),
        ("br", brotli.compress(DOCUMENT)),
        ("zstd", zstd.compress(DOCUMENT)),
        ("", gzip.compress(DOCUMENT)),  # some servers compress and do not say so
    ],
)
async def test_every_offered_coding_is_read(coding: str, packed: bytes) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert coding in request.headers["Accept-Encoding"]
        return web.Response(body=packed, headers={"Content-Encoding": coding} if coding else {})

    async with serving(handler) as base:
        answer = await ask(base)
    assert isinstance(answer, Changed)
    assert answer.body == DOCUMENT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", ""])
async def test_a_bomb_is_stopped_at_the_decoded_size(coding: str) -> None:
    plain = b"\0" * 30_000_000
    pack = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstd.compress,
        "": gzip.compress,
    }

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=pack[coding](plain), headers={"Content-Encoding": coding} if coding else {})

    async with serving(handler) as base:
        answer = await ask(base)
    assert isinstance(answer, Failed)
    assert answer.reason == "is larger than 10 MB"


async def test_a_large_body_is_refused_by_its_announcement_and_by_its_length() -> None:
    async def announced(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 2_001)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"<rss>" * 1_000)
        except (ConnectionError, asyncio.CancelledError):
            return response

    for handler in (announced, endless):
        async with serving(handler) as base:
            answer = await ask(base, max_bytes=2_000)
        assert isinstance(answer, Failed)
        assert answer.reason == "is larger than 2000 bytes"


async def test_a_dripping_body_ends_with_the_time_for_one_feed() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b".")
                await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.CancelledError):
            return response

    async with serving(drip) as base:
        answer = await ask(base, timeout=0.2)
    assert isinstance(answer, Failed)
    assert (answer.reason, answer.network) == ("took longer than 0.2 s", False)


async def test_a_silent_server_is_left() -> None:
    async def silent(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async with serving(silent) as base:
        answer = await ask(base, timeout=0.2)
    assert isinstance(answer, Failed)
    assert (answer.reason, answer.status, answer.network) == ("did not answer within 0.2 s", None, True)


async def _raw(answer: bytes) -> AsyncIterator[str]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "hung up without an answer"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "answered something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n", "answered something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<rss>", "broke off in the middle, or was compressed wrongly"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip.",
            "broke off in the middle, or was compressed wrongly",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\x1f\x8bjunk", "is compressed and damaged"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404 (no such page)"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "answered 500"),
        (b"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", "answered 301"),
    ],
)
async def test_broken_answers_become_one_clause(sent: bytes, reason: str) -> None:
    async for base in _raw(sent):
        answer = await ask(base)
        assert isinstance(answer, Failed)
        assert answer.reason == reason


async def test_redirects_are_followed_counted_and_remembered() -> None:
    async def handler(request: web.Request) -> web.Response:
        step = int(request.path.rpartition("/")[2])
        if step == 0:
            return web.Response(body=DOCUMENT)
        status = 302 if request.path.startswith("/mixed") and step == 1 else 301
        return web.Response(status=status, headers={"Location": f"{request.path.rpartition('/')[0]}/{step - 1}"})

    async with serving(handler) as base, fetcher() as asking:
        permanent = await asking.fetch(Request(url=base + "/all/3"))
        mixed = await asking.fetch(Request(url=base + "/mixed/3"))
        long = await asking.fetch(Request(url=base + "/all/9"))
    assert (permanent.url, permanent.moved_to) == (base + "/all/0", base + "/all/0")
    assert (mixed.url, mixed.moved_to) == (base + "/mixed/0", base + "/mixed/1")
    assert isinstance(long, Failed)
    assert long.reason == "redirects more than 5 times"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/there", "redirects in a circle"),
        ("ftp://site.example/feed", "redirects to something that is no web address"),
        ("file:///etc/passwd", "redirects to something that is no web address"),
        ("http://user:secret@site.example/", "redirects to something that is no web address"),
    ],
)
async def test_redirects_that_lead_nowhere_end_the_request(location: str, reason: str) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": location})

    async with serving(handler) as base:
        answer = await ask(base + "/here")
    assert isinstance(answer, Failed)
    assert answer.reason == reason


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::1]"])
async def test_loopback_is_refused_in_every_spelling_unless_allowed(host: str) -> None:
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=DOCUMENT)

    async with serving(handler) as base, Fetcher(user_agent=USER_AGENT) as asking:
        answer = await asking.fetch(Request(url=base.replace("127.0.0.1", host)))
    assert isinstance(answer, Failed)
    assert not asked
    assert "private address" in answer.reason or "cannot be used" in answer.reason or "no such host" in answer.reason


async def test_no_connection_is_the_networks_fault() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as base:
        pass  # nobody listens there any more
    answer = await ask(base)
    assert isinstance(answer, Failed)
    assert (answer.reason, answer.network) == ("could not be reached: connection refused", True)


async def test_a_feed_may_have_a_user_agent_of_its_own() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=request.headers["User-Agent"])

    async with serving(handler) as base, fetcher() as asking:
        answer = await asking.fetch(Request(url=base, user_agent="special/1"))
    assert isinstance(answer, Changed)
    assert answer.body == b"special/1"
