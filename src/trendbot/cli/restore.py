"""`trendbot restore`: put a backup in the place of the database."""

from __future__ import annotations

from pathlib import Path

import click

from trendbot.cli.frame import Choices, Verb, pass_choices
from trendbot.cli.out import plain


@click.command("restore", cls=Verb)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_choices
def command(choices: Choices, file: Path, yes: bool) -> None:
    """Put the backup FILE in the place of the database.

    Nothing else may be at work on the home. The database that was there is kept as `trendbot.db.before-restore`. Where
    messages have gone since the backup was made, nothing is sent until `trendbot deliveries resume`. PostgreSQL is
    restored by pg_restore.
    """
    from trendbot.bootstrap import make_folder
    from trendbot.clock import system_clock
    from trendbot.errors import ConfigError
    from trendbot.store.backup import put_back
    from trendbot.store.database import Database
    from trendbot.store.lock import home_lock

    settings = choices.settings()
    with Database(settings.database_address) as database:
        place = database.file
    if place is None:
        raise ConfigError("PostgreSQL is restored by pg_restore: see docs/operating.md")
    make_folder(settings.home, "home")
    if not yes and place.exists():
        click.confirm(f"Put {file} in the place of {place}?", abort=True)
    with home_lock(settings.home, now=system_clock(), doing="restore"):
        kept = put_back(file, place)
    click.echo(plain(f"{place}: put back" + (f"; the one before is {kept}" if kept else "")))
