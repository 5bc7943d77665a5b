"""The editor's verbs of `trendbot digests`: a draft, put right and let go."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.editor import as_editor
from trendbot.cli.frame import Choices, Instant, Verb, as_json, pass_choices
from trendbot.cli.out import near, plain, show_json

if TYPE_CHECKING:
    from trendbot.bootstrap import App
    from trendbot.pipeline.compose import ComposeReport
    from trendbot.pipeline.desk import Desk, Handled
    from trendbot.store.digest_acts import Draft

PAGE = "preview.html"

_cadence = click.option(
    "--cadence", type=click.Choice(["daily", "weekly"]), default="daily", show_default=True, help="Which digest."
)
_slot = click.option("--slot", metavar="SLOT", help="The draft of this day or week; default the one that waits.")
_now = click.option("--now", type=Instant(), metavar="INSTANT", help="Stop the clock at this instant (ISO 8601).")


def on_draft(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take the options that name a draft."""
    return _cadence(_slot(function))


@contextlib.contextmanager
def at_desk(choices: Choices, *, now: datetime | None = None, read: bool = False) -> Iterator[tuple[App, Desk]]:
    """Open the home with its desk."""
    from trendbot.bootstrap import Access, desk_of
    from trendbot.cli.opening import opened

    with opened(choices, Access.READ if read else Access.BESIDE, now=now) as app:
        yield app, desk_of(app)


def draft_of(desk: Desk, cadence: str, slot: str | None) -> Draft:
    """Return the draft that the options name."""
    from trendbot.core.vocabulary import Cadence
    from trendbot.pipeline.desk import the_draft

    return the_draft(desk, Cadence(cadence), slot)


@click.command(cls=Verb)
@_cadence
@click.option("--slot", metavar="SLOT", help="This day or week; it must be the present one.")
@_now
@as_json
@pass_choices
def compose(choices: Choices, cadence: str, slot: str | None, now: datetime | None, json_: bool) -> None:
    """Put the present slot's draft on the desk, or compose it again from the latest news.

    Nothing is frozen and nothing is sent. What was decided about the draft before is kept.
    """
    from trendbot.core.digests import slot_of
    from trendbot.core.vocabulary import Cadence
    from trendbot.errors import ConfigError
    from trendbot.pipeline.desk import make_draft

    with at_desk(choices, now=now) as (app, desk):
        present = slot_of(Cadence(cadence), app.clock(), app.digests[Cadence(cadence)].timezone)
        if slot is not None and slot != present:
            raise ConfigError(f"the present {cadence} slot is {present}: a digest is composed in its own slot only")
        draft = make_draft(desk, cadence=Cadence(cadence), now=app.clock())
        _show(desk, draft, json_=json_)


@click.command(cls=Verb)
@on_draft
@click.option("--digest", type=int, metavar="ID", help="A frozen digest instead of a draft.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the page here.")
@click.option("--open", "open_", is_flag=True, help="Open the page in the browser.")
@pass_choices
def preview(
    choices: Choices, cadence: str, slot: str | None, digest: int | None, out: Path | None, open_: bool
) -> None:
    """Write one page with the three channels side by side as they will look, light and dark.

    It shows lengths against their limits, where LinkedIn folds the post away, and what the linters say.
    """
    from trendbot.pipeline.previewing import preview_digest, preview_draft
    from trendbot.transports.files import write_atomically

    with at_desk(choices, read=True) as (app, desk):
        page = (
            preview_digest(desk, digest) if digest is not None else preview_draft(desk, draft_of(desk, cadence, slot))
        )
        file = out or app.home / PAGE
    write_atomically(file, page.encode())
    click.echo(near(file))
    if open_:
        click.launch(str(file))


@click.command(cls=Verb)
@click.argument("story", type=int, metavar="STORY")
@click.option("--lead", is_flag=True, help="As the lead.")
@on_draft
@as_editor
@as_json
@pass_choices
def pin(choices: Choices, story: int, lead: bool, cadence: str, slot: str | None, editor: str, json_: bool) -> None:
    """Put a story into the draft, whatever its rank and the caps say."""
    from trendbot.core.editing import Place

    _decide(choices, cadence, slot, story, editor, json_=json_, place=Place.LEAD if lead else Place.PINNED)


@click.command(cls=Verb)
@click.argument("story", type=int, metavar="STORY")
@on_draft
@as_editor
@as_json
@pass_choices
def drop(choices: Choices, story: int, cadence: str, slot: str | None, editor: str, json_: bool) -> None:
    """Take a story out of the draft; the next in rank comes in."""
    from trendbot.core.editing import Place

    _decide(choices, cadence, slot, story, editor, json_=json_, place=Place.DROPPED)


@click.command(cls=Verb)
@click.argument("story", type=int, metavar="STORY")
@click.option("--headline", metavar="TEXT", help="This headline instead.")
@click.option("--text", metavar="TEXT", help="This text instead of the sentences; empty for the headline alone.")
@on_draft
@as_editor
@as_json
@pass_choices
def edit(
    choices: Choices,
    story: int,
    headline: str | None,
    text: str | None,
    cadence: str,
    slot: str | None,
    editor: str,
    json_: bool,
) -> None:
    """Word a story of the draft anew.

    Your words are marked as edited wherever they are read, and kept with your name and the time. What the proof gate
    holds against them is a warning: you decide.
    """
    from trendbot.errors import ConfigError

    if not headline and text is None:
        raise ConfigError("nothing to edit: give --headline, --text, or both")
    _decide(choices, cadence, slot, story, editor, json_=json_, headline=headline, text=text)


@click.command(cls=Verb)
@on_draft
@as_editor
@_now
@as_json
@pass_choices
def approve(choices: Choices, cadence: str, slot: str | None, editor: str, now: datetime | None, json_: bool) -> None:
    """Approve the draft: it is frozen as it stands, and goes out with the next run."""
    from trendbot.pipeline.desk import approve as approve_draft

    with at_desk(choices, now=now) as (app, desk):
        report = approve_draft(desk, draft_of(desk, cadence, slot), by=editor, now=app.clock())
    _tell_frozen(report, json_=json_)


@click.command(cls=Verb)
@on_draft
@as_editor
@_now
@as_json
@pass_choices
def freeze(choices: Choices, cadence: str, slot: str | None, editor: str, now: datetime | None, json_: bool) -> None:
    """Freeze the draft now instead of at its hour, where it needs no approval."""
    from trendbot.pipeline.desk import freeze_now

    with at_desk(choices, now=now) as (app, desk):
        report = freeze_now(desk, draft_of(desk, cadence, slot), by=editor, now=app.clock())
    _tell_frozen(report, json_=json_)


@click.command("object", cls=Verb)
@on_draft
@as_editor
@_now
@as_json
@pass_choices
def object_(choices: Choices, cadence: str, slot: str | None, editor: str, now: datetime | None, json_: bool) -> None:
    """Hold the draft back: it does not go at its hour, only when somebody approves it."""
    from trendbot.core.policies import Verdict
    from trendbot.store.digest_acts import judge

    with at_desk(choices, now=now) as (app, desk):
        of = draft_of(desk, cadence, slot).of
        act = app.database.write(judge, of, Verdict.OBJECTED, by=editor, now=app.clock())
    if json_:
        show_json(act)
    else:
        click.echo(f"{of} is held until it is approved  (act {act.act}; `trendbot digests undo` lets it go again)")


@click.command(cls=Verb)
@click.argument("act", type=int, required=False)
@as_editor
@as_json
@pass_choices
def undo(choices: Choices, act: int | None, editor: str, json_: bool) -> None:
    """Take back the last act on a draft, or the ACT of that number, until the digest is frozen."""
    from trendbot.pipeline.desk import undo as undo_act

    with at_desk(choices) as (app, desk):
        _tell_handled(undo_act(desk, act, by=editor, now=app.clock()), json_=json_)


@click.command(cls=Verb)
@on_draft
@click.option("--digest", type=int, metavar="ID", help="A frozen digest against what the rules alone had made.")
@click.option("--hand", is_flag=True, help="The draft against what the rules alone make.")
@as_json
@pass_choices
def diff(choices: Choices, cadence: str, slot: str | None, digest: int | None, hand: bool, json_: bool) -> None:
    """Show what changed: the draft against what it was, or a digest against its draft without people's hand."""
    from trendbot.cli.digests_view import show_differences
    from trendbot.pipeline.previewing import digest_and_draft, draft_and_before

    with at_desk(choices, read=True) as (app, desk):
        before, after = (
            digest_and_draft(app.database, digest)
            if digest is not None
            else draft_and_before(draft_of(desk, cadence, slot), hand=hand)
        )
    show_differences(before, after, json_=json_)


VERBS = (compose, preview, pin, drop, edit, approve, object_, freeze, undo, diff)


# -- telling -----------------------------------------------------------------------------------------------------------


def _decide(
    choices: Choices, cadence: str, slot: str | None, story: int, editor: str, *, json_: bool, **wanted: Any
) -> None:
    from trendbot.pipeline.desk import decide

    with at_desk(choices) as (app, desk):
        draft = draft_of(desk, cadence, slot)
        handled = decide(desk, draft, story, by=editor, now=app.clock(), **wanted)
        _tell_handled(handled, json_=json_, story=story)


def _tell_handled(handled: Handled, *, json_: bool, story: int | None = None) -> None:
    from trendbot.cli.digests_view import show_differences, warnings

    if json_:
        show_json({"act": handled.act, "missing": handled.missing, "draft": handled.draft})
        return
    if handled.was is not None and handled.draft is not None:
        show_differences(handled.was, handled.draft.content, json_=False)
    for number in handled.missing:
        click.echo(f"story {number} is not in the draft: `trendbot why s{number}` says what keeps it out", err=True)
    for warning in warnings(handled.draft, story):
        click.echo(f"warning: {warning}", err=True)
    if handled.draft is not None and handled.draft.problem:
        click.echo(f"warning: {plain(handled.draft.problem)}; it cannot be frozen so", err=True)
    click.echo(f"act {handled.act.act}; `trendbot digests undo {handled.act.act}` takes it back")


def _show(desk: Desk, draft: Draft | None, *, json_: bool) -> None:
    from trendbot.cli.digests_view import show_draft
    from trendbot.pipeline.desk import approval_of, waits_for

    if draft is None:
        click.echo("there is nothing to tell yet: `trendbot run` polls the feeds")
    elif json_:
        show_json(draft)
    else:
        show_draft(draft, waits_for(draft, approval_of(desk, draft.of.cadence)))


def _tell_frozen(report: ComposeReport, *, json_: bool) -> None:
    if json_:
        show_json(report)
    elif report.digest is not None:
        digest = report.digest
        click.echo(f"digest {digest.id} is frozen by {plain(digest.frozen_by)}: {plain(digest.title)}")
        click.echo("it goes out with the next `trendbot run`")
