"""The editor's desk: drafts, what people decide about them, and who lets them go."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests import builders
from tests.builders import News

from trendbot.core.digests import DigestPolicy
from trendbot.core.editing import Place
from trendbot.core.policies import Approval, ApprovalPolicy
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ConflictError, FrozenError, NotFoundError, RenderError
from trendbot.paths import bundled
from trendbot.pipeline import desk as at
from trendbot.pipeline.desk import Desk
from trendbot.pipeline.previewing import digest_and_draft, draft_and_before, preview_digest, preview_draft
from trendbot.render.environment import Renderer
from trendbot.store import digest_acts, digests

if TYPE_CHECKING:
    from pathlib import Path

    from trendbot.store.database import Database
    from trendbot.store.digest_acts import Draft

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAILY = Cadence.DAILY
MORNING = datetime.fromisoformat("2026-11-15T06:00+00:00")


def a_desk(database: Database, approval: Approval = Approval.APPROVE, **policy: int) -> Desk:
    rules = ApprovalPolicy(approval=approval, hour=9)
    return Desk(
        database=database,
        renderer=Renderer(bundled("templates")),
        policies=dict.fromkeys(Cadence, replace(DigestPolicy(), **policy)),
        approvals={ChannelKind.LINKEDIN: rules},
    )


@pytest.fixture
def stories(database: Database, now: datetime) -> list[int]:
    return builders.add_day(database, now)


@pytest.fixture
def desk(database: Database, stories: list[int]) -> Desk:
    return a_desk(database)


def draft(desk: Desk, now: datetime) -> Draft:
    made = at.make_draft(desk, cadence=DAILY, now=now)
    assert made is not None
    return made


def told(content: object) -> list[int]:
    return [item.story_id for _, item in content.items()]


# -- what an editor decides --------------------------------------------------------------------------------------------


def test_a_draft_is_not_a_digest(desk: Desk, now: datetime) -> None:
    made = draft(desk, now)
    assert made.content == made.machine
    assert desk.database.read(digests.list_digests) == ()
    assert draft(desk, now + HOUR).drafted_at == now


def test_a_pinned_story_stands_whatever_its_rank(database: Database, stories: list[int], now: datetime) -> None:
    desk = a_desk(database, stories=3, also=1)
    before = draft(desk, now)
    last = next(story for story in stories if story not in told(before.content))
    handled = at.decide(desk, before, last, by="ada", now=now, place=Place.PINNED)
    content = handled.draft.content
    assert last in told(content)
    assert content.lead.story_id == before.content.lead.story_id
    assert last not in [item.story_id for item in content.also]
    assert len(content.items()) == len(before.content.items())
    assert handled.missing == ()


def test_a_pinned_lead_leads_and_the_former_stays_in(desk: Desk, now: datetime) -> None:
    before = draft(desk, now)
    wanted = told(before.content)[5]
    content = at.decide(desk, before, wanted, by="ada", now=now, place=Place.LEAD).draft.content
    assert content.lead.story_id == wanted
    assert set(told(content)) == set(told(before.content))
    other = told(before.content)[7]
    content = at.decide(desk, before, other, by="ada", now=now, place=Place.LEAD).draft.content
    assert content.lead.story_id == other
    assert wanted in told(content)


def test_a_dropped_story_is_gone_and_the_next_comes_in(database: Database, stories: list[int], now: datetime) -> None:
    desk = a_desk(database, stories=3, also=1)
    before = draft(desk, now)
    lead = before.content.lead.story_id
    content = at.decide(desk, before, lead, by="ada", now=now, place=Place.DROPPED).draft.content
    assert lead not in told(content)
    assert lead not in [item.story_id for item in content.stories]
    assert len(content.items()) == len(before.content.items())


def test_an_editors_words_are_marked_warned_of_and_counted(desk: Desk, now: datetime) -> None:
    before = draft(desk, now)
    lead = before.content.lead
    text = "Alder has sold 900 million copies, says Nemo Nobody."
    handled = at.decide(desk, before, lead.story_id, by="ada", now=now, headline="Alder gives all away", text=text)
    item = handled.draft.content.lead
    assert (item.headline, [each.text for each in item.sentences]) == ("Alder gives all away", [text])
    assert item.lead.source.endswith(", edited")
    assert item.sentences[0].source.endswith(", edited")
    assert (item.edited.by, item.edited.at) == ("ada", now.isoformat())
    assert any("900" in each for each in item.edited.objections)
    card = handled.draft.content.foot.card
    assert card.edited == 1
    assert card.grounded == card.sentences - 1
    assert card.extractive == card.sentences - 1
    mail = preview_draft(desk, handled.draft)
    assert "Alder gives all away" in mail
    assert "not borne out" in mail


def test_words_of_the_source_are_not_objected_to(desk: Desk, now: datetime) -> None:
    before = draft(desk, now)
    lead = before.content.lead
    handled = at.decide(desk, before, lead.story_id, by="ada", now=now, text=lead.sentences[0].text)
    assert handled.draft.content.lead.edited.objections == ()
    bare = at.decide(desk, before, lead.story_id, by="ada", now=now, text="")
    assert bare.draft.content.lead.sentences == ()


def test_hostile_words_of_an_editor_reach_no_channel_as_markup(desk: Desk, now: datetime) -> None:
    before = draft(desk, now)
    words = "<b>x</b> [y](javascript:1) @[z](urn) \u202e\n#tag " * 4
    handled = at.decide(desk, before, before.content.lead.story_id, by="ada", now=now, headline=words, text=words)
    assert handled.draft.problem is None
    assert "<b>x</b>" not in preview_draft(desk, handled.draft)


def test_acts_survive_composing_again_and_are_undone_one_by_one(desk: Desk, now: datetime) -> None:
    first = draft(desk, now)
    dropped, wanted = told(first.content)[3], told(first.content)[5]
    at.decide(desk, first, dropped, by="ada", now=now, place=Place.DROPPED)
    at.decide(desk, first, wanted, by="bob", now=now, place=Place.LEAD)
    builders.add_day(desk.database, now + HOUR, prefix="Later: ")
    again = draft(desk, now + 2 * HOUR)
    assert again.content.lead.story_id == wanted
    assert dropped not in told(again.content)
    undone = at.undo(desk, None, by="ada", now=now)
    assert undone.draft.content.lead.story_id != wanted
    assert dropped not in told(undone.draft.content)
    undone = at.undo(desk, None, by="ada", now=now)
    assert undone.draft.content == undone.draft.machine
    with pytest.raises(NotFoundError, match="nothing to undo"):
        at.undo(desk, None, by="ada", now=now)
    back = at.undo(desk, undone.act.act, by="ada", now=now)
    assert dropped not in told(back.draft.content)
    acts = desk.database.read(digest_acts.acts_on, back.draft.of)
    assert [(act.kind, act.made_by) for act in acts[-2:]] == [("digest.pin", "bob"), ("digest.drop", "ada")]


def test_a_pinned_story_that_may_not_be_told_is_named(desk: Desk, now: datetime) -> None:
    german = News(title="Etwas ist heute geschehen", feed="Zeitung", language="de")
    story = desk.database.write(builders.add_story, [german], now)
    handled = at.decide(desk, draft(desk, now), story, by="ada", now=now, place=Place.LEAD)
    assert handled.missing == (story,)
    assert handled.draft.content == handled.draft.machine


def test_no_such_story_and_no_such_draft_are_errors(desk: Desk, now: datetime) -> None:
    with pytest.raises(NotFoundError, match="no story 999"):
        at.decide(desk, draft(desk, now), 999, by="ada", now=now, place=Place.PINNED)
    with pytest.raises(NotFoundError, match="no weekly draft waits"):
        at.the_draft(desk, Cadence.WEEKLY, None)
    with pytest.raises(NotFoundError, match="no daily draft of 2026-11-01"):
        at.the_draft(desk, DAILY, "2026-11-01")


def test_diff_tells_what_a_draft_was_and_what_a_digest_was_without_people(desk: Desk, now: datetime) -> None:
    first = draft(desk, now)
    gone = told(first.content)[2]
    at.decide(desk, first, gone, by="ada", now=now, place=Place.DROPPED)
    second = at.the_draft(desk, DAILY, None)
    assert draft_and_before(second, hand=False) == (first.content, second.content)
    assert draft_and_before(second, hand=True) == (first.content, second.content)
    digest = at.approve(desk, second, by="ada", now=now).digest
    assert digest_and_draft(desk.database, digest.id) == (first.content, second.content)


# -- who lets it go ----------------------------------------------------------------------------------------------------


def test_approval_freezes_what_lay_on_the_desk(desk: Desk, now: datetime) -> None:
    report = at.publish(desk, cadence=DAILY, now=now)
    assert (report.digest, report.waiting) == (None, "waits for approval")
    on_desk = at.the_draft(desk, DAILY, None)
    builders.add_day(desk.database, now + HOUR, prefix="Later: ")
    digest = at.approve(desk, on_desk, by="ada", now=now + HOUR).digest
    assert digest.content == on_desk.content
    assert digest.frozen_by == "ada"
    assert at.publish(desk, cadence=DAILY, now=now + 2 * HOUR).digest == digest


def test_what_is_frozen_is_past_deciding_and_errata_are_named(desk: Desk, now: datetime) -> None:
    on_desk = draft(desk, now)
    act = at.decide(desk, on_desk, told(on_desk.content)[2], by="ada", now=now, place=Place.DROPPED).act
    at.approve(desk, at.the_draft(desk, DAILY, None), by="ada", now=now)
    story = told(on_desk.content)[0]
    for refused in (
        lambda: at.decide(desk, on_desk, story, by="ada", now=now, place=Place.DROPPED),
        lambda: at.undo(desk, act.act, by="ada", now=now),
        lambda: at.approve(desk, on_desk, by="ada", now=now),
        lambda: at.make_draft(desk, cadence=DAILY, now=now),
        lambda: at.the_draft(desk, DAILY, on_desk.of.slot),
    ):
        with pytest.raises(FrozenError, match="trendbot errata add 1"):
            refused()


def test_without_objection_it_goes_at_its_hour(database: Database, stories: list[int]) -> None:
    desk = a_desk(database, Approval.UNLESS_OBJECTED)
    builders.add_day(database, MORNING, prefix="Early: ")
    report = at.publish(desk, cadence=DAILY, now=MORNING)
    assert report.waiting == "goes at 2026-11-15 09:00 UTC unless somebody objects"
    assert at.publish(desk, cadence=DAILY, now=MORNING + 2 * HOUR).digest is None
    on_desk = at.the_draft(desk, DAILY, None)
    report = at.publish(desk, cadence=DAILY, now=MORNING + 3 * HOUR)
    assert report.created
    assert report.digest.frozen_by == "nobody objected"
    assert report.digest.content == on_desk.content


def test_a_late_draft_can_be_objected_to_for_an_hour(database: Database, stories: list[int], now: datetime) -> None:
    desk = a_desk(database, Approval.UNLESS_OBJECTED)
    assert "19:00" in at.publish(desk, cadence=DAILY, now=now).waiting
    assert at.publish(desk, cadence=DAILY, now=now + HOUR / 2).digest is None
    assert at.publish(desk, cadence=DAILY, now=now + HOUR).created


def test_an_objection_holds_it_until_somebody_approves(database: Database, stories: list[int], now: datetime) -> None:
    desk = a_desk(database, Approval.UNLESS_OBJECTED)
    on_desk = draft(desk, now)
    database.write(digest_acts.judge, on_desk.of, at.Verdict.OBJECTED, by="bob", now=now)
    report = at.publish(desk, cadence=DAILY, now=now + 3 * HOUR)
    assert report.waiting == "held by bob, goes when approved"
    with pytest.raises(ConflictError, match="held by bob"):
        at.freeze_now(desk, at.the_draft(desk, DAILY, None), by="ada", now=now)
    assert at.approve(desk, at.the_draft(desk, DAILY, None), by="bob", now=now).created


def test_freezing_does_not_go_round_approval(desk: Desk, now: datetime) -> None:
    with pytest.raises(ConflictError, match="waits for approval"):
        at.freeze_now(desk, draft(desk, now), by="ada", now=now)


def test_automatic_digests_keep_what_people_decided(database: Database, stories: list[int], now: datetime) -> None:
    desk = a_desk(database, Approval.AUTOMATIC)
    on_desk = draft(desk, now)
    gone = told(on_desk.content)[0]
    at.decide(desk, on_desk, gone, by="ada", now=now, place=Place.DROPPED)
    report = at.publish(desk, cadence=DAILY, now=now + HOUR)
    assert report.created
    assert report.digest.frozen_by == "automatic"
    assert gone not in told(report.digest.content)


def test_an_objection_holds_an_automatic_digest_too(database: Database, stories: list[int], now: datetime) -> None:
    desk = a_desk(database, Approval.AUTOMATIC)
    database.write(digest_acts.judge, draft(desk, now).of, at.Verdict.OBJECTED, by="bob", now=now)
    assert at.publish(desk, cadence=DAILY, now=now + HOUR).waiting.startswith("held by bob")


def test_a_draft_that_nobody_approves_lapses_and_its_stories_come_up_again(desk: Desk, now: datetime) -> None:
    at.publish(desk, cadence=DAILY, now=now)
    first = at.the_draft(desk, DAILY, None)
    report = at.publish(desk, cadence=DAILY, now=now + DAY)
    assert (report.slot, report.waiting) == ("2026-11-16", "waits for approval")
    with pytest.raises(ConflictError, match="lapsed"):
        at.the_draft(desk, DAILY, first.of.slot)
    assert set(told(first.content)) <= set(told(at.the_draft(desk, DAILY, None).content))


def test_yesterdays_draft_goes_before_todays_is_made(database: Database, stories: list[int], now: datetime) -> None:
    desk = a_desk(database, Approval.UNLESS_OBJECTED)
    late = now.replace(hour=23, minute=30)
    at.publish(desk, cadence=DAILY, now=late)
    waiting = at.publish(desk, cadence=DAILY, now=late + HOUR * 0.75)
    assert (waiting.slot, waiting.digest) == ("2026-11-15", None)
    at.publish(desk, cadence=DAILY, now=late + HOUR * 2)
    assert database.read(digests.find_digest, cadence=DAILY, slot="2026-11-15") is not None


def test_a_draft_that_breaks_a_limit_cannot_be_approved(
    database: Database, stories: list[int], now: datetime, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    (own / "linkedin").mkdir(parents=True)
    (own / "linkedin" / "post.j2").write_text("{{ digest.title }}\nno empty line", encoding="utf-8")
    desk = replace(a_desk(database), renderer=Renderer(bundled("templates"), own))
    on_desk = draft(desk, now)
    assert "fold in line 2" in on_desk.problem
    with pytest.raises(RenderError, match="fold in line 2"):
        at.approve(desk, on_desk, by="ada", now=now)
    assert database.read(digest_acts.find_draft, on_desk.of).verdict is None
    assert "fold in line 2" in preview_draft(desk, on_desk)


def test_a_broken_draft_of_a_slot_that_is_over_holds_up_no_later_one(
    database: Database, stories: list[int], now: datetime, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    (own / "linkedin").mkdir(parents=True)
    post = own / "linkedin" / "post.j2"
    post.write_text("{{ digest.title }}\nno empty line", encoding="utf-8")
    desk = replace(a_desk(database, Approval.UNLESS_OBJECTED), renderer=Renderer(bundled("templates"), own))
    assert "cannot go" in at.publish(desk, cadence=DAILY, now=now).waiting
    with pytest.raises(RenderError):
        at.publish(desk, cadence=DAILY, now=now + 2 * HOUR)
    post.unlink()
    desk = replace(desk, renderer=Renderer(bundled("templates"), own))
    assert at.publish(desk, cadence=DAILY, now=now + 3 * HOUR).created
    post.write_text("{{ digest.title }}\nno empty line", encoding="utf-8")
    desk = replace(desk, renderer=Renderer(bundled("templates"), own))
    at.publish(desk, cadence=DAILY, now=now + DAY)
    assert at.publish(desk, cadence=DAILY, now=now + 2 * DAY).slot == "2026-11-17"


# -- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_shows_three_channels_twice_with_lengths_and_the_fold(desk: Desk, now: datetime) -> None:
    page = preview_draft(desk, draft(desk, now))
    assert re.findall(r"<h2>(\w+)</h2>", page) == ["LinkedIn", "Telegram", "Email"] * 2
    assert page.count("a phone folds here, at 140 characters") == 2
    for limit in ("of 2,900", "of 3,000", "of 4,096", "of 90,000"):
        assert page.count(limit) == 2
    assert page.count("<iframe srcdoc=") == 2
    assert "waits for approval" in page
    assert not re.search(r"(?:src|href)=\"(?!https?://|data:)[^\"]", page.replace("srcdoc=", ""))


def test_a_frozen_digest_is_shown_as_it_went(desk: Desk, now: datetime) -> None:
    digest = at.approve(desk, draft(desk, now), by="ada", now=now).digest
    assert "frozen by ada" in preview_digest(desk, digest.id)


def test_a_post_is_shown_with_its_card_as_linkedin_shows_it(desk: Desk, now: datetime) -> None:
    digest = at.approve(desk, draft(desk, now), by="ada", now=now).digest
    lead = digest.content.lead
    assert lead is not None
    page = html.unescape(preview_digest(desk, digest.id))
    about = page.split('<div class="about">')[1].split("</div>")[0]
    assert lead.headline in about
    assert digest.content.line in about
    assert f"The card leads to {lead.lead.url}" in page
