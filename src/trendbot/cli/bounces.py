"""`trendbot bounces`: mail that came back, complaints, and who leaves by mail."""

from __future__ import annotations

import click

from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_json, show_rows

_COLUMNS = (
    Column(title="at (UTC)", value=lambda each: each.at),
    Column(title="kind", value=lambda each: each.kind),
    Column(title="status", value=lambda each: each.status),
    Column(title="delivery", value=lambda each: each.delivery_id, number=True),
    Column(title="subscriber", value=lambda each: each.subscriber_id, number=True),
)


@click.group("bounces", cls=Noun)
def command() -> None:
    """Read and list mail that came back, and complaints."""


@command.command()
@as_json
@pass_choices
def read(choices: Choices, json_: bool) -> None:
    """Read the bounce mailbox now, and act on what it says; `trendbot serve` does so every ten minutes.

    May be run beside it: a message that both read counts once.
    """
    from trendbot.cli.opening import opened
    from trendbot.errors import ConfigError
    from trendbot.pipeline.bounces import read_bounces

    with opened(choices) as app:
        if app.bounces is None:
            raise ConfigError("no mailbox is named to read bounces from: set email.bounces_from, see docs/bounces.md")
        report = read_bounces(app.database, app.bounces, clock=app.clock)
    if json_:
        show_json(report)
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.kinds.items()))
    click.echo(f"{report.read} messages read: {kinds or 'no failures'}; {report.suppressed} addresses suppressed")
    if report.left or report.left_before:
        click.echo(f"left by mail: {report.left}, and {report.left_before} who had left before")
    if report.unproven:
        click.echo(
            f"asked to leave without a proof of who it is: {report.unproven}, flagged in the mailbox; "
            "`trendbot subscribers suppress ADDRESS` lets somebody go",
            err=True,
        )
    if report.unplaced or report.unreadable:
        click.echo(f"{report.unplaced} name no delivery of ours, {report.unreadable} cannot be read", err=True)


@command.command("list")
@click.option("--kind", type=click.Choice(["hard", "soft", "policy", "complaint"]), help="Of one kind.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many at most.")
@as_json
@pass_choices
def list_(choices: Choices, kind: str | None, limit: int, json_: bool) -> None:
    """List what came back, newest first."""
    from trendbot.cli.opening import opened
    from trendbot.core.vocabulary import BounceKind
    from trendbot.store.bounces import list_bounces

    with opened(choices) as app:
        found = app.database.read(list_bounces, kind=BounceKind(kind) if kind else None, limit=limit)
    show_rows(found, _COLUMNS, json_=json_, nothing="nothing came back")
