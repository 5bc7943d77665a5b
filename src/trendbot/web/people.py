"""Subscribing by mail, and what a subscriber can do without a password: confirm, prefer, pause, take along, leave.

A GET shows a page with a button; what happens, happens by a POST. Whether an address is known, suppressed or asked for
too often, the answer is the same. Unsubscribing answers the one-click POST of RFC 8058 with 200, whatever the token.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from trendbot import subscriptions
from trendbot.core import links
from trendbot.core.addresses import masked, normalise
from trendbot.core.consent import AskLimits, Preferences, network_of
from trendbot.core.tokens import Purpose, parts_of_subject, seal, subject_of, unseal
from trendbot.core.vocabulary import Cadence, ChannelKind, SubscriptionStatus
from trendbot.errors import TokenError
from trendbot.logs import get_logger
from trendbot.store import subscribers
from trendbot.store.database import Session
from trendbot.store.subscribers import Subscriber, Subscription
from trendbot.store.views import theme_titles
from trendbot.subscriptions import LIVING, Act, Outcome
from trendbot.web import wishes
from trendbot.web.answers import Gone, as_json, page, see, takes_mail
from trendbot.web.asked import Form, form_of, value
from trendbot.web.site import Site

log = get_logger(__name__)

ONE_CLICK = "List-Unsubscribe"
_LINK_GOOD_FOR = timedelta(days=1)
_MOST_WEEKS = 26
_SAID = {
    "confirmed": "You are subscribed. This page is yours: its link stands in every mail.",
    "saved": "Saved.",
    "paused": "Paused. Nothing is sent until then.",
    "resumed": "The pause is over.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Whom a link names, with the subscription that it is about."""

    subscriber: Subscriber
    subscription: Subscription


# -- asking for it -----------------------------------------------------------------------------------------------------


def subscribe_form(site: Site, request: Request) -> Response:
    """Show the form with all wishes."""
    return _form(site, request, Preferences(cadence=Cadence.WEEKLY))


def subscribe(site: Site, request: Request) -> Response:
    """Take a wish for a subscription; the answer tells nothing of the address."""
    form = form_of(request)
    themes = site.app.database.read(theme_titles)
    address = normalise(ChannelKind.EMAIL, value(form, "address"))
    try:
        wish = wishes.read(form, Preferences(cadence=Cadence.WEEKLY), tuple(themes))
    except ValueError:
        return _form(
            site, request, Preferences(cadence=Cadence.WEEKLY), wrong="That choice is not on offer.", form=form
        )
    if not takes_mail(site):
        return _form(site, request, wish)
    if address is None:
        wrong = "This is no mail address that can be written to: look for a missing part, or for a letter too many."
        return _form(site, request, wish, wrong=wrong, form=form)
    if not value(form, "website") and site.ask is not None:  # what people do not see, only machines fill in
        site.app.database.write(_ask, site, address, wish, _act(site, request, site.wording))
    return see(site, "/subscribe/asked")


def asked(site: Site, request: Request) -> Response:
    """Say what happens now."""
    return page(site, request, "asked", public=False)


def _ask(session: Session, site: Site, address: str, wish: Preferences, act: Act) -> None:
    channel = subscribers.personal_channel(session, ChannelKind.EMAIL)
    if channel is None or site.ask is None:
        return
    found = subscriptions.request(
        session,
        kind=ChannelKind.EMAIL,
        address=address,
        channel_id=channel,
        act=act,
        key=site.key,
        preferences=wish,
        limits=AskLimits(),
    )
    letter = {Outcome.ASK: site.ask, Outcome.KNOWN: site.remind}.get(found.outcome)
    if letter is not None and found.subscriber is not None and found.subscription is not None:
        letter(session, found.subscriber, found.subscription, act.now)


def _form(site: Site, request: Request, wish: Preferences, *, wrong: str = "", form: Form | None = None) -> Response:
    return page(
        site,
        request,
        "subscribe",
        status=422 if wrong else 200,
        public=not wrong,
        wrong=wrong,
        address=value(form or {}, "address"),
        wording=site.wording,
        **_choices(site, wish),
    )


def _choices(site: Site, wish: Preferences) -> dict[str, Any]:
    return {
        "wish": wish,
        "themes": site.app.database.read(theme_titles),
        "zones": wishes.zones(wish.timezone),
        "days": wishes.DAYS,
    }


# -- confirming --------------------------------------------------------------------------------------------------------


def confirm_form(site: Site, request: Request) -> Response:
    """Show what is about to be confirmed, with the button; done already, show that."""
    person = site.app.database.read(_person, site, Purpose.CONFIRM, request.path_params["token"])
    return page(
        site, request, "confirm", public=False, address=masked(person.subscriber.address), wording=site.wording,
        done=person.subscription.status in LIVING, preferences=_personal(site, person), **_choices(
            site, person.subscription.preferences),
    )  # fmt: skip


def confirm(site: Site, request: Request) -> Response:
    """Confirm, with the wording as evidence; twice is once."""
    person = site.app.database.write(_confirmed, site, request.path_params["token"], _act(site, request, site.wording))
    return see(site, f"{_personal(site, person).removeprefix(site.root)}?said=confirmed")


def _confirmed(session: Session, site: Site, token: str, act: Act) -> Person:
    person = _person(session, site, Purpose.CONFIRM, token)
    before = person.subscription
    after = subscriptions.confirm(
        session, before.subscriber_id, before.channel_id, act=act, version=before.token_version
    )
    if after is None:
        raise Gone
    if site.welcome is not None and before.status not in LIVING and person.subscriber.kind is ChannelKind.EMAIL:
        site.welcome(session, person.subscriber, after, act.now)
    return replace(person, subscription=after)


# -- preferring --------------------------------------------------------------------------------------------------------


def preferences_form(site: Site, request: Request) -> Response:
    """Show a subscriber's page."""
    person = site.app.database.read(_person, site, Purpose.PREFERENCES, request.path_params["token"])
    return _preferences(site, request, person, said=_SAID.get(request.query_params.get("said", ""), ""))


def preferences(site: Site, request: Request) -> Response:
    """Save wishes, pause or resume, as the pressed button says."""
    form = form_of(request)
    person = site.app.database.read(_person, site, Purpose.PREFERENCES, request.path_params["token"])
    themes = site.app.database.read(theme_titles)
    act = _act(site, request)
    try:
        wish = wishes.read(form, person.subscription.preferences, tuple(themes))
    except ValueError:
        return _preferences(site, request, person, wrong="That choice is not on offer.")
    said = site.app.database.write(_changed, person.subscription, form, wish, act)
    return see(site, f"{_personal(site, person).removeprefix(site.root)}?said={said}")


def _changed(session: Session, before: Subscription, form: Form, wish: Preferences, act: Act) -> str:
    who, channel = before.subscriber_id, before.channel_id
    pressed = value(form, "act")
    if pressed == "pause":
        weeks = value(form, "weeks")
        count = min(int(weeks), _MOST_WEEKS) if weeks.isascii() and weeks.isdigit() and len(weeks) < 4 else 0  # noqa: PLR2004
        until = act.now + timedelta(weeks=count) if count else None
        subscriptions.pause(session, who, channel, act=act, until=until)
        return "paused"
    if pressed == "resume":
        subscriptions.resume(session, who, channel, act=act)
        return "resumed"
    subscriptions.prefer(session, who, channel, wish, act=act)
    return "saved"


def _preferences(site: Site, request: Request, person: Person, *, said: str = "", wrong: str = "") -> Response:
    joining = seal(site.key, Purpose.LINK, person.subscriber.public_id, expires_at=site.now() + _LINK_GOOD_FOR)
    return page(
        site,
        request,
        "preferences",
        status=422 if wrong else 200,
        public=False,
        said=said,
        wrong=wrong,
        address=masked(person.subscriber.address),
        kind=person.subscriber.kind,
        subscription=person.subscription,
        paused=person.subscription.status is SubscriptionStatus.PAUSED,
        living=person.subscription.status in LIVING,
        mine=_personal(site, person),
        leave=links.personal(site.root, Purpose.UNSUBSCRIBE, _token(site, Purpose.UNSUBSCRIBE, person)),
        feed=links.personal(site.url, Purpose.FEED, _token(site, Purpose.FEED, person)),
        join=links.chat(site.bot, joining) if site.bot and person.subscriber.kind is ChannelKind.EMAIL else "",
        **_choices(site, person.subscription.preferences),
    )


def take_along(site: Site, request: Request) -> Response:
    """Give everything that is kept of a person, as a file."""
    person = site.app.database.read(_person, site, Purpose.PREFERENCES, request.path_params["token"])
    tree = site.app.database.read(subscriptions.export_person, person.subscriber.id)
    answer = as_json(tree, public=False)
    answer.headers["content-disposition"] = 'attachment; filename="trendbot-export.json"'
    return answer


def erase(site: Site, request: Request) -> Response:
    """Forget a person, on every address; the box has to be ticked."""
    form = form_of(request)
    person = site.app.database.read(_person, site, Purpose.PREFERENCES, request.path_params["token"])
    if value(form, "sure") != "yes":
        return _preferences(site, request, person, wrong="Nothing is deleted: tick the box beside the button first.")
    site.app.database.write(_erased, person.subscriber, _act(site, request))
    return page(site, request, "erased", public=False)


def _erased(session: Session, subscriber: Subscriber, act: Act) -> None:
    for each in subscribers.of_person(session, subscriber.person):
        subscriptions.erase(session, each.id, act=act)


# -- leaving -----------------------------------------------------------------------------------------------------------


def unsubscribe_form(site: Site, request: Request) -> Response:
    """Show the button; nothing happens by looking."""
    return page(site, request, "unsubscribe", public=False, done=False)


def unsubscribe(site: Site, request: Request) -> Response:
    """Unsubscribe at once: one click, both encodings, twice alike, and the same answer to a token that is none."""
    one_click = ONE_CLICK in form_of(request)
    try:
        sealed = unseal(site.key, Purpose.UNSUBSCRIBE, request.path_params["token"], now=site.now())
    except TokenError:
        log.info("unsubscribe_unknown", one_click=one_click)
    else:
        act = replace(_act(site, request), method="one-click" if one_click else "web")
        left = site.app.database.write(_left, site, sealed.subject, act)
        agent = request.headers.get("user-agent", "")[:120]
        log.info("unsubscribed", subscriber=left, one_click=one_click, agent=agent)
    return page(site, request, "unsubscribe", public=False, done=True)


def _left(session: Session, site: Site, subject: str, act: Act) -> int | None:
    """Withdraw; a link of an older version does it too, for whoever uses it wants out."""
    public_id, channel_id = parts_of_subject(subject)
    subscriber = subscribers.find_public(session, public_id)
    if subscriber is None:
        return None
    lived = subscriptions.leave(session, subscriber.id, channel_id, act=act)
    if lived is not None and site.goodbye is not None and subscriber.kind is ChannelKind.EMAIL:
        site.goodbye(session, subscriber, lived, act.now)
    return subscriber.id


# -- who it is ---------------------------------------------------------------------------------------------------------


def _person(session: Session, site: Site, purpose: Purpose, token: str) -> Person:
    """Return whom a token names.

    Raises:
        Gone: it is not good, or not any more.

    """
    try:
        sealed = unseal(site.key, purpose, token, now=site.now())
    except TokenError as error:
        raise Gone from error
    return person_of(session, sealed.subject, sealed.version)


def person_of(session: Session, subject: str, version: int) -> Person:
    """Return the subscriber that a token is about, with the subscription of a version.

    Raises:
        Gone: there is none.

    """
    public_id, channel_id = parts_of_subject(subject)
    subscriber = subscribers.find_public(session, public_id)
    if subscriber is None:
        raise Gone
    for listed in subscribers.subscriptions_of(session, subscriber.id):
        found = listed.subscription
        if found is None or channel_id not in (None, found.channel_id):
            continue
        if found.token_version == version and found.status is not SubscriptionStatus.UNSUBSCRIBED:
            return Person(subscriber=subscriber, subscription=found)
    raise Gone


def _personal(site: Site, person: Person) -> str:
    """Return the path of a person's own page."""
    return links.personal(site.root, Purpose.PREFERENCES, _token(site, Purpose.PREFERENCES, person))


def _token(site: Site, purpose: Purpose, person: Person) -> str:
    """Return a token about a person's subscription, good for as long as that stands."""
    of = person.subscription
    return seal(site.key, purpose, subject_of(person.subscriber.public_id, of.channel_id), version=of.token_version)


def _act(site: Site, request: Request, wording: str | None = None) -> Act:
    network = network_of(request.client.host) if request.client else None
    return Act(method="web", now=site.now(), wording=wording, network=network)
