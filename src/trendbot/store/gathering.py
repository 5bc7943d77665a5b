"""What a digest is made from, gathered in one reading of the database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from trendbot.core.composing import Period
from trendbot.core.digests import DigestPolicy, period_days, reaches, slot_of
from trendbot.core.memory import Told, retold
from trendbot.core.ranking import Candidate
from trendbot.core.telling import days_for, newest, tellable
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.store import channels, digests, views
from trendbot.store.digests import Digest
from trendbot.store.memory import told_before, told_headlines, told_to_some
from trendbot.store.runs import footprint_between

ENOUGH = 5
"""An opening digest reaches no further back than to this many times the stories that it can hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """The period, the stories that may be told in it, theme titles, trend readings, and the kinds of channels.

    `told_to_some` are stories that only readers of some themes were told before.
    """

    period: Period
    candidates: tuple[Candidate, ...]
    told_to_some: dict[int, Told]
    themes: dict[str, str]
    readings: tuple[views.Reading, ...]
    kinds: tuple[ChannelKind, ...]


def gather(
    session: Session, *, cadence: Cadence, now: datetime, policy: DigestPolicy, number: int | None = None
) -> Gathered:
    """Gather what the digest of a cadence at `now` is made from.

    `number` asks for a past digest again: only what the digests before that number told counts as told. Tags and
    stories are those of today.
    """
    previous = digests.latest_digest(session, cadence, before=number)
    if previous is None:
        period, candidates = _opening(session, cadence, now, policy)
    else:
        period, candidates = _following(session, previous, now, policy)
    ids = [one.story_id for one in candidates]
    told = told_to_some(session, cadence, ids, until=previous.number) if previous else {}
    outlets = channels.list_channels(session, cadence=cadence)
    return Gathered(
        period=period if number is None else replace(period, number=number),
        candidates=candidates,
        told_to_some=told,
        themes=views.theme_titles(session),
        readings=views.latest_readings(
            session, since=now.date() - timedelta(days=period_days(cadence)), until=now.date()
        ),
        kinds=tuple(dict.fromkeys(outlet.kind for outlet in outlets)),
    )


def _opening(
    session: Session, cadence: Cadence, now: datetime, policy: DigestPolicy
) -> tuple[Period, tuple[Candidate, ...]]:
    """Reach back, step by step, until there are enough stories to begin with."""
    days, since = 0, now
    candidates: tuple[Candidate, ...] = ()
    for days, since in reaches(cadence, now):  # noqa: B007
        found = views.list_candidates(session, since=since, until=now, by="dated", oldest=since)
        candidates = tellable(found, told={}, languages=policy.languages)
        if len(candidates) >= policy.opening_stories:
            break
    narrowed = max(period_days(cadence), days_for(candidates, now=now, enough=ENOUGH * policy.stories))
    if narrowed < days:
        days, since = narrowed, now - timedelta(days=narrowed)
        candidates = tuple(one for one in candidates if newest(one) >= since)
    counts = views.count_period(session, since=since, until=now, by="dated")
    return _period(session, cadence, since, now, counts, zone=policy.timezone, reach_days=days), candidates


def _following(
    session: Session, previous: Digest, now: datetime, policy: DigestPolicy
) -> tuple[Period, tuple[Candidate, ...]]:
    """Take what was first seen since the digest before, and is no old news."""
    since = previous.period_end
    found = views.list_candidates(
        session, since=since, until=now, by="seen", oldest=now - timedelta(days=policy.max_age_days)
    )
    told = told_before(session, previous.cadence, [one.story_id for one in found], until=previous.number)
    counts = views.count_period(session, since=since, until=now, by="seen")
    since, zone = min(since, now - timedelta(microseconds=1)), policy.timezone
    period = _period(session, previous.cadence, since, now, counts, zone=zone, reach_days=0)
    known = told_headlines(session, previous.cadence, until=previous.number)
    new = tellable(found, told=told, languages=policy.languages)
    return period, tuple(one for one in new if not retold(one, known))


def _period(
    session: Session,
    cadence: Cadence,
    since: datetime,
    now: datetime,
    counts: views.PeriodCounts,
    *,
    zone: str,
    reach_days: int,
) -> Period:
    return Period(
        cadence=cadence,
        slot=slot_of(cadence, now, zone),
        number=digests.next_number(session, cadence),
        start=since,
        end=now,
        opening=reach_days > 0,
        reach_days=reach_days or period_days(cadence),
        entries=counts.entries,
        feeds=counts.feeds,
        followed=counts.followed,
        footprint=footprint_between(session, since, now),
    )
