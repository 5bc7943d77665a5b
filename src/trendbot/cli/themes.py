"""`trendbot themes`: the editorial subjects that entries are tagged with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from trendbot.cli.editor import as_editor
from trendbot.cli.frame import Choices, Instant, Noun, as_json, pass_choices
from trendbot.cli.out import Column, plain, show_facts, show_json, show_rows, show_table

if TYPE_CHECKING:
    from trendbot.core.rule_lab import Comparison
    from trendbot.core.themes import Theme, ThemeSet


@click.group("themes", cls=Noun)
def command() -> None:
    """List, show, edit, try and apply the themes."""


COLUMNS = (
    Column(title="theme", value=lambda theme: theme.slug),
    Column(title="title", value=lambda theme: theme.title),
    Column(title="about", value=lambda theme: theme.description, wide=True),
)


@command.command("list")
@as_json
@pass_choices
def list_(choices: Choices, json_: bool) -> None:
    """List the themes in force: those of the database, before the first run those of the themes file."""
    from trendbot.bootstrap import themes_file
    from trendbot.cli.opening import opened
    from trendbot.core.themes import parse_themes
    from trendbot.errors import StoreError
    from trendbot.store.themes import list_themes

    themes: list[object] = []
    try:
        with opened(choices) as app:
            themes = list(app.database.read(list_themes))
    except StoreError:
        themes = []
    if not themes:
        path = themes_file(choices.settings())
        themes = list(parse_themes(path.read_text(encoding="utf-8"), file=path.name).themes)
    show_rows(themes, COLUMNS, json_=json_, nothing="no themes")


@command.command()
@click.argument("slug", metavar="[THEME]", required=False)
@as_json
@pass_choices
def show(choices: Choices, slug: str | None, json_: bool) -> None:
    """Show one theme's rules and names, or the whole themes file in use where none is named."""
    from trendbot.cli.theme_files import in_use

    used = in_use(choices)
    if slug is None:
        show_json({"file": used.name, "hash": used.rules.hash, "source": used.text}) if json_ else click.echo(used.text)
        return
    theme = next((theme for theme in used.rules.themes if theme.slug == slug), None)
    if theme is None:
        raise click.UsageError(f"no theme {slug!r}: the themes are {', '.join(used.rules.slugs)}")
    facts = {"theme": slug, "title": theme.title, "about": theme.description, "applies from": theme.threshold}
    rows = _rules(theme, used.rules)
    if json_:
        show_json({**facts, "rules": rows, "hash": used.rules.hash})
        return
    show_facts(facts)
    click.echo()
    show_table(rows, RULES)


RULES = (
    Column(title="rule", value=lambda row: row["rule"], wide=True),
    Column(title="title", value=lambda row: f"{row['title']:+g}", number=True),
    Column(title="body", value=lambda row: f"{row['body']:+g}", number=True),
)


def _rules(theme: Theme, rules: ThemeSet) -> list[dict[str, Any]]:
    """Return what speaks for and against a theme, rules and names of terms, the weightiest first."""
    rows = [{"rule": rule.name, "title": rule.title_weight, "body": rule.body_weight} for rule in theme.rules]
    for term in rules.terms:
        named = {slug: (title, body) for slug, title, body in term.themes}
        if theme.slug in named:
            title, body = named[theme.slug]
            rows.append({"rule": f"term {term.name}", "title": title, "body": body})
    return sorted(rows, key=lambda row: (-abs(float(str(row["body"]))), str(row["rule"])))


@command.command()
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@click.option(
    "--against",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Compare with this file; default: the themes in force.",
)
@click.option(
    "--on",
    metavar="FILE.jsonl",
    type=click.File(encoding="utf-8"),
    help="Read labelled entries from this file instead of the past.",
)
@click.option("--since", type=Instant(), help="Only entries dated then or later (ISO 8601).")
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="Entries to show of each theme's gains and losses.",
)
@click.option(
    "--fail-below",
    metavar="POINTS",
    type=click.FloatRange(0),
    help="Exit 1 where a theme loses more than so many points of F1.",
)
@as_json
@pass_choices
def test(
    choices: Choices, file: Path | None, against: Path | None, on: IO[str] | None, since: datetime | None, limit: int,
    fail_below: float | None, json_: bool,
) -> None:  # fmt: skip
    """Try a themes FILE on the past: entries gained and lost, and how well it agrees with people. Changes nothing.

    Without FILE, the file in use is tried; what it is compared with is in force.
    """
    from trendbot.cli.lab_view import show_comparison
    from trendbot.cli.theme_files import Trial, in_force, in_use, loaded

    new = loaded(file) if file else in_use(choices)
    old = loaded(against) if against else in_force(choices)
    trial = Trial(old=old, new=new, since=since, keep=limit, quiet=json_)
    found = trial.on_file(on, name=on.name) if on else trial.on_history(choices)
    if json_:
        show_json(_as_json(found, new=new.rules, old=old.rules))
    else:
        same = "the same rules as" if old.rules.hash == new.rules.hash else "against"
        click.echo(f"{plain(new.name)} {same} {plain(old.name)}, over {found.entries} entries\n")
        show_comparison(found, limit=limit)
    if fail_below is not None:
        _judge(found, fail_below)


def _judge(found: Comparison, points: float) -> None:
    """Leave with 1 where a theme lost too much.

    Raises:
        ConfigError: nobody said anything to measure by.

    """
    from trendbot.errors import ConfigError

    if not found.labelled:
        raise ConfigError("--fail-below has nothing to measure by: give labelled entries with --on, or review some")
    fallen = found.fallen(points)
    for theme in fallen:
        click.echo(f"{theme.theme} loses {-(theme.points or 0):.1f} points of F1, more than {points:g}", err=True)
    if fallen:
        raise click.exceptions.Exit(1)


def _as_json(found: Comparison, *, new: ThemeSet, old: ThemeSet) -> dict[str, Any]:
    """Return a comparison with the scores that its classes work out."""
    themes = [
        {
            "theme": theme.theme,
            "before": theme.before,
            "after": theme.after,
            "gained": theme.gained,
            "lost": theme.lost,
            "labels": {"yes": theme.new.positives, "no": theme.new.fp + theme.new.tn},
            "old": _scores(theme.old),
            "new": _scores(theme.new),
            "points": theme.points,
            "gains": theme.gains,
            "losses": theme.losses,
        }
        for theme in found.themes
    ]
    return {
        "entries": found.entries,
        "labelled": found.labelled,
        "old": {"hash": old.hash, "micro": _scores(found.old), "macro_f1": found.macro_before},
        "new": {"hash": new.hash, "micro": _scores(found.new), "macro_f1": found.macro_after},
        "themes": themes,
        "confused": found.confused,
    }


def _scores(tally: Any) -> dict[str, Any]:
    return {"precision": tally.precision, "recall": tally.recall, "f1": tally.f1}


@command.command()
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@click.option("--version", metavar="HASH", help="Take a version from the history instead of a file.")
@click.option(
    "--since", type=Instant(), help="Tag only entries dated then or later anew; the rest follows with the next run."
)
@click.option("--note", default="", help="Why, for the log.")
@as_editor
@as_json
@pass_choices
def apply(
    choices: Choices, file: Path | None, version: str | None, since: datetime | None, note: str, editor: str,
    json_: bool,
) -> None:  # fmt: skip
    """Put a themes FILE in force and tag the past anew. It becomes the file that every run follows.

    Without FILE, the file in use is read again. `themes undo` takes it back.
    """
    from trendbot.cli.theme_files import apply_version, in_use, loaded, put_in_force

    if file and version:
        raise click.UsageError("give FILE or --version, not both")
    if version:
        apply_version(choices, version, since=since, note=note, by=editor, json_=json_)
        return
    source = loaded(file) if file else in_use(choices)
    put_in_force(choices, source, since=since, note=note, by=editor, json_=json_)


@command.command()
@click.argument("act", type=int, required=False)
@click.option(
    "--since", type=Instant(), help="Tag only entries dated then or later anew; the rest follows with the next run."
)
@as_editor
@as_json
@pass_choices
def undo(choices: Choices, act: int | None, since: datetime | None, editor: str, json_: bool) -> None:
    """Put back the themes that were in force before the last `themes apply`, or before the one numbered ACT."""
    from trendbot.cli.theme_files import take_back

    take_back(choices, act, since=since, by=editor, json_=json_)


@command.command()
@click.option("--yes", is_flag=True, help="Put it in force without asking.")
@as_editor
@pass_choices
def edit(choices: Choices, yes: bool, editor: str) -> None:
    """Open the themes in $EDITOR, show what the change would do, and ask whether to put it in force."""
    from trendbot.cli.theme_files import edit_themes

    edit_themes(choices, by=editor, yes=yes)


@command.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@click.option("--diff", metavar="HASH", help="Show what changed from this version to the one in force.")
@as_json
@pass_choices
def history(choices: Choices, limit: int, diff: str | None, json_: bool) -> None:
    """List the versions of the themes that were in force, the latest first."""
    from trendbot.cli.opening import opened
    from trendbot.cli.theme_files import difference
    from trendbot.store.themes import theme_history

    with opened(choices) as app:
        if diff:
            text = difference(app.database, diff)
            show_json({"diff": text}) if json_ else click.echo(text or "no difference")
            return
        rows = app.database.read(theme_history, limit=limit)
    if json_:
        show_json(rows)
        return
    show_rows(rows, VERSIONS, json_=False, nothing="no themes were in force yet: `trendbot run` or `themes apply`")


VERSIONS = (
    Column(title="version", value=lambda row: row.hash[:12]),
    Column(title="in force from (UTC)", value=lambda row: row.applied_at),
    Column(title="by", value=lambda row: row.applied_by),
    Column(title="lines", value=lambda row: row.source.count("\n") + 1, number=True),
)
