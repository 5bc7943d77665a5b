"""Themes files for commands: reading, trying, putting in force, taking back."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trendbot.bootstrap import Access, App, own_themes, themes_file
from trendbot.cli.opening import opened
from trendbot.cli.out import near, plain, show_json
from trendbot.core.rule_lab import Comparison
from trendbot.core.themes import ThemeSet, parse_themes
from trendbot.core.themes.own import with_own_terms
from trendbot.errors import ConfigError, StoreError, TrendbotError
from trendbot.paths import bundled
from trendbot.store import theme_acts
from trendbot.store.terms import own_terms
from trendbot.store.themes import themes_in_force

if TYPE_CHECKING:
    from trendbot.cli.frame import Choices
    from trendbot.pipeline.tag import TagReport, ThemesFile
    from trendbot.settings import Settings
    from trendbot.store.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A themes file: how to call it, its text, what it means."""

    name: str
    text: str
    rules: ThemeSet


def loaded(path: Path) -> Source:
    """Read a themes file.

    Raises:
        ConfigError: it cannot be read, or says what cannot be understood; the message names file and line.

    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigError(f"the themes file {path} cannot be read ({why}): name another") from error
    return Source(name=near(path), text=text, rules=parse_themes(text, file=near(path)))


def in_use(choices: Choices) -> Source:
    """Read the file that runs follow: the setting's, the home's, or the one that ships."""
    return loaded(themes_file(choices.settings()))


def in_force(choices: Choices) -> Source:
    """Give the themes in force; before the first run, those of the file in use."""
    try:
        with opened(choices) as app:
            stored = app.database.read(themes_in_force)
    except StoreError:
        stored = None
    if stored is None:
        return in_use(choices)
    rules = parse_themes(stored.source, file="the themes in force")
    return Source(name=f"the themes in force ({stored.hash[:12]})", text=stored.source, rules=rules)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """Two sources to be compared; `quiet` shows no progress."""

    old: Source
    new: Source
    since: datetime | None = None
    keep: int = 5
    quiet: bool = False

    def on_history(self, choices: Choices) -> Comparison:
        """Compare over the stored entries."""
        from trendbot.cli.progress import Reporter
        from trendbot.pipeline.lab import compare_on_history

        with opened(choices) as app, Reporter() as report:

            def progress(done: int, total: int) -> None:
                if not self.quiet:
                    report("reading the past", done, total)

            own = app.database.read(own_terms)  # they are read with whatever file is in force
            old, new = (with_own_terms(source.rules, own) for source in (self.old, self.new))
            return compare_on_history(app.database, old, new, since=self.since, keep=self.keep, progress=progress)

    def on_file(self, lines: Iterable[str], *, name: str) -> Comparison:
        """Compare over a file of labelled entries."""
        from trendbot.pipeline.lab import compare, labelled_samples

        slugs = dict.fromkeys((*self.new.rules.slugs, *self.old.rules.slugs))
        samples = labelled_samples(lines, slugs, name=name)
        return compare(samples, self.old.rules, self.new.rules, keep=self.keep)


def put_in_force(
    choices: Choices, source: Source, *, since: datetime | None, note: str, by: str, json_: bool = False
) -> None:
    """Write the operator's file, put it in force, tag the past anew, and say what came of it."""
    settings = choices.settings()
    with opened(choices, Access.BESIDE) as app:
        written = source.text != app.themes.read_text(encoding="utf-8")
        target = _keep(settings, source.text) if written else None
        act = app.database.write(
            theme_acts.apply_by_hand, source.rules, source=source.text, by=by, now=app.clock(), note=note
        )
        _tag_and_tell(app, source, act=act, written=target, since=since, json_=json_)


def _write(target: Path, text: str, *, shipped: Path) -> None:
    """Replace the operator's file in one step; what stood there stays beside it as ``.bak``.

    A text that is the shipped one needs no file of its own, and so follows the next version of the program.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.with_name(f"{target.name}.bak").write_bytes(target.read_bytes())
    if text == shipped.read_text(encoding="utf-8"):
        target.unlink(missing_ok=True)
        return
    part = target.with_name(f"{target.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(target)


def _keep(settings: Settings, text: str) -> Path:
    """Write the text where runs find it, and give the file that they follow now."""
    if settings.themes is None:
        _write(own_themes(settings), text, shipped=bundled("seeds") / "themes.toml")
    else:
        settings.themes.with_name(f"{settings.themes.name}.bak").write_bytes(settings.themes.read_bytes())
        settings.themes.write_text(text, encoding="utf-8")
    return themes_file(settings)


def _tag_and_tell(
    app: App, source: Source, *, act: int | None, written: Path | None, since: datetime | None, json_: bool
) -> None:
    report = tag_anew(app, since=since, quiet=json_)
    if json_:
        told = {"hash": source.rules.hash, "act": act, "file": written, "entries": report.entries}
        show_json({**told, "by_theme": report.by_theme})
        return
    place = f" (act {act}; `trendbot themes undo` takes it back)" if act else ", as before"
    click.echo(f"{plain(source.name)} is in force{place}")
    if written:
        click.echo(f"it stands in {near(written)}, which every run follows")
    click.echo(f"{report.entries} entries tagged anew")


def tag_anew(app: App, *, since: datetime | None, quiet: bool, themes: ThemesFile | None = None) -> TagReport:
    """Tag what the rules in force have not read, showing how far it is."""
    from trendbot.cli.progress import Reporter
    from trendbot.pipeline.rules import retag
    from trendbot.store.history import count_since

    total = app.database.read(count_since, since)
    with Reporter() as report:

        def progress(done: int) -> None:
            if not quiet:
                report("tag", done, total)

        now, encoder = app.clock(), app.encoder
        return retag(app.database, now=now, themes=themes, encoder=encoder, since=since, progress=progress)


def apply_version(choices: Choices, beginning: str, *, since: datetime | None, note: str, by: str, json_: bool) -> None:
    """Put a version from the history in force."""
    with opened(choices) as app:
        stored = app.database.read(theme_acts.find_set, beginning)
    rules = parse_themes(stored.source, file=f"version {stored.hash[:12]}")
    source = Source(name=f"version {stored.hash[:12]}", text=stored.source, rules=rules)
    put_in_force(choices, source, since=since, note=note, by=by, json_=json_)


def take_back(choices: Choices, number: int | None, *, since: datetime | None, by: str, json_: bool) -> None:
    """Put back the themes that were in force before an act."""
    settings = choices.settings()
    with opened(choices, Access.BESIDE) as app:
        act, stored = app.database.read(theme_acts.before_act, number)
        name = f"version {stored.hash[:12]}"
        source = Source(name=name, text=stored.source, rules=parse_themes(stored.source, file=name))
        target = _keep(settings, source.text)
        done = app.database.write(
            theme_acts.apply_by_hand, source.rules, source=source.text, by=by, now=app.clock(), undoes=act.act
        )
        _tag_and_tell(app, source, act=done, written=target, since=since, json_=json_)


def difference(database: Database, beginning: str) -> str:
    """Give the lines that changed from a version to the one in force, as a unified diff."""
    old = database.read(theme_acts.find_set, beginning)
    new = database.read(themes_in_force)
    if new is None:
        return ""
    lines = difflib.unified_diff(
        old.source.splitlines(), new.source.splitlines(), f"version {old.hash[:12]}", "in force", lineterm="", n=1
    )
    return "\n".join(plain(line) if not line.startswith(" ") else f" {plain(line)}" for line in lines)


def edit_themes(choices: Choices, *, by: str, yes: bool) -> None:
    """Let the editor's program change the file in use, try the change, and ask."""
    from trendbot.cli.lab_view import show_comparison

    used = in_use(choices)
    new = _edited(choices, used)
    if new is None:
        click.echo("nothing was changed")
        return
    old = in_force(choices)
    try:
        found = Trial(old=old, new=new).on_history(choices)
        show_comparison(found, limit=3)
    except StoreError:
        click.echo("there are no entries yet to try it on")
    if yes or click.confirm("\nPut it in force?"):
        put_in_force(choices, new, since=None, note="", by=by)
    else:
        kept = _draft(choices, new.text)
        click.echo(f"not in force; your text is in {near(kept)}: `trendbot themes apply {near(kept)}` takes it")


def _draft(choices: Choices, text: str) -> Path:
    """Keep what a person wrote and did not put in force beside their themes file."""
    kept = own_themes(choices.settings()).with_name("themes.draft.toml")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(text, encoding="utf-8")
    return kept


def _edited(choices: Choices, used: Source) -> Source | None:
    """Give what the person made of the text, None where it is as before; ask again while it cannot be understood."""
    text = used.text
    while True:
        edited = click.edit(text, extension=".toml")
        if edited is None or edited == used.text:
            return None
        try:
            return Source(name="your change", text=edited, rules=parse_themes(edited, file="themes.toml"))
        except TrendbotError as error:
            click.echo(plain(str(error)), err=True)
            if not click.confirm("Edit again?", default=True):
                kept = _draft(choices, edited)
                raise ConfigError(f"nothing was changed; your text is in {near(kept)}: mend it there") from error
            text = edited
