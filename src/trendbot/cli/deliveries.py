"""`trendbot deliveries`: the outbox, and what to do with messages that stand still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_facts, show_json, show_rows

if TYPE_CHECKING:
    from trendbot.core.vocabulary import DeliveryStatus
    from trendbot.store.deliveries import Delivery

STATES = ["pending", "sending", "sent", "failed", "uncertain", "skipped"]


@click.group("deliveries", cls=Noun)
def command() -> None:
    """List messages, and say what becomes of those that failed or may not have arrived."""


COLUMNS = (
    Column(title="delivery", value=lambda row: row.key),
    Column(title="channel", value=lambda row: row.channel.slug),
    Column(title="status", value=lambda row: row.status),
    Column(title="tries", value=lambda row: row.attempts, number=True),
    Column(title="at (UTC)", value=lambda row: row.sent_at or row.not_before),
    Column(title="about", value=lambda row: row.title or row.slot, wide=True),
    Column(title="why", value=lambda row: row.error, wide=True),
)


def _shown(row: Delivery) -> dict[str, object]:
    """Return a delivery without its text; a subscriber's address is shown by nobody's wish."""
    from trendbot.core.addresses import masked

    return {
        "id": row.id,
        "key": row.key,
        "channel": row.channel.slug,
        "subscriber": row.subscriber_id,
        "address": masked(row.address) if row.subscriber_id else row.address,
        "status": row.status,
        "attempts": row.attempts,
        "not_before": row.not_before,
        "too_late_at": row.too_late_at,
        "sent_at": row.sent_at,
        "digest": row.digest_id,
        "title": row.title or row.slot,
        "part": row.part + 1,
        "parts": row.parts,
        "variant": row.variant,
        "external_id": row.external_id,
        "error": row.error,
    }


@command.command("list")
@click.option("--status", type=click.Choice(STATES), help="In one state.")
@click.option("--channel", metavar="NAME", help="To one channel.")
@click.option("--digest", type=int, metavar="ID", help="Of one digest.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@as_json
@pass_choices
def list_(
    choices: Choices, status: str | None, channel: str | None, digest: int | None, limit: int, json_: bool
) -> None:
    """List messages, the latest first."""
    from trendbot.cli.opening import opened
    from trendbot.core.vocabulary import DeliveryStatus
    from trendbot.store.channels import find_channel
    from trendbot.store.deliveries import list_deliveries

    with opened(choices) as app:
        found = app.database.read(
            list_deliveries,
            status=DeliveryStatus(status) if status else None,
            channel_id=app.database.read(find_channel, channel).id if channel else None,
            digest_id=digest,
            limit=limit,
            latest=True,
        )
    if json_:
        show_json([_shown(row) for row in found])
    else:
        show_rows(found, COLUMNS, json_=False, nothing="no deliveries: `trendbot run` makes them")


@command.command()
@click.argument("delivery", metavar="KEY|ID")
@click.option("--text", is_flag=True, help="Print the message as it is sent.")
@as_json
@pass_choices
def show(choices: Choices, delivery: str, text: bool, json_: bool) -> None:
    """Show a message: its state, its tries, and why it did not go."""
    from trendbot.cli.opening import opened
    from trendbot.store.deliveries import get_delivery

    with opened(choices) as app:
        found = app.database.read(get_delivery, delivery)
    if text:
        click.echo(found.body)
    elif json_:
        show_json(_shown(found) | {"body": found.body})
    else:
        show_facts({name.replace("_", " "): value for name, value in _shown(found).items() if value is not None})


@command.command()
@click.argument("delivery", metavar="KEY|ID")
@click.option("--sent", "sent", flag_value=True, default=None, help="It did arrive.")
@click.option("--again", "sent", flag_value=False, help="It did not: send it again.")
@as_json
@pass_choices
def resolve(choices: Choices, delivery: str, sent: bool | None, json_: bool) -> None:
    """Say of an uncertain message whether it arrived."""
    from trendbot.core.vocabulary import DeliveryStatus

    if sent is None:
        raise click.UsageError("say --sent or --again: look into the chat first")
    to = DeliveryStatus.SENT if sent else DeliveryStatus.PENDING
    _lead_on(choices, delivery, to, "uncertain", "said to have arrived" if sent else None, json_=json_)


@command.command()
@click.argument("delivery", metavar="KEY|ID")
@as_json
@pass_choices
def retry(choices: Choices, delivery: str, json_: bool) -> None:
    """Send a message that failed, or was left out, with the next run."""
    from trendbot.core.vocabulary import DeliveryStatus

    _lead_on(choices, delivery, DeliveryStatus.PENDING, "failed or skipped", None, json_=json_)


@command.command()
@click.argument("delivery", metavar="KEY|ID")
@as_json
@pass_choices
def cancel(choices: Choices, delivery: str, json_: bool) -> None:
    """Leave out a message that waits, or may not have arrived."""
    from trendbot.core.vocabulary import DeliveryStatus

    _lead_on(choices, delivery, DeliveryStatus.SKIPPED, "pending or uncertain", "cancelled", json_=json_)


def _lead_on(choices: Choices, name: str, to: DeliveryStatus, only: str, why: str | None, *, json_: bool) -> None:
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.errors import ConflictError
    from trendbot.store.deliveries import get_delivery, lead_on

    with opened(choices, Access.BESIDE) as app:
        found = app.database.read(get_delivery, name)
        if found.status not in only.split(" or "):
            raise ConflictError(f"delivery {found.key} is {found.status}, and this is for those that are {only}")
        after = app.database.write(lead_on, name, to=to, now=app.clock(), why=why)
    if json_:
        show_json(_shown(after))
    else:
        click.echo(f"{after.key} is {after.status}")


@command.command()
@click.option("--send", is_flag=True, help="Send what waits, even what may have gone before the backup was put back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@pass_choices
def resume(choices: Choices, send: bool, yes: bool, json_: bool) -> None:
    """Send again from a database that is older than the last message sent.

    After a backup was put back, nothing is sent until this is said. What has waited since before the last send is then
    called uncertain, since it may have gone already; with --send it is sent.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.pipeline.guard import Guard
    from trendbot.pipeline.guard import resume as trust

    with opened(choices, Access.WRITE) as app:
        objection = Guard(app.home).objection(app.database)
        held = 0
        if objection is not None:
            if send and not yes:
                click.confirm("Messages may go a second time. Send what waits?", abort=True)
            harmless = [name for name, each in app.transports.items() if each.harmless]
            held = trust(app.database, app.home, harmless=harmless, send=send)
    if json_:
        show_json({"resumed": objection is not None, "uncertain": held})
    elif objection is None:
        click.echo("nothing was held back: the database knows the last message sent")
    else:
        click.echo(f"sending goes on; {held} messages are uncertain, see `trendbot deliveries list --status uncertain`")
