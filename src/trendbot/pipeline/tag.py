"""Tag: read every entry that the rules in force have not read yet.

    themes file ─▶ in force (or the last good one) ─▶ entries not yet read by it ─▶ verdicts, mentions ─▶ store

One batch is one transaction, and what is done is recorded with it: stopped at any instruction, the next run goes on
where this one ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trendbot.classify.matcher import Matcher
from trendbot.core.themes import ThemeSet, parse_themes
from trendbot.core.themes.own import with_own_terms
from trendbot.core.vocabulary import Annotator
from trendbot.errors import ConfigError
from trendbot.logs import get_logger
from trendbot.store.database import Database
from trendbot.store.tags import Readable, Reading, entries_to_read, replace_readings
from trendbot.store.terms import own_terms
from trendbot.store.themes import apply_themes, themes_in_force

log = get_logger(__name__)

BATCH = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class ThemesFile:
    """The text of a themes file, and its name in messages."""

    text: str
    name: str = "themes.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """The rules to read by; `changed`: they are new; `problem`: why they are not those of the file, in one line."""

    themes: ThemeSet
    changed: bool = False
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TagReport:
    """What a run did: entries read, themes that applied, the rule set's hash, and a problem the operator must know."""

    entries: int
    by_theme: Mapping[str, int] = field(default_factory=dict)
    made_by: str = ""
    changed: bool = False
    problem: str | None = None


def tag_entries(
    database: Database,
    *,
    now: datetime,
    themes: ThemesFile | None = None,
    since: datetime | None = None,
    limit: int | None = None,
    batch: int = BATCH,
) -> TagReport:
    """Read every entry not yet read by the rules in force in its present revision.

    `themes` is the file to follow; None keeps what is in force. A file that cannot be used changes nothing: the last
    good one stays, and the report carries the problem. `since` leaves older entries alone, `limit` bounds the run.

    Raises:
        ConfigError: there is no usable file, and none was ever in force.

    """
    rules = rules_in_force(database, themes, now=now)
    matcher = Matcher(rules.themes)
    counts: Counter[str] = Counter()
    entries = after = 0
    while limit is None or entries < limit:
        size = batch if limit is None else min(batch, limit - entries)
        made_by = rules.themes.hash
        waiting = database.read(entries_to_read, Annotator.RULE, made_by=made_by, limit=size, after=after, since=since)
        if not waiting:
            break
        readings = read_entries(matcher, waiting)
        done = database.write(replace_readings, Annotator.RULE, readings, made_by=made_by, now=now)
        counts += _count(readings, set(done))
        entries, after = entries + len(done), waiting[-1].id
    log.info("entries_tagged", entries=entries, themes=rules.themes.hash[:12])
    return TagReport(
        entries=entries,
        by_theme={slug: counts[slug] for slug in rules.themes.slugs},
        made_by=rules.themes.hash,
        changed=rules.changed,
        problem=rules.problem,
    )


def rules_in_force(database: Database, themes: ThemesFile | None, *, now: datetime) -> InForce:
    """Put a themes file in force where it is usable and new; else give the last good one with the problem.

    Raises:
        ConfigError: there is no usable file, and none was ever in force.

    """
    if themes is None:
        return _last_good(database, problem=None)
    try:
        parsed = parse_themes(themes.text, file=themes.name)
    except ConfigError as error:
        log.error("themes_file_broken", problem=str(error))  # noqa: TRY400 - the message says all
        return _last_good(database, problem=str(error))
    changed = database.write(apply_themes, parsed, source=themes.text, now=now, by=themes.name[-64:])
    return InForce(themes=_with_own(database, parsed), changed=changed)


def _last_good(database: Database, *, problem: str | None) -> InForce:
    stored = database.read(themes_in_force)
    if stored is None:
        raise ConfigError(problem or "no themes are in force yet: give a themes file, or keep the one that ships")
    parsed = parse_themes(stored.source, file="themes in force")
    return InForce(themes=_with_own(database, parsed), problem=problem)


def _with_own(database: Database, parsed: ThemeSet) -> ThemeSet:
    """Join the terms that people added; a new themes file does not lose them."""
    return with_own_terms(parsed, database.read(own_terms))


def read_entries(matcher: Matcher, entries: Sequence[Readable]) -> list[Reading]:
    """Read a batch; an entry that cannot be read is logged and counts as read, with nothing found."""
    readings = []
    for entry in entries:
        try:
            found = matcher.annotate(entry.title, entry.body, feed=entry.feed, author=entry.author)
        except Exception:
            log.exception("entry_not_tagged", entry_id=entry.id)
            readings.append(Reading(entry_id=entry.id, revision=entry.revision))
            continue
        readings.append(
            Reading(entry_id=entry.id, revision=entry.revision, verdicts=found.verdicts, mentions=found.mentions)
        )
    return readings


def _count(readings: Sequence[Reading], done: set[int]) -> Counter[str]:
    return Counter(
        verdict.theme
        for reading in readings
        if reading.entry_id in done
        for verdict in reading.verdicts
        if verdict.applies
    )
