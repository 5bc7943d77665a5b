"""What the scorecard counts, gathered in one pass a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session

from trendbot.core.scorecard import Report, Tally, Told
from trendbot.store.schema import Digest, DigestStory, Entry, Feed, Story, StoryEntry, Tag, Tagging, Theme
from trendbot.store.tags import holds

BEFORE = timedelta(days=7)
"""How far before the period reports are read, so that a story's first report is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreFacts:
    """What `core.scorecard.score` takes; `digests` counts the frozen digests of the period."""

    tallies: tuple[Tally, ...]
    reports: tuple[Report, ...]
    told: tuple[Told, ...]
    digests: int


def score_facts(session: Session, *, since: datetime, until: datetime) -> ScoreFacts:
    """Gather what feeds reported from `since` to `until`, by the entries' dates."""
    frozen = [Digest.frozen_at.is_not(None), Digest.period_end > since, Digest.period_end <= until]
    return ScoreFacts(
        tallies=tuple(_tallies(session, since, until)),
        reports=tuple(_reports(session, since - BEFORE, until)),
        told=_told(session, frozen),
        digests=session.scalar(select(func.count()).select_from(Digest).where(*frozen)) or 0,
    )


def _tallies(session: Session, since: datetime, until: datetime) -> Iterator[Tally]:
    period = [Entry.dated_at >= since, Entry.dated_at <= until, Entry.withdrawn_at.is_(None)]
    counted = _counts(session, select(Entry.feed_id, func.count()).where(*period).group_by(Entry.feed_id))
    read = exists().where(Tagging.entry_id == Entry.id)
    tagged = _counts(session, select(Entry.feed_id, func.count()).where(*period, read).group_by(Entry.feed_id))
    themes: defaultdict[int, dict[str, int]] = defaultdict(dict)
    by_theme = _said_yes(select(Entry.feed_id, Theme.slug, func.count(func.distinct(Entry.id))), period)
    for feed_id, slug, count in session.execute(by_theme.group_by(Entry.feed_id, Theme.slug)):
        themes[feed_id][slug] = count
    any_theme = _said_yes(select(Entry.feed_id, func.count(func.distinct(Entry.id))), period)
    on_theme = _counts(session, any_theme.group_by(Entry.feed_id))
    for feed in session.scalars(select(Feed).order_by(func.lower(Feed.title), Feed.id)):
        if feed.enabled or feed.id in counted:
            yield Tally(
                feed_id=feed.id,
                feed=feed.title,
                kind=feed.kind,
                weight=feed.weight,
                entries=counted.get(feed.id, 0),
                tagged=tagged.get(feed.id, 0),
                on_theme=on_theme.get(feed.id, 0),
                themes=themes.get(feed.id, {}),
            )


def _counts(session: Session, query: Select[*tuple[Any, ...]]) -> dict[int, int]:
    return {feed_id: count for feed_id, count in session.execute(query)}  # noqa: C416  (typed)


def _said_yes(query: Select[*tuple[Any, ...]], period: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    """Narrow to effective tags that apply."""
    return (
        query.select_from(Entry)
        .join(Tag, Tag.entry_id == Entry.id)
        .join(Theme, and_(Theme.id == Tag.theme_id, Theme.enabled))
        .where(*period, holds())
    )


def _reports(session: Session, since: datetime, until: datetime) -> Iterator[Report]:
    """Yield each feed's earliest entry in each story. Imported entries were not seen to come; their dates stand."""
    query = (
        select(StoryEntry.story_id, Entry.feed_id, Entry.dated_at, Entry.seen_at, Entry.backlog)
        .join(Entry, Entry.id == StoryEntry.entry_id)
        .where(Entry.dated_at >= since, Entry.dated_at <= until, Entry.withdrawn_at.is_(None))
    )
    found: dict[tuple[int, int], tuple[datetime, datetime | None]] = {}
    for story_id, feed_id, dated_at, seen_at, backlog in session.execute(query):
        key, at = (story_id, feed_id), _instant(dated_at, seen_at, backlog=backlog)
        day, known = found.get(key, (dated_at, at))
        found[key] = min(day, dated_at), min(at, known) if at and known else at or known
    for (story_id, feed_id), (day, at) in found.items():
        yield Report(story_id=story_id, feed_id=feed_id, dated_at=day, at=at)


def _instant(dated_at: datetime, seen_at: datetime, *, backlog: bool) -> datetime | None:
    """Return when a report came: its date; where that is a whole day our first sight, if we saw it come."""
    if dated_at.astimezone(UTC).time() != time():
        return dated_at
    return None if backlog or seen_at == dated_at else seen_at


def _told(session: Session, frozen: Sequence[ColumnElement[bool]]) -> tuple[Told, ...]:
    """Return the stories of frozen digests under the numbers that they bear now, with the feeds that led them."""
    now = func.coalesce(Story.merged_into_id, Story.id)
    query = (
        select(now, Entry.feed_id)
        .select_from(DigestStory)
        .join(Digest, Digest.id == DigestStory.digest_id)
        .join(Story, Story.id == DigestStory.story_id)
        .outerjoin(Entry, Entry.id == Story.lead_entry_id)
        .where(*frozen)
        .distinct()
    )
    return tuple(Told(story_id=story_id, lead_feed_id=feed_id) for story_id, feed_id in session.execute(query))
