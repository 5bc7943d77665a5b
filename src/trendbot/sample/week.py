"""The sample week as data: feeds, entries and what happens to them, read from ``seeds/sample``."""

from __future__ import annotations

import enum
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from trendbot.core.vocabulary import FeedKind
from trendbot.errors import ConfigError
from trendbot.paths import bundled

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE_NOTE = "Sample: a made-up week. Every company and report in it is invented."
"""What stands on everything that was made from the sample week."""

LATEST = 30
"""How many entries a feed shows at once, as most real ones do."""


class FeedFormat(enum.StrEnum):
    """The formats that the sample's feeds are written in."""

    RSS = "rss"
    ATOM = "atom"
    RDF = "rdf"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleEntry:
    """One entry of a sample feed with all that happens to it during the week; instants in UTC.

    `date` is the raw text of the date where it is not simply `at`, "" for none. `themes` and `story` are the truth
    for tests: what an editor would tag, and the name that all reports of one event share. They are never served.
    """

    at: datetime
    link: str
    guid: str
    title: str
    summary: str
    author: str | None
    date: str | None
    edited_at: datetime | None
    new_title: str
    new_summary: str
    withdrawn_at: datetime | None
    themes: frozenset[str]
    story: str | None

    def shown(self, at: datetime) -> bool:
        """Say whether the feed has the entry at that instant."""
        return self.at <= at and not (self.withdrawn_at and self.withdrawn_at <= at)

    def edited(self, at: datetime) -> bool:
        """Say whether the correction has been made by that instant."""
        return self.edited_at is not None and self.edited_at <= at

    def wording(self, at: datetime) -> tuple[str, str]:
        """Return title and summary as they stand at that instant."""
        return (self.new_title, self.new_summary) if self.edited(at) else (self.title, self.summary)

    def changes(self) -> list[datetime]:
        """Return the instants at which the feed changes because of this entry."""
        return [moment for moment in (self.at, self.edited_at, self.withdrawn_at) if moment]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFeed:
    """One sample feed; `status` and `login` tell of those that are no longer feeds. Entries oldest first."""

    slug: str
    title: str
    site: str
    about: str
    format: FeedFormat
    kind: FeedKind
    language: str
    weight: float
    status: int
    login: bool
    entries: tuple[SampleEntry, ...]

    @property
    def live(self) -> bool:
        """Say whether a feed can be had at all."""
        return self.status == HTTPStatus.OK and not self.login

    def latest(self, at: datetime) -> list[SampleEntry]:
        """Return the entries that the feed shows at that instant, newest first."""
        return [entry for entry in reversed(self.entries) if entry.shown(at)][:LATEST]

    def modified(self, at: datetime) -> datetime:
        """Return the instant of the feed's last change, as seen at `at`."""
        past = [moment for entry in self.entries for moment in entry.changes() if moment <= at]
        return max(past, default=datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleWeek:
    """The week: its feeds, its days, and the `moments` (UTC, in order) at which a demo asks the feeds."""

    title: str
    feeds: tuple[SampleFeed, ...]
    days: tuple[date, ...]
    moments: tuple[datetime, ...]

    @property
    def start(self) -> datetime:
        """Return the first instant of the week."""
        return datetime.combine(self.days[0], time(), UTC)

    @property
    def end(self) -> datetime:
        """Return the instant at which the week is over."""
        return datetime.combine(self.days[-1] + timedelta(days=1), time(), UTC)

    @property
    def clock(self) -> datetime:
        """Return the instant at which the demo's clock stands still: the last moment."""
        return self.moments[-1]


_FEED_KEYS = {"slug", "title", "site", "about", "format", "kind", "language", "weight", "answers"}
_ENTRY_KEYS = {"at", "link", "guid", "title", "summary", "author", "date", "edited_at", "new_title", "new_summary"}
_ENTRY_KEYS |= {"withdrawn_at", "themes", "story"}


def load_sample(folder: Path | None = None) -> SampleWeek:
    """Read the sample week from `folder` (the one that ships with the program unless named).

    Raises:
        ConfigError: a file is not what ``sample.toml`` describes.

    """
    folder = folder or bundled("seeds") / "sample"
    meta = _toml(folder / "sample.toml")
    files = sorted((folder / "feeds").glob("*.toml"))
    try:
        days = _days(meta["first_day"], meta["last_day"])
        moments = tuple(datetime.combine(day, hour, UTC) for day in days for hour in meta["poll_at"])
        feeds = tuple(_feed(_toml(path), path) for path in files)
        return SampleWeek(title=meta["title"], feeds=feeds, days=days, moments=moments)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the sample week in {folder} is incomplete ({error!r}): restore the files") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): restore it") from error


def _days(first: date, last: date) -> tuple[date, ...]:
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def _refuse_unknown(raw: dict[str, Any], known: set[str], path: Path) -> None:
    if unknown := sorted(set(raw) - known):
        raise ConfigError(f"{path}: unknown key {unknown[0]}; sample.toml lists the keys")


def _feed(raw: dict[str, Any], path: Path) -> SampleFeed:
    feed: dict[str, Any] = raw["feed"]
    _refuse_unknown(feed, _FEED_KEYS, path)
    answers = feed.get("answers", HTTPStatus.OK)
    return SampleFeed(
        slug=feed["slug"],
        title=feed["title"],
        site=feed["site"],
        about=feed["about"],
        format=FeedFormat(feed["format"]),
        kind=FeedKind(feed["kind"]),
        language=feed["language"],
        weight=feed["weight"],
        status=HTTPStatus.OK if answers == "login" else int(answers),
        login=answers == "login",
        entries=tuple(_entry(entry, feed["site"], path) for entry in raw.get("entry", [])),
    )


def _entry(raw: dict[str, Any], site: str, path: Path) -> SampleEntry:
    _refuse_unknown(raw, _ENTRY_KEYS, path)
    link = urljoin(site, raw["link"]) if raw["link"].startswith("/") else raw["link"]
    return SampleEntry(
        at=raw["at"],
        link=link,
        guid=raw.get("guid", link),
        title=raw["title"],
        summary=raw["summary"],
        author=raw.get("author"),
        date=raw.get("date"),
        edited_at=raw.get("edited_at"),
        new_title=raw.get("new_title", raw["title"]),
        new_summary=raw.get("new_summary", raw["summary"]),
        withdrawn_at=raw.get("withdrawn_at"),
        themes=frozenset(raw["themes"]),
        story=raw.get("story"),
    )
