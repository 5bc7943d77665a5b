"""TLS, logging in, and signatures that other programs verify."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dkim
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from tests.smtpd import Sink, smtp_server
from tests.transports.test_email import IDENTITY, MESSAGE, NOW, parsed

from trendbot.errors import ChannelError, ConfigError, UnreachableError
from trendbot.transports.email import EmailTransport
from trendbot.transports.email_dkim import dkim_signer
from trendbot.transports.email_server import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RIGHT = "right"
OPENDKIM = shutil.which("opendkim", path="/usr/sbin:/usr/bin")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def certificate(tmp_path: Path, key: rsa.RSAPrivateKey) -> Path:
    """A certificate for this machine with its key, as one file."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + _pem(key))
    return file


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _served(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _transport(sink: Sink, security: str, certificate: Path | None, password: str = RIGHT) -> EmailTransport:
    server = MailServer(
        host="localhost", port=sink.port, security=security, user=sink.user, password=password, ca_bundle=certificate
    )
    return EmailTransport(server, IDENTITY, clock=lambda: NOW)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_the_way_is_sealed_and_we_log_in(certificate: Path, security: str) -> None:
    sink = Sink(user="ann", password="right")
    async with smtp_server(sink, tls=_served(certificate), at_once_tls=security == "tls"):
        mail = _transport(sink, security, certificate)
        assert await mail.check("") == (
            f"localhost:{sink.port} over {security.upper()}, logged in as ann, writes as digest@mail.example"
        )
        assert "takes mail for the address" in await mail.check("ann@reader.example")
        await mail.send(MESSAGE)
        await mail.close()
    assert len(sink.arrived) == 1
    assert set(sink.logins) == {"ann"}


async def test_a_wrong_password_is_a_persons_to_mend(certificate: Path) -> None:
    sink = Sink(user="ann", password="right")
    async with smtp_server(sink, tls=_served(certificate)):
        with pytest.raises(ChannelError, match=r"email\.user and email\.password") as caught:
            await _transport(sink, "starttls", certificate, "wrong").send(MESSAGE)
    assert caught.value.whole
    assert "wrong" not in str(caught.value)


async def test_a_certificate_nobody_vouches_for_is_refused(certificate: Path) -> None:
    sink = Sink()
    async with smtp_server(sink, tls=_served(certificate)):
        with pytest.raises(ChannelError, match=r"email\.ca_bundle"):
            await _transport(sink, "starttls", None).send(MESSAGE)
    assert sink.arrived == []


async def test_nothing_goes_in_the_clear_where_tls_is_wanted() -> None:
    sink = Sink()
    async with smtp_server(sink):
        with pytest.raises(ChannelError, match=r"email\.security"):
            await _transport(sink, "starttls", None).send(MESSAGE)
        with pytest.raises((UnreachableError, ChannelError)):
            await _transport(sink, "tls", None).send(MESSAGE)
    assert sink.arrived == []


# -- signatures --------------------------------------------------------------------------------------------------------


def _public(key: rsa.RSAPrivateKey) -> str:
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return "".join(line for line in pem.decode().splitlines() if "-----" not in line)


def _dns(key: rsa.RSAPrivateKey) -> Callable[..., bytes]:
    record = f"v=DKIM1; k=rsa; p={_public(key)}".encode()

    def answer(_name: bytes, timeout: int = 5) -> bytes:
        return record

    return answer


async def _signed(key: rsa.RSAPrivateKey) -> bytes:
    signer = dkim_signer(selector="trend", domain="mail.example", key=_pem(key).decode())
    async with smtp_server() as sink:
        server = MailServer(host="127.0.0.1", port=sink.port, security="plain")
        mail = EmailTransport(server, IDENTITY, clock=lambda: NOW, signer=signer)
        await mail.send(MESSAGE)
        await mail.close()
    assert sink.wrong == []
    return sink.arrived[0].content


async def test_a_signature_covers_what_the_one_click_stands_on(key: rsa.RSAPrivateKey) -> None:
    raw = await _signed(key)
    dns = _dns(key)
    assert dkim.verify(raw, dnsfunc=dns)
    covered = parsed(raw)["DKIM-Signature"].replace(" ", "").partition("h=")[2].partition(";")[0].split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post", "from", "to", "subject", "message-id"} <= set(covered)
    for old, new in (
        (b"One-Click", b"Two-Click"),
        (b"/u/t", b"/u/x"),
        (b"Gr", b"Kr"),
        (b"The Digest <", b"A Digest <"),
    ):
        assert not dkim.verify(raw.replace(old, new), dnsfunc=dns)
    twice = raw.replace(b"\r\nSubject:", b"\r\nSubject: more\r\nSubject:", 1)
    assert not dkim.verify(twice, dnsfunc=dns)


@pytest.mark.skipif(OPENDKIM is None, reason="opendkim is not installed")
async def test_opendkim_verifies_it_too(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    keys, config, mail = (tmp_path / name for name in ("keys", "opendkim.conf", "mail.eml"))
    keys.write_text(f"trend._domainkey.mail.example v=DKIM1; k=rsa; p={_public(key)}\n")
    config.write_text(f"Mode v\nTestPublicKeys {keys}\nOn-BadSignature reject\nOn-NoSignature reject\n")
    raw = await _signed(key)
    for content, good in ((raw, True), (raw.replace(b"One-Click", b"Two-Click"), False)):
        mail.write_bytes(content)
        said = await asyncio.to_thread(_opendkim, config, mail)
        assert ("succeeded" in said) is good, said


def _opendkim(config: Path, mail: Path) -> str:
    assert OPENDKIM is not None
    words = [OPENDKIM, "-x", str(config), "-t", str(mail), "-vv"]
    done = subprocess.run(words, capture_output=True, check=False, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "wrong", ["", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "no key"]
)
def test_a_key_that_is_none_is_named_at_the_start(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"email\.dkim_key"):
        dkim_signer(selector="trend", domain="mail.example", key=wrong)
