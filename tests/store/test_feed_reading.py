"""What the feed doctor and the scorecard read from the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.builders import News, add_entry, add_feed, add_story

from trendbot.core.feeds import FeedSeed
from trendbot.core.polling import Outcome, PollFacts
from trendbot.core.vocabulary import Annotator, Cadence
from trendbot.store import feeds, schema
from trendbot.store.database import Database
from trendbot.store.entry_writing import Applied
from trendbot.store.feed_health import SPECIMENS, patients
from trendbot.store.poll_history import KEPT, keep_polls, poll_rows, polls_of
from trendbot.store.scorecard import score_facts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_feed(database: Database, now: datetime, title: str = "Model Wire") -> int:
    seed = FeedSeed(url=f"https://feeds.example/{title}", title=title)
    return database.write(feeds.add_feed, seed, now=now).id


def test_a_patient_has_days_specimens_and_what_is_fresh(database: Database, now: datetime) -> None:
    feed = a_feed(database, now)

    def fill(session: Session) -> None:
        add_entry(session, News(title="New", body="A long report. " * 20, age=2 * HOUR), now)
        add_entry(session, News(title="Newer", body="Newer", age=HOUR), now)
        add_entry(
            session, News(title="Old", age=9 * DAY, seen=HOUR, backlog=True, said={"published_at": now - 9 * DAY}), now
        )
        add_entry(session, News(title="Undated", age=HOUR, seen=HOUR, backlog=True, said={"published_at": None}), now)

    database.write(fill)
    (patient,) = database.read(patients, now=now)
    assert patient.id == feed
    assert dict(patient.days) == {(now - 9 * DAY).date(): 1, now.date(): 2}
    assert dict(patient.fresh) == {now.date(): 2}
    by_title = {specimen.title: specimen for specimen in patient.specimens}
    assert by_title["New"].length == len("A long report. " * 20)
    assert by_title["New"].end.endswith("A long report. ")
    assert not by_title["New"].same_as_title
    assert by_title["Newer"].same_as_title
    assert by_title["Old"].backlog


def test_only_the_newest_entries_are_specimens(database: Database, now: datetime) -> None:
    a_feed(database, now)

    def fill(session: Session) -> None:
        for number in range(SPECIMENS + 10):
            add_entry(session, News(title=f"Report {number}", age=number * HOUR), now)

    database.write(fill)
    (patient,) = database.read(patients, now=now)
    assert [one.title for one in patient.specimens] == [f"Report {number}" for number in range(SPECIMENS)]


def test_imported_sources_are_no_patients_and_only_narrows(database: Database, now: datetime) -> None:
    first, second = a_feed(database, now), a_feed(database, now, "Other")

    def imported(session: Session) -> None:
        row = schema.Feed(url="import:archive", title="archive", kind="news", enabled=False, added_at=now)
        session.add(row)
        session.flush()
        session.add(schema.FeedState(feed_id=row.id, next_poll_at=now))

    database.write(imported)
    assert [patient.id for patient in database.read(patients, now=now)] == [first, second]
    assert [patient.id for patient in database.read(patients, now=now, only=[second])] == [second]


def test_polls_that_only_confirm_are_not_kept() -> None:
    facts = PollFacts(outcome=Outcome.SAME, url="https://feeds.example/")
    assert poll_rows(1, facts, Applied(), listed=0, at=datetime(2026, 1, 1)) == ()  # noqa: DTZ001


def test_the_history_of_a_feed_is_bounded(database: Database, now: datetime) -> None:
    feed, other = a_feed(database, now), a_feed(database, now, "Other")
    facts = PollFacts(outcome=Outcome.FAILED, url="https://feeds.example/", status=500, reason="answered 500")

    def poll(session: Session, number: int, feed: int) -> None:
        keep_polls(session, poll_rows(feed, facts, Applied(new=number), listed=0, at=now + number * HOUR))

    database.write(poll, 0, other)
    for number in range(KEPT * 2):
        database.write(poll, number, feed)
    kept = database.read(polls_of)
    assert KEPT <= len(kept[feed]) < KEPT + 20
    assert kept[feed][-1].new == KEPT * 2 - 1
    assert kept[feed][0].error == "answered 500"
    assert len(kept[other]) == 1


def test_the_scorecard_counts_entries_themes_and_reports(database: Database, now: datetime) -> None:
    def fill(session: Session) -> tuple[int, int]:
        add_story(
            session, [News(title="A", feed="First", age=5 * HOUR), News(title="A", feed="Second", age=2 * HOUR)], now
        )
        add_entry(session, News(title="B", feed="Second", themes=("tools", "trust"), age=HOUR), now)
        withdrawn = News(title="C", feed="Second", age=HOUR, said={"withdrawn_at": now})
        add_entry(session, withdrawn, now)
        add_entry(session, News(title="D", feed="Second", age=90 * DAY), now)
        for entry in session.scalars(select(schema.Entry.id)):
            session.add(
                schema.Tagging(entry_id=entry, annotator=Annotator.RULE, made_by="r", entry_revision=1, made_at=now)
            )
        return add_feed(session, News(title="", feed="First"), now), add_feed(
            session, News(title="", feed="Second"), now
        )

    first, second = database.write(fill)
    facts = database.read(score_facts, since=now - 30 * DAY, until=now)
    tallies = {tally.feed_id: tally for tally in facts.tallies}
    assert (tallies[second].entries, tallies[second].tagged, tallies[second].on_theme) == (2, 2, 2)
    assert tallies[second].themes == {"tools": 2, "trust": 1}
    assert [(report.feed_id, report.at) for report in sorted(facts.reports, key=lambda report: report.feed_id)] == [
        (first, now - 5 * HOUR),
        (second, now - 2 * HOUR),
    ]


def test_a_persons_no_takes_an_entry_off_its_theme(database: Database, now: datetime) -> None:
    def fill(session: Session) -> None:
        entry = add_entry(session, News(title="B", themes=("tools",), age=HOUR), now)
        rule = session.scalars(select(schema.Tag)).one()
        session.add(
            schema.Tag(
                entry_id=entry, theme_id=rule.theme_id, annotator=Annotator.HUMAN, made_by="editor", applies=False,
                entry_revision=1, made_at=now, evidence=[],
            )
        )  # fmt: skip

    database.write(fill)
    (tally,) = database.read(score_facts, since=now - 30 * DAY, until=now).tallies
    assert (tally.on_theme, tally.themes) == (0, {})


def test_whole_days_are_no_instants_unless_we_saw_them_come(database: Database, now: datetime) -> None:
    midnight = now - now.replace(hour=0, minute=0)
    reports = [
        News(title="A", feed="Seen", age=midnight, seen=2 * HOUR),
        News(title="A", feed="Backlog", age=midnight, seen=2 * HOUR, backlog=True),
    ]
    database.write(add_story, reports, now)
    facts = database.read(score_facts, since=now - 30 * DAY, until=now)
    assert [report.at for report in facts.reports] == [now - 2 * HOUR, None]


def test_told_stories_are_those_of_frozen_digests_under_their_present_number(database: Database, now: datetime) -> None:
    def fill(session: Session) -> tuple[int, int]:
        old = add_story(session, [News(title="A", feed="First")], now)
        new = add_story(session, [News(title="B", feed="Second")], now)
        session.get_one(schema.Story, old).merged_into_id = new
        for number, frozen in enumerate((now, None), 1):
            digest = schema.Digest(
                cadence=Cadence.DAILY, slot=f"2026-11-{number:02}", number=number, period_start=now - DAY,
                period_end=now - HOUR, title="", content={}, content_version=1, content_hash="", composed_at=now,
                frozen_at=frozen, frozen_by=frozen and "test",
            )  # fmt: skip
            session.add(digest)
            session.flush()
            story = old if frozen else new
            session.add(schema.DigestStory(digest_id=digest.id, story_id=story, position=1, section="lead"))
        return new, add_feed(session, News(title="", feed="First"), now)

    story, feed = database.write(fill)
    facts = database.read(score_facts, since=now - 30 * DAY, until=now)
    assert facts.digests == 1
    assert [(told.story_id, told.lead_feed_id) for told in facts.told] == [(story, feed)]
