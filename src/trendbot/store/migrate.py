"""Bringing the schema to this program's version, and refusing to work on another one."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from trendbot.errors import SchemaError
from trendbot.paths import bundled
from trendbot.store.database import Database, translated


def head() -> str:
    """Return the newest revision that this program knows, such as ``0001``."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise SchemaError("the installation has no migrations: install trendbot again")
    return newest


def current(database: Database) -> str | None:
    """Return the database's revision, or None where it is new and empty."""
    with translated(database.engine), database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, revision: str = "head") -> tuple[str | None, str | None]:
    """Migrate up to `revision`; return the revisions before and after. Harmless where nothing is to do.

    Raises:
        SchemaError: the database was written by a newer trendbot.

    """
    before = current(database)
    _refuse_unknown(before)
    config = _config()
    config.attributes["engine"] = database.engine
    with translated(database.engine):
        command.upgrade(config, revision)
    return before, current(database)


def downgrade(database: Database, revision: str) -> None:
    """Migrate down to `revision` (``base`` empties the database)."""
    config = _config()
    config.attributes["engine"] = database.engine
    command.downgrade(config, revision)


def check(database: Database) -> None:
    """Do nothing where the schema is this program's own.

    Raises:
        SchemaError: it is older (the message names the command) or newer.

    """
    found, wanted = current(database), head()
    if found == wanted:
        return
    _refuse_unknown(found)
    raise SchemaError(
        f"the database's schema is {found or 'empty'}, this trendbot needs {wanted}: run `trendbot db upgrade`"
    )


def _refuse_unknown(revision: str | None) -> None:
    if revision is None:
        return
    try:
        ScriptDirectory.from_config(_config()).get_revision(revision)
    except CommandError as error:
        raise SchemaError(
            f"the database's schema {revision} is newer than this trendbot: install the newer trendbot"
        ) from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(bundled("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
