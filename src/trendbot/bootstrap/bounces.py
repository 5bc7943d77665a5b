"""The bounce mailbox as the settings have it."""

from __future__ import annotations

import functools
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from trendbot.core.vocabulary import ChannelKind, SuppressionReason
from trendbot.errors import ConfigError
from trendbot.store.database import Session
from trendbot.store.secret import home_secret
from trendbot.store.subscribers import get_subscriber
from trendbot.subscriptions import Act, leave, suppress

if TYPE_CHECKING:
    from collections.abc import Callable

    from trendbot.pipeline.bounces import BounceDesk
    from trendbot.pipeline.letters import LetterDesk
    from trendbot.render.environment import Renderer
    from trendbot.settings import Settings
    from trendbot.transports.mailbox import ImapMailbox, Mailbox

_PORTS = {"imaps": 993, "imap": 143}
_HERE = frozenset(("127.0.0.1", "::1", "localhost"))


def bounce_desk(settings: Settings, renderer: Renderer) -> BounceDesk | None:
    """Return what reads bounces, where a mailbox is named.

    Raises:
        ConfigError: the setting names none that can be read.

    """
    if not settings.email.bounces_from:
        return None
    from trendbot.pipeline.bounces import BounceDesk
    from trendbot.pipeline.letters import send_goodbye

    secret = functools.cache(lambda: home_secret(settings.home))

    def end(session: Session, kind: ChannelKind, address: str, reason: SuppressionReason, now: datetime) -> bool:
        act = Act(method="bounce", now=now)
        return suppress(session, kind=kind, address=address, reason=reason, act=act, key=secret())

    letters = _letters(settings, renderer, secret) if settings.email.goodbye else None

    def go(session: Session, subscriber_id: int, channel_id: int | None, now: datetime) -> bool:
        lived = leave(session, subscriber_id, channel_id, act=Act(method="mail", now=now))
        if lived is not None and letters is not None:
            send_goodbye(session, letters, get_subscriber(session, subscriber_id), lived, now)
        return lived is not None

    return BounceDesk(mailbox=_mailbox(settings), key=secret, suppress=end, leave=go)


def _letters(settings: Settings, renderer: Renderer, secret: Callable[[], bytes]) -> LetterDesk | None:
    """Return what a goodbye is written with; None without a public address to come back to."""
    from trendbot.pipeline.letters import LetterDesk

    brand = settings.brand
    if brand.site_url is None:
        return None
    return LetterDesk(
        renderer=renderer,
        key=secret,
        brand=brand.name,
        postal_address=brand.postal_address,
        url=str(brand.site_url),
    )


def _mailbox(settings: Settings) -> Mailbox:
    from trendbot.transports.mailbox import FolderMailbox

    text = settings.email.bounces_from
    if "://" not in text:
        return FolderMailbox(folder=Path(text).expanduser())
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise ConfigError(f"setting email.bounces_from: {error}") from error
    password = settings.email.bounces_password
    if not port or not parts.hostname or not parts.username or parts.password or password is None:
        raise ConfigError("setting email.bounces_from: a folder, or imaps://USER@HOST/INBOX and email.bounces_password")
    if parts.scheme == "imap" and parts.hostname not in _HERE:
        raise ConfigError("setting email.bounces_from: a password never goes in the clear; take imaps://")
    return _imap(parts, parts.hostname, port, password.get_secret_value(), ca_bundle=settings.email.ca_bundle)


def _imap(parts: SplitResult, host: str, port: int, password: str, *, ca_bundle: Path | None) -> ImapMailbox:
    from trendbot.transports.mailbox import ImapMailbox

    mailbox = unquote(parts.path.strip("/")) or "INBOX"
    if any(letter in mailbox for letter in '"\\\r\n'):
        raise ConfigError("setting email.bounces_from: the mailbox's name has characters that no server takes")
    return ImapMailbox(
        host=host,
        port=port,
        user=unquote(parts.username or ""),
        password=password,
        mailbox=mailbox,
        sealed=parts.scheme == "imaps",
        ca_bundle=ca_bundle,
    )
