"""The server: aiosmtpd, with a script for every address, a record of what arrived and of what no server should see."""

# ruff: noqa: N802  (the names are those that aiosmtpd calls)
from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import warnings
from collections import Counter, defaultdict, deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session, syntax

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

LONGEST = 1000
"""Octets of a line with its end."""


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A mail that was taken (answered with 250, or the way back was cut after it was taken)."""

    sender: str
    recipient: str
    content: bytes
    connection: int


@dataclass(frozen=True, kw_only=True)
class Script:
    """What happens to one try of one address: answers that are no yes, by step, or the step at which we hang up.

    Steps: ``rcpt``, ``data`` (the command), ``content`` (in the midst of it), ``dot`` (taken, not answered).
    """

    mail: str = ""
    rcpt: str = ""
    dot: str = ""
    hang_up: str = ""


@dataclass
class Sink:
    """What the server does and what it saw. Without a script an address gets everything."""

    scripts: dict[str, deque[Script]] = field(default_factory=lambda: defaultdict(deque))
    always: dict[str, Script] = field(default_factory=dict)
    arrived: list[Arrived] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    connections: int = 0
    hang_up_at_once: int = 0
    """So many connections are cut before the greeting."""
    hang_up_at_mail: int = 0
    """So many mails are cut off at MAIL FROM, before it is known who they are to."""
    greeting: str = ""
    most_mails: int = 0
    """After so many mails on one connection it says 421; 0 sets no bound."""
    user: str = ""
    password: str = ""
    port: int = 0
    hold: asyncio.Event | None = None
    """Where set: no content is answered before the event."""
    open_now: int = 0
    open_most: int = 0
    logins: Counter[str] = field(default_factory=Counter)

    def script(self, address: str, *steps: Script) -> None:
        """Let the next tries of an address go like this, one after another; then they are taken."""
        self.scripts[address].extend(steps)

    def next_for(self, address: str) -> Script:
        """Return how this try goes."""
        waiting = self.scripts.get(address)
        return waiting.popleft() if waiting else self.always.get(address, Script())

    def got(self, address: str) -> list[Arrived]:
        """Return what arrived for an address."""
        return [each for each in self.arrived if each.recipient == address]


class _Server(SMTP):
    """Hangs up where the script says so."""

    def __init__(self, sink: Sink, **options: Any) -> None:
        self.sink = sink
        self.number = 0
        self.mails = 0
        self.now = Script()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__(_Handler(self), hostname="sink.example", **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.number:
            self.sink.connections += 1
            self.sink.open_now += 1
            self.sink.open_most = max(self.sink.open_most, self.sink.open_now)
            self.number = self.sink.connections
        if self.sink.hang_up_at_once:
            self.sink.hang_up_at_once -= 1
            transport.abort()  # type: ignore[attr-defined]
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.sink.open_now -= 1
        with contextlib.suppress(Exception):
            super().connection_lost(error)

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        if self.now.hang_up == "data":
            self.cut()
            return
        if self.now.hang_up == "content":
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await self._reader.readline()
            self.cut()
            return
        await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, server: _Server) -> None:
        self.server = server

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        sink = self.server.sink
        if sink.most_mails and self.server.mails >= sink.most_mails:
            return "421 4.7.0 enough on this connection"
        if sink.hang_up_at_mail:
            sink.hang_up_at_mail -= 1
            self.server.cut()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        script = self.server.now = self.server.sink.next_for(address)
        if script.hang_up == "rcpt":
            self.server.cut()
            return "250 OK"
        if script.rcpt:
            return script.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        sink, script = self.server.sink, self.server.now
        self.server.mails += 1
        if sink.hold is not None:
            await sink.hold.wait()
        if script.dot:
            return script.dot
        content = envelope.original_content or b""
        self._look(content, envelope)
        sink.arrived.append(
            Arrived(
                sender=envelope.mail_from or "",
                recipient=envelope.rcpt_tos[0],
                content=content,
                connection=self.server.number,
            )
        )
        if script.hang_up == "dot":
            self.server.cut()
        return f"250 2.0.0 taken as {len(sink.arrived)}"

    def _look(self, content: bytes, envelope: Envelope) -> None:
        """Note what a mail should not be."""
        wrong = self.server.sink.wrong
        if len(envelope.rcpt_tos) != 1:
            wrong.append("not one recipient")
        if any(len(line) + 2 > LONGEST for line in content.split(b"\r\n")):
            wrong.append("a line too long")
        if b"\n" in content.replace(b"\r\n", b"") or b"\r" in content.replace(b"\r\n", b""):
            wrong.append("a bare CR or LF")
        if not content.isascii():
            wrong.append("bytes that are not ASCII")


@contextlib.asynccontextmanager
async def smtp_server(
    sink: Sink | None = None, *, tls: ssl.SSLContext | None = None, at_once_tls: bool = False
) -> AsyncIterator[Sink]:
    """Run a server on a free port of loopback; `tls` offers STARTTLS, or is spoken `at_once_tls`."""
    sink = sink or Sink()
    loop = asyncio.get_running_loop()
    options: dict[str, Any] = {"enable_SMTPUTF8": False, "data_size_limit": 10_000_000, "ident": "sink"}
    if tls is not None and not at_once_tls:
        options["tls_context"] = tls
    if sink.user:

        def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
            name = data.login.decode()
            sink.logins[name] += 1
            good = (name, data.password.decode()) == (sink.user, sink.password)
            return AuthResult(success=good, handled=False)

        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls is not None}
        if at_once_tls:
            options["auth_require_tls"] = False
    server = await loop.create_server(
        lambda: _Server(sink, **options), "127.0.0.1", 0, ssl=tls if at_once_tls else None
    )
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await server.wait_closed()


@contextlib.contextmanager
def smtp_server_in_a_thread(sink: Sink | None = None) -> Iterator[Sink]:
    """Run a server on a thread of its own, for callers that have no event loop."""
    found: Future[Sink] = Future()
    ended = threading.Event()

    async def serving() -> None:
        async with smtp_server(sink) as running:
            found.set_result(running)
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serving()), daemon=True)
    thread.start()
    try:
        yield found.result(timeout=10)
    finally:
        ended.set()
        thread.join(timeout=10)
