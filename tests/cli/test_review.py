"""The review screen, by the keys of a person."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("textual", reason="the review screen is an extra")

from tests.builders import THEMES, News, add_entry, add_story
from tests.cli.conftest import Cli, one_line
from textual.widgets import Input, Static

from trendbot.cli.review import panels
from trendbot.cli.review.screen import Note, ReviewScreen
from trendbot.core.learning_curve import Forecast, Point
from trendbot.core.scoring import Tally
from trendbot.pipeline.review import Desk, Progress
from trendbot.pipeline.tag import ThemesFile, tag_entries
from trendbot.store.curation import list_acts
from trendbot.store.labels import Said, labels, reviews, say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.orm import Session
    from textual.pilot import Pilot

    from trendbot.store.database import Database

TITLES = ("Open weights for all", "A power plant for machines", "A cup of tea", "Rules for chat")
RULES = ThemesFile(
    text="format = 1\n"
    + "".join(f'[[theme]]\nslug = "{slug}"\ntitle = "{title}"\n' for slug, title in THEMES.items()).replace(
        'slug = "open-source"', 'slug = "open-source"\nwords = { "open weights" = 0.5 }'
    )
)
Sit = "Callable[..., contextlib.AbstractAsyncContextManager[tuple[ReviewScreen, Pilot[None]]]]"


@pytest.fixture
def entries(database: Database, now: datetime) -> list[int]:
    def add(session: Session) -> list[int]:
        return [
            add_entry(session, News(title=title, themes=(), body="Said on Monday.", age=timedelta(hours=n)), now)
            for n, title in enumerate(TITLES)
        ]

    ids = database.write(add)
    tag_entries(database, now=now, themes=RULES)
    return ids


@pytest.fixture
def sit(database: Database, now: datetime) -> Sit:
    @contextlib.asynccontextmanager
    async def sitting(
        *, size: tuple[int, int] = (80, 24), **wanted: object
    ) -> AsyncIterator[tuple[ReviewScreen, Pilot[None]]]:
        app = ReviewScreen(Desk(database, by="ann", clock=lambda: now, **wanted))
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            yield app, pilot

    return sitting


async def settled(app: ReviewScreen, pilot: Pilot[None]) -> None:
    """Wait until nothing is drawn or learnt any more."""
    await app.workers.wait_for_complete()
    await pilot.pause()


def shown(app: ReviewScreen, part: str) -> str:
    return str(app.query_one(part, Static).render())


async def test_an_entry_is_shown_with_its_themes_and_keys(sit: Sit, entries: list[int]) -> None:
    async with sit(search="weights") as (app, _):
        assert app.sheet is not None
        assert app.sheet.id == entries[0]
        assert "Open weights for all" in shown(app, "#text")
        assert "3 [x] open-source" in shown(app, "#themes")
        assert "1 [ ] efficiency" in shown(app, "#themes")
        assert "is it open-source? 62%" in shown(app, "#status")
        assert "save" in shown(app, "#keys")


async def test_keys_switch_themes_and_enter_saves(sit: Sit, entries: list[int], database: Database) -> None:
    async with sit(search="weights") as (app, pilot):
        await pilot.press("3", "7")
        assert "3 [ ] open-source   *" in shown(app, "#themes")
        await pilot.press("enter")
        await settled(app, pilot)
        assert app.desk.done == 1
    said = database.read(labels)[entries[0]]
    assert {slug for slug, yes in said.items() if yes} == {"tools"}
    assert len(said) == 8
    (act,) = database.read(list_acts)
    assert (act.kind, act.made_by) == ("tag.review", "ann")
    (review,) = database.read(reviews)
    assert review.machine == {"open-source": True}


async def test_every_entry_is_asked_once_then_nothing_is_left(sit: Sit, entries: list[int], database: Database) -> None:
    async with sit(batch=2) as (app, pilot):
        for _ in entries:
            await pilot.press("enter")
            await settled(app, pilot)
        assert "Nothing is left to ask" in shown(app, "#text")
        await pilot.press("enter", "1", "s", "k")
        assert app.desk.done == len(entries)
    assert set(database.read(labels)) == set(entries)


async def test_none_says_no_to_all(sit: Sit, entries: list[int], database: Database) -> None:
    async with sit(search="weights") as (_, pilot):
        await pilot.press("0", "enter")
        await pilot.pause()
    assert set(database.read(labels)[entries[0]].values()) == {False}


async def test_undo_brings_the_entry_back(sit: Sit, entries: list[int], database: Database) -> None:
    async with sit() as (app, pilot):
        first = app.sheet
        await pilot.press("1", "enter")
        await pilot.press("u")
        await pilot.pause()
        assert first is not None
        assert app.sheet is not None
        assert app.sheet.id == first.id
        assert app.sheet.question == first.question
        assert app.place == 0
        assert database.read(labels) == {}
        await pilot.press("u")
        await pilot.pause()
        assert "nothing to take back" in shown(app, "#themes")


async def test_undo_tells_of_a_change_since(sit: Sit, entries: list[int], database: Database, now: datetime) -> None:
    async with sit() as (app, pilot):
        first = app.sheet
        assert first is not None
        await pilot.press("enter")
        await pilot.pause()
        other = [Said(entry_id=first.id, themes={"tools": True, "market": True})]
        database.write(say, other, kind="tag.set", by="ben", now=now)
        await pilot.press("u")
        await pilot.pause()
        assert "was changed since" in shown(app, "#themes")
        assert app.desk.done == 1


async def test_skipping_says_nothing(sit: Sit, entries: list[int], database: Database) -> None:
    async with sit() as (app, pilot):
        seen = []
        while app.sheet is not None:
            seen.append(app.sheet.id)
            await pilot.press("k")
            await settled(app, pilot)
        assert sorted(seen) == sorted(entries)
    assert database.read(labels) == {}


async def test_the_same_for_the_whole_story(sit: Sit, database: Database, now: datetime) -> None:
    database.write(add_story, [News(title="Lake cools hall", themes=()), News(title="Hall cooled", themes=())], now)
    async with sit() as (app, pilot):
        assert "2 reports of one story" in shown(app, "#text")
        await pilot.press("s", "5")
        assert "for all 2 of the story" in shown(app, "#themes")
        await pilot.press("enter")
        await settled(app, pilot)
        assert "Nothing is left" in shown(app, "#text")
        said = database.read(labels)
        assert [entry["environment"] for entry in said.values()] == [True, True]
        assert len(database.read(reviews)) == 2
        await pilot.press("u")
        await pilot.pause()
        assert database.read(labels) == {}


async def test_a_story_of_one_is_told(sit: Sit, entries: list[int]) -> None:
    async with sit() as (app, pilot):
        await pilot.press("s")
        await pilot.pause()
        assert "no other entry tells this" in shown(app, "#themes")


async def test_search_and_back(sit: Sit, entries: list[int]) -> None:
    async with sit() as (app, pilot):
        await pilot.press("slash")
        await pilot.press(*"tea", "enter")
        await settled(app, pilot)
        assert app.sheet is not None
        assert app.sheet.id == entries[2]
        assert len(app.batch) == 1
        await pilot.press("slash")
        app.query_one("#search", Input).value = "unheard of"
        await pilot.press("enter")
        await settled(app, pilot)
        assert "No unread entry has all of these words" in shown(app, "#text")
        await pilot.press("slash")
        app.query_one("#search", Input).value = ""
        await pilot.press("enter")
        await settled(app, pilot)
        assert len(app.batch) == len(entries)


async def test_escape_leaves_the_search_line(sit: Sit, entries: list[int]) -> None:
    async with sit() as (app, pilot):
        await pilot.press("slash", "q", "escape")
        assert not app.query_one("#search").has_class("shown")
        assert app.desk.search is None
        assert app.is_running


async def test_why_names_the_words(sit: Sit, entries: list[int]) -> None:
    async with sit(search="weights") as (app, pilot):
        await pilot.press("w")
        await pilot.pause()
        assert "open-source: yes, 62% likely, by the rules" in shown(app, "#text")
        assert "“Open weights” +1 = 1" in shown(app, "#text")
        await pilot.press("w")
        await pilot.pause()
        assert "by the rules" not in shown(app, "#text")


@pytest.mark.parametrize(
    ("key", "told"), [("question_mark", "switch a theme on or off"), ("p", "entries read by people")]
)
async def test_pages_open_and_close(sit: Sit, entries: list[int], key: str, told: str) -> None:
    async with sit() as (app, pilot):
        await pilot.press(key)
        await settled(app, pilot)
        assert isinstance(app.screen, Note)
        assert told in str(app.screen.query_one("#note", Static).render())
        await pilot.press("x")
        await pilot.pause()
        assert not isinstance(app.screen, Note)
        assert app.desk.done == 0


@pytest.mark.parametrize("size", [(80, 24), (50, 30), (140, 50)])
async def test_every_theme_and_key_fits(sit: Sit, entries: list[int], size: tuple[int, int]) -> None:
    async with sit(size=size) as (app, _):
        themes, keys, text = (app.query_one(part).region for part in ("#themes", "#keys", "#entry"))
        assert themes.height >= 8
        assert all(part.right <= size[0] and part.bottom <= size[1] for part in (themes, keys, text))
        assert text.width >= 40
        assert not themes.overlaps(text)


async def test_strangers_text_cannot_steer_the_terminal(sit: Sit, database: Database, now: datetime) -> None:
    database.write(add_entry, News(title="[red]a\x1b[2J\u202eb", body="[/]\x07", themes=()), now)
    async with sit() as (app, _):
        assert "[red]a [2J b" in shown(app, "#text")


async def test_only_a_theme_may_be_asked_for(sit: Sit, entries: list[int]) -> None:
    async with sit(theme="open-source") as (app, _):
        assert [sheet.id for sheet in app.batch] == [entries[0]]


def test_progress_in_words() -> None:
    points = tuple(Point(labels=n, tally=Tally(tp=n, fp=9, fn=9)) for n in (40, 80))
    progress = Progress(
        read=50,
        positives={"tools": 12, "market": 0},
        agreement=Tally(tp=8, fp=1, fn=1),
        by_theme={"tools": Tally(tp=8, fp=1, fn=1), "market": Tally()},
        random=10,
        points=points,
        forecasts=(
            Forecast(aim=0.8, more=0),
            Forecast(aim=0.85, more=234),
            Forecast(aim=0.9, more=None, why="it is not rising"),
        ),
    )
    text = panels.progress_text(progress).plain
    assert "50 entries read by people, 10 of them drawn at random" in text
    assert "until F1 is 80: reached" in text
    assert "until F1 is 85: about 230 labels left" in text
    assert "until F1 is 90: it is not rising" in text
    assert "82 after 40, 90 after 80" in text
    assert "measuring" in panels.progress_text(progress, measuring=True).plain


def test_without_a_terminal_it_is_one_line(cli: Cli) -> None:
    said = cli("tag", "review")
    assert said.code == 2
    assert one_line(said.err)
    assert "needs a terminal" in said.err
