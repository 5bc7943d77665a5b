"""`trendbot db`: the database's schema, its health, and moving it to PostgreSQL."""

from __future__ import annotations

import click

from trendbot.cli.frame import Choices, Noun, pass_choices


@click.group("db", cls=Noun)
def command() -> None:
    """Upgrade, check and copy the database."""


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


@command.command()
@click.argument("target_url")
@pass_choices
def copy(choices: Choices, target_url: str) -> None:
    """Copy everything into an empty PostgreSQL database, and check it.

    TARGET_URL is such as postgresql://USER:PASSWORD@HOST/NAME. Counts and contents of each table are compared before
    anything is committed. Then set `database_url` to it, and keep the old file until you are sure.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store.copying import copy_database
    from trendbot.store.database import Database

    with opened(choices, Access.WRITE) as app, Database(target_url) as target:
        copied = copy_database(app.database, target, progress=_shown)
        rows = sum(each.rows for each in copied.values())
        click.echo(f"{target.where}: {rows} rows in {len(copied)} tables copied, counts and contents compared")


@command.command("adopt")
@pass_choices
def adopt(choices: Choices) -> None:
    """Let this home's `secret.key` count for the PostgreSQL database, where the one before is lost.

    Links that were sent before stop working, and who must not be written to is no longer known: suppress them again.
    """
    from trendbot.store import migrate
    from trendbot.store.database import Database
    from trendbot.store.same_secret import adopt_secret

    settings = choices.settings()
    with Database(settings.database_address) as database:
        migrate.check(database)
        adopt_secret(database, settings.home)
        click.echo(f"{database.where}: {settings.home / 'secret.key'} counts from now on; copy it to the other homes")


def _shown(table: str, rows: int) -> None:
    if rows:
        click.echo(f"{table}: {rows}", err=True)
