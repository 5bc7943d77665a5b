"""Where a reader is: a city or an offset → time zones. Offline, from the names of the zones and a few aliases. Pure."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from trendbot.core.text import fold

MOST: Final = 6
"""So many candidates are offered at most."""
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+\-−–])\s*(\d{1,2})(?:[:.h]?([0-5]\d))?\Z", re.IGNORECASE)
_BROKEN = {
    "+03:30": "Asia/Tehran",
    "+04:30": "Asia/Kabul",
    "+05:30": "Asia/Kolkata",
    "+05:45": "Asia/Kathmandu",
    "+06:30": "Asia/Yangon",
    "+08:45": "Australia/Eucla",
    "+09:30": "Australia/Darwin",
    "+10:30": "Australia/Lord_Howe",
    "+12:45": "Pacific/Chatham",
    "-03:30": "America/St_Johns",
    "-02:30": "America/St_Johns",
    "-09:30": "Pacific/Marquesas",
}
_AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
_ALIASES: Final = """
Europe/Berlin: munich münchen hamburg cologne köln frankfurt stuttgart
Europe/Berlin: düsseldorf leipzig dresden hannover germany deutschland
Europe/Vienna: wien graz linz salzburg austria österreich
Europe/Zurich: zürich geneva genf bern basel switzerland schweiz
Europe/Rome: rom milan mailand turin naples neapel florence italy italien
Europe/Paris: lyon marseille toulouse nice france frankreich
Europe/Madrid: barcelona valencia seville spain spanien
Europe/Lisbon: lissabon lisboa porto portugal
Europe/London: manchester birmingham edinburgh glasgow england scotland uk britain cambridge oxford
Europe/Brussels: brüssel antwerp belgium belgien
Europe/Amsterdam: rotterdam utrecht netherlands niederlande
Europe/Warsaw: warschau krakow krakau poland polen wroclaw
Europe/Prague: prag brno czechia
Europe/Stockholm: gothenburg göteborg sweden schweden
Europe/Copenhagen: kopenhagen denmark
Europe/Athens: athen greece thessaloniki
Europe/Bucharest: bukarest romania
Europe/Kyiv: kiev lviv ukraine
Europe/Moscow: moskau russia
Europe/Istanbul: ankara izmir turkey türkei
America/New_York: boston washington philadelphia atlanta miami pittsburgh nyc cleveland orlando baltimore
America/Chicago: houston dallas austin minneapolis memphis nashville milwaukee
America/Denver: boulder albuquerque
America/Phoenix: tucson arizona
America/Los_Angeles: sanfrancisco seattle sandiego portland oakland paloalto lasvegas california sf la
America/Toronto: ottawa waterloo quebec montréal
America/Vancouver: victoria
America/Edmonton: calgary
America/Sao_Paulo: rio riodejaneiro brasilia brazil
America/Argentina/Buenos_Aires: argentina
America/Bogota: medellin colombia
America/Mexico_City: guadalajara monterrey mexico
Asia/Kolkata: mumbai bombay delhi newdelhi bangalore bengaluru chennai hyderabad pune india indien calcutta
Asia/Shanghai: beijing peking shenzhen guangzhou hangzhou chengdu china
Asia/Tokyo: tokio osaka kyoto japan yokohama
Asia/Seoul: busan korea southkorea
Asia/Singapore: singapur
Asia/Jerusalem: telaviv haifa israel
Asia/Dubai: abudhabi uae
Asia/Ho_Chi_Minh: saigon hanoi vietnam
Asia/Jakarta: bandung indonesia
Asia/Karachi: lahore islamabad pakistan
Asia/Riyadh: jeddah saudiarabia
Asia/Tbilisi: georgia
Asia/Taipei: taiwan hsinchu
Australia/Sydney: canberra
Pacific/Auckland: wellington newzealand
Pacific/Honolulu: hawaii
Africa/Johannesburg: capetown pretoria southafrica
Africa/Cairo: kairo alexandria egypt
Africa/Lagos: abuja nigeria
Africa/Nairobi: kenya
"""


def zones_of(text: str) -> tuple[str, ...]:
    """Return the zones that a reader may mean by a city, a zone's name or an offset, the likeliest first; at most six.

    One means that there is no doubt.
    """
    said = text.strip()[:60]
    offset = _offset(said)
    if offset:
        return (offset,)
    key = _key(said)
    if not key:
        return ()
    index = _index()
    exact = index.get(key)
    return exact or _near(key, index)


def _offset(said: str) -> str | None:
    """Return the zone of an offset: a fixed one for full hours, a region's for the rest."""
    if said.lower() in ("utc", "gmt", "z"):
        return "UTC"
    match = _OFFSET.match(said)
    if match is None:
        return None
    sign, hours, minutes = "+" if match[1] == "+" else "-", int(match[2]), match[3] or "00"
    if minutes != "00":
        return _BROKEN.get(f"{sign}{hours:02d}:{minutes}")
    if hours == 0:
        return "UTC"
    if hours > (14 if sign == "+" else 12):
        return None
    return f"Etc/GMT{'-' if sign == '+' else '+'}{hours}"  # the signs of these names are turned round


def offset_label(zone: str) -> str:
    """Return a zone's name for people: ``UTC+2`` for a fixed offset, else the name."""
    if zone.startswith("Etc/GMT"):
        rest = zone.removeprefix("Etc/GMT")
        return "UTC" + {"+": "−", "-": "+"}.get(rest[:1], "") + rest[1:]
    return zone.replace("_", " ")


def _near(key: str, index: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    begins = [name for name in index if name.startswith(key)] if len(key) > 2 else []  # noqa: PLR2004
    names = sorted(begins) or difflib.get_close_matches(key, index, n=MOST, cutoff=0.78)
    found = dict.fromkeys(zone for name in names for zone in index[name])
    return tuple(found)[:MOST]


@lru_cache(maxsize=1)
def _index() -> dict[str, tuple[str, ...]]:
    """Return zones by folded name: of the city, of the whole zone, and by alias."""
    found: dict[str, list[str]] = {}
    known = available_timezones()
    for zone in sorted(name for name in known if name.startswith(_AREAS)):
        for name in (zone.rpartition("/")[2], zone):
            found.setdefault(_key(name), []).append(zone)
    for line in _ALIASES.strip().splitlines():
        zone, _, names = line.partition(": ")
        for name in names.split() if zone in known else ():
            found[_key(name)] = [zone]
    return {name: tuple(dict.fromkeys(zones)) for name, zones in found.items()}


def _key(name: str) -> str:
    return "".join(letter for letter in fold(name) if letter.isalnum())
