from __future__ import annotations

from datetime import datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError
from tests import builders
from tests.builders import News

from trendbot.core.digests import DigestPolicy
from trendbot.core.variants import select_for, themes_of, variant_of
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import NotFoundError
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.pipeline.editions import ensure_edition
from trendbot.render.charts import draw_chart
from trendbot.render.environment import Renderer
from trendbot.store import digests, schema

if TYPE_CHECKING:
    from trendbot.store.database import Database
    from trendbot.store.digests import Digest

RENDERER = Renderer(bundled("templates"))
DAY = timedelta(days=1)


def composed(database: Database, now: datetime, cadence: Cadence = Cadence.DAILY) -> Digest:
    digest = compose(database, RENDERER, cadence=cadence, now=now, policy=DigestPolicy()).digest
    assert digest is not None
    return digest


def test_an_edition_is_rendered_when_first_asked_for_and_then_kept(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    digest = composed(database, now)
    first = ensure_edition(database, digest.id, ChannelKind.TELEGRAM, "market+tools", RENDERER)
    assert first is not None
    assert (first.kind, first.variant) == (ChannelKind.TELEGRAM, "market+tools")
    assert ensure_edition(database, digest.id, ChannelKind.TELEGRAM, "market+tools", RENDERER) == first
    assert sum(each.variant == "market+tools" for each in database.read(digests.list_editions, digest.id)) == 1


def test_the_edition_for_all_is_the_one_that_was_composed(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    digest = composed(database, now)
    made = [each for each in database.read(digests.list_editions, digest.id) if each.kind is ChannelKind.TELEGRAM]
    assert [ensure_edition(database, digest.id, ChannelKind.TELEGRAM, variant_of([]), RENDERER)] == made


def test_a_kind_that_the_cadence_was_not_rendered_for_is_rendered_now(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    digest = composed(database, now)
    made = ensure_edition(database, digest.id, ChannelKind.EMAIL, "all", RENDERER)
    assert made is not None
    assert made.subject


def test_where_there_is_nothing_on_the_themes_there_is_no_edition(database: Database, now: datetime) -> None:
    database.write(builders.add_story, [News(title="Alder opens its model to all", themes=("tools",))], now)
    digest = composed(database, now)
    assert ensure_edition(database, digest.id, ChannelKind.TELEGRAM, "environment", RENDERER) is None
    assert ensure_edition(database, digest.id, ChannelKind.TELEGRAM, "no-such-theme", RENDERER) is None
    with pytest.raises(NotFoundError):
        ensure_edition(database, 99, ChannelKind.TELEGRAM, "tools", RENDERER)


def test_every_choice_of_themes_is_told_its_own_stories_only(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    content = composed(database, now).content
    for size in (1, 2, 3):
        for chosen in combinations(builders.THEMES, size):
            told = select_for(content, chosen)
            for _, item in told.items() if told else ():
                assert set(item.themes) & set(chosen)


def test_a_choice_is_told_what_the_digest_for_all_had_no_room_for(database: Database, now: datetime) -> None:
    for number in range(30):
        themes = ("environment",) if number > 24 else ("tools",)
        title = f"Event{number} of kind{number} happens at place{number}"
        news = News(title=title, feed=f"F{number}", themes=themes, weight=1.0 if number > 24 else 1.5)
        database.write(builders.add_story, [news], now)
    digest = composed(database, now)
    shown = {item.story_id for _, item in digest.content.items()}
    told = select_for(digest.content, ["environment"])
    assert told is not None
    assert len(told.items()) == 5
    assert {item.story_id for _, item in told.items()} - shown


def weak(number: int) -> News:
    return News(
        title=f"Small{number} thing{number} about power{number} use", feed=f"Small{number}", themes=("environment",)
    )


def _told_to_some(database: Database, at: datetime) -> int:
    """Compose a digest with a story that only the readers of its theme are told; return the story."""
    for number in range(14):
        title = f"Event{number} of kind{number} happens at place{number}"
        news = News(title=title, feed=f"F{number}", themes=("environment",), weight=1.9)
        database.write(builders.add_story, [news], at)
    small = database.write(builders.add_story, [weak(1)], at)
    content = composed(database, at).content
    assert small not in {item.story_id for _, item in content.items()}
    assert small in {item.story_id for _, item in (select_for(content, ["environment"]) or content).items()}
    return small


def test_what_some_readers_were_told_is_new_to_all_readers_but_not_told_to_them_again(
    database: Database, now: datetime
) -> None:
    small = _told_to_some(database, now - DAY)

    def goes_on(session) -> None:
        more = News(title="Small1 thing1 about power1 use grows", feed="Other", age=timedelta(hours=1))
        entry = builders.add_entry(session, more, now)
        session.add(schema.StoryEntry(entry_id=entry, story_id=small, annotator="rule", reason="title", made_at=now))

    database.write(goes_on)
    second = composed(database, now)
    every = [item for _, item in second.content.items()]
    assert [(item.story_id, item.update) for item in every] == [(small, False)]
    assert select_for(second.content, ["environment"]) is None


def test_a_rebuild_from_the_store_is_the_same_to_the_byte(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    digest = composed(database, now)
    made = ensure_edition(database, digest.id, ChannelKind.EMAIL, "efficiency+tools", RENDERER)
    assert made is not None
    from trendbot.render.editions import render_edition

    again = database.read(digests.get_digest, digest.id).content
    told = select_for(again, themes_of("efficiency+tools"))
    assert told is not None
    rebuilt = render_edition(Renderer(bundled("templates")), told, ChannelKind.EMAIL)
    assert (rebuilt.parts, rebuilt.subject, rebuilt.text_body) == (made.parts, made.subject, made.text_body)


def test_an_edition_cannot_be_changed(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    digest = composed(database, now)
    made = ensure_edition(database, digest.id, ChannelKind.TELEGRAM, "tools", RENDERER)
    assert made is not None

    def change(session) -> None:
        session.get(schema.Edition, made.id).variant = "market"

    with pytest.raises(IntegrityError, match="frozen"):
        database.write(change)


def test_the_chart_of_a_digest_is_kept_once_and_given_with_its_editions(database: Database, now: datetime) -> None:
    builders.add_day(database, now)

    def rose(session) -> None:
        builders.add_reading(session, as_of=now.date(), theme="open-source")
        series = session.query(schema.Series).one()
        session.add_all(
            schema.SeriesPoint(
                series_id=series.id, day=now.date() - timedelta(days=back), kind="news", entries=2, stories=2, feeds=2
            )
            for back in range(30)
        )

    database.write(rose)
    digest = composed(database, now)
    editions = [
        ensure_edition(database, digest.id, kind, variant, RENDERER)
        for kind in ChannelKind
        for variant in ("all", "open-source", "market")
    ]
    charts = [database.read(digests.chart_of, each.id) if each else None for each in editions]
    assert [chart is not None for chart in charts] == [True, True, False] * 3
    first = charts[0]
    assert first is not None
    assert all(chart in (first, None) for chart in charts)
    assert (
        first.alt
        == "Chart of what rose, up to 15 November 2026. Open source and open weights: 23 reports in 7 days, usually 8."
    )
    assert database.read(lambda session: session.query(schema.PictureRow).count()) == len(first.pictures)
    assert draw_chart(database.read(digests.get_digest, digest.id).content) == first


def test_what_some_readers_were_told_returns_to_them_as_an_update_and_to_all_as_news(
    database: Database, now: datetime
) -> None:
    small = _told_to_some(database, now - DAY)

    def spreads(session) -> None:
        for number in range(4):
            title = f"The small1 thing1 about power1 use grows {number}"
            more = News(title=title, feed=f"Other {number}", age=timedelta(hours=1), themes=("environment",))
            entry = builders.add_entry(session, more, now)
            session.add(
                schema.StoryEntry(entry_id=entry, story_id=small, annotator="rule", reason="title", made_at=now)
            )

    database.write(spreads)
    content = composed(database, now).content
    told = select_for(content, ["environment"])
    assert told is not None
    assert [(item.story_id, item.update, item.reports) for _, item in content.items()] == [(small, False, 5)]
    assert [(item.story_id, item.update, item.reports) for _, item in told.items()] == [(small, True, 4)]
    assert told.lead is not None
    assert told.lead.told_on == (now - DAY).date().isoformat()
