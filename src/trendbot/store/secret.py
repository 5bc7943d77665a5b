"""The installation's own secret: made at first use, kept in a file of the home that only its owner reads.

It signs links and hides suppressed addresses. Losing it ends every link that was ever sent and forgets who must not be
written to, so a backup holds it beside the database.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from trendbot.errors import StoreError

SECRET_NAME = "secret.key"  # noqa: S105  (the name of the file, not its content)
_BYTES = 32


def home_secret(home: Path) -> bytes:
    """Return the home's secret; where there is none, make one first (two at once agree on one).

    Raises:
        StoreError: the file cannot be read or made, or holds no secret.

    """
    file = home / SECRET_NAME
    try:
        if not file.exists():
            _make(file)
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the secret {file} cannot be used ({error}): mend its permissions") from error
    if len(secret) < 2 * _BYTES:
        raise StoreError(f"the secret {file} is damaged: put it back from a backup")
    return secret.encode()


def _make(file: Path) -> None:
    """Write the secret beside its place and move it there whole, unless another was faster."""
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(_BYTES) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(beside, file)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
