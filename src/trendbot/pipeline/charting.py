"""The chart of an edition, put with the message that carries it: a photo on Telegram, pictures in mail and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from trendbot.core.pictures import Chart, PictureForm
from trendbot.core.vocabulary import ChannelKind
from trendbot.store import digests
from trendbot.store.database import Database
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Message


def charter(database: Database) -> Callable[[Delivery, Message], Message]:
    """Return what puts an edition's chart with the first of its messages; each is read once."""
    known: dict[tuple[int, ChannelKind, str], Chart | None] = {}

    def chart_of(delivery: Delivery, digest_id: int) -> Chart | None:
        key = (digest_id, delivery.channel.kind, delivery.variant)
        if key not in known:
            edition = database.read(digests.find_edition, *key)
            known[key] = database.read(digests.chart_of, edition.id) if edition and edition.chart_key else None
        return known[key]

    def put(delivery: Delivery, message: Message) -> Message:
        if delivery.digest_id is None or delivery.part:
            return message
        chart = chart_of(delivery, delivery.digest_id)
        card = chart.form(PictureForm.CARD) if chart else None
        photo = card.data if card and message.kind is ChannelKind.TELEGRAM else message.photo
        return replace(message, chart=chart, photo=photo)

    return put
