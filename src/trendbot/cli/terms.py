"""`trendbot terms`: the names that are counted, and new ones that surge. Every decision is logged and can be undone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from trendbot.cli.editor import as_editor
from trendbot.cli.frame import Choices, Instant, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_json, show_rows

if TYPE_CHECKING:
    from trendbot.bootstrap import App
    from trendbot.store.curation import Act


@click.group("terms", cls=Noun)
def command() -> None:
    """Keep the names that are counted; decide on new ones."""


LIST = (
    Column(title="term", value=lambda term: term.name, wide=True),
    Column(title="kind", value=lambda term: term.kind),
    Column(title="entries", value=lambda term: term.entries, number=True),
    Column(title="last (UTC)", value=lambda term: term.last_at),
    Column(title="own", value=lambda term: "own" if term.own else ""),
    Column(title="state", value=lambda term: f"in {term.merged_into}" if term.merged_into else _muted(term)),
)


def _muted(term: Any) -> str:
    return "muted" if term.muted else ""


@command.command("list")
@click.option("--days", type=click.IntRange(1), default=30, show_default=True, help="Count entries of so many days.")
@click.option("--kind", metavar="KIND", help="Of one kind: model, company, person and so on.")
@click.option("--search", metavar="TEXT", help="With this in the name.")
@click.option("--own", is_flag=True, help="Only those that people added or added to.")
@click.option("--muted", is_flag=True, help="Only those that are hidden from the trends.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@as_json
@pass_choices
def list_(choices: Choices, /, days: int, json_: bool, **wanted: Any) -> None:
    """List the terms that are counted, those mentioned most first."""
    from trendbot.cli.opening import opened
    from trendbot.store.terms import list_terms

    with opened(choices) as app:
        rows = app.database.read(list_terms, since=app.clock() - timedelta(days=days), **wanted)
    show_rows(rows, LIST, json_=json_, nothing="no terms yet: `trendbot run` puts those of the themes file in force")


@command.command()
@click.argument("name")
@as_json
@pass_choices
def show(choices: Choices, name: str, json_: bool) -> None:
    """Show one term: its spellings, themes and latest entries, and what was decided on it."""
    from trendbot.cli.opening import opened
    from trendbot.cli.terms_view import gather, show_term

    with opened(choices) as app:
        shown = gather(app, name)
    show_json(shown) if json_ else show_term(shown)


@command.command()
@click.option(
    "--days", type=click.IntRange(1, 60), default=7, show_default=True, help="Undecided ones of so many days."
)
@click.option("--review", is_flag=True, help="Decide on each with one key.")
@as_editor
@as_json
@pass_choices
def suggest(choices: Choices, days: int, review: bool, editor: str, json_: bool) -> None:
    """Put forward new names that surge: at most five a day, and none twice."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.cli.terms_view import SUGGESTED, decide, open_suggestions

    with opened(choices, Access.BESIDE) as app:
        found = open_suggestions(app, days=days)
        if review and found and not json_:
            decide(app, found, by=editor)
            return
    show_rows(found, SUGGESTED, json_=json_, nothing="no new name surges beyond chance")


@command.command()
@click.argument("name")
@click.option(
    "--theme", "themes", metavar="SLUG[=WEIGHT]", multiple=True, help="A theme it speaks for; again for more."
)
@click.option("--kind", metavar="KIND", help="model, company, product, …; default model where the name has a digit.")
@click.option("--alias", "aliases", metavar="NAME", multiple=True, help="Another spelling; may be given again.")
@click.option("--since", type=Instant(), help="Count it also in entries dated then or later (ISO 8601).")
@as_editor
@as_json
@pass_choices
def accept(
    choices: Choices, /, *, name: str, themes: tuple[str, ...], kind: str | None, aliases: tuple[str, ...],
    since: datetime | None, editor: str, json_: bool,
) -> None:  # fmt: skip
    """Make NAME a term: counted from now on, and speaking for its themes. Given again, it replaces what stood."""
    from trendbot.pipeline import terms

    weights = dict(map(_weight, themes))
    kind = kind or ("model" if any(character.isdigit() for character in name) else "term")

    def work(app: App, who: terms.Who) -> int | None:
        return terms.accept(app.database, name, kind=kind, aliases=aliases, themes=weights, who=who)

    _do(choices, work, editor=editor, json_=json_, since=since)


def _weight(text: str) -> tuple[str, float]:
    slug, _, weight = text.partition("=")
    try:
        return slug, float(weight or 1)
    except ValueError:
        raise click.BadParameter(f"{text!r}: the weight must be a number, such as {slug}=0.5") from None


@command.command()
@click.argument("names", metavar="NAME…", nargs=-1, required=True)
@as_editor
@as_json
@pass_choices
def reject(choices: Choices, names: tuple[str, ...], editor: str, json_: bool) -> None:
    """Say that NAMES are no terms: they are not put forward again."""
    from trendbot.pipeline import terms

    _do(choices, lambda app, who: terms.reject(app.database, names, who=who), editor=editor, json_=json_)


@command.command()
@click.argument("names", metavar="NAME…", nargs=-1, required=True)
@click.option("--into", required=True, metavar="TERM", help="The term that they are counted as.")
@click.option("--since", type=Instant(), help="Count them so also in entries dated then or later (ISO 8601).")
@as_editor
@as_json
@pass_choices
def merge(
    choices: Choices, names: tuple[str, ...], into: str, since: datetime | None, editor: str, json_: bool
) -> None:
    """Count NAMES, terms or mere spellings, as another term."""
    from trendbot.pipeline import terms

    def work(app: App, who: terms.Who) -> int | None:
        return terms.merge(app.database, names, into=into, who=who)

    _do(choices, work, editor=editor, json_=json_, since=since)


@command.command()
@click.argument("names", metavar="TERM…", nargs=-1, required=True)
@as_editor
@as_json
@pass_choices
def mute(choices: Choices, names: tuple[str, ...], editor: str, json_: bool) -> None:
    """Hide terms from the trends; they are counted all the same."""
    from trendbot.pipeline import terms

    _do(choices, lambda app, who: terms.mute(app.database, names, muted=True, who=who), editor=editor, json_=json_)


@command.command()
@click.argument("names", metavar="TERM…", nargs=-1, required=True)
@as_editor
@as_json
@pass_choices
def unmute(choices: Choices, names: tuple[str, ...], editor: str, json_: bool) -> None:
    """Show muted terms in the trends again."""
    from trendbot.pipeline import terms

    _do(choices, lambda app, who: terms.mute(app.database, names, muted=False, who=who), editor=editor, json_=json_)


@command.command()
@click.argument("act", type=int, required=False)
@as_editor
@as_json
@pass_choices
def undo(choices: Choices, act: int | None, editor: str, json_: bool) -> None:
    """Take back the last decision on terms, or the ACT of that number; `tag log --kind terms` lists them."""
    from trendbot.pipeline.terms import Who
    from trendbot.store.terms import undo_terms

    def work(app: App, who: Who) -> int:
        return app.database.write(undo_terms, act, by=who.by, now=who.now)

    _do(choices, work, editor=editor, json_=json_)


def _do(choices: Choices, work: Any, *, editor: str, json_: bool, since: datetime | None = None) -> None:
    """Carry out a decision, tell what changed, and count the past again where it was asked for."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.cli.terms_view import count_anew, tell_act
    from trendbot.pipeline.terms import Who
    from trendbot.store.curation import get_act

    with opened(choices, Access.BESIDE) as app:
        number = work(app, Who(by=editor, now=app.clock()))
        act: Act | None = None if number is None else app.database.read(get_act, number)
        tell_act(act, json_=json_)
        if since is not None and act is not None:
            count_anew(app, since=since, quiet=json_)
