"""Which feeds are followed: those of a list, or the seeds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from trendbot.bootstrap import App
from trendbot.core.feeds import FeedSeed, parse_seeds
from trendbot.core.urls import canonical_url
from trendbot.errors import ConfigError
from trendbot.fetch.http import Changed, Failed, Request
from trendbot.fetch.opml import parse_opml
from trendbot.store.feeds import count_feeds, list_feeds, seed_feeds


async def follow_feeds(app: App, opml: str | None) -> tuple[int, tuple[int, ...] | None]:
    """Follow the feeds of `opml`, or the seeds where none is followed; return how many are new, and whom to ask."""
    if opml is None:
        if app.database.read(count_feeds):
            return 0, None
        seeds = parse_seeds(app.seeds.read_text(encoding="utf-8"), name=app.seeds.name)
        return app.database.write(seed_feeds, seeds, app.clock()), None
    listed = parse_opml(await _read(app, opml), name=opml).feeds
    added = app.database.write(seed_feeds, listed, app.clock())
    return added, _ids(app, listed)


def _ids(app: App, listed: Sequence[FeedSeed]) -> tuple[int, ...]:
    wanted = {canonical_url(seed.url) for seed in listed}
    feeds = app.database.read(list_feeds, enabled=True)
    return tuple(feed.id for feed in feeds if canonical_url(feed.url) in wanted)


async def _read(app: App, source: str) -> bytes:
    """Read a list of feeds from an address or a file."""
    if not source.lower().startswith(("http://", "https://")):
        try:
            return await asyncio.to_thread(Path(source).read_bytes)
        except OSError as error:
            raise ConfigError(
                f"{source} cannot be read ({error.strerror}): name an OPML file or its address"
            ) from error
    match await app.fetcher.fetch(Request(url=source)):
        case Changed(body=body):
            return body
        case Failed(reason=reason):
            raise ConfigError(f"the list of feeds at {source} {reason}: name an OPML file or its address")
        case _:
            raise ConfigError(f"the list of feeds at {source} has no content: name an OPML file or its address")
