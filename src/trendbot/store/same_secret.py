"""One secret for all homes on one PostgreSQL: links signed on one machine have to be known on the others.

The database keeps a check, made of the secret with a key: who reads it cannot make the secret of it.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from trendbot.errors import ConfigError
from trendbot.store.schema import Mark
from trendbot.store.secret import SECRET_NAME, home_secret

if TYPE_CHECKING:
    from pathlib import Path

    from trendbot.store.database import Database, Session

_NAME = "secret"


def require_same_secret(database: Database, home: Path) -> None:
    """Do nothing where the home's secret is the one that the database is used with; the first home's is from then on.

    Only PostgreSQL has several homes. Call it before anything asks for the secret, which is made at first use.

    Raises:
        ConfigError: it is another one, or the home has none and others have.
        StoreError: the secret cannot be read or made.

    """
    if database.dialect != "postgresql":
        return
    known = database.read(_known)
    if known is None:
        known = database.write(_remembered, _check(home))
    elif not (home / SECRET_NAME).exists():
        raise ConfigError(_advice(home, "is missing"))
    if not hmac.compare_digest(known, _check(home)):
        raise ConfigError(_advice(home, "is not the one that this database is used with"))


def adopt_secret(database: Database, home: Path) -> None:
    """Let the home's secret be the one that the database is used with from now on.

    Raises:
        ConfigError: the database is not PostgreSQL, which alone has several homes.
        StoreError: the secret cannot be read or made.

    """
    if database.dialect != "postgresql":
        raise ConfigError("a SQLite database has one home, whose `secret.key` counts: there is nothing to adopt")
    database.write(_adopted, _check(home))


def _advice(home: Path, what: str) -> str:
    return (
        f"{home / SECRET_NAME} {what}: copy it from the home of a machine that serves; "
        "where it is lost, `trendbot db adopt`"
    )


def _check(home: Path) -> str:
    return hmac.digest(home_secret(home), b"trendbot: one secret, one database", "sha256").hex()


def _known(session: Session) -> str | None:
    return session.scalar(select(Mark.value).where(Mark.name == _NAME))


def _remembered(session: Session, check: str) -> str:
    """Remember the check, unless another home was faster; return what holds."""
    session.execute(insert(Mark).values(name=_NAME, value=check).on_conflict_do_nothing(index_elements=["name"]))
    return _known(session) or check


def _adopted(session: Session, check: str) -> None:
    new = insert(Mark).values(name=_NAME, value=check)
    session.execute(new.on_conflict_do_update(index_elements=["name"], set_={"value": check}))
