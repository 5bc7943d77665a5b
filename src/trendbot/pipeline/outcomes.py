"""What sending needs to know from outside, and what it tells afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from trendbot.core.vocabulary import ChannelKind, DeliveryStatus
from trendbot.store.database import Session
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Message

Dress = Callable[[Delivery, Message], Message]


@runtime_checkable
class Prepares(Protocol):
    """What dresses messages cheaper where it is told of many before."""

    def prepare(self, deliveries: Sequence[Delivery]) -> None:
        """Read what will be needed for these."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Retired:
    """A recipient that refuses us: blocked by a person, or `gone`."""

    kind: ChannelKind
    address: str
    subscriber_id: int
    channel_id: int
    gone: bool
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipients:
    """What sending has to know of subscribers: the keyed hash of an address, and how one is retired."""

    hash_address: Callable[[ChannelKind, str], str]
    retire: Callable[[Session, Retired], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedDelivery:
    """A message that did not go, and why."""

    key: str
    channel: str
    reason: str
    status: DeliveryStatus


@dataclass(kw_only=True, slots=True)
class Tally:
    """What happened: `skipped` by reason, `closed` channels and accounts with why, `floods` answered with 429."""

    sent: int = 0
    retired: int = 0
    floods: int = 0
    failed: list[FailedDelivery] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    closed: dict[str, str] = field(default_factory=dict)
