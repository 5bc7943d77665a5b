"""The chart that goes with an edition, a mail's own parts, and buttons under what a subscriber gets on Telegram.

Buttons (why, more or less, settings) stand below the last part only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from trendbot.core.alerts import story_of
from trendbot.core.buttons import Rows, alert_rows, digest_rows
from trendbot.core.phrases import Words
from trendbot.core.publishing import told_json
from trendbot.core.vocabulary import ChannelKind, NoticeKind
from trendbot.pipeline.carding import card_of
from trendbot.pipeline.charting import charter
from trendbot.pipeline.mailing import MailDesk, mailer
from trendbot.store import digests, subscribers
from trendbot.store.database import Database
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Button, Message

PLAIN = frozenset({"files", "telegram", "linkedin", "email", "smtp"})
"""Transports that send an edition as it stands; any other also gets all that the digest says."""
EMAIL = "email"


def dresser(database: Database, mail: MailDesk | None = None) -> Callable[[Delivery, Message], Message]:
    """Return what puts charts with messages, and buttons under them, each in its reader's language.

    `mail` puts with mails what is their reader's own; without it none goes to a subscriber.
    """
    known: dict[int, Words] = {}
    charted = charter(database)
    mailed = mailer(database, mail) if mail is not None else None

    def words(subscriber_id: int) -> Words:
        if subscriber_id not in known:
            known[subscriber_id] = Words(database.read(subscribers.get_subscriber, subscriber_id).language)
        return known[subscriber_id]

    def dress(delivery: Delivery, message: Message) -> Message:
        if delivery.channel.transport not in PLAIN:
            message = replace(message, content=_content(database, delivery))
        message = charted(delivery, message)
        if mailed is not None and delivery.channel.transport == EMAIL:
            return mailed(delivery, message)
        if delivery.channel.kind is ChannelKind.LINKEDIN:
            return replace(message, card=card_of(database, delivery))
        if delivery.subscriber_id is None or delivery.channel.kind is not ChannelKind.TELEGRAM or message.buttons:
            return message
        rows = _rows(delivery, words(delivery.subscriber_id))
        return replace(message, buttons=_buttons(rows)) if rows else message

    return dress


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
