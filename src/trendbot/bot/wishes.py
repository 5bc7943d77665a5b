"""Commands and buttons that change a setting: each is saved at once, and the screen says what holds now."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from trendbot import subscriptions
from trendbot.bot import screens
from trendbot.bot.answers import Answer, Post, Show, answer
from trendbot.bot.visit import Visit, known, prefer
from trendbot.core.buttons import theme_named
from trendbot.core.consent import MOST_ALERTS, Preferences
from trendbot.core.hours import HOURS, WEEKDAYS, Quiet
from trendbot.core.phrases import LANGUAGES, Words
from trendbot.core.places import zones_of
from trendbot.core.text import fold
from trendbot.core.vocabulary import Cadence
from trendbot.store import subscribers
from trendbot.store.database import Session

Screen = Callable[[Visit], Show]
ZONE: Final = "zone"
"""The question that a plain text answers with a city."""
_QUIET = re.compile(r"(\d{1,2})(?::00)?\s*(?:-|–|to|bis)?\s*(\d{1,2})(?::00)?\Z")
_HOUR = re.compile(r"(\d{1,2})(?::00|h)?\Z")


def opened(session: Session, visit: Visit, screen: Screen) -> Answer:
    """Show a setting; a stranger's wishes are kept from here on, unconfirmed."""
    visit = known(session, visit)
    if not visit.living:
        return refused(visit)
    return answer(screen(visit))


def refused(visit: Visit) -> Answer:
    """Say that the operator does not want this chat."""
    return answer(Show(text=visit.words.say("start.refused")))


def changed(session: Session, visit: Visit, wish: Preferences, screen: Screen) -> Answer:
    """Save a wish, and show what holds now; who has left is told so."""
    if not visit.living:
        return answer(screens.settings(visit))
    return answer(screen(prefer(session, visit, wish)))


# -- buttons -----------------------------------------------------------------------------------------------------------


def theme(session: Session, visit: Visit) -> Answer:
    """Take or leave a theme."""
    known_themes = tuple(visit.themes)
    if visit.press.text(0) == "*":
        return changed(session, visit, replace(visit.preferences, themes=()), screens.themes)
    slug = theme_named(visit.press.text(0), known_themes)
    chosen = set(visit.preferences.themes)
    if slug is not None:
        chosen = chosen | {slug} if visit.press.number(1) else chosen - {slug}
    wish = visit.preferences.with_themes(tuple(chosen), known_themes)
    return changed(session, visit, wish, screens.themes)


def cadence(session: Session, visit: Visit) -> Answer:
    """Choose daily, weekly or no digest."""
    said = visit.press.text(0)
    wanted = Cadence(said) if said in tuple(Cadence) else None
    wish = replace(visit.preferences, cadence=wanted)
    if wanted is None and not wish.alerts:
        wish = replace(wish, alerts=1)
    return changed(session, visit, wish, screens.when)


def hour(session: Session, visit: Visit) -> Answer:
    """Choose the hour."""
    number = visit.press.number(0)
    wish = replace(visit.preferences, hour=number) if number in HOURS else visit.preferences  # type: ignore[arg-type]
    return changed(session, visit, wish, screens.when)


def weekday(session: Session, visit: Visit) -> Answer:
    """Choose the day of a weekly digest."""
    day = visit.press.text(0)
    wish = replace(visit.preferences, weekday=day) if day in WEEKDAYS else visit.preferences
    return changed(session, visit, wish, screens.when)


def alerts(session: Session, visit: Visit) -> Answer:
    """Choose how many alerts a day."""
    number = visit.press.number(0)
    if number is None or not 0 <= number <= MOST_ALERTS:
        return changed(session, visit, visit.preferences, screens.when)
    return changed(session, visit, replace(visit.preferences, alerts=number), screens.when)


def zone(session: Session, visit: Visit) -> Answer:
    """Choose one of the offered zones."""
    return _zoned(session, visit, visit.press.text(0))


def _zoned(session: Session, visit: Visit, name: str) -> Answer:
    try:
        wish = replace(visit.preferences, timezone=name) if len(name) <= 64 else visit.preferences  # noqa: PLR2004
    except ValueError:
        wish = visit.preferences
    return changed(session, visit, wish, screens.settings)


def quiet(session: Session, visit: Visit) -> Answer:
    """Choose quiet hours."""
    understood, hours = read_quiet(visit.press.text(0))
    wish = replace(visit.preferences, quiet=hours) if understood else visit.preferences
    return changed(session, visit, wish, screens.quiet)


def pause(session: Session, visit: Visit) -> Answer:
    """Send nothing for so many days, or until resumed."""
    days = visit.press.number(0)
    if visit.subscription is None or not visit.living or days is None:
        return answer(screens.settings(visit))
    until = visit.now + timedelta(days=min(days, 366)) if days > 0 else None
    paused = subscriptions.pause(
        session, visit.subscription.subscriber_id, visit.house.channel_id, act=visit.act(), until=until
    )
    return answer(screens.settings(replace(visit, subscription=paused or visit.subscription)))


def resume(session: Session, visit: Visit) -> Answer:
    """End a pause."""
    if visit.subscription is None or not visit.living:
        return answer(screens.settings(visit))
    resumed = subscriptions.resume(session, visit.subscription.subscriber_id, visit.house.channel_id, act=visit.act())
    note = visit.words.say("pause.resumed")
    return answer(screens.settings(replace(visit, subscription=resumed or visit.subscription), note))


def language(session: Session, visit: Visit) -> Answer:
    """Choose the language of the bot's own words."""
    tag = visit.press.text(0)
    if visit.subscriber is None or tag not in LANGUAGES:
        return answer(screens.settings(visit))
    subscribers.set_language(session, visit.subscriber.id, tag)
    return answer(screens.settings(replace(visit, words=Words(tag))))


# -- commands with words -----------------------------------------------------------------------------------------------


def when_said(session: Session, visit: Visit) -> Answer:
    """Read ``/when 7`` or ``/when friday 18``; without words, show the buttons."""
    visit = known(session, visit)
    if not visit.living:
        return refused(visit)
    if not visit.ask.words:
        return answer(screens.when(visit))
    wish = read_when(visit.ask.words, visit.preferences)
    if wish is None:
        return answer(Post(text=visit.words.say("when.bad")))
    return changed(session, visit, wish, screens.when)


def read_when(words: str, wish: Preferences) -> Preferences | None:
    """Return the wish with the hour, the day or the cadence that the words name; None where they name none."""
    for word in fold(words).replace(",", " ").split():
        match = _HOUR.match(word)
        if match and int(match[1]) in HOURS:
            wish = replace(wish, hour=int(match[1]))
        elif word in _DAYS:
            wish = replace(wish, weekday=_DAYS[word], cadence=Cadence.WEEKLY)
        elif word in _CADENCES:
            wish = replace(wish, cadence=_CADENCES[word])
        elif word not in ("at", "um", "on", "am", "every", "jeden"):
            return None
    return wish


def _day_names() -> dict[str, str]:
    names = {}
    for tag in LANGUAGES:
        for day in WEEKDAYS:
            names[fold(Words(tag).plain(f"weekday.{day}"))] = day
            names.setdefault(fold(Words(tag).plain(f"short.{day}")), day)
    return names


_DAYS = _day_names()
_CADENCES = {
    fold(Words(tag).plain(f"short.{each}")): each for tag in LANGUAGES for each in Cadence
}  # fmt: skip


def zone_asked(session: Session, visit: Visit) -> Answer:
    """Ask for a city; the next plain text answers."""
    visit = known(session, visit)
    return answer(screens.zone(visit), expects=ZONE) if visit.living else refused(visit)


def zone_said(session: Session, visit: Visit) -> Answer:
    """Read ``/timezone Lisbon``, or the text that answers the question; without words, ask."""
    visit = known(session, visit)
    if not visit.living:
        return refused(visit)
    if not visit.ask.words:
        return zone_asked(session, visit)
    candidates = zones_of(visit.ask.words)
    if not candidates:
        return answer(Post(text=visit.words.say("zone.bad")), expects=ZONE)
    if len(candidates) > 1:
        return answer(screens.zone(visit, candidates), expects=ZONE)
    return _zoned(session, visit, candidates[0])


def quiet_said(session: Session, visit: Visit) -> Answer:
    """Read ``/quiet 22-7`` or ``/quiet off``; without words, show the buttons."""
    visit = known(session, visit)
    if not visit.living:
        return refused(visit)
    if not visit.ask.words:
        return answer(screens.quiet(visit))
    understood, hours = read_quiet(fold(visit.ask.words))
    if not understood:
        return answer(Post(text=visit.words.say("quiet.bad")))
    return changed(session, visit, replace(visit.preferences, quiet=hours), screens.quiet)


def read_quiet(words: str) -> tuple[bool, Quiet | None]:
    """Return whether the words name quiet hours or none of them, and which."""
    if words in ("off", "aus", "none", "keine", "0"):
        return True, None
    match = _QUIET.match(words)
    try:
        return (True, Quiet(start=int(match[1]), end=int(match[2]) % 24)) if match else (False, None)
    except ValueError:
        return False, None
