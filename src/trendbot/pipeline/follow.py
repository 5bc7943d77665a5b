"""Follow a site: find its feed, add it, and store what was fetched on the way; and look for feeds that were lost."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trendbot.clock import Clock
from trendbot.core.feed_findings import Diagnosis, Finding, Patient
from trendbot.core.feeds import Feed, FeedSeed
from trendbot.core.polling import Outcome, PollFacts, PollPolicy
from trendbot.core.urls import canonical_url, site_of
from trendbot.fetch.discover import Asks, Discovery, Found, discover
from trendbot.logs import get_logger
from trendbot.store.database import Database
from trendbot.store.feeds import refuse_double
from trendbot.store.following import add_polled_feed

log = get_logger(__name__)

LOST = frozenset({Diagnosis.DEAD, Diagnosis.WEB_PAGE, Diagnosis.MOVED, Diagnosis.SILENT, Diagnosis.EMPTY})
"""Findings for which another address is looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """What came of following an address: the feed, now stored, or None and the discovery's problem."""

    feed: Feed | None
    discovery: Discovery


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """Another address at which a lost feed may live on; `found_at` is the page that led there."""

    feed_id: int
    feed: str
    url: str
    title: str
    entries: int
    newest_at: datetime | None
    found_at: str


async def follow(
    database: Database, asks: Asks, seed: FeedSeed, *, clock: Clock, policy: PollPolicy | None = None, gap: float = 0.5
) -> Followed:
    """Find the feed at `seed.url` or on the page there, follow it, and store what it says.

    Raises:
        ConflictError: it is followed already.

    """
    database.read(refuse_double, seed.url)
    discovery = await discover(asks, seed.url, user_agent=seed.user_agent, gap=gap)
    if discovery.feed is None:
        return Followed(feed=None, discovery=discovery)
    feed = await database.run(
        add_polled_feed,
        _completed(seed, discovery.feed),
        _facts(discovery.feed),
        discovery.feed.parsed,
        now=clock(),
        policy=policy or PollPolicy(),
    )
    return Followed(feed=feed, discovery=discovery)


def _completed(seed: FeedSeed, found: Found) -> FeedSeed:
    """Give a seed what its feed says of itself."""
    page = seed.url if found.how != "itself" else None
    return replace(
        seed,
        url=found.answer.moved_to or found.url,
        title=seed.title or found.title or found.url,
        site_url=seed.site_url or found.parsed.site_url or page,
        language=seed.language or found.parsed.language,
    )


def _facts(found: Found) -> PollFacts:
    """Return what a poll of the feed would have found."""
    answer = found.answer
    return PollFacts(
        outcome=Outcome.CHANGED,
        url=answer.url,
        status=answer.status,
        headers=answer.headers,
        body_hash=hashlib.sha256(answer.body).hexdigest(),
        hints=found.parsed.hints,
    )


async def search_lost(
    asks: Asks, patients: Sequence[Patient], findings: Sequence[Finding], *, gap: float = 0.5
) -> tuple[Suggestion, ...]:
    """Look for other addresses of the feeds that have a finding of `LOST`: at their sites, and where they were.

    Their own pages only are asked, each site once.
    """
    lost = {finding.feed_id for finding in findings if finding.diagnosis in LOST}
    suggestions = []
    known: dict[str, Discovery] = {}
    for patient in patients:
        if patient.id not in lost:
            continue
        try:
            suggestion = await _searched(asks, patient, known, gap)
        except Exception:
            log.exception("search_failed", feed_id=patient.id)
            continue
        suggestions.extend([suggestion] if suggestion else [])
    return tuple(suggestions)


async def _searched(asks: Asks, patient: Patient, known: dict[str, Discovery], gap: float) -> Suggestion | None:
    pages = dict.fromkeys(page for page in (patient.site_url, patient.url, site_of(patient.url)) if page)
    for page in pages:
        if page not in known:
            known[page] = await discover(asks, page, gap=gap)
        found = known[page].feed
        if found is not None and canonical_url(found.url) != canonical_url(patient.url):
            return _suggestion(patient, found, page)
    return None


def _suggestion(patient: Patient, found: Found, page: str) -> Suggestion:
    dates = [entry.published_at for entry in found.parsed.entries if entry.published_at]
    return Suggestion(
        feed_id=patient.id,
        feed=patient.title,
        url=found.url,
        title=found.title,
        entries=len(found.parsed.entries),
        newest_at=max(dates, default=None),
        found_at=page,
    )
