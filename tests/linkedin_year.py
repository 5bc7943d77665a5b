"""Days of daily posts against the strict server, with faults, on a frozen clock; for a test and a benchmark.

A person is part of it: who reads what is told, looks at the page where a post is in doubt, and connects again in the
evening of a day on which the token was refused, and two days after consent ended.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from tests.contents import full
from tests.linkedin_api import Fault, Kind, LinkedinApi, read

from trendbot.core.digests import DigestContent, Rendering
from trendbot.core.limits import escape_little, little_hashtag
from trendbot.core.posting import Rhythm
from trendbot.core.vocabulary import Cadence, ChannelKind, DeliveryStatus
from trendbot.pipeline.deliver import deliver
from trendbot.pipeline.dressing import dresser
from trendbot.pipeline.linkedin_account import StoredAccount, dead
from trendbot.pipeline.watch import Concern, Overseer
from trendbot.store import channels, deliveries, digests, schema
from trendbot.store.channels import NewChannel
from trendbot.store.database import Database, Session
from trendbot.transports.linkedin import LinkedinTransport
from trendbot.transports.linkedin_oauth import Grant

START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = "urn:li:organization:55"
TICKS = (timedelta(hours=6), timedelta(hours=8), timedelta(hours=8, minutes=4), timedelta(hours=8, minutes=20),
         timedelta(hours=12), timedelta(hours=20, minutes=30))  # fmt: skip
"""When a pass is made each day: the digest, the page's hour, inside the window, after it, noon, and after the day."""
_REVOKED, _FIRST_REVOKED = 100, 70
"""Every so many days a token is revoked, the first on that day: seldom enough for consents to end by themselves too."""
ALPHABET = "\\|{}@[]()<>#*_~ abc Äß日😀👩‍🔬\u0301/:.?=&%-"


@dataclass(kw_only=True)
class Year:
    """What came of it: the posts of each day, what was meant, what was told, what went wrong by kind."""

    posts: Counter[str] = field(default_factory=Counter)
    meant: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    by_hand: int = 0

    @property
    def doubled(self) -> list[str]:
        """Return the days with more than one post."""
        return [day for day, number in self.posts.items() if number > 1]

    @property
    def silent(self) -> list[str]:
        """Return the days without a post of which nobody was told."""
        missing = [day for day in self.meant if not self.posts[day]]
        return [day for day in missing if not any(key.endswith(f"missing.{day}") for key in self.told)]

    @property
    def missing(self) -> list[str]:
        """Return the days without a post."""
        return [day for day in self.meant if not self.posts[day]]


def some_text(chance: random.Random) -> str:
    """Return a text of all kinds of characters, with a word that nobody else has."""
    body = "".join(chance.choice(ALPHABET) for _ in range(chance.randint(20, 300)))
    return f"No. {chance.getrandbits(48)}\n\n{body}\nhttps://news.example/a_(b)~c?utm_source=x#y"


def day_faults(chance: random.Random) -> tuple[str, dict[str, list[Fault]]]:
    """Return what goes wrong on a day, by the call it strikes."""
    lost = [Fault(kind=kind) for kind in (Kind.DROP_AFTER, Kind.DROP_BEFORE, Kind.GARBAGE, Kind.BROKEN, Kind.HANG)]
    busy = Fault(kind=Kind.ANSWER, status=429, body={"code": "TOO_MANY_REQUESTS"})
    name = chance.choice(["none"] * 4 + ["lost", "lost twice", "lost all day", "busy", "broken", "lost, then busy"])
    post = {
        "none": [],
        "lost": [chance.choice(lost)],
        "lost twice": [chance.choice(lost), chance.choice(lost)],
        "lost all day": [chance.choice(lost) for _ in range(40)],
        "busy": [busy] * 40,
        "lost, then busy": [chance.choice(lost), busy],
        "broken": [],
    }[name]
    return name, {"post": post, "init": [Fault(kind=Kind.BROKEN)] * 40 if name == "broken" else []}


class Play:
    """A home, its page and its days."""

    def __init__(self, database: Database, api: LinkedinApi, *, seed: int, timeout: float = 0.3) -> None:
        self.database, self.api, self.chance, self.year = database, api, random.Random(seed), Year()
        self.striking: dict[str, list[Fault]] = {}
        api.fault_of = lambda name: faults.pop(0) if (faults := self.striking.get(name)) else None
        self.account = StoredAccount(
            database=database, clock=lambda: api.now, secret=lambda: b"a secret of a test", asked_version="202510"
        )
        self.transport = LinkedinTransport(
            self.account, base_url=api.base_url, rhythm=Rhythm(), timeout=timeout, pause=0.0
        )
        self.overseer = Overseer(database=database, account=self.account, rhythm=Rhythm())
        self.transport.overseer = self._overseen
        self._put(START)
        self.connect()
        self.channel = database.write(channels.add_channel, _PAGE)
        self.ended: datetime | None = None

    async def _overseen(self, transport: LinkedinTransport) -> tuple[Concern, ...]:
        found = await self.overseer(transport)
        self.year.told |= {each.key for each in found}
        return found

    def _put(self, now: datetime) -> None:
        self.api.now = now
        newest = now.replace(day=1) - timedelta(days=40)
        self.api.versions = {f"{newest:%Y%m}"} if now.month % 6 == 0 else self.api.versions | {f"{newest:%Y%m}"}

    def connect(self) -> None:
        """Let a person agree."""
        self.account.keep_grant(Grant(access_token=self.api.grant(), expires_in=60 * 86400), holder=PAGE)

    async def run(self, days: int) -> Year:
        """Live so many days."""
        for number in range(days):
            day = START + timedelta(days=number)
            name, self.striking = day_faults(self.chance)
            self.year.faults[name] += 1
            if number % _REVOKED == _FIRST_REVOKED:
                self.api.tokens.clear()
                self.year.faults["revoked"] += 1
            await self._day(number, day)
        self._count()
        await self.transport.close()
        return self.year

    async def _day(self, number: int, day: datetime) -> None:
        for tick in TICKS:
            self._put(day + tick)
            if tick == TICKS[0]:
                self._digest(number + 1, day)
            self.database.write(_forget_rates)  # their clock is the real one, and a day takes no time here
            await deliver(
                self.database,
                transports={"linkedin": self.transport},
                clock=lambda: self.api.now,
                dress=dresser(self.database),
            )
        self._person(day)

    def _digest(self, number: int, day: datetime) -> None:
        text = some_text(self.chance)
        tags = " ".join(little_hashtag(f"tag{each}") for each in range(self.chance.randint(0, 5)))
        slot = f"{day:%Y-%m-%d}"
        commentary = escape_little(text) + "\n\n" + tags
        self.year.meant[slot] = text + "\n\n" + " ".join(f"#tag{each}" for each in range(tags.count("{hashtag")))
        content = full(number=number, slot=slot, title=f"no. {number}", lead=None, sections=(), also=())
        self.database.write(_publish, content, commentary, self.api.now)

    def _person(self, day: datetime) -> None:
        """Do in the evening what was told: look at the page where a post is in doubt; connect again, late."""
        there = {post.commentary for post in self.api.alive()}
        for row in self.database.read(deliveries.list_deliveries, status=DeliveryStatus.UNCERTAIN):
            to = DeliveryStatus.SENT if row.body in there else DeliveryStatus.SKIPPED
            self.database.write(deliveries.lead_on, row.key, to=to, now=self.api.now)
            self.year.by_hand += 1
        held = self.account.find()
        if held is not None and (dead(held) or held.expires_at + timedelta(days=2) < self.api.now):
            self.connect()
            self.year.by_hand += 1

    def _count(self) -> None:
        by_text = {text: slot for slot, text in self.year.meant.items()}
        for post in self.api.alive():
            if post.seen not in by_text or post.seen != read(post.commentary):
                self.year.wrong.append(post.commentary)
                continue
            self.year.posts[by_text[post.seen]] += 1


_PAGE = NewChannel(
    slug="page", kind=ChannelKind.LINKEDIN, transport="linkedin", address=PAGE, cadence=Cadence.DAILY
)  # fmt: skip


def _forget_rates(session: Session) -> None:
    session.execute(delete(schema.Rate))


def _publish(session: Session, content: DigestContent, commentary: str, now: datetime) -> None:
    rendering = Rendering(
        kind=ChannelKind.LINKEDIN, variant="all", subject=None, parts=(commentary,), text_body="", template_hash="h"
    )
    _, written = digests.freeze(session, content=content, editions=[rendering], now=now, by="test")
    deliveries.enqueue(session, editions=written, cadence=Cadence.DAILY, now=now)


def posts_a_local_day(api: LinkedinApi) -> Iterator[tuple[str, int]]:
    """Yield each UTC day on which something was posted, and how often."""
    yield from Counter(f"{post.at:%Y-%m-%d}" for post in api.alive()).items()
