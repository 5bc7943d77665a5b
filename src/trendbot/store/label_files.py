"""Labels as lines of JSON: what people say of entries, out of one home and into another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from trendbot.core.urls import canonical_url
from trendbot.errors import ConfigError
from trendbot.store.history import pasts
from trendbot.store.labels import PART, Said, labels, say
from trendbot.store.schema import Entry, Feed
from trendbot.store.themes import list_themes


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelImport:
    """What an import of labels did; `unknown` lines name entries that are not stored, `problems` cannot be used."""

    lines: int
    entries: int
    act: int | None
    unknown: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    guid: str
    source: str
    url: str
    themes: dict[str, bool]


def export_labels(session: Session, *, since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """Give a line for each entry that a person spoke of.

    ``themes`` are a person's yes, ``disputed`` the themes of which nobody spoke, all others a person's no.
    """
    said = labels(session)
    slugs = [theme.slug for theme in list_themes(session)]
    ids = list(said)
    for start in range(0, len(ids), PART):
        part = pasts(session, ids[start : start + PART])
        guids = dict(session.execute(select(Entry.id, Entry.guid).where(Entry.id.in_([p.read.id for p in part]))).all())
        for past in part:
            if since is None or past.dated_at >= since:
                person = said[past.read.id]
                unsaid = [slug for slug in slugs if slug not in person]
                yield {
                    "id": guids[past.read.id],
                    "source": past.feed_title,
                    "url": past.url,
                    "title": past.read.title,
                    "summary": past.read.body,
                    "published": past.dated_at.isoformat(),
                    "themes": [slug for slug, applies in person.items() if applies],
                    **({"disputed": unsaid} if unsaid else {}),
                }


def import_labels(
    session: Session, lines: Iterable[str], *, by: str, now: datetime, only_yes: bool = False, note: str = ""
) -> LabelImport:
    """Take labels for stored entries, found by feed and id, else by address; one act.

    A theme that a line does not name is a no, unless it stands under ``disputed`` or `only_yes` is asked.

    Raises:
        ConfigError: no line could be used, or a line names a theme that does not exist.

    """
    slugs = [theme.slug for theme in list_themes(session)]
    read, problems, total = _read_lines(lines, slugs, only_yes=only_yes)
    if total and not read:
        raise ConfigError(f"no line holds labels; {problems[0]}: give one JSON object a line with title and themes")
    drawn = None if only_yes else "import"  # a line that speaks of every theme was read by a person
    sayings, unknown = [], 0
    for line in read:
        found = _entries_of(session, line)
        unknown += not found
        sayings += [Said(entry_id=number, themes=line.themes, drawn=drawn) for number in found]
    merged = {said.entry_id: said for said in sayings}
    act = say(session, list(merged.values()), kind="tag.import", by=by, now=now, note=note)
    return LabelImport(lines=total, entries=len(merged), act=act, unknown=unknown, problems=tuple(problems))


def _read_lines(lines: Iterable[str], slugs: Sequence[str], *, only_yes: bool) -> tuple[list[_Line], list[str], int]:
    read, problems, total = [], [], 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        total += 1
        try:
            read.append(_line(json.loads(line), slugs, only_yes=only_yes))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            problems.append(f"line {number}: {error}")
    return read, problems, total


def _line(item: Any, slugs: Sequence[str], *, only_yes: bool) -> _Line:
    if "themes" not in item:
        raise ValueError("it has no themes")
    yes, unsure = set(map(str, item["themes"])), set(map(str, item.get("disputed") or ()))
    strange = sorted((yes | unsure) - set(slugs))
    if strange:
        raise ValueError(f"no theme {strange[0]!r}")
    themes = {slug: slug in yes for slug in slugs if slug not in unsure and (slug in yes or not only_yes)}
    url = str(item.get("url") or "")
    return _Line(
        guid=str(item.get("id") or ""),
        source=str(item.get("source") or ""),
        url=canonical_url(url) if url else "",
        themes=themes,
    )


def _entries_of(session: Session, line: _Line) -> list[int]:
    """Find the entries that a line speaks of."""
    if line.guid:
        query = select(Entry.id).join(Feed, Feed.id == Entry.feed_id).where(Entry.guid == line.guid)
        of_feed = query.where(Feed.url.in_([f"import:{line.source}", line.source]) | (Feed.title == line.source))
        if found := list(session.scalars(of_feed)):
            return found
    if not line.url:
        return []
    return list(session.scalars(select(Entry.id).where(Entry.canonical_url == line.url)))
