"""The LinkedIn account as the database keeps it: tokens sealed, calls counted, the version month stepped."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from trendbot.clock import Clock
from trendbot.errors import ChannelError, ConfigError, StoreError
from trendbot.logs import get_logger
from trendbot.store import credentials
from trendbot.store.credentials import Credential
from trendbot.store.database import Database
from trendbot.store.vault import seal, unseal
from trendbot.transports.linkedin_account import Kept
from trendbot.transports.linkedin_errors import RECONNECT
from trendbot.transports.linkedin_oauth import Grant, OAuthApp, renew

log = get_logger(__name__)

NAME = "linkedin"
RENEW_BEFORE = timedelta(days=7)
"""A token that can be renewed is, when it has so long to live."""


@dataclass(kw_only=True)
class StoredAccount:
    """An account in the database; `secret` gives the key of the vault, `asked_version` is the setting."""

    database: Database
    clock: Clock
    secret: Callable[[], bytes]
    asked_version: str
    app: OAuthApp | None = None

    @functools.cached_property
    def _key(self) -> bytes:
        return self.secret()

    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock()

    def find(self) -> Credential | None:
        """Return the sealed credentials, or None where the account is not connected."""
        return self.database.read(credentials.find_credential, NAME)

    async def token(self) -> str:
        """Return the access token.

        Raises:
            ChannelError: the account is not connected, its consent is over, or the key of the vault is another.

        """
        found = self.find()
        if found is None:
            raise ChannelError("LinkedIn is not connected: `trendbot linkedin connect`", whole=True)
        if found.expires_at <= self.clock():
            ended = f"{found.expires_at:%Y-%m-%d %H:%M} UTC"
            raise ChannelError(f"LinkedIn's consent ended on {ended}: {RECONNECT}", whole=True)
        try:
            return str(unseal(self._key, found.sealed)["access_token"])
        except (ConfigError, StoreError) as error:
            raise ChannelError(str(error), whole=True) from error

    def keep_grant(self, grant: Grant, *, holder: str) -> None:
        """Keep what was granted, sealed. A renewal token that was not granted anew goes on as it was."""
        now, before = self.clock(), self.find()
        refresh, until = grant.refresh_token, None
        if grant.refresh_expires_in is not None:
            until = now + timedelta(seconds=grant.refresh_expires_in)
        elif before is not None and before.renewable_until is not None and before.holder == holder:
            refresh, until = unseal(self._key, before.sealed).get("refresh_token"), before.renewable_until
        self.database.write(
            credentials.keep_credential,
            NAME,
            sealed=seal(self._key, {"access_token": grant.access_token, "refresh_token": refresh}),
            holder=holder,
            expires_at=now + timedelta(seconds=grant.expires_in),
            renewable_until=until,
            now=now,
        )

    async def renew(self, *, early: bool = False) -> bool:
        """Renew the access token where that is granted and it is time, or `early`; say whether it was.

        Raises:
            ChannelError: the account is not connected, or LinkedIn grants no renewal.
            TransportError: LinkedIn cannot be reached.

        """
        found = self.find()
        if found is None or found.renewable_until is None or self.app is None:
            return False
        if found.renewable_until <= self.clock() or not (early or found.expires_at - self.clock() <= RENEW_BEFORE):
            return False
        grant = await renew(self.app, str(unseal(self._key, found.sealed)["refresh_token"]))
        self.keep_grant(grant, holder=found.holder)
        log.info("linkedin_renewed", until=grant.expires_in)
        return True

    async def version(self) -> str:
        """Return the version month to speak: the setting's, or the one stepped to since."""
        found = self.find()
        facts = found.facts if found is not None else {}
        return str(facts["version"]) if facts.get("asked") == self.asked_version else self.asked_version

    async def step_to(self, version: str) -> None:
        """Speak this version month until the setting names another."""
        await self.database.run(credentials.note_facts, NAME, {"version": version, "asked": self.asked_version})

    async def count(self) -> int:
        """Count one call of this UTC day; return how many that makes."""
        return await self.database.run(credentials.count_call, NAME, day=self._day())

    async def calls(self) -> int:
        """Return how many calls were made on this UTC day."""
        found = self.find()
        facts = found.facts if found is not None else {}
        return int(facts.get("calls", 0)) if facts.get("day") == self._day() else 0

    async def keep(self, key: str, body: str) -> None:
        """Write down the request by which a message is about to be sent."""
        await self.database.run(credentials.keep_request, key, body=body, now=self.clock())

    async def kept(self, key: str) -> Kept | None:
        """Return the request by which a message was last sent."""
        found = self.database.read(credentials.kept_request, key)
        return Kept(body=found.body, first_at=found.first_at) if found is not None else None

    async def drop(self, key: str) -> None:
        """Forget the request of a message: it is to be made anew."""
        await self.database.run(credentials.drop_request, key)

    def _day(self) -> str:
        return self.clock().date().isoformat()
