"""Whole talks with the bot, through the strict server on loopback."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from tests import builders
from tests.botapi.talking import group

from trendbot import subscriptions
from trendbot.core.consent import Preferences
from trendbot.core.hours import Quiet
from trendbot.core.tokens import Purpose, seal, unseal
from trendbot.core.vocabulary import Cadence, ChannelKind, SubscriptionStatus, SuppressionReason
from trendbot.store import consent, schema, subscribers
from trendbot.subscriptions import Act

if TYPE_CHECKING:
    from tests.bot.conftest import Bot

    from trendbot.store.subscribers import Subscription

CHAT = 4242
S = SubscriptionStatus


def standing(bot: Bot, chat: int = CHAT) -> Subscription:
    found = bot.subscription(chat)
    assert found is not None
    return found


async def joined(bot: Bot, chat: int = CHAT) -> None:
    await bot.talk.say(chat, "/start")
    await bot.talk.press(chat, "Send it")


async def test_three_taps_lead_to_a_personal_digest(bot: Bot) -> None:
    talk = bot.talk
    await talk.say(CHAT, "/start")
    first = talk.screen(CHAT)
    assert "From the newest digest" in first
    assert first.count("•") == 3
    assert standing(bot).status is S.UNCONFIRMED
    await talk.press(CHAT, "Tools for people")
    assert len(talk.shown(CHAT)) == 1
    assert "Chosen: Tools for people." in talk.screen(CHAT)
    await talk.press(CHAT, "Send it daily at 08:00")
    screen, digest = talk.shown(CHAT)
    assert "Your digest comes daily at 08:00 (UTC)" in screen.text
    assert "on “Tools for people”" in digest.text
    assert talk.labels(digest) == [["Why these", "More or less"], ["Settings"]]
    got = standing(bot)
    assert (got.status, got.preferences.themes) == (S.CONFIRMED, ("tools",))
    assert got.next_at == datetime(2026, 11, 16, 8, tzinfo=UTC)
    events = bot.app.database.read(consent.list_events, got.subscriber_id)
    assert [each.event.value for each in events] == ["requested", "changed", "confirmed"]
    assert events[-1].wording == (
        "I ask for the digest of trendbot in this chat, daily at 08:00 (UTC), until I stop it with /stop."
    )
    assert talk.edits == 2


async def test_settings_are_saved_at_once_in_one_message(bot: Bot) -> None:
    talk = bot.talk
    await joined(bot)
    await talk.say(CHAT, "/when")
    for label in ("Weekly", "18:00", "Fri", "Alerts: 3 a day"):
        await talk.press(CHAT, label)
    await talk.press(CHAT, "Back")
    await talk.press(CHAT, "Quiet hours")
    await talk.press(CHAT, "22:00–07:00")
    await talk.press(CHAT, "Back")
    await talk.press(CHAT, "Themes")
    await talk.press(CHAT, "Market and adoption")
    await talk.press(CHAT, "Tools for people")
    await talk.press(CHAT, "Market and adoption")
    wish = standing(bot).preferences
    assert wish == Preferences(
        themes=("tools",), cadence=Cadence.WEEKLY, hour=18, weekday="fri", quiet=Quiet(start=22, end=7), alerts=3
    )
    assert len(talk.shown(CHAT)) == 2  # the digest, and the one screen
    await talk.press(CHAT, "All themes")
    assert standing(bot).preferences.themes == ()


@pytest.mark.parametrize(
    ("said", "zone"),
    [("Lisbon", "Europe/Lisbon"), ("münchen", "Europe/Berlin"), ("+5:30", "Asia/Kolkata"), ("UTC-3", "Etc/GMT+3")],
)
async def test_the_time_zone_is_asked_by_city_or_offset(bot: Bot, said: str, zone: str) -> None:
    await joined(bot)
    await bot.talk.say(CHAT, "/timezone")
    await bot.talk.say(CHAT, "no such place at all")
    assert "I know no such city" in bot.talk.screen(CHAT)
    await bot.talk.say(CHAT, said)
    assert standing(bot).preferences.timezone == zone
    await bot.talk.say(CHAT, "Paris")  # the question is answered: this is just a word
    assert standing(bot).preferences.timezone == zone


async def test_a_doubtful_city_is_asked_back(bot: Bot) -> None:
    await joined(bot)
    await bot.talk.say(CHAT, "/timezone Louisville")
    assert "Which one is it?" in bot.talk.screen(CHAT)
    await bot.talk.press(CHAT, "America/Kentucky/Louisville")
    assert standing(bot).preferences.timezone == "America/Kentucky/Louisville"


@pytest.mark.parametrize(
    ("said", "hour", "weekday", "cadence"),
    [
        ("/when 7", 7, "mon", Cadence.DAILY),
        ("/when friday 18", 18, "fri", Cadence.WEEKLY),
        ("/when every Sunday at 9:00", 9, "sun", Cadence.WEEKLY),
        ("/when nonsense", 8, "mon", Cadence.DAILY),
        ("/when 99", 8, "mon", Cadence.DAILY),
    ],
)
async def test_when_takes_words(bot: Bot, said: str, hour: int, weekday: str, cadence: Cadence) -> None:
    await joined(bot)
    await bot.talk.say(CHAT, said)
    wish = standing(bot).preferences
    assert (wish.hour, wish.weekday, wish.cadence) == (hour, weekday, cadence)


async def test_quiet_hours_take_words(bot: Bot) -> None:
    await joined(bot)
    await bot.talk.say(CHAT, "/quiet 21-6")
    assert standing(bot).preferences.quiet == Quiet(start=21, end=6)
    await bot.talk.say(CHAT, "/quiet 7-7")
    assert "I understand two full hours" in bot.talk.screen(CHAT)
    await bot.talk.say(CHAT, "/quiet off")
    assert standing(bot).preferences.quiet is None


async def test_a_pause_and_its_end(bot: Bot) -> None:
    await joined(bot)
    await bot.talk.say(CHAT, "/pause")
    await bot.talk.press(CHAT, "A week")
    assert standing(bot).status is S.PAUSED
    assert "Paused until Sunday 22 November, 18:00." in bot.talk.screen(CHAT)
    await bot.talk.press(CHAT, "Resume")
    assert standing(bot).status is S.CONFIRMED


async def test_every_command_answers(bot: Bot) -> None:
    await joined(bot)
    for language in ("English", "Deutsch"):
        await bot.talk.say(CHAT, "/settings")
        await bot.talk.press(CHAT, "Language")
        await bot.talk.press(CHAT, language)
        for command in bot.talk.commands[""]:
            if command["command"] in ("forget", "stop"):
                continue
            before = len(bot.api.sent)
            await bot.talk.say(CHAT, f"/{command['command']}")
            assert len(bot.api.sent) > before, command
    assert "KI-Nachrichten" in bot.talk.screen(CHAT)
    assert set(bot.talk.commands) == set(bot.talk.descriptions) == {"", "de"}


async def test_words_that_nobody_knows(bot: Bot) -> None:
    await bot.talk.say(CHAT, "what is <b>this</b> & that?")
    assert "I only know commands" in bot.talk.screen(CHAT)
    await bot.talk.say(CHAT, "/nonsense")
    assert "I know no command /nonsense" in bot.talk.screen(CHAT)
    await bot.talk.say(CHAT, "/start@another_bot")
    assert bot.subscription(CHAT) is None


async def test_a_search_shows_what_it_found(bot: Bot) -> None:
    await bot.talk.say(CHAT, "/search")
    assert "What shall I look for?" in bot.talk.screen(CHAT)
    await bot.talk.say(CHAT, "/search <i>no</i> such & thing")
    assert "“<i>no</i> such & thing”" in bot.talk.screen(CHAT)
    await bot.talk.say(CHAT, "/search alder")
    assert "the best first" in bot.talk.screen(CHAT)


async def test_what_rises_is_told_with_its_numbers(bot: Bot) -> None:
    await bot.talk.say(CHAT, "/trends")
    assert "Too little is known yet" in bot.talk.screen(CHAT)
    today = bot.app.clock().date()
    bot.app.database.write(builders.add_reading, as_of=today, theme="tools")
    await bot.talk.say(CHAT, "/trends", language="de")
    assert bot.talk.screen(CHAT).splitlines() == [
        "Nimmt zu, bis 15. November 2026",
        "• Tools for people: 23 Meldungen in 7 Tagen, sonst 8",
    ]


async def test_why_a_story_is_there_and_more_of_it(bot: Bot) -> None:
    await joined(bot)
    await bot.talk.press(CHAT, "Why these")
    assert "Why these stories?" in bot.talk.screen(CHAT)
    await bot.talk.press(CHAT, "1")
    told = bot.talk.screen(CHAT)
    assert ": +" in told
    assert "points." in told
    await bot.talk.press(CHAT, "More like this")
    assert bot.talk.notes[-1].text == "Noted: more like this."
    await bot.talk.press(CHAT, "Back")
    await bot.talk.press(CHAT, "1")
    assert "Your own word: " in bot.talk.screen(CHAT)
    await bot.talk.say(CHAT, "/less")
    await bot.talk.press(CHAT, "−")
    assert bot.talk.notes[-1].text == "Noted: less like this."
    assert bot.app.database.read(said) == [(-1,)]
    await bot.talk.press(CHAT, "−")
    assert bot.talk.notes[-1].text == "Taken back."


def said(session: Any) -> list[tuple[int]]:
    return [tuple(row) for row in session.execute(select(schema.Feedback.value))]


async def test_stop_start_and_forget(bot: Bot) -> None:
    await joined(bot)
    await bot.talk.say(CHAT, "/stop")
    assert standing(bot).status is S.UNSUBSCRIBED
    await bot.talk.say(CHAT, "/settings")
    assert "You are not subscribed" in bot.talk.screen(CHAT)
    await bot.talk.say(CHAT, "/start")
    assert standing(bot).status is S.UNCONFIRMED
    await bot.talk.say(CHAT, "/forget")
    await bot.talk.press(CHAT, "Keep it")
    assert bot.subscription(CHAT) is not None
    await bot.talk.say(CHAT, "/forget")
    await bot.talk.press(CHAT, "Delete everything")
    assert bot.subscription(CHAT) is None
    with bot.app.database.engine.connect() as connection:
        for table in schema.Base.metadata.sorted_tables:
            if table.name not in ("rates", "bot_updates"):
                assert str(CHAT) not in str(connection.execute(select(table)).all()), table.name


async def test_everything_that_is_stored_comes_as_a_file(bot: Bot) -> None:
    await bot.talk.say(CHAT, "/export")
    assert "Nothing is stored about you" in bot.talk.screen(CHAT)
    await joined(bot)
    await bot.talk.say(CHAT, "/export")
    ((chat, file),) = bot.talk.files
    tree = json.loads(file)
    assert (chat, tree["addresses"][0]["address"]) == (CHAT, str(CHAT))
    assert tree["addresses"][0]["subscriptions"][0]["status"] == "confirmed"


async def test_the_personal_feed_has_an_address_of_its_own(bot: Bot) -> None:
    await joined(bot)
    await bot.talk.say(CHAT, "/feed")
    address = bot.talk.screen(CHAT).splitlines()[1]
    assert address.startswith("https://digest.example/feed/")
    token = address.rpartition("/")[2].removesuffix(".atom")
    sealed = unseal(bot.app.key(), Purpose.FEED, token, now=bot.app.clock())
    found = bot.app.database.read(subscribers.find_public, sealed.subject)
    assert found is not None
    assert found.address == str(CHAT)


async def test_who_blocks_is_paused_and_who_comes_back_goes_on(bot: Bot) -> None:
    await joined(bot)
    await bot.talk.member(CHAT, "kicked")
    assert standing(bot).status is S.PAUSED
    await bot.talk.member(CHAT, "member")
    assert standing(bot).status is S.CONFIRMED
    await bot.talk.member(CHAT, "kicked")
    await bot.talk.say(CHAT, "/start")
    assert standing(bot).status is S.CONFIRMED
    await bot.talk.say(CHAT, "/pause")
    await bot.talk.press(CHAT, "Until I resume")
    await bot.talk.member(CHAT, "kicked")
    await bot.talk.member(CHAT, "member")
    assert standing(bot).status is S.PAUSED  # as asked


# -- deep links --------------------------------------------------------------------------------------------------------


def reader_of_mail(bot: Bot) -> str:
    """Let there be a reader of mail; return the public id."""

    def work(session: Any) -> str:
        channel = schema.Channel(
            slug="mail", kind=ChannelKind.EMAIL, transport="email", address="x", cadence=Cadence.WEEKLY, personal=True
        )
        session.add(channel)
        session.flush()
        asked = subscriptions.subscribe(
            session, kind=ChannelKind.EMAIL, address="ann@example.org", channel_id=channel.id,
            act=Act(method="web", now=bot.app.clock()), key=bot.app.key(),
            preferences=Preferences(themes=("market",), timezone="Asia/Tokyo", cadence=Cadence.WEEKLY),
        )  # fmt: skip
        assert asked.subscriber is not None
        return asked.subscriber.public_id

    return bot.app.database.write(work)


async def test_a_deep_link_joins_two_addresses_of_one_person(bot: Bot) -> None:
    public = reader_of_mail(bot)
    key, now = bot.app.key(), bot.app.clock()
    await bot.talk.say(CHAT, f"/start {seal(key, Purpose.LINK, public, expires_at=now)}")
    assert "That link is not valid any more" in bot.talk.screen(CHAT)
    await bot.talk.say(CHAT, "/forget")
    await bot.talk.press(CHAT, "Delete everything")
    token = seal(key, Purpose.LINK, public, expires_at=now + timedelta(hours=1))
    await bot.talk.say(CHAT, f"/start {token}")
    assert "This chat and your address a…@example.org now belong together" in bot.talk.screen(CHAT)
    wish = standing(bot).preferences
    assert (wish.themes, wish.timezone) == (("market",), "Asia/Tokyo")
    await bot.talk.say(CHAT, "/forget")
    await bot.talk.press(CHAT, "Delete everything")
    assert bot.app.database.read(subscribers.find_public, public) is None


async def test_a_deep_link_may_name_a_theme(bot: Bot) -> None:
    await bot.talk.say(CHAT, "/start t-trust")
    assert standing(bot).preferences.themes == ("trust",)
    await bot.talk.say(CHAT, "/start t-market")  # known by now: a link changes no wish
    assert standing(bot).preferences.themes == ("trust",)


async def test_the_operator_may_refuse_a_chat(bot: Bot) -> None:
    act = Act(method="operator", now=bot.app.clock())
    bot.app.database.write(
        subscriptions.suppress, kind=ChannelKind.TELEGRAM, address=str(CHAT), reason=SuppressionReason.OPERATOR,
        act=act, key=bot.app.key(),
    )  # fmt: skip
    await bot.talk.say(CHAT, "/start")
    assert bot.talk.screen(CHAT) == "This bot does not write to this chat; its operator can change that."
    await bot.talk.say(CHAT, "/when 7")
    assert bot.subscription(CHAT) is None


# -- groups ------------------------------------------------------------------------------------------------------------


async def test_only_administrators_configure_a_group(bot: Bot) -> None:
    group(bot.api)
    bot.talk.admins.add((-100_500, 1))
    await bot.talk.say(-100_500, "/start", user=2)
    assert "Only administrators of this group" in bot.talk.screen(-100_500)
    assert bot.subscription(-100_500) is None
    await bot.talk.say(-100_500, "/start@loopback_bot", user=1)
    await bot.talk.press(-100_500, "Tools for people", user=2)
    assert bot.talk.notes[-1].text == "Only administrators of this group can change that."
    assert standing(bot, -100_500).preferences.themes == ()
    await bot.talk.press(-100_500, "Tools for people", user=1)
    assert standing(bot, -100_500).preferences.themes == ("tools",)


async def test_a_group_talks_among_itself(bot: Bot) -> None:
    group(bot.api)
    before = len(bot.api.sent)
    await bot.talk.say(-100_500, "hello all", user=2)
    await bot.talk.say(-100_500, "/poll", user=2)
    assert len(bot.api.sent) == before
    await bot.talk.say(-100_500, "/latest", user=2)
    assert len(bot.api.sent) > before


async def test_who_writes_as_the_group_is_an_administrator(bot: Bot) -> None:
    group(bot.api)
    await bot.talk.say(-100_500, "/start", user=9, sender_chat={"id": -100_500, "type": "supergroup"})
    assert bot.subscription(-100_500) is not None


async def test_a_group_that_moved_is_followed(bot: Bot) -> None:
    group(bot.api)
    await bot.talk.say(-100_500, "/start", user=9, sender_chat={"id": -100_500, "type": "supergroup"})
    await bot.talk.update(message=bot.talk._message(-100_500, 9, "en") | {"migrate_to_chat_id": -100_777})
    assert bot.subscription(-100_500) is None
    assert bot.subscription(-100_777) is not None
