"""The screens: how each setting is shown, with the buttons that change it. Pure: a visit in, a screen out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trendbot.bot import telling
from trendbot.bot.answers import Show
from trendbot.bot.visit import Visit
from trendbot.core.buttons import Button, Rows, data, in_rows, theme_key
from trendbot.core.hours import WEEKDAYS, Quiet
from trendbot.core.limits import shorten
from trendbot.core.phrases import LANGUAGES, Words
from trendbot.core.places import offset_label
from trendbot.core.vocabulary import Cadence, SubscriptionStatus

MARK = "● "
"""Before what is chosen; a sign and not a colour."""
_LABEL = 40
_MOST_THEMES = 60
ALERTS = (0, 1, 3, 5)
QUIETS = (Quiet(start=22, end=7), Quiet(start=23, end=8), Quiet(start=20, end=9))
PAUSES = (("day", 1), ("week", 7), ("month", 30), ("open", 0))


def start(visit: Visit, glimpse: Sequence[str]) -> Show:
    """Show a newcomer what this is, a first look at the newest digest (lines of HTML), and what to tap."""
    words = visit.words
    look = [words.say("start.today"), *glimpse] if glimpse else [words.say("start.nothing")]
    lines = [
        words.say("start.title", brand=visit.house.brand),
        words.say("start.about"),
        "",
        *look,
        "",
        words.say("start.how"),
    ]
    return Show(text=telling.within(lines), rows=(*theme_rows(visit), agree_row(visit)))


def agree_row(visit: Visit) -> tuple[Button, ...]:
    """Return the last button of a newcomer: the one that confirms."""
    label = visit.words.plain("start.agree", cadence=telling.cadence(visit.words, visit.preferences))
    return (Button(text=label[:1].upper() + label[1:], data=data("ok")),)


def theme_rows(visit: Visit) -> Rows:
    """Return a button a theme, the chosen ones marked."""
    chosen = visit.preferences.themes
    buttons = [
        Button(
            text=shorten(f"{MARK if slug in chosen else ''}{telling.name(visit, slug)}", _LABEL),
            data=data("theme", theme_key(slug), 0 if slug in chosen else 1),
        )
        for slug in list(visit.themes)[:_MOST_THEMES]
    ]
    return in_rows(buttons, 2)


def themes(visit: Visit) -> Show:
    """Show the themes."""
    words = visit.words
    if not visit.themes:
        return Show(text=words.say("themes.none"))
    chosen = [telling.name(visit, slug) for slug in visit.preferences.themes if slug in visit.themes]
    line = words.say("themes.some", themes=", ".join(chosen)) if chosen else words.say("themes.all")
    every = Button(text=f"{'' if chosen else MARK}{words.plain('themes.every')}", data=data("theme", "*", 1))
    text = "\n".join([words.say("themes.title"), words.say("themes.how"), "", line])
    return Show(text=text, rows=(*theme_rows(visit), (every,), *_foot(visit)))


def when(visit: Visit) -> Show:
    """Show cadence, hour, weekday and alerts."""
    words, wish = visit.words, visit.preferences
    now = words.say(
        "when.now",
        when=telling.cadence(words, wish),
        zone=telling.place(wish),
        alerts=telling.alerts(words, wish.alerts),
    )
    cadences: tuple[Cadence | None, ...] = (*Cadence, None)
    rows = [tuple(_choice(words.plain(f"short.{_word(each)}"), each is wish.cadence, "cadence", _word(each))
                  for each in cadences)]  # fmt: skip
    if wish.cadence is not None:
        rows += in_rows([_choice(telling.hour(each), each == wish.hour, "hour", each) for each in range(24)], 6)
    if wish.cadence is Cadence.WEEKLY:
        rows.append(
            tuple(_choice(words.plain(f"short.{day}"), day == wish.weekday, "weekday", day) for day in WEEKDAYS)
        )
    rows += in_rows([_choice(_alert_label(words, each), each == wish.alerts, "alerts", each) for each in ALERTS], 2)
    text = "\n".join([words.say("when.title"), now, "", words.say("when.how")])
    return Show(text=text, rows=(*rows, *_foot(visit)))


def zone(visit: Visit, candidates: Iterable[str] = ()) -> Show:
    """Show the time zone and ask for a city; with `candidates`, ask which of them is meant."""
    words, wish = visit.words, visit.preferences
    offered = [Button(text=offset_label(each), data=data("zone", each)) for each in candidates]
    ask = words.say("zone.pick") if offered else words.say("zone.ask")
    now = words.say("zone.now", zone=telling.place(wish), clock=telling.clock(wish, visit.now))
    text = "\n".join([words.say("zone.title"), now, "", ask])
    return Show(text=text, rows=(*in_rows(offered, 2), *_foot(visit)))


def quiet(visit: Visit) -> Show:
    """Show the quiet hours."""
    words, wish = visit.words, visit.preferences
    now = words.say("quiet.now", quiet=telling.quiet(words, wish.quiet), zone=telling.place(wish))
    buttons = [_choice(telling.quiet(words, each), each == wish.quiet, "quiet", f"{each.start}-{each.end}")
               for each in QUIETS]  # fmt: skip
    buttons.append(_choice(words.plain("quiet.off"), wish.quiet is None, "quiet", "off"))
    text = "\n".join([words.say("quiet.title"), now, "", words.say("quiet.how")])
    return Show(text=text, rows=(*in_rows(buttons, 2), *_foot(visit)))


def pause(visit: Visit) -> Show:
    """Show for how long nothing may be sent."""
    words = visit.words
    buttons = [Button(text=words.plain(f"pause.{name}"), data=data("pause", days)) for name, days in PAUSES]
    text = "\n".join([words.say("pause.title"), words.say("pause.how")])
    return Show(text=text, rows=(*in_rows(buttons, 2), *_foot(visit)))


def language(visit: Visit) -> Show:
    """Show the languages of the bot's own words."""
    buttons = [_choice(Words(tag).plain("language"), tag == visit.words.language, "language", tag) for tag in LANGUAGES]
    return Show(text=visit.words.say("language.title"), rows=(*in_rows(buttons, 2), *_foot(visit)))


def forget(visit: Visit) -> Show:
    """Ask once whether everything is to be deleted."""
    words = visit.words
    text = "\n".join([words.say("forget.title"), words.say("forget.how")])
    yes, no = (Button(text=words.plain(f"forget.{each}"), data=data("forget", each)) for each in ("yes", "no"))
    return Show(text=text, rows=((yes,), (no,)))


def settings(visit: Visit, note: str = "") -> Show:
    """Show everything that was chosen; `note` (HTML) stands above it."""
    words = visit.words
    if not visit.living:
        key = "settings.stopped" if visit.subscription else "settings.unknown"
        return Show(text="\n".join(filter(None, [note, words.say(key)])))
    lines = [note, "" if note else None, words.say("settings.title"), *_facts(visit), *_standing(visit)]
    return Show(text="\n".join(line for line in lines if line is not None).strip(), rows=_all_settings(visit))


def _facts(visit: Visit) -> list[str]:
    words, wish = visit.words, visit.preferences
    return [
        words.say("settings.themes", themes=telling.theme_names(visit)),
        words.say("settings.when", when=telling.cadence(words, wish)),
        words.say("settings.zone", zone=telling.place(wish), clock=telling.clock(wish, visit.now)),
        words.say("settings.quiet", quiet=telling.quiet(words, wish.quiet)),
        words.say("settings.alerts", alerts=telling.alerts(words, wish.alerts)),
    ]


def _standing(visit: Visit) -> list[str]:
    words, wish, subscription = visit.words, visit.preferences, visit.subscription
    if subscription is None or subscription.status is SubscriptionStatus.UNCONFIRMED:
        return ["", words.say("settings.unconfirmed")]
    until = subscription.paused_until
    if subscription.status is SubscriptionStatus.PAUSED and until is None:
        return ["", words.say("settings.paused_open")]
    lines = [""]
    if subscription.status is SubscriptionStatus.PAUSED and until is not None:
        lines.append(words.say("settings.paused", until=telling.instant(words, until, wish)))
    if due := telling.due(visit):
        lines.append(words.say("settings.next", next=due))
        if wish.quiet and wish.quiet.covers(wish.hour):
            lines.append(words.say("settings.moved"))
    return lines if len(lines) > 1 else []


def _all_settings(visit: Visit) -> Rows:
    words = visit.words
    names = ["themes", "when", "zone", "quiet"]
    buttons = [Button(text=words.plain(f"button.{each}"), data=data("go", each)) for each in names]
    paused = visit.subscription is not None and visit.subscription.status is SubscriptionStatus.PAUSED
    resume = Button(text=words.plain("button.resume"), data=data("resume"))
    buttons.append(resume if paused else Button(text=words.plain("button.pause"), data=data("go", "pause")))
    buttons.append(Button(text=words.plain("button.language"), data=data("go", "language")))
    rows = in_rows(buttons, 2)
    unconfirmed = visit.subscription is None or visit.subscription.status is SubscriptionStatus.UNCONFIRMED
    if unconfirmed:
        return (*rows, agree_row(visit))
    return (*rows, (Button(text=words.plain("button.latest"), data=data("latest")),))


def _foot(visit: Visit) -> Rows:
    """Return the last row of a setting: back to all of them; before it, a newcomer's confirmation."""
    new = visit.subscription is None or visit.subscription.status is SubscriptionStatus.UNCONFIRMED
    label = visit.words.plain("button.settings" if new else "button.back")
    back = (Button(text=label, data=data("go", "settings")),)
    return (agree_row(visit), back) if new else (back,)


def _choice(label: str, chosen: bool, name: str, value: object) -> Button:
    return Button(text=f"{MARK if chosen else ''}{label}", data=data(name, value))


def _alert_label(words: Words, number: int) -> str:
    return words.plain("when.alerts", number=number) if number else words.plain("when.no_alerts")


def _word(each: Cadence | None) -> str:
    return each.value if each else "none"
