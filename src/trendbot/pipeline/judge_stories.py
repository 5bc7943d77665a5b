"""Judge grouping: run it over labelled items in memory, in their order, and compare with a reader's stories."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trendbot.core.grouping import Background, Grouper, Grouping, Item
from trendbot.core.grouping.agreement import Agreement, agreement
from trendbot.core.urls import canonical_url, is_front_page
from trendbot.errors import ConfigError

_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """An item to group, and its story by a reader; None for background."""

    id: str
    item: Item
    story: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoriesJudged:
    """The agreement, how many items were grouped, and how many a second."""

    items: int
    items_per_second: float
    agreement: Agreement


def labelled_items(lines: Iterable[str], *, name: str, urls: bool = True) -> list[Labelled]:
    """Read items, one JSON object a line: id, title, summary, source, published, url, story.

    All but the title may be missing. An undated item stands at the date of the one before it; one without a source has
    a feed of its own. Those of one instant are put in order by address, source and title. `urls` False leaves
    addresses out, so that only words and dates decide.

    Raises:
        ConfigError: a line is no such object.

    """
    feeds: dict[str, int] = {}
    found: list[Labelled] = []
    dated = _UNDATED
    for number, row in _rows(lines, name):
        dated = _date(row.get("published"), f"{name} line {number}") or dated
        url = str(row.get("url") or "") if urls else ""
        address = canonical_url(url) if url else ""
        source, title = str(row.get("source") or ""), str(row["title"])
        item = Item(
            entry_id=len(found),
            mark="\n".join((url, source, title, str(row.get("id", number)))),
            feed_id=feeds.setdefault(source or f"\n{number}", len(feeds)),
            title=title,
            summary=str(row.get("summary") or ""),
            canonical_url="" if not address or is_front_page(address) else address,
            dated_at=dated,
        )
        story = row.get("story")
        found.append(
            Labelled(id=str(row.get("id", number)), item=item, story=None if story in (None, "") else str(story))
        )
    return found


def _rows(lines: Iterable[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{name} line {number} is no JSON: {error}") from error
        if not isinstance(row, dict) or "title" not in row:
            raise ConfigError(f"{name} line {number} is no object with a title")
        yield number, row


def _date(text: object, where: str) -> datetime | None:
    if not text:
        return None
    try:
        date = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise ConfigError(f"{where}: {text!r} is no date such as 2026-11-15T08:00:00Z") from error
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def judge_stories(
    labelled: Iterable[Labelled], background: Background, grouping: Grouping | None = None
) -> StoriesJudged:
    """Group the items in the order of their dates and compare those that have a story."""
    ordered = sorted(labelled, key=lambda one: (one.item.dated_at, one.item.mark))
    grouper = Grouper(background, grouping)
    started = time.perf_counter()
    placed = [grouper.place(one.item, opening=number).story for number, one in enumerate(ordered)]
    seconds = time.perf_counter() - started
    pairs = [
        (one.story, grouper.resolve(story)) for one, story in zip(ordered, placed, strict=True) if one.story is not None
    ]
    return StoriesJudged(
        items=len(ordered), items_per_second=len(ordered) / max(seconds, 1e-9), agreement=agreement(pairs)
    )
