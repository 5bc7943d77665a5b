"""Editions as signed JSON, posted to an address of the operator's: the example of an added transport.

Signed as Standard Webhooks say: ``webhook-signature`` is ``v1,`` and the base64 of HMAC-SHA256 over
``<webhook-id>.<webhook-timestamp>.<body>``. Each address has a secret of its own, so that no receiver can speak to
another in our name. The id of a message never changes, so that a receiver knows a second try: hence the policy
`resend`.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from trendbot.clock import Clock
from trendbot.core.delivering import LostAnswer
from trendbot.errors import AddressRefusedError, ChannelError, RecipientError, TransportError
from trendbot.transports.base import Budget, Message, Receipt, Setup, Transport

RATE = 5.0
"""Messages a second to one address."""
_TIMEOUT = 10.0
_LONGEST_WAIT = 3600.0
_TO_MEND = {
    401: "it does not accept the signature: compare the secret with `trendbot channels secret`",
    403: "it does not accept the signature: compare the secret with `trendbot channels secret`",
    404: "there is nothing at the address",
    405: "it takes no POST",
}
_LATER = frozenset({408, 425, 429})
_MOVED, _REFUSED, _BROKEN = 300, 400, 500
_GONE = 410


def make(setup: Setup) -> Transport:
    """Make the transport; `timeout` of the options is how many seconds a receiver has to answer."""
    return WebhookTransport(setup)


class WebhookTransport:
    """Posts to every address that a channel names."""

    name = "webhook"
    policy = LostAnswer.RESEND
    harmless = False

    def __init__(self, setup: Setup) -> None:
        """Prepare; the secret is read and a connection opened at the first message."""
        self._setup = setup
        self._timeout = float(setup.options.get("timeout", _TIMEOUT))
        self._session: aiohttp.ClientSession | None = None

    def budgets(self, message: Message) -> tuple[Budget, ...]:
        """Return the budget of the address."""
        return (Budget(key=f"webhook:{message.address}"[:96], rate=RATE),)

    def secret_for(self, address: str) -> str:
        """Return the secret of an address, in the form that libraries for Standard Webhooks take."""
        return "whsec_" + base64.b64encode(self._setup.secret(address)).decode()

    async def send(self, message: Message) -> Receipt:
        """Post one message.

        Raises:
            ChannelError: the address is private, or refuses in a way that a person has to mend.
            RecipientError: the receiver wants nothing any more (410).
            TransportError: anything else; its attributes say what it means.

        """
        body = json.dumps(payload(message), ensure_ascii=False, separators=(",", ":")).encode()
        moment = int(self._setup.clock().timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.key,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(self._setup.secret(message.address), message.key, moment, body),
        }
        status, wait = await self._ask("POST", message.address, headers, body)
        if status >= _MOVED:
            raise _refusal(status, wait)
        return Receipt(external_id=message.key)

    async def check(self, address: str) -> str:
        """Say that a server answers at the address; nothing is posted.

        Raises:
            TransportError: none does.

        """
        status, _ = await self._ask("HEAD", address, {}, None)
        return f"a server answers ({status})"

    async def close(self) -> None:
        """Close the connections; the next message opens them again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, float | None]:
        """Return the status and how long to wait, where the receiver said so."""
        try:
            async with self._opened().request(method, url, headers=headers, data=body, allow_redirects=False) as answer:
                return answer.status, _wait(answer.headers.get("Retry-After"), self._setup.clock)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError) as error:
            raise ChannelError("the address cannot be used: name another with --to", whole=False) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            if _private(error):
                raise ChannelError("the address is private, and webhook.allow_private is off", whole=False) from error
            raise TransportError("the receiver cannot be reached", permanent=False) from error
        except TimeoutError as error:
            raise _lost(f"no answer within {self._timeout:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(f"the connection broke ({type(error).__name__})") from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A connection is used once: a receiver may have closed one that idled, and the answer would be in doubt.
            connector = aiohttp.TCPConnector(force_close=True, socket_factory=self._setup.sockets)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._setup.user_agent},
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                trust_env=False,
            )
        return self._session


def signature(secret: bytes, key: str, moment: int, body: bytes) -> str:
    """Return the signature of a message, sent at `moment` in seconds since 1970."""
    digest = hmac.digest(secret, f"{key}.{moment}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def payload(message: Message) -> dict[str, Any]:
    """Return what is posted: the edition as its channel would show it, and all that the digest says."""
    return {
        "type": "digest" if message.content is not None else "message",
        "id": message.key,
        "digest": {
            "cadence": message.cadence,
            "slot": message.slot,
            "number": message.number,
            "title": message.title,
            "composed_at": message.composed_at.isoformat(),
        },
        "edition": {
            "kind": message.kind,
            "part": message.part + 1,
            "parts": message.parts,
            "subject": message.subject,
            "body": message.body,
            "text": message.text,
        },
        "content": message.content,
    }


def _refusal(status: int, wait: float | None) -> TransportError:
    answered = f"the receiver answered {status}"
    if status == _GONE:
        return RecipientError(f"{answered}: it wants nothing any more", gone=True)
    if status in _TO_MEND:
        return ChannelError(f"{answered}: {_TO_MEND[status]}", whole=False)
    if status < _REFUSED:
        return ChannelError(f"{answered}: it has moved; name its new address with --to", whole=False)
    later = status in _LATER or status >= _BROKEN
    return TransportError(answered, permanent=not later, retry_after=wait if later else None)


def _wait(header: str | None, clock: Clock) -> float | None:
    """Read ``Retry-After``: seconds or a date; an hour at most."""
    if not header:
        return None
    try:
        seconds = float(header) if header.strip().isdecimal() else _until(header, clock)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(_LONGEST_WAIT, max(1.0, seconds))


def _until(header: str, clock: Clock) -> float:
    return (parsedate_to_datetime(header) - clock()).total_seconds()


def _private(error: aiohttp.ClientError) -> bool:
    """Look for the guard's refusal in what the client made of it."""
    found: BaseException | None = error
    while found is not None:
        inner = getattr(found, "os_error", None)
        if isinstance(found, AddressRefusedError) or isinstance(inner, AddressRefusedError):
            return True
        found = found.__cause__ or found.__context__
    return False


def _lost(why: str) -> TransportError:
    return TransportError(f"{why}; it may have arrived", permanent=False, outcome_known=False)
