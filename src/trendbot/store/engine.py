"""The jobs of many workers, beside the rows they speak of: written in the same transaction, rolled back with it.

The tables are Procrastinate's, in a schema of PostgreSQL of their own. A job names a handful of deliveries; which of
them still wait is for the outbox to say. So a job may be lost or doubled: who looks for rows without one makes it anew.
Without the schema (SQLite, or no worker was ever started) there are no jobs, and none are needed.

Each transport has a queue of its own: a worker takes from those it can send by, and says so with each sign of life.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from trendbot.errors import StoreError

SCHEMA = "procrastinate"
CHUNK = 50
"""Deliveries that one job names."""
LEASE = 20.0
"""Seconds without a sign of life after which a worker's jobs are another's."""
_LOCK = 7_305_813_903
_PATH = text(
    f"""SELECT set_config(
        'search_path', '{SCHEMA}, ' || replace(current_setting('search_path'), '{SCHEMA}, ', ''), true)"""
)
"""Lets the engine's functions find their tables, until the transaction ends."""
_THERE = text(f"SELECT to_regclass('{SCHEMA}.senders') IS NOT NULL")
_VERSION = text(f"SELECT obj_description(to_regnamespace('{SCHEMA}')::oid, 'pg_namespace')")
_DEFER = text(
    """SELECT procrastinate_defer_jobs_v1(array_agg(
        ROW(:queue, :kind, 0, NULL, NULL, args, CAST(:at AS timestamptz))::procrastinate_job_to_defer_v1))
    FROM jsonb_array_elements(CAST(:jobs AS jsonb)) AS args"""
)
_NAMED = text(
    """SELECT DISTINCT CAST(jsonb_array_elements_text(args -> 'ids') AS bigint) FROM procrastinate_jobs
    WHERE task_name = :kind AND status IN ('todo', 'doing')"""
)
_STALLED = text(
    """DELETE FROM procrastinate_jobs AS job WHERE job.status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers AS worker
        WHERE worker.id = job.worker_id AND worker.last_heartbeat > now() - make_interval(secs => :lease))"""
)


_SENDERS = "CREATE TABLE procrastinate.senders (transport text PRIMARY KEY, seen_at timestamptz NOT NULL)"
"""When a worker last said that it can send by a transport: Procrastinate's own table says only that workers live."""
_SIGN = text(
    """INSERT INTO procrastinate.senders SELECT name, now() FROM unnest(CAST(:names AS text[])) AS name ORDER BY name
    ON CONFLICT (transport) DO UPDATE SET seen_at = excluded.seen_at"""
)
_MANNED = text(
    """SELECT transport FROM procrastinate.senders WHERE seen_at > now() - make_interval(secs => :lease)
    AND EXISTS (SELECT FROM procrastinate.procrastinate_workers
        WHERE last_heartbeat > now() - make_interval(secs => :lease))"""
)
_KNOWN = text(
    """SELECT EXISTS (SELECT FROM procrastinate.senders
    WHERE transport = :transport AND seen_at > now() - interval '1 day')"""
)
_FIRST = text("SELECT pg_try_advisory_xact_lock(:key)")


class Kind(StrEnum):
    """What a job asks for."""

    DELIVER = "deliver"


def queue_of(transport: str) -> str:
    """Return the queue of what goes by a transport: none starves another, or waits with whoever cannot send it."""
    return f"{Kind.DELIVER}.{transport}"


def install(session: Session, definition: str) -> bool:
    """Make the engine's tables by `definition`, or make them anew where they are of another version; say whether.

    Call it by `Database.run_lightly`, whose transaction sees what the one before it did. What was queued in tables of
    another version is dropped: it is made anew from the outbox.

    Raises:
        StoreError: the database's user may not make a schema.

    """
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    version = f"trendbot {hashlib.sha256((definition + _SENDERS).encode()).hexdigest()[:16]}"
    if session.scalar(_VERSION) == version:
        return False
    try:
        _make(session, definition, version)
    except ProgrammingError as error:
        raise StoreError(
            f"the tables of the workers cannot be made ({error.orig}): let the database's user make a schema in it"
        ) from error
    return True


def _make(session: Session, definition: str, version: str) -> None:
    connection = session.connection()
    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    session.execute(_PATH)
    raw: Any = connection.connection.driver_connection
    raw.execute(definition)  # several statements, with signs that stand for themselves
    connection.exec_driver_sql(_SENDERS)
    connection.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{version}'")


def installed(session: Session) -> bool:
    """Say whether there is an engine here."""
    return session.get_bind().dialect.name == "postgresql" and bool(session.scalar(_THERE))


def enqueue(
    session: Session, kind: Kind, jobs: Sequence[Mapping[str, Any]], *, queue: str, at: datetime | None = None
) -> None:
    """Put jobs into a queue, to be had from `at` on, once the session's transaction is committed."""
    if jobs:
        given = json.dumps([dict(job) for job in jobs])
        session.execute(_PATH)
        session.execute(_DEFER, {"queue": queue, "kind": kind, "at": at, "jobs": given})


def announce(session: Session, deliveries: Sequence[int], *, by: str, at: datetime | None = None) -> None:
    """Let workers know of deliveries that go `by` a transport, where one was there for it within a day.

    Jobs that nobody takes would pile up; a worker that comes later makes its own from the outbox.
    """
    if deliveries and installed(session) and session.scalar(_KNOWN, {"transport": by}):
        chunks = [list(deliveries[start : start + CHUNK]) for start in range(0, len(deliveries), CHUNK)]
        enqueue(session, Kind.DELIVER, [{"ids": chunk} for chunk in chunks], queue=queue_of(by), at=at)


def named(session: Session) -> frozenset[int]:
    """Return the deliveries that a job names, waiting or at work."""
    session.execute(_PATH)
    return frozenset(session.scalars(_NAMED, {"kind": Kind.DELIVER}))


def sign(session: Session, transports: Sequence[str]) -> None:
    """Say that a worker is there which can send by these transports."""
    session.execute(_SIGN, {"names": list(transports)})


def manned(session: Session, *, lease: float) -> frozenset[str]:
    """Return the transports by which workers can send that gave a sign of life within `lease` seconds."""
    if not installed(session):
        return frozenset()
    return frozenset(session.scalars(_MANNED, {"lease": lease}))


def first_at(session: Session, name: str) -> bool:
    """Say whether nobody else is at `name` now; keeps others off until the transaction ends."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
    return bool(session.scalar(_FIRST, {"key": key}))


def drop_stalled(session: Session, *, lease: float) -> int:
    """Drop the jobs of workers that have given no sign of life for `lease` seconds; return how many."""
    session.execute(_PATH)
    result: Any = session.execute(_STALLED, {"lease": lease})
    return int(result.rowcount)
