"""`trendbot tag`: what people say of entries. Every change is logged and can be undone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import click

from trendbot.cli.editor import as_editor
from trendbot.cli.frame import Choices, Instant, Noun, as_json, pass_choices
from trendbot.cli.out import Column, show_json, show_rows

if TYPE_CHECKING:
    from trendbot.store.curation import Act
    from trendbot.store.database import Session
    from trendbot.store.labels import Said


@click.group("tag", cls=Noun)
def command() -> None:
    """Say what an entry is about: review, set, undo."""


@command.command()
@click.argument("entry", type=int, metavar="ID")
@as_json
@pass_choices
def show(choices: Choices, entry: int, json_: bool) -> None:
    """Show the themes of one entry: who says so, why, and what was done to it."""
    from trendbot.cli.opening import opened
    from trendbot.cli.tag_view import gather, show_entry

    with opened(choices) as app:
        shown = app.database.read(gather, entry)
    show_json(shown) if json_ else show_entry(shown)


@command.command("set")
@click.argument("entries", metavar="ID[,ID…]")
@click.argument("themes", metavar="[THEME]…", nargs=-1)
@click.option("--not", "no", metavar="THEME", multiple=True, help="Say no to this theme; may be given again.")
@click.option("--only", is_flag=True, help="Say no to every theme that is not named.")
@click.option("--none", "nothing", is_flag=True, help="Say no to every theme.")
@click.option("--story", is_flag=True, help="Say the same of every entry of its story.")
@click.option("--reason", default="", help="Why, for the record.")
@as_editor
@as_json
@pass_choices
def set_(
    choices: Choices, /, *, entries: str, themes: tuple[str, ...], no: tuple[str, ...], only: bool, nothing: bool,
    story: bool, reason: str, editor: str, json_: bool,
) -> None:  # fmt: skip
    """Say that entries are about the named THEMES, or are not. It outlives every run of the machine."""
    if not (themes or no or nothing) or (nothing and (themes or no)):
        raise click.UsageError("name themes, or --not THEME, or --none alone")
    if both := set(themes) & set(no):
        raise click.UsageError(f"yes and no to {both.pop()!r} at once")

    def sayings(session: Session) -> list[Said]:
        others = _all_themes(session) if only or nothing else []
        said = {**dict.fromkeys(others, False), **dict.fromkeys(no, False), **dict.fromkeys(themes, True)}
        return [_said(number, said, reason) for number in _entries(session, entries, story=story)]

    _say(choices, sayings, kind="tag.set", editor=editor, json_=json_)


@command.command()
@click.argument("entries", metavar="ID[,ID…]")
@click.argument("themes", metavar="[THEME]…", nargs=-1)
@click.option("--story", is_flag=True, help="The same for every entry of its story.")
@as_editor
@as_json
@pass_choices
def unset(choices: Choices, entries: str, themes: tuple[str, ...], story: bool, editor: str, json_: bool) -> None:
    """Withdraw what people said of entries, on all themes where none is named: the machine decides again."""

    def sayings(session: Session) -> list[Said]:
        said = dict.fromkeys(themes or _all_themes(session))
        return [_said(number, said) for number in _entries(session, entries, story=story)]

    _say(choices, sayings, kind="tag.unset", editor=editor, json_=json_)


def _all_themes(session: Session) -> list[str]:
    from trendbot.store.themes import list_themes

    return [theme.slug for theme in list_themes(session)]


def _said(entry_id: int, themes: dict[str, Any], reason: str = "") -> Said:
    from trendbot.store.labels import Said

    return Said(entry_id=entry_id, themes=themes, reason=reason)


def _entries(session: Session, text: str, *, story: bool) -> Iterable[int]:
    """Return the entries that a command names: ``12`` or ``12,15``."""
    from trendbot.store.labels import story_mates

    try:
        numbers = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise click.UsageError(f"{text!r} is no list of entry numbers, such as 12 or 12,15") from None
    every = [mate for number in numbers for mate in story_mates(session, number)] if story else numbers
    return dict.fromkeys(every)


def _say(choices: Choices, sayings: Any, *, kind: str, editor: str, json_: bool) -> None:
    """Store what a person says, and tell what changed."""
    from trendbot.cli.opening import opened
    from trendbot.cli.tag_view import tell_act
    from trendbot.store.curation import get_act
    from trendbot.store.labels import say

    def work(session: Session, now: datetime) -> Act | None:
        act = say(session, sayings(session), kind=kind, by=editor, now=now)
        return None if act is None else get_act(session, act)

    # One short transaction: a person need not wait until a run gives the home free.
    with opened(choices) as app:
        tell_act(app.database.write(work, app.clock()), json_=json_)


@command.command()
@click.argument("act", type=int, required=False)
@click.option("--mine", is_flag=True, help="The last act of yours, whoever did something since.")
@as_editor
@as_json
@pass_choices
def undo(choices: Choices, act: int | None, mine: bool, editor: str, json_: bool) -> None:
    """Take back the last change of tags, or the ACT of that number. An undoing can be undone by its number."""
    from trendbot.cli.opening import opened
    from trendbot.cli.tag_view import tell_act
    from trendbot.store.curation import get_act, last_act, undo_act
    from trendbot.store.labels import ENTRY

    def work(session: Session, now: datetime) -> Act:
        found = get_act(session, act) if act else last_act(session, kinds=["tag."], by=editor if mine else None)
        number, _ = undo_act(session, found, {"entry": ENTRY}, by=editor, now=now)
        return get_act(session, number)

    with opened(choices) as app:
        tell_act(app.database.write(work, app.clock()), json_=json_)


def _changes(act: Act) -> str:
    from trendbot.cli.tag_view import changes_in_words

    undoes = f"undoes {act.undoes}: " if act.undoes else ""
    return undoes + changes_in_words(act)


LOG = (
    Column(title="act", value=lambda act: act.act, number=True),
    Column(title="when (UTC)", value=lambda act: act.made_at),
    Column(title="who", value=lambda act: act.made_by),
    Column(title="what", value=lambda act: act.kind),
    Column(title="undone", value=lambda act: f"by {act.undone_by}" if act.undone_by else ""),
    Column(title="changes", value=_changes, wide=True),
)


@command.command()
@click.option("--entry", type=int, metavar="ID", help="Of one entry.")
@click.option("--by", metavar="NAME", help="Of one person.")
@click.option("--kind", metavar="KIND", multiple=True, help="Of one kind: tag, themes, terms, or tag.set and so on.")
@click.option("--since", type=Instant(), help="Then or later (ISO 8601).")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@as_json
@pass_choices
def log(choices: Choices, /, entry: int | None, kind: tuple[str, ...], json_: bool, **wanted: Any) -> None:
    """List what people changed, the latest first: tags, themes and terms."""
    from trendbot.cli.opening import opened
    from trendbot.store.curation import list_acts

    subject = f"entry:{entry}" if entry else None
    with opened(choices) as app:
        acts = app.database.read(list_acts, subject=subject, kinds=kind, **wanted)
    show_rows(acts, LOG, json_=json_, nothing="nothing was changed by hand yet")


@command.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"))
@click.option("--add", is_flag=True, help="Store entries that are not known yet, too.")
@click.option("--only-yes", is_flag=True, help="Do not take a theme that a line does not name as a no.")
@click.option("--note", default="", help="Where they come from, for the log.")
@as_editor
@as_json
@pass_choices
def import_(choices: Choices, file: IO[str], add: bool, only_yes: bool, note: str, editor: str, json_: bool) -> None:
    """Take labels from a JSONL FILE (- for standard input): id, source, url, title, themes, disputed.

    Entries are found by source and id, else by address. `tag undo` takes the whole import back.
    """
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.cli.tag_view import tell_import
    from trendbot.store.entries import import_entries
    from trendbot.store.label_files import import_labels

    lines = file.readlines()
    with opened(choices, Access.BESIDE) as app:
        _need_themes(app)
        if add:
            app.database.write(import_entries, lines, now=app.clock())
        report = app.database.write(
            import_labels, lines, by=editor, now=app.clock(), only_yes=only_yes, note=note or file.name
        )
    tell_import(report, json_=json_)


def _need_themes(app: Any) -> None:
    """Put the themes file in force where none ever was: labels name themes."""
    from trendbot.pipeline.tag import ThemesFile, rules_in_force
    from trendbot.store.themes import themes_in_force

    if app.database.read(themes_in_force) is None:
        text = app.themes.read_text(encoding="utf-8")
        rules_in_force(app.database, ThemesFile(text=text, name=app.themes.name), now=app.clock())


@command.command()
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@click.option("--since", type=Instant(), help="Of entries dated then or later (ISO 8601).")
@pass_choices
def export(choices: Choices, file: IO[str], since: datetime | None) -> None:
    """Write what people said of entries to a JSONL FILE, default standard output; `evaluate tags` reads it."""
    import json

    from trendbot.cli.opening import opened
    from trendbot.store.label_files import export_labels

    with opened(choices) as app:
        lines = app.database.read(lambda session: list(export_labels(session, since=since)))
    for line in lines:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    if file.name not in {"-", "<stdout>"}:
        click.echo(f"{len(lines)} entries written to {file.name}")


@command.command()
@click.option("--since", type=Instant(), help="Only entries dated then or later (ISO 8601).")
@click.option("--all", "everything", is_flag=True, help="Read again also what these rules have read.")
@as_json
@pass_choices
def retag(choices: Choices, since: datetime | None, everything: bool, json_: bool) -> None:
    """Let the themes file read every entry that it has not read yet. What people said stands."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.cli.tag_view import tell_retag
    from trendbot.cli.theme_files import tag_anew
    from trendbot.core.vocabulary import Annotator
    from trendbot.pipeline.tag import ThemesFile
    from trendbot.store.theme_acts import forget_readings

    with opened(choices, Access.WRITE) as app:
        if everything:
            app.database.write(forget_readings, Annotator.RULE, since=since)
        file = ThemesFile(text=app.themes.read_text(encoding="utf-8"), name=app.themes.name)
        tell_retag(tag_anew(app, since=since, quiet=json_, themes=file), json_=json_)


@command.command()
@click.option("--since", type=Instant(), help="Let it read only entries dated then or later (ISO 8601).")
@as_json
@pass_choices
def learn(choices: Choices, since: datetime | None, json_: bool) -> None:
    """Train the learner on all that people said, and let it read. A run does so by itself when enough was said."""
    from trendbot.bootstrap import Access
    from trendbot.classify.matcher import Matcher
    from trendbot.cli.opening import opened
    from trendbot.cli.tag_view import tell_lesson
    from trendbot.cli.theme_files import tag_anew
    from trendbot.pipeline.learn import encoder_at, learn
    from trendbot.pipeline.tag import rules_in_force
    from trendbot.store.models import active_model

    with opened(choices, Access.WRITE) as app:
        _need_themes(app)
        rules = rules_in_force(app.database, None, now=app.clock())
        lesson = learn(app.database, Matcher(rules.themes), now=app.clock(), encoder=encoder_at(app.encoder)[0])
        report = tag_anew(app, since=since, quiet=json_)
        tell_lesson(lesson.told, app.database.read(active_model), report, json_=json_)


@command.command()
@click.option("--theme", metavar="SLUG", help="Only entries that may be of this theme.")
@click.option("--search", metavar="WORDS", help="Only entries with all of these words.")
@click.option("--since", type=Instant(), help="Only entries dated then or later (ISO 8601).")
@click.option(
    "--batch", type=click.IntRange(1, 200), default=20, show_default=True, help="Entries between two lessons."
)
@as_editor
@pass_choices
def review(choices: Choices, /, editor: str, **wanted: Any) -> None:
    """Read the entries most worth a person's minute, at the keyboard: one key a theme, undo, search."""
    from trendbot.cli.review import run_review

    run_review(choices, editor=editor, **wanted)
