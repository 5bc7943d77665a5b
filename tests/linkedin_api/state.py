"""What the server remembers, and what can be made to go wrong."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class Kind(enum.Enum):
    """How a call goes wrong: refused, lost before or after it was done, answered late or with rubbish."""

    ANSWER = "answer"
    DROP_BEFORE = "drop before"
    DROP_AFTER = "drop after"
    GARBAGE = "garbage"
    """Done, and answered 502."""
    BROKEN = "broken"
    """Not done, and answered 500."""
    HANG = "hang"
    """Done, and not answered in time."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault; `status` and `body` are the answer's where there is one."""

    kind: Kind
    status: int = 500
    body: dict[str, Any] | None = None
    headers: dict[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token: whose, what it may do, until when; `pages` its member may post for."""

    person: str
    scopes: frozenset[str]
    expires_at: datetime
    pages: frozenset[str] = frozenset()
    revoked: bool = False


@dataclass(kw_only=True)
class Post:
    """A post as the server keeps it; `seen` is what its readers see."""

    urn: str
    author: str
    commentary: str
    seen: str
    content: dict[str, Any]
    visibility: str
    at: datetime
    deleted: bool = False


class Refused(Exception):  # noqa: N818  (an answer, not an error)
    """An answer that says no."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"status": status, "code": code, "message": message, **more}
