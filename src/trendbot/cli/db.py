"""`trendbot db`: the database's schema."""

from __future__ import annotations

import click

from trendbot.cli.frame import Choices, Noun, pass_choices


@click.group("db", cls=Noun)
def command() -> None:
    """Upgrade and check the database."""


@command.command()
@pass_choices
def upgrade(choices: Choices) -> None:
    """Bring the schema to this program's version; harmless where nothing is to do."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store import migrate

    with opened(choices, Access.MIGRATE) as app:
        click.echo(f"{app.database.where}: schema {migrate.current(app.database)}")


@command.command()
@pass_choices
def check(choices: Choices) -> None:
    """Say whether schema and file are sound; exit 1 where they are not."""
    from trendbot.cli.opening import opened
    from trendbot.store import migrate
    from trendbot.store.checkup import damage

    with opened(choices) as app:
        found = app.database.read(damage)
        for line in found:
            click.echo(line)
        if found:
            raise click.exceptions.Exit(1)
        click.echo(f"{app.database.where}: schema {migrate.current(app.database)}, no damage found")
