"""The words that code, tables and commands share."""

from __future__ import annotations

import enum


class Annotator(enum.StrEnum):
    """Who said that a theme applies, or that an entry belongs to a story."""

    HUMAN = "human"
    RULE = "rule"
    MODEL = "model"


class Cadence(enum.StrEnum):
    """How often a digest is published."""

    DAILY = "daily"
    WEEKLY = "weekly"


class ChannelKind(enum.StrEnum):
    """The kinds of outlet that an edition is rendered for."""

    TELEGRAM = "telegram"
    LINKEDIN = "linkedin"
    EMAIL = "email"


class DeliveryStatus(enum.StrEnum):
    """Where a delivery stands; see ``core/delivering.py`` for what may follow what."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SKIPPED = "skipped"


class FeedKind(enum.StrEnum):
    """What sort of publisher a feed is; counts are corrected for the mix of kinds."""

    NEWS = "news"
    LAB = "lab"
    RESEARCH = "research"
    NEWSLETTER = "newsletter"
    ENGINEERING = "engineering"
    POLICY = "policy"
    COMMUNITY = "community"
    PAPER = "paper"
