"""The link that a LinkedIn post shows as its card: the lead story's own page, below its title the day's sentence."""

from __future__ import annotations

from trendbot.core.digests import DigestContent
from trendbot.store import digests
from trendbot.store.database import Database
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Card


def card_of(database: Database, delivery: Delivery) -> Card | None:
    """Return the card of a digest's post; None on a quiet day, and for what is no digest."""
    if delivery.digest_id is None:
        return None
    return card_for(database.read(digests.get_digest, delivery.digest_id).content)


def card_for(content: DigestContent) -> Card | None:
    """Return the card of a digest's content; None where it has no lead."""
    if content.lead is None:
        return None
    return Card(url=content.lead.lead.url, title=content.lead.headline, description=content.line)
