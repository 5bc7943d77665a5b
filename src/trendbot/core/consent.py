"""What may happen to a subscription: its states, what may follow what, how it is wanted, and how often one may ask.

          requested            confirmed
    (none) ──────▶ unconfirmed ──────▶ confirmed ◀──resumed── paused
                        ▲                  │  └────paused──────▶ │
                        └──requested── unsubscribed ◀──withdrawn, bounced, complained, erased── any

An import with proof of consent leads from nothing to confirmed, and never brings back who has left.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trendbot.core.hours import HOURS, WEEKDAYS, Quiet, next_at, zone
from trendbot.core.vocabulary import Cadence, ConsentKind, SubscriptionStatus

MOST_ALERTS = 10
"""Alerts a day that one can ask for."""
MOST_THEMES = 64
CONFIRM_WITHIN = timedelta(days=7)
"""How long a confirmation link is good."""

_S, _E = SubscriptionStatus, ConsentKind
_ANY: dict[SubscriptionStatus | None, SubscriptionStatus] = dict.fromkeys(_S, _S.UNSUBSCRIBED)
_FOLLOWS: Mapping[ConsentKind, Mapping[SubscriptionStatus | None, SubscriptionStatus]] = {
    _E.REQUESTED: {
        None: _S.UNCONFIRMED,
        _S.UNCONFIRMED: _S.UNCONFIRMED,
        _S.UNSUBSCRIBED: _S.UNCONFIRMED,
        _S.CONFIRMED: _S.CONFIRMED,
        _S.PAUSED: _S.PAUSED,
    },
    _E.CONFIRMED: {_S.UNCONFIRMED: _S.CONFIRMED, _S.CONFIRMED: _S.CONFIRMED, _S.PAUSED: _S.PAUSED},
    _E.IMPORTED: {None: _S.CONFIRMED, _S.UNCONFIRMED: _S.CONFIRMED},
    _E.CHANGED: {_S.UNCONFIRMED: _S.UNCONFIRMED, _S.CONFIRMED: _S.CONFIRMED, _S.PAUSED: _S.PAUSED},
    _E.PAUSED: {_S.CONFIRMED: _S.PAUSED, _S.PAUSED: _S.PAUSED},
    _E.RESUMED: {_S.PAUSED: _S.CONFIRMED, _S.CONFIRMED: _S.CONFIRMED},
    _E.WITHDRAWN: _ANY,
    _E.BOUNCED: _ANY,
    _E.COMPLAINED: _ANY,
    _E.ERASED: _ANY,
}


def follow(status: SubscriptionStatus | None, event: ConsentKind) -> SubscriptionStatus | None:
    """Return the standing after an event, `status` None meaning there is none yet; None where it may not happen."""
    return _FOLLOWS[event].get(status)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """How a subscription is wanted. No `themes` means all of them; no `cadence` means no digest, only alerts."""

    themes: tuple[str, ...] = ()
    cadence: Cadence | None = Cadence.DAILY
    hour: int = 8
    weekday: str = "mon"
    timezone: str = "UTC"
    quiet: Quiet | None = None
    alerts: int = 0

    def __post_init__(self) -> None:
        """Refuse what no clock, week or map has.

        Raises:
            ValueError: a value is outside what it can be.

        """
        if self.hour not in HOURS or self.weekday not in WEEKDAYS:
            raise ValueError(f"no such hour or weekday: {self.hour}, {self.weekday!r}")
        if not 0 <= self.alerts <= MOST_ALERTS or len(self.themes) > MOST_THEMES:
            raise ValueError(f"too many alerts or themes: {self.alerts}, {len(self.themes)}")
        zone(self.timezone)

    def with_themes(self, themes: tuple[str, ...], known: tuple[str, ...]) -> Preferences:
        """Return the same with these themes: known ones only, each once, in the editor's order; all of them as none."""
        kept = tuple(slug for slug in known if slug in themes)
        return replace(self, themes=() if len(kept) == len(known) else kept)

    def next_at(self, after: datetime) -> datetime | None:
        """Return when the next digest is due after an instant, or None where none is wanted."""
        if self.cadence is None:
            return None
        return next_at(
            cadence=self.cadence,
            hour=self.hour,
            weekday=self.weekday,
            timezone=self.timezone,
            after=after,
            quiet=self.quiet,
        )


def wanted(status: SubscriptionStatus, *, paused_until: datetime | None, now: datetime) -> bool:
    """Say whether messages may go: it is confirmed, or a pause with an end is over."""
    if status is SubscriptionStatus.PAUSED:
        return paused_until is not None and paused_until <= now
    return status is SubscriptionStatus.CONFIRMED


def first_after(preferences: Preferences, *, paused_until: datetime | None, now: datetime) -> datetime | None:
    """Return when the next digest is due, seen from `now` and not before a pause ends."""
    return preferences.next_at(max(now, paused_until) if paused_until else now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """How often a subscription was asked for: in a day for one address, in an hour from a network and for a domain."""

    address: int = 0
    network: int = 0
    domain: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AskLimits:
    """More than so many requests are not answered with a message; nobody is told."""

    address: int = 3
    network: int = 10
    domain: int = 100


def may_ask(asked: Asked, limits: AskLimits) -> bool:
    """Say whether a request may lead to one more message."""
    return asked.address < limits.address and asked.network < limits.network and asked.domain < limits.domain


def network_of(address: str) -> str | None:
    """Return the network of an internet address, coarse enough to be nobody's: /24, or /48 of IPv6."""
    try:
        ip = ipaddress.ip_address(address.strip())
    except ValueError:
        return None
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))  # noqa: PLR2004


def wording_hash(wording: str) -> str:
    """Return the SHA-256 by which a wording is kept once."""
    return hashlib.sha256(wording.encode()).hexdigest()
