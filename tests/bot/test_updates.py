"""Updates: once in effect whatever dies, hostile ones harmless, a second instance told, webhooks checked."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram import Bot as LibraryBot
from telegram.request import BaseRequest, RequestData
from tests import builders
from tests.bot.conftest import FAST, UNBOUND, Bot
from tests.botapi import Limits
from tests.botapi.server import TOKEN, BotApi, bot_api
from tests.botapi.state import Chat, Refused, flood
from tests.botapi.talking import Talk, talking
from tests.pipeline.test_charting import risen

from trendbot.bot.desk import COMMANDS, PRESSES, SCREENS, Desk, handle_update
from trendbot.bot.running import Account, at_desk, ensure_channel, handle_webhook, run_bot, set_webhook, webhook_secret
from trendbot.bot.sending import SHARED, Courier, Pace
from trendbot.bot.visit import House
from trendbot.core.digests import DigestPolicy
from trendbot.core.vocabulary import Cadence, ChannelKind, SubscriptionStatus
from trendbot.errors import ConfigError
from trendbot.pipeline.compose import compose
from trendbot.store import consent, subscribers
from trendbot.transports.telegram import ALL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from trendbot.bootstrap import App
    from trendbot.store.database import Database

CHAT = 4242


@pytest.fixture
async def desk(still: Bot) -> AsyncIterator[Desk]:
    """A desk that is given updates by hand."""
    async with at_desk(still.app, still.account, report=still.reports.append, pace=FAST) as opened:
        yield opened


def message(talk: Talk, text: str, number: int = 1) -> dict[str, Any]:
    return {"update_id": number, "message": talk._message(CHAT, None, "en") | {"text": text}}


async def test_the_same_update_twice_is_handled_once(still: Bot, desk: Desk) -> None:
    update = message(still.talk, "/start")
    assert await handle_update(desk, update)
    assert not await handle_update(desk, update)
    assert len(still.api.sent) == 1


async def test_an_update_that_breaks_is_regretted_and_done_with(
    still: Bot, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = desk.house.__class__(brand=None, site_url=None, channel_id=-1, key=b"")  # type: ignore[arg-type]
    await handle_update(replaced(desk, house=broken), message(still.talk, "/start"))
    assert still.talk.screen(CHAT) == "That did not work on our side. Please try again in a minute."
    assert not await handle_update(desk, message(still.talk, "/start"))


def replaced(desk: Desk, **changes: Any) -> Desk:
    names = ("bot", "username", "database", "renderer", "clock", "house", "courier", "locks")
    return Desk(**{name: getattr(desk, name) for name in names} | changes)


async def test_a_flood_is_waited_out(still: Bot, desk: Desk) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    refusals = [flood(7), flood(3)]
    send = still.api.methods["sendMessage"]

    async def sometimes(parameters: dict[str, str]) -> Any:
        if refusals:
            raise refusals.pop(0)
        return await send(parameters)

    still.api.methods["sendMessage"] = sometimes
    courier = Courier(desk.bot, desk.database, pace=FAST, sleep=sleep)
    await handle_update(replaced(desk, courier=courier), message(still.talk, "/help"))
    assert waited[:2] == [7.0, 3.0]
    assert "follows AI news" in still.talk.screen(CHAT)


def test_replies_beside_a_broadcast_stay_within_the_documented_limits() -> None:
    pace, allowed = Pace(), Limits()
    assert pace.chat <= allowed.per_chat
    (ring,) = SHARED.values()
    assert (ring.name, ring.most <= allowed.overall) == (ALL, True)  # counted with the outbox's, in any second


async def test_markup_that_is_refused_goes_as_plain_text(still: Bot, desk: Desk) -> None:
    send = still.api.methods["sendMessage"]

    async def picky(parameters: dict[str, str]) -> Any:
        if parameters.get("parse_mode"):
            raise Refused(400, "Bad Request: can't parse entities: Unsupported start tag")
        return await send(parameters)

    still.api.methods["sendMessage"] = picky
    await handle_update(desk, message(still.talk, "/privacy"))
    assert still.talk.screen(CHAT).startswith("What is stored\nThe number of this chat")


async def test_before_the_first_digest_everything_says_so(still: Bot, desk: Desk, empty: Database) -> None:
    there = replaced(desk, database=empty, house=replace(desk.house, channel_id=empty.write(ensure_channel)))
    for number, text in enumerate(("/start", "/latest", "/why", "/more", "/trends", "/themes", "/stop", "/stop")):
        await handle_update(there, message(still.talk, text, number))
    texts = [sent.text for sent in still.talk.shown(CHAT)]
    assert "There is no digest yet. The first one comes when it is ready." in texts
    assert "Too little is known yet to say what rises." in texts
    assert "There are no themes here yet." in texts
    assert texts[-1] == "You are not subscribed; nothing is sent."


async def test_the_newest_chart_comes_with_what_rises(still: Bot, desk: Desk, empty: Database) -> None:
    risen(empty, still.app.clock())
    there = replaced(desk, database=empty, house=replace(desk.house, channel_id=empty.write(ensure_channel)))
    await handle_update(there, message(still.talk, "/trends"))
    chart, text = still.talk.shown(CHAT)
    assert chart.photo
    assert chart.text.startswith("Chart of what rose")
    assert text.text.startswith("Rising, up to 15 November 2026")


async def test_on_a_quiet_day_a_newcomer_is_shown_the_week(still: Bot, desk: Desk, empty: Database) -> None:
    now = still.app.clock()
    there = replaced(desk, database=empty, house=replace(desk.house, channel_id=empty.write(ensure_channel)))
    builders.add_day(empty, now - timedelta(days=2))
    for cadence, at in ((Cadence.DAILY, now - timedelta(days=2)), (Cadence.WEEKLY, now)):
        compose(empty, desk.renderer, cadence=cadence, now=at, policy=DigestPolicy())
    today = builders.News(title="A model of speech learns to draw", feed="Sound Desk", themes=("multimodal",))
    empty.write(builders.add_story, [today], now)
    compose(empty, desk.renderer, cadence=Cadence.DAILY, now=now, policy=DigestPolicy())
    for number, text in enumerate(("/start t-market", "/latest"), start=1):
        await handle_update(there, message(still.talk, text, number))
    assert still.talk.shown(CHAT)[-1].text.startswith("trendbot weekly")


async def test_who_blocks_before_the_answer_breaks_nothing(still: Bot, desk: Desk) -> None:
    still.api.add(Chat(id=CHAT, refuses=Refused(403, "Forbidden: bot was blocked by the user")))
    assert await handle_update(desk, message(still.talk, "/start"))
    assert not await handle_update(desk, message(still.talk, "/start"))


async def test_an_old_press_and_a_deleted_screen_get_a_new_one(still: Bot, desk: Desk) -> None:
    await handle_update(desk, message(still.talk, "/start"))
    query = {
        "id": "", "from": {"id": CHAT, "is_bot": False, "first_name": "x"}, "data": "theme:tools:1",
        "message": {"message_id": 1, "date": 1, "chat": {"id": CHAT, "type": "private"}},
    }  # fmt: skip
    still.talk.deleted.add((CHAT, 1))
    await handle_update(desk, {"update_id": 2, "callback_query": query})
    assert "Chosen: Tools for people." in still.talk.screen(CHAT)
    assert len(still.talk.shown(CHAT)) == 1


# -- dying and going on ------------------------------------------------------------------------------------------------


def start(home: Path, api: BotApi) -> subprocess.Popen[bytes]:
    """Start `trendbot bot` as a process of its own."""
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "TRENDBOT_DATABASE_URL")},
        "TRENDBOT_TELEGRAM__TOKEN": TOKEN,
        "TRENDBOT_TELEGRAM__BASE_URL": api.base_url,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "trendbot", "bot", "--home", str(home)], env=environment, stderr=subprocess.PIPE
    )


async def test_killed_at_any_moment_no_wish_is_lost(home: Path, app: App) -> None:
    """Presses wait while the process is killed again and again: before, within and after handling them."""
    async with bot_api(limits=Limits(**UNBOUND)) as api:
        talk = talking(api, patience=60.0)
        process = start(home, api)
        await talk.say(CHAT, "/start")
        wanted = [("theme:tools:1", ("tools",)), ("theme:trust:1", ("tools", "trust")), ("theme:tools:0", ("trust",))]
        for data, _ in wanted:
            press(talk, data)
        await talk.wake()
        async for _ in answered(api, times=3):
            process.kill()
            process.communicate()
            process = start(home, api)
        await talk.handled(talk._number)
        await talk.press(CHAT, "Send it")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
        assert process.stderr is not None
        assert b"serves subscribers" in process.stderr.read()
        process.stderr.close()
    found = app.database.read(subscribers.find_subscriber, kind=ChannelKind.TELEGRAM, address=str(CHAT))
    assert found is not None
    channel = app.database.write(ensure_channel)
    subscription = app.database.read(subscribers.find_subscription, found.id, channel)
    assert subscription is not None
    assert (subscription.status, subscription.preferences.themes) == (SubscriptionStatus.CONFIRMED, ("trust",))
    events = [each.event.value for each in app.database.read(consent.list_events, found.id)]
    assert events == ["requested", "changed", "changed", "changed", "confirmed"]


def press(talk: Talk, data: str) -> None:
    screen = {"message_id": 1, "date": 1, "chat": {"id": CHAT, "type": "private"}, "text": "x"}
    person = {"id": CHAT, "is_bot": False, "first_name": "x"}
    talk.enqueue(callback_query={"id": "1", "from": person, "chat_instance": "1", "data": data, "message": screen})


async def answered(api: BotApi, *, times: int) -> AsyncIterator[int]:
    """Yield each time the bot has just begun to answer a press: what it did is committed, and not yet remembered."""
    begun = asyncio.Event()
    acknowledge = api.methods["answerCallbackQuery"]

    async def noticed(parameters: dict[str, str]) -> Any:
        begun.set()
        return await acknowledge(parameters)

    api.methods["answerCallbackQuery"] = noticed
    for number in range(times):
        await asyncio.wait_for(begun.wait(), 60)
        begun.clear()
        yield number
    api.methods["answerCallbackQuery"] = acknowledge


# -- one at a time -----------------------------------------------------------------------------------------------------


async def test_a_second_instance_is_reported_plainly(still: Bot) -> None:
    reports: list[str] = []
    stop = asyncio.Event()
    async with still.running():
        await still.talk.say(CHAT, "/help")
        second = asyncio.create_task(run_bot(still.app, still.account, stop=stop, report=reports.append, pace=FAST))
        while not any("another process asks Telegram" in line for line in (*reports, *still.reports)):
            await asyncio.wait((second,), timeout=0.05)
        stop.set()
        await second
    said = [line for line in (*reports, *still.reports) if "another process" in line]
    assert TOKEN not in "".join(said)


async def test_an_unknown_token_is_said_in_one_line(still: Bot) -> None:
    wrong = Account(token="123456789:AAF-another_token_of-35-characters-x", base_url=still.api.base_url)
    with pytest.raises(ConfigError, match="does not know the bot's token"):
        await run_bot(still.app, wrong, stop=asyncio.Event(), report=still.reports.append)


async def test_telegram_down_at_the_start_is_survived(still: Bot) -> None:
    account = Account(token=TOKEN, base_url="http://127.0.0.1:9/bot")
    stop, said = asyncio.Event(), asyncio.Event()

    def report(line: str) -> None:
        still.reports.append(line)
        said.set()

    serving = asyncio.create_task(run_bot(still.app, account, stop=stop, report=report))
    await said.wait()
    stop.set()
    await asyncio.wait_for(serving, 5)
    assert "cannot be reached" in still.reports[0]
    assert TOKEN not in still.reports[0]


# -- webhooks ----------------------------------------------------------------------------------------------------------


async def test_a_webhook_takes_what_its_secret_signs(still: Bot, desk: Desk) -> None:
    body = json.dumps(message(still.talk, "/start")).encode()
    assert re.fullmatch("[0-9a-f]{64}", webhook_secret(still.app))
    assert await handle_webhook(desk, body, given="wrong", secret="s3cret") == 401
    assert await handle_webhook(desk, body, given=None, secret="s3cret") == 401
    assert still.api.sent == []
    assert await handle_webhook(desk, body, given="s3cret", secret="s3cret") == 200
    assert await handle_webhook(desk, body, given="s3cret", secret="s3cret") == 200
    assert len(still.api.sent) == 1
    for nonsense in (b"", b"[]", b"null", b"{", b"[" * 100_000):
        assert await handle_webhook(desk, nonsense, given="s3cret", secret="s3cret") == 400


async def test_a_webhook_is_set_and_polling_takes_it_away(still: Bot, desk: Desk) -> None:
    with pytest.raises(ConfigError, match="refuses the webhook"):
        await set_webhook(desk, "http://digest.example/telegram", "s3cret")
    await set_webhook(desk, "https://digest.example/telegram", "s3cret")
    assert still.talk.webhook
    async with still.running():
        await still.talk.say(CHAT, "/help")
    assert not still.talk.webhook


# -- hostile updates ---------------------------------------------------------------------------------------------------


class Direct(BaseRequest):
    """Brings calls to the strict server without a network."""

    def __init__(self, api: BotApi) -> None:
        self.api = api

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        """Need nothing."""

    async def shutdown(self) -> None:
        """Need nothing."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **kwargs: Any
    ) -> tuple[int, bytes]:
        parameters: dict[str, Any] = dict(request_data.json_parameters) if request_data else {}
        if request_data and request_data.contains_files:
            parameters |= {name: part[1] for name, part in (request_data.multipart_data or {}).items()}
        try:
            result = await self.api.methods[url.rpartition("/")[2]](parameters)
        except Refused as refused:
            self.api.refused.append((url, refused, parameters))
            told = {"ok": False, "error_code": refused.code, "description": refused.description}
            return refused.code, json.dumps(told).encode()
        return 200, json.dumps({"ok": True, "result": result}).encode()


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(sorted((*COMMANDS, "nonsense", "x" * 40)))
hostile = st.text(max_size=60) | st.sampled_from(
    [
        "<b>",
        "</a>&amp;&lt;",
        "\u202egnp.exe",
        "+25:99",
        "/",
        "/start@",
        "7",
        "friday 99",
        "22-22",
        "A" * 5000,
        "𝔄" * 4096,
    ]
)
texts = hostile | st.builds(lambda name, words: f"/{name} {words}", names, hostile)
presses = st.builds(
    lambda name, rest: ":".join((name, *rest)),
    st.sampled_from(sorted((*PRESSES, "go", "nonsense"))),
    st.lists(
        st.sampled_from(["tools", "*", "1", "0", "-1", "fri", "25", "Europe/Berlin", "Nowhere", "22-7", "yes", "de"])
        | st.sampled_from(sorted(SCREENS))
        | st.integers(-(10**20), 10**20).map(str)
        | st.text(max_size=8),
        max_size=3,
    ),
)
chats = st.sampled_from([{"id": 7, "type": "private"}, {"id": -5, "type": "group"}, {"id": -100_9, "type": "channel"}])
people = st.sampled_from([{"id": 7, "is_bot": False, "first_name": "<&>"}, {"id": 8, "language_code": "de"}, {}])
well_formed = st.one_of(
    st.builds(
        lambda chat, who, text: {"message": {"message_id": 1, "chat": chat, "from": who, "text": text}},
        chats, people, texts,
    ),
    st.builds(
        lambda chat, who, data, at: {
            "callback_query": {"id": "1", "from": who, "data": data, "message": {"message_id": at, "chat": chat}}
        },
        chats, people, presses, st.integers(1, 4),
    ),
    st.builds(
        lambda chat, who, to: {"my_chat_member": {"chat": chat, "from": who, "new_chat_member": {"status": to}}},
        chats, people, st.sampled_from(["kicked", "member", "left", "<b>"]),
    ),
)  # fmt: skip
kinds = st.sampled_from(["message", "callback_query", "my_chat_member", "channel_post"])
updates = well_formed | st.dictionaries(kinds, junk, max_size=2)


@given(said=st.lists(updates, min_size=1, max_size=8))
@settings(
    max_examples=int(os.environ.get("TRENDBOT_TEST_BOT_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_update_breaks_anything_and_every_answer_is_valid(app: App, said: list[dict[str, Any]]) -> None:
    asyncio.run(hand_over(app, said))


_NUMBERS = iter(range(10**6, 10**9))


async def hand_over(app: App, updates: list[dict[str, Any]]) -> None:
    api = BotApi(limits=Limits(**UNBOUND))
    talking(api)
    api.add(Chat(id=-5, type="group"))
    request = Direct(api)
    bot = LibraryBot(TOKEN, request=request, get_updates_request=request)
    await bot.initialize()
    house = House(brand="A <b> & co", site_url="https://x.example", channel_id=app.database.write(ensure_channel),
                  key=app.key())  # fmt: skip
    desk = Desk(
        bot=bot, username="loopback_bot", database=app.database, renderer=app.renderer, clock=app.clock, house=house,
        courier=Courier(bot, app.database, pace=FAST),
    )  # fmt: skip
    for update in updates:
        await handle_update(desk, {"update_id": next(_NUMBERS)} | update)
    expected = ("message to edit not found", "message to delete not found", "not modified", "chat not found")
    wrong = [str(refused) for _, refused, _ in api.refused if not any(each in str(refused) for each in expected)]
    assert wrong == []
    assert not any(sent.text.startswith("That did not work") for sent in api.sent)
    assert all(sent.lost_links == [] for sent in api.sent)


@given(said=junk)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_at_all_is_no_update(app: App, said: Any) -> None:
    if isinstance(said, dict):
        asyncio.run(hand_over(app, [said]))
