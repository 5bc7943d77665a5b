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


class SubscriptionStatus(enum.StrEnum):
    """A subscriber's standing with a channel; see ``core/consent.py`` for what may follow what."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"


class ConsentKind(enum.StrEnum):
    """What happened between a subscriber and a channel."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    WITHDRAWN = "withdrawn"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    IMPORTED = "imported"
    ERASED = "erased"


class SuppressionReason(enum.StrEnum):
    """Why an address is never written to again."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    GONE = "gone"
    BLOCKED = "blocked"
    OPERATOR = "operator"


class BounceKind(enum.StrEnum):
    """What became of a mail that came back, or what its reader thinks of it."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    COMPLAINT = "complaint"


class NoticeKind(enum.StrEnum):
    """What a message outside a digest is for."""

    ALERT = "alert"
    CONFIRM = "confirm"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    CORRECTION = "correction"
    OPERATOR = "operator"


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
