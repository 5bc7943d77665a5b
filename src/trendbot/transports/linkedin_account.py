"""What the LinkedIn transport needs to know of its account, and has to have written down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

_URN = re.compile(r"urn:li:(?:organization|person):[A-Za-z0-9_-]{1,64}\Z")
_FIRST_TRIED = (2, 3, 1, 4, 5, 6, 7, 8, 9, 10, 11, 0)
"""Months back from the present one in which a version is looked for: new enough to last, old enough to be out."""
_MONTHS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The exact request by which a message was last sent, and when it first was."""

    body: str
    first_at: datetime


class Account(Protocol):
    """The account as it is kept between runs."""

    def now(self) -> datetime:
        """Return the present instant."""
        ...

    async def token(self) -> str:
        """Return the access token.

        Raises:
            ChannelError: the account is not connected, or its consent is over.

        """
        ...

    async def rejected(self, token: str, why: str) -> None:
        """Note that LinkedIn takes this token no longer: nothing is asked with it again."""
        ...

    async def version(self) -> str:
        """Return the version month (``202609``) to speak."""
        ...

    async def step_to(self, version: str) -> None:
        """Speak this version month from now on."""
        ...

    async def count(self) -> int:
        """Count one call of this UTC day; return how many that makes."""
        ...

    async def calls(self) -> int:
        """Return how many calls were made on this UTC day."""
        ...

    async def keep(self, key: str, body: str) -> None:
        """Write down the request by which a message is about to be sent."""
        ...

    async def kept(self, key: str) -> Kept | None:
        """Return the request by which a message was last sent."""
        ...

    async def drop(self, key: str) -> None:
        """Forget the request of a message: it is to be made anew."""
        ...


def author_of(address: str) -> str:
    """Return the author's URN of a page's number, or of a URN as it is.

    Raises:
        ValueError: it is neither.

    """
    urn = f"urn:li:organization:{address}" if address.isdecimal() else address
    if not _URN.match(urn):
        raise ValueError(f"{address!r} is no author: a page's number, urn:li:organization:… or urn:li:person:…")
    return urn


def page_of(author: str) -> str:
    """Return where a person sees what an author has posted."""
    kind, _, number = author.rpartition(":")
    if kind.endswith("organization"):
        return f"https://www.linkedin.com/company/{number}/posts/"
    return "https://www.linkedin.com/in/me/recent-activity/all/"


def post_address(urn: str) -> str:
    """Return a post's own address."""
    return f"https://www.linkedin.com/feed/update/{urn}/"


def versions_to_try(refused: str, now: datetime) -> Iterator[str]:
    """Return the version months to try in place of one that is not served, the likeliest first."""
    for back in _FIRST_TRIED:
        months = now.year * _MONTHS + now.month - 1 - back
        version = f"{months // _MONTHS}{months % _MONTHS + 1:02d}"
        if version != refused:
            yield version
