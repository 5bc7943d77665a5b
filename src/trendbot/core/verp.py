"""Return addresses that name the delivery they belong to (VERP), so that a bounce need not be understood to be placed.

``bounces@example.org`` → ``bounces+4711-k3jq7cz2wxya@example.org``: the number of the delivery and the first 60 bits of
an HMAC-SHA-256 over it. Digits and lower-case letters only, since servers on the way may change the case.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

_DIGITS: Final = 12
_TAGGED = re.compile(r"(?P<local>[^@\s<>]{1,63})\+(?P<delivery>[1-9][0-9]{0,17})-(?P<proof>[a-z2-7]{12})@[^@\s<>]+\Z")


def make_verp(key: bytes, mailbox: str, delivery_id: int) -> str:
    """Return the return address of a delivery; `mailbox` is where bounces are read, ``bounces@example.org``.

    Raises:
        ValueError: the mailbox is no address.

    """
    local, at, domain = mailbox.rpartition("@")
    if not (local and at and domain):
        raise ValueError(f"{mailbox!r} is no mail address")
    return f"{local}+{delivery_id}-{_proof(key, delivery_id)}@{domain}"


def parse_verp(key: bytes, address: str) -> int | None:
    """Return the number of the delivery that a return address names; None where it names none, or is forged."""
    found = _TAGGED.match(address.strip().strip("<>").lower())
    if found is None:
        return None
    delivery_id = int(found["delivery"])
    return delivery_id if hmac.compare_digest(_proof(key, delivery_id), found["proof"]) else None


def _proof(key: bytes, delivery_id: int) -> str:
    digest = hmac.new(key, f"verp:{delivery_id}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest)[:_DIGITS].decode().lower()
