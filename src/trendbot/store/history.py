"""Stored entries as the rule lab and the review screen read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from trendbot.store.schema import Entry, Feed
from trendbot.store.tags import OPENING, Readable


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """An entry with what a person wants to see of it beside what an annotator reads."""

    read: Readable
    dated_at: datetime
    feed_title: str
    url: str


def _query() -> Any:
    opening = func.substr(Entry.content, 1, OPENING)
    return select(
        Entry.id, Entry.revision, Entry.title, Entry.summary, opening, Feed.title, Feed.url, Entry.author,
        Entry.dated_at, Entry.url,
    ).join(Feed, Feed.id == Entry.feed_id)  # fmt: skip


def _past(row: Any) -> Past:
    number, revision, title, summary, opening, feed, feed_url, author, dated_at, url = row
    readable = Readable(
        id=number,
        revision=revision,
        title=title,
        body=summary or opening,
        feed=f"{feed} {feed_url}",
        author=author or "",
    )
    return Past(read=readable, dated_at=dated_at, feed_title=feed, url=url)


def past_entries(session: Session, *, after: int = 0, since: datetime | None = None, limit: int = 500) -> list[Past]:
    """Give entries beyond id `after` in order of id, `since` leaving out those dated before it."""
    query = _query().where(Entry.id > after).order_by(Entry.id).limit(limit)
    if since is not None:
        query = query.where(Entry.dated_at >= since)
    return [_past(row) for row in session.execute(query)]


def pasts(session: Session, entry_ids: Sequence[int]) -> list[Past]:
    """Give those of the entries that exist, in the order asked."""
    found = {row[0]: _past(row) for row in session.execute(_query().where(Entry.id.in_(entry_ids)))}
    return [found[number] for number in entry_ids if number in found]


def count_since(session: Session, since: datetime | None) -> int:
    """Count the entries dated `since` then, all where None."""
    query = select(func.count()).select_from(Entry)
    return session.scalar(query if since is None else query.where(Entry.dated_at >= since)) or 0
