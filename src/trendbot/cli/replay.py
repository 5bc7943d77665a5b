"""`trendbot replay`: the time machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from trendbot.cli.frame import Choices, Verb, as_json, pass_choices


@click.command("replay", cls=Verb)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Write the editions here.")
@as_json
@pass_choices
def command(choices: Choices, folder: Path, out: Path | None, json_: bool) -> None:
    """Run over the recording in DIR, made with `run --record`, into an empty home.

    The clock stands where it stood at each recorded run, no feed is asked, and the same recording makes the same
    editions each time: to look into what went wrong, or to compare two rankings or two themes files on one week.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.cli.progress import Reporter
    from trendbot.cli.run import failed
    from trendbot.cli.summary import show_summary
    from trendbot.jobs import replay

    options: dict[str, Any] = {"out": out}
    with opened(choices, Access.MIGRATE, options=options) as app:
        with Reporter() as reporter:
            summary = asyncio.run(replay(app, folder, progress=reporter))
        show_summary(summary, json_=json_)
    if failed(summary):
        raise click.exceptions.Exit(1)
