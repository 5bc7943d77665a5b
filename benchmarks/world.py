"""What is not ours in a simulated year: the time, the feeds, the disk, Telegram and the mail server, and what fails.

Feeds are made up. Every day each has a report of its own and one that it shares with another; on every fourth day six
report one story, which spreads and is worth an alert; and for a week in eleven the talk is of robots, which rises. What
both servers took is written down with the simulated instant, so that it can be held against the outbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import pickle
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Self
from xml.sax.saxutils import escape

from tests.botapi import TOKEN, BotApi
from tests.smtpd import Sink

from trendbot.core.consent import Preferences
from trendbot.core.hours import Quiet
from trendbot.core.vocabulary import Cadence
from trendbot.fetch.http import Changed, Failed, Request

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FEEDS = 8
SPREADS_AT = timedelta(hours=9, minutes=30)
_WHATS = (
    "open weights",
    "inference chips",
    "coding agent",
    "reasoning benchmark",
    "speech recognition",
    "image generator",
    "AI regulation",
    "jailbreak",
    "training data",
    "GPU cluster",
    "language model",
    "vector database",
)
_DOES = (
    "tests",
    "sells",
    "drops",
    "praises",
    "measures",
    "rebuilds",
    "licenses",
    "delays",
    "audits",
    "funds",
    "teaches",
)
_WHERE = (
    "in hospitals",
    "for farmers",
    "at school",
    "on ships",
    "in courtrooms",
    "for astronomers",
    "in kitchens",
    "by night",
    "under water",
    "for librarians",
    "in Nairobi",
    "in Oslo",
    "near Lima",
    "behind glass",
    "at half the price",
)
_WHO = ("engineers", "nurses", "painters", "ministers", "pilots", "students", "bankers", "judges", "cooks", "drivers")
_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "ki",
    "lo",
    "mu",
    "ne",
    "pa",
    "qui",
    "ra",
    "so",
    "tu",
    "va",
    "we",
    "xi",
    "yo",
    "zu",
]
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A subscriber: an address of mail, or a chat's number, and the wish."""

    address: str
    wish: Preferences

    @property
    def mail(self) -> bool:
        """Say whether this one reads mail."""
        return "@" in self.address


def _wish(zone: str, hour: int, *, weekly: str = "", alerts: int = 0, quiet: Quiet | None = None) -> Preferences:
    cadence = Cadence.WEEKLY if weekly else Cadence.DAILY
    return Preferences(cadence=cadence, hour=hour, weekday=weekly or "mon", timezone=zone, alerts=alerts, quiet=quiet)


PEOPLE = (
    Person(address="101", wish=_wish(BERLIN, 8, alerts=5)),
    Person(address="102", wish=_wish(BERLIN, 2)),
    Person(address="103", wish=_wish(NEW_YORK, 7, alerts=5, quiet=Quiet(start=22, end=7))),
    Person(address="104", wish=_wish(NEW_YORK, 1, weekly="sun")),
    Person(address="105", wish=_wish(NEW_YORK, 2)),
    Person(address="106", wish=Preferences(cadence=None, timezone=BERLIN, alerts=5)),
    Person(address="ann@one.example", wish=_wish(BERLIN, 8, weekly="mon")),
    Person(address="bob@two.example", wish=_wish(NEW_YORK, 6, weekly="sat")),
    Person(address="cem@three.example", wish=_wish(BERLIN, 7)),
    Person(address="dia@four.example", wish=_wish(NEW_YORK, 2, weekly="sun")),
)
"""Two zones, both cadences, both ways; 02:00 is an hour that spring skips, and autumn repeats in Berlin."""


# -- what fails --------------------------------------------------------------------------------------------------------


YEAR = {
    "killed": 5, "deaf": 9, "full": 11, "locked": 14, "short": 17, "restart": 20, "off": 21, "crowded": 24,
    "revoked": 27,
}  # fmt: skip
"""On which of thirty days what befalls us; stories spread on every fourth."""
TEN_DAYS = {
    "killed": 1, "revoked": 3, "full": 4, "locked": 5, "off": 6, "deaf": 7, "crowded": 8, "restart": 8, "short": 9,
}  # fmt: skip
_MORNING = range(6, 8)
"""The hours (UTC) at which most are served."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """Which fault is due on which day, again every `cycle` days."""

    days: Mapping[str, int] = field(default_factory=lambda: YEAR)
    cycle: int = 30

    def today(self, day: int) -> frozenset[str]:
        """Return what befalls us on a day."""
        return frozenset(name for name, at in self.days.items() if day % self.cycle == at)


@dataclass(slots=True)
class World:
    """What is not ours. `begun` is the first midnight; `noted` a file of ours; flags say what is broken now."""

    now: datetime
    begun: datetime
    bot: BotApi
    mail: Sink
    noted: BinaryIO
    calendar: Calendar = field(default_factory=Calendar)
    deaf: bool = False
    hangs: bool = False
    full: bool = False
    locked: bool = False
    _read: list[Arrival] = field(default_factory=list)
    _seen: int = 0

    def clock(self) -> datetime:
        """Return the simulated instant."""
        return self.now

    @property
    def day(self) -> int:
        """Return how many days have passed."""
        return (self.now - self.begun).days

    def turn(self) -> str:
        """Break and mend what is due at this hour; return what befalls the process: "", a way to die, or "off"."""
        today, hour = self.calendar.today(self.day), self.now.hour
        self.deaf = "deaf" in today
        self.full = "full" in today and (hour < 2 or hour in _MORNING)
        self.locked = "locked" in today and (hour < 2 or hour in _MORNING)
        self.bot.token = "0:revoked" if "revoked" in today else TOKEN
        self.mail.hang_up_at_once = 10_000 if "crowded" in today and hour in _MORNING else 0
        if "off" in today or ("short" in today and hour < 3):
            return "off"
        if "killed" in today:
            return {0: "claimed", 1: "claimed", 4: "polling", 5: "sending", 6: "sending", 7: "sending"}.get(hour, "")
        return "restart" if "restart" in today and hour == 12 else ""

    def collect(self) -> None:
        """Write down what the servers took since the last time, and let them forget its content."""
        for place in range(self._seen, len(self.bot.sent)):
            sent = self.bot.sent[place]
            number = f"{sent.chat_id}/{sent.message_id}" + ("/photo" if sent.photo else "")
            self._note(Arrival.of(self, str(sent.chat_id), number, sent.text))
            self.bot.sent[place] = replace(sent, text="", entities=[], asked={}, photo=sent.photo and b"")
        self._seen = len(self.bot.sent)
        for mail in self.mail.arrived:
            found = _MESSAGE_ID.search(mail.content)
            text = mail.content.decode("ascii")
            self._note(Arrival.of(self, mail.recipient, found[1].decode() if found else "", text))
        self.mail.arrived.clear()
        self.bot.refused.clear()

    def _note(self, arrival: Arrival) -> None:
        """Put an arrival down in a file: what is kept here must not count as the product's memory."""
        pickle.dump(arrival, self.noted)

    def arrivals(self) -> list[Arrival]:
        """Return what the servers took, in order; asked for at the end."""
        if not self._read:
            self.noted.seek(0)
            with contextlib.suppress(EOFError):
                while True:
                    self._read.append(pickle.load(self.noted))
        return self._read

    # -- feeds ---------------------------------------------------------------------------------------------------------

    async def fetch(self, request: Request) -> Changed | Failed:
        """Answer for a feed: what it published today, yesterday and the day before."""
        if self.hangs:
            await asyncio.Event().wait()
        if self.deaf:
            return Failed(url=request.url, reason="no route", network=True)
        return Changed(url=request.url, status=200, body=self._feed(int(request.url.rsplit("/", 1)[1])).encode())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""

    def _feed(self, number: int) -> str:
        items = "".join(
            _item(number, title, at)
            for day in range(max(0, self.day - 2), self.day + 1)
            for title, after in reports(number, day)
            if (at := self.begun + day * DAY + after) <= self.now
        )
        return f'<rss version="2.0"><channel><title>feed {number}</title>{items}</channel></rss>'


_MESSAGE_ID = re.compile(rb"\r\nMessage-ID: (\S+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A message that a server took: when, for whom, its number there, a hash of its text, its first words.

    `names` are what it tells of that spread in the days before.
    """

    at: datetime
    to: str
    number: str
    mark: str
    head: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, world: World, to: str, number: str, text: str) -> Arrival:
        """Note a message; of a mail, whose boundaries and signatures differ, the number stands for the text."""
        mark = hashlib.sha256((number if "@" in to else text).encode()).hexdigest()[:16]
        names = (spreads(world.day - back) for back in range(6))
        return cls(
            at=world.now,
            to=to,
            number=number,
            mark=mark,
            head="" if "@" in to else text[:60],
            names=tuple(name for name in names if name and name in text),
        )


def name_of(number: int) -> str:
    """Return a made-up name that no other number has."""
    parts = []
    for _ in range(4):
        number, place = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[place])
    return "".join(parts).capitalize()


def spreads(day: int) -> str:
    """Return the name of what everybody reports on this day, from 09:30 on; empty where there is no such story."""
    return name_of(40_000 + day * 7) if day % 4 == 3 else ""


def reports(number: int, day: int) -> list[tuple[str, timedelta]]:
    """Return the headlines of a feed on a day, and how long after midnight each appears."""
    found = [
        (headline(day * 1_000 + number // 2), timedelta(minutes=5)),
        (headline(day * 1_000 + 500 + number), timedelta(minutes=6)),
    ]
    if (everywhere := spreads(day)) and number < 6:
        found.append((f"{everywhere}: {headline(day * 1_000 + 900)}", SPREADS_AT))
    if day % 77 >= 70:
        robots = day * 1_000 + 700 + number * 5
        found += [(headline(robots + each, robot=True), timedelta(hours=each)) for each in range(1, 4)]
    return found


def headline(number: int, *, robot: bool = False) -> str:
    """Return a headline that shares no more words with others than headlines do."""
    pick = random.Random(number)
    what = "humanoid robot" if robot else pick.choice(_WHATS)
    return (
        f"{name_of(pick.randrange(150_000))} {pick.choice(_DOES)} {what} {pick.choice(_WHERE)} "
        f"with {name_of(pick.randrange(150_000))} {pick.choice(_WHO)}"
    )


def _item(number: int, title: str, at: datetime) -> str:
    title = escape(title)
    stamp = at.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    guid = hashlib.sha256(f"{number} {title}".encode()).hexdigest()[:12]
    return (
        f"<item><title>{title}</title><guid>{guid}</guid><pubDate>{stamp}</pubDate>"
        f"<link>https://feed{number}.example/{guid}</link><description>{title}.</description></item>"
    )
