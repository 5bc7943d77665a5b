"""`trendbot tag review`: the review screen. Needs Textual, the extra ``review``."""

from __future__ import annotations

import sys
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from trendbot.errors import ConfigError

if TYPE_CHECKING:
    from trendbot.bootstrap import App
    from trendbot.cli.frame import Choices


def run_review(
    choices: Choices, *, editor: str, theme: str | None, search: str | None, since: datetime | None, batch: int
) -> None:
    """Open the review screen; it ends when the editor quits.

    Raises:
        ConfigError: Textual is not installed, this is no terminal, or the theme does not exist.

    """
    if find_spec("textual") is None:
        raise ConfigError('the review screen needs Textual: install trendbot with the extra "review"')
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("the review screen needs a terminal; `trendbot tag set` and `tag import` do without")
    from trendbot.cli.opening import opened
    from trendbot.cli.review.screen import ReviewScreen
    from trendbot.pipeline.review import Desk

    _prepare(choices)
    # Only the database is opened, not the lock of the home: a sitting must not keep the scheduled runs waiting, and
    # every answer is one short transaction.
    with opened(choices) as app:
        _known(app, theme)
        desk = Desk(
            app.database, by=editor, clock=app.clock, batch=batch, theme=theme, search=search, since=since,
            encoder=app.encoder,
        )  # fmt: skip
        ReviewScreen(desk).run()
        print_farewell(desk.done)


def _prepare(choices: Choices) -> None:
    """Tag what no rules have read yet, where no themes were ever in force: there is nothing to ask otherwise."""
    from trendbot.bootstrap import Access
    from trendbot.cli.opening import opened
    from trendbot.cli.theme_files import tag_anew
    from trendbot.pipeline.tag import ThemesFile
    from trendbot.store.themes import themes_in_force

    with opened(choices) as app:
        if app.database.read(themes_in_force) is not None:
            return
    with opened(choices, Access.BESIDE) as app:
        file = ThemesFile(text=app.themes.read_text(encoding="utf-8"), name=app.themes.name)
        tag_anew(app, since=None, quiet=False, themes=file)


def _known(app: App, theme: str | None) -> None:
    from trendbot.store.themes import list_themes

    slugs = [row.slug for row in app.database.read(list_themes)]
    if theme is not None and theme not in slugs:
        raise ConfigError(f"no theme {theme!r}: the themes are {', '.join(slugs)}")


def print_farewell(done: int) -> None:
    """Say what the sitting did."""
    import click

    if done:
        what = "1 entry" if done == 1 else f"{done} entries"
        click.echo(f"{what} reviewed; `trendbot tag log` lists them, `trendbot tag undo` takes the last back")
