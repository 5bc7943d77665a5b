"""What the machine says of entries, whatever people say: the rules' stored word, and a learner's fresh one over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from trendbot.classify.model import Model, Weighed
from trendbot.classify.training import LEAST_POSITIVES, Example, can_train, train
from trendbot.core.tagging import rule_confidence
from trendbot.core.themes import Annotation, Evidence
from trendbot.core.themes import Verdict as RuleVerdict
from trendbot.core.vocabulary import Annotator
from trendbot.store.database import Database, Session
from trendbot.store.history import Past, pasts
from trendbot.store.labels import labels
from trendbot.store.tags import TagRow, tags_of
from trendbot.store.themes import list_themes, themes_in_force

PART = 800
"""Entries whose tags are read in one query."""

ByTheme = dict[str, list[TagRow]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the machine says of one theme: yes or no, its probability, who decided, and the words that did."""

    applies: bool
    probability: float
    by: Annotator
    score: float | None = None
    evidence: tuple[Evidence, ...] = ()
    heaviest: tuple[Weighed, ...] = ()


def machine_rows(rows: Iterable[TagRow]) -> dict[int, ByTheme]:
    """Sort the machine's rows: entry → theme → rows."""
    grouped: dict[int, ByTheme] = {}
    for row in rows:
        if row.annotator is not Annotator.HUMAN:
            grouped.setdefault(row.entry_id, {}).setdefault(row.theme, []).append(row)
    return grouped


def view(past: Past, rows: Mapping[str, Sequence[TagRow]], model: Model | None, *, explain: bool) -> dict[str, Verdict]:
    """Say what the machine holds of one entry; a fresh learner outranks what is stored."""
    said = {slug: _stored(of_theme) for slug, of_theme in rows.items()}
    if model is None:
        return said
    nothing = Verdict(applies=False, probability=0.0, by=Annotator.MODEL)
    for found in model.predict(past.read.title, past.read.body, annotation(rows), explain=explain):
        said[found.theme] = replace(
            said.get(found.theme, nothing),
            applies=found.applies,
            probability=found.probability,
            by=Annotator.MODEL,
            heaviest=found.heaviest,
        )
    return said


def _stored(rows: Sequence[TagRow]) -> Verdict:
    """Let the learner speak where it has, else the rules; the evidence is the rules'."""
    best = next((row for row in rows if row.annotator is Annotator.MODEL), rows[0])
    rule = next((row for row in rows if row.annotator is Annotator.RULE), None)
    probability = best.confidence if best.confidence is not None else rule_confidence(best.score or 0.0)
    return Verdict(
        applies=best.applies,
        probability=probability,
        by=best.annotator,
        score=rule.score if rule else None,
        evidence=rule.evidence if rule else (),
    )


def annotation(rows: Mapping[str, Sequence[TagRow]]) -> Annotation:
    """Give back the rules' annotation of an entry as it was stored."""
    of_rules = [row for of_theme in rows.values() for row in of_theme if row.annotator is Annotator.RULE]
    return Annotation(
        tuple(RuleVerdict(row.theme, row.applies, row.score or 0.0, row.confidence, row.evidence) for row in of_rules)
    )


def views(
    session: Session, entry_ids: Sequence[int], model: Model | None, *, explain: bool = False
) -> dict[int, tuple[Past, dict[str, Verdict]]]:
    """Read entries with what the machine holds of them."""
    found: dict[int, tuple[Past, dict[str, Verdict]]] = {}
    for start in range(0, len(entry_ids), PART):
        part = entry_ids[start : start + PART]
        rows = machine_rows(tags_of(session, part))
        for past in pasts(session, part):
            said = view(past, rows.get(past.read.id, {}), model, explain=explain)
            found[past.read.id] = (past, said)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What came of learning: the learner, None where rules stand alone, and a line to say so."""

    model: Model | None
    told: str


def learn(database: Database) -> Lesson:
    """Train a learner on all that people said, in memory; what is stored stays as it is."""
    if not can_train():
        return Lesson(model=None, told="rules alone: the learner comes with the extra “learn”")
    slugs, rules, labelled = database.read(examples)
    counts = {slug: sum(slug in example.themes for example in labelled) for slug in slugs}
    ready = [slug for slug, number in counts.items() if number >= LEAST_POSITIVES]
    if not ready:
        return Lesson(model=None, told=f"rules alone until a theme has {LEAST_POSITIVES} examples{_nearest(counts)}")
    model = train(labelled, slugs, rules=rules)
    return Lesson(model=model, told=f"learnt {len(model.learnt)} of {len(slugs)} themes from {len(labelled)} entries")


def _nearest(counts: Mapping[str, int]) -> str:
    best = max(counts, key=lambda slug: counts[slug], default="")
    return f"; {best} has {counts[best]}" if best and counts[best] else ""


def examples(session: Session) -> tuple[list[str], str, list[Example]]:
    """Give the themes in order, the hash of the rules in force, and all that people said as examples to learn from."""
    slugs = [theme.slug for theme in list_themes(session)]
    stored = themes_in_force(session)
    found: list[Example] = []
    said = labels(session)
    ids = list(said)
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        rows = machine_rows(tags_of(session, part))
        found += [
            _example(past, rows.get(past.read.id, {}), said[past.read.id], slugs) for past in pasts(session, part)
        ]
    return slugs, stored.hash if stored else "", found


def _example(past: Past, rows: ByTheme, person: Mapping[str, bool], slugs: Sequence[str]) -> Example:
    return Example(
        title=past.read.title,
        body=past.read.body,
        annotation=annotation(rows),
        themes=frozenset(slug for slug, applies in person.items() if applies),
        unknown=frozenset(slugs) - person.keys(),
    )
