"""A site over a home with two digests in it, a client in this process, and a server for browsers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import structlog
from sqlalchemy import select
from starlette.testclient import TestClient
from tests import builders
from tests.conftest import NOW
from tests.homes import Homes

from trendbot.bootstrap import Access, App, open_app
from trendbot.clock import frozen_clock
from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.logs import configure_logging
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.pipeline.index import index_news
from trendbot.render.environment import Renderer
from trendbot.settings import load_settings
from trendbot.store import consent, schema, subscribers
from trendbot.store.channels import NewChannel, add_channel
from trendbot.store.database import Database
from trendbot.web.app import create_app
from trendbot.web.letters import greetings_of, letters_of
from trendbot.web.serving import listen, serve
from trendbot.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trendbot.core.vocabulary import ConsentKind
    from trendbot.store.subscribers import Subscription

URL = "https://digest.example"
ADDRESS = "ann@reader.example"


def _filled(database: Database) -> None:
    """Two days of news with their digests, a rising theme with its days, a list that people can subscribe to."""
    for age in (1, 0):
        at = NOW - timedelta(days=age)
        builders.add_day(database, at, prefix="Yesterday: " if age else "")
        if not age:
            database.write(_rising)
        compose(database, Renderer(bundled("templates")), cadence=Cadence.DAILY, now=at, policy=DigestPolicy())
    compose(database, Renderer(bundled("templates")), cadence=Cadence.WEEKLY, now=NOW, policy=DigestPolicy())
    index_news(database, now=NOW)
    channel = NewChannel(
        slug="list",
        kind=ChannelKind.EMAIL,
        transport="files",
        address="list",
        cadence=Cadence.WEEKLY,
        personal=True,
    )
    database.write(add_channel, channel)


def _rising(session):  # type: ignore[no-untyped-def]
    builders.add_reading(session, as_of=NOW.date(), theme="open-source")
    series = session.scalar(select(schema.Series.id))
    session.add_all(
        schema.SeriesPoint(
            series_id=series,
            day=(NOW - timedelta(days=back)).date(),
            kind="news",
            entries=6 if back < 4 else 1,
            stories=1,
            feeds=1,
        )
        for back in range(60)
    )


@pytest.fixture(autouse=True)
def _log_as_in_service(tmp_path: Path) -> Iterator[None]:
    """Log into a file, as a running program does."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    configure_logging(level="info", file=tmp_path / "web.log")
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def _web_database(tmp_path_factory: pytest.TempPathFactory, homes_to_copy: Homes) -> Homes:
    return homes_to_copy.filled(tmp_path_factory.mktemp("web"), _filled)


@pytest.fixture
def app(tmp_path: Path, _only_on_sqlite: None, _web_database: Homes, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """The parts of a program over that home, with the clock standing still."""
    options = {"home": tmp_path, "brand": {"name": "The Digest", "postal_address": "1 Wire Street"}}
    with (
        _web_database.database_of(tmp_path, monkeypatch),
        open_app(load_settings(options=options), frozen_clock(NOW), access=Access.READ) as opened,
    ):
        yield opened


def site_over(app: App, url: str = URL, *, still: bool = False) -> Site:
    ask, remind = letters_of(app, url)
    welcome, goodbye = greetings_of(app, url)
    return Site(
        app=app, url=url, bot="digest_bot", ask=ask, remind=remind, welcome=welcome, goodbye=goodbye, still=still
    )


@pytest.fixture
def site(app: App) -> Site:
    return site_over(app)


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    """A caller from the outside, in this process; follows no redirect."""
    with TestClient(
        create_app(site),
        base_url=URL,
        follow_redirects=False,
        client=("8.8.8.8", 5000),
        raise_server_exceptions=False,
    ) as opened:
        yield opened


@dataclass(frozen=True, kw_only=True)
class People:
    """What became of people in a home."""

    app: App

    def subscription(self, address: str = ADDRESS) -> Subscription | None:
        return self.app.database.read(_subscription, address)

    def events(self, address: str = ADDRESS) -> list[tuple[ConsentKind, str, str | None, str | None]]:
        return self.app.database.read(_events, address)

    def letters(self) -> list[tuple[str, str]]:
        """The mails that wait in the outbox: subject and text."""
        return self.app.database.read(_letters)

    def link(self) -> str:
        """The path of the personal link in the newest mail."""
        found = re.search(r"https?://[^/\s]+(/(?:confirm|preferences|u)/\S+)", self.letters()[-1][1])
        assert found
        return found[1]


def _subscription(session, address):  # type: ignore[no-untyped-def]
    found = subscribers.find_subscriber(session, kind=ChannelKind.EMAIL, address=address)
    channel = subscribers.personal_channel(session, ChannelKind.EMAIL)
    return subscribers.find_subscription(session, found.id, channel) if found and channel else None


def _events(session, address):  # type: ignore[no-untyped-def]
    found = subscribers.find_subscriber(session, kind=ChannelKind.EMAIL, address=address)
    events = consent.list_events(session, found.id) if found else ()
    return [(each.event, each.method, each.wording, each.network) for each in events]


def _letters(session):  # type: ignore[no-untyped-def]
    rows = session.execute(
        select(schema.Notice.subject, schema.Notice.text_body)
        .join(schema.Delivery, schema.Delivery.notice_id == schema.Notice.id)
        .where(schema.Delivery.status == "pending")
        .order_by(schema.Notice.id)
    )
    return [(subject, body) for subject, body in rows]


@pytest.fixture
def people(app: App) -> People:
    return People(app=app)


@pytest.fixture
def preferences(client: TestClient, people: People) -> str:
    """The path of the page of somebody who subscribed and confirmed."""
    client.post("/subscribe", data={"address": ADDRESS})
    return client.post(people.link()).headers["location"].partition("?")[0]


@contextlib.contextmanager
def served(app: App) -> Iterator[str]:
    """Serve a home on loopback; give its address."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    at = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{at.getsockname()[1]}"
    ready = threading.Event()

    def run() -> None:
        try:
            loop.run_until_complete(
                serve(site_over(app, url), at, stop=stop, report=lambda _: ready.set(), proxies="127.0.0.1")
            )
        finally:
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        at.close()


@pytest.fixture
def server(app: App) -> Iterator[str]:
    with served(app) as url:
        yield url
