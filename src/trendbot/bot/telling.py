"""A visitor's wishes in words. Pure; everything is plain text, escaped where a phrase takes it in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trendbot.bot.visit import Visit
from trendbot.core.consent import Preferences, first_after
from trendbot.core.hours import WEEKDAYS, Quiet, zone
from trendbot.core.limits import TELEGRAM_ENTITIES, TELEGRAM_UNITS, plain_line, read_telegram, utf16_length
from trendbot.core.phrases import Words
from trendbot.core.places import offset_label
from trendbot.core.vocabulary import Cadence

_NAMES = 120


def within(lines: Sequence[str]) -> str:
    """Return as many lines as one message holds; a line is HTML of its own, with no tag left open."""
    kept, units, entities = [], 0, 0
    for line in lines:
        read = read_telegram(line)
        units += utf16_length(read.text) + 3
        entities += read.entities
        if units > TELEGRAM_UNITS or entities > TELEGRAM_ENTITIES:
            break
        kept.append(line)
    return "\n".join(kept)


def hour(number: int) -> str:
    """Return ``08:00``."""
    return f"{number:02d}:00"


def cadence(words: Words, wish: Preferences) -> str:
    """Return ``daily at 08:00``, ``every Friday at 08:00`` or that there is no digest."""
    if wish.cadence is None:
        return words.plain("cadence.none" if wish.alerts else "cadence.nothing")
    if wish.cadence is Cadence.WEEKLY:
        weekday = words.plain(f"weekday.{wish.weekday}")
        return words.plain("cadence.weekly", weekday=weekday, hour=hour(wish.hour))
    return words.plain("cadence.daily", hour=hour(wish.hour))


def place(wish: Preferences) -> str:
    """Return the time zone's name for people."""
    return offset_label(wish.timezone)


def clock(wish: Preferences, now: datetime) -> str:
    """Return what a clock in the visitor's zone shows."""
    return f"{now.astimezone(zone(wish.timezone)):%H:%M}"


def quiet(words: Words, hours: Quiet | None) -> str:
    """Return ``22:00–07:00``, or that there are none."""
    return f"{hour(hours.start)}–{hour(hours.end)}" if hours else words.plain("none")


def alerts(words: Words, number: int) -> str:
    """Return how many alerts a day are wanted."""
    return words.count("alerts", number) if number else words.plain("none")


def instant(words: Words, at: datetime, wish: Preferences) -> str:
    """Return ``Thursday 26 November, 08:00`` in the visitor's zone."""
    local = at.astimezone(zone(wish.timezone))
    return words.plain(
        "instant",
        weekday=words.plain(f"weekday.{WEEKDAYS[local.weekday()]}"),
        day=local.day,
        month=words.plain("months").split()[local.month - 1],
        time=f"{local:%H:%M}",
    )


def day(words: Words, at: datetime, wish: Preferences) -> str:
    """Return ``26 November 2026`` in the visitor's zone."""
    local = at.astimezone(zone(wish.timezone))
    return words.plain("day", day=local.day, month=words.plain("months").split()[local.month - 1], year=local.year)


def due(visit: Visit) -> str | None:
    """Return when the next digest is due, or None where none is."""
    paused = visit.subscription.paused_until if visit.subscription else None
    at = first_after(visit.preferences, paused_until=paused, now=visit.now)
    return instant(visit.words, at, visit.preferences) if at else None


def theme_names(visit: Visit) -> str:
    """Return the titles of the chosen themes, or that it is all of them."""
    chosen = [name(visit, slug) for slug in visit.preferences.themes if slug in visit.themes]
    return ", ".join(chosen) if chosen else visit.words.plain("settings.all")


def name(visit: Visit, slug: str) -> str:
    """Return a theme's title as one harmless line."""
    return plain_line(visit.themes.get(slug, slug), _NAMES) or slug


def agreement(visit: Visit) -> str:
    """Return the wording that a newcomer agrees to by the last button; kept as evidence."""
    wish = visit.preferences
    return visit.words.plain(
        "start.wording", brand=visit.house.brand, cadence=cadence(visit.words, wish), zone=place(wish)
    )
