"""Mail as the settings have it: the server and who writes, what signs, and what a mail has for its reader alone."""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING

from trendbot.core.addresses import normalise
from trendbot.core.mailing import feedback_sender, plain_header, read_rates
from trendbot.core.vocabulary import ChannelKind
from trendbot.errors import ConfigError
from trendbot.pipeline.mailing import MailDesk
from trendbot.render.environment import Renderer
from trendbot.store.secret import home_secret
from trendbot.transports.email import EmailTransport
from trendbot.transports.email_server import MailIdentity, MailRates, MailServer
from trendbot.transports.mime import MailAddress

if TYPE_CHECKING:
    from collections.abc import Callable

    from trendbot.clock import Clock
    from trendbot.settings import Settings

_PORTS = {"starttls": 587, "tls": 465, "plain": 25}


def mail_desk(settings: Settings, renderer: Renderer) -> MailDesk:
    """Return what puts with mails what is their reader's own.

    Raises:
        ConfigError: a setting is none.

    """
    site, asked = settings.brand.site_url, settings.email
    return MailDesk(
        renderer=renderer,
        key=functools.cache(lambda: home_secret(settings.home)),
        brand=settings.brand.name,
        site_url=str(site).rstrip("/") if site else "",
        bounces=_address("bounces", asked.bounces) if asked.bounces else "",
        goodbye=asked.goodbye,
    )


def email_transport(settings: Settings, clock: Clock) -> EmailTransport | None:
    """Return the transport of mail, where a server is named.

    Raises:
        ConfigError: a setting is none, or one is missing that another needs.

    """
    asked = settings.email
    if not asked.host:
        return None
    identity = _identity(settings)
    return EmailTransport(
        _server(settings, hello=identity.domain),
        identity,
        clock=clock,
        rates=_rates(settings),
        signer=_signer(settings, identity.domain),
    )


def _server(settings: Settings, *, hello: str) -> MailServer:
    asked = settings.email
    password = asked.password.get_secret_value() if asked.password else ""
    if asked.user and not password:
        raise ConfigError(
            "setting email.user needs email.password (TRENDBOT_EMAIL__PASSWORD_FILE names a file with it)"
        )
    if asked.user and asked.security == "plain" and not _loopback(asked.host):
        raise ConfigError("setting email.security: a password never goes in the clear; take starttls or tls")
    if asked.ca_bundle is not None and not asked.ca_bundle.is_file():
        raise ConfigError(f"setting email.ca_bundle: there is no file {asked.ca_bundle}")
    return MailServer(
        host=asked.host,
        port=asked.port or _PORTS[asked.security],
        security=asked.security,
        user=asked.user,
        password=password,
        ca_bundle=asked.ca_bundle,
        hello=hello,
    )


def _identity(settings: Settings) -> MailIdentity:
    asked = settings.email
    if not asked.sender:
        raise ConfigError("setting email.sender is missing: the address that mail comes from, digest@your-domain")
    sender = _address("sender", asked.sender)
    domain = sender.rpartition("@")[2]
    name = " ".join(settings.brand.name.split())
    leave_at = asked.unsubscribe or (asked.bounces if asked.bounces_from else "")
    return MailIdentity(
        sender=MailAddress(name=name, address=sender),
        list_name=_ascii(name),
        list_id=_plain("list_id", asked.list_id or f"digest.{domain}"),
        feedback=asked.feedback_id or feedback_sender(domain),
        reply_to=_address("reply_to", asked.reply_to) if asked.reply_to else "",
        unsubscribe=_address("unsubscribe", leave_at) if leave_at else "",
    )


def _rates(settings: Settings) -> MailRates:
    asked = settings.email
    try:
        single = read_rates(asked.domain_rates)
    except ValueError as error:
        raise ConfigError(f"setting email.domain_rates: {error}") from error
    return MailRates(overall=asked.rate, provider=asked.domain_rate, single=single, connections=asked.connections)


def _signer(settings: Settings, domain: str) -> Callable[[bytes], bytes] | None:
    asked = settings.email
    if not asked.dkim_selector:
        return None
    if asked.dkim_key is None:
        raise ConfigError(
            "setting email.dkim_selector needs email.dkim_key (TRENDBOT_EMAIL__DKIM_KEY_FILE names its file)"
        )
    from trendbot.transports.email_dkim import dkim_signer

    own = asked.dkim_domain.lower() or domain
    if domain != own and not domain.endswith(f".{own}"):
        raise ConfigError(f"setting email.dkim_domain: a signature of {own} says nothing of mail from {domain}")
    return dkim_signer(selector=asked.dkim_selector, domain=own, key=asked.dkim_key.get_secret_value())


def _address(name: str, text: str) -> str:
    found = normalise(ChannelKind.EMAIL, text)
    if found is None:
        raise ConfigError(f"setting email.{name}: {text!r} is no mail address")
    return found


def _plain(name: str, text: str) -> str:
    try:
        return plain_header(text)
    except ValueError as error:
        raise ConfigError(f"setting email.{name}: {text!r} cannot stand in a header") from error


def _ascii(name: str) -> str:
    """Return a name as it may stand before the List-Id, without what would be encoded there."""
    return "".join(
        letter for letter in name if letter.isascii() and letter.isprintable() and letter not in '<>"\\'
    ).strip()


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
