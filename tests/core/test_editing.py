"""An editor's hand on a composed digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import contents

from trendbot.core.digests import DigestItem
from trendbot.core.editing import Choice, Place, missing, with_hand
from trendbot.core.policies import Approval, ApprovalPolicy, Step, Verdict, goes_at, next_step, strictest
from trendbot.core.ranking import Candidate, Report
from trendbot.core.vocabulary import FeedKind

NOW = datetime.fromisoformat("2026-11-15T18:00+00:00")


def candidate(story: int, title: str) -> Candidate:
    report = Report(
        entry_id=story,
        feed_id=1,
        source="Model Wire",
        kind=FeedKind.NEWS,
        weight=1.0,
        language="en",
        title=title,
        body="",
        url=f"https://news.example/{story}",
        canonical_url=f"https://news.example/{story}",
        dated_at=NOW,
        seen_at=NOW,
        backlog=False,
    )
    return Candidate(story_id=story, title=title, lead_entry_id=story, reports=(report,))


def tell(story: Candidate) -> DigestItem:
    return contents.item(story.story_id, story.title, themes=("trust",))


def choice(story: int, place: Place | None = None, **given: str) -> dict[int, Choice]:
    return {story: Choice(story_id=story, place=place, by="ada", at=NOW, **given)}


BASE = contents.full()
TITLES = {item.story_id: item.headline for _, item in BASE.items()}
KNOWN = [candidate(story, title) for story, title in TITLES.items()]


def told(content: object) -> list[int]:
    return [item.story_id for _, item in content.items()]


def test_no_choice_changes_nothing() -> None:
    assert with_hand(BASE, {}, KNOWN, tell) == BASE


def test_what_tells_the_same_as_a_pinned_story_goes() -> None:
    near = candidate(50, "Regulator asks four laboratories for their test reports on models")
    content = with_hand(BASE, choice(50, Place.PINNED), [*KNOWN, near], tell)
    assert 50 in told(content)
    assert 2 not in told(content)


def test_where_the_pinned_story_led_another_leads() -> None:
    content = with_hand(BASE, choice(1, Place.PINNED), KNOWN, tell)
    assert content.lead.story_id != 1
    assert 1 in told(content)
    assert sorted(told(content)) == sorted(told(BASE))


def test_on_a_quiet_day_the_pinned_story_leads() -> None:
    quiet = replace(BASE, lead=None, sections=(), also=(), stories=(), quiet=True)
    content = with_hand(quiet, choice(1, Place.PINNED), KNOWN, tell)
    assert (content.lead.story_id, content.quiet, told(content)) == (1, False, [1])


def test_a_story_of_no_theme_stands_under_more() -> None:
    content = with_hand(BASE, choice(60, Place.PINNED), [*KNOWN, candidate(60, "Entirely unlike the rest")], tell)
    assert [section.slug for section in content.sections if 60 in [item.story_id for item in section.items]] == [
        "trust"
    ]

    def bare(story: Candidate) -> DigestItem:
        return replace(tell(story), themes=())

    content = with_hand(BASE, choice(60, Place.PINNED), [*KNOWN, candidate(60, "Entirely unlike the rest")], bare)
    assert content.sections[-1].slug == "more"


def test_a_pinned_story_that_cannot_be_told_is_missing() -> None:
    hand = choice(77, Place.PINNED) | choice(1, Place.DROPPED)
    content = with_hand(BASE, hand, KNOWN, tell)
    assert missing(content, hand) == (77,)
    assert with_hand(BASE, choice(1, Place.LEAD), KNOWN, lambda _: None) == BASE


def test_words_of_a_story_without_reports_at_hand_are_held_against_its_headline() -> None:
    content = with_hand(BASE, choice(1, headline="Nine million robots march"), [], tell)
    assert content.lead.edited.objections
    assert content.lead.headline == "Nine million robots march"


PLACES = st.sampled_from([Place.LEAD, Place.PINNED])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents.contents(), st.dictionaries(st.integers(1, 30), PLACES, max_size=6))
def test_whatever_is_pinned_no_story_is_told_twice(content: object, places: dict[int, Place]) -> None:
    once = {item.story_id: item for _, item in content.items()}
    content = replace(content, lead=None, sections=(), also=tuple(once.values()))
    hand = {story: next(iter(choice(story, place).values())) for story, place in places.items()}
    known = [candidate(story, f"Matter{story} of kind{story} and thing{story}") for story in places]
    found = with_hand(content, hand, known, tell)
    assert len(told(found)) == len(set(told(found)))
    assert set(places) <= set(told(found))
    assert all(section.items for section in found.sections)


# -- who lets it go ----------------------------------------------------------------------------------------------------


def test_the_strictest_policy_decides() -> None:
    automatic, hour, person = (ApprovalPolicy(approval=each) for each in Approval)
    assert strictest([]) == automatic
    assert strictest([automatic, hour]) == hour
    assert strictest([hour, person, automatic]) == person


def test_what_becomes_of_a_draft() -> None:
    hour = ApprovalPolicy(approval=Approval.UNLESS_OBJECTED, hour=19)
    assert goes_at(hour, NOW) == NOW + timedelta(hours=1)
    for verdict, after, step in (
        (None, 0, Step.WAIT_HOUR),
        (None, 1, Step.FREEZE),
        (Verdict.APPROVED, 0, Step.FREEZE),
        (Verdict.OBJECTED, 9, Step.WAIT_PERSON),
    ):
        now = NOW + timedelta(hours=after)
        assert next_step(hour, drafted_at=NOW, verdict=verdict, now=now) is step
