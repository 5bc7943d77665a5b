"""A mail server and who writes through it, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trendbot.transports.mime import MailAddress


@dataclass(frozen=True, kw_only=True, slots=True)
class MailServer:
    """A mail server: where it is, how the way there is sealed (starttls, tls or plain), who logs in, our own name."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_bundle: Path | None = None
    hello: str = "localhost"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailIdentity:
    """Who writes: From, Reply-To, the list's name and id, the mailbox for leaving by mail, the end of Feedback-ID."""

    sender: MailAddress
    list_name: str
    list_id: str
    feedback: str
    reply_to: str = ""
    unsubscribe: str = ""

    @property
    def domain(self) -> str:
        """The sender's domain."""
        return self.sender.address.rpartition("@")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class MailRates:
    """Mails a second: to everybody, to one provider, and to single providers; and connections open at once."""

    overall: float = 10.0
    provider: float = 5.0
    single: Mapping[str, float] = field(default_factory=dict)
    connections: int = 4
