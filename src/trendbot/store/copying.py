"""Moving everything from one database to another: in batches, in one transaction, checked before it is committed.

Rows are checked by their number and by a hash of their contents for each table. The hash is a sum over the rows' own
hashes, since databases of different kinds do not agree on the order of text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, func, insert, select, text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from trendbot.errors import ConflictError, StoreError
from trendbot.store import migrate
from trendbot.store.database import Database
from trendbot.store.schema import Base

BATCH = 2000
"""Rows read and written at once."""
_MODULUS = 1 << 256
_FOREIGN_KEYS = text(
    """SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name,
    pg_get_constraintdef(pg_constraint.oid) AS said FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2"""
)
_PATIENT = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
Progress = Callable[[str, int], None]
"""Called with a table's name and how many rows of it were copied."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """How many rows a table has, and the hash of what they hold (64 hexadecimal digits)."""

    rows: int
    digest: str


def copy_database(source: Database, target: Database, *, progress: Progress) -> dict[str, Contents]:
    """Copy all rows of `source` into the empty `target`, made where it has no tables; return what each table has.

    Nothing is committed unless both hold the same. Let nobody write to `source` meanwhile.

    Raises:
        ConflictError: the target is not PostgreSQL, or holds rows already.
        SchemaError: a schema is not this program's.
        StoreError: a database refused, or the copy differs.

    """
    if target.dialect != "postgresql":
        raise ConflictError("a database is copied to PostgreSQL only: name a target such as postgresql://…")
    migrate.check(source)
    migrate.upgrade(target)
    return source.read(lambda session: target.write(_copied, session.connection(), progress))


def _copied(session: Session, source: Connection, progress: Progress) -> dict[str, Contents]:
    target = session.connection()
    _refuse_rows(target)
    target.exec_driver_sql(_PATIENT)
    keys = target.execute(_FOREIGN_KEYS).all()
    for key in keys:  # rows name each other in both directions: keys are put back, and checked, when all are there
        target.exec_driver_sql(f"ALTER TABLE {key.owner} DROP CONSTRAINT {key.name}")
    found = {table.name: _copy_table(source, target, table, progress) for table in _tables()}
    for key in keys:
        target.exec_driver_sql(f"ALTER TABLE {key.owner} ADD CONSTRAINT {key.name} {key.said}")
    _check(target, found)
    for table in _tables():
        _set_sequence(target, table)
    return found


def _tables() -> Sequence[Table]:
    return [Base.metadata.tables[name] for name in sorted(Base.metadata.tables)]


def _refuse_rows(target: Connection) -> None:
    full = [table.name for table in _tables() if target.execute(select(table).limit(1)).first() is not None]
    if full:
        raise ConflictError(f"the target holds rows already ({', '.join(full[:3])}): name an empty database")


def _copy_table(source: Connection, target: Connection, table: Table, progress: Progress) -> Contents:
    rows, total = 0, 0
    progress(table.name, 0)
    for batch in _batches(source, table):
        total = (total + _sum(batch)) % _MODULUS
        try:
            target.execute(insert(table), [dict(row._mapping) for row in batch])  # noqa: SLF001  (its public name)
        except DataError as error:
            raise StoreError(
                f"PostgreSQL takes no such row of {table.name}: {error.orig}; nothing was copied"
            ) from error
        rows += len(batch)
        progress(table.name, rows)
    return Contents(rows=rows, digest=f"{total:064x}")


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Row[Any]]]:
    with connection.execute(select(table), execution_options={"stream_results": True, "yield_per": BATCH}) as rows:
        yield from rows.partitions(BATCH)


def contents_of(connection: Connection, table: Table) -> Contents:
    """Return the number and the hash of a table's rows."""
    rows, total = 0, 0
    for batch in _batches(connection, table):
        rows, total = rows + len(batch), (total + _sum(batch)) % _MODULUS
    return Contents(rows=rows, digest=f"{total:064x}")


def _sum(rows: Iterable[Row[Any]]) -> int:
    return sum(int.from_bytes(hashlib.sha256(_written(row).encode()).digest(), "big") for row in rows)


def _written(row: Row[Any]) -> str:
    return json.dumps([_plain(value) for value in row], sort_keys=True, ensure_ascii=True, allow_nan=True)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if value is None or isinstance(value, str | int | float | list | dict | bool):
        return value
    return str(value)


def _check(target: Connection, wanted: dict[str, Contents]) -> None:
    for table in _tables():
        found = contents_of(target, table)
        if found != wanted[table.name]:
            raise StoreError(
                f"the copy of {table.name} differs ({found.rows} rows of {wanted[table.name].rows}): nothing is kept"
            )


def _set_sequence(target: Connection, table: Table) -> None:
    """Let the next row's number come after those that were copied."""
    column = table.autoincrement_column
    if column is None:
        return
    named = select(func.pg_get_serial_sequence(table.name, column.name))
    sequence = target.scalar(named)
    if sequence is None:
        return
    highest: ColumnElement[Any] = func.coalesce(func.max(column), 0)
    top = int(target.scalar(select(highest)) or 0)
    target.execute(select(func.setval(sequence, max(top, 1), top > 0)))
