"""A bot at work: a home with a digest in it, the strict server, and people who talk with it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests import builders
from tests.botapi import Limits
from tests.botapi.server import TOKEN, BotApi, bot_api
from tests.botapi.talking import Talk, talking
from tests.conftest import NOW
from tests.homes import Homes

from trendbot.bootstrap import Access, App, open_app
from trendbot.bot.running import Account, run_bot
from trendbot.bot.sending import Pace
from trendbot.clock import frozen_clock
from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.paths import bundled
from trendbot.pipeline.compose import compose
from trendbot.pipeline.index import index_news
from trendbot.render.environment import Renderer
from trendbot.settings import load_settings
from trendbot.store import subscribers
from trendbot.store.database import Database, sqlite_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime
    from pathlib import Path

    from trendbot.store.subscribers import Subscription

FAST = Pace(replies=10_000, chat=10_000)
UNBOUND = {"overall": 10_000, "per_chat": 10_000, "burst": 10_000, "group": 10_000}


@pytest.fixture(scope="session")
def _full_database(tmp_path_factory: pytest.TempPathFactory, homes_to_copy: Homes) -> Homes:
    """A database with a day of news and its digest, made once."""
    return homes_to_copy.filled(tmp_path_factory.mktemp("bot"), _fill)


def _fill(database: Database) -> None:
    builders.add_day(database, NOW)
    index_news(database, now=NOW)
    compose(database, Renderer(bundled("templates")), cadence=Cadence.DAILY, now=NOW, policy=DigestPolicy())


@pytest.fixture
def empty(tmp_path: Path, _empty_database: bytes) -> Iterator[Database]:
    """A database without anything in it, beside the home's."""
    path = tmp_path / "empty.db"
    path.write_bytes(_empty_database)
    with Database(sqlite_url(path)) as opened:
        yield opened


@pytest.fixture
def home(
    tmp_path: Path, _only_on_sqlite: None, _full_database: Homes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A home whose database has a day of news and its digest."""
    with _full_database.database_of(tmp_path, monkeypatch):
        yield tmp_path


@pytest.fixture
def app(home: Path, now: datetime) -> Iterator[App]:
    """The parts of a program over that home, with the clock standing still."""
    options = {"home": home, "brand": {"site_url": "https://digest.example/"}}
    with open_app(load_settings(options=options), frozen_clock(now), access=Access.READ) as opened:
        yield opened


@dataclass(kw_only=True)
class Bot:
    """A bot that runs, its server, its people, and what it reported."""

    app: App
    api: BotApi
    talk: Talk
    reports: list[str] = field(default_factory=list)

    @property
    def account(self) -> Account:
        return Account(token=TOKEN, base_url=self.api.base_url)

    def subscription(self, chat: int) -> Subscription | None:
        """Return how a chat is subscribed."""
        return self.app.database.read(_subscription, chat)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let it run."""
        stop = asyncio.Event()
        serving = asyncio.create_task(run_bot(self.app, self.account, stop=stop, report=self.reports.append, pace=FAST))
        try:
            yield
        finally:
            stop.set()
            await serving


def _subscription(session, chat):  # type: ignore[no-untyped-def]
    found = subscribers.find_subscriber(session, kind=ChannelKind.TELEGRAM, address=str(chat))
    channel = subscribers.personal_channel(session, ChannelKind.TELEGRAM)
    return subscribers.find_subscription(session, found.id, channel) if found and channel else None


@pytest.fixture
async def still(app: App) -> AsyncIterator[Bot]:
    """A bot that does not run yet."""
    async with bot_api(limits=Limits(**UNBOUND)) as api:
        yield Bot(app=app, api=api, talk=talking(api))


@pytest.fixture
async def bot(still: Bot) -> AsyncIterator[Bot]:
    """A bot that runs; at the end the strict server has refused nothing that it sent."""
    async with still.running():
        yield still
    assert [(method, str(refused)) for method, refused, _ in still.api.refused] == []
