"""The rule lab's reading: stored history, or a file of labelled entries, through two rule sets.

    past entries ─▶ matcher before, matcher after ─▶ core/rule_lab.py ─▶ Comparison

Nothing is written: a rule set is tried before it counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trendbot.classify.matcher import Matcher
from trendbot.core.rule_lab import KEPT, Comparison, Lab, Specimen
from trendbot.core.themes import Annotation, ThemeSet
from trendbot.errors import ConfigError
from trendbot.logs import get_logger
from trendbot.store.database import Database
from trendbot.store.history import Past, count_since, past_entries
from trendbot.store.labels import labels
from trendbot.store.tags import Readable

log = get_logger(__name__)

BATCH = 500
Progress = Callable[[int, int], None]
"""Told entries done and entries in all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """An entry to try rules on, with a person's word on some of the themes."""

    entry: Specimen
    feed: str
    author: str = ""
    person: Mapping[str, bool] = field(default_factory=dict)


def compare_on_history(
    database: Database,
    before: ThemeSet,
    after: ThemeSet,
    *,
    since: datetime | None = None,
    keep: int = KEPT,
    progress: Progress | None = None,
) -> Comparison:
    """Compare two rule sets over the stored entries, `since` leaving out those dated before it."""
    person = database.read(labels)
    total = database.read(count_since, since)
    samples = _past(database, person, since=since, total=total, progress=progress)
    return compare(samples, before, after, keep=keep)


def _past(
    database: Database,
    person: Mapping[int, Mapping[str, bool]],
    *,
    since: datetime | None,
    total: int,
    progress: Progress | None,
) -> Iterator[Sample]:
    done = after = 0
    while batch := database.read(past_entries, after=after, since=since, limit=BATCH):
        for past in batch:
            yield sample_of(past, person.get(past.read.id, {}))
        done, after = done + len(batch), batch[-1].read.id
        if progress is not None:
            progress(done, total)


def sample_of(past: Past, person: Mapping[str, bool]) -> Sample:
    """Give a stored entry as the lab reads it."""
    read: Readable = past.read
    entry = Specimen(
        id=read.id,
        day=past.dated_at.date().isoformat(),
        feed=past.feed_title,
        title=read.title,
        body=read.body,
        url=past.url,
    )
    return Sample(entry=entry, feed=read.feed, author=read.author, person=person)


def compare(samples: Iterable[Sample], before: ThemeSet, after: ThemeSet, *, keep: int = KEPT) -> Comparison:
    """Compare two rule sets over samples; an entry that cannot be read is logged and left out."""
    old, new = Matcher(before), Matcher(after)
    lab = Lab(dict.fromkeys((*after.slugs, *before.slugs)), keep=keep)
    for sample in samples:
        try:
            was, now = _read(old, sample), _read(new, sample)
        except Exception:
            log.exception("entry_not_compared", entry_id=sample.entry.id)
            continue
        lab.add(sample.entry, was, now, sample.person)
    return lab.result()


def _read(matcher: Matcher, sample: Sample) -> Annotation:
    return matcher.annotate(sample.entry.title, sample.entry.body, feed=sample.feed, author=sample.author)


def labelled_samples(lines: Iterable[str], themes: Iterable[str], *, name: str) -> list[Sample]:
    """Read labelled entries, one JSON object a line: title, summary, source, published, url, themes, disputed.

    A theme that a line does not name is a no; one under ``disputed`` counts neither for nor against.

    Raises:
        ConfigError: a line is not such an object; the message names it.

    """
    slugs = tuple(themes)
    samples = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                samples.append(_sample(json.loads(line), number, slugs))
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                raise ConfigError(f"{name}:{number}: no labelled entry ({error}): see docs/editing.md") from error
    return samples


def _sample(item: Any, number: int, slugs: Iterable[str]) -> Sample:
    title = str(item.get("title") or "")
    if not title:
        raise ValueError("it has no title")
    said, unsure = set(item.get("themes") or ()), set(item.get("disputed") or ())
    source = str(item.get("source") or "")
    entry = Specimen(
        id=number,
        day=str(item.get("published") or "")[:10],
        feed=source,
        title=title,
        body=str(item.get("summary") or ""),
        url=str(item.get("url") or ""),
    )
    person = {slug: slug in said for slug in slugs if slug not in unsure}
    return Sample(entry=entry, feed=f"{source} import:{source}", person=person)
