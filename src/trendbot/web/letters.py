"""The mails that subscribing and leaving by the web lead to, put into the outbox as notices."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trendbot.bootstrap import App
from trendbot.core import links, wording
from trendbot.core.consent import CONFIRM_WITHIN
from trendbot.core.hours import zone
from trendbot.core.tokens import Purpose, seal
from trendbot.core.vocabulary import Cadence, ChannelKind, NoticeKind
from trendbot.errors import RenderError
from trendbot.logs import get_logger
from trendbot.render.letters import render_letter
from trendbot.store import digests
from trendbot.store.database import Session
from trendbot.store.notices import Notice, enqueue_notice
from trendbot.store.subscribers import Subscriber, Subscription
from trendbot.store.views import theme_titles
from trendbot.web.site import Letter

log = get_logger(__name__)

GREETS_WITHIN = timedelta(days=2)
"""A welcome or a goodbye that could not go for so long is left out."""


def letters_of(app: App, url: str) -> tuple[Letter, Letter]:
    """Return the mail that asks for confirmation, and the one to who is subscribed already."""
    desk = _Desk(app=app, url=url)

    def ask(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        link = desk.link(Purpose.CONFIRM, subscriber, subscription, expires_at=now + CONFIRM_WITHIN)
        context = {"link": link, "days": CONFIRM_WITHIN.days}
        desk.send(session, "confirm", context, subscriber, subscription, now)

    def remind(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        context = {"link": desk.link(Purpose.PREFERENCES, subscriber, subscription)}
        desk.send(session, "known", context, subscriber, subscription, now)

    return ask, remind


def greetings_of(app: App, url: str) -> tuple[Letter, Letter | None]:
    """Return the mail to who has just confirmed, and the last one to who leaves (None where it is switched off).

    Neither may keep anybody from subscribing or leaving: one that cannot be made is logged and left out.
    """
    desk = _Desk(app=app, url=url)

    def welcome(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        context = _welcome(session, desk, subscriber, subscription)
        desk.try_to_send(session, "welcome", context, subscriber, subscription, now)

    def goodbye(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        context = {"link": f"{url.rstrip('/')}/subscribe"}
        desk.try_to_send(session, "goodbye", context, subscriber, subscription, now)

    return welcome, goodbye if app.mail is None or app.mail.goodbye else None


_KINDS = {"welcome": NoticeKind.WELCOME, "goodbye": NoticeKind.GOODBYE}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Desk:
    """What letters are written with."""

    app: App
    url: str

    def link(
        self, purpose: Purpose, to: Subscriber, subscription: Subscription, *, expires_at: datetime | None = None
    ) -> str:
        token = seal(self.app.key(), purpose, to.public_id, version=subscription.token_version, expires_at=expires_at)
        return links.personal(self.url, purpose, token)

    def try_to_send(
        self,
        session: Session,
        name: str,
        context: dict[str, Any],
        to: Subscriber,
        subscription: Subscription,
        now: datetime,
    ) -> None:
        try:
            self.send(session, name, context, to, subscription, now)
        except RenderError:
            log.exception("letter_not_made", letter=name, subscriber=to.id)

    def send(
        self,
        session: Session,
        name: str,
        context: dict[str, Any],
        to: Subscriber,
        subscription: Subscription,
        now: datetime,
    ) -> None:
        policy = self.app.digests[Cadence.DAILY]
        shared = {"brand": policy.brand, "postal_address": policy.postal_address}
        letter = render_letter(self.app.renderer, name, shared | context)
        notice = Notice(
            key=f"{name}.{to.id}.{secrets.token_hex(8)}",
            notice=_KINDS.get(name, NoticeKind.CONFIRM),
            kind=ChannelKind.EMAIL,
            subject=letter.subject,
            body=letter.markup,
            text_body=letter.text,
            expires_at=now + (GREETS_WITHIN if name in _KINDS else CONFIRM_WITHIN),
        )
        enqueue_notice(session, notice, channel_id=subscription.channel_id, subscribers=[to.id], now=now)


def _welcome(session: Session, desk: _Desk, to: Subscriber, subscription: Subscription) -> dict[str, Any]:
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
