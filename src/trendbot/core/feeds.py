"""A feed as people see it: what they curate, and how it is doing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trendbot.core.urls import feed_address
from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedSeed:
    """A feed to follow, before it is in the database."""

    url: str
    title: str = ""
    site_url: str | None = None
    kind: FeedKind = FeedKind.NEWS
    language: str | None = None
    weight: float = 1.0
    enabled: bool = True
    mirrors: tuple[str, ...] = ()
    user_agent: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A followed feed and the state of its polling; instants are aware UTC."""

    id: int
    url: str
    title: str
    site_url: str | None
    kind: FeedKind
    language: str | None
    weight: float
    enabled: bool
    user_agent: str | None
    mirrors: tuple[str, ...]
    added_at: datetime
    next_poll_at: datetime | None
    polled_at: datetime | None
    succeeded_at: datetime | None
    changed_at: datetime | None
    gone_at: datetime | None
    failures: int
    status: int | None
    error: str | None
    entries: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


def parse_seeds(text: str, *, name: str = "feeds.toml") -> tuple[FeedSeed, ...]:
    """Read a feed list: ``[[feed]]`` tables with title, url, site, kind, language, weight, enabled, mirrors.

    Raises:
        ConfigError: it is not TOML, or a feed lacks an address or has a value that cannot be; the message names it.

    """
    try:
        tables = tomllib.loads(text).get("feed", [])
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}; mend it") from error
    return tuple(_seed(table, f"{name}, feed {number}") for number, table in enumerate(tables, 1))


def _seed(table: Mapping[str, Any], where: str) -> FeedSeed:
    url = feed_address(str(table.get("url", "")))
    if not url:
        raise ConfigError(f"{where}: url {table.get('url')!r} is no http(s) address; mend it")
    try:
        kind, weight = FeedKind(table.get("kind", "news")), float(table.get("weight", 1.0))
    except ValueError as error:
        raise ConfigError(f"{where} ({url}): {error}; mend it") from error
    return FeedSeed(
        url=url,
        title=str(table.get("title", "")) or url,
        site_url=table.get("site"),
        kind=kind,
        language=table.get("language"),
        weight=weight,
        enabled=bool(table.get("enabled", True)),
        mirrors=tuple(str(mirror) for mirror in table.get("mirrors", ())),
        user_agent=table.get("user_agent"),
    )
