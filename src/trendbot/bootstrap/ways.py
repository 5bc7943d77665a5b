"""The ways on which editions go, as the settings have them, and what sending has to know of subscribers."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from trendbot.bootstrap.linkedin import linkedin_transport
from trendbot.bootstrap.mail import email_transport
from trendbot.bootstrap.plugged import added_transports
from trendbot.core.addresses import address_hash
from trendbot.core.vocabulary import ChannelKind, SuppressionReason
from trendbot.pipeline.outcomes import Recipients, Retired
from trendbot.store.database import Database, Session
from trendbot.store.secret import home_secret
from trendbot.subscriptions import Act, note_blocked, suppress
from trendbot.transports.files import FilesTransport
from trendbot.transports.mime import MailAddress
from trendbot.transports.telegram import TelegramTransport

if TYPE_CHECKING:
    from trendbot.clock import Clock
    from trendbot.settings import Settings
    from trendbot.transports.base import Transport


def transports_for(settings: Settings, clock: Clock, database: Database, *, sample: bool) -> dict[str, Transport]:
    """Return the transports that are configured; none of them opens anything before it is used.

    Made-up news leaves the machine by no way.
    """
    files = FilesTransport(settings.editions, sender=_sender(settings))
    found: dict[str, Transport] = {files.name: files}
    asked = settings.telegram
    if asked.token is not None and not sample:
        telegram = TelegramTransport(
            token=asked.token.get_secret_value(),
            base_url=str(asked.base_url) if asked.base_url else None,
            rate=asked.rate,
        )
        found[telegram.name] = telegram
    if not sample:  # posting takes the tokens alone; without any, the page's operator is told so
        linkedin = linkedin_transport(settings, clock, database)
        found[linkedin.name] = linkedin
    mail = None if sample else email_transport(settings, clock)
    if mail is not None:
        found[mail.name] = mail
    return found if sample else added_transports(settings, clock) | found


def recipients_of(home: Path) -> Recipients:
    """Return what sending has to know of subscribers; the home's secret is read when the first one is written to."""
    secret = functools.cache(lambda: home_secret(home))

    def hashed(kind: ChannelKind, address: str) -> str:
        return address_hash(secret(), kind, address)

    def retire(session: Session, retired: Retired) -> None:
        if retired.kind is ChannelKind.TELEGRAM and not retired.gone:  # unblocked, they go on where they were
            note_blocked(session, retired.subscriber_id, retired.channel_id, now=retired.now)
            return
        reason = SuppressionReason.GONE if retired.gone else SuppressionReason.BLOCKED
        act = Act(method="transport", now=retired.now)
        suppress(session, kind=retired.kind, address=retired.address, reason=reason, act=act, key=secret())

    return Recipients(hash_address=hashed, retire=retire)


def _sender(settings: Settings) -> MailAddress:
    site = settings.brand.site_url
    return MailAddress(name=settings.brand.name, address=f"digest@{(site and site.host) or 'trendbot.example'}")
