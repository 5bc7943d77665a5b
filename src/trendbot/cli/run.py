"""`trendbot run`: one pass over everything."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.frame import Choices, Instant, Verb, as_json, pass_choices
from trendbot.cli.out import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trendbot.jobs import RunSummary

FUTURE = timedelta(days=1)
"""How far --now may lie ahead of the clock without a word."""


@click.command("run", cls=Verb)
@click.option("--opml", metavar="FILE|URL", help="Poll the feeds of this OPML list instead of the seeds.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Write the editions here.")
@click.option("--allow-private", is_flag=True, help="Ask private and loopback addresses too (intranets, tests).")
@click.option("--now", type=Instant(), metavar="INSTANT", help="Stop the clock at this instant (ISO 8601).")
@click.option("--force", is_flag=True, help="Ask feeds that are not due yet, conditionally all the same.")
@click.option("--record", type=click.Path(path_type=Path), metavar="DIR", help="Keep what every feed answers here.")
@as_json
@pass_choices
def command(
    choices: Choices,
    opml: str | None,
    out: Path | None,
    allow_private: bool,
    now: datetime | None,
    force: bool,
    record: Path | None,
    json_: bool,
) -> None:
    """Make one pass over everything and write the editions.

    Creates the home and its database where they are missing, migrates an old one, polls the feeds that are due, tags,
    groups, measures, composes what this day and week still lack, and writes the editions to a folder. Run it again at
    any time: nothing is doubled. Without a network and without stored entries it shows the sample week instead.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.cli.progress import Reporter
    from trendbot.cli.summary import show_summary
    from trendbot.jobs import run_line

    if now is not None:
        _warn_of_the_future(now)
    options: dict[str, Any] = {"out": out, "fetch": {"allow_private": True if allow_private else None}}
    with contextlib.ExitStack() as stack:
        app = stack.enter_context(opened(choices, Access.MIGRATE, options=options, now=now))
        with Reporter() as reporter:
            summary = asyncio.run(run_line(app, opml=opml, force=force, record=record, progress=reporter))
        if summary.poll.unreachable:
            click.echo(_no_network(summary), err=json_)
        if summary.offline:
            summary = walk(choices, options)
        show_summary(summary, json_=json_)
    if failed(summary):
        raise click.exceptions.Exit(1)


def _warn_of_the_future(now: datetime) -> None:
    from trendbot.clock import system_clock

    ahead = now - system_clock()
    if ahead > FUTURE:
        click.echo(
            f"Warning: --now lies {ahead.days} days ahead of the clock. All is dated then, digests of those days are "
            "made for good, and feeds are due again only after that day; for a trial name another --home.",
            err=True,
        )


def _no_network(summary: RunSummary) -> str:
    why = f"none of the {summary.poll.asked} feeds could be reached ({plain(summary.poll.failed[0].reason)})"
    instead = "showing the made-up sample week instead" if summary.offline else "what is stored stays as it is"
    return f"No network: {why}; {instead}. Run it again when the network is back."


def walk(choices: Choices, options: Mapping[str, Any] | None = None) -> RunSummary:
    """Walk through the sample week in its own home below the one that is named."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.cli.progress import Reporter
    from trendbot.jobs import walk_sample

    with opened(choices, Access.MIGRATE, options=options, sample=True) as app, Reporter() as reporter:
        return asyncio.run(walk_sample(app, progress=reporter))


def failed(summary: RunSummary) -> bool:
    """Say whether a run failed as a whole: a stage did, or every feed that was asked."""
    polled = summary.poll
    return bool(summary.problems) or (polled.asked > 0 and len(polled.failed) == polled.asked)
