"""Searching what was reported: full text over titles and summaries, answered with stories.

SQLite keeps an FTS5 table beside the entries, filled by `index_entries` after entries were grouped: a trigger would
make polling several times as dear (measured: 70 µs more for each entry). PostgreSQL has an index on an expression,
which it keeps by itself. Every word that is asked for has to be there; the last one may be the beginning of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

LONGEST: Final = 200
"""Characters of a question that are read."""
_MOST_WORDS: Final = 12
_EDITS: Final = timedelta(days=30)
"""Entries that changed are indexed anew for so long after they were first seen."""
_WORD = re.compile(r"\w+", re.UNICODE)
_MARKS = re.compile("[\u0300-\u036f]")
"""Accents of letters taken apart (NFKD); the function `trendbot_plain` of PostgreSQL removes the same ones."""

# The bodies of 600 characters and the pool of 400 reports stand in the statements as they are.
_NEW = text(
    """INSERT INTO entries_search (rowid, title, body, revision)
    SELECT id, title, substr(summary, 1, 600), revision FROM entries
    WHERE id > (SELECT coalesce(max(rowid), 0) FROM entries_search) ORDER BY id LIMIT :limit"""
)
_CHANGED = text(
    """SELECT entries.id FROM entries JOIN entries_search ON entries_search.rowid = entries.id
    WHERE entries.seen_at >= :since AND entries.revision > 1 AND entries.revision <> entries_search.revision
    LIMIT :limit"""
)
_DROP = text("DELETE FROM entries_search WHERE rowid = :id")
_AGAIN = text(
    """INSERT INTO entries_search (rowid, title, body, revision)
    SELECT id, title, substr(summary, 1, 600), revision FROM entries WHERE id = :id"""
)
_FOUND = """
    SELECT stories.id, stories.title, stories.last_at, max(entries.id) AS entry_id, min(found.place) AS place,
           count(entries.id) AS reports
    FROM ({found}) AS found
    JOIN entries ON entries.id = found.id
    JOIN story_entries ON story_entries.entry_id = entries.id
    JOIN stories ON stories.id = story_entries.story_id
    WHERE entries.withdrawn_at IS NULL AND stories.merged_into_id IS NULL AND stories.title <> ''
    GROUP BY stories.id, stories.title, stories.last_at
    ORDER BY min(found.place), stories.id DESC
    LIMIT :limit OFFSET :offset"""
# The vector has to be said in the very words of the index; titles count for more.
_VECTOR = """(setweight(to_tsvector('simple', trendbot_plain(title)), 'A')
    || to_tsvector('simple', trendbot_plain(left(summary, 600))))"""
_SQLITE = text(
    _FOUND.format(
        found="""SELECT rowid AS id, bm25(entries_search, 4.0, 1.0) AS place FROM entries_search
        WHERE entries_search MATCH :words ORDER BY place LIMIT 400"""
    )
)
_RANKED = """SELECT id, -ts_rank({vector}, asked) AS place FROM entries, to_tsquery('simple', :words) AS asked
    WHERE {vector} @@ asked ORDER BY place LIMIT 400"""
_POSTGRESQL = text(_FOUND.format(found=_RANKED.format(vector=_VECTOR)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A story that fits: `reports` of it have the words."""

    story_id: int
    title: str
    last_at: datetime
    reports: int


def index_entries(session: Session, *, now: datetime, limit: int = 2000) -> int:
    """Index entries that are new or were edited, `limit` of each at most; return how many. PostgreSQL needs none."""
    if session.get_bind().dialect.name != "sqlite":
        return 0
    done = session.execute(_NEW, {"limit": limit}).rowcount  # type: ignore[attr-defined]
    since = (now - _EDITS).replace(tzinfo=None).isoformat(sep=" ")
    changed = list(session.scalars(_CHANGED, {"since": since, "limit": limit}))
    for entry_id in changed:
        session.execute(_DROP, {"id": entry_id})
        session.execute(_AGAIN, {"id": entry_id})
    return int(done) + len(changed)


def words_of(asked: str) -> tuple[str, ...]:
    """Return the words of a question, as they are looked up: what is no word is left out."""
    return tuple(_WORD.findall(asked[:LONGEST].replace("_", " ")))[:_MOST_WORDS]


def search_stories(session: Session, asked: str, *, limit: int = 20, offset: int = 0) -> tuple[Hit, ...]:
    """Return the stories whose reports have all the words, the best first; none where nothing was asked."""
    words = words_of(asked)
    if not words:
        return ()
    sqlite = session.get_bind().dialect.name == "sqlite"
    said = {"words": _fts(words) if sqlite else _tsquery(words), "limit": limit, "offset": offset}
    rows = session.execute(_SQLITE if sqlite else _POSTGRESQL, said).mappings()
    return tuple(
        Hit(story_id=row["id"], title=row["title"], last_at=_instant(row["last_at"]), reports=row["reports"])
        for row in rows
    )


def _fts(words: Sequence[str]) -> str:
    return " ".join(f'"{word}"' for word in words) + "*"


def _tsquery(words: Sequence[str]) -> str:
    plain = [_MARKS.sub("", unicodedata.normalize("NFKD", word)) for word in words]
    return " & ".join(f"'{word}'" for word in plain if word) + (":*" if plain[-1] else "")


def _instant(value: Any) -> datetime:
    """Read an instant as the driver gives it: aware from PostgreSQL, UTC without saying so from SQLite."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
