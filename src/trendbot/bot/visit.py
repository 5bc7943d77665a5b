"""A visit: what is asked, with who asks and how things stand with them; and what a visitor's wishes become."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from trendbot import subscriptions
from trendbot.bot.reading import Ask
from trendbot.core.buttons import Press
from trendbot.core.consent import Preferences
from trendbot.core.phrases import Words
from trendbot.core.vocabulary import ChannelKind, SubscriptionStatus
from trendbot.store import subscribers, views
from trendbot.store.bot import Talk
from trendbot.store.database import Session
from trendbot.store.subscribers import Subscriber, Subscription
from trendbot.subscriptions import Act

METHOD = "bot"


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """What all visits share: the newsletter's name, the public address, the subscribers' channel, the secret."""

    brand: str
    site_url: str | None
    channel_id: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """Who asks what, and how things stand; `subscriber` and `subscription` are None for a stranger."""

    ask: Ask
    house: House
    now: datetime
    words: Words
    talk: Talk
    subscriber: Subscriber | None
    subscription: Subscription | None
    themes: dict[str, str]

    @property
    def press(self) -> Press:
        """The pressed button."""
        return self.ask.press or Press(name="")

    @property
    def preferences(self) -> Preferences:
        """What the visitor wishes, or what a newcomer is offered."""
        return self.subscription.preferences if self.subscription else Preferences(timezone=self.words.plain("zone"))

    @property
    def living(self) -> bool:
        """Whether there is a subscription that wishes can be kept with."""
        return self.subscription is not None and self.subscription.status is not SubscriptionStatus.UNSUBSCRIBED

    def act(self, wording: str | None = None) -> Act:
        """Return the evidence of what the visitor does."""
        return Act(method=METHOD, now=self.now, wording=wording)


def load_visit(session: Session, ask: Ask, *, house: House, talk: Talk, now: datetime) -> Visit:
    """Gather who asks and how things stand."""
    subscriber = subscribers.find_subscriber(session, kind=ChannelKind.TELEGRAM, address=ask.chat)
    subscription = subscribers.find_subscription(session, subscriber.id, house.channel_id) if subscriber else None
    return Visit(
        ask=ask,
        house=house,
        now=now,
        words=Words(subscriber.language if subscriber else ask.language),
        talk=talk,
        subscriber=subscriber,
        subscription=subscription,
        themes=views.theme_titles(session),
    )


def known(session: Session, visit: Visit, preferences: Preferences | None = None) -> Visit:
    """Return the visit of somebody with a subscription, at least an unconfirmed one; None of it is confirmed here."""
    if visit.living:
        return visit
    asked = subscriptions.request(
        session,
        kind=ChannelKind.TELEGRAM,
        address=visit.ask.chat,
        channel_id=visit.house.channel_id,
        act=visit.act(),
        key=visit.house.key,
        preferences=preferences or visit.preferences,
        language=visit.words.language,
    )
    return replace(visit, subscriber=asked.subscriber, subscription=asked.subscription)


def prefer(session: Session, visit: Visit, preferences: Preferences) -> Visit:
    """Return the visit with other wishes, saved at once; a stranger's or a leaver's are not kept."""
    if visit.subscription is None or not visit.living:
        return visit
    changed = subscriptions.prefer(
        session, visit.subscription.subscriber_id, visit.house.channel_id, preferences, act=visit.act()
    )
    return replace(visit, subscription=changed or visit.subscription)
