"""What the machine says of entries, whatever people say: the rules' stored word, and a learner's fresh one over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from trendbot.classify.model import HEAVIEST, Model, Weighed
from trendbot.core.tagging import rule_confidence
from trendbot.core.themes import Annotation, Evidence
from trendbot.core.themes import Verdict as RuleVerdict
from trendbot.core.vocabulary import Annotator
from trendbot.store.database import Session
from trendbot.store.history import Past, pasts
from trendbot.store.tags import TagRow, tags_of

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
    for found in model.predict(past.read.title, past.read.body, annotation(rows), explain=HEAVIEST * explain):
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
