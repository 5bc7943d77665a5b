"""The theme sets that were in force, and the themes and terms that they name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from trendbot.core.themes import ThemeSet as Rules
from trendbot.store.schema import Term, Theme, ThemeSet


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredThemes:
    """A themes file as it was applied: its text, what it means (`hash`), when and by whom."""

    hash: str
    source: str
    applied_at: datetime
    applied_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ThemeRow:
    """A theme for lists and pages."""

    id: int
    slug: str
    title: str
    description: str
    enabled: bool


def themes_in_force(session: Session) -> StoredThemes | None:
    """Give the theme set applied last, None before the first."""
    rows = theme_history(session, limit=1)
    return rows[0] if rows else None


def theme_history(session: Session, *, limit: int = 50) -> list[StoredThemes]:
    """Give the theme sets that were in force, newest first."""
    rows = session.scalars(select(ThemeSet).order_by(ThemeSet.id.desc()).limit(limit))
    return [
        StoredThemes(hash=row.hash, source=row.source, applied_at=row.applied_at, applied_by=row.applied_by)
        for row in rows
    ]


def apply_themes(session: Session, rules: Rules, *, source: str, now: datetime, by: str) -> bool:
    """Put a theme set in force; give whether it was not already.

    Themes are updated by slug; one that the file no longer has is disabled, and keeps its tags. Terms are only added:
    their mentions are history, and a muted one stays muted.
    """
    current = themes_in_force(session)
    if current is not None and current.hash == rules.hash:
        return False
    session.execute(insert(ThemeSet).values(hash=rules.hash, source=source, applied_at=now, applied_by=by))
    _update_themes(session, rules)
    _update_terms(session, rules)
    return True


def _update_themes(session: Session, rules: Rules) -> None:
    known = set(session.scalars(select(Theme.slug)))
    session.execute(update(Theme).where(Theme.slug.not_in(rules.slugs)).values(enabled=False))
    for position, theme in enumerate(rules.themes):
        values = {"title": theme.title, "description": theme.description, "position": position, "enabled": True}
        if theme.slug in known:
            session.execute(update(Theme).where(Theme.slug == theme.slug).values(values))
        else:
            session.execute(insert(Theme).values(slug=theme.slug, **values))


def _update_terms(session: Session, rules: Rules) -> None:
    known = dict(session.execute(select(Term.name, Term.kind)).all())
    for term in rules.terms:
        if term.name not in known:
            session.execute(insert(Term).values(name=term.name, kind=term.kind, muted=False))
        elif known[term.name] != term.kind:
            session.execute(update(Term).where(Term.name == term.name).values(kind=term.kind))


def list_themes(session: Session, *, enabled_only: bool = True) -> list[ThemeRow]:
    """Give the themes in the order of the file."""
    query = select(Theme).order_by(Theme.position, Theme.id)
    rows = session.scalars(query.where(Theme.enabled) if enabled_only else query)
    return [
        ThemeRow(id=row.id, slug=row.slug, title=row.title, description=row.description, enabled=row.enabled)
        for row in rows
    ]
