"""By looking nothing changes: every link of every page is followed, and the database is the same byte for byte."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import inspect, text

from trendbot.core.tokens import Purpose, seal
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.pipeline.mailing import MailDesk, Mailer
from trendbot.pipeline.messages import message_of
from trendbot.store import subscribers
from trendbot.store.channels import find_channel
from trendbot.store.deliveries import list_deliveries, parts_of, write_new
from trendbot.store.digests import find_edition, latest_digest
from trendbot.web.app import CHANGE, LIVE, READ

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient
    from tests.web.conftest import People

    from trendbot.web.site import Site

LINK = re.compile(r'(?:href|src|srcset|content|action)="([^"]+)"|<loc>([^<]+)</loc>|"(https://digest\.example[^"]*)"')


def state(site: Site) -> str:
    """A hash over every row of every table, and over the files of the home that are not the database's or the log."""
    found = hashlib.sha256()
    with site.app.database.engine.connect() as connection:
        for name in sorted(inspect(connection).get_table_names()):
            for row in connection.execute(text(f'SELECT * FROM "{name}"')):  # noqa: S608
                found.update(repr(tuple(row)).encode())
    for file in _files(site.app.home):
        found.update(file.name.encode() + file.read_bytes())
    return found.hexdigest()


def _files(home: Path) -> list[Path]:
    return sorted(
        each for each in home.rglob("*") if each.is_file() and not each.name.startswith(("trendbot.db", "web."))
    )


def crawl(client: TestClient, first: list[str]) -> set[str]:
    """Follow every link that stays on the site, from every page there is; return what was looked at."""
    seen, queue = set(first), list(first)
    while queue:
        answer = client.get(queue.pop())
        assert answer.status_code < 500
        for groups in LINK.findall(answer.text if "image/png" not in answer.headers.get("content-type", "") else ""):
            address = next(filter(None, groups)).replace("&amp;", "&").partition("#")[0]
            target = urlsplit(address)
            path = target.path + (f"?{target.query}" if target.query else "")
            if (address.startswith("/") or target.hostname == "digest.example") and path and path not in seen:
                seen.add(path)
                queue.append(path)
    return seen


def test_no_get_changes_anything(client: TestClient, people: People, preferences: str, site: Site) -> None:
    client.post("/subscribe", data={"address": "bob@reader.example"})  # one more who has not confirmed yet
    person = site.app.database.read(subscribers.find_subscriber, kind=ChannelKind.EMAIL, address="ann@reader.example")
    assert person is not None
    personal = [f"/u/{seal(site.key, Purpose.UNSUBSCRIBE, person.public_id)}", people.link(), preferences,
                f"{preferences}/data.json", f"{preferences}/erase", f"{preferences}?act=pause&weeks=2",
                f"{preferences}?said=saved", "/subscribe?address=eve@reader.example", "/subscribe/asked"]  # fmt: skip
    before = state(site)
    seen = crawl(client, ["/", "/sitemap.xml", "/robots.txt", "/healthz", "/readyz", "/api/v1/digests", *personal])
    for path in personal:
        client.head(path)
    assert state(site) == before
    assert len(seen) > 60
    assert {urlsplit(each).path for each in seen} >= {"/archive", "/search", "/about", "/feed.atom", "/trends"}


def test_no_link_of_a_mail_changes_anything(client: TestClient, people: People, preferences: str, site: Site) -> None:
    client.post("/subscribe", data={"address": "bob@reader.example"})
    desk = MailDesk(renderer=site.app.renderer, key=site.app.key, brand="The Digest", site_url=site.url)
    digest = site.app.database.read(latest_digest, Cadence.WEEKLY)
    person = site.app.database.read(subscribers.find_subscriber, kind=ChannelKind.EMAIL, address="ann@reader.example")
    channel = site.app.database.read(subscribers.personal_channel, ChannelKind.EMAIL)
    assert digest is not None
    assert person is not None
    assert channel is not None
    edition = site.app.database.read(find_edition, digest.id, ChannelKind.EMAIL, "all")
    assert edition is not None
    carried = parts_of(edition, site.app.database.read(find_channel, str(channel)), cadence=Cadence.WEEKLY,
                       now=site.now(), subscriber_id=person.id)  # fmt: skip
    site.app.database.write(write_new, carried)
    rows = site.app.database.read(list_deliveries, channel_id=channel)
    mails = [Mailer(site.app.database, desk)(row, message_of(row)) for row in rows]
    links = {
        link.replace("&amp;", "&")
        for mail in mails
        for link in re.findall(
            r"https://digest\.example[^\s\"<>]*", f"{mail.body} {mail.text} {mail.mailing}".replace("'", " ")
        )
    }
    paths = sorted(urlsplit(link).path for link in links)
    for start in ("/confirm/", "/preferences/", "/u/", "/digests/weekly/"):
        assert any(path.startswith(start) for path in paths), (start, paths)
    before = state(site)
    crawl(client, paths)
    for path in paths:
        client.head(path)
    assert state(site) == before


def test_what_changes_something_is_no_get() -> None:
    assert set(CHANGE) & set(READ) == set()
    assert set(CHANGE) - set(LIVE) == {"/preferences/{token}/erase"}
