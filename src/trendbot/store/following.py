"""Adding a feed whose first poll has happened already, and moving one to another address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from trendbot.core.entries import ParsedFeed
from trendbot.core.feeds import Feed, FeedSeed
from trendbot.core.polling import PollFacts, PollPolicy
from trendbot.core.urls import canonical_url
from trendbot.store.feeds import add_feed, get_feed, refuse_double, set_enabled, update_feed
from trendbot.store.polling import Polled, claim
from trendbot.store.schema import FeedState
from trendbot.store.settling import settle


def add_polled_feed(
    session: Session, seed: FeedSeed, facts: PollFacts, parsed: ParsedFeed, *, now: datetime, policy: PollPolicy
) -> Feed:
    """Follow a feed and store what a first poll of it found: `facts` and `parsed`.

    Raises:
        ConflictError: it is followed already.

    """
    feed = add_feed(session, seed, now=now)
    targets = claim(session, [feed.id], holder="added", now=now, until=now + policy.lease)
    settle(session, [Polled(target=target, facts=facts, parsed=parsed, at=now) for target in targets], policy=policy)
    return get_feed(session, feed.id)


def move_feed(session: Session, which: int | str, url: str, *, now: datetime) -> Feed:
    """Give a feed another address; its entries stay, it is due at once, and what is old there is no news.

    Raises:
        ConflictError: the address is followed already, as another feed.
        NotFoundError: there is no such feed.

    """
    feed = get_feed(session, which)
    if canonical_url(feed.url) != canonical_url(url):
        refuse_double(session, url)
    update_feed(session, feed.id, {"url": url})
    state = session.get_one(FeedState, feed.id)
    state.moved_to, state.moved_polls, state.status = None, 0, None
    state.stand_in = {}
    return replace(set_enabled(session, feed.id, True, now=now), entries=feed.entries)


def set_mirrors(session: Session, which: int | str, mirrors: Sequence[str]) -> Feed:
    """Name the addresses that stand in for a feed while its own is down, in order; none ends it.

    Raises:
        NotFoundError: there is no such feed.

    """
    feed = update_feed(session, which, {"mirrors": list(dict.fromkeys(mirrors))})
    if not mirrors:
        session.get_one(FeedState, feed.id).stand_in = {}
    return feed
