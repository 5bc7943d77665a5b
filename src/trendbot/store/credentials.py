"""Credentials of accounts: sealed at rest, with when they end; and the requests that may have to be repeated.

What is written here is sealed already (`store.vault`): this module never sees a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from trendbot.store.schema import Credential as CredentialRow
from trendbot.store.schema import KeptRequest as KeptRow

_TEXT = ".text"
"""What is added to a message's key: the text that stands there now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """An account's sealed credentials: of whom (`holder`), until when, and what the account told us (`facts`)."""

    name: str
    sealed: str
    holder: str
    expires_at: datetime
    renewable_until: datetime | None
    changed_at: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A request as it was last sent, and when it first was."""

    body: str
    first_at: datetime


def find_credential(session: Session, name: str) -> Credential | None:
    """Return the credentials of an account, or None where it is not connected."""
    row = session.get(CredentialRow, name)
    return _credential(row) if row is not None else None


def keep_credential(
    session: Session,
    name: str,
    *,
    sealed: str,
    holder: str,
    expires_at: datetime,
    renewable_until: datetime | None,
    now: datetime,
) -> None:
    """Keep an account's credentials, in place of earlier ones; what the account told us stays."""
    row = session.get(CredentialRow, name) or CredentialRow(name=name, facts={})
    row.sealed, row.holder, row.expires_at = sealed, holder, expires_at
    row.renewable_until, row.changed_at = renewable_until, now
    session.add(row)
    session.flush()


def note_facts(session: Session, name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Put facts beside an account's credentials; return all that are known."""
    row = session.get(CredentialRow, name)
    if row is None:
        return dict(facts)
    row.facts = {**row.facts, **facts}
    session.flush()
    return dict(row.facts)


def count_call(session: Session, name: str, *, day: str) -> int:
    """Count one call of an account on a UTC day; return how many that makes."""
    row = session.get(CredentialRow, name)
    known = row.facts if row is not None else {}
    calls = int(known.get("calls", 0)) + 1 if known.get("day") == day else 1
    note_facts(session, name, {"day": day, "calls": calls})
    return calls


def drop_credential(session: Session, name: str) -> bool:
    """Forget an account's credentials; say whether there were any."""
    row = session.get(CredentialRow, name)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


def keep_request(session: Session, key: str, *, body: str, now: datetime) -> None:
    """Write down the request by which a message is about to be sent."""
    row = session.get(KeptRow, key) or KeptRow(key=key)
    row.body, row.first_at = body, now
    session.add(row)
    session.flush()


def kept_request(session: Session, key: str) -> Kept | None:
    """Return the request by which a message was last sent, or None where it never was."""
    row = session.get(KeptRow, key)
    return Kept(body=row.body, first_at=row.first_at) if row is not None else None


def keep_text(session: Session, key: str, *, text: str, now: datetime) -> None:
    """Write down the text that was put in place of a sent message's."""
    keep_request(session, key + _TEXT, body=text, now=now)


def kept_text(session: Session, key: str) -> str | None:
    """Return the text that was last put in place of a sent message's, or None where it stands as it was sent."""
    found = kept_request(session, key + _TEXT)
    return found.body if found is not None else None


def drop_request(session: Session, key: str) -> None:
    """Forget a request whose answer is known."""
    session.execute(delete(KeptRow).where(KeptRow.key == key))


def _credential(row: CredentialRow) -> Credential:
    return Credential(
        name=row.name,
        sealed=row.sealed,
        holder=row.holder,
        expires_at=row.expires_at,
        renewable_until=row.renewable_until,
        changed_at=row.changed_at,
        facts=dict(row.facts),
    )
