"""`trendbot stories`: entries that report one event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.editor import as_editor
from trendbot.cli.frame import Choices, Instant, Noun, as_json, pass_choices
from trendbot.cli.out import Column, plain, show_json, show_rows, show_table

if TYPE_CHECKING:
    from trendbot.store.curation import Act
    from trendbot.store.database import Session
    from trendbot.store.story_acts import Hand


@click.group("stories", cls=Noun)
def command() -> None:
    """List and show stories, and put right what belongs together."""


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
    Column(title="why here", value=lambda report: _why(report.reason, report.similarity, report.copy_of)),
)


def _why(reason: str, similarity: float | None, copy_of: int | None) -> str:
    told = f"{reason} ({similarity:.2f})" if similarity is not None else reason
    return f"{told}, copies {copy_of}" if copy_of is not None else told


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
@click.option("--since", type=Instant(), help="Mark what tells something new after then (ISO 8601).")
@as_json
@pass_choices
def show(choices: Choices, story: int, json_: bool, since: datetime | None) -> None:
    """Show a story: its reports, why each belongs to it, which are copies, and what is new since a moment."""
    from trendbot.cli.opening import opened
    from trendbot.store.stories import get_story

    with opened(choices) as app:
        found = app.database.read(get_story, story, since=since)
    if json_:
        show_json(found)
        return
    held = ", held by a person" if found.held else ""
    click.echo(f"{plain(found.title)}\nstory {found.id}, {plain(found.first_at)} to {plain(found.last_at)} UTC{held}")
    click.echo(f"themes: {', '.join(found.themes) or 'none'}\n")
    new = (Column(title="new", value=lambda report: "new" if report.new else ""),) if since else ()
    show_table(found.entries, (*new, *REPORT_COLUMNS))


@command.command()
@click.argument("story", type=int, metavar="ID")
@click.argument("others", type=int, metavar="OTHER…", nargs=-1, required=True)
@as_editor
@as_json
@pass_choices
def merge(choices: Choices, story: int, others: tuple[int, ...], editor: str, json_: bool) -> None:
    """Put the OTHER stories into one; their numbers go on leading to it."""
    from trendbot.store.story_acts import merge_stories

    _decide(choices, lambda session, hand: merge_stories(session, story, others, hand), editor=editor, json_=json_)


@command.command()
@click.argument("story", type=int, metavar="ID")
@click.argument("entries", type=int, metavar="ENTRY…", nargs=-1, required=True)
@as_editor
@as_json
@pass_choices
def split(choices: Choices, story: int, entries: tuple[int, ...], editor: str, json_: bool) -> None:
    """Take entries out of a story into a new one. No run joins the two again."""
    from trendbot.store.story_acts import split_story

    _decide(choices, lambda session, hand: split_story(session, story, entries, hand), editor=editor, json_=json_)


@command.command()
@click.argument("entry", type=int, metavar="ENTRY")
@click.argument("story", type=int, metavar="ID")
@as_editor
@as_json
@pass_choices
def move(choices: Choices, entry: int, story: int, editor: str, json_: bool) -> None:
    """Put an entry into another story."""
    from trendbot.store.story_acts import move_entry

    _decide(choices, lambda session, hand: move_entry(session, entry, story, hand), editor=editor, json_=json_)


@command.command()
@click.argument("story", type=int, metavar="ID")
@click.argument("entry", type=int, metavar="ENTRY")
@as_editor
@as_json
@pass_choices
def pin(choices: Choices, story: int, entry: int, editor: str, json_: bool) -> None:
    """Make an entry the lead of its story for good."""
    from trendbot.store.story_acts import pin_lead

    _decide(choices, lambda session, hand: pin_lead(session, story, entry, hand), editor=editor, json_=json_)


@command.command()
@click.argument("act", type=int, required=False)
@as_editor
@as_json
@pass_choices
def undo(choices: Choices, act: int | None, editor: str, json_: bool) -> None:
    """Take back the last change of stories, or the ACT of that number. An undoing can be undone by its number."""
    from trendbot.store.story_acts import undo_story_act

    _decide(choices, lambda session, hand: undo_story_act(session, act, hand), editor=editor, json_=json_)


def _decide(choices: Choices, act: Callable[[Session, Hand], Act], *, editor: str, json_: bool) -> None:
    """Carry out what a person decided, and say what changed and how it is taken back."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store.story_acts import Hand

    with opened(choices, Access.BESIDE) as app:
        hand = Hand(by=editor, now=app.clock())
        made = app.database.write(act, hand)
    if json_:
        show_json(made)
        return
    for change in made.changes:
        click.echo(_told(change.subject, change.before, change.after))
    click.echo(f"act {made.act}; `trendbot stories undo {made.act}` takes it back")


def _told(subject: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    kind, _, number = subject.partition(":")
    if kind == "place":
        return f"entry {number}: from story {before['story']} to story {after['story']}"
    if after["into"] is not None:
        return f"story {number} is now part of story {after['into']}"
    lead = f", lead pinned to entry {after['lead']}" if after["lead"] is not None else ""
    return f"story {number} {'is held as you left it' if after['held'] else 'is left to the runs again'}{lead}"
