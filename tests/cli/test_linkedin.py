"""LinkedIn on the command line: consent, tokens at rest, and a run that posts; secrets are looked for everywhere."""

from __future__ import annotations

import io
import secrets
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Cli, Said
from tests.linkedin_api import LinkedinApi, linkedin_api_in_a_thread
from tests.linkedin_api.server import CLIENT, SECRET

from trendbot.store.lock import home_lock

REDIRECT = "https://site.example/linkedin"
STATE = "state-of-the-question"
PAGE, PERSON = frozenset({"w_organization_social"}), frozenset({"openid", "profile", "w_member_social"})


@pytest.fixture
def api() -> Iterator[LinkedinApi]:
    with linkedin_api_in_a_thread() as served:
        served.now = datetime.now(UTC)
        yield served


@pytest.fixture
def linkedin(cli: Cli, api: LinkedinApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("TRENDBOT_LINKEDIN__CLIENT_ID", CLIENT)
    monkeypatch.setenv("TRENDBOT_LINKEDIN__CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("TRENDBOT_LINKEDIN__API_URL", api.base_url)
    monkeypatch.setenv("TRENDBOT_LINKEDIN__OAUTH_URL", f"{api.base_url}/oauth/v2")
    monkeypatch.setenv("TRENDBOT_LINKEDIN__REDIRECT_URI", REDIRECT)
    monkeypatch.setenv("TRENDBOT_LOG_LEVEL", "debug")
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _=None: STATE)
    cli("db", "upgrade")
    return cli


def pasted(
    linkedin: Cli, api: LinkedinApi, monkeypatch: pytest.MonkeyPatch, *options: str, scopes: frozenset[str] = PAGE
) -> Said:
    api.codes["code-1"] = (REDIRECT, scopes)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{REDIRECT}?code=code-1&state={STATE}\n"))
    return linkedin("linkedin", "connect", "--paste", *options)


def test_a_page_is_connected_and_no_secret_is_anywhere_in_clear(
    linkedin: Cli, api: LinkedinApi, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.grants_refresh = True
    said = pasted(linkedin, api, monkeypatch, "--page", "55", "--json")
    assert said.code == 0, said.err
    assert (said.json["author"], said.json["channel"]) == ("urn:li:organization:55", "linkedin")
    assert "scope=w_organization_social" in said.err
    told = [said, linkedin("linkedin", "status", "--json"), linkedin("linkedin", "status"), linkedin("doctor")]
    told += [linkedin("channels", "test", "linkedin"), linkedin("linkedin", "refresh", "--json")]
    (first, second) = api.tokens
    assert told[-2].code == told[-1].code == 0
    api.tokens.clear()
    told.append(linkedin("channels", "test", "linkedin"))
    assert told[-1].code == 1
    assert "connect again" in told[-1].err
    everywhere = [text.encode() for one in told for text in (one.out, one.err)]
    everywhere += [file.read_bytes() for file in home.rglob("*") if file.is_file()]
    for secret in (first, second, "AQY-refresh-token", SECRET):
        assert not any(secret.encode() in each for each in everywhere)
    assert (home / "secret.key").stat().st_mode & 0o077 == 0


def test_a_person_is_connected_by_the_browser_coming_back(
    linkedin: Cli, api: LinkedinApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        here = f"http://127.0.0.1:{free.getsockname()[1]}/back"
    monkeypatch.setenv("TRENDBOT_LINKEDIN__REDIRECT_URI", here)
    api.codes["code-1"] = (here, PERSON)
    shown: list[str] = []

    def browser() -> None:
        shown.extend(_visited(f"{here}?code=code-1&state={state}") for state in ("of-another", STATE))

    thread = threading.Thread(target=browser)
    thread.start()
    said = linkedin("linkedin", "connect", "--wait", "20")
    thread.join()
    assert said.code == 0, said.err
    assert "connected as urn:li:person:p1" in said.out
    assert "another question" in shown[0]
    assert "You can close this page" in shown[1]


def _visited(address: str) -> str:
    pause = threading.Event()
    for _ in range(500):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return error.read().decode()
        except OSError:
            pause.wait(0.02)
    return "nobody there"


def test_what_is_missing_is_said_before_anything_is_asked(cli: Cli) -> None:
    said = cli("linkedin", "connect")
    assert said.code == 2
    assert "linkedin.client_secret" in said.err


def test_a_no_is_no(linkedin: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"?error=user_cancelled_authorize&state={STATE}\n"))
    said = linkedin("linkedin", "connect", "--paste")
    assert said.code == 2
    assert "granted nothing" in said.err


def test_an_answer_to_another_question_is_refused(linkedin: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("?code=code-1&state=other\n"))
    assert "another question" in linkedin("linkedin", "connect", "--paste").err


def test_a_grant_without_the_scope_is_no_connection(
    linkedin: Cli, api: LinkedinApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = pasted(linkedin, api, monkeypatch, "--page", "55", scopes=frozenset({"openid"}))
    assert said.code == 2
    assert "did not grant w_organization_social" in said.err
    assert linkedin("linkedin", "status", "--json").json["connected"] is False


def test_the_end_of_a_consent_is_told_and_a_new_one_opens_the_channel_again(
    linkedin: Cli, api: LinkedinApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    pasted(linkedin, api, monkeypatch, "--page", "55")
    assert linkedin("linkedin", "disconnect", "--yes").code == 0
    (row,) = [one for one in linkedin("doctor", "--json").json if one["what"] == "linkedin"]
    assert row["state"] == "bad"
    assert "not connected" in row["found"]
    assert pasted(linkedin, api, monkeypatch, "--page", "55").code == 0
    (row,) = [one for one in linkedin("doctor", "--json").json if one["what"] == "linkedin"]
    assert row["state"] == "ok"


def test_a_page_has_one_channel_whatever_it_was_called_before(
    linkedin: Cli, api: LinkedinApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    linkedin("channels", "add", "page", "--kind", "linkedin", "--to", "55")
    said = pasted(linkedin, api, monkeypatch, "--page", "55", "--json")
    assert said.json["channel"] == "page"
    ours = [one for one in linkedin("channels", "list", "--json").json if one["transport"] == "linkedin"]
    assert [(one["name"], one["address"]) for one in ours] == [("page", "urn:li:organization:55")]


def test_consent_is_renewed_beside_a_process_that_holds_the_home(
    linkedin: Cli, api: LinkedinApi, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with home_lock(home, now=datetime.now(UTC), doing="serve"):
        assert pasted(linkedin, api, monkeypatch, "--page", "55").code == 0
        assert linkedin("linkedin", "status", "--json").json["connected"] is True


def test_to_connect_again_is_to_post_as_the_same(
    linkedin: Cli, api: LinkedinApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "To post as yourself." in pasted(linkedin, api, monkeypatch, scopes=PERSON).err
    pasted(linkedin, api, monkeypatch, "--page", "55")
    for _ in range(2):
        again = pasted(linkedin, api, monkeypatch, "--json")
        assert again.json["author"] == "urn:li:organization:55"
        assert "scope=w_organization_social" in again.err
        linkedin("linkedin", "disconnect", "--yes")  # the channel still says whose it is
    assert pasted(linkedin, api, monkeypatch, "--me", "--json", scopes=PERSON).json["author"] == "urn:li:person:p1"
    assert pasted(linkedin, api, monkeypatch, "--json", scopes=PERSON).json["author"] == "urn:li:person:p1"
    assert linkedin("linkedin", "connect", "--me", "--page", "55").code == 2


def test_a_channel_without_an_account_says_what_is_missing(cli: Cli) -> None:
    cli("db", "upgrade")
    cli("channels", "add", "page", "--kind", "linkedin", "--to", "55")
    said = cli("channels", "test", "page")
    assert said.code == 1
    assert "`trendbot linkedin connect`" in said.err


def test_the_operator_is_never_told_on_the_page_itself(
    linkedin: Cli, api: LinkedinApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRENDBOT_OPERATOR_CHANNEL", "linkedin")
    pasted(linkedin, api, monkeypatch, "--page", "55")
    (row,) = [one for one in linkedin("doctor", "--json").json if one["what"] == "operator"]
    assert row["state"] == "bad"
    assert "everybody reads" in row["found"]


def test_another_key_opens_nothing(linkedin: Cli, api: LinkedinApi, monkeypatch: pytest.MonkeyPatch) -> None:
    pasted(linkedin, api, monkeypatch, "--page", "55")
    monkeypatch.setenv("TRENDBOT_CREDENTIALS_KEY", "another key")
    said = linkedin("channels", "test", "linkedin")
    assert said.code == 1
    assert "sealed under another key" in said.err


def test_without_a_grant_of_renewals_there_is_nothing_to_renew(
    linkedin: Cli, api: LinkedinApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    pasted(linkedin, api, monkeypatch, "--page", "55")
    assert "connect again" in linkedin("linkedin", "refresh").err
    until = datetime.fromisoformat(linkedin("linkedin", "status", "--json").json["expires_at"])
    assert timedelta(days=59) < until - api.now < timedelta(days=61)
