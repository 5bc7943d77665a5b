"""The record of runs: one row for one slot of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from trendbot.core.report_card import Footprint, footprint_of
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
    return None if row is None else _record(row)


def claim_slot(session: Session, *, job: str, slot: str, now: datetime, stale_before: datetime) -> int | None:
    """Take a slot of a job, whoever else asks at the same time; return the run's id, or None where it is another's.

    A slot that failed may be taken again, and one that began before `stale_before` and never ended: it was killed.
    """
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    row = {"job": job, "slot": slot, "started_at": now, "counts": {}}
    new = insert(Run).values(row).on_conflict_do_nothing(index_elements=["job", "slot"]).returning(Run.id)
    if (taken := session.scalar(new)) is not None:
        return taken
    killed = Run.finished_at.is_(None) & (Run.started_at < stale_before)
    again = (
        update(Run)
        .where(Run.job == job, Run.slot == slot, or_(Run.error.is_not(None), killed))
        .values(started_at=now, finished_at=None, error=None)
        .returning(Run.id)
    )
    return session.scalar(again)


def is_settled(session: Session, *, job: str, slot: str) -> bool:
    """Say whether a slot was done, or was given up as too late."""
    row = session.scalar(select(Run).where(Run.job == job, Run.slot == slot))
    return row is not None and row.finished_at is not None and (row.error is None or "too_late" in row.counts)


def first_run(session: Session) -> datetime | None:
    """Return when anything first ran here."""
    return session.scalar(select(Run.started_at).order_by(Run.started_at).limit(1))


def newest_run(session: Session, job: str | None = None) -> datetime | None:
    """Return when anything, or a job, last began here."""
    query = select(Run.started_at).order_by(Run.started_at.desc()).limit(1)
    return session.scalar(query if job is None else query.where(Run.job == job))


def footprint_between(session: Session, since: datetime, until: datetime) -> Footprint | None:
    """Return what the runs took that ended after `since` and up to `until`; None where none says so."""
    ended = (Run.finished_at > since, Run.finished_at <= until)
    return footprint_of(session.scalars(select(Run.counts).where(*ended)))


def last_runs(session: Session) -> tuple[RunRecord, ...]:
    """Return the last run of each job that ended, by the job's name."""
    newest = select(func.max(Run.id)).where(Run.finished_at.is_not(None)).group_by(Run.job)
    return tuple(_record(row) for row in session.scalars(select(Run).where(Run.id.in_(newest)).order_by(Run.job)))


def _record(row: Run) -> RunRecord:
    return RunRecord(
        id=row.id,
        job=row.job,
        slot=row.slot,
        started_at=row.started_at,
        finished_at=row.finished_at,
        counts=row.counts,
        error=row.error,
    )
