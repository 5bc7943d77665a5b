"""`trendbot subscribers`: who gets digests, for the operator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_facts, show_json, show_rows

if TYPE_CHECKING:
    from trendbot.core.vocabulary import ChannelKind
    from trendbot.store.subscribers import Listed

KINDS = click.Choice(["telegram", "email"])
REASONS = click.Choice(["operator", "complained", "bounced", "gone", "blocked"])
addresses = click.option("--addresses", is_flag=True, help="Show addresses in full; else all but a trace is hidden.")


@click.group("subscribers", cls=Noun)
def command() -> None:
    """List, show, export, erase, suppress and import subscribers."""


def _columns(*, full: bool) -> tuple[Column, ...]:
    from trendbot.core.addresses import masked

    return (
        Column(title="id", value=lambda each: each.subscriber.id, number=True),
        Column(title="kind", value=lambda each: each.subscriber.kind),
        Column(
            title="address",
            value=lambda each: (each.subscriber.address if full else masked(each.subscriber.address)) or "(erased)",
        ),
        Column(title="channel", value=lambda each: each.channel),
        Column(title="status", value=lambda each: each.subscription.status if each.subscription else None),
        Column(title="cadence", value=lambda each: each.subscription and each.subscription.preferences.cadence),
        Column(title="zone", value=lambda each: each.subscription and each.subscription.preferences.timezone),
        Column(title="next (UTC)", value=lambda each: each.subscription and each.subscription.next_at),
        Column(
            title="themes",
            value=lambda each: " ".join(each.subscription.preferences.themes) or "all" if each.subscription else None,
            wide=True,
        ),
    )


@command.command("list")
@click.option("--kind", type=KINDS, help="Of one kind.")
@click.option(
    "--status", type=click.Choice(["unconfirmed", "confirmed", "paused", "unsubscribed"]), help="In one standing."
)
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="How many at most.")
@click.option("--after", type=click.IntRange(0), default=0, help="Only those with a number above this one.")
@addresses
@as_json
@pass_choices
def list_(
    choices: Choices, kind: str | None, status: str | None, limit: int, after: int, addresses: bool, json_: bool
) -> None:
    """List subscribers with their subscriptions."""
    from trendbot.cli.opening import opened
    from trendbot.core.vocabulary import ChannelKind, SubscriptionStatus
    from trendbot.store.subscribers import list_subscribers

    with opened(choices) as app:
        found = app.database.read(
            list_subscribers,
            kind=ChannelKind(kind) if kind else None,
            status=SubscriptionStatus(status) if status else None,
            after=after,
            limit=limit,
        )
    if json_:
        show_json([_plain(each, full=addresses) for each in found])
    else:
        show_rows(found, _columns(full=addresses), json_=False, nothing="no subscribers yet")


def _plain(listed: Listed, *, full: bool) -> dict[str, Any]:
    from dataclasses import asdict

    from trendbot.core.addresses import masked

    tree = asdict(listed.subscriber)
    tree.pop("public_id")
    tree["address"] = listed.subscriber.address if full else masked(listed.subscriber.address)
    return tree | {
        "channel": listed.channel,
        "subscription": asdict(listed.subscription) if listed.subscription else None,
    }


@command.command()
@click.argument("subscriber", type=int, metavar="ID")
@addresses
@as_json
@pass_choices
def show(choices: Choices, subscriber: int, addresses: bool, json_: bool) -> None:
    """Show a subscriber: standing, wishes, and the evidence of consent."""
    from trendbot.cli.opening import opened
    from trendbot.core.addresses import masked
    from trendbot.store.consent import list_events
    from trendbot.store.subscribers import get_subscriber, subscriptions_of

    with opened(choices) as app:
        found = app.database.read(get_subscriber, subscriber)
        subscriptions = app.database.read(subscriptions_of, subscriber)
        events = app.database.read(list_events, subscriber)
    if json_:
        show_json({"subscriptions": [_plain(each, full=addresses) for each in subscriptions], "consent": events})
        return
    address = found.address if addresses else masked(found.address)
    show_facts({"id": found.id, "kind": found.kind, "address": address, "language": found.language,
                "since": found.created_at, "erased": found.erased_at})  # fmt: skip
    for each in subscriptions:
        click.echo()
        show_facts(_wishes(each))
    click.echo()
    show_rows(events, _EVENTS, json_=False, nothing="no events")


_EVENTS = (
    Column(title="at (UTC)", value=lambda each: each.at),
    Column(title="event", value=lambda each: each.event),
    Column(title="by way of", value=lambda each: each.method),
    Column(title="network", value=lambda each: each.network),
    Column(title="wording", value=lambda each: each.wording, wide=True),
)


def _wishes(listed: Listed) -> dict[str, object]:
    subscription = listed.subscription
    if subscription is None:
        return {"channel": listed.channel}
    wish = subscription.preferences
    return {
        "channel": listed.channel,
        "status": subscription.status,
        "paused until": subscription.paused_until,
        "themes": " ".join(wish.themes) or "all",
        "cadence": wish.cadence or "none",
        "hour": f"{wish.hour:02d}:00 {wish.timezone}, {wish.weekday} where weekly",
        "quiet": f"{wish.quiet.start:02d}–{wish.quiet.end:02d}" if wish.quiet else "none",
        "alerts a day": wish.alerts,
        "next (UTC)": subscription.next_at,
    }


@command.command()
@click.argument("subscriber", type=int, metavar="ID")
@pass_choices
def export(choices: Choices, subscriber: int) -> None:
    """Print everything that is stored about a person as JSON, addresses included."""
    from trendbot.cli.opening import opened
    from trendbot.subscriptions import export_person

    with opened(choices) as app:
        show_json(app.database.read(export_person, subscriber))


@command.command()
@click.argument("subscriber", type=int, metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_choices
def erase(choices: Choices, subscriber: int, yes: bool) -> None:
    """Delete a person's addresses, wishes, feedback and messages; it cannot be undone."""
    from trendbot.cli.opening import opened
    from trendbot.store.subscribers import get_subscriber, of_person
    from trendbot.subscriptions import Act
    from trendbot.subscriptions import erase as erase_one

    if not yes:
        click.confirm(f"Delete everything about subscriber {subscriber}? It cannot be undone", abort=True)
    with opened(choices) as app:
        person = app.database.read(get_subscriber, subscriber).person
        for each in app.database.read(of_person, person):
            app.database.write(erase_one, each.id, act=Act(method="operator", now=app.clock()))
            click.echo(f"subscriber {each.id} is erased")


@command.command()
@click.argument("address")
@click.option("--kind", type=KINDS, default="email", show_default=True, help="What the address is.")
@click.option("--reason", type=REASONS, default="operator", show_default=True, help="Why.")
@click.option("--lift", is_flag=True, help="Allow the address again; it stays unsubscribed.")
@pass_choices
def suppress(choices: Choices, address: str, kind: str, reason: str, lift: bool) -> None:
    """Never write to ADDRESS again, whether or not it is a subscriber's."""
    from trendbot.cli.opening import opened
    from trendbot.core.addresses import address_hash
    from trendbot.core.vocabulary import ChannelKind, SuppressionReason
    from trendbot.store.consent import lift_suppression
    from trendbot.subscriptions import Act
    from trendbot.subscriptions import suppress as suppress_one

    of_kind = ChannelKind(kind)
    one = _spelled(of_kind, address)
    with opened(choices) as app:
        if lift:
            was = app.database.write(lift_suppression, address_hash(app.key(), of_kind, one))
            click.echo("may be written to again, once it asks" if was else "was not suppressed")
            return
        act = Act(method="operator", now=app.clock())
        new = app.database.write(
            suppress_one, kind=of_kind, address=one, reason=SuppressionReason(reason), act=act, key=app.key()
        )
    click.echo("suppressed" if new else "was suppressed already")


def _spelled(kind: ChannelKind, address: str) -> str:
    from trendbot.core.addresses import normalise
    from trendbot.errors import ConfigError

    one = normalise(kind, address)
    if one is None:
        raise ConfigError(f"{address!r} is no {kind} address: a mail address, or with --kind telegram a chat's number")
    return one


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--channel", required=True, metavar="NAME", help="The channel to subscribe to, one with subscribers.")
@as_json
@pass_choices
def import_(choices: Choices, file: Path, channel: str, json_: bool) -> None:
    """Import a CSV list of subscribers, each with proof of consent.

    Columns: address, consent_at (ISO 8601), consent_text (what was agreed to, and where); optional: language, themes,
    cadence, hour, weekday, timezone. Nobody is imported who left, complained or bounced; run it again, nothing changes.
    """
    from trendbot.cli.opening import opened
    from trendbot.errors import ConfigError
    from trendbot.store.channels import find_channel
    from trendbot.store.views import theme_titles
    from trendbot.subscriptions import Act, import_rows, read_rows

    with opened(choices) as app:
        to = app.database.read(find_channel, channel)
        if not to.personal:
            raise ConfigError(f"channel {channel} has no subscribers of its own: see `trendbot channels list`")
        known = tuple(app.database.read(theme_titles))
        now = app.clock()
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = read_rows(lines, kind=to.kind, themes=known, now=now, source=file.name)
        act = Act(method="import", now=now)
        report = app.database.write(import_rows, rows, kind=to.kind, channel_id=to.id, act=act, key=app.key())
    if json_:
        show_json(report)
        return
    click.echo(", ".join(f"{count} {fate}" for fate, count in report.counts.items() if count) or "the list is empty")
    for line, why in report.refused:
        click.echo(f"line {line}: {why}", err=True)
