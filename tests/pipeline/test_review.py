"""The desk: batches, answers, lessons, and how far it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.builders import THEMES, News, add_entry, add_story

from trendbot.core.vocabulary import Annotator
from trendbot.pipeline.review import Desk
from trendbot.pipeline.tag import ThemesFile, tag_entries
from trendbot.store.labels import reviews

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

RULES = ThemesFile(
    text="format = 1\n"
    + "".join(f'[[theme]]\nslug = "{slug}"\ntitle = "{title}"\n' for slug, title in THEMES.items()).replace(
        'slug = "tools"', 'slug = "tools"\nwords = { "gadget" = 0.5 }'
    )
)
NOTHING = dict.fromkeys(THEMES, False)


@pytest.fixture
def desk(database: Database, now: datetime) -> Desk:
    """A desk on forty entries: the rules find "tools" in every gadget, and a person means only the useful ones."""

    def add(session: Session) -> None:
        for number in range(40):
            kind = "useful" if number % 2 else "broken"
            news = News(title=f"A {kind} gadget, number {number}", themes=(), age=timedelta(hours=number))
            add_entry(session, news, now)

    database.write(add)
    tag_entries(database, now=now, themes=RULES)
    return Desk(database, by="ann", clock=lambda: now, batch=10)


def answer(desk: Desk, batches: int) -> list[int]:
    asked = []
    for _ in range(batches):
        for sheet in desk.next_batch():
            useful = "useful" in sheet.past.read.title
            desk.save(sheet, {**NOTHING, "tools": useful})
            asked.append(sheet.id)
    return asked


def test_batches_ask_each_entry_once(desk: Desk) -> None:
    asked = answer(desk, 5)
    assert len(asked) == len(set(asked)) == 40
    assert desk.next_batch() == []


def test_a_batch_may_be_drawn_ahead(desk: Desk) -> None:
    first = desk.next_batch()
    ahead = desk.next_batch(besides=[sheet.id for sheet in first])
    assert {sheet.id for sheet in first}.isdisjoint(sheet.id for sheet in ahead)


def test_the_machine_learns_between_batches(desk: Desk) -> None:
    pytest.importorskip("sklearn", reason="the learner is an extra")
    answer(desk, 3)
    assert desk.learn() == "learnt 1 of 8 themes from 30 entries"
    for sheet in desk.next_batch():
        said = sheet.machine["tools"]
        assert said.by is Annotator.MODEL
        assert said.applies == ("useful" in sheet.past.read.title)
        assert said.heaviest
        assert said.evidence[0].text == "gadget"


def test_too_few_answers_teach_nothing(desk: Desk) -> None:
    answer(desk, 1)
    assert "rules alone until a theme has 10 examples; tools has" in desk.learn()


def test_progress_counts_what_chance_drew(desk: Desk, database: Database) -> None:
    answer(desk, 5)
    found = desk.progress()
    drawn = [review for review in database.read(reviews) if review.drawn == "random"]
    assert (found.read, found.random, found.positives["tools"]) == (40, len(drawn), 20)
    assert found.random >= 4
    tools = found.by_theme["tools"]
    assert (tools.judged, tools.fn) == (found.random, 0)
    assert found.agreement.judged == 8 * found.random


def test_the_curve_is_measured_on_entries_not_learnt_from(desk: Desk) -> None:
    pytest.importorskip("sklearn", reason="the learner is an extra")
    answer(desk, 5)
    points = desk.measured().points
    assert [point.labels for point in points] == [4, 8, 15, 30]
    assert points[0].f1 < points[-1].f1
    assert points[-1].f1 == pytest.approx(1.0)


def test_what_was_skipped_does_not_return_in_this_sitting(desk: Desk) -> None:
    skipped = [sheet.id for sheet in desk.next_batch()]
    for sheet in desk.next_batch():
        desk.skip(sheet)
        skipped.append(sheet.id)
    assert all(sheet.id not in skipped[10:] for _ in range(3) for sheet in desk.next_batch())


def test_a_whole_story_is_answered_with_what_the_machine_had_said(database: Database, now: datetime) -> None:
    database.write(add_story, [News(title="A gadget", themes=()), News(title="Gadgets sold", themes=())], now)
    tag_entries(database, now=now, themes=RULES)
    desk = Desk(database, by="ann", clock=lambda: now)
    (sheet,) = desk.next_batch()
    assert desk.save(sheet, NOTHING, whole_story=True) == 2
    assert [review.machine for review in database.read(reviews)] == [{"tools": True}, {"tools": True}]
