"""Mail, by SMTP: one message to one recipient, its bytes our own, its outcome known as far as the server tells.

The Message-ID follows from the delivery and is kept with it; the headers are those that mailbox providers ask of lists
(RFC 2369, 2919, 3834, 8058). A mail whose answer was lost after its content may have been taken: hence the policy
`hold`, since a doubled mail annoys more than a listed one.

aiosmtplib does the talking and dkimpy the signing; both are the extra `email` and imported at the first mail.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.headerregistry import Address
from typing import TYPE_CHECKING

from trendbot.core.addresses import normalise
from trendbot.core.delivering import LostAnswer
from trendbot.core.limits import MAIL_PREFACE
from trendbot.core.mailing import MAIL_BUDGET, feedback_id, list_unsubscribe, message_id, provider_of
from trendbot.core.vocabulary import ChannelKind
from trendbot.errors import ChannelError, TransportError
from trendbot.transports.base import Budget, Mailing, Message, Receipt
from trendbot.transports.email_server import MailIdentity, MailRates, MailServer
from trendbot.transports.mime import MailFrame, address_of, fill_frame, frame_mail

if TYPE_CHECKING:
    from trendbot.transports.email_smtp import Line, Lines

_FRAMES = 32
"""Encoded editions that are kept at hand."""
_KEY = 96


Signer = Callable[[bytes], bytes]
"""Takes a mail's bytes and returns the header with its signature, its line ended."""


class EmailTransport:
    """Speaks to one mail server."""

    name = "email"
    policy = LostAnswer.HOLD
    harmless = False

    def __init__(
        self,
        server: MailServer,
        identity: MailIdentity,
        *,
        clock: Callable[[], datetime],
        rates: MailRates | None = None,
        signer: Signer | None = None,
    ) -> None:
        """Speak to `server` as `identity`; `signer` signs every mail where the server does not."""
        self._server, self._identity, self._clock = server, identity, clock
        self._rates, self._signer = rates or MailRates(), signer
        self._frames: OrderedDict[bytes, MailFrame] = OrderedDict()
        self._lines: Lines | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._server.host})"

    @property
    def at_once(self) -> int:
        """How many mails can be on the wire; a further one would only wait, its outcome in doubt."""
        return self._rates.connections

    def budgets(self, message: Message) -> tuple[Budget, ...]:
        """Return the budget of the server and that of the recipient's provider."""
        provider = provider_of(message.address)
        rate = self._rates.single.get(provider, self._rates.provider)
        return Budget(key=self._budget(), rate=self._rates.overall), Budget(key=self._budget(provider), rate=rate)

    def _budget(self, provider: str = "") -> str:
        return f"{MAIL_BUDGET}{self._server.host}{':' if provider else ''}{provider}"[:_KEY]

    async def send(self, message: Message) -> Receipt:
        """Send one mail.

        Raises:
            ChannelError: the server lets us not in, or a mail of a list would have no way out.
            RecipientError: there is no such mailbox.
            TransportError: anything else; its attributes say what it means.

        """
        recipient = normalise(ChannelKind.EMAIL, message.address)
        if recipient is None:
            raise TransportError("the address is none that mail can go to", permanent=True)
        raw = self.bytes_of(message, recipient)
        if self._signer is not None:
            raw = await asyncio.to_thread(self._signer, raw) + raw
        mailing = message.mailing
        return_path = (mailing.return_path if mailing else "") or self._identity.sender.address
        await self._talking(lambda line: line.carry(return_path, recipient, raw), recipient)
        return Receipt(external_id=self._message_id(message))

    async def check(self, address: str) -> str:
        """Greet the server, log in, and ask whether it would take a mail to an address; nothing is sent.

        Raises:
            TransportError: it would not, or there is no way there.

        """
        server, sender = self._server, self._identity.sender.address
        recipient = normalise(ChannelKind.EMAIL, address) if address else ""
        if recipient is None:
            raise TransportError(f"{address!r} is no mail address", permanent=True)
        await self._talking(lambda line: line.probe(sender, recipient), recipient)
        sealed = {"plain": "without TLS", "tls": "over TLS", "starttls": "over STARTTLS"}[server.security]
        who = f", logged in as {server.user}" if server.user else ""
        to = ", takes mail for the address" if recipient else ""
        return f"{server.host}:{server.port} {sealed}{who}, writes as {sender}{to}"

    async def close(self) -> None:
        """Close the connections; the next mail opens them again."""
        lines, self._lines = self._lines, None
        if lines is not None:
            await lines.close()

    # -- the mail ------------------------------------------------------------------------------------------------------

    def bytes_of(self, message: Message, recipient: str) -> bytes:
        """Return the bytes of a mail to an address in its one spelling.

        Raises:
            ChannelError: it is to a subscriber, and the way out has no address.
            TransportError: a header cannot be written.

        """
        mailing = message.mailing
        if mailing is None:
            raise ChannelError(
                "a mail to a subscriber needs a way out at a public address: set brand.site_url", whole=False
            )
        own = {"To": f"<{recipient}>", "Message-ID": self._message_id(message)}
        try:
            return fill_frame(
                self._frame(message),
                headers=own | self._of_the_list(mailing, message),
                own=(message.preface, mailing.foot, _above(message.preface), mailing.foot_markup),
                sent_at=self._clock(),
            )
        except ValueError as error:
            raise TransportError(f"a header of the mail cannot be written: {error}", permanent=True) from error

    def _message_id(self, message: Message) -> str:
        return message_id(message.key, message.composed_at, self._identity.domain)

    def _of_the_list(self, mailing: Mailing, message: Message) -> dict[str, str]:
        """Return the headers of a mail that can be left: those that mailbox providers look for."""
        identity = self._identity
        digest = message.number > 0
        parts = (
            message.slot if digest else "letter",
            mailing.stream or "mail",
            message.cadence if digest else "letter",
        )
        found = {"Feedback-ID": feedback_id(parts, identity.feedback)}
        if mailing.page:
            found["List-Unsubscribe"] = list_unsubscribe(mailing.page, identity.unsubscribe, mailing.token)
            found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if mailing.page or digest:
            found["Precedence"] = "bulk"
        return found

    def _frame(self, message: Message) -> MailFrame:
        """Return what all readers of an edition share, encoded once."""
        key = _key_of(message)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = frame_mail(
                headers=self._shared(message),
                text=message.text or "",
                markup=message.body,
                chart=message.chart,
                mark=key.hex()[:32],
            )
            while len(self._frames) > _FRAMES:
                self._frames.popitem(last=False)
        self._frames.move_to_end(key)
        return frame

    def _shared(self, message: Message) -> dict[str, str | Address]:
        identity = self._identity
        found: dict[str, str | Address] = {
            "From": address_of(identity.sender),
            "Subject": message.subject or message.title,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        }
        if identity.reply_to:
            found["Reply-To"] = Address(addr_spec=identity.reply_to)
        if message.number or (message.mailing and message.mailing.page):
            found["List-Id"] = f"{identity.list_name} <{identity.list_id}>"
        return found

    # -- the talk ------------------------------------------------------------------------------------------------------

    async def _talking(self, call: Callable[[Line], Awaitable[object]], recipient: str) -> None:
        """Talk on one of the connections; a refusal comes out in our words."""
        from trendbot.transports.email_replies import Refusal, translated

        try:
            async with self._ready().one() as line:
                await call(line)
        except Refusal as refusal:
            provider = self._budget(provider_of(recipient))
            raise translated(refusal, server=self._budget(), provider=provider) from None

    def _ready(self) -> Lines:
        if self._lines is None:
            try:
                from trendbot.transports.email_smtp import Lines
            except ModuleNotFoundError as error:
                raise ChannelError(f"mail needs {error.name}: pip install 'trendbot[email]'", whole=True) from error
            self._lines = Lines(self._server, most=self._rates.connections)
        return self._lines


_ABOVE = (
    '<p class="quiet" style="margin: 0; padding: 24px 0 0; color: #5B606B; font: 14px/20px system-ui, -apple-system, '
    "'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;\">{}</p>"
)


def _above(preface: str) -> str:
    """Return a preface as markup; what would make the mail too large is not told in full."""
    if not preface:
        return ""
    found = _ABOVE.format(html.escape(preface))
    return (
        found if len(found.encode()) <= MAIL_PREFACE else _ABOVE.format("Earlier digests were not delivered in time.")
    )


def _key_of(message: Message) -> bytes:
    """Return what names the shared part of a mail: a hash of all that goes into it."""
    pictures = message.chart.key if message.chart else ""
    listed = str(bool(message.number or (message.mailing and message.mailing.page)))
    parts = (message.subject or message.title, message.text or "", message.body, pictures, listed)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
