"""Why a story is in a digest, and which gate kept another out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests import builders
from tests.builders import News

from trendbot.core.digests import DigestPolicy
from trendbot.core.editing import Place
from trendbot.core.vocabulary import Cadence
from trendbot.errors import NotFoundError
from trendbot.explain import Several, Why, explain
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose, rises
from trendbot.render.environment import Renderer
from trendbot.store import schema
from trendbot.store.digest_acts import Slot, choose

if TYPE_CHECKING:
    from trendbot.store.database import Database, Session

DAY = timedelta(days=1)
POLICY = DigestPolicy()
RENDERER = Renderer(bundled("templates"))


def why(database: Database, asked: object, now: datetime, policy: DigestPolicy = POLICY, **given: Any) -> Why:
    found = database.read(
        explain,
        str(asked),
        now=now,
        policies=dict.fromkeys(Cadence, policy),
        rises=lambda readings, days: rises(readings, days=days),
        **given,
    )
    assert isinstance(found, Why)
    return found


def story(database: Database, now: datetime, *reports: News) -> int:
    return database.write(builders.add_story, list(reports), now)


def publish(database: Database, now: datetime, policy: DigestPolicy = POLICY) -> None:
    compose(database, RENDERER, cadence=Cadence.DAILY, now=now, policy=policy)


def missed(found: Why) -> str:
    (left,) = [each for each in found.left_out if each.cadence is Cadence.DAILY]
    gate = left.standing.kept_out_by
    return f"{gate.name}: {gate.detail}" if gate else "due"


def number(count: int) -> str:
    return f"Matter{count} of kind{count} and thing{count} happens"


def test_a_told_story_shows_its_words_links_score_proofs_and_messages(database: Database, now: datetime) -> None:
    key = builders.add_day(database, now)[0]
    publish(database, now)
    found = why(database, f"s{key}", now)
    assert found.story is not None
    assert found.story.id == key
    assert {report.reason for report in found.story.entries} == {"title"}
    assert [tag.theme for tag in found.themes]
    (told,) = found.told
    assert (told.slot, told.section, told.position) == ("2026-11-15", "lead", 1)
    assert told.score == pytest.approx(sum(told.parts.values()), abs=1e-3)
    assert told.proofs
    assert all(proof.verbatim and not proof.objections for proof in told.proofs)
    assert told.deliveries == {"pending": 2}
    assert [each.cadence for each in found.left_out] == [Cadence.WEEKLY]


def test_the_next_digest_is_named_where_none_reached_the_story(database: Database, now: datetime) -> None:
    key = story(database, now, News(title="Alder opens its model to everyone"))
    found = why(database, f"s{key}", now)
    assert missed(found) == "due"
    (left,) = [each for each in found.left_out if each.cadence is Cadence.DAILY]
    assert (left.digest_id, left.standing.rank, left.standing.of) == (None, 1, 1)


@pytest.mark.parametrize(
    ("news", "policy", "gate"),
    [
        (News(title=number(99), feed="Twice", age=DAY / 3), {}, "publisher cap: 2 better stories are led by"),
        (News(title=number(3), feed="Other", age=DAY / 3), {}, "near repeat: tells the same as"),
        (News(title=number(99), feed="Other"), {"stories": 2, "also": 1}, "room: 2 stories and 1 headlines"),
        (News(title=number(99), feed="Other", language="de"), {}, "language: no report reads as en; declared: de"),
        (News(title="v1.2.3", feed="Other"), {}, "headline: no report has a title"),
        (News(title=number(99), feed="Old", backlog=True), {}, "news: its one report is no news"),
        (News(title=number(99), feed="Old", age=20 * DAY, seen=DAY / 8), {}, "dated before 2026-11-01"),
        (News(title="Talk", feed="Chat", themes=(), said={"withdrawn_at": None}), {}, "headline:"),
    ],
    ids=["publisher", "near", "room", "language", "headline", "backlog", "dated", "word"],
)
def test_what_kept_a_story_out_is_named(
    database: Database, now: datetime, news: News, policy: dict[str, Any], gate: str
) -> None:
    story(database, now - DAY, News(title="Something before all this"))
    publish(database, now - DAY)
    for count in range(8):
        feed = "Twice" if count < 2 else f"Feed{count}"
        story(database, now, News(title=number(count), feed=feed), News(title=number(count), feed=f"Second{count}"))
    key = story(database, now, news)
    rules = replace(POLICY, **policy)
    publish(database, now, rules)
    assert gate in missed(why(database, f"s{key}", now, rules))


def test_a_page_that_another_feed_had_long_before_is_said_to_be_old(database: Database, now: datetime) -> None:
    page, title = "https://alder.example/opens", "Alder opens its model to everyone"
    story(database, now - DAY, News(title="Something before all this"))
    publish(database, now - DAY)
    story(database, now, News(title=title, feed="Alder", url=page, age=50 * DAY))
    key = story(database, now, News(title=title, feed="Mirror", url=page))
    publish(database, now)
    assert missed(why(database, f"s{key}", now)).endswith(
        "another feed had the page, under this title, more than a month before"
    )


def test_a_story_of_no_theme_and_no_merit_is_said_to_lack_merit(database: Database, now: datetime) -> None:
    story(database, now, News(title="Alder opens its model to everyone"))
    talk = News(title="How I tidied up my garden shed", feed="Forum", themes=(), kind=builders.FeedKind.COMMUNITY)
    key = story(database, now, talk)
    publish(database, now)
    assert missed(why(database, f"s{key}", now)).startswith("merit: of no theme")


@pytest.mark.parametrize(
    ("title", "themes", "why_not"),
    [
        ("Borealis v1.4.2", ("tools",), "its title is taken for routine"),
        ("Save 30% off Borealis for all", ("tools",), "its title is taken for promotion"),
        ("Mastering maps: Birch launches Borealis", (), "of no theme, and its title teaches or speaks of its author"),
    ],
    ids=["routine", "promotion", "personal"],
)
def test_what_a_title_is_taken_for_is_said(
    database: Database, now: datetime, title: str, themes: tuple[str, ...], why_not: str
) -> None:
    story(database, now, News(title="Alder opens its model to everyone"))
    kind = builders.FeedKind.NEWS
    key = story(database, now, *(News(title=title, feed=f"Wire{n}", themes=themes, kind=kind) for n in range(4)))
    publish(database, now)
    assert missed(why(database, f"s{key}", now)).startswith(f"merit: {why_not}")


def test_a_told_story_that_stays_away_is_held_by_memory(database: Database, now: datetime) -> None:
    key = story(database, now - DAY, News(title="Alder opens its model to everyone"))
    publish(database, now - DAY)
    assert [each.digest_id for each in why(database, f"s{key}", now).told] == [1]

    def join(session: Session) -> None:
        entry = builders.add_entry(session, News(title="Alder says more of its model", feed="New"), now)
        session.add(schema.StoryEntry(entry_id=entry, story_id=key, annotator="rule", reason="similar", made_at=now))

    database.write(join)
    found = why(database, f"s{key}", now)
    assert len(found.told) == 1
    assert missed(found).startswith("memory: told on 2026-11-14; since then 1 publishers reported, 1 of them new")


def test_a_story_that_an_editor_dropped_says_who(database: Database, now: datetime) -> None:
    key = story(database, now, News(title="Alder opens its model to everyone"))
    story(database, now, News(title="Another thing has happened today", feed="Other"))
    slot = Slot(cadence=Cadence.DAILY, slot="2026-11-15")
    database.write(choose, slot, key, by="ada", now=now, place=Place.DROPPED)
    publish(database, now)
    assert missed(why(database, f"s{key}", now)) == "editor: dropped by ada"


def test_an_entry_is_found_by_number_address_and_words(database: Database, now: datetime) -> None:
    one = story(
        database, now, News(title="Alder opens its model to everyone", url="https://wire.example/alder?utm_source=x")
    )
    story(database, now, News(title="Birch opens its office", feed="Other"))
    entry = database.read(lambda s: s.query(schema.StoryEntry).filter_by(story_id=one).one().entry_id)
    for asked in (
        entry,
        f"e{entry}",
        f"s{one}",
        "https://wire.example/alder?utm_source=x",
        "alder model",
        "ALDER opens",
    ):
        assert why(database, asked, now).entry.id == entry
    assert why(database, one, now, as_story=True).entry.id == entry
    found = database.read(explain, "opens", now=now, policies={}, rises=lambda *_: ())
    assert isinstance(found, Several)
    assert len(found.entries) == 2


@pytest.mark.parametrize("asked", ["999", "s999", "https://nowhere.example/", "zebra crossing", "  "])
def test_what_is_not_there_is_said(database: Database, now: datetime, asked: str) -> None:
    with pytest.raises(NotFoundError):
        why(database, asked, now)


def test_words_that_fit_the_reports_of_one_story_mean_its_lead(database: Database, now: datetime) -> None:
    title = "Alder opens its model to everyone"
    key = story(database, now, News(title=title, feed="One"), News(title=f"{title} at last", feed="Two"))
    found = why(database, "alder everyone", now)
    assert found.story is not None
    assert found.story.id == key
    assert found.entry.title == title
