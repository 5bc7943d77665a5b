"""`trendbot channels`: the outlets that digests go to."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_json, show_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from trendbot.store.channels import Channel, NewChannel

KINDS = ["telegram", "linkedin", "email"]
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
TELEGRAM_ADDRESS = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}\Z|-?[1-9][0-9]{0,18}\Z")


@click.group("channels", cls=Noun)
def command() -> None:
    """List, add, set, test and remove the channels that digests go to."""


COLUMNS = (
    Column(title="name", value=lambda row: row["name"]),
    Column(title="kind", value=lambda row: row["kind"]),
    Column(title="by", value=lambda row: row["transport"]),
    Column(title="cadence", value=lambda row: row["cadence"]),
    Column(title="to", value=lambda row: "its subscribers" if row["subscribers"] else row["address"]),
    Column(title="on", value=lambda row: row["on"]),
    Column(title="closed because", value=lambda row: row["closed"], wide=True),
)


@command.command("list")
@as_json
@pass_choices
def list_(choices: Choices, json_: bool) -> None:
    """List the channels, also those that are switched off or closed."""
    from trendbot.cli.opening import opened
    from trendbot.store.channels import channel_state, list_channels

    with opened(choices) as app:
        found = app.database.read(list_channels, disabled=True)
        rows = [_shown(one) | _state(app.database.read(channel_state, one.id)) for one in found]
    show_rows(rows, COLUMNS, json_=json_, nothing="no channels yet: `trendbot channels add` makes one")


def _shown(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.slug,
        "kind": channel.kind,
        "transport": channel.transport,
        "address": channel.address,
        "cadence": channel.cadence,
        "subscribers": channel.personal,
        "on": channel.enabled,
        "lost_answer": channel.lost_answer,
        "late": channel.late,
        "topics": dict(channel.topics),
    }


def _state(state: Any) -> dict[str, Any]:
    return {"closed": state.disabled_reason, "closed_at": state.disabled_at, "paused_until": state.paused_until}


def settings_of_a_channel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `add` and `set` share."""
    for option in reversed(
        [
            click.option("--to", "address", metavar="ADDRESS", help="A Telegram @name or chat number, or a page."),
            click.option("--cadence", type=click.Choice(["daily", "weekly"]), help="Which digest goes there."),
            click.option("--lost-answer", type=click.Choice(["hold", "resend", "probe"]), help=(
                "Where it is not known whether a message arrived: call it uncertain, send it again, or ask."
            )),
            click.option("--late", type=click.Choice(["skip", "merge"]), help=(
                "A digest that could not go in time: leave it out, or name it in the next one."
            )),
            click.option("--topic", "topics", multiple=True, metavar="THEME=NUMBER", help=(
                "A forum's topic for a theme; may be given again."
            )),
        ]
    ):  # fmt: skip
        function = option(function)
    return function


@command.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), default="telegram", show_default=True, help="What it takes.")
@click.option("--files", is_flag=True, help="Write it to the folder of editions instead of sending it.")
@click.option("--by", metavar="TRANSPORT", help=(
    "What takes it there instead: webhook, or one that an installed package adds."
))  # fmt: skip
@click.option("--subscribers", is_flag=True, help="People subscribe to it, each with hours and themes of their own.")
@settings_of_a_channel
@as_json
@pass_choices
def add(
    choices: Choices,
    /,
    name: str,
    kind: str,
    files: bool,
    by: str | None,
    subscribers: bool,
    json_: bool,
    **asked: Any,
) -> None:
    """Add a channel: a Telegram channel or group, a bot with subscribers, a mailing list, a LinkedIn page.

    A Telegram channel is named by --to @itsname (or its number), and the bot must be an administrator there who may
    post. A bot that people subscribe to needs --subscribers and no address. --by webhook posts the edition of --kind to
    the address as signed JSON; `trendbot channels secret` shows the secret.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.core.vocabulary import Cadence, ChannelKind
    from trendbot.store.channels import NewChannel, add_channel

    transport = "files" if files else by or kind
    new = NewChannel(
        slug=name,
        kind=ChannelKind(kind),
        transport=transport,
        address=asked["address"] or (name if files or subscribers else ""),
        cadence=Cadence(asked["cadence"] or ("weekly" if kind == "email" else "daily")),
        personal=subscribers,
    )
    new = _with(new, asked)
    _check(new)
    with opened(choices, Access.BESIDE) as app:
        made = app.database.write(add_channel, new)
        usable = made.transport in app.transports
    _tell(made, f"channel {made.slug} is added", json_=json_)
    if not usable and not json_:
        click.echo(f"nothing is sent there until {made.transport} is set up: see `trendbot channels test {made.slug}`")


@command.command("set")
@click.argument("name")
@click.option("--on/--off", "enabled", default=None, help="Send there, or not.")
@settings_of_a_channel
@as_json
@pass_choices
def set_(choices: Choices, /, name: str, enabled: bool | None, json_: bool, **asked: Any) -> None:
    """Change a channel; one that was closed because its remote refused it is tried again."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.core.vocabulary import Cadence
    from trendbot.store.channels import change_channel, find_channel

    with opened(choices, Access.BESIDE) as app:
        before = app.database.read(find_channel, name)
        after: NewChannel = replace(
            before,
            enabled=before.enabled if enabled is None else enabled,
            address=asked["address"] or before.address,
            cadence=Cadence(asked["cadence"]) if asked["cadence"] else before.cadence,
        )
        after = _with(after, asked)
        _check(after)
        changed = app.database.write(change_channel, name, after)
    _tell(changed, f"channel {changed.slug} is changed", json_=json_)


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_choices
def remove(choices: Choices, name: str, yes: bool) -> None:
    """Remove a channel that has never been used; one that has is switched off with `set NAME --off`."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store.channels import find_channel, remove_channel

    with opened(choices, Access.BESIDE) as app:
        found = app.database.read(find_channel, name)
        if not yes:
            click.confirm(f"Remove channel {found.slug}?", abort=True)
        app.database.write(remove_channel, name)
    click.echo(f"channel {found.slug} is removed")


@command.command()
@click.argument("name")
@as_json
@pass_choices
def test(choices: Choices, name: str, json_: bool) -> None:
    """Ask the remote whether a channel can be reached, without posting anything."""
    import asyncio

    from trendbot.cli.opening import opened
    from trendbot.store.channels import find_channel
    from trendbot.transports.base import Checks

    with opened(choices) as app:
        channel = app.database.read(find_channel, name)
        transport = app.transports.get(channel.transport)

        async def ask() -> str:
            if not isinstance(transport, Checks):
                return f"writes below {app.editions}" if channel.transport == "files" else "set up"
            try:
                return await transport.check("" if channel.personal else channel.address)
            finally:
                await transport.close()

        if transport is None:
            raise _not_set_up(channel)
        said = asyncio.run(ask())
    if json_:
        show_json({"name": channel.slug, "reached": True, "said": said})
    else:
        click.echo(f"channel {channel.slug} can be reached: {said}")


@command.command()
@click.argument("name")
@as_json
@pass_choices
def secret(choices: Choices, name: str, json_: bool) -> None:
    """Show the secret by which a channel's receiver knows that messages are ours."""
    from trendbot.cli.opening import opened
    from trendbot.errors import ConfigError
    from trendbot.store.channels import find_channel
    from trendbot.transports.base import Signs

    with opened(choices) as app:
        channel = app.database.read(find_channel, name)
        transport = app.transports.get(channel.transport)
        if not isinstance(transport, Signs):
            raise ConfigError(f"channel {channel.slug} goes by {channel.transport}, which signs nothing")
        found = transport.secret_for(channel.address)
    if json_:
        show_json({"name": channel.slug, "secret": found})
    else:
        click.echo(found)


def _not_set_up(channel: Channel) -> Exception:
    from trendbot.errors import ConfigError

    missing = {
        "telegram": "the setting telegram.token (TRENDBOT_TELEGRAM__TOKEN_FILE names a file with it)",
        "email": "the settings email.host and email.sender (docs/email.md says how)",
    }
    what = missing.get(channel.transport, f"the settings of {channel.transport}, or the package that adds it")
    return ConfigError(f"channel {channel.slug} needs {what}: see docs/reference/settings.md")


def _with(channel: NewChannel, asked: dict[str, Any]) -> Any:
    from trendbot.core.delivering import Lateness, LostAnswer

    return replace(
        channel,
        lost_answer=LostAnswer(asked["lost_answer"]) if asked["lost_answer"] else channel.lost_answer,
        late=Lateness(asked["late"]) if asked["late"] else channel.late,
        topics=_topics(asked["topics"]) if asked["topics"] else channel.topics,
    )


def _topics(given: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for each in given:
        theme, _, number = each.partition("=")
        if not theme or not number.isdecimal():
            raise click.UsageError(f"{each!r} is no topic: write THEME=NUMBER, such as tools=12")
        found[theme] = int(number)
    return found


def _check(channel: NewChannel) -> None:
    """Refuse what no remote could take.

    Raises:
        UsageError: the name or the address is none.

    """
    from trendbot.core.addresses import normalise
    from trendbot.core.urls import http_url

    if channel.transport == "webhook" and (channel.personal or http_url(channel.address) != channel.address):
        raise click.UsageError("a webhook needs the whole web address that takes it: --to https://...")
    if not SLUG.match(channel.slug):
        raise click.UsageError(f"{channel.slug!r} is no name: small letters, digits and hyphens")
    if not channel.address:
        raise click.UsageError("say where it goes with --to, or --subscribers where people subscribe to it")
    if channel.transport == "telegram" and not channel.personal and not TELEGRAM_ADDRESS.match(channel.address):
        raise click.UsageError(f"{channel.address!r} is no Telegram chat: an @name, or a number such as -1001234567890")
    if channel.transport == "email" and not channel.personal and normalise(channel.kind, channel.address) is None:
        raise click.UsageError(f"{channel.address!r} is no mail address; --subscribers makes a list to subscribe to")
    if channel.topics and (channel.kind != "telegram" or channel.personal):
        raise click.UsageError("topics are for one Telegram group that is a forum")


def _tell(channel: Channel, said: str, *, json_: bool) -> None:
    if json_:
        show_json(_shown(channel))
    else:
        click.echo(said)
