"""alerts: what spreads or rises → notices in the outbox, for those who asked, at most so many a day, nothing twice.

Told counts what was sent, may have been sent or waits to be sent, as an alert or in a digest on the reader's themes.
Run it as often as you like: a story's alert has one key in each language, and a delivery one a reader.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trendbot.core import alerts
from trendbot.core.alerts import Alert, Headline, Reader, Rise
from trendbot.core.hours import local_day_start
from trendbot.core.limits import check_telegram
from trendbot.core.phrases import Words
from trendbot.core.taste import taste
from trendbot.core.vocabulary import ChannelKind, NoticeKind
from trendbot.errors import NotFoundError
from trendbot.logs import get_logger
from trendbot.store import alerting, feedback, stories, told, trends
from trendbot.store.alerting import Asking
from trendbot.store.database import Database, Session
from trendbot.store.notices import Notice, enqueue_notice
from trendbot.store.stories import Story
from trendbot.store.trends import KeptReading

log = get_logger(__name__)

BATCH = 500
MOST = 10
"""Alerts that are considered in one pass, the strongest."""
_HEADLINES = 3
_STALE = timedelta(days=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertReport:
    """How many things were worth an alert, and how many messages that made."""

    found: int = 0
    enqueued: int = 0


def alert(database: Database, *, now: datetime) -> AlertReport:
    """Enqueue the alerts that are due at `now`; callers in an event loop hop to a thread."""
    if not database.read(alerting.asking, limit=1):
        return AlertReport()
    found = database.read(worth_an_alert, now=now)
    enqueued, after = 0, 0
    while found and (batch := database.read(alerting.asking, after=after, limit=BATCH)):
        enqueued += database.write(_enqueue, tuple(each for _, each in batch), found, now)
        after = batch[-1][0]
    return AlertReport(found=len(found), enqueued=enqueued)


# -- what is worth one -------------------------------------------------------------------------------------------------


def worth_an_alert(session: Session, *, now: datetime) -> tuple[Alert, ...]:
    """Return what spreads or rises now, what rises first; each story once."""
    found: dict[int, Alert] = {}
    for each in (*_risen(session, now), *_spread(session, now)):
        found.setdefault(each.story_id, each)
    return tuple(found.values())[:MOST]


def _risen(session: Session, now: datetime) -> Iterable[Alert]:
    newest = trends.newest_day(session, until=now.date())
    if newest is None or newest < (now - _STALE).date():
        return
    for reading in trends.list_readings(session, since=newest, until=newest):
        if reading.direction == "rising" and not reading.detail.get("still") and reading.stories:
            made = _alert(session, [story for story, _ in reading.stories], now, reading)
            if made is not None:
                yield made


def _spread(session: Session, now: datetime) -> Iterable[Alert]:
    since = now - alerts.KNOWN
    sizes = alerting.story_sizes(session, since=since, until=now - alerts.WINDOW, window=alerts.WINDOW)
    least = alerts.spread_threshold(sizes, days=alerts.KNOWN.days)
    for story in alerting.spreading(session, since=now - alerts.WINDOW, least=least):
        made = _alert(session, [story], now)
        if made is not None:
            yield made


def _alert(session: Session, numbers: Sequence[int], now: datetime, reading: KeptReading | None = None) -> Alert | None:
    """Return an alert about the first of some stories, with headlines of them all; None where it has no news now."""
    found = [story for story in (_story(session, number) for number in numbers[:_HEADLINES]) if story is not None]
    if not found or found[0].last_at < now - _STALE:
        return None
    first = found[0]
    since = min(now, first.last_at) - alerts.WINDOW  # who was off for a day still tells what spread in one
    fresh = [entry for entry in first.entries if entry.dated_at > since]
    return Alert(
        story_id=first.id,
        themes=frozenset(first.themes) | ({reading.slug} if reading and reading.slug else set()),
        feeds=frozenset(stories.feeds_of(session, first.id)),
        publishers=len({entry.feed_title for entry in fresh}),
        reports=len(fresh),
        headlines=tuple(_headline(story) for story in found),
        rise=_rise(reading) if reading else None,
    )


def _story(session: Session, number: int) -> Story | None:
    try:
        story = stories.get_story(session, number)
    except NotFoundError:
        return None
    return story if story.entries else None


def _headline(story: Story) -> Headline:
    lead = next((entry for entry in story.entries if entry.lead), story.entries[0])
    return Headline(title=lead.title or story.title, url=lead.url, source=lead.feed_title)


def _rise(reading: KeptReading) -> Rise:
    return Rise(name=reading.name, current=reading.current, usual=reading.baseline, days=reading.window_days)


# -- who gets it -------------------------------------------------------------------------------------------------------


def _enqueue(session: Session, batch: Sequence[Asking], found: Sequence[Alert], now: datetime) -> int:
    readers = _readers(session, batch, found, now)
    recipients: dict[tuple[int, str, int], list[int]] = defaultdict(list)
    for place, asked in enumerate(batch):
        subscription = asked.subscription
        for number in _chosen(readers[place], found, now):
            language = Words(asked.language).language
            recipients[number, language, subscription.channel_id].append(subscription.subscriber_id)
    return sum(
        _write(session, found[number], language, channel, who, now)
        for (number, language, channel), who in recipients.items()
    )


def _chosen(reader: Reader, found: Sequence[Alert], now: datetime) -> list[int]:
    """Return the places of the alerts that a reader gets: one in a pass, so that a busy hour is no flood."""
    return next(([place] for place, each in enumerate(found) if alerts.wants(reader, each, now=now)), [])


def _readers(session: Session, batch: Sequence[Asking], found: Sequence[Alert], now: datetime) -> list[Reader]:
    numbers = [each.subscription.subscriber_id for each in batch]
    known = told.told_stories(session, numbers, frozenset(each.story_id for each in found))
    starts = {
        each.subscription.subscriber_id: local_day_start(now, timezone=each.subscription.preferences.timezone)
        for each in batch
    }
    today: dict[int, int] = {}
    for start in set(starts.values()):
        of_start = [who for who in numbers if starts[who] == start]
        today |= told.count_alerts(session, of_start, since=start)
    said = {who: feedback.list_feedback(session, who) for who in feedback.who_said(session, numbers)}
    return [
        Reader(
            preferences=each.subscription.preferences,
            taste=taste(said.get(each.subscription.subscriber_id, ()), now),
            today=today.get(each.subscription.subscriber_id, 0),
            told=frozenset(known.get(each.subscription.subscriber_id, ())),
        )
        for each in batch
    ]


def _write(session: Session, each: Alert, language: str, channel: int, who: list[int], now: datetime) -> int:
    body = alerts.body(each, Words(language))
    if problems := check_telegram((body,)):
        log.error("alert_breaks_a_limit", story=each.story_id, problem=str(problems[0]))
        return 0
    notice = Notice(
        key=alerts.key_of(each.story_id, language),
        notice=NoticeKind.ALERT,
        kind=ChannelKind.TELEGRAM,
        body=body,
        subject=alerts.subject(each),
        story_id=each.story_id,
        expires_at=now + alerts.GOOD_FOR,
    )
    return enqueue_notice(session, notice, channel_id=channel, now=now, subscribers=who)
