"""`trendbot backup`: a copy of the database, while others write."""

from __future__ import annotations

from pathlib import Path

import click

from trendbot.cli.frame import Choices, Verb, pass_choices
from trendbot.cli.out import plain


@click.command("backup", cls=Verb)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", required=False)
@pass_choices
def command(choices: Choices, file: Path | None) -> None:
    """Copy the database into FILE, while others write.

    Without FILE into `backups` in the home, named by the time. The copy is one moment of the database, and checked.
    Keep `secret.key` with it. PostgreSQL is copied by pg_dump.
    """
    from trendbot.cli.opening import opened
    from trendbot.store.backup import back_up

    with opened(choices) as app:
        end = "db" if app.database.file is not None else "dump"
        to = file or app.home / "backups" / f"trendbot-{app.clock():%Y%m%dT%H%M%SZ}.{end}"
        if to.exists():
            raise click.UsageError(f"{to} is there already: name another file")
        back_up(app.database, to)
    click.echo(plain(f"{to}: {to.stat().st_size / 1e6:.1f} MB"))
