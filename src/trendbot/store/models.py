"""The learners that were trained: their weights, what they learnt from, how well they did; at most one is active."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from trendbot.core.vocabulary import Annotator
from trendbot.store.schema import Curation, Model, Tag, Tagging

KEPT = 10
"""Learners kept, the latest and the active one among them: tags name older ones, weights are only for reading."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredModel:
    """A trained learner: the entries it learnt from, the hash of the rules it saw, and its figures by theme.

    `metrics` is slug → positives, precision, recall, f1 on entries that the weights had not seen.
    """

    version: str
    trained_at: datetime
    labels: int
    rules: str
    metrics: Mapping[str, Any]
    active: bool


def activate_model(session: Session, stored: StoredModel, weights: bytes) -> bool:
    """Store a learner and put it in force; give whether another one, or none, was in force before."""
    before = active_model(session)
    session.execute(update(Model).where(Model.active).values(active=False))
    session.execute(delete(Model).where(Model.version == stored.version))
    session.execute(
        insert(Model).values(
            version=stored.version,
            trained_at=stored.trained_at,
            labels=stored.labels,
            rules=stored.rules,
            metrics=dict(stored.metrics),
            weights=weights,
            active=True,
        )
    )
    _prune(session)
    return before is None or before.version != stored.version


def _prune(session: Session) -> None:
    latest = select(Model.version).order_by(Model.trained_at.desc(), Model.version).limit(KEPT)
    kept = list(session.scalars(latest))
    session.execute(delete(Model).where(Model.version.not_in(kept), ~Model.active))


def retire_models(session: Session) -> bool:
    """Leave the word to the rules: no learner is in force, and what learners said is gone; give whether one was."""
    if active_model(session) is None:
        return False
    session.execute(update(Model).where(Model.active).values(active=False))
    for table in (Tag, Tagging):
        session.execute(delete(table).where(table.annotator == Annotator.MODEL))
    return True


def active_model(session: Session) -> StoredModel | None:
    """Give the learner in force, None where the rules stand alone."""
    return next((model for model in list_models(session) if model.active), None)


def model_weights(session: Session, version: str) -> bytes | None:
    """Give a learner's weights."""
    return session.scalar(select(Model.weights).where(Model.version == version))


def list_models(session: Session) -> list[StoredModel]:
    """Give the learners, the latest first."""
    columns = (Model.version, Model.trained_at, Model.labels, Model.rules, Model.metrics, Model.active)
    rows = session.execute(select(*columns).order_by(Model.trained_at.desc(), Model.version))
    return [StoredModel(**row) for row in rows.mappings()]


def entries_judged_since(session: Session, since: datetime) -> int:
    """Count the entries of which people said something, or took something back, after an instant."""
    query = select(func.count(Curation.subject.distinct()))
    return session.scalar(query.where(Curation.made_at > since, Curation.subject.startswith("entry:"))) or 0
