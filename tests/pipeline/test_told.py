"""Nobody is told a story twice, by whichever message."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tests import builders, contents
from tests.pipeline.test_alerts import RENDERER, reader, spread
from tests.readers import TIMETABLES

from trendbot import subscriptions
from trendbot.bot.running import ensure_channel
from trendbot.core.consent import Preferences
from trendbot.core.digests import DigestPolicy
from trendbot.core.variants import content_of, leanings_in, leaving_out, select_for, themes_of, variant_of, without_of
from trendbot.core.vocabulary import Cadence
from trendbot.pipeline.alerts import alert
from trendbot.pipeline.audience import to_subscribers
from trendbot.pipeline.compose import compose
from trendbot.pipeline.rebuild import rebuild
from trendbot.store import deliveries, digests
from trendbot.store.feedback import say_feedback
from trendbot.store.told import told_stories
from trendbot.subscriptions import Act

if TYPE_CHECKING:
    from trendbot.store.database import Database
    from trendbot.store.deliveries import Delivery

HOUR = timedelta(hours=1)


def digest_of(database: Database, now: datetime, cadence: Cadence = Cadence.DAILY) -> digests.Digest:
    made = compose(database, RENDERER, cadence=cadence, now=now, policy=DigestPolicy()).digest
    assert made is not None
    return made


def got(database: Database, who: int) -> list[Delivery]:
    return [each for each in database.read(deliveries.list_deliveries) if each.subscriber_id == who]


def test_what_an_alert_told_is_not_in_the_digest(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    story = spread(database, now, title="A tool that everybody reports")
    alerted, other = reader(database, 1, now, hour=20), reader(database, 2, now, hour=20, alerts=0)
    assert alert(database, now=now).enqueued == 1
    digest = digest_of(database, now + HOUR)
    to_subscribers(database, RENDERER, TIMETABLES, now=now + 2 * HOUR)
    (first, mine), (theirs,) = got(database, alerted), got(database, other)
    assert "A tool that everybody reports" in first.body
    assert "A tool that everybody reports" not in mine.body
    assert "A tool that everybody reports" in theirs.body
    assert (mine.variant, theirs.variant) == (f"all~{story}", "all")
    told = len(digest.content.items())
    assert f"{told} stories out of" in theirs.body
    assert f"{told - 1} stories out of" in mine.body
    assert rebuild(database, RENDERER, digest.id).problems == ()
    known = database.read(told_stories, [alerted, other], {story})
    assert set(known[alerted]) == set(known[other]) == {story}


def test_other_themes_on_the_same_day_tell_only_the_rest(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    who = reader(database, 1, now - HOUR, hour=18, themes=("tools",), alerts=0)
    digest_of(database, now)
    to_subscribers(database, RENDERER, TIMETABLES, now=now)
    wish = Preferences(hour=20, themes=("tools", "market"))
    act = Act(method="bot", now=now)
    database.write(subscriptions.prefer, who, database.write(ensure_channel), wish, act=act)
    to_subscribers(database, RENDERER, TIMETABLES, now=now + 2 * HOUR)
    first, second = got(database, who)
    told = [stories(database, each) for each in (first, second)]
    assert told[0]
    assert told[1]
    assert not told[0] & told[1]
    wish = Preferences(hour=22, themes=("tools",))
    database.write(subscriptions.prefer, who, database.write(ensure_channel), wish, act=act)
    to_subscribers(database, RENDERER, TIMETABLES, now=now + 4 * HOUR)
    assert got(database, who) == [first, second]  # nothing is left to tell


def stories(database: Database, delivery: Delivery) -> set[int]:
    assert delivery.digest_id is not None
    shown = content_of(database.read(digests.get_digest, delivery.digest_id).content, delivery.variant)
    return {item.story_id for _, item in shown.items()} if shown else set()


def test_a_week_is_not_told_to_who_had_its_days(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    who = reader(database, 1, now - HOUR, hour=18, alerts=0)
    digest_of(database, now)
    digest_of(database, now, Cadence.WEEKLY)
    to_subscribers(database, RENDERER, TIMETABLES, now=now)
    channel, act = database.write(ensure_channel), Act(method="bot", now=now)
    wish = Preferences(hour=20, cadence=Cadence.WEEKLY, weekday="sun")
    database.write(subscriptions.prefer, who, channel, wish, act=act)
    to_subscribers(database, RENDERER, TIMETABLES, now=now + 2 * HOUR)
    day, *week = got(database, who)
    assert all(not stories(database, day) & stories(database, each) for each in week)


def test_the_same_pass_again_tells_nothing_again(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    spread(database, now)
    who = reader(database, 1, now - HOUR, hour=18)
    digest_of(database, now)
    for _ in range(3):
        to_subscribers(database, RENDERER, TIMETABLES, now=now)
    assert len(got(database, who)) == 1


CONTENT = contents.full()
STORIES = sorted({item.story_id for _, item in CONTENT.items()})


@given(st.frozensets(st.sampled_from([*STORIES, 9999])), st.frozensets(st.sampled_from(["trust", "open-source"])))
def test_what_is_left_out_is_left_out_and_nothing_else(left_out: frozenset[int], themes: frozenset[str]) -> None:
    variant = variant_of(themes, left_out)
    assert themes_of(variant) == tuple(sorted(themes))
    assert without_of(variant) == left_out
    shown = content_of(CONTENT, variant)
    told = [item.story_id for _, item in shown.items()] if shown else []
    assert not left_out.intersection(told)
    assert len(told) == len(set(told))
    if not themes:
        assert set(told) == set(STORIES) - left_out
        assert shown is None or shown.lead is not None
    if not left_out:
        assert shown == select_for(CONTENT, themes)
    assert leaving_out(CONTENT, frozenset()) is CONTENT


def test_so_many_that_they_cannot_be_named_are_not_left_out() -> None:
    assert variant_of(["tools"], range(10**6, 10**6 + 500)) == "tools"


# -- more and less -----------------------------------------------------------------------------------------------------

leanings = st.dictionaries(st.sampled_from(["trust", "open-source", "efficiency"]), st.sampled_from([-2, -1, 1, 2]))


@given(leanings, st.frozensets(st.sampled_from(["trust", "open-source"])), st.frozensets(st.sampled_from(STORIES)))
def test_leanings_rank_anew_and_say_so(
    wanted: dict[str, int], themes: frozenset[str], left_out: frozenset[int]
) -> None:
    variant = variant_of(themes, left_out, wanted)
    assert (themes_of(variant), without_of(variant)) == (tuple(sorted(themes)), left_out)
    assert leanings_in(variant) == wanted
    plain, shown = content_of(CONTENT, variant_of(themes, left_out)), content_of(CONTENT, variant)
    assert (plain is None) == (shown is None)
    if shown is None or plain is None:
        return
    told, before = shown.items(), plain.items()
    scores = {item.story_id: item.score for _, item in before}
    for _, item in told:
        points = item.parts.get("taste", 0.0)
        assert abs(points) <= 0.5
        assert bool(points) <= bool(set(item.themes) & set(wanted))
        if item.story_id in scores:
            assert item.score == round(scores[item.story_id] + points, 4)


def test_who_wants_less_of_a_theme_reads_it_last(database: Database, now: datetime) -> None:
    builders.add_day(database, now)
    who = reader(database, 1, now - HOUR, hour=18, alerts=0, themes=("tools", "trust"))
    other = reader(database, 2, now - HOUR, hour=18, alerts=0, themes=("tools", "trust"))
    long_ago = now - timedelta(days=20)
    old = [spread(database, long_ago, title=f"Old rule {number}", feeds=1, themes=("trust",)) for number in range(4)]
    for story in old:
        database.write(say_feedback, subscriber_id=who, story_id=story, value=-1, now=now)
    digest = digest_of(database, now)
    to_subscribers(database, RENDERER, TIMETABLES, now=now)
    (mine,), (theirs,) = got(database, who), got(database, other)
    assert (mine.variant, theirs.variant) == ("tools+trust^trust:-2", "tools+trust")
    shown = [content_of(digest.content, each.variant) for each in (mine, theirs)]
    told = [[item for _, item in each.items()] for each in shown if each]
    places = [[place for place, item in enumerate(items) if "trust" in item.themes] for items in told]
    assert places[0] > places[1]
    assert told[0][places[0][0]].parts["taste"] == -0.5
    assert rebuild(database, RENDERER, digest.id).problems == ()
