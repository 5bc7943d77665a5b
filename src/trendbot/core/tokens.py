"""Signed tokens: who may do what by a link, without a password. Made of ``A-Z a-z 0-9 _ -`` only, and short.

A token is ``subject_version_expiry_signature`` with the numbers in base 36. It is good for one purpose (another purpose
is another signature), for one version of the subscription (raising the version ends all its links), and until it
expires, where it does. The signature is the first 96 bits of HMAC-SHA-256.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from trendbot.errors import TokenError

_SIGNED_BYTES: Final = 12
_PARTS: Final = 4
_LONGEST: Final = 96
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class Purpose(enum.StrEnum):
    """What a token is good for."""

    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"
    FEED = "feed"
    LINK = "link"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """What a good token says: whom it is about (`parts_of_subject`), and the subscription's version at that time."""

    subject: str
    version: int


def subject_of(public_id: str, channel_id: int) -> str:
    """Return the subject of a token about one subscription: the subscriber's public id, and the channel's number."""
    return f"{public_id}-{channel_id}"


def parts_of_subject(subject: str) -> tuple[str, int | None]:
    """Return the public id of a subject, and its channel; None where it is about the subscriber alone."""
    public_id, _, channel = subject.partition("-")
    return public_id, int(channel) if channel.isascii() and channel.isdigit() else None


def seal(key: bytes, purpose: Purpose, subject: str, *, version: int = 1, expires_at: datetime | None = None) -> str:
    """Return a token; `subject` is letters, digits and hyphens (a public id)."""
    expiry = int(expires_at.timestamp()) if expires_at else 0
    said = f"{subject}_{_base36(version)}_{_base36(expiry)}"
    return f"{said}_{_signature(key, purpose, said)}"


def unseal(key: bytes, purpose: Purpose, token: str, *, now: datetime) -> Sealed:
    """Read a token; compared in constant time.

    Raises:
        TokenError: it is malformed, forged, meant for another purpose, or expired.

    """
    parts = token.split("_", _PARTS - 1) if len(token) <= _LONGEST and token.isascii() else []
    if len(parts) != _PARTS:
        raise TokenError("this link is damaged: copy it whole, or ask for a new one")
    said = "_".join(parts[:3])
    if not hmac.compare_digest(_signature(key, purpose, said), parts[3]):
        raise TokenError("this link is not valid: ask for a new one")
    expiry = int(parts[2], 36)
    if expiry and datetime.fromtimestamp(expiry, UTC) <= now:
        raise TokenError("this link has expired: ask for a new one")
    return Sealed(subject=parts[0], version=int(parts[1], 36))


def _signature(key: bytes, purpose: Purpose, said: str) -> str:
    digest = hmac.new(key, f"{purpose}:{said}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:_SIGNED_BYTES]).decode()


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
