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
@click.option(
    "--compare",
    "other",
    metavar="RULES",
    help="Then compare each digest with what these settings or themes make of it.",
)
@as_json
@pass_choices
def command(choices: Choices, folder: Path, out: Path | None, other: str | None, json_: bool) -> None:
    """Run over the recording in DIR, made with `run --record`, into an empty home.

    The clock stands where it stood at each recorded run, no feed is asked, and the same recording makes the same
    editions each time: to look into what went wrong, or to compare two rankings or two themes files on one week.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.digests_compare import NOW, rules_of, show_comparison
    from trendbot.cli.opening import opened
    from trendbot.cli.progress import Reporter
    from trendbot.cli.run import failed
    from trendbot.cli.summary import show_summary
    from trendbot.jobs import replay
    from trendbot.pipeline.compare import compare

    options: dict[str, Any] = {"out": out}
    with opened(choices, Access.MIGRATE, options=options) as app:
        rules = [rules_of(choices, name, app.digests) for name in (NOW, other)] if other else []
        with Reporter() as reporter:
            summary = asyncio.run(replay(app, folder, progress=reporter))
        if not (rules and json_):
            show_summary(summary, json_=json_)
        if rules:
            found = compare(app.database, *rules, limit=1_000)
            click.echo("", nl=not json_)
            show_comparison(found, json_=json_, stories=True)
    if failed(summary):
        raise click.exceptions.Exit(1)
