"""The mails that subscribing and leaving by the web lead to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trendbot.bootstrap import App
from trendbot.core import links, wording
from trendbot.core.consent import CONFIRM_WITHIN
from trendbot.core.hours import zone
from trendbot.core.tokens import Purpose
from trendbot.core.vocabulary import Cadence
from trendbot.pipeline.letters import LetterDesk, send_goodbye, send_greeting, send_letter
from trendbot.store import digests
from trendbot.store.database import Session
from trendbot.store.subscribers import Subscriber, Subscription
from trendbot.store.views import theme_titles
from trendbot.web.site import Letter


def letters_of(app: App, url: str) -> tuple[Letter, Letter]:
    """Return the mail that asks for confirmation, and the one to who is subscribed already."""
    desk = _desk(app, url)

    def ask(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        link = desk.link(Purpose.CONFIRM, subscriber, subscription, expires_at=now + CONFIRM_WITHIN)
        context = {"link": link, "days": CONFIRM_WITHIN.days}
        send_letter(session, desk, "confirm", context, subscriber, subscription, now)

    def remind(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        context = {"link": desk.link(Purpose.PREFERENCES, subscriber, subscription)}
        send_letter(session, desk, "known", context, subscriber, subscription, now)

    return ask, remind


def greetings_of(app: App, url: str) -> tuple[Letter, Letter | None]:
    """Return the mail to who has just confirmed, and the last one to who leaves (None where it is switched off).

    Neither may keep anybody from subscribing or leaving: one that cannot be made is logged and left out.
    """
    desk = _desk(app, url)

    def welcome(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        context = _welcome(session, desk, subscriber, subscription)
        send_greeting(session, desk, "welcome", context, subscriber, subscription, now)

    def goodbye(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        send_goodbye(session, desk, subscriber, subscription, now)

    return welcome, goodbye if app.mail is None or app.mail.goodbye else None


def _desk(app: App, url: str) -> LetterDesk:
    policy = app.digests[Cadence.DAILY]
    return LetterDesk(
        renderer=app.renderer, key=app.key, brand=policy.brand, postal_address=policy.postal_address, url=url
    )


def _welcome(session: Session, desk: LetterDesk, to: Subscriber, subscription: Subscription) -> dict[str, Any]:
    wish = subscription.preferences
    titles = theme_titles(session)
    names = [titles.get(slug, slug) for slug in wish.themes]
    newest = digests.latest_digest(session, wish.cadence) if wish.cadence else None
    return {
        "link": desk.link(Purpose.PREFERENCES, to, subscription),
        "cadence": wish.cadence,
        "on": wording.on_themes(names) if names else "on every theme",
        "first": _moment(subscription.next_at, wish.timezone),
        "newest": links.digest(desk.url, newest.cadence, newest.slot) if newest else "",
    }


def _moment(at: datetime | None, timezone: str) -> str:
    """Return an instant as a person says it: ``Sunday 22 November at 07:00 (Europe/Berlin)``."""
    if at is None:
        return ""
    local = at.astimezone(zone(timezone))
    return f"{local:%A} {local.day} {local:%B} at {local:%H:%M} ({timezone})"
