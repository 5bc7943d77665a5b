"""The two mails that subscribing by the web leads to: the one that asks, and the one for who is subscribed already."""

from __future__ import annotations

import secrets
from datetime import datetime

from trendbot.bootstrap import App
from trendbot.core import links
from trendbot.core.consent import CONFIRM_WITHIN
from trendbot.core.tokens import Purpose, seal
from trendbot.core.vocabulary import Cadence, ChannelKind, NoticeKind
from trendbot.store.database import Session
from trendbot.store.notices import Notice, enqueue_notice
from trendbot.store.subscribers import Subscriber, Subscription
from trendbot.web.site import Letter


def letters_of(app: App, url: str) -> tuple[Letter, Letter]:
    """Return what puts the two mails of a site into the outbox, as notices that whatever sends mail delivers."""

    def ask(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        token = seal(
            app.key(),
            Purpose.CONFIRM,
            subscriber.public_id,
            version=subscription.token_version,
            expires_at=now + CONFIRM_WITHIN,
        )
        _send(app, session, "confirm", links.personal(url, Purpose.CONFIRM, token), subscriber, subscription, now)

    def remind(session: Session, subscriber: Subscriber, subscription: Subscription, now: datetime) -> None:
        token = seal(app.key(), Purpose.PREFERENCES, subscriber.public_id, version=subscription.token_version)
        _send(app, session, "known", links.personal(url, Purpose.PREFERENCES, token), subscriber, subscription, now)

    return ask, remind


def _send(
    app: App,
    session: Session,
    name: str,
    link: str,
    subscriber: Subscriber,
    subscription: Subscription,
    now: datetime,
) -> None:
    policy = app.digests[Cadence.DAILY]
    context = {
        "brand": policy.brand,
        "link": link,
        "days": CONFIRM_WITHIN.days,
        "postal_address": policy.postal_address,
    }
    subject, text, markup = (
        app.renderer.render(f"email/{name}/{part}.j2", context) for part in ("subject.txt", "body.txt", "body.html")
    )
    notice = Notice(
        key=f"{name}.{subscriber.id}.{secrets.token_hex(8)}",
        notice=NoticeKind.CONFIRM,
        kind=ChannelKind.EMAIL,
        subject=subject,
        body=markup,
        text_body=text + "\n",
        expires_at=now + CONFIRM_WITHIN,
    )
    enqueue_notice(session, notice, channel_id=subscription.channel_id, subscribers=[subscriber.id], now=now)
