"""`trendbot email`: what mail needs before it is believed, and one digest to look at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_rows

if TYPE_CHECKING:
    from trendbot.bootstrap import App
    from trendbot.pipeline.mailing import MailDesk
    from trendbot.settings import Settings
    from trendbot.transports.email import EmailTransport

Row = dict[str, str]

_GOOD_BITS = 2048
_HEADERS = frozenset(
    (
        "From", "Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Message-ID",
        "Auto-Submitted", "Precedence",
    )
)  # fmt: skip
_COLUMNS = (
    Column(title="", value=lambda row: row["state"]),
    Column(title="what", value=lambda row: row["what"]),
    Column(title="found", value=lambda row: row["found"], wide=True),
)


@click.group("email", cls=Noun)
def command() -> None:
    """Say what mail needs in the DNS and in its headers; send one digest to look at."""


@command.command()
@as_json
@pass_choices
def check(choices: Choices, json_: bool) -> None:
    """Log in to the mail server, write out the DNS records to publish, and show the headers of a digest.

    Sends nothing, and asks no DNS: compare the records with what your domain answers. Ends with 1 where something does
    not work.
    """
    from trendbot.cli.opening import opened

    settings = choices.settings()
    with opened(choices) as app:
        transport, desk = _parts(app)
        rows = [_server(transport), *_records(settings), *_sample(app, transport, desk)]
    show_rows(rows, _COLUMNS, json_=json_, nothing="")
    if any(row["state"] == "bad" for row in rows):
        raise click.exceptions.Exit(1)


@command.command()
@click.argument("address")
@pass_choices
def test(choices: Choices, address: str) -> None:
    """Send the newest digest to ADDRESS, to look at; nobody is subscribed by it.

    It is the mail that subscribers get, with "Trial" before its subject; its links for leaving lead nowhere.
    """
    from trendbot.cli.opening import opened
    from trendbot.core.addresses import normalise
    from trendbot.core.vocabulary import ChannelKind
    from trendbot.pipeline.trial_mail import trial_message

    to = normalise(ChannelKind.EMAIL, address)
    if to is None:
        raise click.UsageError(f"{address!r} is no mail address")
    with opened(choices) as app:
        transport, desk = _parts(app)
        message = app.database.read(trial_message, desk, address=to, now=app.clock())

        async def send() -> None:
            try:
                await transport.send(message)
            finally:
                await transport.close()

        asyncio.run(send())
    click.echo(f"{message.title} has gone to {to}")


def _parts(app: App) -> tuple[EmailTransport, MailDesk]:
    from trendbot.errors import ConfigError
    from trendbot.transports.email import EmailTransport

    found = app.transports.get("email")
    if not isinstance(found, EmailTransport) or app.mail is None:
        raise ConfigError("mail needs the settings email.host and email.sender: see docs/email.md")
    return found, app.mail


def _row(state: str, what: str, found: str) -> Row:
    return {"state": state, "what": what, "found": found}


def _server(transport: EmailTransport) -> Row:
    from trendbot.errors import TrendbotError

    async def ask() -> str:
        try:
            return await transport.check("")
        finally:
            await transport.close()

    try:
        return _row("ok", "server", asyncio.run(ask()))
    except TrendbotError as error:
        return _row("bad", "server", str(error))


def _records(settings: Settings) -> Iterator[Row]:
    """Write out what to publish: SPF for the domain of the return address, DKIM, DMARC; and whether they agree."""
    asked = settings.email
    sender = asked.sender.rpartition("@")[2].lower()
    returned = (asked.bounces or asked.sender).rpartition("@")[2].lower()
    yield _row("publish", "SPF", f'{returned} TXT "v=spf1 include:<the one that {asked.host} names> -all"')
    yield _dkim(settings, sender)
    yield _row("publish", "DMARC", f'_dmarc.{sender} TXT "v=DMARC1; p=none; rua=mailto:<a mailbox of yours>"')
    if not _akin(sender, returned):
        found = f"mail from {sender} comes back to {returned}: SPF then says nothing for DMARC, only DKIM does"
        yield _row("look", "alignment", found)
    yield _row(
        "look", "addresses", f"the sending server's address needs a name that leads back to it; ask {asked.host}"
    )


def _dkim(settings: Settings, sender: str) -> Row:
    from trendbot.errors import TrendbotError
    from trendbot.transports.dkim_record import dkim_record

    asked = settings.email
    if not asked.dkim_selector or asked.dkim_key is None:
        return _row("look", "DKIM", f"left to {asked.host}: see that it signs as {sender}, or set email.dkim_selector")
    try:
        text, bits = dkim_record(asked.dkim_key.get_secret_value())
    except TrendbotError as error:
        return _row("bad", "DKIM", str(error))
    name = f"{asked.dkim_selector}._domainkey.{asked.dkim_domain.lower() or sender}"
    short = f" ({bits} bits are few: make a key of {_GOOD_BITS})" if bits < _GOOD_BITS else ""
    return _row("publish", "DKIM", f'{name} TXT "{text}"{short}')


def _akin(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _sample(app: App, transport: EmailTransport, desk: MailDesk) -> Iterator[Row]:
    """Show the headers of a digest as a mailbox provider looks for them."""
    import email
    import email.policy

    from trendbot.errors import TrendbotError
    from trendbot.pipeline.trial_mail import bare_message

    to = "reader@example.org"
    try:
        raw = transport.bytes_of(bare_message(desk, address=to, now=app.clock()), to)
    except TrendbotError as error:
        yield _row("bad", "headers", str(error))
        return
    message = email.message_from_bytes(raw, policy=email.policy.default)
    for name, value in message.items():
        if name in _HEADERS:
            yield _row("ok", name, str(value))
    if not desk.site_url.startswith("https://"):
        yield _row("bad", "List-Unsubscribe", "the one click needs an https address: set brand.site_url")
    if not app.digests[next(iter(app.digests))].postal_address:
        yield _row("look", "foot", "brand.postal_address is empty: most countries want it in the foot of mail")
