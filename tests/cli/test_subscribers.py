"""Subscribers for the operator, and the bot's command without a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trendbot import subscriptions
from trendbot.core.consent import Preferences
from trendbot.core.hours import Quiet
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.store.channels import NewChannel, add_channel
from trendbot.store.secret import SECRET_NAME, home_secret
from trendbot.subscriptions import Act

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.cli.conftest import Cli

    from trendbot.store.database import Database

ANN = "ann@example.org"


@pytest.fixture
def ann(database: Database, home: Path, now: datetime) -> int:
    """A mail reader in the home; return the number."""
    home.mkdir()
    database.write(
        add_channel,
        NewChannel(slug="mail", kind=ChannelKind.EMAIL, transport="email", address="x", cadence=Cadence.WEEKLY,
                   personal=True),
    )  # fmt: skip
    made = database.write(
        subscriptions.subscribe, kind=ChannelKind.EMAIL, address=ANN, channel_id=1, key=home_secret(home),
        act=Act(method="web", now=now, wording="Yes, weekly."),
        preferences=Preferences(cadence=Cadence.WEEKLY, quiet=Quiet(start=22, end=7)),
    )  # fmt: skip
    assert made.subscriber is not None
    database.close()
    (home / "trendbot.db").write_bytes((home.parent / "trendbot.db").read_bytes())
    return made.subscriber.id


def test_addresses_are_shown_only_where_asked_for(cli: Cli, ann: int) -> None:
    listed = cli("subscribers", "list")
    assert (listed.code, "a…@example.org" in listed.out, ANN in listed.out) == (0, True, False)
    assert "confirmed" in listed.out
    assert ANN in cli("subscribers", "list", "--addresses").out
    assert ANN not in cli("subscribers", "list", "--json").out
    (row,) = cli("subscribers", "list", "--json", "--addresses", "--kind", "email", "--status", "confirmed").json
    assert (row["address"], row["subscription"]["preferences"]["cadence"]) == (ANN, "weekly")
    assert cli("subscribers", "list", "--kind", "telegram").out.strip() == "no subscribers yet"
    shown = cli("subscribers", "show", ann).out
    assert ANN not in shown
    assert "Yes, weekly." in shown
    assert "22–07" in shown
    assert cli("subscribers", "show", ann, "--json").json["consent"][0]["event"] == "requested"


def test_export_and_erase(cli: Cli, ann: int) -> None:
    assert cli("subscribers", "export", ann).json["addresses"][0]["address"] == ANN
    erased = cli("subscribers", "erase", ann, "--yes")
    assert (erased.code, erased.out.strip()) == (0, f"subscriber {ann} is erased")
    assert ANN not in cli("subscribers", "export", ann).out
    assert "(erased)" in cli("subscribers", "list", "--addresses").out
    missing = cli("subscribers", "export", 99)
    assert (missing.code, "there is no subscriber 99" in missing.err) == (1, True)


def test_suppress_and_lift(cli: Cli, ann: int) -> None:
    assert cli("subscribers", "suppress", "Ann@Example.org", "--reason", "complained").out.strip() == "suppressed"
    assert cli("subscribers", "suppress", ANN).out.strip() == "was suppressed already"
    assert "unsubscribed" in cli("subscribers", "list").out
    assert "may be written to again" in cli("subscribers", "suppress", ANN, "--lift").out
    assert cli("subscribers", "suppress", ANN, "--lift").out.strip() == "was not suppressed"
    wrong = cli("subscribers", "suppress", "nobody")
    assert (wrong.code, "is no email address" in wrong.err) == (2, True)


def test_import_a_list(cli: Cli, ann: int, tmp_path: Path) -> None:
    file = tmp_path / "old.csv"
    file.write_text(
        f"address,consent_at,consent_text\n{ANN},2024-01-01,Yes\nben@example.org,2024-01-01,Yes\nx,2024-01-01,Yes\n",
        encoding="utf-8",
    )
    done = cli("subscribers", "import", file, "--channel", "mail")
    assert (done.code, done.out.strip()) == (0, "1 imported, 1 known, 1 refused")
    assert done.err.strip() == "line 4: this is no address"
    assert cli("subscribers", "import", file, "--channel", "mail", "--json").json["counts"]["known"] == 2
    assert cli("subscribers", "import", file, "--channel", "nowhere").code == 1


def test_the_bot_needs_a_token(cli: Cli, ann: int) -> None:
    said = cli("bot")
    assert (said.code, said.err.strip()) == (
        2,
        "trendbot: no bot token: ask @BotFather for one, and name it in the setting telegram.token",
    )


def test_the_secret_is_its_owners_alone(tmp_path: Path) -> None:
    first = home_secret(tmp_path)
    assert home_secret(tmp_path) == first
    assert len(first) == 64
    assert (tmp_path / SECRET_NAME).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [SECRET_NAME]
