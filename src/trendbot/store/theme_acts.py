"""Acts on the themes file as a whole: put in force by a person, and taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.orm import Session

from trendbot.core.themes import ThemeSet as Rules
from trendbot.core.vocabulary import Annotator
from trendbot.errors import ConflictError, NotFoundError
from trendbot.store.curation import Act, Change, get_act, last_act, record
from trendbot.store.schema import Entry, Tag, Tagging, Theme, ThemeSet
from trendbot.store.themes import StoredThemes, apply_themes, themes_in_force

APPLY, UNDO = "themes.apply", "themes.undo"


def apply_by_hand(
    session: Session, rules: Rules, *, source: str, by: str, now: datetime, note: str = "", undoes: int | None = None
) -> int | None:
    """Put a theme set in force and log it; give the act's number, None where it was in force already."""
    before = themes_in_force(session)
    if not apply_themes(session, rules, source=source, now=now, by=by[:64]):
        return None
    change = Change(subject="themes:file", before={"hash": before.hash} if before else {}, after={"hash": rules.hash})
    return record(session, UNDO if undoes else APPLY, [change], by=by, now=now, note=note, undoes=undoes)


def find_set(session: Session, beginning: str) -> StoredThemes:
    """Give the newest theme set whose hash begins so.

    Raises:
        NotFoundError: none does, or several different ones do.

    """
    query = select(ThemeSet).where(ThemeSet.hash.startswith(beginning, autoescape=True)).order_by(ThemeSet.id.desc())
    rows = list(session.scalars(query))
    if len({row.hash for row in rows}) != 1:
        many = "more than one version begins" if rows else "no version begins"
        raise NotFoundError(f"{many} with {beginning!r}: see `trendbot themes history`")
    row = rows[0]
    return StoredThemes(hash=row.hash, source=row.source, applied_at=row.applied_at, applied_by=row.applied_by)


def before_act(session: Session, number: int | None) -> tuple[Act, StoredThemes]:
    """Give an act on the themes file (the last where `number` is None) and the set that was in force before it.

    Raises:
        NotFoundError: there is no such act, or nothing stood before it.
        ConflictError: it was undone, or other rules came into force since.

    """
    act = last_act(session, kinds=[APPLY]) if number is None else get_act(session, number)
    if not act.kind.startswith("themes."):
        raise NotFoundError(f"act {act.act} ({act.kind}) is undone with `trendbot {act.kind.split('.')[0]} undo`")
    if act.undone_by is not None:
        raise ConflictError(f"act {act.act} was undone already, by act {act.undone_by}")
    (change,) = act.changes
    current = themes_in_force(session)
    if current is None or current.hash != change.after.get("hash"):
        raise ConflictError(
            f"other rules came into force since act {act.act}: "
            "`trendbot themes history` lists them, `trendbot themes apply --version HASH` takes one"
        )
    if not change.before:
        raise NotFoundError(f"act {act.act} put the first themes in force: there are none to go back to")
    return act, find_set(session, change.before["hash"])


def forget_readings(session: Session, annotator: Annotator, *, since: datetime | None = None) -> int:
    """Let a machine annotator read entries anew, `since` leaving out those dated before it; give how many."""
    forgotten = delete(Tagging).where(Tagging.annotator == annotator)
    if since is not None:
        forgotten = forgotten.where(Tagging.entry_id.in_(select(Entry.id).where(Entry.dated_at >= since)))
    return cast("CursorResult[Any]", session.execute(forgotten)).rowcount


def theme_counts(session: Session) -> dict[str, tuple[int, int, int]]:
    """Give, for each theme, on how many entries the rules say yes, and people say yes and no."""
    query = (
        select(Theme.slug, Tag.annotator, Tag.applies, func.count())
        .join(Tag, Tag.theme_id == Theme.id)
        .group_by(Theme.slug, Tag.annotator, Tag.applies)
    )
    counts = {(slug, annotator, applies): number for slug, annotator, applies, number in session.execute(query).all()}
    return {
        slug: (
            counts.get((slug, Annotator.RULE, True), 0),
            counts.get((slug, Annotator.HUMAN, True), 0),
            counts.get((slug, Annotator.HUMAN, False), 0),
        )
        for slug in session.scalars(select(Theme.slug).order_by(Theme.position))
    }
