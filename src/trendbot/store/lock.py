"""One writer a home: an exclusive lock file that ends with the process that holds it, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

from trendbot.errors import ConflictError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

LOCK_NAME = "trendbot.lock"


@contextlib.contextmanager
def home_lock(home: Path, *, now: datetime, doing: str) -> Iterator[None]:
    """Hold the home for writing; `doing` and `now` tell others who holds it since when.

    Raises:
        ConflictError: another process holds it; the message says which.
        StoreError: the lock file cannot be made.

    """
    file = home / LOCK_NAME
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{file} cannot be written ({error.strerror}): mend its permissions") from error
    with os.fdopen(descriptor, "r+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConflictError(
                f"{holder(home) or 'another process'} is at work on {home}: wait for it, or end it"
            ) from error
        stream.truncate(0)
        stream.write(f"`trendbot {doing}` (process {os.getpid()}, since {now:%Y-%m-%d %H:%M} UTC)")
        stream.flush()
        try:
            yield
        finally:
            stream.truncate(0)


def holder(home: Path) -> str | None:
    """Return who wrote into the home's lock file last and did not leave in order, or None."""
    try:
        return (home / LOCK_NAME).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def locked(home: Path) -> bool:
    """Say whether a process holds the home just now."""
    try:
        with (home / LOCK_NAME).open("r+", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def served(home: Path) -> bool:
    """Say whether `trendbot serve` holds the home just now."""
    return locked(home) and (holder(home) or "").startswith("`trendbot serve`")
