"""The home's folder and database, opened for what a command wants of them."""

from __future__ import annotations

import enum
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from trendbot.errors import ConfigError, StoreError
from trendbot.paths import bundled
from trendbot.store import migrate
from trendbot.store.database import Database

if TYPE_CHECKING:
    from trendbot.settings import Settings

SAMPLE = "sample"
"""The folder below a home in which the sample week lives, away from real news."""


class Access(enum.StrEnum):
    """What a command wants of the home.

    READ refuses a missing and an old database. WRITE holds the lock, makes a database where there is none, and refuses
    an old one. BESIDE is WRITE for acts of a person, each a transaction of its own: it needs no lock where `trendbot
    serve` has it. MIGRATE holds the lock, and makes or upgrades the database.
    """

    READ = "read"
    WRITE = "write"
    BESIDE = "beside"
    MIGRATE = "migrate"


def themes_file(settings: Settings) -> Path:
    """Return the themes file to follow: the setting's, else ``themes.toml`` in the home, else the one that ships.

    Raises:
        ConfigError: the setting's is not there.

    """
    if settings.themes and not settings.themes.is_file():
        raise ConfigError(f"no themes file at {settings.themes}: mend the setting `themes`, or leave it out")
    own = own_themes(settings)
    return own if own.is_file() else bundled("seeds") / "themes.toml"


def own_themes(settings: Settings) -> Path:
    """Return where the operator's own themes file stands, or would: the setting's, else in the home."""
    return settings.themes or settings.home / "themes.toml"


def own_templates(settings: Settings) -> Path | None:
    """Return the folder of the operator's own templates, where there is one.

    Raises:
        ConfigError: the setting's is not there.

    """
    if settings.templates and not settings.templates.is_dir():
        raise ConfigError(f"no folder of templates at {settings.templates}: mend the setting `templates`")
    return settings.templates


def for_sample(settings: Settings) -> Settings:
    """Return settings for the sample week: its own folders and database, and feeds on this machine allowed."""
    return settings.model_copy(
        update={
            "home": settings.home / SAMPLE,
            "out": settings.out and settings.out / SAMPLE,
            "database_url": None,
            "fetch": settings.fetch.model_copy(update={"allow_private": True, "per_host": settings.fetch.connections}),
        }
    )


def empty(home: Path) -> None:
    """Remove what an earlier walk through the sample week left in its own folder."""
    for file in home.glob("trendbot.db*"):
        file.unlink()
    shutil.rmtree(home / "editions", ignore_errors=True)


def make_folder(folder: Path, name: str) -> None:
    """Make a folder and its parents where they are missing; `name` is what the error calls it.

    Raises:
        ConfigError: something else is there, or the place is not ours to write.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
        why = "a file stands in its place" if in_the_way else error.strerror
        raise ConfigError(f"the {name} {folder} cannot be made ({why}): name another folder") from error


def prepare(database: Database, access: Access) -> None:
    """Make, upgrade or check the database, as `access` has it.

    Raises:
        SchemaError: it is older or newer than this program.
        StoreError: there is none.

    """
    if access is Access.READ and database.file is not None and not database.file.exists():
        raise StoreError(f"there is no database at {database.file} yet: `trendbot run` makes one, --home names another")
    if database.file is not None and not database.file.exists():
        _make_file(database.file)
    if access is Access.MIGRATE or (access in {Access.WRITE, Access.BESIDE} and migrate.current(database) is None):
        migrate.upgrade(database)
    else:
        migrate.check(database)


def _make_file(file: Path) -> None:
    """Make an empty file that nobody else may read: SQLite gives its own files beside it the same mode."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise StoreError(f"the database {file} cannot be made ({error.strerror}): mend its folder") from error
