"""Letters: mails to one subscriber outside any digest, put into the outbox as notices."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trendbot.core import links
from trendbot.core.consent import CONFIRM_WITHIN
from trendbot.core.tokens import Purpose, seal, subject_of
from trendbot.core.vocabulary import ChannelKind, NoticeKind
from trendbot.errors import RenderError
from trendbot.logs import get_logger
from trendbot.render.environment import Renderer
from trendbot.render.letters import render_letter
from trendbot.store.database import Session
from trendbot.store.notices import Notice, enqueue_notice
from trendbot.store.subscribers import Subscriber, Subscription

log = get_logger(__name__)

GREETS_WITHIN = timedelta(days=2)
"""A welcome or a goodbye that could not go for so long is left out."""
_KINDS = {"welcome": NoticeKind.WELCOME, "goodbye": NoticeKind.GOODBYE}


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterDesk:
    """What letters are written with: templates, the home's secret, who publishes, and the pages' public address."""

    renderer: Renderer
    key: Callable[[], bytes]
    brand: str
    postal_address: str
    url: str

    def link(
        self, purpose: Purpose, to: Subscriber, subscription: Subscription, *, expires_at: datetime | None = None
    ) -> str:
        """Return a subscriber's own link about a subscription."""
        subject = subject_of(to.public_id, subscription.channel_id)
        token = seal(self.key(), purpose, subject, version=subscription.token_version, expires_at=expires_at)
        return links.personal(self.url, purpose, token)


def send_letter(
    session: Session,
    desk: LetterDesk,
    name: str,
    context: Mapping[str, Any],
    to: Subscriber,
    subscription: Subscription,
    now: datetime,
) -> None:
    """Put a letter into the outbox, in the transaction of `session`.

    Raises:
        RenderError: a template is wrong.

    """
    shared = {"brand": desk.brand, "postal_address": desk.postal_address}
    letter = render_letter(desk.renderer, name, shared | dict(context))
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


def send_greeting(
    session: Session,
    desk: LetterDesk,
    name: str,
    context: Mapping[str, Any],
    to: Subscriber,
    subscription: Subscription,
    now: datetime,
) -> None:
    """Put a letter into the outbox; one that cannot be made is logged, and keeps nobody from coming or leaving."""
    try:
        send_letter(session, desk, name, context, to, subscription, now)
    except RenderError:
        log.exception("letter_not_made", letter=name, subscriber=to.id)


def send_goodbye(session: Session, desk: LetterDesk, to: Subscriber, subscription: Subscription, now: datetime) -> None:
    """Put the last mail to who left into the outbox."""
    send_greeting(session, desk, "goodbye", {"link": f"{desk.url.rstrip('/')}/subscribe"}, to, subscription, now)
