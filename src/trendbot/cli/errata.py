"""`trendbot errata`: what was told and is not so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trendbot.cli.editor import as_editor
from trendbot.cli.frame import Choices, Noun, as_json, pass_choices
from trendbot.cli.out import Column, plain, show_json, show_rows

if TYPE_CHECKING:
    from trendbot.store.errata import ErratumRow


@click.group("errata", cls=Noun)
def command() -> None:
    """List, add and dismiss corrections of what was told."""


def _stands(row: ErratumRow) -> str:
    if row.told_in is not None:
        return f"told in {row.told_in}"
    return f"dismissed by {row.dismissed_by}" if row.dismissed_at else "waits"


COLUMNS = (
    Column(title="id", value=lambda row: row.id, number=True),
    Column(title="digest", value=lambda row: row.digest_id, number=True),
    Column(title="story", value=lambda row: row.story_id, number=True),
    Column(title="cause", value=lambda row: row.cause),
    Column(title="by", value=lambda row: row.made_by),
    Column(title="stands", value=_stands),
    Column(title="text", value=lambda row: row.text, wide=True),
)


@command.command("list")
@click.option("--waiting", is_flag=True, help="Only those that the next digests will tell.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@as_json
@pass_choices
def list_(choices: Choices, waiting: bool, limit: int, json_: bool) -> None:
    """List corrections, the latest first."""
    from trendbot.cli.opening import opened
    from trendbot.store.errata import list_errata

    with opened(choices) as app:
        found = app.database.read(list_errata, waiting=waiting, limit=limit)
    show_rows(found, COLUMNS, json_=json_, nothing="nothing to correct")


@command.command()
@click.argument("digest", type=int, metavar="DIGEST")
@click.argument("story", type=int, metavar="STORY")
@click.argument("text", metavar="TEXT")
@as_editor
@as_json
@pass_choices
def add(choices: Choices, digest: int, story: int, text: str, editor: str, json_: bool) -> None:
    """Correct what a frozen DIGEST told of a STORY: the next digest of its cadence says TEXT.

    Messages that were sent already are edited where the channel can.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.core.limits import one_line
    from trendbot.errors import ConfigError
    from trendbot.store.errata import add_erratum

    clean = one_line(text, 240)
    if not clean:
        raise ConfigError("a correction needs words: give what is right as TEXT")
    with opened(choices, Access.BESIDE) as app:
        made = app.database.write(add_erratum, digest, story, clean, by=editor, now=app.clock())
    _tell(made, f"`trendbot errata dismiss {made.id}` takes it back until a digest has told it", json_=json_)


@command.command()
@click.argument("erratum", type=int, metavar="ID")
@as_editor
@as_json
@pass_choices
def dismiss(choices: Choices, erratum: int, editor: str, json_: bool) -> None:
    """Leave a correction out: no digest tells it, no message is edited for it."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.store.errata import dismiss_erratum

    with opened(choices, Access.BESIDE) as app:
        found = app.database.write(dismiss_erratum, erratum, by=editor, now=app.clock())
    _tell(found, f"dismissed by {found.dismissed_by}", json_=json_)


def _tell(row: ErratumRow, how: str, *, json_: bool) -> None:
    if json_:
        show_json(row)
    else:
        click.echo(f"erratum {row.id}: {plain(row.text)}\n{plain(how)}")
