"""The tag stage: reads once, reads again what changed, keeps people's word, survives a broken file."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, update

from trendbot.core.themes import Field
from trendbot.core.vocabulary import Annotator, FeedKind
from trendbot.errors import ConfigError
from trendbot.pipeline.tag import TagReport, ThemesFile, tag_entries
from trendbot.store.schema import Entry, Feed, Mention, Tag, Tagging, Theme
from trendbot.store.tags import mentions_of, replace_readings, tags_of
from trendbot.store.themes import list_themes, theme_history, themes_in_force

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

FILE = ThemesFile(
    text="""
format = 1
term = [{ name = "Phi", kind = "model", any = ["phi-2"], themes = { small = 1 } }]
[[theme]]
slug = "small"
title = "Small models"
words = { "tiny model" = 1, "small" = 0.2 }
[[theme]]
slug = "power"
title = "Power"
words = { "electricity" = 1 }
""",
    name="mine.toml",
)


def add_entries(session: Session, *titles: str, at: datetime) -> list[int]:
    feed = session.scalar(select(Feed.id)) or session.scalar(
        insert(Feed)
        .values(url="https://lab.example/", title="A lab", kind=FeedKind.LAB, mirrors=[], added_at=at)
        .returning(Feed.id)
    )
    start = session.scalar(select(func.count()).select_from(Entry)) or 0
    return [
        session.scalars(
            insert(Entry)
            .values(
                feed_id=feed, guid=f"g{number}", url="u", canonical_url="u", title=title, summary="", content="",
                author=None, language=None, published_at=None, updated_at=None, seen_at=at, dated_at=at,
                content_hash="h", edited_at=None, withdrawn_at=None,
            )
            .returning(Entry.id)
        ).one()
        for number, title in enumerate(titles, start=start)
    ]  # fmt: skip


def tags(database: Database, *ids: int) -> list[tuple[int, str, str, bool]]:
    return [(row.entry_id, row.theme, row.annotator.value, row.applies) for row in database.read(tags_of, ids)]


def test_entries_are_tagged_with_evidence_and_mentions(database: Database, now: datetime) -> None:
    one, two, three = database.write(add_entries, "PHI-2, a tiny model", "Electricity", "A cup of tea", at=now)
    report = tag_entries(database, now=now, themes=FILE)
    assert report == TagReport(
        entries=3, by_theme={"small": 1, "power": 1}, made_by=report.made_by, changed=True, problem=None
    )
    assert tags(database, one, two, three) == [(one, "small", "rule", True), (two, "power", "rule", True)]
    (row, _) = database.read(tags_of, [one, two])
    assert [(e.field, e.start, e.end, e.text) for e in row.evidence] == [
        (Field.TITLE, 0, 5, "PHI-2"),
        (Field.TITLE, 9, 19, "tiny model"),
    ]
    assert sum(evidence.weight for evidence in row.evidence) == row.score
    assert [(m.term, m.count) for m in database.read(mentions_of, one)] == [("Phi", 1)]


def test_a_second_run_finds_nothing_to_do(database: Database, now: datetime) -> None:
    database.write(add_entries, "phi 2", "tea", at=now)
    assert tag_entries(database, now=now, themes=FILE).entries == 2
    again = tag_entries(database, now=now, themes=FILE)
    assert (again.entries, again.changed) == (0, False)


def test_comments_and_layout_do_not_make_a_new_rule_set(database: Database, now: datetime) -> None:
    database.write(add_entries, "phi 2", at=now)
    tag_entries(database, now=now, themes=FILE)
    assert tag_entries(database, now=now, themes=replace(FILE, text=f"# a remark\n{FILE.text}")).entries == 0


def test_a_new_rule_set_replaces_what_the_old_one_said(database: Database, now: datetime) -> None:
    one, two = database.write(add_entries, "phi 2", "electricity", at=now)
    first = tag_entries(database, now=now, themes=FILE)
    changed = replace(FILE, text=FILE.text.replace("electricity", "steam").replace("phi-2", "phi-3"))
    second = tag_entries(database, now=now + timedelta(hours=1), themes=changed)
    assert (second.entries, second.changed) == (2, True)
    assert second.made_by != first.made_by
    assert tags(database, one, two) == []
    assert database.read(mentions_of, one) == []
    assert [stored.hash for stored in database.read(theme_history)] == [second.made_by, first.made_by]


def test_an_entry_with_a_new_revision_is_read_again(database: Database, now: datetime) -> None:
    (one,) = database.write(add_entries, "tea", at=now)
    tag_entries(database, now=now, themes=FILE)
    database.write(lambda s: s.execute(update(Entry).values(title="phi 2", revision=2)))
    assert tag_entries(database, now=now, themes=FILE).entries == 1
    assert tags(database, one) == [(one, "small", "rule", True)]


def test_a_persons_no_outlives_every_run(database: Database, now: datetime) -> None:
    (one,) = database.write(add_entries, "phi 2", at=now)
    tag_entries(database, now=now, themes=FILE)

    def say_no(session: Session) -> None:
        theme = session.scalars(select(Theme.id).where(Theme.slug == "small")).one()
        session.execute(
            insert(Tag).values(
                entry_id=one, theme_id=theme, annotator=Annotator.HUMAN, made_by="editor", applies=False, score=None,
                confidence=None, evidence=[], reason="about a letter", entry_revision=1, made_at=now,
            )
        )  # fmt: skip

    database.write(say_no)
    tag_entries(database, now=now, themes=replace(FILE, text=FILE.text.replace("phi-2", "phi-3")))
    assert tags(database, one) == [(one, "small", "human", False)]


def test_runs_may_not_replace_what_people_said(database: Database, now: datetime) -> None:
    with pytest.raises(ValueError, match="person"):
        database.write(replace_readings, Annotator.HUMAN, [], made_by="x", now=now)


def test_a_broken_file_leaves_the_last_good_one_in_force(database: Database, now: datetime) -> None:
    tag_entries(database, now=now, themes=FILE)
    (one,) = database.write(add_entries, "phi 2", at=now)
    report = tag_entries(database, now=now, themes=ThemesFile(text=FILE.text + '\n"oops', name="mine.toml"))
    assert report.problem is not None
    assert report.problem.startswith("mine.toml:")
    assert report.entries == 1
    assert tags(database, one) == [(one, "small", "rule", True)]
    stored = database.read(themes_in_force)
    assert stored is not None
    assert stored.source == FILE.text
    assert stored.applied_by == "mine.toml"


def test_a_broken_first_file_is_an_error(database: Database, now: datetime) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml:1"):
        tag_entries(database, now=now, themes=ThemesFile(text="format = 2", name="mine.toml"))
    with pytest.raises(ConfigError, match="no themes"):
        tag_entries(database, now=now)


def test_a_theme_taken_out_of_the_file_is_disabled_and_keeps_its_tags(database: Database, now: datetime) -> None:
    (one,) = database.write(add_entries, "electricity for a tiny model", at=now)
    tag_entries(database, now=now, themes=FILE)
    shorter = replace(FILE, text=FILE.text.partition('[[theme]]\nslug = "power"')[0])
    tag_entries(database, now=now, themes=shorter, since=now + timedelta(days=1))
    assert [theme.slug for theme in database.read(list_themes)] == ["small"]
    assert {theme for _, theme, _, _ in tags(database, one)} == {"small", "power"}


def test_since_and_limit_bound_a_run_and_the_next_goes_on(database: Database, now: datetime) -> None:
    database.write(add_entries, "phi 2", "phi 2", at=now - timedelta(days=9))
    database.write(add_entries, *["tiny model"] * 5, at=now)
    week = now - timedelta(days=7)
    assert tag_entries(database, now=now, themes=FILE, since=week, limit=3, batch=2).entries == 3
    assert tag_entries(database, now=now, themes=FILE, since=week, batch=2).entries == 2
    assert tag_entries(database, now=now, themes=FILE).entries == 2
    assert database.read(lambda s: s.scalar(select(func.count()).select_from(Tagging))) == 7
    assert database.read(lambda s: s.scalar(select(func.count()).select_from(Mention))) == 2
