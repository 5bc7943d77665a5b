"""Learn: train the learner on what people said of entries, keep it, and give it to those who read.

    people's words ─▶ entries as the rules in force read them ─▶ training ─▶ store, in force ─▶ the tag stage

The same labels and rules give the same learner, so learning again does no harm. Where there is too little to learn
from, or scikit-learn is not installed and none was ever trained, the rules stand alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trendbot.classify.encoder import Encoder, open_encoder
from trendbot.classify.matcher import Matcher
from trendbot.classify.model import Learnt, Model, dump_model, encoder_of, load_model
from trendbot.classify.training import LEAST_POSITIVES, Example, can_train, train
from trendbot.errors import ConfigError
from trendbot.logs import get_logger
from trendbot.store.database import Database, Session
from trendbot.store.history import Past, pasts
from trendbot.store.labels import labels, positives
from trendbot.store.models import (
    StoredModel,
    activate_model,
    active_model,
    entries_judged_since,
    model_weights,
    retire_models,
)

log = get_logger(__name__)

PART = 800
"""Entries read in one query."""
LEAST_CHANGED, SHARE_CHANGED = 10, 0.05
"""It is time to learn anew when people have judged this many entries since, and this share of those learnt from: a
new learner reads all of history again, and a few labels among hundreds change little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What came of learning: the learner, None where rules stand alone, and a line to say so."""

    model: Model | None
    told: str


def encoder_at(folder: Path | None) -> tuple[Encoder | None, str | None]:
    """Open the encoder of the settings; where it cannot be used, say so in one line: the learner goes without it."""
    if folder is None:
        return None, None
    try:
        return open_encoder(folder), None
    except ConfigError as error:
        log.error("encoder_missing", problem=str(error))  # noqa: TRY400 - the message says all
        return None, f"{error}; the learner goes without it"


def learner_in_force(
    database: Database, matcher: Matcher, *, now: datetime, encoder: Encoder | None = None
) -> Model | None:
    """Give the learner to read with, trained anew where people said enough since, or rules or encoder are other ones.

    Raises:
        ConfigError: its weights are damaged, or its encoder is not at hand, and it cannot be trained here.

    """
    name = encoder.name if encoder is not None else ""
    if can_train() and database.read(_is_due, matcher.theme_set.hash, name):
        return learn(database, matcher, now=now, encoder=encoder).model
    try:
        return stored_learner(database, encoder)
    except ConfigError:
        if not can_train():
            raise
        log.exception("learner_damaged")
        return learn(database, matcher, now=now, encoder=encoder).model


def _is_due(session: Session, rules: str, encoder: str) -> bool:
    stored = active_model(session)
    if stored is None:
        return max(positives(session).values(), default=0) >= LEAST_POSITIVES
    changed = entries_judged_since(session, stored.trained_at)
    other = stored.rules != rules or encoder_of(stored.version) != encoder
    return other or changed >= max(LEAST_CHANGED, SHARE_CHANGED * stored.labels)


def stored_learner(database: Database, encoder: Encoder | None = None) -> Model | None:
    """Give the learner in force as it was stored, None where there is none.

    Raises:
        ConfigError: its weights are damaged, or of another version of the program, or need another encoder.

    """
    weights = database.read(_active_weights)
    return load_model(weights, encoder) if weights is not None else None


def _active_weights(session: Session) -> bytes | None:
    stored = active_model(session)
    return model_weights(session, stored.version) if stored is not None else None


def learn(database: Database, matcher: Matcher, *, now: datetime, encoder: Encoder | None = None) -> Lesson:
    """Train a learner on all that people said and put it in force; entries are read by it in the next tag stage.

    Where no theme has enough examples any more, a learner in force is retired. Without scikit-learn nothing changes.
    """
    if not can_train():
        return Lesson(model=stored_learner(database, encoder), told="the learner comes with the extra “learn”")
    counts = database.read(positives)
    ready = [slug for slug, number in counts.items() if number >= LEAST_POSITIVES]
    said = database.read(examples, matcher) if ready else []
    model = train(said, list(counts), rules=matcher.theme_set.hash, encoder=encoder) if ready else None
    if model is None or not model.learnt:
        database.write(retire_models)
        return Lesson(model=None, told=_why_none(counts, ready))
    stored = StoredModel(
        version=model.version,
        trained_at=now,
        labels=model.examples,
        rules=model.rules,
        metrics={learnt.theme: _figures(learnt) for learnt in model.learnt},
        active=True,
    )
    if database.write(activate_model, stored, dump_model(model)):
        log.info("learnt", model=model.version, entries=model.examples, themes=len(model.learnt))
    return Lesson(model=model, told=f"learnt {len(model.learnt)} of {len(counts)} themes from {model.examples} entries")


def _why_none(counts: Mapping[str, int], ready: Sequence[str]) -> str:
    if ready:
        return "rules alone: on what people said they are better than what can be learnt so far"
    return f"rules alone until a theme has {LEAST_POSITIVES} examples{_nearest(counts)}"


def _nearest(counts: Mapping[str, int]) -> str:
    best = max(counts, key=lambda slug: counts[slug], default="")
    return f"; {best} has {counts[best]}" if best and counts[best] else ""


def _figures(learnt: Learnt) -> dict[str, float | int | None]:
    """Give what is known of a theme's weights, for people: on examples that the weights had not seen."""
    found = learnt.unseen
    shares = {"precision": found.precision, "recall": found.recall, "f1": found.f1}
    rounded = {name: round(share.value, 4) if share else None for name, share in shares.items()}
    return {"positives": learnt.positives, **rounded}


def examples(session: Session, matcher: Matcher) -> list[Example]:
    """Give all that people said as examples to learn from, with the entries as the rules of `matcher` read them."""
    said = labels(session)
    slugs = frozenset(matcher.theme_set.slugs)
    ids: Sequence[int] = list(said)
    return [
        _example(past, matcher, said[past.read.id], slugs)
        for start in range(0, len(ids), PART)
        for past in pasts(session, ids[start : start + PART])
    ]


def _example(past: Past, matcher: Matcher, person: Mapping[str, bool], slugs: frozenset[str]) -> Example:
    read = past.read
    return Example(
        title=read.title,
        body=read.body,
        annotation=matcher.annotate(read.title, read.body, feed=read.feed, author=read.author),
        themes=frozenset(slug for slug, applies in person.items() if applies),
        unknown=slugs - person.keys(),
    )
