"""Posts of a LinkedIn page that told what was wrong: their text is put right, once, by what stands there now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tests import builders
from tests.builders import News
from tests.linkedin_api import read
from tests.pipeline.test_errata import BODY, DAY, Editing, publish, withdraw

from trendbot.clock import frozen_clock
from trendbot.core.errata import corrected_post
from trendbot.core.limits import check_linkedin, escape_little, little_hashtag
from trendbot.core.vocabulary import ChannelKind, DeliveryStatus
from trendbot.pipeline.amending import amend
from trendbot.pipeline.errata import find_errata
from trendbot.store import credentials, schema
from trendbot.store import errata as store
from trendbot.store.channels import change_channel, close_channel, list_channels

if TYPE_CHECKING:
    from trendbot.store.database import Database, Session

TITLE = "Alder (24B) [open] raises $5 billion #now from Birch"


def _went(session: Session, now: datetime) -> str:
    """Let the page's post have gone; return its key."""
    channel = session.query(schema.Channel).filter_by(kind=ChannelKind.LINKEDIN).one()
    channel.transport = "linkedin"
    row = session.query(schema.Delivery).filter_by(channel_id=channel.id).one()
    row.status, row.sent_at, row.external_id = DeliveryStatus.SENT, now, "urn:li:share:7"
    return f"e{row.edition_id}.c{row.channel_id}.p{row.part}"


async def test_a_post_is_put_right_in_what_a_person_made_of_it(database: Database, now: datetime) -> None:
    story = database.write(builders.add_story, [News(title=TITLE, body=BODY)], now - DAY)
    publish(database, now - DAY)
    entry = database.read(lambda s: s.query(schema.StoryEntry).filter_by(story_id=story).one().entry_id)
    transport, clock = Editing(), frozen_clock(now)
    key = database.write(_went, now)
    withdraw(database, entry, now)
    find_errata(database, now=now)
    assert await amend(database, transports={"linkedin": transport}, clock=clock) == 1
    first = transport.texts["urn:li:share:7"]
    assert f"Correction: On 14 November 2026 we told “{TITLE}”. Model Wire has withdrawn it since." in read(first)
    assert read(first).rstrip().splitlines()[-1].startswith("#")
    assert check_linkedin(first) == ()
    assert database.read(credentials.kept_text, key) == first
    database.write(credentials.keep_text, key, text=first.replace("Correction", "We were wrong"), now=now)
    database.write(store.add_erratum, 1, story, "It was Cedar (Labs).", by="ada", now=now)
    assert await amend(database, transports={"linkedin": transport}, clock=clock) == 1
    second = read(transport.texts["urn:li:share:7"])
    assert second.count("has withdrawn it since") == 1
    assert "We were wrong" in second
    assert "It was Cedar (Labs)." in second
    assert await amend(database, transports={"linkedin": transport}, clock=clock) == 0


async def test_nothing_is_edited_on_a_page_that_is_closed(database: Database, now: datetime) -> None:
    story = database.write(builders.add_story, [News(title=TITLE, body=BODY)], now - DAY)
    publish(database, now - DAY)
    transport, clock = Editing(), frozen_clock(now)
    database.write(_went, now)
    database.write(store.add_erratum, 1, story, "It was Cedar.", by="ada", now=now)
    (page,) = [each for each in database.read(list_channels) if each.transport == "linkedin"]
    database.write(close_channel, page.id, reason="refused", now=now)
    assert await amend(database, transports={"linkedin": transport}, clock=clock) == 0
    assert transport.texts == {}
    database.write(change_channel, page.slug, page)
    assert await amend(database, transports={"linkedin": transport}, clock=clock) == 1


def test_a_post_without_room_is_not_corrected_and_one_that_is_corrected_stays() -> None:
    post = "Alder\n\n" + escape_little("x" * 2860) + "\n\n" + little_hashtag("ai")
    assert corrected_post(post, ["It was Cedar, not Alder, and far less of it."]) is None
    once = corrected_post("Alder\n\nmore", ["It was (Cedar)."])
    assert once == "Alder\n\nmore\n\nCorrection: It was \\(Cedar\\)."
    assert corrected_post(once, ["It was (Cedar)."]) == once
