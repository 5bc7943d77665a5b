"""What a mail has for its reader alone: the ways out and to the preferences, and an address for what comes back.

The edition is frozen and the same for all who chose alike; this is put in when a mail is about to go. A mail to a
subscriber without a public address to leave at gets none of it, and the transport sends no such mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from trendbot.core import links
from trendbot.core.limits import MAIL_FOOT
from trendbot.core.tokens import Purpose, seal, subject_of
from trendbot.core.verp import make_verp
from trendbot.core.vocabulary import Cadence, ChannelKind, NoticeKind
from trendbot.errors import RenderError, TrendbotError
from trendbot.logs import get_logger
from trendbot.render.environment import Renderer
from trendbot.store import subscribers
from trendbot.store.database import Database
from trendbot.store.deliveries import Delivery
from trendbot.transports.base import Mailing, Message

log = get_logger(__name__)

FOOT = ("email/foot/body.txt.j2", "email/foot/body.html.j2")
LETTERS = frozenset((NoticeKind.CONFIRM, NoticeKind.GOODBYE, NoticeKind.OPERATOR))
"""Notices to somebody who is not, or not yet, or no more subscribed: there is nothing to leave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MailDesk:
    """What is needed beside the outbox: templates, the home's secret, the public address, the mailbox for bounces.

    `goodbye`: whether who unsubscribes gets a last mail that says so.
    """

    renderer: Renderer
    key: Callable[[], bytes]
    brand: str
    site_url: str = ""
    bounces: str = ""
    goodbye: bool = True


MOST_KNOWN = 1000
"""Readers that were read beforehand and whose mails have not come, at most."""


class Mailer:
    """Puts with a mail what is its reader's own."""

    def __init__(self, database: Database, desk: MailDesk) -> None:
        self._database, self._desk = database, desk
        self._readers: dict[tuple[int, int], tuple[str, int]] = {}

    def prepare(self, deliveries: Iterable[Delivery]) -> None:
        """Read for many mails at once what is needed of their readers."""
        mails = [each for each in deliveries if each.channel.kind is ChannelKind.EMAIL]
        pairs = [pair for each in mails if (pair := _reader(each)) is not None]
        found = self._database.read(subscribers.find_readers, pairs) if pairs else {}
        kept = self._readers if len(self._readers) < MOST_KNOWN else {}
        self._readers = kept | found

    def __call__(self, delivery: Delivery, message: Message) -> Message:
        """Return the message with its reader's own part."""
        try:
            return replace(message, mailing=_mailing(self._reader_of(delivery), self._desk, delivery))
        except TrendbotError:
            log.exception("mail_without_its_foot", key=delivery.key)
            return message

    def _reader_of(self, delivery: Delivery) -> tuple[str, int] | None:
        pair = _reader(delivery)
        if pair is None:
            return None
        return self._readers.pop(pair, None) or self._database.read(subscribers.find_reader, *pair)


def _reader(delivery: Delivery) -> tuple[int, int] | None:
    return (delivery.subscriber_id, delivery.channel.id) if delivery.subscriber_id is not None else None


def _mailing(reader: tuple[str, int] | None, desk: MailDesk, delivery: Delivery) -> Mailing | None:
    plain = Mailing(
        return_path=make_verp(desk.key(), desk.bounces, delivery.id) if desk.bounces else "",
        stream=str(delivery.notice) if delivery.notice else delivery.channel.slug,
    )
    if delivery.notice in LETTERS:
        return plain
    page = links.digest(desk.site_url, delivery.cadence, delivery.slot) if desk.site_url and delivery.digest_id else ""
    if delivery.subscriber_id is None:
        return _with_foot(desk, plain, page=page) if page else plain
    if reader is None or not desk.site_url:
        return None
    who, version = reader
    subject = subject_of(who, delivery.channel.id)
    return _ways_out(desk, plain, subject, version, page=page, address=delivery.address or "")


def mailing_of_nobody(desk: MailDesk, *, cadence: Cadence, slot: str, address: str) -> Mailing | None:
    """Return what a mail to look at has in place of a reader's own: links of the same form that lead nowhere."""
    if not desk.site_url:
        return None
    page = links.digest(desk.site_url, cadence, slot)
    return _ways_out(desk, Mailing(stream="trial"), subject_of("0" * 24, 0), 1, page=page, address=address)


def _ways_out(desk: MailDesk, plain: Mailing, subject: str, version: int, *, page: str, address: str) -> Mailing:
    tokens = {
        purpose: seal(desk.key(), purpose, subject, version=version)
        for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES)
    }
    way = {purpose: links.personal(desk.site_url, purpose, token) for purpose, token in tokens.items()}
    left = replace(plain, page=way[Purpose.UNSUBSCRIBE], token=tokens[Purpose.UNSUBSCRIBE])
    return _with_foot(desk, left, page=page, preferences=way[Purpose.PREFERENCES], address=address)


def _with_foot(desk: MailDesk, mailing: Mailing, *, page: str, preferences: str = "", address: str = "") -> Mailing:
    context = {
        "brand": desk.brand,
        "page": page,
        "preferences": preferences,
        "unsubscribe": mailing.page,
        "address": address,
    }
    text, markup = _foot(desk.renderer, context) or _foot(Renderer(desk.renderer.bundled), context) or ("", "")
    return replace(mailing, foot=f"\n{text}", foot_markup=markup)


def _foot(renderer: Renderer, context: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the two forms of a foot; None where the operator's own is wrong, or so long that the mail would be cut."""
    try:
        text, markup = (renderer.render(name, context) for name in FOOT)
    except RenderError:
        log.exception("foot_of_mail_is_wrong")
        return None
    return (text, markup) if len(markup.encode()) <= MAIL_FOOT else None
