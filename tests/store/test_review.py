"""What could be asked next, and labels as files."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.builders import News, add_entry, add_story

from trendbot.errors import ConfigError
from trendbot.store.label_files import export_labels, import_labels
from trendbot.store.labels import Said, labels, reviews, say
from trendbot.store.review import count_as_random, drawn_by_chance, latest, latest_of_themes, pool, read_since
from trendbot.store.schema import StoryEntry

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from trendbot.store.database import Database


def read(database: Database, now: datetime, *entries: int) -> None:
    sayings = [Said(entry_id=entry, themes={"tools": True}, drawn="random") for entry in entries]
    database.write(say, sayings, kind="tag.review", by="ann", now=now)


@pytest.fixture
def entries(database: Database, now: datetime) -> list[int]:
    def add(session: Session) -> list[int]:
        themes = [("tools",), ("market",), (), ("tools",), ("market", "tools")]
        return [
            add_entry(session, News(title=f"entry {n}", themes=of, age=timedelta(hours=10 - n)), now)
            for n, of in enumerate(themes)
        ]

    return database.write(add)


def test_the_latest_unread_come_first(database: Database, entries: list[int], now: datetime) -> None:
    read(database, now, entries[4])
    assert database.read(latest) == entries[3::-1]
    assert database.read(latest, limit=2) == [entries[3], entries[2]]
    assert database.read(latest, since=now - timedelta(hours=8)) == [entries[3], entries[2]]


def test_the_latest_of_a_theme(database: Database, entries: list[int], now: datetime) -> None:
    assert set(database.read(latest_of_themes, theme="market")) == {entries[1], entries[4]}
    read(database, now, entries[4])
    assert database.read(latest_of_themes, theme="market") == [entries[1]]
    assert entries[2] not in database.read(latest_of_themes)


def test_chance_reaches_all_of_history(database: Database, entries: list[int], now: datetime) -> None:
    unread, read_already = database.read(drawn_by_chance, seed=1, number=len(entries))
    assert (set(unread), read_already) == (set(entries), [])
    assert database.read(drawn_by_chance, seed=1, number=2)[0] == unread[:2]


def test_chance_draws_what_was_read_for_another_reason_and_counts_it(
    database: Database, entries: list[int], now: datetime
) -> None:
    sayings = [Said(entry_id=entry, themes={"tools": True}, drawn="doubtful") for entry in entries[:3]]
    database.write(say, sayings, kind="tag.review", by="ann", now=now)
    unread, read_already = database.read(drawn_by_chance, seed=1, number=len(entries))
    assert (set(unread), set(read_already)) == (set(entries[3:]), set(entries[:3]))
    database.write(count_as_random, read_already)
    assert {review.drawn for review in database.read(reviews)} == {"random"}
    unread, read_already = database.read(drawn_by_chance, seed=1, number=len(entries))
    assert (set(unread), read_already) == (set(entries[3:]), [])


def test_an_empty_database_has_nothing_to_ask(database: Database) -> None:
    assert database.read(pool, seed=1).entries == ()


def test_a_story_of_which_one_entry_was_read_is_not_asked_again(database: Database, now: datetime) -> None:
    database.write(add_story, [News(title="a"), News(title="b")], now)
    other = database.write(add_entry, News(title="c"), now)
    one = database.read(lambda session: session.query(StoryEntry).first().entry_id)
    before = database.read(pool, seed=1)
    assert len(before.entries) == 3
    assert before.stories[one][1] == 2
    read(database, now, one)
    assert database.read(pool, seed=1).entries == (other,)


def test_the_pool_can_be_narrowed(database: Database, entries: list[int], now: datetime) -> None:
    assert set(database.read(pool, seed=1, theme="market").entries) == {entries[1], entries[4]}
    assert database.read(pool, seed=1, search="entry 3").entries == (entries[3],)
    recent = database.read(pool, seed=1, by_chance=4, since=now - timedelta(hours=8))
    assert (set(recent.entries), recent.by_chance) == ({entries[2], entries[3], entries[4]}, frozenset())


def test_what_was_read_since_is_counted_by_person(database: Database, entries: list[int], now: datetime) -> None:
    read(database, now, *entries[:2])
    assert database.read(read_since, now, by="ann") == 2
    assert database.read(read_since, now, by="ben") == 0


def line(**facts: Any) -> str:
    return json.dumps({"title": "t", **facts})


def test_labels_go_out_and_come_back(database: Database, entries: list[int], now: datetime) -> None:
    said = Said(entry_id=entries[0], themes={"tools": True, "market": False})
    database.write(say, [said], kind="tag.set", by="ann", now=now)
    (exported,) = database.read(lambda session: list(export_labels(session)))
    assert exported["themes"] == ["tools"]
    assert set(exported["disputed"]) == {
        "efficiency", "multimodal", "open-source", "training", "environment", "trust",
    }  # fmt: skip
    before = database.read(labels)
    withdrawn = Said(entry_id=entries[0], themes={"tools": None, "market": None})
    database.write(say, [withdrawn], kind="tag.unset", by="ann", now=now)
    report = database.write(import_labels, [json.dumps(exported)], by="ben", now=now)
    assert (report.entries, report.unknown, report.problems) == (1, 0, ())
    assert database.read(labels) == before


def test_an_import_takes_silence_as_no_unless_told(database: Database, now: datetime) -> None:
    one = database.write(add_entry, News(title="a", url="https://a.example/one"), now)
    lines = [line(url="https://a.example/one?utm_source=x", themes=["tools"], disputed=["trust"])]
    database.write(import_labels, lines, by="ben", now=now, only_yes=True)
    assert database.read(labels)[one] == {"tools": True}
    assert database.read(reviews) == []
    database.write(import_labels, lines, by="ben", now=now)
    assert len(database.read(labels)[one]) == 7
    assert [review.drawn for review in database.read(reviews)] == ["import"]


def test_lines_that_cannot_be_used_are_told(database: Database, entries: list[int], now: datetime) -> None:
    lines = ["{", line(), line(themes=["toolz"]), line(url="https://no.example/", themes=["tools"]), "", "[]"]
    report = database.write(import_labels, lines, by="ben", now=now)
    assert (report.lines, report.entries, report.unknown, report.act) == (5, 0, 1, None)
    assert [problem.partition(":")[0] for problem in report.problems] == ["line 1", "line 2", "line 3", "line 6"]
    with pytest.raises(ConfigError, match="no line holds labels"):
        database.write(import_labels, ["{"], by="ben", now=now)
