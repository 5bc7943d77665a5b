"""Searching: new entries and edited ones are found, withdrawn ones are not, and no question breaks anything."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from tests.builders import News, add_story

from trendbot.pipeline.index import index_news
from trendbot.store import schema
from trendbot.store.search import search_stories

if TYPE_CHECKING:
    from trendbot.store.database import Database


@pytest.fixture
def stories(database: Database, now: datetime) -> list[int]:
    news = [
        [News(title="Café model reads x-rays", body="A hospital tried it."), News(title="Café again", feed="Two")],
        [News(title="Chips are cheaper", body="Prices of models fell.")],
    ]
    made = [database.write(add_story, reports, now) for reports in news]
    assert index_news(database, now=now) == (3 if database.dialect == "sqlite" else 0)  # the other indexes by itself
    assert index_news(database, now=now) == 0
    return made


def found(database: Database, asked: str) -> list[int]:
    return [hit.story_id for hit in database.read(search_stories, asked)]


def test_words_are_found_in_titles_and_bodies_whatever_their_accents(database: Database, stories: list[int]) -> None:
    assert found(database, "cafe") == [stories[0]]
    assert found(database, "model") == stories  # the title counts for more
    assert found(database, "hospital TRIED") == [stories[0]]
    assert found(database, "pric") == [stories[1]]
    assert found(database, "hospital chips") == []
    assert found(database, "  -- ") == []


def test_an_edited_entry_is_found_by_what_it_says_now(database: Database, stories: list[int], now: datetime) -> None:
    entry = schema.Entry
    database.write(
        lambda session: session.execute(
            update(entry).where(entry.title == "Chips are cheaper").values(title="Chips are dearer", revision=2)
        )
    )
    assert index_news(database, now=now) == (database.dialect == "sqlite")
    assert found(database, "cheaper") == []
    assert found(database, "dearer") == [stories[1]]


def test_what_was_withdrawn_is_not_found(database: Database, stories: list[int], now: datetime) -> None:
    database.write(lambda session: session.execute(update(schema.Entry).values(withdrawn_at=now)))
    assert found(database, "chips") == []
    assert stories


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.text(max_size=60))
def test_any_question_has_an_answer(database: Database, asked: str) -> None:
    assert database.read(search_stories, asked) == ()
