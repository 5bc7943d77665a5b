"""A home with one LinkedIn page, against the strict server and on its clock: digests are put in, passes are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete
from tests.contents import full
from tests.linkedin_api import LinkedinApi

from trendbot.clock import Clock
from trendbot.core.digests import DigestContent, Rendering
from trendbot.core.limits import escape_little
from trendbot.core.posting import Rhythm
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.pipeline.deliver import DeliverReport, deliver
from trendbot.pipeline.linkedin_account import StoredAccount
from trendbot.pipeline.outcomes import Dress
from trendbot.pipeline.watch import Concern, Overseer
from trendbot.store import channels, deliveries, digests, schema
from trendbot.store.channels import Channel, ChannelState, NewChannel
from trendbot.store.database import Database, Session
from trendbot.store.deliveries import Delivery
from trendbot.transports.linkedin import LinkedinTransport
from trendbot.transports.linkedin_oauth import Grant, OAuthApp

PAGE = "urn:li:organization:55"
NEW_CHANNEL = NewChannel(
    slug="page", kind=ChannelKind.LINKEDIN, transport="linkedin", address=PAGE, cadence=Cadence.DAILY
)  # fmt: skip


@dataclass(kw_only=True)
class Page:
    """The home; `told` are the concerns of every pass."""

    database: Database
    api: LinkedinApi
    app: OAuthApp | None = None
    tell: str = ""
    new: NewChannel = NEW_CHANNEL
    rhythm: Rhythm | None = None
    told: list[Concern] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.account = account_of(self.database, lambda: self.api.now, self.app)
        self.overseer = Overseer(database=self.database, account=self.account, rhythm=Rhythm(), tell=self.tell)
        self.transport = LinkedinTransport(
            self.account, base_url=self.api.base_url, rhythm=self.rhythm, timeout=0.5, pause=0.0
        )
        self.transport.overseer = self._overseen
        self.channel: Channel = self.database.write(channels.add_channel, self.new)

    async def _overseen(self, transport: LinkedinTransport) -> tuple[Concern, ...]:
        found = await self.overseer(transport)
        self.told += found
        return found

    def connect(self, *, days: int = 60, renewable: bool = False) -> str:
        """Let a person agree; return the token."""
        token, more = self.api.grant(days=days), 365 * 86400 if renewable else None
        refresh = "AQY-refresh-token" if renewable else None
        grant = Grant(
            access_token=token, expires_in=days * 86400, refresh_token=refresh, refresh_expires_in=more
        )  # fmt: skip
        self.account.keep_grant(grant, holder=PAGE)
        return token

    def digest(self, number: int, text: str = "Alder (24B) is out") -> Delivery:
        """Put in the digest of one day; return its post, which waits."""
        slot = f"{self.api.now + timedelta(days=number):%Y-%m-%d}"
        content = full(number=number, slot=slot, title=f"no. {number}", lead=None, sections=(), also=())
        self.database.write(_publish, content, escape_little(f"No. {number}\n\n{text}"), self)
        return self.posts()[-1]

    def posts(self) -> tuple[Delivery, ...]:
        """Return the page's deliveries, in the order in which they were made."""
        return self.database.read(deliveries.list_deliveries, channel_id=self.channel.id)

    def state(self) -> ChannelState:
        """Return what was learnt of the page's channel."""
        return self.database.read(channels.channel_state, self.channel.id)

    async def run(self, dress: Dress | None = None) -> DeliverReport:
        """Make one pass."""
        self.database.write(_forget_rates)  # their clock is the real one
        transports = {"linkedin": self.transport}
        return await deliver(self.database, transports=transports, clock=lambda: self.api.now, dress=dress, close=True)


def account_of(database: Database, clock: Clock, app: OAuthApp | None = None) -> StoredAccount:
    """Return the account in a home."""
    secret = b"a secret of a test"
    return StoredAccount(database=database, clock=clock, secret=lambda: secret, asked_version="202609", app=app)


def _forget_rates(session: Session) -> None:
    session.execute(delete(schema.Rate))


def _publish(session: Session, content: DigestContent, commentary: str, page: Page) -> None:
    rendering = Rendering(
        kind=ChannelKind.LINKEDIN, variant="all", subject=None, parts=(commentary,), text_body="", template_hash="h"
    )
    _, written = digests.freeze(session, content=content, editions=[rendering], now=page.api.now, by="test")
    deliveries.enqueue(session, editions=written, cadence=Cadence.DAILY, now=page.api.now)
