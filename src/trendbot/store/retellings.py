"""What a language model said of stories, by the hash of all that it was shown, and why it was refused if it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from trendbot.core.retelling import StoryReport
from trendbot.store import schema
from trendbot.store.chunks import chunks

_BODY = 8000


@dataclass(frozen=True, kw_only=True, slots=True)
class Retelling:
    """An answer: `refused` says why it may not go out, empty where it may."""

    key: str
    model: str
    text: str
    refused: str


def kept_retellings(session: Session, keys: Sequence[str]) -> dict[str, Retelling]:
    """Return the answers that are kept under these keys."""
    rows = [
        row
        for chunk in chunks(keys)
        for row in session.scalars(select(schema.Retelling).where(schema.Retelling.key.in_(chunk)))
    ]
    return {row.key: Retelling(key=row.key, model=row.model, text=row.text, refused=row.refused) for row in rows}


def keep_retellings(session: Session, answers: Iterable[Retelling], *, now: datetime) -> None:
    """Keep answers; one that is kept already stays as it is."""
    wanted = {answer.key: answer for answer in answers}
    known = kept_retellings(session, sorted(wanted))
    session.add_all(
        schema.Retelling(key=key, model=each.model, text=each.text, refused=each.refused, made_at=now)
        for key, each in wanted.items()
        if key not in known
    )
    session.flush()


def reports_by_id(session: Session, entry_ids: Sequence[int]) -> dict[int, StoryReport]:
    """Return what entries say, as a model is shown it."""
    found: dict[int, StoryReport] = {}
    for chunk in chunks(entry_ids):
        rows = session.execute(
            select(
                schema.Entry.id,
                schema.Feed.title,
                schema.Entry.title,
                func.substr(schema.Entry.summary, 1, _BODY),
                func.substr(schema.Entry.content, 1, _BODY),
            )
            .join(schema.Feed, schema.Feed.id == schema.Entry.feed_id)
            .where(schema.Entry.id.in_(chunk))
        )
        for entry, source, title, summary, content in rows:
            found[entry] = StoryReport(entry_id=entry, source=source, title=title, body=summary or content)
    return found
