"""Measuring how new names are found: the stream is walked day by day through the very code that serves the editor.

A scratch database takes the counts. The terms of the themes file are not known to it, unless `known` says so: the names
sought are among them.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from trendbot.core.names.choosing import DAILY
from trendbot.core.names.finding import Common
from trendbot.core.names.judging import Dated, Judgement, judge
from trendbot.core.names.known import Known
from trendbot.errors import ConfigError
from trendbot.pipeline.names import names_of, suggest_names
from trendbot.store import names
from trendbot.store.database import Database, sqlite_url
from trendbot.store.migrate import upgrade
from trendbot.store.names import Text


def evaluate_names(
    items: Sequence[Text],
    wanted: Sequence[Dated],
    *,
    common: Common,
    known: Known | None = None,
    daily: int = DAILY,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Judgement, tuple[Dated, ...]]:
    """Walk the items' days, put forward up to `daily` names on each, and hold them against those wanted.

    Returns the judgement and all that was put forward, in order.
    """
    by_day: dict[date, list[Text]] = defaultdict(list)
    for item in items:
        by_day[item.day].append(item)
    days = sorted(by_day)
    found: list[Dated] = []
    with (
        tempfile.TemporaryDirectory(prefix="trendbot-") as folder,
        Database(sqlite_url(Path(folder) / "names.db")) as database,
    ):
        upgrade(database)
        for number, day in enumerate(days, 1):
            database.write(names.add_names, names_of(by_day[day], common))
            database.write(names.forget_names, day)
            suggested = suggest_names(database, day=day, known=known or Known(), limit=daily)
            found += [Dated(name=one.text, day=day) for one in suggested]
            if progress is not None:
                progress(number, len(days))
    return judge(found, wanted, days), tuple(found)


def read_items(lines: Iterable[str], *, file: str) -> list[Text]:
    """Read a stream of items, one JSON object a line: title, summary, source, published; others are ignored.

    Raises:
        ConfigError: a line is not such an object; the message names file and line.

    """
    feeds: dict[str, int] = {}
    items = []
    for number, data in _objects(lines, file):
        source = str(data.get("source") or "")
        items.append(
            Text(
                id=number,
                day=_day(data.get("published"), f"{file}:{number}", "published"),
                feed=feeds.setdefault(source, len(feeds)),
                title=str(data.get("title") or ""),
                body=str(data.get("summary") or ""),
            )
        )
    return items


def read_wanted(lines: Iterable[str], *, file: str) -> list[Dated]:
    """Read the names that should be found, one JSON object a line: name, and day, that of its first use.

    Raises:
        ConfigError: a line is not such an object; the message names file and line.

    """
    wanted = []
    for number, data in _objects(lines, file):
        if not str(data.get("name") or "").strip():
            raise ConfigError(f"{file}:{number}: there is no name: give name and day")
        wanted.append(Dated(name=str(data["name"]).strip(), day=_day(data.get("day"), f"{file}:{number}", "day")))
    return wanted


def _objects(lines: Iterable[str], file: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{file}:{number}: not JSON ({error}): one object a line") from error
        if not isinstance(data, dict):
            raise ConfigError(f"{file}:{number}: not a JSON object")
        yield number, data


def _day(value: Any, place: str, key: str) -> date:
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ConfigError(f"{place}: {key!r} is no date in ISO 8601: {value!r}") from error
    return instant.astimezone(UTC).date() if instant.tzinfo else instant.date()
