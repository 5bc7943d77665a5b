"""The webhook against a receiver on loopback: what it posts, how it is signed, what it makes of answers."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from tests.documented import blocks
from tests.serving import serving

from trendbot.clock import frozen_clock
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ChannelError, RecipientError, TransportError
from trendbot.fetch.guard import guarded_sockets
from trendbot.transports.base import Message, Setup
from trendbot.transports.webhook import WebhookTransport, make, signature

NOW = datetime(2026, 11, 15, 7, tzinfo=UTC)
MESSAGE = Message(
    key="e1.c2.p0",
    kind=ChannelKind.EMAIL,
    address="",
    cadence=Cadence.DAILY,
    slot="2026-11-15",
    number=3,
    title="trendbot daily, no. 3",
    part=0,
    parts=1,
    body="<p>Grüße</p>",
    text="Grüße",
    subject="Today",
    composed_at=NOW,
    content={"line": "A day"},
)


def setup(*, private: bool = True, now: datetime = NOW, **options: Any) -> Setup:
    return Setup(
        options=options,
        user_agent="trendbot/0.1 (+https://trendbot.example/bot)",
        clock=frozen_clock(now),
        sockets=guarded_sockets(allow_private=private),
        secret=lambda purpose: purpose.encode().ljust(32, b".")[-32:],
    )


@dataclass
class Receiver:
    """Takes posts, and answers as it is told."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    silent: bool = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.taken.append((dict(request.headers), await request.read()))
        if self.silent:
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=self.status, headers=self.headers)

    def message(self) -> Message:
        return replace(MESSAGE, address=f"{self.url}/in")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    async with serving(found.answer) as url:
        found.url = url
        yield found


@pytest.fixture
async def webhook() -> AsyncIterator[WebhookTransport]:
    transport = make(setup())
    assert isinstance(transport, WebhookTransport)
    yield transport
    await transport.close()


async def test_it_posts_the_edition_and_all_that_the_digest_says(receiver: Receiver, webhook: WebhookTransport) -> None:
    receipt = await webhook.send(receiver.message())
    assert receipt.external_id == MESSAGE.key
    ((headers, body),) = receiver.taken
    told = json.loads(body)
    assert headers["webhook-id"] == told["id"] == MESSAGE.key
    assert told["type"] == "digest"
    assert told["content"] == {"line": "A day"}
    assert told["digest"]["composed_at"] == "2026-11-15T07:00:00+00:00"
    assert told["edition"] == {
        "kind": "email", "part": 1, "parts": 1, "subject": "Today", "body": "<p>Grüße</p>", "text": "Grüße",
    }  # fmt: skip


async def test_the_page_s_receiver_knows_it_as_genuine_and_nothing_else(receiver: Receiver) -> None:
    webhook = WebhookTransport(setup(now=datetime.fromtimestamp(time.time(), UTC)))
    message = receiver.message()
    await webhook.send(message)
    await webhook.close()
    ((headers, body),) = receiver.taken
    names: dict[str, Any] = {}
    exec(blocks("extending.md", "python")[0], names)  # noqa: S102  (the page's own words)
    genuine = names["is_genuine"]
    secret = webhook.secret_for(message.address)
    assert genuine(secret, headers, body)
    assert not genuine(secret, headers, body + b" ")
    assert not genuine(secret, headers | {"webhook-id": "e2"}, body)
    assert not genuine(webhook.secret_for(replace(message, address="https://b").address), headers, body)
    old = str(int(headers["webhook-timestamp"]) - 3600)
    assert not genuine(secret, headers | {"webhook-timestamp": old}, body)


def test_the_signature_is_that_of_the_standard() -> None:
    # secret, message, time and signature of the reference implementation's own test
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "kind", "permanent"),
    [
        (302, ChannelError, False),
        (400, TransportError, True),
        (401, ChannelError, False),
        (404, ChannelError, False),
        (410, RecipientError, True),
        (422, TransportError, True),
        (429, TransportError, False),
        (500, TransportError, False),
        (503, TransportError, False),
    ],
)
async def test_what_a_refusal_means(
    receiver: Receiver, webhook: WebhookTransport, status: int, kind: type[TransportError], permanent: bool
) -> None:
    receiver.status = status
    with pytest.raises(TransportError) as caught:
        await webhook.send(receiver.message())
    assert type(caught.value) is kind
    assert caught.value.permanent is permanent
    assert caught.value.outcome_known
    assert len(receiver.taken) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), ("Sun, 15 Nov 2026 07:02:00 GMT", 120.0), ("999999", 3600.0), ("soon", None), ("-4", None)],
)
async def test_how_long_the_receiver_wants_to_be_left_alone(
    receiver: Receiver, webhook: WebhookTransport, header: str, seconds: float | None
) -> None:
    receiver.status, receiver.headers = 503, {"Retry-After": header}
    with pytest.raises(TransportError) as caught:
        await webhook.send(receiver.message())
    assert caught.value.retry_after == seconds


async def test_a_redirect_is_not_followed(receiver: Receiver, webhook: WebhookTransport) -> None:
    receiver.status, receiver.headers = 307, {"Location": f"{receiver.url}/elsewhere"}
    with pytest.raises(ChannelError, match="it has moved"):
        await webhook.send(receiver.message())
    assert len(receiver.taken) == 1


async def test_an_answer_that_was_lost_is_in_doubt(receiver: Receiver, webhook: WebhookTransport) -> None:
    receiver.silent = True
    with pytest.raises(TransportError) as caught:
        await webhook.send(receiver.message())
    assert not caught.value.outcome_known


async def test_no_answer_in_time_is_in_doubt() -> None:
    held = asyncio.Event()

    async def hold(_: web.Request) -> web.StreamResponse:
        await held.wait()
        return web.Response()

    webhook = WebhookTransport(setup(timeout=0.05))
    async with serving(hold) as url:
        receiver = Receiver(url=url)
        with pytest.raises(TransportError) as caught:
            await webhook.send(receiver.message())
        held.set()
    await webhook.close()
    assert not caught.value.outcome_known


async def test_nobody_there_is_tried_again(webhook: WebhookTransport) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        receiver = Receiver(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(TransportError) as caught:
            await webhook.send(receiver.message())
    assert caught.value.outcome_known
    assert not caught.value.permanent


async def test_a_private_address_is_refused_unless_allowed(receiver: Receiver) -> None:
    webhook = WebhookTransport(setup(private=False))
    with pytest.raises(ChannelError, match="the address is private"):
        await webhook.send(receiver.message())
    await webhook.close()
    assert receiver.taken == []


@pytest.mark.parametrize("address", ["", "nonsense", "ftp://site.example/", "http://[::1"])
async def test_what_is_no_address_closes_the_channel(webhook: WebhookTransport, address: str) -> None:
    with pytest.raises(ChannelError):
        await webhook.send(replace(MESSAGE, address=address))


async def test_a_check_posts_nothing(receiver: Receiver, webhook: WebhookTransport) -> None:
    receiver.status = 405
    assert await webhook.check(f"{receiver.url}/in") == "a server answers (405)"
    assert receiver.taken[0][1] == b""
