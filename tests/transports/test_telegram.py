from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.botapi import TOKEN, BotApi, Chat, Fault, Kind, Limits, Refused, bot_api, state

from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.errors import ChannelError, RecipientError, TransportError
from trendbot.transports.base import Button, Message
from trendbot.transports.telegram import TelegramTransport

PNG = b"\x89PNG\r\n"
MESSAGE = Message(
    key="e1.c2.s3.p0",
    kind=ChannelKind.TELEGRAM,
    address="42",
    cadence=Cadence.DAILY,
    slot="2026-11-15",
    number=3,
    title="trendbot daily, no. 3",
    part=0,
    parts=1,
    body='<b>Grüße</b> &amp; <a href="https://site.example/1">mehr</a> 😀',
    text=None,
    subject=None,
    composed_at=datetime(2026, 11, 15, 18, tzinfo=UTC),
)


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with bot_api(limits=Limits(overall=1000, burst=1000)) as served:
        yield served


@pytest.fixture
async def telegram(api: BotApi) -> AsyncIterator[TelegramTransport]:
    transport = TelegramTransport(token=TOKEN, base_url=api.base_url)
    yield transport
    await transport.close()


async def refusal(telegram: TelegramTransport, message: Message = MESSAGE) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await telegram.send(message)
    return caught.value


async def test_a_message_arrives_with_its_links_and_is_known_by_its_number(
    api: BotApi, telegram: TelegramTransport
) -> None:
    receipt = await telegram.send(MESSAGE)
    assert receipt.external_id == "42/1"
    (sent,) = api.sent
    assert sent.text == "Grüße & mehr 😀"
    assert [entity["type"] for entity in sent.entities] == ["bold", "text_link"]
    assert '"is_disabled": true' in sent.asked["link_preview_options"]


async def test_buttons_stand_below_a_message(api: BotApi, telegram: TelegramTransport) -> None:
    await telegram.send(replace(MESSAGE, buttons=((Button(text="Why?", data="why:1"),),)))
    assert '"callback_data": "why:1"' in api.sent[0].asked["reply_markup"]


async def test_what_came_too_late_is_named_at_the_top_where_there_is_room(
    api: BotApi, telegram: TelegramTransport
) -> None:
    await telegram.send(replace(MESSAGE, preface="<i>Missed: no. 2</i>"))
    await telegram.send(replace(MESSAGE, body="x" * 4090, preface="<i>Missed: no. 2</i>"))
    assert api.sent[0].text.startswith("Missed: no. 2\n\nGrüße")
    assert api.sent[1].text == "x" * 4090


async def test_a_chart_is_a_photo_with_the_text_as_its_caption(api: BotApi, telegram: TelegramTransport) -> None:
    receipt = await telegram.send(replace(MESSAGE, photo=PNG))
    assert receipt.external_id == "42/1/photo"
    assert (api.sent[0].method, api.sent[0].photo, api.sent[0].text) == ("sendPhoto", PNG, "Grüße & mehr 😀")


async def test_a_text_too_long_for_a_caption_goes_without_the_chart(api: BotApi, telegram: TelegramTransport) -> None:
    await telegram.send(replace(MESSAGE, photo=PNG, body="x" * 1025))
    assert api.sent[0].method == "sendMessage"


async def test_a_theme_goes_to_its_topic_and_to_general_where_that_is_gone(
    api: BotApi, telegram: TelegramTransport
) -> None:
    api.add(Chat(id=-1007, type="supergroup", topics={5, 6}, closed_topics={6}))
    for topic in (5, 6, 9):
        await telegram.send(replace(MESSAGE, address="-1007", topic=topic))
    assert [sent.thread_id for sent in api.sent] == [5, None, None]


async def test_a_channel_is_written_to_by_its_name(api: BotApi, telegram: TelegramTransport) -> None:
    api.add(Chat(id=-1009, type="channel", username="wire"))
    assert (await telegram.send(replace(MESSAGE, address="@wire"))).external_id == "-1009/1"


async def test_a_group_that_became_another_is_followed(api: BotApi, telegram: TelegramTransport) -> None:
    api.add(Chat(id=-7, type="group", moved_to=-1007))
    api.add(Chat(id=-1007, type="supergroup"))
    receipt = await telegram.send(replace(MESSAGE, address="-7"))
    assert (receipt.moved_to, receipt.external_id) == ("-1007", "-1007/1")


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("<p>one</p> &amp; two", "one & two"),
        ("<b>one", "one"),
        ("one < two", "one < two"),
        ("<b>" + "x" * 5000 + "</b>", "x" * 4095 + "…"),
    ],
)
async def test_html_that_the_server_refuses_goes_as_plain_text_once(
    api: BotApi, telegram: TelegramTransport, body: str, seen: str
) -> None:
    await telegram.send(replace(MESSAGE, body=body))
    assert api.to(42) == [seen]
    assert api.calls["sendMessage"] == 2


async def test_buttons_and_pictures_that_the_server_dislikes_are_left_out(
    api: BotApi, telegram: TelegramTransport
) -> None:
    await telegram.send(replace(MESSAGE, buttons=((Button(text="Why?", data="x" * 65),),), photo=b"no picture"))
    assert "reply_markup" not in api.sent[0].asked
    assert api.sent[0].photo is None


GONE = [
    "Forbidden: user is deactivated",
    "Forbidden: bot was kicked from the group chat",
    "Forbidden: bot was kicked from the supergroup chat",
    "Forbidden: bot was kicked from the channel chat",
    "Forbidden: bot is not a member of the channel chat",
    "Forbidden: bot is not a member of the supergroup chat",
    "Forbidden: the group chat was deleted",
    "Forbidden: bot can't initiate conversation with a user",
    "Bad Request: chat not found",
    "Bad Request: private chat not found",
]
RIGHTS = [
    "Bad Request: need administrator rights in the channel chat",
    "Bad Request: not enough rights to send text messages to the chat",
    "Bad Request: CHAT_WRITE_FORBIDDEN",
    "Bad Request: have no rights to send a message",
]


def answering(api: BotApi, text: str, code: int | None = None, **parameters: int) -> None:
    code = code or (403 if text.startswith("Forbidden") else 400)
    refused = Refused(code, text, **parameters)
    api.fault_of = lambda _method, _parameters: Fault(kind=Kind.ANSWER, refused=refused)


@pytest.mark.parametrize("text", GONE)
async def test_a_chat_that_is_gone_is_retired(api: BotApi, telegram: TelegramTransport, text: str) -> None:
    answering(api, text)
    error = await refusal(telegram)
    assert isinstance(error, RecipientError)
    assert (error.gone, error.permanent, error.outcome_known) == (True, True, True)


async def test_a_chat_that_blocked_the_bot_is_not_gone(api: BotApi, telegram: TelegramTransport) -> None:
    answering(api, "Forbidden: bot was blocked by the user")
    error = await refusal(telegram)
    assert isinstance(error, RecipientError)
    assert not error.gone


@pytest.mark.parametrize("text", RIGHTS)
async def test_a_channel_without_the_right_to_post_waits_for_a_person(
    api: BotApi, telegram: TelegramTransport, text: str
) -> None:
    answering(api, text)
    error = await refusal(telegram)
    assert isinstance(error, ChannelError)
    assert not error.whole
    assert not error.permanent


@pytest.mark.parametrize(("code", "text"), [(401, "Unauthorized"), (404, "Not Found")])
async def test_a_token_that_is_not_known_stops_all_channels(
    api: BotApi, telegram: TelegramTransport, code: int, text: str
) -> None:
    answering(api, text, code)
    error = await refusal(telegram)
    assert isinstance(error, ChannelError)
    assert error.whole


@pytest.mark.parametrize("text", ["Bad Request: message text is empty", "Bad Request: something quite new"])
async def test_another_refusal_is_final(api: BotApi, telegram: TelegramTransport, text: str) -> None:
    answering(api, text)
    error = await refusal(telegram)
    assert (type(error), error.permanent) == (TransportError, True)


@pytest.mark.parametrize("given", [{"retry_after": 7}, {}])
async def test_a_429_says_how_long_and_that_nothing_was_sent(
    api: BotApi, telegram: TelegramTransport, given: dict[str, int]
) -> None:
    answering(api, "Too Many Requests: retry after 7", 429, **given)
    error = await refusal(telegram)
    assert (error.permanent, error.retry_after, error.outcome_known) == (False, given.get("retry_after", 5), True)


async def test_a_second_instance_is_no_reason_to_lose_a_message(api: BotApi, telegram: TelegramTransport) -> None:
    answering(api, "Conflict: terminated by other getUpdates request", 409)
    error = await refusal(telegram)
    assert (error.permanent, error.outcome_known) == (False, True)


async def test_a_server_in_trouble_may_have_taken_it(api: BotApi, telegram: TelegramTransport) -> None:
    answering(api, "Internal Server Error", 500)
    assert not (await refusal(telegram)).outcome_known


@pytest.mark.parametrize("kind", [Kind.DROP_BEFORE, Kind.DROP_AFTER, Kind.GARBAGE])
async def test_a_broken_line_leaves_the_outcome_unknown(api: BotApi, telegram: TelegramTransport, kind: Kind) -> None:
    api.faults.append(Fault(kind=kind))
    error = await refusal(telegram)
    assert (error.permanent, error.outcome_known) == (False, False)
    assert len(api.sent) == (kind is not Kind.DROP_BEFORE)


async def test_a_host_that_is_down_was_surely_sent_nothing() -> None:
    telegram = TelegramTransport(token=TOKEN, base_url="http://127.0.0.1:9/bot")
    error = await refusal(telegram)
    assert (error.permanent, error.outcome_known) == (False, True)
    await telegram.close()


async def test_a_sent_message_is_edited_and_the_same_again_is_no_error(
    api: BotApi, telegram: TelegramTransport
) -> None:
    receipt = await telegram.send(MESSAGE)
    for _ in range(2):
        again = await telegram.edit(replace(MESSAGE, body="<i>Corrected</i>"), receipt.external_id or "")
        assert again.external_id == receipt.external_id
    assert api.to(42) == ["Corrected"]


async def test_the_caption_of_a_chart_is_edited(api: BotApi, telegram: TelegramTransport) -> None:
    receipt = await telegram.send(replace(MESSAGE, photo=PNG))
    await telegram.edit(replace(MESSAGE, body="<p>Corrected</p>"), receipt.external_id or "")
    assert api.to(42) == ["Corrected"]


async def test_a_message_that_has_gone_is_not_edited(telegram: TelegramTransport) -> None:
    for external_id in ("42/9", "nonsense"):
        with pytest.raises(TransportError) as caught:
            await telegram.edit(MESSAGE, external_id)
        assert caught.value.permanent


async def test_it_can_be_checked_without_writing(api: BotApi, telegram: TelegramTransport) -> None:
    api.add(Chat(id=-1009, type="channel", username="wire", title="The Wire"))
    assert await telegram.check("@wire") == "@loopback_bot in channel The Wire"
    assert await telegram.check("") == "@loopback_bot"
    with pytest.raises(RecipientError):
        await telegram.check("@nobody")
    assert api.sent == []


async def test_it_can_be_used_again_after_it_was_closed(api: BotApi, telegram: TelegramTransport) -> None:
    await telegram.send(MESSAGE)
    await telegram.close()
    await telegram.send(MESSAGE)
    assert len(api.sent) == 2


def test_groups_have_the_slower_budget() -> None:
    telegram = TelegramTransport(token=TOKEN)
    chat, group, channel = (telegram.budgets(replace(MESSAGE, address=to)) for to in ("42", "-1007", "@wire"))
    assert [budget.key for budget in chat] == ["tg:all", "tg:chat:42"]
    assert (chat[0].rate, chat[1].rate) == (29, 1)
    assert group[1].rate == channel[1].rate == pytest.approx(20 / 61)


async def test_the_token_is_in_no_error_and_no_log(
    api: BotApi, telegram: TelegramTransport, caplog: pytest.LogCaptureFixture
) -> None:
    """The library puts the token into addresses, and those into its exceptions and log lines."""
    said = [repr(telegram)]
    down = TelegramTransport(token=TOKEN, base_url="http://127.0.0.1:9/bot")
    with caplog.at_level(logging.DEBUG):
        await telegram.send(MESSAGE)
        for fault in (
            Fault(kind=Kind.DROP_BEFORE),
            Fault(kind=Kind.GARBAGE),
            Fault(kind=Kind.ANSWER, refused=state.flood(3)),
            Fault(kind=Kind.ANSWER, refused=Refused(401, "Unauthorized")),
            Fault(kind=Kind.ANSWER, refused=Refused(404, f"Not Found: /bot{TOKEN}/sendMessage")),
            Fault(kind=Kind.ANSWER, refused=Refused(400, f"Bad Request: see {api.base_url}{TOKEN}/x")),
        ):
            api.faults.append(fault)
            said += _everything(await refusal(telegram))
        said += _everything(await refusal(down))
        await down.close()
    said += [record.getMessage() + str(record.args) for record in caplog.records]
    assert len(said) > 8
    assert not [text for text in said if TOKEN in text or TOKEN.split(":")[1] in text]


def _everything(error: BaseException) -> list[str]:
    return [str(error), repr(error), "".join(traceback.format_exception(error))]
