"""What people do with a subscription; each function is one transaction, evidence included."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from trendbot.core.addresses import address_hash
from trendbot.core.consent import Asked, AskLimits, Preferences, first_after, follow, may_ask
from trendbot.core.vocabulary import ChannelKind, ConsentKind, SubscriptionStatus, SuppressionReason
from trendbot.store import consent, subscribers
from trendbot.store.database import Session
from trendbot.store.subscribers import Subscriber, Subscription

_BY_REQUEST = frozenset((SuppressionReason.BLOCKED,))
"""Reasons that a person's own new request takes back: unblocking a bot and writing to it says so."""
_UNWELCOME = {
    SuppressionReason.COMPLAINED: ConsentKind.COMPLAINED,
    SuppressionReason.OPERATOR: ConsentKind.WITHDRAWN,
    SuppressionReason.BLOCKED: ConsentKind.WITHDRAWN,
}


LIVING = (SubscriptionStatus.CONFIRMED, SubscriptionStatus.PAUSED)
"""Standings of who is subscribed."""
BLOCKED = "blocked"
"""The method of a pause that came about because the person blocked the sender."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """When something was done and by which way: ``bot``, ``web``, ``mail``, ``one-click``, ``import``, ``operator``.

    `wording` is what was agreed to, where something was; `network` the coarse network of a web request.
    """

    method: str
    now: datetime
    wording: str | None = None
    network: str | None = None


class Outcome(StrEnum):
    """What a request led to; people are told the same in each case."""

    ASK = "ask"
    KNOWN = "known"
    LIMITED = "limited"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Requested:
    """A request's outcome: ASK means that a confirmation is to be sent, KNOWN that the address is confirmed already."""

    outcome: Outcome
    subscriber: Subscriber | None = None
    subscription: Subscription | None = None


def request(
    session: Session,
    *,
    kind: ChannelKind,
    address: str,
    channel_id: int,
    act: Act,
    key: bytes,
    preferences: Preferences | None = None,
    language: str = "en",
    limits: AskLimits | None = None,
) -> Requested:
    """Note that somebody asked for a subscription for an address (in its one spelling); nothing is sent before confirm.

    `preferences` count for a new or unconfirmed subscription; a stranger's request changes none that is confirmed.
    `limits` holds where anybody may ask for anybody (the web).
    """
    hashed = address_hash(key, kind, address)
    reason = consent.suppression(session, hashed)
    if reason is not None and (limits is not None or reason not in _BY_REQUEST):
        return Requested(outcome=Outcome.SUPPRESSED)
    known = subscribers.find_subscriber(session, kind=kind, address=address)
    if limits is not None and not may_ask(_asked(session, known, address, act), limits):
        return Requested(outcome=Outcome.LIMITED)
    if reason is not None:
        consent.lift_suppression(session, hashed)
    subscriber = known or subscribers.ensure_subscriber(
        session, kind=kind, address=address, language=language, now=act.now
    )
    before = subscribers.find_subscription(session, subscriber.id, channel_id)
    _note(session, subscriber.id, channel_id, ConsentKind.REQUESTED, act)
    status = follow(before.status if before else None, ConsentKind.REQUESTED) or SubscriptionStatus.UNCONFIRMED
    if before is not None and status is before.status and status is not SubscriptionStatus.UNCONFIRMED:
        return Requested(outcome=Outcome.KNOWN, subscriber=subscriber, subscription=before)
    wish = preferences or (before.preferences if before else Preferences())
    after = _new(subscriber.id, channel_id, status, wish, act, version=before.token_version if before else 1)
    return Requested(
        outcome=Outcome.ASK, subscriber=subscriber, subscription=subscribers.put_subscription(session, after)
    )


def _asked(session: Session, known: Subscriber | None, address: str, act: Act) -> Asked:
    return consent.count_requests(
        session,
        subscriber_id=known.id if known else None,
        network=act.network,
        domain=address.rpartition("@")[2] or None,
        now=act.now,
    )


def confirm(
    session: Session, subscriber_id: int, channel_id: int, *, act: Act, version: int | None = None
) -> Subscription | None:
    """Confirm what was requested; None where there is nothing to confirm, or the link is of an older `version`."""
    before = subscribers.find_subscription(session, subscriber_id, channel_id)
    if before is None or (version is not None and version != before.token_version):
        return None
    if before.status in LIVING:
        return before
    return _happened(session, before, ConsentKind.CONFIRMED, act)


def subscribe(
    session: Session,
    *,
    kind: ChannelKind,
    address: str,
    channel_id: int,
    act: Act,
    key: bytes,
    preferences: Preferences | None = None,
    language: str = "en",
) -> Requested:
    """Request and confirm at once, where the asking itself proves whose address it is (a chat with the bot)."""
    asked = request(
        session,
        kind=kind,
        address=address,
        channel_id=channel_id,
        act=act,
        key=key,
        preferences=preferences,
        language=language,
    )
    if asked.outcome is not Outcome.ASK or asked.subscriber is None:
        return asked
    return replace(asked, subscription=confirm(session, asked.subscriber.id, channel_id, act=act))


def prefer(
    session: Session, subscriber_id: int, channel_id: int, preferences: Preferences, *, act: Act
) -> Subscription | None:
    """Change how a subscription is wanted; None where there is none. The same wish again is no event."""
    before = subscribers.find_subscription(session, subscriber_id, channel_id)
    if before is None or before.preferences == preferences:
        return before
    return _happened(session, replace(before, preferences=preferences), ConsentKind.CHANGED, act)


def pause(
    session: Session, subscriber_id: int, channel_id: int, *, act: Act, until: datetime | None = None
) -> Subscription | None:
    """Send nothing until an instant, or until resumed; what waits in the outbox is skipped."""
    before = subscribers.find_subscription(session, subscriber_id, channel_id)
    if before is None:
        return None
    after = _happened(session, replace(before, paused_until=until), ConsentKind.PAUSED, act)
    if after is not None:
        subscribers.drop_pending(session, subscriber_id, channel_id=channel_id, why="paused")
    return after


def note_blocked(session: Session, subscriber_id: int, channel_id: int, *, now: datetime) -> None:
    """Note that a person blocked the sender: a pause without end, which their next word ends."""
    found = subscribers.find_subscription(session, subscriber_id, channel_id)
    if found is not None and found.status is SubscriptionStatus.CONFIRMED:
        pause(session, subscriber_id, channel_id, act=Act(method=BLOCKED, now=now))


def resume(session: Session, subscriber_id: int, channel_id: int, *, act: Act) -> Subscription | None:
    """End a pause; the next digest is the next that is due."""
    before = subscribers.find_subscription(session, subscriber_id, channel_id)
    if before is None or before.status is not SubscriptionStatus.PAUSED:
        return before
    return _happened(session, replace(before, paused_until=None), ConsentKind.RESUMED, act)


def end_pauses(session: Session, *, now: datetime) -> int:
    """Resume the subscriptions whose pause is over; return how many."""
    lapsed = subscribers.lapsed_pauses(session, now=now)
    for each in lapsed:
        resume(session, each.subscriber_id, each.channel_id, act=Act(method="lapsed", now=now))
    return len(lapsed)


def withdraw(
    session: Session, subscriber_id: int, channel_id: int | None = None, *, act: Act
) -> tuple[Subscription, ...]:
    """Unsubscribe from one channel or from all: at once, twice alike, with what waits in the outbox skipped."""
    return _leave(session, subscriber_id, ConsentKind.WITHDRAWN, act, channel_id)


def leave(session: Session, subscriber_id: int, channel_id: int | None = None, *, act: Act) -> Subscription | None:
    """Withdraw by a link or a mail; return a subscription that lived until then, so that it is bidden goodbye once."""
    listed = [each.subscription for each in subscribers.subscriptions_of(session, subscriber_id)]
    lived = [each for each in listed if each is not None and each.status in LIVING]
    withdraw(session, subscriber_id, channel_id, act=act)
    return next((each for each in lived if channel_id in (None, each.channel_id)), None)


def suppress(
    session: Session, *, kind: ChannelKind, address: str, reason: SuppressionReason, act: Act, key: bytes
) -> bool:
    """Never write to an address again, whether or not it is a subscriber's; return whether that is new."""
    new = consent.suppress_address(session, address_hash(key, kind, address), reason=reason, now=act.now)
    found = subscribers.find_subscriber(session, kind=kind, address=address)
    if found is not None:
        _leave(session, found.id, _UNWELCOME.get(reason, ConsentKind.BOUNCED), act)
    return new


def erase(session: Session, subscriber_id: int, *, act: Act) -> None:
    """Forget a person's address: the row stays, for the evidence, with nothing that leads back to anybody.

    Suppressions stay, as keyed hashes. Other addresses of the same person are other subscribers: erase each.

    Raises:
        NotFoundError: there is no such subscriber.

    """
    if subscribers.get_subscriber(session, subscriber_id).erased_at is not None:
        return
    _leave(session, subscriber_id, ConsentKind.ERASED, act)
    _note(session, subscriber_id, None, ConsentKind.ERASED, act)
    for listed in subscribers.subscriptions_of(session, subscriber_id):
        if listed.subscription is not None:
            bare = replace(listed.subscription, preferences=Preferences(cadence=None), paused_until=None, next_at=None)
            subscribers.put_subscription(session, bare)
    subscribers.erase_address(session, subscriber_id, now=act.now)


def link(session: Session, subscriber_id: int, other_id: int, *, act: Act) -> bool:
    """Join two addresses of one person; return False where they are one already or one is erased."""
    one, other = (subscribers.get_subscriber(session, each) for each in (subscriber_id, other_id))
    if one.person == other.person or one.erased_at or other.erased_at:
        return False
    subscribers.set_person(session, old=other.person, new=one.person)
    for each in (one, other):
        _note(session, each.id, None, ConsentKind.CHANGED, replace(act, method=f"link:{act.method}"[:32]))
    return True


def _leave(
    session: Session, subscriber_id: int, event: ConsentKind, act: Act, channel_id: int | None = None
) -> tuple[Subscription, ...]:
    """End subscriptions that are not ended yet, each with its evidence, and skip what waits for them."""
    left = []
    for listed in subscribers.subscriptions_of(session, subscriber_id):
        before = listed.subscription
        if before is None or channel_id not in (None, before.channel_id):
            continue
        if before.status is not SubscriptionStatus.UNSUBSCRIBED:
            bumped = replace(before, token_version=before.token_version + 1, paused_until=None)
            before = _happened(session, bumped, event, act) or before
        left.append(before)
    subscribers.drop_pending(session, subscriber_id, channel_id=channel_id, why="unsubscribed")
    return tuple(left)


def _happened(session: Session, wanted: Subscription, event: ConsentKind, act: Act) -> Subscription | None:
    """Let an event happen to a subscription as it is now wanted; None where it may not."""
    status = follow(wanted.status, event)
    if status is None:
        return None
    waits = status in LIVING
    endless = status is SubscriptionStatus.PAUSED and wanted.paused_until is None
    next_at = first_after(wanted.preferences, paused_until=wanted.paused_until, now=act.now)
    after = replace(wanted, status=status, next_at=next_at if waits and not endless else None, changed_at=act.now)
    _note(session, wanted.subscriber_id, wanted.channel_id, event, act)
    return subscribers.put_subscription(session, after)


def _note(session: Session, subscriber_id: int, channel_id: int | None, event: ConsentKind, act: Act) -> None:
    consent.record_event(
        session,
        subscriber_id=subscriber_id,
        channel_id=channel_id,
        event=event,
        method=act.method,
        wording=act.wording,
        network=act.network,
        now=act.now,
    )


def _new(
    subscriber_id: int, channel_id: int, status: SubscriptionStatus, wish: Preferences, act: Act, *, version: int
) -> Subscription:
    return Subscription(
        subscriber_id=subscriber_id,
        channel_id=channel_id,
        status=status,
        token_version=version,
        preferences=wish,
        paused_until=None,
        next_at=None,
        changed_at=act.now,
    )
