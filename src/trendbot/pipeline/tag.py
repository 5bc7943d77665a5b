"""Tag: read every entry that the rules in force, or the learner in force, have not read yet.

    themes file ─▶ in force (or the last good one) ─▶ entries not yet read by it ─▶ verdicts, mentions ─▶ store
    people's words ─▶ learner in force ──────────────▶ entries not yet read by it ─▶ its words ──────────▶ store

One batch is one transaction, and what is done is recorded with it: stopped at any instruction, the next run goes on
where this one ended.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from trendbot.classify.matcher import Matcher
from trendbot.classify.model import EXPLAINED_FROM, TOLD, Model, Prediction
from trendbot.core.themes import Annotation, ThemeSet, Verdict, parse_themes
from trendbot.core.themes.own import with_own_terms
from trendbot.core.vocabulary import Annotator
from trendbot.errors import ConfigError
from trendbot.logs import get_logger
from trendbot.pipeline.learn import encoder_at, learner_in_force
from trendbot.store.database import Database, Session
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
    """What a run did: entries read, themes that applied, the rule set's hash, and a problem the operator must know.

    `relearnt` entries were read by the learner alone, for it is new; `learner` is its version, empty where there is
    none. A theme that the learner knows counts by its word.
    """

    entries: int
    relearnt: int = 0
    by_theme: Mapping[str, int] = field(default_factory=dict)
    made_by: str = ""
    learner: str = ""
    changed: bool = False
    problem: str | None = None
    learner_problem: str | None = None


def tag_entries(
    database: Database,
    *,
    now: datetime,
    themes: ThemesFile | None = None,
    encoder: Path | None = None,
    since: datetime | None = None,
    limit: int | None = None,
    batch: int = BATCH,
) -> TagReport:
    """Read every entry not yet read by the rules and the learner in force in its present revision.

    The learner is trained first where that is due. `themes` is the file to follow; None keeps what is in force. A file
    that cannot be used changes nothing: the last good one stays, and the report carries the problem. `encoder` is the
    folder of the learner's encoder, where there is one. `since` leaves older entries alone, `limit` bounds the run.

    Raises:
        ConfigError: there is no usable file, and none was ever in force.

    """
    rules = rules_in_force(database, themes, now=now)
    matcher = _compiled(rules.themes)
    learner, trouble = _learner(database, matcher, encoder, now=now)
    run = _Run(database, Readers(matcher=matcher, learner=learner), now=now, since=since, batch=batch)
    entries = run.read_all(Annotator.RULE, limit=limit)
    relearnt = run.read_all(Annotator.MODEL, limit=None if limit is None else limit - entries) if learner else 0
    version = learner.version if learner else ""
    log.info("entries_tagged", entries=entries, relearnt=relearnt, themes=rules.themes.hash[:12], learner=version)
    return TagReport(
        entries=entries,
        relearnt=relearnt,
        by_theme={slug: run.counts[slug] for slug in rules.themes.slugs},
        made_by=rules.themes.hash,
        learner=version,
        changed=rules.changed,
        problem=rules.problem,
        learner_problem=trouble,
    )


@functools.lru_cache(maxsize=2)
def _compiled(themes: ThemeSet) -> Matcher:
    """Compile the rules, which takes longer than reading what a poll brings; the last are remembered."""
    return Matcher(themes)


def _learner(
    database: Database, matcher: Matcher, folder: Path | None, *, now: datetime
) -> tuple[Model | None, str | None]:
    """Give the learner in force, None with the problem where it cannot be used: the rules read all the same."""
    encoder, missing = encoder_at(folder)
    try:
        return learner_in_force(database, matcher, now=now, encoder=encoder), missing
    except Exception as error:
        log.exception("learner_failed")
        return None, f"the learner cannot be used ({error}): new entries have the rules' tags alone"


class _Run:
    """One run of the stage: reads batch by batch, each batch one transaction."""

    def __init__(
        self, database: Database, readers: Readers, *, now: datetime, since: datetime | None, batch: int
    ) -> None:
        self._database, self._readers = database, readers
        self._now, self._since, self._batch = now, since, batch
        self.counts: Counter[str] = Counter()

    def read_all(self, annotator: Annotator, *, limit: int | None) -> int:
        """Let an annotator read what it has not read; what the rules read, the learner reads with them."""
        made_by = self._readers.made_by(annotator)
        done = after = 0
        while limit is None or done < limit:
            size = self._batch if limit is None else min(self._batch, limit - done)
            waiting = self._database.read(
                entries_to_read, annotator, made_by=made_by, limit=size, after=after, since=self._since
            )
            if not waiting:
                break
            said = self._readers.read(waiting)
            if annotator is Annotator.MODEL:
                said = {Annotator.MODEL: said[Annotator.MODEL]}
            kept = self._database.write(self._keep, said)
            self.counts += _count(said, kept)
            done, after = done + len(kept), waiting[-1].id
        return done

    def _keep(self, session: Session, said: Mapping[Annotator, Sequence[Reading]]) -> set[int]:
        kept: set[int] = set()
        for annotator, readings in said.items():
            made_by = self._readers.made_by(annotator)
            kept.update(replace_readings(session, annotator, readings, made_by=made_by, now=self._now))
        return kept


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Readers:
    """Who reads entries: the compiled rules, and the learner where there is one."""

    matcher: Matcher
    learner: Model | None = None

    def made_by(self, annotator: Annotator) -> str:
        """Give the name under which an annotator signs: the rule set's hash, the learner's version."""
        if annotator is Annotator.MODEL and self.learner is not None:
            return self.learner.version
        return self.matcher.theme_set.hash

    def read(self, entries: Sequence[Readable]) -> dict[Annotator, list[Reading]]:
        """Read a batch; an entry that cannot be read is logged and counts as read, with nothing found."""
        said: dict[Annotator, list[Reading]] = {Annotator.RULE: []}
        if self.learner is not None:
            said[Annotator.MODEL] = []
            self.learner.read_ahead((entry.title, entry.body) for entry in entries)
        for entry in entries:
            for annotator, reading in self._read(entry).items():
                said[annotator].append(reading)
        return said

    def _read(self, entry: Readable) -> dict[Annotator, Reading]:
        nothing = Reading(entry_id=entry.id, revision=entry.revision)
        said = {Annotator.RULE: nothing} | ({Annotator.MODEL: nothing} if self.learner else {})
        try:
            found = self.matcher.annotate(entry.title, entry.body, feed=entry.feed, author=entry.author)
            said[Annotator.RULE] = replace(nothing, verdicts=found.verdicts, mentions=found.mentions)
            if self.learner is not None:
                guesses = self.learner.predict(entry.title, entry.body, found, explain=TOLD)
                said[Annotator.MODEL] = _learnt(nothing, guesses, spoken=found)
        except Exception:
            log.exception("entry_not_tagged", entry_id=entry.id)
        return said


def _learnt(nothing: Reading, said: Iterable[Prediction], *, spoken: Annotation) -> Reading:
    """Keep what the learner says, its no where the rules spoke too; where both have next to nothing, nothing."""
    themes = {verdict.theme for verdict in spoken.verdicts}
    kept = [guess for guess in said if guess.probability >= EXPLAINED_FROM or guess.theme in themes]
    return replace(
        nothing,
        verdicts=tuple(Verdict(p.theme, p.applies, 0.0, round(p.probability, 4), ()) for p in kept),
        reasons={guess.theme: guess.reason for guess in kept},
    )


def _count(said: Mapping[Annotator, Sequence[Reading]], kept: set[int]) -> Counter[str]:
    """Count the themes that apply, the learner's word before the rules'."""
    words: dict[tuple[int, str], bool] = {}
    for annotator in (Annotator.RULE, Annotator.MODEL):
        for reading in said.get(annotator, ()):
            words |= {(reading.entry_id, verdict.theme): verdict.applies for verdict in reading.verdicts}
    return Counter(theme for (entry_id, theme), applies in words.items() if applies and entry_id in kept)
