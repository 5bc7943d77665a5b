"""What holds: a person before the learner before the rules, in SQL as in `core/tagging.py`."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from sqlalchemy import insert, select
from tests.builders import News, add_entry

from trendbot.core.tagging import Opinion, effective
from trendbot.core.vocabulary import Annotator
from trendbot.store.entries import list_entries
from trendbot.store.schema import Tag, Theme
from trendbot.store.tags import effective_tags, effective_themes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

WORDS = (None, False, True)
"""Silence, no, yes."""
CASES = tuple(product(WORDS, repeat=3))


def speak(session: Session, entry_id: int, theme_id: int, case: tuple[bool | None, ...], now: datetime) -> None:
    for annotator, applies in zip(Annotator, case, strict=True):
        if applies is not None:
            sure = None if annotator is Annotator.HUMAN else 0.5
            session.execute(
                insert(Tag).values(
                    entry_id=entry_id, theme_id=theme_id, annotator=annotator, made_by="test", applies=applies,
                    score=None, confidence=sure, evidence=[], reason=annotator.value, entry_revision=1, made_at=now,
                )
            )  # fmt: skip


def opinions(case: tuple[bool | None, ...]) -> list[Opinion]:
    pairs = zip(Annotator, case, strict=True)
    return [Opinion(annotator=who, applies=said, confidence=0.5) for who, said in pairs if said is not None]


def test_every_combination_is_decided_alike_everywhere(database: Database, now: datetime) -> None:
    entries = [database.write(add_entry, News(title=f"case {n}", themes=()), now) for n in range(len(CASES))]

    def fill(session: Session) -> int:
        theme = session.scalars(select(Theme.id).where(Theme.slug == "tools")).one()
        for entry, case in zip(entries, CASES, strict=True):
            speak(session, entry, theme, case, now)
        return theme

    theme = database.write(fill)
    winners = {entry: effective(opinions(case)) for entry, case in zip(entries, CASES, strict=True)}
    meant = {entry: won.by for entry, won in winners.items() if won is not None and won.applies}
    found = database.read(effective_tags, entries)
    assert {entry: tags[0].annotator for entry, tags in found.items()} == meant
    assert all(tag.reason == tag.annotator.value for tags in found.values() for tag in tags)
    pairs = effective_themes()
    rows = database.read(lambda s: s.execute(select(pairs.c.entry_id, pairs.c.theme_id)).all())
    assert sorted(tuple(row) for row in rows) == sorted((entry, theme) for entry in meant)
    listed = database.read(list_entries, theme="tools", limit=None)
    assert {entry.id for entry in listed} == set(meant)
