"""What people say of entries: set, withdrawn, logged, undone, and out of every machine's reach."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text
from sqlalchemy.exc import IntegrityError
from tests.builders import THEMES, News, add_entry, add_story

from trendbot.core.vocabulary import Annotator
from trendbot.errors import ConflictError, NotFoundError
from trendbot.store.curation import get_act, last_act, list_acts, undo_act
from trendbot.store.labels import ENTRY, Said, labels, positives, reviews, say, story_mates
from trendbot.store.schema import Entry, StoryEntry
from trendbot.store.tags import Reading, replace_readings, tags_of

if TYPE_CHECKING:
    from datetime import datetime

    from trendbot.store.database import Database

SLUGS = list(THEMES)


def said(database: Database, entry: int, now: datetime, **themes: bool | None) -> int | None:
    named = {slug.replace("_", "-"): applies for slug, applies in themes.items()}
    return database.write(say, [Said(entry_id=entry, themes=named)], kind="tag.set", by="ann", now=now)


def undo(database: Database, act: int | None, now: datetime) -> int:
    def work(session):  # type: ignore[no-untyped-def]
        found = get_act(session, act) if act else last_act(session, kinds=["tag."])
        return undo_act(session, found, {"entry": ENTRY}, by="ben", now=now)[0]

    return database.write(work)


@pytest.fixture
def entry(database: Database, now: datetime) -> int:
    return database.write(add_entry, News(title="A free tool"), now)


def test_what_is_said_is_stored_and_logged(database: Database, entry: int, now: datetime) -> None:
    act = said(database, entry, now, open_source=True, tools=False)
    assert database.read(labels) == {entry: {"open-source": True, "tools": False}}
    (found,) = database.read(list_acts)
    assert (found.act, found.kind, found.made_by, found.made_at, found.undoes) == (act, "tag.set", "ann", now, None)
    (change,) = found.changes
    assert change.subject == f"entry:{entry}"
    assert change.before == {"tags": {}, "review": None}
    assert {slug: tag["applies"] for slug, tag in change.after["tags"].items()} == {"open-source": True, "tools": False}
    assert database.read(positives)["open-source"] == 1


def test_saying_it_again_is_no_act(database: Database, entry: int, now: datetime) -> None:
    said(database, entry, now, tools=True)
    assert said(database, entry, now + timedelta(days=1), tools=True) is None
    assert len(database.read(list_acts)) == 1


def test_none_withdraws(database: Database, entry: int, now: datetime) -> None:
    said(database, entry, now, tools=True, market=False)
    said(database, entry, now, tools=None)
    assert database.read(labels) == {entry: {"market": False}}


def test_undo_and_undo_of_the_undo(database: Database, entry: int, now: datetime) -> None:
    said(database, entry, now, tools=False)
    second = said(database, entry, now, tools=True, market=True)
    undone = undo(database, None, now)
    assert database.read(labels) == {entry: {"tools": False}}
    assert database.read(get_act, second).undone_by == undone
    undo(database, undone, now)
    assert database.read(labels) == {entry: {"tools": True, "market": True}}


def test_undo_without_a_number_walks_back(database: Database, entry: int, now: datetime) -> None:
    said(database, entry, now, tools=True)
    said(database, entry, now, market=True)
    undo(database, None, now)
    undo(database, None, now)
    assert database.read(labels) == {}
    with pytest.raises(NotFoundError, match="nothing to undo"):
        undo(database, None, now)


def test_an_act_is_undone_once(database: Database, entry: int, now: datetime) -> None:
    act = said(database, entry, now, tools=True)
    undo(database, act, now)
    with pytest.raises(ConflictError, match="undone already"):
        undo(database, act, now)


def test_what_was_changed_since_is_not_undone(database: Database, now: datetime) -> None:
    one, two = (database.write(add_entry, News(title=title), now) for title in ("one", "two"))
    both = [Said(entry_id=number, themes={"tools": True}) for number in (one, two)]
    act = database.write(say, both, kind="tag.set", by="ann", now=now)
    later = said(database, two, now, tools=False)
    with pytest.raises(ConflictError, match=f"entry {two} was changed since, by act {later}"):
        undo(database, act, now)
    assert database.read(labels) == {one: {"tools": True}, two: {"tools": False}}


def test_a_pruned_entry_stays_in_the_log_and_cannot_be_undone(database: Database, entry: int, now: datetime) -> None:
    act = said(database, entry, now, tools=True)
    database.write(lambda session: session.execute(delete(Entry)))
    assert database.read(list_acts, subject=f"entry:{entry}")[0].act == act
    with pytest.raises(NotFoundError, match="is gone"):
        undo(database, act, now)


def test_unknown_entries_and_themes_are_refused(database: Database, entry: int, now: datetime) -> None:
    with pytest.raises(NotFoundError, match="no entry 999"):
        said(database, 999, now, tools=True)
    with pytest.raises(NotFoundError, match="no theme 'toolz': the themes are"):
        said(database, entry, now, toolz=True)


def test_no_machine_run_reaches_a_persons_word(database: Database, entry: int, now: datetime) -> None:
    said(database, entry, now, tools=False)
    for annotator in (Annotator.RULE, Annotator.MODEL):
        database.write(replace_readings, annotator, [Reading(entry_id=entry, revision=1)], made_by="new", now=now)
    (row,) = database.read(tags_of, [entry])
    assert (row.annotator, row.applies, row.made_by) == (Annotator.HUMAN, False, "ann")


@pytest.mark.parametrize("statement", ["UPDATE curations SET made_by = 'x'", "DELETE FROM curations"])
def test_the_log_is_only_appended_to(database: Database, entry: int, now: datetime, statement: str) -> None:
    said(database, entry, now, tools=True)
    with pytest.raises(IntegrityError, match="only appended"):
        database.write(lambda session: session.execute(text(statement)))


def test_a_review_keeps_what_the_machine_said(database: Database, entry: int, now: datetime) -> None:
    told = {"tools": (True, 0.9), "market": (False, 0.4)}
    read = Said(entry_id=entry, themes={"tools": False, "market": True}, drawn="random", machine=told)
    act = database.write(say, [read], kind="tag.review", by="ann", now=now)
    (found,) = database.read(reviews)
    assert (found.entry_id, found.drawn, found.made_by) == (entry, "random", "ann")
    assert found.machine == {"tools": True, "market": False}
    assert found.person == {"tools": False, "market": True}
    undo(database, act, now)
    assert database.read(reviews) == []


def test_mates_of_a_story(database: Database, entry: int, now: datetime) -> None:
    story = database.write(add_story, [News(title="a"), News(title="b")], now)
    mates = database.read(
        lambda s: sorted(row.entry_id for row in s.query(StoryEntry).filter(StoryEntry.story_id == story))
    )
    assert database.read(story_mates, mates[0]) == mates
    assert database.read(story_mates, entry) == [entry]


def test_the_log_is_filtered(database: Database, entry: int, now: datetime) -> None:
    said(database, entry, now, tools=True)
    said(database, entry, now + timedelta(hours=2), market=True)
    undo(database, None, now + timedelta(hours=3))
    assert [act.kind for act in database.read(list_acts)] == ["tag.undo", "tag.set", "tag.set"]
    assert [act.kind for act in database.read(list_acts, by="ben")] == ["tag.undo"]
    assert len(database.read(list_acts, kinds=["tag.set", "terms"], limit=1)) == 1
    assert len(database.read(list_acts, since=now + timedelta(hours=1))) == 2


@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    st.lists(
        st.dictionaries(st.sampled_from(SLUGS[:4]), st.sampled_from([True, False, None]), min_size=1),
        min_size=1,
        max_size=6,
    )
)
def test_undoing_everything_leads_back_to_the_start(
    database: Database, now: datetime, sayings: list[dict[str, bool | None]]
) -> None:
    entry = database.write(add_entry, News(title="x"), now)
    acts = [
        database.write(say, [Said(entry_id=entry, themes=themes)], kind="tag.set", by="ann", now=now)
        for themes in sayings
    ]
    for act in reversed([act for act in acts if act is not None]):
        undo(database, act, now)
    assert entry not in database.read(labels)
