"""What every endpoint is given: the parts of the program, the public address, and how letters go out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from urllib.parse import urlsplit

from trendbot.bootstrap import App
from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence
from trendbot.store.database import Session
from trendbot.store.subscribers import Subscriber, Subscription
from trendbot.web.metrics import Metrics

Letter = Callable[[Session, Subscriber, Subscription, datetime], None]
"""Puts a mail to a subscriber into the outbox, in the transaction it is given."""
Webhook = Callable[[bytes, str | None], Awaitable[HTTPStatus]]
"""Takes the body and the secret token of a webhook's POST; returns the status to answer with."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site: `url` is its public address without a slash at the end, `bot` the bot's name on Telegram or empty.

    `ask` sends the mail that asks for confirmation; without it nobody is offered a subscription by mail. `remind` sends
    who is subscribed already the way to the preferences, `welcome` and `goodbye` a word to who came and who left.
    `still` marks a copy in files: no forms, no search. `ending` is set when the process is to end.
    """

    app: App
    url: str
    bot: str = ""
    ask: Letter | None = None
    remind: Letter | None = None
    welcome: Letter | None = None
    goodbye: Letter | None = None
    webhook: Webhook | None = None
    still: bool = False
    ending: asyncio.Event | None = None
    metrics: Metrics = field(default_factory=Metrics)

    @cached_property
    def root(self) -> str:
        """The path below which the site lives: empty, or ``/news``."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def policy(self) -> DigestPolicy:
        """Who publishes."""
        return self.app.digests[Cadence.DAILY]

    @property
    def brand(self) -> str:
        """The newsletter's name."""
        return self.policy.brand

    @cached_property
    def key(self) -> bytes:
        """The home's secret."""
        return self.app.key()

    @cached_property
    def wording(self) -> str:
        """What people agree to when they subscribe; kept with their consent."""
        by = f" Sender: {self.policy.postal_address}." if self.policy.postal_address else ""
        return (
            f"I want to get the digest of {self.brand} by email, on the themes and as often as I chose. "
            f"I can change this or leave at any time, by a link in every mail. "
            f"My address is used for nothing else and given to nobody.{by}"
        )

    def now(self) -> datetime:
        """Return the present instant."""
        return self.app.clock()
