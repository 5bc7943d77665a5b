"""What is past goes, what somebody needs stays, and what went does not come back as new."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from tests.builders import News, add_entry, add_reading, add_story, add_themes
from tests.contents import full
from tests.outbox import broadcast
from tests.serving import fetcher, item, rss, serving

from trendbot.core.feeds import FeedSeed
from trendbot.core.retention import Retention
from trendbot.core.vocabulary import Annotator, BounceKind, Cadence, ChannelKind, DeliveryStatus, NoticeKind
from trendbot.pipeline.deliver import deliver
from trendbot.pipeline.index import index_news
from trendbot.pipeline.poll import poll
from trendbot.pipeline.prune import prune
from trendbot.store import digests, schema
from trendbot.store.bounces import Bounce, list_bounces, write_bounce
from trendbot.store.checkup import damage
from trendbot.store.database import Database
from trendbot.store.entries import list_entries
from trendbot.store.entry_writing import guid_hash
from trendbot.store.feeds import add_feed
from trendbot.store.outbox import was_sent
from trendbot.store.runs import finish_run, start_run
from trendbot.store.search import search_stories
from trendbot.store.series import changed_days

DAY = timedelta(days=1)
KEPT = Retention()


def old(title: str = "An old report", *, days: int = 450, **more: object) -> News:
    return News(title=title, age=days * DAY, **more)  # type: ignore[arg-type]


def titles(database: Database) -> set[str]:
    return {entry.title for entry in database.read(list_entries, limit=None)}


def count(database: Database, table: type[schema.Base]) -> int:
    return database.read(lambda session: session.scalar(select(func.count()).select_from(table))) or 0


async def test_a_pruned_entry_does_not_come_back_while_its_feed_lists_it(database: Database, now: datetime) -> None:
    items = [item(number, date="Sat, 14 Nov 2026 09:00:00 GMT") for number in (1, 2)]
    bodies = [rss(*items)]

    async def answer(_: object) -> object:
        from aiohttp import web

        return web.Response(body=bodies[-1])

    async with serving(answer) as url, fetcher() as asking:  # type: ignore[arg-type]
        database.write(add_feed, FeedSeed(url=f"{url}/feed"), now=now)
        await poll(database, asking, clock=lambda: now)
        later = now + 401 * DAY
        gone = prune(database, KEPT, now=later)
        assert (gone["entries"], count(database, schema.EntryTombstone)) == (2, 2)

        bodies.append(rss(item(3), items[1]))
        report = await poll(database, asking, clock=lambda: later, force=True)
        assert report.entries_new == 1
        assert titles(database) == {"Report 3"}

        # Only the one that is listed no more is forgotten, and only after as long again.
        assert prune(database, KEPT, now=later + 399 * DAY)["tombstones"] == 0
        assert prune(database, KEPT, now=later + 401 * DAY)["tombstones"] == 1
        stones = database.read(lambda session: session.scalars(select(schema.EntryTombstone)).all())
        assert {stone.guid_hash for stone in stones} == {guid_hash("g2"), guid_hash("g3")}
        assert min(stone.dated_at for stone in stones) == datetime(2026, 11, 14, 9, tzinfo=UTC)


def reviewed(session: Session, entry: int, _story: int, now: datetime) -> None:
    session.add(schema.Review(entry_id=entry, drawn="random", said={}, entry_revision=1, made_at=now, made_by="me"))


def tagged(session: Session, entry: int, _story: int, now: datetime) -> None:
    session.add(
        schema.Tag(
            entry_id=entry, theme_id=add_themes(session)["trust"], annotator=Annotator.HUMAN, made_by="me",
            applies=False, evidence=[], entry_revision=1, made_at=now,
        )
    )  # fmt: skip


def placed(session: Session, entry: int, _story: int, _now: datetime) -> None:
    mine = schema.StoryEntry.entry_id == entry
    session.execute(update(schema.StoryEntry).where(mine).values(annotator=Annotator.HUMAN))


def told(session: Session, _entry: int, story: int, now: datetime) -> None:
    content = full(number=1)
    assert content.lead is not None
    lead = dataclasses.replace(content.lead, story_id=story)
    content = dataclasses.replace(content, lead=lead, sections=(), also=(), stories=())
    digests.freeze(session, content=content, editions=[], now=now, by="test")


def pinned(session: Session, _entry: int, story: int, now: datetime) -> None:
    session.add(
        schema.DigestChoice(
            cadence=Cadence.DAILY, slot="2026-11-15", story_id=story, place="pinned", made_at=now, made_by="me"
        )
    )


def shaped(session: Session, _entry: int, story: int, now: datetime) -> None:
    session.add(schema.StoryHold(story_id=story, made_at=now))


def alerted(session: Session, _entry: int, story: int, now: datetime) -> None:
    session.add(
        schema.Notice(
            key="a", notice=NoticeKind.ALERT, kind=ChannelKind.TELEGRAM, story_id=story, body="b", made_at=now
        )
    )


@pytest.mark.parametrize("claim", [reviewed, tagged, placed, told, pinned, shaped, alerted])
def test_what_was_told_judged_or_pinned_stays(
    database: Database, now: datetime, claim: Callable[[Session, int, int, datetime], None]
) -> None:
    def fill(session: Session) -> None:
        story = add_story(session, [old("Somebody's", body="text"), old("With it", body="text")], now)
        entry = session.scalars(select(schema.Entry.id).order_by(schema.Entry.id)).first()
        session.execute(update(schema.Entry).values(content="all of it"))
        assert entry is not None
        claim(session, entry, story, now)

    database.write(fill)
    prune(database, KEPT, now=now)
    assert "Somebody's" in titles(database)
    (kept,) = [one for one in database.read(list_entries, limit=None) if one.title == "Somebody's"]
    assert kept.content == "all of it"
    whole = claim not in (reviewed, tagged, placed)
    assert ("With it" in titles(database)) is whole
    assert count(database, schema.Story) == 1


def test_stories_go_with_their_last_entry_and_signposts_with_them(database: Database, now: datetime) -> None:
    def fill(session: Session) -> None:
        gone = add_story(session, [old("Gone"), old("Gone too")], now)
        half = add_story(session, [old("Half"), News(title="The other half")], now)
        for into in (gone, half):
            session.add(
                schema.Story(
                    public_id=uuid.uuid4(), title="", first_at=now - 500 * DAY,
                    last_at=now - 450 * DAY, merged_into_id=into,
                )
            )  # fmt: skip

    database.write(fill)
    first = prune(database, KEPT, now=now)
    second = prune(database, KEPT, now=now)
    assert (first["entries"], first["stories"] + second["stories"]) == (3, 3)
    assert titles(database) == {"The other half"}
    left = database.read(lambda session: session.scalars(select(schema.Story.title)).all())
    assert left == ["Half"]
    assert database.read(damage) == ()


def test_full_texts_go_first_and_title_and_summary_stay(database: Database, now: datetime) -> None:
    def fill(session: Session) -> None:
        add_entry(session, old("Long", days=61, body="Short"), now)
        add_entry(session, old("Recent", days=59, body="Short"), now)
        add_entry(session, old("Bare", days=61), now)
        session.execute(update(schema.Entry).values(content="All that it says"))

    database.write(fill)
    assert prune(database, KEPT, now=now)["texts"] == 1
    said = {entry.title: (entry.summary, entry.content) for entry in database.read(list_entries)}
    assert said == {
        "Long": ("Short", ""), "Recent": ("Short", "All that it says"), "Bare": ("", "All that it says"),
    }  # fmt: skip


@pytest.mark.sqlite
def test_search_forgets_what_is_gone(database: Database, now: datetime) -> None:
    database.write(
        lambda session: [add_story(session, [one], now) for one in (old("Quokka runs"), News(title="Quokka"))]
    )
    index_news(database, now=now)
    assert len(database.read(search_stories, "quokka")) == 2
    prune(database, KEPT, now=now)
    assert [hit.title for hit in database.read(search_stories, "quokka")] == ["Quokka"]
    rows = database.read(lambda session: session.scalar(text("SELECT count(*) FROM entries_search")))
    assert rows == 1


def test_days_of_which_entries_are_gone_are_not_counted_again(database: Database, now: datetime) -> None:
    def fill(session: Session) -> None:
        add_entry(session, old("Gone"), now)
        add_entry(session, old("Beside it, but seen late", seen=DAY), now)
        add_entry(session, News(title="Today"), now)

    database.write(fill)
    assert len(database.read(changed_days, since=None)) == 2
    assert prune(database, KEPT, now=now)["entries"] == 1
    assert database.read(changed_days, since=None) == (now.date(),)
    assert database.read(changed_days, since=now - DAY) == (now.date(),)


def test_old_readings_go(database: Database, now: datetime) -> None:
    database.write(add_reading, as_of=date(2025, 1, 1), theme="tools")
    database.write(add_reading, as_of=now.date(), theme="trust")
    assert prune(database, KEPT, now=now)["readings"] == 1
    assert count(database, schema.Trend) == 1


async def test_messages_to_subscribers_go_but_never_the_last_one(database: Database, now: datetime) -> None:
    from tests.botapi import TOKEN, Chat, Limits, bot_api
    from tests.outbox import numbers

    from trendbot.transports.telegram import TelegramTransport

    broadcast(database, subscribers=3, now=now)
    async with bot_api(limits=Limits(overall=1000)) as api:
        for number in numbers(3):
            api.add(Chat(id=number))
        transport = TelegramTransport(token=TOKEN, base_url=api.base_url)
        await deliver(database, transports={"telegram": transport}, clock=lambda: now, close=True)
    keys = database.read(lambda session: session.scalars(select(schema.Delivery.key)).all())
    later = now + 181 * DAY
    assert prune(database, KEPT, now=later)["messages"] == 0  # nothing went since: the last one is among them
    first = schema.Delivery.key == keys[0]
    database.write(lambda session: session.execute(update(schema.Delivery).where(first).values(sent_at=later)))
    assert prune(database, KEPT, now=later)["messages"] == 2
    assert database.read(was_sent, keys[0])

    def stuck(session: Session) -> None:
        session.execute(update(schema.Delivery).values(status=DeliveryStatus.UNCERTAIN, sent_at=None))

    database.write(stuck)
    assert prune(database, KEPT, now=later + 400 * DAY)["messages"] == 0


def test_runs_are_forgotten_polls_first_and_the_first_run_never(database: Database, now: datetime) -> None:
    def fill(session: Session) -> None:
        for job, days in (("line", 500), ("line", 450), ("daily", 450), ("poll", 31), ("poll", 29), ("daily", 31)):
            at = now - days * DAY
            finish_run(session, start_run(session, job=job, slot=str(days), now=at), now=at, counts={})
        start_run(session, job="weekly", slot="killed", now=now - 450 * DAY)

    database.write(fill)
    assert prune(database, KEPT, now=now)["runs"] == 3
    left = database.read(lambda session: session.execute(select(schema.Run.job, schema.Run.slot)).all())
    assert set(map(tuple, left)) == {("line", "500"), ("poll", "29"), ("daily", "31"), ("weekly", "killed")}


def test_what_came_back_goes_with_the_messages_but_not_before_it_counts_no_more(
    database: Database, now: datetime
) -> None:
    for days in (10, 50, 70, 200):
        bounce = Bounce(
            key=f"{days}", delivery_id=1, subscriber_id=None, kind=BounceKind.SOFT, status=None,
            at=now - timedelta(days=days),
        )  # fmt: skip
        assert database.write(write_bounce, bounce)
    assert prune(database, KEPT, now=now)["bounces"] == 1
    short = dataclasses.replace(KEPT, messages=timedelta(days=30))
    assert prune(database, short, now=now)["bounces"] == 1
    assert [each.key for each in database.read(list_bounces)] == ["10", "50"]


def test_a_dry_run_counts_what_would_go_and_removes_nothing(database: Database, now: datetime) -> None:
    def fill(session: Session) -> None:
        add_story(session, [old("Gone", body="Short")], now)
        add_entry(session, old("Alone"), now)
        session.execute(update(schema.Entry).values(content="Long"))

    database.write(fill)
    would = prune(database, KEPT, now=now, dry=True)
    assert (would["texts"], would["entries"], len(titles(database))) == (1, 2, 2)
    done = prune(database, KEPT, now=now)
    assert {name: done[name] for name in ("texts", "entries")} == {"texts": 1, "entries": 2}
    assert sum(prune(database, KEPT, now=now).values()) == 0


def test_what_is_kept_for_ever_is(database: Database, now: datetime) -> None:
    database.write(lambda session: add_story(session, [old(days=4000)], now))
    for_ever = Retention(texts=None, entries=None, messages=None, runs=None)
    assert prune(database, for_ever, now=now) == {}
    assert len(titles(database)) == 1
