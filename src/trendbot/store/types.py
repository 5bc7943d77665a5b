"""Column types of our own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC; refuses naive ones on the way in.

    PostgreSQL stores ``timestamptz``; SQLite has no zones, so the naive UTC value is stored and the zone put back.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """Write SQLite's form of an instant at once: four instants an entry make it worth it."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any aware instant into UTC."""
        if value is None:
            return None
        _refuse_naive(value)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Hand out aware UTC."""
        if value is None:
            return None
        instant: datetime = value
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _refuse_naive(value: datetime) -> None:
    if value.tzinfo is None:
        raise ValueError(f"naive datetime for the database: {value.isoformat()}")


_WITHOUT_OFFSET = len("2026-11-15 12:00:00.000000")


def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is not UTC:
        _refuse_naive(value)
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:_WITHOUT_OFFSET]


class utc_day(FunctionElement[Any]):  # noqa: N801  (reads as a function)
    """The UTC day of an instant as text, such as ``2026-11-15``, alike on every database."""

    name = "utc_day"
    type = String()
    inherit_cache = True


@compiles(utc_day)
def _sqlite_day(element: Any, compiler: Any, **kwargs: Any) -> str:
    return f"date({compiler.process(element.clauses, **kwargs)})"


@compiles(utc_day, "postgresql")
def _postgresql_day(element: Any, compiler: Any, **kwargs: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **kwargs)} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
