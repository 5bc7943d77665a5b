"""The LinkedIn account as the database keeps it: tokens sealed, calls counted, the version month stepped."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from trendbot.clock import Clock
from trendbot.core.posting import days_left
from trendbot.errors import ChannelError, ConfigError, StoreError
from trendbot.logs import get_logger
from trendbot.store import channels, credentials, posts
from trendbot.store.credentials import Credential
from trendbot.store.database import Database, Session
from trendbot.store.vault import seal, unseal
from trendbot.transports.linkedin_account import Kept
from trendbot.transports.linkedin_errors import RECONNECT
from trendbot.transports.linkedin_oauth import Grant, OAuthApp, renew

log = get_logger(__name__)

NAME = "linkedin"
RENEW_BEFORE = timedelta(days=7)
"""A token that can be renewed is, when it has so long to live."""
_DEAD, _NO_RENEWAL = "dead", "renewal_refused"
"""What is noted of an account: why its token is refused, and why no other was granted in its place."""


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
        if why := dead(found):
            raise ChannelError(why, whole=True)
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
        keep = functools.partial(
            credentials.keep_credential,
            name=NAME,
            sealed=seal(self._key, {"access_token": grant.access_token, "refresh_token": refresh}),
            holder=holder,
            expires_at=now + timedelta(seconds=grant.expires_in),
            renewable_until=until,
            now=now,
        )
        self.database.write(_come_alive, keep)

    async def rejected(self, token: str, why: str) -> None:
        """Give up a token that LinkedIn takes no longer, and close the channels that rest on it until there is another.

        A token that was replaced meanwhile is no news.
        """
        found = self.find()
        if found is None or unseal(self._key, found.sealed).get("access_token") != token:
            return
        log.error("linkedin_token_refused", reason=why)
        await self.database.run(_give_up, why, self.clock())

    async def renew(self, *, early: bool = False) -> bool:
        """Renew the access token where that is granted and it is time, or `early`; say whether it was.

        Raises:
            ChannelError: the account is not connected, or LinkedIn grants no renewal.
            TransportError: LinkedIn cannot be reached.

        """
        found = self.find()
        if found is None or found.renewable_until is None or self.app is None:
            return False
        due = bool(dead(found)) or found.expires_at - self.clock() <= RENEW_BEFORE
        if found.renewable_until <= self.clock() or not (early or (due and not found.facts.get(_NO_RENEWAL))):
            return False
        try:
            grant = await renew(self.app, str(unseal(self._key, found.sealed)["refresh_token"]))
        except ChannelError as error:
            await self.database.run(credentials.note_facts, NAME, {_NO_RENEWAL: str(error)})  # asking again is no use
            raise
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How an account stands: `connected` says that it may post, `days_left` until when.

    `dead` says that its token is refused; `closed` counts its channels that a person has to mend.
    """

    connected: bool
    days_left: int
    dead: bool
    closed: int
    calls_today: int


def health(session: Session, now: datetime) -> Health | None:
    """Return how the account stands, or None where nobody posts to LinkedIn."""
    ours, found = posts.channels_by(session, NAME), credentials.find_credential(session, NAME)
    if not ours and found is None:
        return None
    closed = sum(channels.channel_state(session, each.id).disabled_at is not None for each in ours)
    if found is None:
        return Health(connected=False, days_left=0, dead=False, closed=closed, calls_today=0)
    calls = int(found.facts.get("calls", 0)) if found.facts.get("day") == now.date().isoformat() else 0
    return Health(
        connected=found.expires_at > now and not dead(found),
        days_left=max(0, days_left(found.expires_at, now)),
        dead=bool(dead(found)),
        closed=closed,
        calls_today=calls,
    )


def dead(found: Credential) -> str:
    """Return why LinkedIn takes the token no longer; empty where nothing is known against it."""
    return str(found.facts.get(_DEAD) or "")


def _give_up(session: Session, why: str, now: datetime) -> None:
    credentials.note_facts(session, NAME, {_DEAD: why})
    for channel in posts.channels_by(session, NAME):
        if channels.channel_state(session, channel.id).disabled_at is None:
            channels.close_channel(session, channel.id, reason=why, now=now)


def _come_alive(session: Session, keep: Callable[[Session], None]) -> None:
    """Keep a new grant, and open again what the death of the last one closed."""
    found = credentials.find_credential(session, NAME)
    keep(session)
    credentials.note_facts(session, NAME, {_DEAD: None, _NO_RENEWAL: None})
    why = dead(found) if found is not None else ""
    for channel in posts.channels_by(session, NAME) if why else ():
        if channels.channel_state(session, channel.id).disabled_reason == why[: channels.REASON]:
            channels.change_channel(session, channel.slug, channel)
