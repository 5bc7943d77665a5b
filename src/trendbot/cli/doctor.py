"""`trendbot doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import platform
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trendbot.cli.doctor_more import Finding, bad, look, ok, remotes, settled
from trendbot.cli.frame import Choices, Verb, as_json, pass_choices
from trendbot.cli.out import Column, plain, show_json, show_table
from trendbot.errors import TrendbotError

if TYPE_CHECKING:
    from trendbot.settings import Settings
    from trendbot.store.database import Database

LEAST_FREE = 200_000_000
"""Bytes of free disk space below which the doctor warns."""


@click.command("doctor", cls=Verb)
@as_json
@pass_choices
def command(choices: Choices, json_: bool) -> None:
    """Say what is wrong, and what to do about it.

    Looks at the installation, the settings, your templates, the home, the database, the feeds, the last runs and the
    next slots, messages, channels, accounts and their tokens, backups and the clock; asks Telegram for the bot's name.

    Ends with 1 where something does not work.
    """
    findings = list(examine(choices))
    if json_:
        show_json(findings)
    else:
        show_table(findings, _COLUMNS)
    if any(finding.state == "bad" for finding in findings):
        raise click.exceptions.Exit(1)


_COLUMNS = (
    Column(title="", value=lambda finding: finding.state),
    Column(title="what", value=lambda finding: finding.what),
    Column(title="found", value=lambda finding: finding.found, wide=True),
)


def examine(choices: Choices) -> Iterator[Finding]:
    """Look at everything that can be looked at, as far as it goes."""
    from trendbot import __version__

    yield ok("trendbot", f"{__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")
    yield from _bundles()
    try:
        settings = choices.settings()
    except TrendbotError as error:
        yield bad("settings", error)
        return
    yield ok("settings", "valid")
    yield from _templates(settings)
    yield _themes(settings)
    yield from _home(settings.home)
    yield from _database(settings)
    yield from remotes(settings)


def _bundles() -> Iterator[Finding]:
    from trendbot.paths import bundled

    try:
        for name in ("templates", "migrations", "seeds"):
            bundled(name)
    except TrendbotError as error:
        yield bad("installation", error)


def _templates(settings: Settings) -> Iterator[Finding]:
    """Try the operator's own templates, where there are some."""
    from trendbot.bootstrap import own_templates
    from trendbot.paths import bundled
    from trendbot.render.environment import Renderer
    from trendbot.render.trial import faults

    try:
        own = own_templates(settings)
    except TrendbotError as error:
        yield bad("templates", error)
        return
    if own is None:
        return
    renderer = Renderer(bundled("templates"), own)
    wrong = faults(renderer)
    yield from (bad("templates", fault) for fault in wrong)
    if not wrong:
        yield ok("templates", f"{len(renderer.own_names())} of your own in {own}")


def _themes(settings: Settings) -> Finding:
    """Read the themes file as the next run will."""
    from trendbot.bootstrap import own_themes, themes_file
    from trendbot.cli.theme_files import loaded

    try:
        read = loaded(file := themes_file(settings))
    except TrendbotError as error:
        return bad("themes", f"the last good ones stay in force: {error}")
    where = f"in {file}" if file == own_themes(settings) else "that ship"
    return ok("themes", f"{len(read.rules.themes)} {where}")


def _home(home: Path) -> Iterator[Finding]:
    from trendbot.store.lock import holder, locked

    if not home.exists():
        yield look("home", f"{home} is not there yet: `trendbot run` makes it")
        return
    if not home.is_dir():
        yield bad("home", f"{home} is no folder: name another with --home")
        return
    yield _writable(home)
    free = shutil.disk_usage(home).free
    yield (ok if free >= LEAST_FREE else look)("disk", f"{free / 1e9:.1f} GB free")
    if locked(home):
        yield ok("at work", holder(home) or "another process")


def _writable(home: Path) -> Finding:
    import os

    if os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return ok("home", home)
    return bad("home", f"{home} cannot be written: mend its permissions")


def _database(settings: Settings) -> Iterator[Finding]:
    from trendbot.clock import system_clock
    from trendbot.store import migrate
    from trendbot.store.checkup import damage
    from trendbot.store.database import Database

    try:
        with Database(settings.database_address) as database:
            if database.file is not None and not database.file.exists():
                yield look("database", f"{database.file} is not there yet: `trendbot run` makes it")
                return
            migrate.check(database)
            yield from (bad("database", line) for line in database.read(damage))
            yield ok("database", f"{database.where}, schema {migrate.current(database)}")
            yield from _contents(database)
            yield from settled(settings, database, system_clock())
            yield from _linkedin(settings, database)
    except TrendbotError as error:
        yield bad("database", error)


def _linkedin(settings: Settings, database: Database) -> Iterator[Finding]:
    """Say how the LinkedIn page stands, where there is one."""
    from trendbot.bootstrap import linkedin_account, linkedin_rhythm
    from trendbot.clock import system_clock
    from trendbot.pipeline.watch import TRANSPORT, concerns
    from trendbot.store.posts import channels_by

    if not database.read(channels_by, TRANSPORT):
        return
    account = linkedin_account(settings, system_clock, database)
    found = list(concerns(database, account, linkedin_rhythm(settings), now=system_clock()))
    yield from ((bad if each.urgent else look)("linkedin", each.text) for each in found)
    held = account.find()
    if not found and held is not None:
        yield ok("linkedin", f"{held.holder}, consent until {plain(held.expires_at)} UTC")


def _contents(database: Database) -> Iterator[Finding]:
    from trendbot.store.checkup import sizes

    rows = database.read(sizes)
    told = ", ".join(f"{rows[table]} {table}" for table in ("entries", "stories", "digests", "editions"))
    yield ok("contents", told)
    yield from _feeds(database)
    yield from _last_run(database)


def _feeds(database: Database) -> Iterator[Finding]:
    from trendbot.store.feeds import list_feeds

    followed = [feed for feed in database.read(list_feeds) if feed.enabled]
    failing = [feed for feed in followed if feed.error]
    never = sum(feed.succeeded_at is None for feed in failing)
    if not followed:
        yield look("feeds", "none is followed: `trendbot feeds add URL`, or `trendbot run` for those that ship")
    elif failing:
        told = f"{len(failing)} of {len(followed)} failed when last asked, {never} of them always"
        yield look("feeds", f"{told}: see `trendbot feeds list --failing`")
    else:
        yield ok("feeds", f"{len(followed)} followed, none failed when last asked")
    yield from _ailing(database)


def _ailing(database: Database) -> Iterator[Finding]:
    """Count the feeds from which nothing comes though they answer, and others that want a look."""
    from trendbot.clock import system_clock
    from trendbot.core.feed_findings import Grade
    from trendbot.core.feed_health import examine
    from trendbot.store.feed_health import patients

    grades = [{found.grade for found in examine(one)} for one in database.read(patients, now=system_clock())]
    ill = sum(Grade.BAD in grade for grade in grades)
    odd = sum(Grade.LOOK in grade and Grade.BAD not in grade for grade in grades)
    if ill or odd:
        yield look("feed health", f"{ill} bad, {odd} to look at: see `trendbot feeds doctor`")


def _last_run(database: Database) -> Iterator[Finding]:
    from trendbot.jobs import LINE
    from trendbot.store.runs import last_run

    found = (database.read(last_run, job) for job in (LINE, "poll"))  # the whole line, or its beginning by `serve`
    run = max((run for run in found if run), key=lambda run: run.started_at, default=None)
    if run is None:
        yield look("last run", "never: `trendbot run`, or `trendbot serve`")
    elif run.error:
        yield bad("last run", f"{plain(run.started_at)} UTC failed: {run.error}")
    elif run.finished_at is None:
        yield look("last run", f"{plain(run.started_at)} UTC did not end: run it again, nothing is lost")
    else:
        yield ok("last run", f"{plain(run.started_at)} UTC, {run.counts.get('entries_new', 0)} new entries")
