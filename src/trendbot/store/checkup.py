"""Is the database sound, and what is in it? For `trendbot db check` and `trendbot doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from trendbot.store.schema import Base, Entry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST_LINES = 20


def damage(session: Session) -> tuple[str, ...]:
    """Return one line for each fault in the file or its references, none where it is sound."""
    if session.connection().dialect.name != "sqlite":
        session.execute(text("SELECT 1"))
        return ()
    pages = [str(row[0]) for row in session.execute(text(f"PRAGMA quick_check({MOST_LINES})"))]
    orphans = [
        f"table {table}, row {row}: its parent in {parent} is missing"
        for table, row, parent, _ in session.execute(text("PRAGMA foreign_key_check"))
    ]
    return tuple([line for line in pages if line != "ok"] + orphans[:MOST_LINES])


def sizes(session: Session) -> dict[str, int]:
    """Return the number of rows of each table."""
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def count_entries(session: Session) -> int:
    """Return how many entries there are."""
    return session.scalar(select(func.count()).select_from(Entry)) or 0
