from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.linkedin_api import LinkedinApi, linkedin_api
from tests.linkedin_api.server import CLIENT, SECRET
from tests.linkedin_page import Page

from trendbot.core.posting import Rhythm
from trendbot.core.vocabulary import DeliveryStatus
from trendbot.errors import ChannelError
from trendbot.store.database import Database
from trendbot.transports.linkedin_oauth import OAuthApp


@pytest.fixture
async def api() -> AsyncIterator[LinkedinApi]:
    async with linkedin_api() as served:
        yield served


def revoke(api: LinkedinApi) -> None:
    api.tokens = {token: replace(held, revoked=True) for token, held in api.tokens.items()}


async def test_a_refused_token_closes_the_page_until_there_is_another(database: Database, api: LinkedinApi) -> None:
    page = Page(database=database, api=api)
    token = page.connect()
    page.digest(1)
    revoke(api)
    await page.run()
    asked = sum(api.calls.values())
    assert (page.state().disabled_reason or "").startswith("LinkedIn takes our token no longer (401")
    assert page.posts()[0].status is DeliveryStatus.PENDING
    for _ in range(3):
        assert [each.partition(":")[0] for each in (await page.run()).needs] == ["channel page is closed"]
    assert sum(api.calls.values()) == asked  # nothing more is asked with a token that is refused
    assert {each.key.split(".")[1] for each in page.told} == {"closed"}
    assert all(each.urgent for each in page.told)
    assert token not in "".join(each.text for each in page.told)
    page.connect()
    assert page.state().disabled_at is None
    await page.run()
    assert page.posts()[0].status is DeliveryStatus.SENT
    assert len(api.alive()) == 1


async def test_a_refusal_at_the_post_itself_closes_the_page_too(database: Database, api: LinkedinApi) -> None:
    page = Page(database=database, api=api)
    page.connect()
    await page.run()  # the day's harmless question is asked, and answered well
    revoke(api)
    page.digest(1)
    report = await page.run()
    assert page.state().disabled_at is not None
    assert "takes our token no longer" in (report.closed or {})["linkedin"]
    assert (page.posts()[0].status, page.posts()[0].attempts) == (DeliveryStatus.PENDING, 0)


async def test_the_end_of_a_token_that_was_replaced_meanwhile_is_no_news(database: Database, api: LinkedinApi) -> None:
    page = Page(database=database, api=api)
    before = page.connect()
    page.connect()
    await page.account.rejected(before, "refused")
    assert page.state().disabled_at is None
    assert await page.account.token() != before


async def test_a_page_posts_every_day_whenever_its_digests_are_made(database: Database, api: LinkedinApi) -> None:
    """As a timer does it that runs once a day after the page's hour: what waits for tomorrow replaces nothing."""
    page = Page(database=database, api=api, rhythm=Rhythm(hour=8))
    page.connect()
    start = api.now.replace(hour=8, minute=1)
    for day in range(1, 6):
        api.now = start + timedelta(days=day)
        page.digest(day, f"the day {day}")
        await page.run()
    assert [f"{post.at:%d}" for post in api.alive()] == ["17", "18", "19", "20"]
    assert [post.seen.rsplit(maxsplit=1)[1] for post in api.alive()] == ["1", "2", "3", "4"]


async def test_a_page_that_another_thing_closed_stays_closed_when_consent_is_renewed(
    database: Database, api: LinkedinApi
) -> None:
    page = Page(database=database, api=api)
    page.connect()
    api.tokens = {token: replace(held, pages=frozenset()) for token, held in api.tokens.items()}
    page.digest(1)
    await page.run()
    assert "does not let us do that" in (page.state().disabled_reason or "")
    page.connect()  # as a renewal does; `trendbot linkedin connect` opens the channel itself
    assert page.state().disabled_at is not None


async def test_a_refused_token_is_renewed_where_that_is_granted(database: Database, api: LinkedinApi) -> None:
    app = OAuthApp(client_id=CLIENT, client_secret=SECRET, redirect_uri="", oauth_url=f"{api.base_url}/oauth/v2")
    page = Page(database=database, api=api, app=app)
    api.refresh_tokens["AQY-refresh-token"] = "p1"
    page.connect(renewable=True)
    revoke(api)
    page.digest(1)
    await page.run()
    await page.run()
    assert page.posts()[0].status is DeliveryStatus.SENT
    api.refresh_tokens.clear()
    revoke(api)
    page.digest(2)
    with pytest.raises(ChannelError):
        await page.transport.check("55")
    for _ in range(3):
        await page.run()
    assert api.calls["token"] == 2  # a renewal that was refused is not asked for again
    assert page.state().disabled_at is not None
