"""Connections to a mail server: opened when first needed, used for some tens of mails, renewed, closed when idle.

A mail is given over in its own bytes, and it is always known how far it came: up to the server's go-ahead nothing was
sent; once the content is on its way only an answer says what became of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import aiosmtplib

from trendbot.core.mailing import Stage
from trendbot.errors import ChannelError, TransportError, UnreachableError
from trendbot.transports.email_replies import Refusal, one_line
from trendbot.transports.email_server import MailServer

MAILS, IDLE = 50, 30.0
"""Mails that a connection carries before it is renewed, and seconds for which it may idle."""
BEFORE = 12.0
"""Seconds in all until the server wants the content: less than a send may take, so it is known that nothing went."""
_QUIT = 2.0
_GO_AHEAD, _DONE, _CLOSING = 354, 250, 421
_PERMANENT = 500


class Line:
    """One connection, which carries one mail at a time."""

    def __init__(self, server: MailServer, trust: ssl.SSLContext | None) -> None:
        self._server, self._trust = server, trust
        self._smtp: aiosmtplib.SMTP | None = None
        self._mails, self._used, self._until = 0, 0.0, 0.0

    def until(self, instant: float) -> Line:
        """Let the next mail have so long to its content, in the loop's time."""
        self._until = instant
        return self

    async def carry(self, sender: str, recipient: str, raw: bytes) -> str:
        """Give a mail over; return what the server answered.

        Raises:
            Refusal: the server said no.
            UnreachableError: there is no way to the server.
            ChannelError: it does not let us in.
            TransportError: the talk broke off; `outcome_known` says whether the mail may have been taken.

        """
        try:
            async with asyncio.timeout_at(self._until):
                smtp = await self._to_the_content(sender, recipient, len(raw))
        except TimeoutError as error:
            raise self._too_slow() from error
        return await self._content(smtp, raw)

    async def probe(self, sender: str, recipient: str) -> None:
        """Ask whether the server would take a mail, where there is a recipient; always greet and log in.

        Raises:
            Refusal: it would not.
            TransportError: see `carry`.

        """
        try:
            async with asyncio.timeout_at(self._until):
                smtp = await self._opened()
                if recipient:
                    await self._envelope(smtp, sender, recipient, 0)
                    await smtp.rset()
        except TimeoutError as error:
            raise self._too_slow() from error
        except aiosmtplib.SMTPException as error:
            self.drop()
            raise UnreachableError(f"the talk with the mail server broke off: {one_line(str(error))}") from error

    async def close(self) -> None:
        """Say goodbye and close."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            if smtp.is_connected:
                await smtp.quit(timeout=_QUIT)
        smtp.close()

    def drop(self) -> None:
        """Close without a word: what the server would answer next belongs to nothing."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    def _too_slow(self) -> TransportError:
        """Say that time ran out before the content: while a connection was made, or in talk on one."""
        talking = self._smtp is not None
        self.drop()
        said = f"{self._server.host} was too slow; nothing was sent"
        return TransportError(said, permanent=False, pauses=()) if talking else UnreachableError(said)

    # -- up to the content ---------------------------------------------------------------------------------------------

    async def _to_the_content(self, sender: str, recipient: str, size: int) -> aiosmtplib.SMTP:
        """Bring a mail as far as the server's go-ahead; a connection that died while it idled is opened again."""
        smtp = await self._ready()
        for again in (True, False):
            try:
                await self._envelope(smtp, sender, recipient, size)
                await _said(smtp, Stage.CONTENT, b"DATA", good=(_GO_AHEAD,))
            except TimeoutError:
                raise
            except (aiosmtplib.SMTPException, OSError) as error:
                self.drop()
                if not again or not self._mails:
                    raise _hung_up() from error
                smtp = await self._opened()
            except Refusal:
                await self._start_over(smtp)
                raise
            else:
                return smtp
        raise AssertionError  # the loop returns or raises

    async def _envelope(self, smtp: aiosmtplib.SMTP, sender: str, recipient: str, size: int) -> None:
        sized = (f"SIZE={size}".encode(),) if size and smtp.supports_extension("size") else ()
        await _said(smtp, Stage.SENDER, b"MAIL", f"FROM:<{sender}>".encode("ascii"), *sized)
        await _said(smtp, Stage.RECIPIENT, b"RCPT", f"TO:<{recipient}>".encode("ascii"), good=(_DONE, 251))

    async def _start_over(self, smtp: aiosmtplib.SMTP) -> None:
        """Leave nothing of a refused mail behind, on a connection that goes on."""
        try:
            if not smtp.is_connected:
                self.drop()
                return
            await smtp.rset()
            self._used = asyncio.get_running_loop().time()
        except (aiosmtplib.SMTPException, OSError):
            self.drop()  # whatever the server thinks of it, the answer is known

    async def _ready(self) -> aiosmtplib.SMTP:
        fresh = asyncio.get_running_loop().time() - self._used < IDLE
        if self._smtp is not None and self._smtp.is_connected and self._mails < MAILS and fresh:
            return self._smtp
        await self.close()
        return await self._opened()

    async def _opened(self) -> aiosmtplib.SMTP:
        """Open a connection, sealed and logged in as the server is to be spoken to."""
        server = self._server
        smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._trust,
            username=server.user or None,
            password=server.password or None,
            local_hostname=server.hello,
            timeout=BEFORE,
        )
        try:
            await smtp.connect()
            if smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            smtp.close()
            raise _shut_out(server, error) from error
        self._smtp, self._mails, self._used = smtp, 0, asyncio.get_running_loop().time()
        return smtp

    # -- the content ---------------------------------------------------------------------------------------------------

    async def _content(self, smtp: aiosmtplib.SMTP, raw: bytes) -> str:
        """Send the content and wait for the answer; from here on only that says whether the mail was taken."""
        protocol = smtp.protocol
        if protocol is None or not protocol.is_connected:
            self.drop()
            raise _hung_up()
        try:
            protocol.write(_stuffed(raw) + b".\r\n")
            answer = await protocol.read_response()
        except (aiosmtplib.SMTPException, OSError) as error:
            self.drop()
            raise TransportError(
                f"no answer after the content: {one_line(str(error))}", permanent=False, outcome_known=False
            ) from error
        except BaseException:  # cancelled: the answer that comes later must meet no other mail
            self.drop()
            raise
        self._mails += 1
        self._used = asyncio.get_running_loop().time()
        if answer.code == _CLOSING:
            self.drop()
        if answer.code // 100 != _DONE // 100:
            raise Refusal(Stage.CONTENT, answer.code, answer.message)
        return answer.message


class Lines:
    """As many connections as there may be, each lent to one mail at a time."""

    def __init__(self, server: MailServer, *, most: int, before: float = BEFORE) -> None:
        self._server, self._most, self._before = server, most, before
        self._free: list[Line] = []
        self._places: asyncio.Semaphore | None = None
        self._trust: ssl.SSLContext | None = None

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[Line]:
        """Lend a connection, the one used last first; the time that a mail may take to its content begins now.

        Raises:
            TransportError: none came free in that time.

        """
        if self._places is None:
            self._places = asyncio.Semaphore(self._most)
        places, until = self._places, asyncio.get_running_loop().time() + self._before
        try:
            async with asyncio.timeout_at(until):
                await places.acquire()
        except TimeoutError as error:
            said = f"no connection to {self._server.host} came free in time; nothing was sent"
            raise TransportError(said, permanent=False, pauses=()) from error
        line = self._free.pop() if self._free else Line(self._server, self._trusted())
        try:
            yield line.until(until)
        finally:
            self._free.append(line)
            places.release()

    async def close(self) -> None:
        """Close what is open; the next mail opens again."""
        free, self._free, self._places = self._free, [], None
        for line in free:
            await line.close()

    def _trusted(self) -> ssl.SSLContext | None:
        if self._server.security != "plain" and self._trust is None:
            self._trust = ssl.create_default_context(cafile=self._server.ca_bundle)
        return self._trust


async def _said(smtp: aiosmtplib.SMTP, stage: Stage, *words: bytes, good: tuple[int, ...] = (_DONE,)) -> None:
    """Say something and hear whether it is well.

    Raises:
        Refusal: it is not.

    """
    try:
        answer = await smtp.execute_command(*words)
    except aiosmtplib.SMTPTimeoutError as error:
        raise TimeoutError from error
    if answer.code not in good:
        raise Refusal(stage, answer.code, answer.message)


def _stuffed(raw: bytes) -> bytes:
    """Return content in which no line is a dot alone: each that begins with one gets another (RFC 5321, 4.5.2)."""
    return (b"." + raw if raw.startswith(b".") else raw).replace(b"\n.", b"\n..")


def _hung_up() -> TransportError:
    return TransportError("the mail server hung up; nothing was sent", permanent=False, pauses=())


def _shut_out(server: MailServer, error: Exception) -> TransportError:
    """Return why there is no connection: a person's to mend, or to be waited for."""
    place, said = f"{server.host}:{server.port}", one_line(str(error))
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= _PERMANENT:
        return ChannelError(f"{place} does not let us in ({said}): look at email.user and email.password", whole=True)
    if isinstance(error, aiosmtplib.SMTPNotSupported) or "not supported" in said:
        hint = "look at email.security, email.port and email.user"
        return ChannelError(f"{place} cannot be spoken to like this ({said}): {hint}", whole=True)
    if isinstance(error, ssl.SSLCertVerificationError) or isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return ChannelError(f"the certificate of {place} is not good ({said}): look at email.ca_bundle", whole=True)
    return UnreachableError(f"no way to the mail server {place}: {said or type(error).__name__}")
