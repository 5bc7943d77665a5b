"""A delivery → the message that a transport is given."""

from __future__ import annotations

import html
from collections.abc import Sequence

from trendbot.core.variants import themes_of
from trendbot.core.vocabulary import ChannelKind
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Message

_NAMING = frozenset((ChannelKind.TELEGRAM, ChannelKind.EMAIL))
MOST_NAMED = 3
"""Digests that came too late, named in the next one, at most."""


def message_of(delivery: Delivery) -> Message:
    """Return the message that a delivery carries."""
    return Message(
        key=delivery.key,
        kind=delivery.channel.kind,
        address=delivery.address or "",
        cadence=delivery.cadence,
        slot=delivery.slot,
        number=delivery.number,
        title=delivery.title,
        part=delivery.part,
        parts=delivery.parts,
        body=delivery.body,
        text=delivery.text_body,
        subject=delivery.subject,
        composed_at=delivery.composed_at,
        topic=topic_of(delivery),
    )


def preface_of(delivery: Delivery, missed: Sequence[str]) -> str:
    """Return the line that names the digests a recipient missed, as `Message.preface` is; empty where it has none."""
    if not missed or delivery.channel.kind not in _NAMING:
        return ""
    said = f"Not delivered in time: {'; '.join(missed[-MOST_NAMED:])}"
    return f"<i>{html.escape(said)}</i>" if delivery.channel.kind is ChannelKind.TELEGRAM else said


def topic_of(delivery: Delivery) -> int | None:
    """Return the forum's topic that a delivery goes to: that of its themes, else none, which is General."""
    topics = delivery.channel.topics
    return next((topics[theme] for theme in themes_of(delivery.variant) if theme in topics), None)
