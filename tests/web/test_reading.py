"""What readers see: the newest digest, the archive, stories, themes, trends, the search, and what is not there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from tests.web.conftest import NOW, URL

from trendbot.core.limits import contrast
from trendbot.paths import bundled
from trendbot.store import schema
from trendbot.web.app import create_app

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from trendbot.web.site import Site

DAILY = f"/digests/daily/{NOW.date()}"
LEAD = "Alder releases the weights of its 24-billion model under a free licence"


def test_the_front_page_has_the_newest_daily_digest_and_the_sign_up(client: TestClient) -> None:
    page = client.get("/").text
    assert LEAD in page
    assert DAILY in page
    assert 'action="/subscribe"' in page
    assert "/digests/weekly/2026-W46" in page


def test_a_digest_has_its_neighbours_and_its_card(client: TestClient) -> None:
    page = client.get(DAILY).text
    assert 'rel="prev"' in page
    assert 'rel="next"' not in page
    assert f'<link rel="canonical" href="{URL}{DAILY}">' in page
    card = re.search(r'og:image" content="https://digest\.example(\S+)"', page)
    assert card
    picture = client.get(card[1])
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    for form in ("web", "web-dark"):
        drawn = client.get(re.sub(r"card\.png$", f"{form}.svg", card[1]))
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert b"<title>" in drawn.content


@pytest.mark.parametrize("path", ["/", "/archive", "/trends", "/themes", "/themes/open-source", "/stories/1", "/about"])
def test_every_public_page_has_title_words_and_picture_for_where_it_is_shared(client: TestClient, path: str) -> None:
    page = client.get(path).text
    said = dict(re.findall(r'<meta property="og:([a-z_:]+)" content="([^"]+)">', page))
    assert set(said) == {
        "site_name", "title", "description", "type", "url", "image", "image:alt", "image:width", "image:height",
    }  # fmt: skip
    drawn = client.get(said["image"].removeprefix(URL))
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/png")
    assert (drawn.content[16:20], drawn.content[20:24]) == ((1200).to_bytes(4), (627).to_bytes(4))
    assert len(drawn.content) < 60_000
    assert (
        client.get(said["image"].removeprefix(URL), headers={"if-none-match": drawn.headers["etag"]}).status_code == 304
    )


def test_a_digest_without_a_chart_has_a_card_of_words(client: TestClient, site: Site) -> None:
    before = client.get(f"/digests/daily/{(NOW - timedelta(days=1)).date()}").text
    card = re.search(r'og:image" content="https://digest\.example(/cards/\S+)"', before)
    assert card
    assert client.get(card[1]).content.startswith(b"\x89PNG")
    for none in ("/cards/digests/daily/2001-01-01.png", "/cards/stories/999.png", "/cards/themes/none.png"):
        assert client.get(none).status_code == 404


def test_the_archive_is_by_month(client: TestClient) -> None:
    assert DAILY in client.get("/archive").text
    assert DAILY in client.get("/archive/2026-11").text
    assert client.get("/archive/2026-10").status_code == 404


def test_a_story_shows_all_reports_and_why(client: TestClient) -> None:
    number = re.search(r"/stories/(\d+)", client.get(DAILY).text)
    assert number
    page = client.get(number[0]).text
    assert page.count('class="title"') == 4
    assert "stands for the story" in page
    assert "Told in" in page
    assert "publishers that carry it" in page
    assert "word for word in the report" in page


def test_a_story_that_became_another_leads_there(client: TestClient, site: Site) -> None:
    site.app.database.write(
        lambda session: session.execute(update(schema.Story).where(schema.Story.id == 1).values(merged_into_id=2))
    )
    answer = client.get("/stories/1")
    assert (answer.status_code, answer.headers["location"]) == (301, "/stories/2")


def test_themes_and_trends(client: TestClient) -> None:
    assert "Open source and open weights" in client.get("/themes").text
    page = client.get("/themes/open-source").text
    assert "Rising beyond chance." in page
    assert "23 reports in the 7 days up to" in page  # as the trends have it, with outages taken into account
    assert "60 days</h2>" in page  # the curve begins where something is known
    assert "<svg" in page
    assert LEAD in page
    trends = client.get("/trends").text
    assert "Nothing fell beyond chance." in trends
    assert 'class="line up"' in trends
    assert '<strong class="up">23</strong> reports in 7 days' in trends


def test_the_search_finds_stories_and_escapes_what_was_asked(client: TestClient) -> None:
    page = client.get("/search", params={"q": "weights licence"}).text
    assert LEAD in page
    page = client.get("/search", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page
    assert "No story has all of these words" in page
    assert "Fewer words find more" in page
    assert "There is no word" in client.get("/search", params={"q": "--"}).text


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/digests/daily/2026-02-31", "/digests/hourly/x", "/stories/0", "/stories/" + "9" * 40, "/stories/١",
     "/stories/2147483648",
     "/archive/2026-13", "/archive/9999-12", "/themes/nothing", "/charts/1/x/card.png", "/assets/site.css",
     "/api/v1/stories/0", "/themes/nothing/feed.atom", "/%00", "/digests/daily/%ff"],
)  # fmt: skip
def test_what_is_not_there_says_so(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_pages_are_light_and_load_nothing_from_others(client: TestClient) -> None:
    for path in ("/", DAILY, "/archive", "/trends", "/themes", "/themes/tools", "/subscribe", "/about", "/search?q=a"):
        page = client.get(path).text
        style = client.get(re.search(r'href="(/assets/[^"]+)"', page)[1]).text  # type: ignore[index]
        assert len(page.encode()) + len(style.encode()) < 60_000, path
        loaded = re.findall(r'(?:src|srcset)="([^"]+)"|<link rel="(?:stylesheet|icon)" href="([^"]+)"', page)
        assert all((one or other).startswith("/") for one, other in loaded), path
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script>", page), path


def test_every_pair_of_colours_can_be_read() -> None:
    text = (bundled("templates") / "web" / "site.css.j2").read_text()
    light, dark = (
        dict(re.findall(r"--(\w+): (#[0-9A-F]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL)[:2]
    )
    for colours in (light, dark):
        for ink in ("ink", "muted", "accent", "fall"):
            assert contrast(colours[ink], colours["paper"]) >= 4.5, ink
        assert contrast(colours["ink"], colours["raised"]) >= 4.5
        assert contrast(colours["edge"], colours["paper"]) >= 3


def test_below_a_path_every_address_stays_below_it(site: Site) -> None:
    from dataclasses import replace

    from starlette.testclient import TestClient

    below = replace(site, url=f"{URL}/news/")
    below = replace(site, url=f"{URL}/news")
    with TestClient(create_app(below), base_url=URL, raise_server_exceptions=False) as client:
        page = client.get("/news/").text
        assert client.get("/archive").status_code == 404
        assert client.get("/news/archive").status_code == 200
        addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
        assert addresses
        assert all(address.startswith("/news/") for address in addresses)
