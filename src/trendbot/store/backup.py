"""Copies of the database: made while others write, and put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from trendbot.errors import ConfigError, StoreError
from trendbot.store.database import Database

_PAGES = 2_000
"""Pages copied at a time; between two, writers go on."""


def back_up(database: Database, to: Path) -> Path:
    """Copy the database to the file `to`, one moment of it, while others write; return the file.

    SQLite by its own backup call into a file beside, which is checked, flushed and then renamed; PostgreSQL by
    ``pg_dump`` (custom format), which must be installed.

    Raises:
        ConfigError: ``pg_dump`` is not installed.
        StoreError: the copy cannot be made, or is not sound.

    """
    part = to.with_name(to.name + ".part")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        if database.file is not None:
            _copy_sqlite(database.file, part)
        else:
            _dump(database, part)
        _flushed(part)
        part.replace(to)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"no backup at {to}: {error}; free space, or name another file") from error
    finally:
        part.unlink(missing_ok=True)
    return to


def sound(file: Path) -> bool:
    """Say whether a file is a whole SQLite database of this program."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            whole: bool = copy.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
            return whole and bool(copy.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,))
    except sqlite3.Error:
        return False


def put_back(backup: Path, to: Path) -> Path | None:
    """Put a SQLite backup in place of the database `to`, which nobody has open; return where the old one is kept.

    Raises:
        StoreError: the backup is not sound, or the files cannot be written.

    """
    if not backup.is_file() or not sound(backup):
        raise StoreError(f"{backup} is no sound backup: name a file that `trendbot backup` made")
    fresh, kept = to.with_name(to.name + ".restoring"), to.with_name(to.name + ".before-restore")
    try:
        shutil.copyfile(backup, fresh)
        fresh.chmod(0o600)
        _flushed(fresh)
        had = to.exists()
        if had:
            _keep(to, kept)
        fresh.replace(to)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{backup} cannot be put back: {error}") from error
    return kept if had else None


def _keep(to: Path, kept: Path) -> None:
    """Keep the old database whole as one file; its log, which must not meet the new one, is gone with it."""
    kept.unlink(missing_ok=True)
    if sound(to):
        _copy_sqlite(to, kept)
    else:
        shutil.copyfile(to, kept)
    for end in ("-wal", "-shm"):
        to.with_name(to.name + end).unlink(missing_ok=True)


def _copy_sqlite(source: Path, to: Path) -> None:
    address = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as there, closing(sqlite3.connect(to)) as copy:
        there.backup(copy, pages=_PAGES, sleep=0.01)
        copy.execute("PRAGMA journal_mode=DELETE")
    if not sound(to):
        raise StoreError(f"the copy {to} is not sound: see `trendbot db check`")


def _dump(database: Database, to: Path) -> None:
    url = database.engine.url
    program = shutil.which("pg_dump")
    if program is None:
        raise ConfigError("a backup of PostgreSQL needs pg_dump: install PostgreSQL's client programs")
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    secret = {"PATH": os.defpath, "PGPASSWORD": url.password} if url.password else None
    done = subprocess.run(  # noqa: S603  (the program found on the path, no shell)
        [program, "--format=custom", f"--file={to}", f"--dbname={plain}"],
        env=secret,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StoreError(f"pg_dump failed: {done.stderr.strip().splitlines()[-1:]}")


def _flushed(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
