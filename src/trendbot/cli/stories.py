"""`trendbot stories`: entries that report one event."""

from __future__ import annotations

from datetime import datetime

import click

from trendbot.cli.frame import Choices, Instant, Noun, as_json, pass_choices
from trendbot.cli.out import Column, plain, show_json, show_rows, show_table


@click.group("stories", cls=Noun)
def command() -> None:
    """List and show stories."""


COLUMNS = (
    Column(title="id", value=lambda story: story.id, number=True),
    Column(title="latest (UTC)", value=lambda story: story.last_at),
    Column(title="reports", value=lambda story: story.reports, number=True),
    Column(title="feeds", value=lambda story: story.feeds, number=True),
    Column(title="title", value=lambda story: story.title, wide=True),
)
REPORT_COLUMNS = (
    Column(title="", value=lambda report: "lead" if report.lead else ""),
    Column(title="entry", value=lambda report: report.entry_id, number=True),
    Column(title="dated (UTC)", value=lambda report: report.dated_at),
    Column(title="feed", value=lambda report: report.feed_title),
    Column(title="title", value=lambda report: report.title, wide=True),
    Column(title="why here", value=lambda report: _why(report.reason, report.similarity)),
)


def _why(reason: str, similarity: float | None) -> str:
    return f"{reason} ({similarity:.2f})" if similarity is not None else reason


@command.command("list")
@click.option("--since", type=Instant(), help="With a report then or later (ISO 8601).")
@click.option("--until", type=Instant(), help="Without a report then or later (ISO 8601).")
@click.option("--theme", metavar="SLUG", help="With a report of this theme.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@as_json
@pass_choices
def list_(
    choices: Choices, json_: bool, since: datetime | None, until: datetime | None, theme: str | None, limit: int
) -> None:
    """List stories, the one with the latest report first."""
    from trendbot.cli.opening import opened
    from trendbot.store.stories import list_stories

    with opened(choices) as app:
        stories = app.database.read(list_stories, since=since, until=until, theme=theme, limit=limit)
    show_rows(stories, COLUMNS, json_=json_, nothing="no such stories")


@command.command()
@click.argument("story", type=int, metavar="ID")
@as_json
@pass_choices
def show(choices: Choices, story: int, json_: bool) -> None:
    """Show a story: its reports, and why each belongs to it."""
    from trendbot.cli.opening import opened
    from trendbot.store.stories import get_story

    with opened(choices) as app:
        found = app.database.read(get_story, story)
    if json_:
        show_json(found)
        return
    click.echo(f"{plain(found.title)}\nstory {found.id}, {plain(found.first_at)} to {plain(found.last_at)} UTC\n")
    show_table(found.entries, REPORT_COLUMNS)
