"""Wishes as forms say them: themes, cadence, hour, weekday, time zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from zoneinfo import available_timezones

from trendbot.core.consent import Preferences
from trendbot.core.vocabulary import Cadence
from trendbot.web.asked import Form, value

DAYS: Mapping[str, str] = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
_REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def read(form: Form, before: Preferences, known: Sequence[str]) -> Preferences:
    """Return the wishes of a form, those it does not speak of as they were; unknown themes are left out.

    Raises:
        ValueError: a value is none that is on offer.

    """
    wish = replace(
        before,
        cadence=Cadence(value(form, "cadence")) if value(form, "cadence") else before.cadence,
        hour=_hour(value(form, "hour"), before.hour),
        weekday=value(form, "weekday") or before.weekday,
        timezone=value(form, "timezone")[:64] or before.timezone,
    )
    return wish.with_themes(form.get("themes", ()), tuple(known)) if "themes_shown" in form else wish


def _hour(text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 2):  # noqa: PLR2004
        raise ValueError(f"no hour: {text!r}")
    return int(text)


@lru_cache(maxsize=64)
def zones(chosen: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the time zones by region, each with its name for people; `chosen` is among them, whatever it is."""
    every = sorted(available_timezones())
    groups = [(region, tuple((name, _city(name)) for name in every if name.startswith(f"{region}/")))
              for region in _REGIONS]  # fmt: skip
    listed = {name for _, cities in groups for name, _ in cities} | {"UTC"}
    first = (("UTC", "UTC"), *(() if chosen in listed else ((chosen, chosen),)))
    return (("Everywhere", first), *(group for group in groups if group[1]))


def _city(name: str) -> str:
    return name.split("/", 1)[1].replace("_", " ").replace("/", ", ")
