"""Channels and deliveries on the command line, and a run that posts to a Telegram channel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.botapi import TOKEN, BotApi, Chat, Limits, bot_api_in_a_thread, state
from tests.cli.conftest import Cli, one_line
from tests.cli.site import Page, Site, feed

from trendbot.core.vocabulary import DeliveryStatus
from trendbot.store import deliveries
from trendbot.store.database import Database, sqlite_url

NOW = ("--now", "2026-11-15T18:00Z")


@pytest.fixture
def api() -> Iterator[BotApi]:
    with bot_api_in_a_thread(limits=Limits(overall=1000)) as served:
        served.add(Chat(id=-1009, type="channel", username="wire", title="The Wire"))
        yield served


@pytest.fixture
def telegram(cli: Cli, api: BotApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line with a bot's token in a file."""
    (tmp_path / "token").write_text(TOKEN + "\n")
    monkeypatch.setenv("TRENDBOT_TELEGRAM__TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("TRENDBOT_TELEGRAM__BASE_URL", api.base_url)
    return cli


def listed(cli: Cli) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in cli("channels", "list", "--json").json}


def test_a_channel_is_added_changed_and_removed(cli: Cli) -> None:
    made = cli("channels", "add", "wire", "--to", "@wire", "--topic", "tools=7", "--lost-answer", "resend", "--json")
    assert made.code == 0
    assert (made.json["transport"], made.json["topics"], made.json["lost_answer"]) == (
        "telegram",
        {"tools": 7},
        "resend",
    )
    assert cli("channels", "set", "wire", "--off", "--late", "merge", "--cadence", "weekly").code == 0
    row = listed(cli)["wire"]
    assert (row["on"], row["late"], row["cadence"], row["lost_answer"]) == (False, "merge", "weekly", "resend")
    assert "@wire" in cli("channels", "list").out
    assert cli("channels", "remove", "wire", "--yes").code == 0
    assert listed(cli) == {}


def test_a_bot_with_subscribers_needs_no_address(cli: Cli) -> None:
    said = cli("channels", "add", "bot", "--subscribers")
    assert said.code == 0
    assert "nothing is sent there until telegram is set up" in said.out
    assert listed(cli)["bot"]["subscribers"] is True


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("wire",), "--to"),
        (("Wire!", "--to", "@wire"), "no name"),
        (("wire", "--to", "https://t.me/wire"), "no Telegram chat"),
        (("wire", "--to", "@wire", "--topic", "tools"), "no topic"),
        (("bot", "--subscribers", "--topic", "tools=3"), "topics"),
    ],
)
def test_what_no_remote_could_take_is_wrong_use(cli: Cli, arguments: tuple[str, ...], why: str) -> None:
    said = cli("channels", "add", *arguments)
    assert said.code == 2
    assert why in said.err
    assert one_line(said.err)


def test_a_name_and_an_address_are_given_once(cli: Cli) -> None:
    cli("channels", "add", "wire", "--to", "@wire")
    for twin in (("wire", "--to", "@other"), ("other", "--to", "@wire")):
        said = cli("channels", "add", *twin)
        assert said.code == 1
        assert one_line(said.err)
    assert cli("channels", "set", "nowhere", "--off").code == 1


def test_a_channel_is_tested_without_posting(telegram: Cli, api: BotApi) -> None:
    telegram("channels", "add", "wire", "--to", "@wire")
    telegram("channels", "add", "gone", "--to", "@nobody")
    said = telegram("channels", "test", "wire")
    assert (said.code, said.out) == (0, "channel wire can be reached: @loopback_bot in channel The Wire\n")
    gone = telegram("channels", "test", "gone")
    assert gone.code == 1
    assert "hat not found" in gone.err
    assert api.sent == []


def test_without_a_token_the_test_says_what_is_missing(cli: Cli) -> None:
    cli("channels", "add", "wire", "--to", "@wire")
    said = cli("channels", "test", "wire")
    assert said.code == 2
    assert "TRENDBOT_TELEGRAM__TOKEN_FILE" in said.err


def test_a_run_posts_to_the_channel_once_and_what_failed_is_led_on(
    telegram: Cli, api: BotApi, site: Site, home: Path
) -> None:
    site.pages["/one"] = Page(feed("one", "Meta releases Llama 4 with open weights", "Mixture of experts is cheap"))
    telegram("channels", "add", "wire", "--to", "@wire")
    api.chats[-1009].refuses = state.KICKED
    run = ("run", "--opml", site.opml("/one"), "--allow-private", *NOW)
    said = telegram(*run)
    assert said.code == 1
    assert "channel wire is closed: Telegram: Forbidden: bot was kicked" in said.out
    assert listed(telegram)["wire"]["closed"]
    (failed,) = telegram("deliveries", "list", "--channel", "wire", "--json").json
    assert (failed["status"], failed["address"]) == ("failed", "@wire")

    api.chats[-1009].refuses = None
    assert telegram("channels", "set", "wire", "--on").code == 0
    assert telegram("deliveries", "retry", failed["key"]).out == f"{failed['key']} is pending\n"
    assert telegram(*run).code == 0
    assert [text.startswith("trendbot daily") for text in api.to(-1009)] == [True]
    shown = telegram("deliveries", "show", failed["key"], "--json").json
    assert (shown["status"], shown["external_id"]) == ("sent", "-1009/1")
    assert "<b>trendbot daily" in telegram("deliveries", "show", failed["key"], "--text").out
    assert "sent" in telegram("deliveries", "show", str(failed["id"])).out
    for act in ("retry", "cancel"):
        assert telegram("deliveries", act, failed["key"]).code == 1

    forget(home, failed["key"])
    held = telegram(*run)
    assert held.code == 1
    assert "this database is older than the last message sent" in held.out
    assert telegram("deliveries", "resume").out.startswith("sending goes on; 1 messages are uncertain")
    assert telegram("deliveries", "resolve", failed["key"]).code == 2
    assert telegram("deliveries", "resolve", failed["key"], "--sent").code == 0
    assert telegram(*run).code == 0
    assert len(api.to(-1009)) == 1
    assert "nothing was held back" in telegram("deliveries", "resume").out


def forget(home: Path, key: str) -> None:
    """Put the database back to before a message was sent, as a backup would."""
    with Database(sqlite_url(home / "trendbot.db")) as database:
        row = database.read(deliveries.get_delivery, key)
        assert row.status is DeliveryStatus.SENT
        database.write(_unsent, row.id)


def _unsent(session: object, number: int) -> None:
    from sqlalchemy import update

    from trendbot.store.schema import Delivery

    values = {"status": DeliveryStatus.PENDING, "sent_at": None, "external_id": None}
    session.execute(update(Delivery).where(Delivery.id == number).values(**values))  # type: ignore[attr-defined]
