"""A list by mail on the command line, and a sign-up on the pages that leads to mails."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient
from tests.cli.conftest import Cli
from tests.cli.site import Page, Site, feed
from tests.smtpd import Sink, smtp_server_in_a_thread

from trendbot.bootstrap import Access, open_app
from trendbot.cli.web import site_of
from trendbot.clock import system_clock
from trendbot.pipeline.deliver import deliver
from trendbot.pipeline.dressing import dresser
from trendbot.settings import load_settings
from trendbot.web.app import create_app


@pytest.fixture
def sink() -> Iterator[Sink]:
    with smtp_server_in_a_thread() as served:
        yield served


@pytest.fixture
def mail(cli: Cli, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line with a mail server set up."""
    for name, value in {
        "EMAIL__HOST": "127.0.0.1",
        "EMAIL__PORT": str(sink.port),
        "EMAIL__SECURITY": "plain",
        "EMAIL__SENDER": "digest@mail.example",
        "EMAIL__BOUNCES": "bounces@mail.example",
        "BRAND__SITE_URL": "https://digest.example/",
        "BRAND__POSTAL_ADDRESS": "1 Wire Street",
    }.items():
        monkeypatch.setenv(f"TRENDBOT_{name}", value)
    return cli


def test_a_list_is_added_and_its_server_asked(mail: Cli, sink: Sink) -> None:
    said = mail("channels", "add", "weekly", "--kind", "email", "--subscribers")
    assert (said.code, said.out) == (0, "channel weekly is added\n")
    said = mail("channels", "test", "weekly")
    assert said.code == 0
    assert f"127.0.0.1:{sink.port} without TLS, writes as digest@mail.example" in said.out
    assert mail("channels", "add", "other", "--kind", "email", "--to", "list@lists.example").code == 0
    assert "takes mail for the address" in mail("channels", "test", "other").out
    assert sink.arrived == []
    found = {(row["state"], row["what"]): row["found"] for row in mail("doctor", "--json").json}
    assert found["ok", "mail"].startswith("127.0.0.1:")
    assert ("bad", "mail") not in found


def test_a_server_that_is_not_there_is_told(mail: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    mail("channels", "add", "weekly", "--kind", "email", "--subscribers")
    monkeypatch.setenv("TRENDBOT_EMAIL__PORT", "1")
    said = mail("channels", "test", "weekly")
    assert said.code == 1
    assert "no way to the mail server 127.0.0.1:1" in said.err
    assert "no way to the mail server" in str([row for row in mail("doctor", "--json").json if row["what"] == "mail"])


@pytest.fixture
def digested(mail: Cli, site: Site, home: Path) -> Cli:
    """The same with a home that has a digest."""
    site.pages["/one"] = Page(feed("one", "Meta releases Llama 4 with open weights"))
    opml = home.parent / "feeds.opml"
    opml.write_text(f'<opml version="2.0"><body><outline xmlUrl="{site.url}/one" text="one"/></body></opml>')
    assert mail("run", "--opml", opml, "--allow-private").code == 0
    return mail


def test_what_mail_needs_is_written_out(mail: Cli, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mail("db", "upgrade").code == 0
    rows = {row["what"]: row for row in mail("email", "check", "--json").json}
    assert rows["server"]["found"].startswith(f"127.0.0.1:{sink.port}")
    assert rows["SPF"]["found"].startswith('mail.example TXT "v=spf1 ')
    assert rows["DMARC"]["found"].startswith('_dmarc.mail.example TXT "v=DMARC1; p=none')
    assert "left to 127.0.0.1" in rows["DKIM"]["found"]
    assert re.fullmatch(r"<https://digest\.example/u/[\w-]+>", rows["List-Unsubscribe"]["found"])
    assert rows["List-Unsubscribe-Post"]["found"] == "List-Unsubscribe=One-Click"
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  (few bits, to be told so)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    monkeypatch.setenv("TRENDBOT_EMAIL__DKIM_SELECTOR", "trend")
    monkeypatch.setenv("TRENDBOT_EMAIL__DKIM_KEY", pem.decode())
    monkeypatch.setenv("TRENDBOT_EMAIL__BOUNCES", "bounces@other.example")
    rows = {row["what"]: row for row in mail("email", "check", "--json").json}
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = f'trend._domainkey.mail.example TXT "v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"'
    assert rows["DKIM"]["found"] == f"{record} (1024 bits are few: make a key of 2048)"
    assert "SPF then says nothing for DMARC" in rows["alignment"]["found"]
    assert sink.arrived == []
    monkeypatch.setenv("TRENDBOT_EMAIL__PORT", "1")
    said = mail("email", "check")
    assert (said.code, "no way to the mail server" in said.out) == (1, True)


def test_a_digest_is_sent_to_look_at_and_subscribes_nobody(digested: Cli, sink: Sink) -> None:
    assert digested("email", "test", "nobody").code == 2
    said = digested("email", "test", "Ann@Reader.example")
    assert (said.code, said.out.endswith("has gone to ann@reader.example\n")) == (0, True), said.err
    (arrived,) = sink.arrived
    trial = parsed(arrived.content)
    assert trial["Subject"].startswith("Trial: ")
    assert trial["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Llama 4" in trial.get_body(("plain",)).get_content()
    assert digested("subscribers", "list", "--json").json == []


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SENDER", "", r"email\.sender is missing"),
        ("SENDER", "digest", r"email\.sender: 'digest' is no mail address"),
        ("USER", "ann", r"email\.user needs email\.password"),
        ("DKIM_SELECTOR", "trend", r"email\.dkim_selector needs email\.dkim_key"),
        ("DOMAIN_RATES", "gmail.com=0", r"email\.domain_rates"),
        ("BOUNCES", "nowhere", r"email\.bounces"),
    ],
)
def test_a_setting_that_is_wrong_is_named(
    mail: Cli, monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(f"TRENDBOT_EMAIL__{name}", value)
    said = mail("channels", "add", "weekly", "--kind", "email", "--subscribers")
    assert said.code == 2
    assert re.search(why, said.err)


def test_an_address_that_is_none_is_wrong_use(cli: Cli) -> None:
    said = cli("channels", "add", "list", "--kind", "email", "--to", "nobody")
    assert said.code == 2
    assert "no mail address" in said.err


def parsed(content: bytes) -> Any:
    return email.message_from_bytes(content, policy=email.policy.default)


def test_signing_up_on_the_pages_sends_mails_to_the_end(mail: Cli, sink: Sink) -> None:
    mail("channels", "add", "weekly", "--kind", "email", "--subscribers")
    settings = load_settings()
    with open_app(settings, system_clock, access=Access.WRITE) as app:

        def delivered() -> Any:
            """Send the outbox; return the newest mail."""
            asyncio.run(
                deliver(
                    app.database,
                    transports=app.transports,
                    clock=app.clock,
                    recipients=app.recipients,
                    dress=dresser(app.database, app.mail),
                    close=True,
                )
            )
            return parsed(sink.arrived[-1].content)

        site = site_of(app, settings, port=1)
        with TestClient(create_app(site), base_url="https://digest.example", follow_redirects=False) as client:
            client.post("/subscribe", data={"address": "Ann@Reader.example"})
            confirm = delivered()
            assert confirm["Subject"] == "Confirm: trendbot by email"
            assert confirm["List-Unsubscribe"] is None
            link = re.search(r"https://digest\.example(/confirm/\S+)", confirm.get_body(("plain",)).get_content())
            assert link
            client.get(link[1])
            client.post(link[1])
            welcome = delivered()
            assert welcome["Subject"] == "Welcome: trendbot by email"
            way_out = re.match(r"<https://digest\.example(/u/[^>]+)>$", welcome["List-Unsubscribe"])
            assert way_out
            assert client.post(way_out[1], data={"List-Unsubscribe": "One-Click"}).status_code == 200
            goodbye = delivered()
    assert goodbye["Subject"] == "You are unsubscribed from trendbot"
    assert goodbye["List-Unsubscribe"] is None
    assert [each.recipient for each in sink.arrived] == ["ann@reader.example"] * 3
    assert sink.wrong == []
