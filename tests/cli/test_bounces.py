"""`trendbot bounces`: read a mailbox, list what came back, say what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.certificates import certified
from tests.dsns import dsn
from tests.imapd import Box, imap_server

from trendbot.clock import system_clock
from trendbot.core.verp import make_verp
from trendbot.store.lock import home_lock
from trendbot.store.secret import home_secret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


@pytest.fixture
def home_made(cli: Cli, home: Path) -> Path:
    assert cli("db", "upgrade").code == 0
    return home


def test_nothing_is_read_where_no_mailbox_is_named(cli: Cli, home_made: Path) -> None:
    said = cli("bounces", "read")
    assert (said.code, "email.bounces_from" in said.err) == (2, True)
    assert "nothing came back" in cli("bounces", "list").out


def test_a_folder_is_read_and_listed(
    cli: Cli, home_made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "1").write_bytes(dsn(make_verp(home_secret(home_made), "bounces@mail.example", 7)))
    (spool / "2").write_bytes(b"To: somebody@mail.example\r\n\r\nhello\r\n")
    monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES_FROM", str(spool))
    said = cli("bounces", "read")
    assert "2 messages read: 1 hard; 0 addresses suppressed" in said.out
    assert "1 name no delivery of ours" in said.err
    (row,) = cli("bounces", "list", "--json").json
    assert (row["kind"], row["status"], row["delivery_id"], row["subscriber_id"]) == ("hard", "5.1.1", 7, None)


def test_it_is_read_while_another_process_is_at_work_on_the_home(
    cli: Cli, home_made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (spool := tmp_path / "spool").mkdir()
    monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES_FROM", str(spool))
    (spool / "1").write_bytes(dsn(make_verp(home_secret(home_made), "bounces@mail.example", 7)))
    with home_lock(home_made, now=system_clock(), doing="serve"):
        assert "1 messages read: 1 hard" in cli("bounces", "read").out


def test_who_asks_to_leave_without_proof_is_flagged_and_told(
    cli: Cli, home_made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (spool := tmp_path / "spool").mkdir()
    monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES_FROM", str(spool))
    (spool / "1").write_bytes(b"To: bounces@mail.example\r\nSubject: Unsubscribe\r\n\r\nplease\r\n")
    said = cli("bounces", "read")
    assert "asked to leave without a proof of who it is: 1" in said.err
    assert [each.name for each in (spool / "flagged").iterdir()] == ["1"]


def test_an_imap_mailbox_is_read(cli: Cli, home_made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box()
    box.put(dsn(make_verp(home_secret(home_made), "bounces@mail.example", 7), "5.2.2"))
    with imap_server(box):
        monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES_FROM", f"imap://bounces@127.0.0.1:{box.port}/INBOX")
        monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES_PASSWORD", "s3cret")
        assert cli("bounces", "read", "--json").json["kinds"] == {"soft": 1}
    assert box.seen == {1}


def test_an_imap_mailbox_behind_tls_is_trusted_by_an_own_authority(
    cli: Cli, home_made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, authority = certified(tmp_path)
    box = Box()
    box.put(dsn(make_verp(home_secret(home_made), "bounces@mail.example", 7)))
    with imap_server(box, tls):
        monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES_FROM", f"imaps://bounces@127.0.0.1:{box.port}/INBOX")
        monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES_PASSWORD", "s3cret")
        assert "certificate" in cli("bounces", "read").err
        monkeypatch.setenv("TRENDBOT_EMAIL__CA_BUNDLE", str(authority))
        assert cli("bounces", "read", "--json").json["kinds"] == {"hard": 1}


@pytest.mark.parametrize(
    "text", ["imaps://imap.example", "pop3://me@imap.example", "imap://me@imap.example", "imaps://a:b@imap.example"]
)
def test_a_mailbox_that_cannot_be_is_refused(
    cli: Cli, home_made: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:  # fmt: skip
    monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES_FROM", text)
    monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES_PASSWORD", "s3cret")
    said = cli("bounces", "read")
    assert (said.code, "email.bounces_from" in said.err) == (2, True)
