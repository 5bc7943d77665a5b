"""Four made-up weeks before the sample week, put together by rule from ``seeds/sample/history.toml``."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from trendbot.core.entries import ParsedEntry
from trendbot.errors import ConfigError
from trendbot.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from trendbot.sample.week import SampleFeed, SampleWeek

_SEED = 20261109
_LANGUAGE = "en"
_NUMBERS = (12, 940)


@dataclass(frozen=True, kw_only=True, slots=True)
class PastEntry:
    """An old entry of a sample feed, named by its slug."""

    feed: str
    entry: ParsedEntry


def load_history(week: SampleWeek, folder: Path | None = None) -> tuple[PastEntry, ...]:
    """Make the entries of the weeks before, the same each time, oldest first.

    Raises:
        ConfigError: the file is not what its head describes.

    """
    file = (folder or bundled("seeds") / "sample") / "history.toml"
    try:
        rule = tomllib.loads(file.read_text(encoding="utf-8"))
        feeds = [feed for feed in week.feeds if feed.live and feed.language == _LANGUAGE]
        return tuple(_entries(rule, feeds, random.Random(_SEED)))
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(f"{file} cannot be used ({error!r}): restore it") from error


def _entries(rule: dict[str, Any], feeds: Sequence[SampleFeed], rng: random.Random) -> Iterator[PastEntry]:
    day: date = rule["first_day"]
    while day <= rule["last_day"]:
        count = rule["a_day"][day.weekday()]
        start = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
        for number in range(count):
            at = start + timedelta(minutes=number * 840 // count)
            yield _entry(rule, rng.choice(feeds), at, number, rng)
        day += timedelta(days=1)


def _entry(rule: dict[str, Any], feed: SampleFeed, at: datetime, number: int, rng: random.Random) -> PastEntry:
    themes = [theme for theme in rule["theme"] if rng.random() < theme["share"]]
    rng.shuffle(themes)
    names = {"org": rng.choice(rule["orgs"]), "place": rng.choice(rule["places"]), "number": rng.randrange(*_NUMBERS)}
    title = rng.choice(themes[0]["titles"] if themes else rule["plain"])
    said = " ".join(rng.choice(theme["said"]) for theme in themes[1:])
    link = f"{feed.site}/before/{at:%Y%m%d}-{number:02}"
    return PastEntry(
        feed=feed.slug,
        entry=ParsedEntry(
            guid=link, url=link, title=title.format(**names), summary=said.format(**names), published_at=at
        ),
    )
