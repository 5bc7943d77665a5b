from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from trendbot.classify.matcher import Matcher
from trendbot.core.themes import parse_themes
from trendbot.core.vocabulary import Annotator, FeedKind
from trendbot.paths import bundled
from trendbot.pipeline.backtest import backtest_history
from trendbot.pipeline.group import group_entries
from trendbot.pipeline.judge_trends import judge_trends, read_events
from trendbot.pipeline.measure import measure
from trendbot.store import schema
from trendbot.store.trends import list_readings, most_discussed, newest_day, share_lines, theme_index

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from trendbot.store.database import Database

NAMES = ("Borealis 3", "Zephyr", "Heron")


def fill(session: Session, now: datetime) -> None:
    """Write 60 days of twelve feeds: Zephyr as usual, and Borealis 3 in every feed on the last day."""
    for number in range(1, 13):
        session.add(
            schema.Feed(
                id=number, url=f"https://f{number}.example/", title=f"F{number}", kind=FeedKind.NEWS, added_at=now
            )
        )
    session.add(schema.Theme(id=1, slug="tools", title="Tools"))
    session.add_all([schema.Term(id=place, kind="model", name=name) for place, name in enumerate(NAMES, 1)])
    session.flush()
    key = 0
    for back in range(60):
        for feed in range(1, 13):
            for part in range(3):
                key += 1
                write(session, key, feed, now - timedelta(days=back, minutes=feed * 10 + part), back, part)


def write(session: Session, key: int, feed: int, at: datetime, back: int, part: int) -> None:
    page = f"https://f{feed}.example/{key}"
    session.add(
        schema.Entry(
            id=key, feed_id=feed, guid=page, url=page, canonical_url=page, title=f"Word{key} thing{key} of{key}",
            seen_at=at, dated_at=at, published_at=at, content_hash=str(key),
        )
    )  # fmt: skip
    session.flush()
    named = 1 if back == 0 and part == 0 else 2 if feed == 1 + back % 12 and part == 1 else None
    if named:
        session.add(schema.Mention(entry_id=key, term_id=named, count=1))
    if (key + back) % 5 == 0:
        session.add(
            schema.Tag(
                entry_id=key,
                theme_id=1,
                annotator=Annotator.RULE,
                made_by="r",
                applies=True,
                entry_revision=1,
                made_at=at,
            )
        )


def test_a_release_rises_with_its_stories_and_the_usual_does_not(database: Database, now: datetime) -> None:
    database.write(fill, now)
    group_entries(database, now=now)
    report = measure(database, now=now)
    assert [one.name for one in report.rising] == ["Borealis 3"]
    (reading,) = report.rising
    assert (reading.current, reading.feeds, reading.new) == (12.0, 12, True)
    assert reading.stories
    again = measure(database, now=now)
    assert again == report

    kept = database.read(list_readings, since=report.as_of, until=report.as_of)
    assert kept[0].name == "Borealis 3"
    assert kept[0].daily[-1] == 12.0
    assert len(kept[0].stories) == 5
    assert database.read(newest_day) == report.as_of
    assert database.read(most_discussed, until=report.as_of)[0].name == "Borealis 3"
    assert database.read(theme_index, as_of=report.as_of) == {"tools": None}
    (line,) = database.read(share_lines, since=report.as_of - timedelta(days=9), until=report.as_of)
    assert line[0] == "Tools"
    assert len(line[1]) == 10
    assert all(0.1 < share < 0.3 for _, share in line[1])


def test_copies_make_no_trend_and_a_correction_is_counted(database: Database, now: datetime) -> None:
    def copied(session: Session) -> None:
        session.execute(delete(schema.Mention).where(schema.Mention.term_id == 1))
        for number in range(1, 13):
            entry = schema.Entry(
                id=90_000 + number, feed_id=number, guid="copy", url="https://a.example/1",
                canonical_url="https://a.example/1", title="Heron is here, says the agency", seen_at=now, dated_at=now,
                published_at=now, content_hash="x",
            )  # fmt: skip
            session.add(entry)
            session.flush()
            session.add(schema.Mention(entry_id=entry.id, term_id=3, count=1))

    database.write(fill, now)
    database.write(copied)
    group_entries(database, now=now)
    report = measure(database, now=now)
    assert report.nothing_significant, "twelve copies of one report are one report"

    def reports(session: Session) -> int:
        series = select(schema.Series.id).where(schema.Series.term_id == 3).scalar_subquery()
        return (
            session.scalar(select(func.sum(schema.SeriesPoint.entries)).where(schema.SeriesPoint.series_id == series))
            or 0
        )

    assert database.read(reports) == 1

    def withdraw(session: Session) -> None:
        for entry in session.scalars(select(schema.Entry).where(schema.Entry.id > 90_000)):
            entry.withdrawn_at = now + timedelta(hours=1)

    database.write(withdraw)
    measure(database, now=now + timedelta(hours=2))
    assert database.read(reports) == 0


def test_nothing_is_read_of_an_empty_or_a_young_database(database: Database, now: datetime) -> None:
    report = measure(database, now=now)
    assert report.nothing_significant
    assert database.read(newest_day) is None


def test_the_backtest_finds_what_was_released(database: Database, now: datetime) -> None:
    database.write(fill, now)
    group_entries(database, now=now)
    measure(database, now=now)
    lines = [
        json.dumps({"term": "borealis 3", "day": str(now.date())}),
        json.dumps({"term": "Never", "day": "2026-10-01"}),
    ]
    events = read_events(lines, name="events")
    judged = backtest_history(database, events, since=now.date() - timedelta(days=30), until=now.date())
    assert (judged.events, judged.covered) == (2, 1)
    assert judged.listed.caught_same_day == 1.0
    assert judged.listed.false_alarms == 0.0


def test_events_are_caught_in_items(now: datetime) -> None:
    rules = parse_themes((bundled("seeds") / "themes.toml").read_text("utf-8"), file="themes.toml")
    assert Matcher(rules)
    lines = []
    for back in range(60, -1, -1):
        day = now - timedelta(days=back)
        for number in range(30):
            told = "Nebulon 7 is out" if back == 3 and number < 6 else f"matter{back} {number} of{number * back}"
            lines.append(
                json.dumps(
                    {"title": f"{told} says source {number}", "source": f"s{number}", "published": day.isoformat()}
                )
            )
    events = read_events([json.dumps({"term": "Nebulon-7", "day": str((now - timedelta(days=3)).date())})], name="e")
    judged = judge_trends(lines, events, rules, name="items")
    assert judged.covered == 1
    assert judged.at[3.0].caught_same_day == 1.0
    assert judged.listed.caught_same_day == 1.0
