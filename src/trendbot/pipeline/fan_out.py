"""fan out: the subscriptions whose hour has come → deliveries of the newest digest, each in its own choice of themes.

What a reader was told already, by an alert or in another digest, is left out of the edition that the reader gets.
Rows and the subscription's next hour are written in one transaction, a batch at a time, so that a killed process is
taken up where it stopped and nobody is served twice: the delivery's key is unique. Forums with topics are served here
too: each topic gets the digest on its themes, and General the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trendbot.core.delivering import LATE
from trendbot.core.digests import DigestContent, slot_of
from trendbot.core.leanings import Leanings, leanings_of
from trendbot.core.memory import for_reader
from trendbot.core.slots import Timetable, latest_slot
from trendbot.core.taste import taste
from trendbot.core.variants import variant_of
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import TrendbotError
from trendbot.logs import get_logger
from trendbot.pipeline.editions import ensure_edition
from trendbot.render.environment import Renderer
from trendbot.store import digests, fanning, feedback
from trendbot.store.channels import Channel
from trendbot.store.database import Database, Session
from trendbot.store.deliveries import parts_of, write_new
from trendbot.store.digests import Digest, Edition
from trendbot.store.fanning import DueSubscription, Served
from trendbot.store.told import told_stories

log = get_logger(__name__)

BATCH = 500
_SPAN = {Cadence.DAILY: timedelta(hours=24), Cadence.WEEKLY: timedelta(days=7)}
"""What lies between two hours of a subscriber."""
_NEWEST = 3
"""Digests among which is that of the last hour of everybody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FanOutReport:
    """How many subscriptions were served, how many deliveries that made, and how many wait for a digest to be made.

    `nothing` had no story on their themes; `problems` are editions that could not be rendered.
    """

    served: int = 0
    deliveries: int = 0
    waiting: int = 0
    nothing: int = 0
    problems: tuple[str, ...] = ()


@dataclass(kw_only=True)
class _Editions:
    """The newest digests, the newest first, and their editions, each asked for once in a call."""

    database: Database
    renderer: Renderer
    timetables: Mapping[Cadence, Timetable]
    now: datetime
    problems: list[str] = field(default_factory=list)
    _newest: dict[Cadence, tuple[Digest, ...]] = field(default_factory=dict)
    _due: dict[tuple[Cadence, datetime], Digest | None] = field(default_factory=dict)
    _known: dict[tuple[int, ChannelKind, str], Edition | Exception | None] = field(default_factory=dict)

    def newest(self, cadence: Cadence) -> tuple[Digest, ...]:
        if cadence not in self._newest:
            self._newest[cadence] = self.database.read(digests.list_digests, cadence=cadence, limit=_NEWEST)
        return self._newest[cadence]

    def of_hour(self, cadence: Cadence, at: datetime) -> Digest | None:
        if (cadence, at) not in self._due:
            table = self.timetables[cadence]
            slot = slot_of(cadence, latest_slot(table, at).at, table.timezone)
            self._due[cadence, at] = _digest_for(at, slot, self.newest(cadence))
        return self._due[cadence, at]

    def edition(self, digest: Digest, kind: ChannelKind, variant: str) -> Edition | Exception | None:
        key = (digest.id, kind, variant)
        if key not in self._known:
            self._known[key] = self._rendered(digest, kind, variant)
        return self._known[key]

    def _rendered(self, digest: Digest, kind: ChannelKind, variant: str) -> Edition | Exception | None:
        try:
            return ensure_edition(self.database, digest.id, kind, variant, self.renderer, now=self.now)
        except TrendbotError as error:
            log.exception("edition_failed", digest=digest.id, kind=kind, variant=variant)
            self.problems.append(f"no {kind} edition of {digest.title!r} for {variant}: {error}")
            return error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What is known of the subscribers of a batch: when they were told which story, and what they lean to."""

    told: Mapping[int, Mapping[int, datetime]]
    leanings: Mapping[int, Leanings]


def fan_out(
    database: Database, renderer: Renderer, timetables: Mapping[Cadence, Timetable], *, now: datetime
) -> FanOutReport:
    """Enqueue what is due at `now`; callers in an event loop hop to a thread. Run it as often as you like.

    `timetables` tell which slot's digest a reader waits for at an hour.
    """
    editions = _Editions(database=database, renderer=renderer, timetables=timetables, now=now)
    posted = _fan_topics(database, editions, now)
    served, waiting, nothing, new = 0, 0, 0, 0
    after: tuple[datetime, int] | None = None
    while due := database.read(fanning.due_subscriptions, now=now, after=after, limit=BATCH):
        known = _Known(told=_told(database, editions, due), leanings=database.read(_leanings, due, now))
        done = [each for each in (_served(one, editions, known, now) for one in due) if each is not None]
        new += database.write(fanning.serve, tuple(done)) if done else 0
        served += len(done)
        nothing += sum(not each.deliveries for each in done)
        waiting += len(due) - len(done)
        after = (due[-1].due_at, due[-1].subscriber_id)
    return FanOutReport(
        served=served,
        deliveries=new + posted,
        waiting=waiting,
        nothing=nothing,
        problems=tuple(editions.problems),
    )


def _told(database: Database, editions: _Editions, due: Sequence[DueSubscription]) -> dict[int, dict[int, datetime]]:
    """Return what the subscribers of a batch know of the newest digests already, by whichever message, and when."""
    found: dict[int, dict[int, datetime]] = {}
    for cadence in Cadence:
        stories = [_stories(digest.content) for digest in editions.newest(cadence)]
        who = [each.subscriber_id for each in due if each.preferences.cadence is cadence]
        if stories and who:
            found |= database.read(told_stories, who, frozenset().union(*stories))
    return found


def _stories(content: DigestContent) -> frozenset[int]:
    return frozenset(item.story_id for item in (*(item for _, item in content.items()), *content.stories))


def _known(content: DigestContent, told: Mapping[int, datetime]) -> frozenset[int]:
    """Return the stories of a digest that a reader is not to be told again."""
    left = for_reader(content, told) if told else content
    return _stories(content) - (_stories(left) if left else frozenset())


def _leanings(session: Session, due: Sequence[DueSubscription], now: datetime) -> dict[int, Leanings]:
    """Return what those of a batch who ever said so want more and less of."""
    said = feedback.who_said(session, [each.subscriber_id for each in due])
    return {who: leanings_of(taste(feedback.list_feedback(session, who), now)) for who in said}


def _served(due: DueSubscription, editions: _Editions, known: _Known, now: datetime) -> Served | None:
    """Return what a subscription gets; None where its digest is not made yet, or could not be rendered."""
    cadence = due.preferences.cadence
    if cadence is None:
        return Served(due=due, next_at=None)
    at, following = _last_hour(due, _SPAN[cadence], now)
    digest = editions.of_hour(cadence, at)
    if digest is None:
        return Served(due=due, next_at=following) if at + LATE[cadence] < now else None
    without = _known(digest.content, known.told.get(due.subscriber_id, {}))
    variant = variant_of(due.preferences.themes, without, known.leanings.get(due.subscriber_id))
    edition = editions.edition(digest, due.channel.kind, variant)
    if isinstance(edition, Exception):
        return None
    rows = parts_of(edition, due.channel, cadence=cadence, now=at, subscriber_id=due.subscriber_id) if edition else ()
    return Served(due=due, next_at=following, deliveries=tuple(rows))


def _digest_for(at: datetime, slot: str, newest: Sequence[Digest]) -> Digest | None:
    """Return the newest digest that was made before an hour, of the last slot before it or a later one.

    Else that of the slot, however late it was made. So a digest of the next slot neither replaces the one that a reader
    waits for, nor is spent on an hour that is over; and nobody whose hour is the slot's gets yesterday's.
    """
    before = (each for each in newest if each.slot >= slot and each.frozen_at <= at)
    late = (each for each in newest if each.slot == slot)
    return next(before, None) or next(late, None)


def _last_hour(due: DueSubscription, span: timedelta, now: datetime) -> tuple[datetime, datetime | None]:
    """Return the last hour of a subscription that has come, and the next.

    They are several where nobody rang for a day: the newest digest is for the last, and not too late for the first.
    """
    at, following = due.due_at, due.preferences.next_at(max(due.due_at, now - 2 * span))
    while following is not None and following <= now:
        at, following = following, due.preferences.next_at(following)
    return at, following


# -- forums ------------------------------------------------------------------------------------------------------------


def _fan_topics(database: Database, editions: _Editions, now: datetime) -> int:
    new = 0
    for cadence in Cadence:
        digest = next(iter(editions.newest(cadence)), None)
        if digest is None or digest.frozen_at + LATE[cadence] < now:
            continue
        for channel in database.read(fanning.topic_channels, cadence):
            wanted = [
                delivery
                for variant in variants_by_topic(channel, tuple(digest.content.themes))
                if isinstance(edition := editions.edition(digest, channel.kind, variant), Edition)
                for delivery in parts_of(edition, channel, cadence=cadence, now=digest.frozen_at)
            ]
            new += database.write(write_new, wanted) if wanted else 0
    return new


def variants_by_topic(channel: Channel, themes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the choices of themes that a forum's topics get, and last the one for General: every theme without one."""
    by_topic: dict[int, list[str]] = {}
    for theme, topic in channel.topics.items():
        by_topic.setdefault(topic, []).append(theme)
    rest = [theme for theme in themes if theme not in channel.topics]
    return tuple(variant_of(each) for each in [*by_topic.values(), rest] if each)
