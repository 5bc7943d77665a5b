"""The record of runs: one row for one slot of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from trendbot.store.schema import Run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """One run: `slot` is the time it stands for; `finished_at` is None while it runs, or where it was killed."""

    id: int
    job: str
    slot: str
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, Any]
    error: str | None


def start_run(session: Session, *, job: str, slot: str, now: datetime) -> int:
    """Note that a run began, or begins again where an earlier one of its slot was killed; return its id."""
    row = session.scalar(select(Run).where(Run.job == job, Run.slot == slot))
    if row is None:
        row = Run(job=job, slot=slot, started_at=now, finished_at=None, counts={}, error=None)
        session.add(row)
    else:
        row.started_at, row.finished_at, row.error = now, None, None
    session.flush()
    return row.id


def finish_run(
    session: Session, run_id: int, *, now: datetime, counts: Mapping[str, Any], error: str | None = None
) -> None:
    """Note what a run did, and why it failed where it did."""
    row = session.get_one(Run, run_id)
    row.finished_at, row.counts, row.error = now, dict(counts), error


def last_run(session: Session, job: str) -> RunRecord | None:
    """Return the run of `job` that began last."""
    row = session.scalar(select(Run).where(Run.job == job).order_by(Run.started_at.desc(), Run.id.desc()).limit(1))
    if row is None:
        return None
    return RunRecord(
        id=row.id,
        job=row.job,
        slot=row.slot,
        started_at=row.started_at,
        finished_at=row.finished_at,
        counts=row.counts,
        error=row.error,
    )
