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
from trendbot.subscriptions import Act, suppress

if TYPE_CHECKING:
    from trendbot.pipeline.bounces import BounceDesk
    from trendbot.settings import Settings
    from trendbot.transports.mailbox import ImapMailbox, Mailbox

_PORTS = {"imaps": 993, "imap": 143}
_HERE = frozenset(("127.0.0.1", "::1", "localhost"))


def bounce_desk(settings: Settings) -> BounceDesk | None:
    """Return what reads bounces, where a mailbox is named.

    Raises:
        ConfigError: the setting names none that can be read.

    """
    if not settings.email.bounces_from:
        return None
    from trendbot.pipeline.bounces import BounceDesk

    secret = functools.cache(lambda: home_secret(settings.home))

    def end(session: Session, kind: ChannelKind, address: str, reason: SuppressionReason, now: datetime) -> bool:
        act = Act(method="bounce", now=now)
        return suppress(session, kind=kind, address=address, reason=reason, act=act, key=secret())

    return BounceDesk(mailbox=_mailbox(settings), key=secret, suppress=end)


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
    return _imap(parts, parts.hostname, port, password.get_secret_value())


def _imap(parts: SplitResult, host: str, port: int, password: str) -> ImapMailbox:
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
    )
