"""Runs migrations on the engine that the program hands over; one at a time, each in its own transaction.

On SQLite foreign keys are off while tables are rebuilt (with them on, recreating a parent table sets the children's
keys to NULL without a word) and checked before the commit. On PostgreSQL an advisory lock keeps two programs apart.
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, Engine, text

ADVISORY_LOCK = 7_305_813_902


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes.get("metadata"),
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        transaction_per_migration=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        context.run_migrations()


def render_item(kind: str, item: Any, _autogen: Any) -> str | bool:
    """Write our column type with the import it needs."""
    if kind == "type" and type(item).__name__ == "UTCDateTime":
        return "sa.DateTime(timezone=True)"
    return False


def online() -> None:
    engine: Engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            # Whoever waited for the lock has to see what the one before did.
            run(connection.execution_options(isolation_level="READ COMMITTED"))
            connection.commit()
            return
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            run(connection)
            broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
            if broken:
                raise RuntimeError(f"the migration left {len(broken)} rows without their parent: {broken[:3]}")
            connection.commit()
        finally:
            connection.rollback()
            raw.execute("PRAGMA foreign_keys=ON")


online()
