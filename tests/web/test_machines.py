"""What machines are told: validators, security headers, limits, feeds, sitemap, health, figures, API, webhook."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import feedparser
import pytest
from defusedxml.ElementTree import fromstring
from starlette.testclient import TestClient
from tests.linkedin_page import NEW_CHANNEL, PAGE
from tests.web.conftest import NOW, URL

from trendbot.pipeline.linkedin_account import StoredAccount
from trendbot.store.channels import add_channel, list_channels
from trendbot.store.runs import finish_run, start_run
from trendbot.transports.linkedin_oauth import Grant
from trendbot.web.app import create_app

if TYPE_CHECKING:
    from trendbot.web.site import Site

DAILY = f"/digests/daily/{NOW.date()}"


@pytest.mark.parametrize("path", ["/", DAILY, "/archive", "/stories/1", "/feed.atom", "/api/v1/digests", "/trends"])
def test_the_second_time_nothing_is_sent_again(client: TestClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert client.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def test_dates_are_validators_too(client: TestClient) -> None:
    first = client.get(DAILY)
    assert client.get(DAILY, headers={"if-modified-since": first.headers["last-modified"]}).status_code == 304
    for since in ("Mon, 01 Jan 2024 00:00:00 GMT", "yesterday", "\xff"):
        assert client.get(DAILY, headers={"if-modified-since": since.encode("latin-1")}).status_code == 200


@pytest.mark.parametrize("path", ["/", DAILY, "/nothing", "/u/x", "/api/v1/themes", "/feed.json", "/healthz"])
def test_every_answer_guards_the_browser(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["strict-transport-security"]
    assert "set-cookie" not in headers


def test_bodies_have_bounds(client: TestClient) -> None:
    assert client.post("/subscribe", content=b"x" * 70_000).status_code == 413
    assert client.post("/subscribe", content=iter([b"x" * 40_000] * 3)).status_code == 413
    assert client.put("/subscribe").status_code == 405
    assert client.post("/archive").status_code == 405


def test_heads_have_no_body_and_packed_is_the_same(client: TestClient) -> None:
    plain = client.get("/", headers={"accept-encoding": "identity"})
    head = client.head("/", headers={"accept-encoding": "identity"})
    assert head.content == b""
    assert head.headers["content-length"] == plain.headers["content-length"]
    packed = client.get("/", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert len(gzip.compress(plain.content)) < len(plain.content) / 2


@pytest.mark.parametrize("path", ["/feed", "/themes/tools/feed"])
def test_feeds_are_read_by_a_reader(client: TestClient, path: str) -> None:
    atom = client.get(f"{path}.atom")
    parsed = feedparser.parse(atom.content)
    assert not parsed.bozo
    assert parsed.version == "atom10"
    assert parsed.entries[0].link.startswith(f"{URL}/digests/")
    assert parsed.entries[0].id.startswith("tag:digest.example,2026:digest/")
    tree = json.loads(client.get(f"{path}.json").text)
    assert tree["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in tree["items"]] == [entry.id for entry in parsed.entries]
    assert 'href="/' not in tree["items"][0]["content_html"]


def test_the_sitemap_lists_pages_that_are_there(client: TestClient) -> None:
    assert f"Sitemap: {URL}/sitemap.xml" in client.get("/robots.txt").text
    listed = [each.text or "" for each in fromstring(client.get("/sitemap.xml").content).iter() if each.text]
    pages = [each.removeprefix(URL) for each in listed if each.startswith("http")]
    assert len(pages) > 20
    assert {client.get(page).status_code for page in pages} == {200}


def test_health_and_figures(client: TestClient, site: Site) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").text == "ready\n"
    assert client.get("/metrics").status_code == 404  # a stranger's network
    with TestClient(create_app(site), base_url=URL, client=("127.0.0.1", 1)) as near:
        near.get("/")
        figures = near.get("/metrics").text
        assert near.get("/metrics", headers={"x-forwarded-for": "8.8.8.8"}).status_code == 404
    assert 'trendbot_web_answers_total{endpoint="front",status="200"} 1.0' in figures
    assert 'trendbot_stored{kind="digests"} 3.0' in figures


def test_ones_own_network_is_told_how_linkedin_stands(client: TestClient, site: Site) -> None:
    database, now = site.app.database, site.app.clock()
    database.write(add_channel, NEW_CHANNEL)
    account = StoredAccount(database=database, clock=lambda: now, secret=lambda: b"key", asked_version="202609")
    with TestClient(create_app(site), base_url=URL, client=("127.0.0.1", 1)) as near:
        assert near.get("/readyz").text == "ready\nlinkedin: not connected\n"
        account.keep_grant(Grant(access_token="AQX-token", expires_in=41 * 86400 + 60), holder=PAGE)
        assert near.get("/readyz").text == "ready\nlinkedin: connected, 41 days left\n"
        figures = near.get("/metrics").text
        assert 'trendbot_linkedin{what="connected"} 1.0' in figures
        assert 'trendbot_linkedin{what="days_left"} 41.0' in figures
        asyncio.run(account.rejected("AQX-token", "401"))
        dead = near.get("/readyz")
        assert dead.status_code == 200  # pages are made all the same
        assert dead.text == "ready\nlinkedin: dead: its token is refused, 1 channels closed\n"
        for line in ("connected", "dead", "closed"):
            assert f'trendbot_linkedin{{what="{line}"}} {float(line != "connected")}' in near.get("/metrics").text
    assert client.get("/readyz").text == "ready\n"


def test_figures_say_what_runs_took_and_which_failed(site: Site) -> None:
    def ran(job: str, hours: int, error: str | None = None, **counts: float) -> None:
        at = site.app.clock() - timedelta(hours=hours)
        run = site.app.database.write(start_run, job=job, slot=f"{hours}", now=at)
        site.app.database.write(finish_run, run, now=at, counts=counts, error=error)

    ran("poll", 30, bytes=7, cpu_seconds=7.0)
    ran("poll", 3, bytes=100, feeds_asked=4, feeds_not_modified=3, cpu_seconds=1.5)
    ran("house", 2, error="disk full", cpu_seconds=0.5)
    with TestClient(create_app(site), base_url=URL, client=("127.0.0.1", 1)) as near:
        figures = near.get("/metrics").text
    for line in (
        'trendbot_day{what="bytes"} 100.0',
        'trendbot_day{what="unchanged"} 3.0',
        'trendbot_day{what="joules"} 20.0',
        'trendbot_run{job="poll",what="cpu_seconds"} 1.5',
        'trendbot_run_failed{job="poll"} 0.0',
        'trendbot_run_failed{job="house"} 1.0',
    ):
        assert line in figures


@pytest.mark.sqlite
def test_a_database_that_does_not_answer_is_said_so(client: TestClient, site: Site) -> None:
    assert site.app.database.file is not None
    site.app.database.engine.dispose()
    site.app.database.file.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    for leftover in site.app.home.glob("trendbot.db-*"):
        leftover.unlink()
    assert client.get("/readyz").status_code == 503
    answer = client.get("/archive")
    assert answer.status_code == 503
    assert "Try again in a minute" in answer.text


def test_pages_change_when_something_was_published(site: Site) -> None:
    """Kept answers are dropped when the state that they were made from is over."""
    from trendbot.web.front import Front

    front: Front = create_app(site)
    front._asked_at = float("-inf")
    with TestClient(front, base_url=URL) as client:
        before = client.get("/api/v1/digests").json()
        site.app.database.write(_publish)
        front._asked_at = float("-inf")  # a second later
        after = client.get("/api/v1/digests").json()
    assert len(after["digests"]) == len(before["digests"]) + 1


def _publish(session):  # type: ignore[no-untyped-def]
    from sqlalchemy import select

    from trendbot.store import schema

    row = session.scalar(select(schema.Digest).where(schema.Digest.cadence == "daily"))
    values = {column.key: getattr(row, column.key) for column in schema.Digest.__table__.columns if column.key != "id"}
    session.add(schema.Digest(**values | {"slot": "2026-11-20", "number": 9}))


def test_the_webhook_hands_bodies_on(site: Site) -> None:
    got: list[tuple[bytes, str | None]] = []

    async def take(body: bytes, given: str | None) -> HTTPStatus:
        got.append((body, given))
        return HTTPStatus.OK if given == "right" else HTTPStatus.UNAUTHORIZED

    with TestClient(create_app(replace(site, webhook=take)), base_url=URL) as client:
        header = "x-telegram-bot-api-secret-token"
        assert client.post("/telegram/webhook", content=b"{}", headers={header: "right"}).status_code == 200
        assert client.post("/telegram/webhook", content=b"{}").status_code == 401
        assert client.get("/telegram/webhook").status_code in {404, 405}
    assert got == [(b"{}", "right"), (b"{}", None)]


def test_without_a_webhook_there_is_none(client: TestClient) -> None:
    assert client.post("/telegram/webhook", content=b"{}").status_code == 404


def test_the_api_says_what_pages_say(client: TestClient, site: Site) -> None:
    digest = client.get(f"/api/v1{DAILY}").json()
    assert digest["content"]["lead"]["headline"].startswith("Alder releases")
    assert client.get(digest["url"].removeprefix(URL)).status_code == 200
    story = client.get("/api/v1/stories/1").json()
    assert len(story["reports"]) == 4
    assert client.get("/api/v1/digests", params={"cadence": "weekly", "limit": "x"}).json()["digests"][0]["number"] == 1
    assert client.get("/api/v1/digests", params={"cadence": "hourly"}).status_code == 400
    assert client.get("/api/v1/trends").json()["readings"][0]["direction"] == "rising"
    assert client.get("/api/v1/search", params={"q": "weights"}).json()["stories"]
    assert site.app.database.read(list_channels)


def test_a_style_may_be_kept_for_ever(client: TestClient) -> None:
    found = re.search(r'href="(/assets/[^"]+)"', client.get("/").text)
    assert found
    assert "immutable" in client.get(found[1]).headers["cache-control"]
