"""Calls to LinkedIn's REST API: headers, the version month and its step, quota, and what surely did not get there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from trendbot.errors import TransportError, UnreachableError
from trendbot.logs import get_logger
from trendbot.transports.linkedin_account import Account, versions_to_try
from trendbot.transports.linkedin_errors import Answer, read_answer, refusal, retired, until_midnight

log = get_logger(__name__)

API = "https://api.linkedin.com"
UPLOAD_HOSTS = (".linkedin.com", ".licdn.com")
DAILY_CALLS = 150
"""Calls that LinkedIn lets one member make on a UTC day."""
OF_A_POST = 5
"""Calls that one post may take: the picture's two, the post, and the same once more."""
_CONNECT = 5.0
_LARGEST = 65_536


class LostError(TransportError):
    """The answer to a call was lost: it may have been done."""

    def __init__(self, why: str) -> None:
        super().__init__(f"LinkedIn: {why}; it may have arrived", permanent=False, outcome_known=False)


Body = Mapping[str, Any] | str | None


@dataclass(kw_only=True)
class Api:
    """Speaks for one account; opens its connections at the first call."""

    account: Account
    base_url: str = API
    daily_calls: int = DAILY_CALLS
    timeout: float = 6.0
    _session: aiohttp.ClientSession | None = None

    async def call(
        self, method: str, path: str, body: Body = None, *, extra: Mapping[str, str] | None = None
    ) -> Answer:
        """Make a call under `/rest/`; where its version month is not served, step to one that is, and call once more.

        Raises:
            ChannelError: the account is not connected, or no version month is served.
            LostError: the answer was lost.
            UnreachableError: there is no way there.

        """
        version = await self.account.version()
        answer = await self._versioned(version, method, path, body, extra)
        if not retired(answer):
            return answer
        log.warning("linkedin_version_retired", version=version)
        return await self._versioned(await self._step(version), method, path, body, extra)

    async def room(self, calls: int = OF_A_POST) -> None:
        """See that the day's quota has room for so many calls.

        Raises:
            TransportError: it has none; it says until when.

        """
        made = await self.account.calls()
        if made + calls <= self.daily_calls:
            return
        wait = until_midnight(self.account.now())
        raise TransportError(
            f"the day's quota is used up: {made} of {self.daily_calls} calls", permanent=False, retry_after=wait
        )

    async def upload(self, url: str, data: bytes) -> Answer:
        """Put a picture where LinkedIn said; the token goes to no other host.

        Raises:
            TransportError: the address is not LinkedIn's, or it failed.

        """
        if not self._ours(url):
            raise TransportError("LinkedIn named an upload address that is not its own", permanent=True)
        headers = {"Authorization": f"Bearer {await self.account.token()}", "Content-Type": "image/png"}
        return await self._ask("PUT", url, headers, data)

    async def refused(self, answer: Answer) -> TransportError:
        """Return what a refused call means; a token that is refused is given up, with all channels that rest on it."""
        token = await self.account.token()
        meant = refusal(answer, now=self.account.now(), secret=token)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            await self.account.rejected(token, str(meant))
        return meant

    async def close(self) -> None:
        """Close the connections; the next call opens them again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _ours(self, url: str) -> bool:
        there, here = urlsplit(url), urlsplit(self.base_url)
        host = f".{there.hostname or ''}"
        return there[:2] == here[:2] or (there.scheme == "https" and host.endswith(UPLOAD_HOSTS))

    async def _step(self, refused: str) -> str:
        """Return the first version month that is served, found by a call that changes nothing, and keep to it."""
        probe = {"initializeUploadRequest": {"owner": "urn:li:person:0"}}
        answer = None
        for version in versions_to_try(refused, self.account.now()):
            answer = await self._versioned(version, "POST", "/rest/images?action=initializeUpload", probe, None)
            if not retired(answer):
                await self.account.step_to(version)
                log.warning("linkedin_version_stepped", before=refused, now=version)
                return version
        assert answer is not None  # noqa: S101  (there is always a month to try)
        raise await self.refused(answer)

    async def _versioned(
        self, version: str, method: str, path: str, body: Body, extra: Mapping[str, str] | None
    ) -> Answer:
        headers = {
            "Authorization": f"Bearer {await self.account.token()}",
            "LinkedIn-Version": version,
            "X-Restli-Protocol-Version": "2.0.0",
            "Content-Type": "application/json",
            **(extra or {}),
        }
        data = body if isinstance(body, str) or body is None else json.dumps(body)
        return await self._ask(method, self.base_url.rstrip("/") + path, headers, data.encode() if data else None)

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], data: bytes | None) -> Answer:
        if self._session is None:
            # A connection is used once: LinkedIn may have closed one that idled, and a post sent into it is in doubt.
            timeout = aiohttp.ClientTimeout(total=self.timeout, sock_connect=_CONNECT)
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True), timeout=timeout)
        await self.account.count()
        try:
            exact = URL(url, encoded=True)  # else the colons of a URN would be unquoted again
            async with self._session.request(method, exact, headers=headers, data=data, allow_redirects=False) as got:
                return read_answer(got.status, dict(got.headers), await got.content.read(_LARGEST))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL, ValueError) as error:
            failed: TransportError = UnreachableError(f"LinkedIn cannot be reached ({type(error).__name__})")
        except TimeoutError:
            failed = LostError("no answer in time")
        except (aiohttp.ClientError, OSError) as error:
            failed = LostError(f"the connection broke ({type(error).__name__})")
        raise failed
