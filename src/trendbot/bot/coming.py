"""Coming and going: start, confirm, link, stop, forget, export, the personal feed; and who blocked us or came back."""

from __future__ import annotations

import json
from dataclasses import replace

from trendbot import subscriptions
from trendbot.bot import news, screens, telling
from trendbot.bot.answers import Answer, File, Post, Show, answer
from trendbot.bot.visit import Visit, known, prefer
from trendbot.core.addresses import masked
from trendbot.core.buttons import theme_named
from trendbot.core.links import personal
from trendbot.core.tokens import Purpose, seal, unseal
from trendbot.core.vocabulary import ConsentKind, SubscriptionStatus
from trendbot.errors import TokenError
from trendbot.store import bot, consent, subscribers
from trendbot.store.database import Session

_THEME = "t-"


def start(session: Session, visit: Visit) -> Answer:
    """Answer /start: a newcomer sees today's digest and what to tap, a subscriber the settings.

    The payload of a deep link is a signed token that joins this chat to a mail address, or ``t-`` and a theme.
    """
    stranger = not visit.living
    visit = known(session, visit)
    if visit.subscription is None or visit.subscriber is None:
        return answer(Show(text=visit.words.say("start.refused")))
    visit, note = _payload(session, visit, new=stranger)
    visit = _revived(session, visit)
    if visit.subscription is not None and visit.subscription.status is SubscriptionStatus.UNCONFIRMED:
        shown = screens.start(visit, news.glimpse(session, visit))
        return answer(replace(shown, text=f"{note}\n\n{shown.text}") if note else shown)
    return answer(screens.settings(visit, note))


def _payload(session: Session, visit: Visit, *, new: bool) -> tuple[Visit, str]:
    """Follow a deep link; return the visit as it is then, and what to say of it."""
    payload = visit.ask.words
    if payload.startswith(_THEME):
        slug = theme_named(payload.removeprefix(_THEME), visit.themes)
        return (prefer(session, visit, replace(visit.preferences, themes=(slug,))) if slug and new else visit), ""
    return _linked(session, visit, payload, new=new) if payload else (visit, "")


def _linked(session: Session, visit: Visit, token: str, *, new: bool) -> tuple[Visit, str]:
    try:
        sealed = unseal(visit.house.key, Purpose.LINK, token, now=visit.now)
    except TokenError:
        return visit, visit.words.say("start.bad_link")
    other = subscribers.find_public(session, sealed.subject)
    if other is None or visit.subscriber is None:
        return visit, visit.words.say("start.bad_link")
    subscriptions.link(session, other.id, visit.subscriber.id, act=visit.act())
    note = visit.words.say("start.linked", address=masked(other.address))
    theirs = next((each.subscription for each in subscribers.subscriptions_of(session, other.id)), None)
    if theirs is None or not new:
        return visit, note
    return prefer(session, visit, theirs.preferences), note


def _revived(session: Session, visit: Visit) -> Visit:
    """End a pause that came about by blocking: who writes to us wants to hear of us. One that was asked for stays."""
    if visit.subscription is None or visit.subscription.status is not SubscriptionStatus.PAUSED:
        return visit
    pauses = [
        each
        for each in consent.list_events(session, visit.subscription.subscriber_id)
        if each.event is ConsentKind.PAUSED and each.channel_id == visit.house.channel_id
    ]
    if not pauses or pauses[-1].method != subscriptions.BLOCKED:
        return visit
    resumed = subscriptions.resume(session, visit.subscription.subscriber_id, visit.house.channel_id, act=visit.act())
    return replace(visit, subscription=resumed or visit.subscription)


def agreed(session: Session, visit: Visit) -> Answer:
    """Confirm: the last button of a newcomer, with the wording it stood for as evidence."""
    visit = known(session, visit)
    if visit.subscription is None or visit.subscriber is None:
        return answer(Show(text=visit.words.say("start.refused")))
    if visit.subscription.status is SubscriptionStatus.UNCONFIRMED:
        act = visit.act(telling.agreement(visit))
        done = subscriptions.confirm(session, visit.subscriber.id, visit.house.channel_id, act=act)
        visit = replace(visit, subscription=done or visit.subscription)
    words, wish = visit.words, visit.preferences
    lines = [
        words.say("start.done", cadence=telling.cadence(words, wish), zone=telling.place(wish)),
        words.say("start.next", next=telling.due(visit) or words.plain("none")),
        words.say("start.zone", zone=telling.place(wish)),
    ]
    return answer(Show(text="\n".join(lines), rows=screens.settings(visit).rows))


def stop(session: Session, visit: Visit) -> Answer:
    """Unsubscribe at once."""
    if not visit.living or visit.subscriber is None:
        return answer(Post(text=visit.words.say("stop.already")))
    subscriptions.withdraw(session, visit.subscriber.id, visit.house.channel_id, act=visit.act())
    return answer(Post(text=visit.words.say("stop.done")))


def forget(session: Session, visit: Visit) -> Answer:  # noqa: ARG001  (as every handler)
    """Ask once."""
    return answer(screens.forget(visit))


def forgotten(session: Session, visit: Visit) -> Answer:
    """Delete everything about a person, on every address, or keep it."""
    if visit.press.text(0) != "yes":
        return answer(screens.settings(visit, visit.words.say("forget.kept")))
    if visit.subscriber is not None:
        for each in subscribers.of_person(session, visit.subscriber.person):
            subscriptions.erase(session, each.id, act=visit.act())
    bot.forget_talk(session, visit.ask.chat)
    return answer(Show(text=visit.words.say("forget.done")))


def export(session: Session, visit: Visit) -> Answer:
    """Send everything that is stored, as a file."""
    if visit.subscriber is None:
        return answer(Post(text=visit.words.say("export.none")))
    tree = subscriptions.export_person(session, visit.subscriber.id)
    data = json.dumps(tree, ensure_ascii=False, indent=1).encode()
    return answer(File(name="trendbot-export.json", data=data, caption=visit.words.say("export.done")))


def feed(session: Session, visit: Visit) -> Answer:
    """Tell the address of the personal feed."""
    visit = known(session, visit)
    if visit.house.site_url is None or visit.subscriber is None or visit.subscription is None:
        return answer(Post(text=visit.words.say("feed.none")))
    token = seal(visit.house.key, Purpose.FEED, visit.subscriber.public_id, version=visit.subscription.token_version)
    url = personal(visit.house.site_url, Purpose.FEED, token)
    return answer(Post(text=visit.words.say("feed.here", url=url)))


def left(session: Session, visit: Visit) -> Answer:
    """Note that a person blocked the bot, or that a group put it out: nothing is sent until they come back."""
    if visit.subscription is not None:
        subscriptions.note_blocked(session, visit.subscription.subscriber_id, visit.house.channel_id, now=visit.now)
    return answer()


def back(session: Session, visit: Visit) -> Answer:
    """Note that a person unblocked the bot: a pause without an end that blocking made is over."""
    _revived(session, visit)
    return answer()


def moved(session: Session, visit: Visit) -> Answer:
    """Follow a group to the chat that it became."""
    if visit.subscriber is not None and visit.ask.moved_to:
        taken = subscribers.find_subscriber(session, kind=visit.subscriber.kind, address=visit.ask.moved_to)
        if taken is None:
            subscribers.set_address(session, visit.subscriber.id, visit.ask.moved_to)
    return answer()
