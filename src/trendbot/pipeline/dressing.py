"""The chart that goes with an edition, a mail's own parts, and buttons under what a subscriber gets on Telegram.

Buttons (why, more or less, settings) stand below the last part only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trendbot.core.alerts import story_of
from trendbot.core.buttons import Rows, alert_rows, digest_rows
from trendbot.core.phrases import Words
from trendbot.core.publishing import told_json
from trendbot.core.vocabulary import ChannelKind, NoticeKind
from trendbot.pipeline.carding import card_of
from trendbot.pipeline.charting import charter
from trendbot.pipeline.mailing import MailDesk, Mailer
from trendbot.store import digests, subscribers
from trendbot.store.database import Database
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Button, Message

PLAIN = frozenset({"files", "telegram", "linkedin", "email", "smtp"})
"""Transports that send an edition as it stands; any other also gets all that the digest says."""
EMAIL = "email"


class Dresser:
    """Puts charts with messages, and buttons under them, each in its reader's language.

    `mail` puts with mails what is their reader's own; without it none goes to a subscriber.
    """

    def __init__(self, database: Database, mail: MailDesk | None = None) -> None:
        self._database, self._charted = database, charter(database)
        self._mailed = Mailer(database, mail) if mail is not None else None
        self._words: dict[int, Words] = {}

    def prepare(self, deliveries: Sequence[Delivery]) -> None:
        """Read for many deliveries at once what is needed of their readers."""
        if self._mailed is not None:
            self._mailed.prepare(deliveries)

    def __call__(self, delivery: Delivery, message: Message) -> Message:
        """Return the message as it is to go."""
        if delivery.channel.transport not in PLAIN:
            message = replace(message, content=_content(self._database, delivery))
        message = self._charted(delivery, message)
        if self._mailed is not None and delivery.channel.transport == EMAIL:
            return self._mailed(delivery, message)
        if delivery.channel.kind is ChannelKind.LINKEDIN:
            return replace(message, card=card_of(self._database, delivery))
        if delivery.subscriber_id is None or delivery.channel.kind is not ChannelKind.TELEGRAM or message.buttons:
            return message
        rows = _rows(delivery, self._words_of(delivery.subscriber_id))
        return replace(message, buttons=_buttons(rows)) if rows else message

    def _words_of(self, subscriber_id: int) -> Words:
        if subscriber_id not in self._words:
            language = self._database.read(subscribers.get_subscriber, subscriber_id).language
            self._words[subscriber_id] = Words(language)
        return self._words[subscriber_id]


def dresser(database: Database, mail: MailDesk | None = None) -> Dresser:
    """Return what dresses messages for their readers: see `Dresser`."""
    return Dresser(database, mail)


def _content(database: Database, delivery: Delivery) -> dict[str, Any] | None:
    if delivery.digest_id is None:
        return None
    return told_json(database.read(digests.get_digest, delivery.digest_id).content)


def _rows(delivery: Delivery, words: Words) -> Rows:
    if delivery.notice is NoticeKind.ALERT:
        story = story_of(delivery.slot)
        return alert_rows(words, story) if story is not None else ()
    if delivery.digest_id is None or delivery.part != delivery.parts - 1:
        return ()
    return digest_rows(words, delivery.digest_id)


def _buttons(rows: Rows) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(Button(text=each.text, data=each.data, url=each.url) for each in row) for row in rows)
