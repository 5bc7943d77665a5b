"""New names from stored entries: counted once, put forward once, settled by a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from tests.builders import News, add_entry

from trendbot.core.names.choosing import DAILY
from trendbot.errors import ConflictError, NotFoundError
from trendbot.pipeline.names import common_words, harvest_names, suggest_names
from trendbot.pipeline.tag import ThemesFile, rules_in_force, tag_entries
from trendbot.pipeline.terms import Who, accept, follow_names, known_names, merge, mute, reject
from trendbot.store.curation import last_act
from trendbot.store.names import suggestions
from trendbot.store.schema import Name, NameDay, NameReading, Term
from trendbot.store.tags import mentions_of
from trendbot.store.terms import list_terms, own_terms, undo_terms

if TYPE_CHECKING:
    from trendbot.store.database import Database

FILE = ThemesFile(
    text="""
format = 1
term = [
  { name = "Phi", kind = "model", any = ["phi-2"] },
  { name = "Orca", kind = "model", all = ["whale"] },
]
[[theme]]
slug = "tools"
title = "Tools"
words = { "assistant" = 1 }
"""
)
TITLES = ("the lab ships Kimi K2 today", "we tried Kimi-K2 at home", "how good is Kimi K2 really")


@pytest.fixture
def who(now: datetime) -> Who:
    return Who(by="ed", now=now)


def prepare(database: Database, now: datetime, *titles: str, age: timedelta = timedelta(hours=2)) -> list[int]:
    rules_in_force(database, FILE, now=now)
    feeds = ("One", "Two", "Three")
    return [
        database.write(add_entry, News(title=title, feed=feeds[number % 3], age=age, themes=()), now)
        for number, title in enumerate(titles)
    ]


def names_of(database: Database, now: datetime) -> list[str]:
    return [one.text for one in database.read(suggestions, since=now.date() - timedelta(days=60))]


def test_a_surging_name_is_put_forward_once(database: Database, now: datetime) -> None:
    prepare(database, now, *TITLES)
    assert follow_names(database, now=now) == 3
    assert names_of(database, now) == ["Kimi K2"]
    prepare(database, now, *(title + " again" for title in TITLES))
    follow_names(database, now=now)
    follow_names(database, now=now + timedelta(days=1))
    assert names_of(database, now) == ["Kimi K2"]


def test_no_entry_is_read_twice(database: Database, now: datetime) -> None:
    prepare(database, now, *TITLES)
    common = common_words()
    assert harvest_names(database, now=now, common=common, batch=2) == 3
    assert harvest_names(database, now=now, common=common) == 0
    assert database.read(lambda s: s.scalar(select(NameDay.entries).where(NameDay.key == "kimik2"))) == 3


def test_old_entries_are_passed_over_and_forgotten(database: Database, now: datetime) -> None:
    prepare(database, now, *TITLES, age=timedelta(days=70))
    assert follow_names(database, now=now) == 0
    prepare(database, now, *TITLES)
    follow_names(database, now=now)
    later = now + timedelta(days=70)
    prepare(database, later, "nothing of note")
    follow_names(database, now=later)
    count = database.read(lambda s: s.scalar(select(func.count()).select_from(Name)))
    days = database.read(lambda s: s.scalar(select(func.count()).select_from(NameReading)))
    assert (count, days) == (0, 1)


def test_at_most_five_a_day_in_all_its_runs(database: Database, now: datetime) -> None:
    for letter in "ABCDEFG":
        prepare(database, now, *(f"they speak of {letter}xolotl9 {number} times" for number in ("three", "two", "six")))
    for _ in range(3):
        follow_names(database, now=now)
    assert len(names_of(database, now)) == DAILY


def test_copies_of_a_headline_count_once(database: Database, now: datetime) -> None:
    prepare(database, now, *[TITLES[0]] * 3)
    follow_names(database, now=now)
    assert names_of(database, now) == []


def test_known_and_rejected_names_are_not_put_forward(database: Database, now: datetime, who: Who) -> None:
    prepare(database, now, *(title.replace("Kimi", "Phi").replace("K2", "2") for title in TITLES), *TITLES)
    reject(database, ["kimi k2"], who=who)
    follow_names(database, now=now)
    assert names_of(database, now) == []


def test_an_accepted_name_counts_from_now_on_and_survives_a_new_file(
    database: Database, now: datetime, who: Who
) -> None:
    prepare(database, now, *TITLES)
    tag_entries(database, now=now)
    assert accept(database, "Kimi K2", kind="model", aliases=["K two"], themes={"tools": 1.0}, who=who)
    [new] = prepare(database, now, "more of kimi-k2, the K two")
    rules_in_force(database, ThemesFile(text=FILE.text.replace("assistant", "helper")), now=now)
    assert "Kimi K2" in {term.name for term in rules_in_force(database, None, now=now).themes.terms}
    report = tag_entries(database, now=now)
    assert report.by_theme["tools"] >= 1
    assert [(m.term, m.count) for m in database.read(mentions_of, new)] == [("Kimi K2", 2)]
    assert known_names(database, now=now).covers("K Two")


def test_accepting_again_replaces_and_the_same_changes_nothing(database: Database, now: datetime, who: Who) -> None:
    prepare(database, now)
    assert accept(database, "Kimi", kind="model", aliases=[], themes={}, who=who)
    assert accept(database, "Kimi", kind="model", aliases=[], themes={}, who=who) is None
    assert accept(database, "kimi", kind="lab", aliases=["Moonshot"], themes={}, who=who)
    [mine] = database.read(own_terms)
    assert (mine.name, mine.kind, mine.aliases) == ("Kimi", "lab", ("Moonshot",))


def test_what_cannot_be_accepted_is_said(database: Database, now: datetime, who: Who) -> None:
    prepare(database, now)
    with pytest.raises(ConflictError, match="themes file already"):
        accept(database, "phi", kind="model", aliases=[], themes={}, who=who)
    with pytest.raises(NotFoundError, match="tools"):
        accept(database, "Kimi", kind="model", aliases=[], themes={"toys": 1.0}, who=who)
    for name in ("", "- -", "x" * 65):
        with pytest.raises(ConflictError, match="is no name"):
            accept(database, name, kind="model", aliases=[], themes={}, who=who)
    with pytest.raises(ConflictError, match="is a term"):
        reject(database, ["Phi"], who=who)


def test_undoing_an_acceptance_takes_the_term_away(database: Database, now: datetime, who: Who) -> None:
    prepare(database, now, *TITLES)
    accept(database, "Kimi K2", kind="model", aliases=[], themes={}, who=who)
    tag_entries(database, now=now)
    undone = database.write(undo_terms, None, by="ed", now=now)
    assert database.read(own_terms) == ()
    assert database.read(lambda s: s.scalar(select(Term.id).where(Term.name == "Kimi K2"))) is None
    database.write(undo_terms, undone, by="ed", now=now)
    assert [term.name for term in database.read(own_terms)] == ["Kimi K2"]


def test_a_merged_term_gives_its_mentions(database: Database, now: datetime, who: Who) -> None:
    ids = prepare(database, now, "Kimi K2 and phi-2", "only phi-2 here")
    accept(database, "Kimi K2", kind="model", aliases=[], themes={}, who=who)
    tag_entries(database, now=now)
    merge(database, ["Phi", "K-two"], into="kimi k2", who=who)
    assert {m.term for number in ids for m in database.read(mentions_of, number)} == {"Kimi K2"}
    [later] = prepare(database, now, "phi 2 and K two")
    tag_entries(database, now=now)
    assert [(m.term, m.count) for m in database.read(mentions_of, later)] == [("Kimi K2", 2)]
    database.write(undo_terms, None, by="ed", now=now)
    tag_entries(database, now=now)
    past = [{m.term for m in database.read(mentions_of, number)} for number in (*ids, later)]
    assert past == [{"Kimi K2", "Phi"}, {"Phi"}, {"Phi"}]
    [again] = prepare(database, now, "phi 2 is back")
    tag_entries(database, now=now)
    assert [m.term for m in database.read(mentions_of, again)] == ["Phi"]


def test_a_merge_that_would_lose_something_is_refused(database: Database, now: datetime, who: Who) -> None:
    prepare(database, now)
    for names, into, error in ((["Orca"], "Phi", ConflictError), (["Phi"], "phi", ConflictError)):
        with pytest.raises(error):
            merge(database, names, into=into, who=who)
    with pytest.raises(NotFoundError):
        merge(database, ["Phi"], into="Gone", who=who)


def test_muting_hides_and_unmuting_shows(database: Database, now: datetime, who: Who) -> None:
    prepare(database, now)
    mute(database, ["phi"], muted=True, who=who)
    assert [row.name for row in database.read(list_terms, since=now, muted=True)] == ["Phi"]
    assert database.read(last_act, kinds=["terms."]).kind == "terms.mute"
    mute(database, ["Phi"], muted=False, who=who)
    assert database.read(list_terms, since=now, muted=True) == []
    with pytest.raises(NotFoundError):
        mute(database, ["Nothing"], muted=True, who=who)


def test_nothing_is_suggested_where_nothing_was_read(database: Database, now: datetime) -> None:
    rules_in_force(database, FILE, now=now)
    assert suggest_names(database, day=now.date(), known=known_names(database, now=now)) == []
