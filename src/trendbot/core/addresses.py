"""Addresses of subscribers: one spelling of each, and a keyed hash for those that are never written to again."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from trendbot.core.vocabulary import ChannelKind

LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_CHAT = re.compile(r"-?[1-9][0-9]{0,18}\Z")


def normalise(kind: ChannelKind, text: str) -> str | None:
    """Return the one spelling of an address, or None where it is none.

    Mail: lower case throughout (no provider of note tells ``Ann`` from ``ann``), the domain in its ASCII form, the
    local part ASCII and unquoted, at most 254 characters. Telegram: the number of a chat.
    """
    if kind is ChannelKind.TELEGRAM:
        chat = text.strip()
        return chat if _CHAT.match(chat) else None
    return _mail(text) if kind is ChannelKind.EMAIL else None


def _mail(text: str) -> str | None:
    local, at, domain = text.strip().rpartition("@")
    ascii_domain = _domain(domain)
    if not at or ascii_domain is None or len(local) > _LONGEST_LOCAL or not _LOCAL.match(local):
        return None
    address = f"{local.lower()}@{ascii_domain}"
    return address if len(address) <= LONGEST else None


def _domain(domain: str) -> str | None:
    """Return a domain of at least two labels in lower-case ASCII; an address in brackets is none."""
    try:
        ascii_form = domain.strip(" ").encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        return None
    labels = ascii_form.split(".")
    well_formed = len(labels) > 1 and all(_LABEL.match(label) for label in labels) and not labels[-1].isdigit()
    return ascii_form if well_formed else None


def masked(address: str | None) -> str:
    """Return an address as it may be shown where nobody asked for it: ``a…@example.org``, ``…42``."""
    if not address:
        return "(erased)"
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}" if at else f"…{address[-2:]}"


def address_hash(key: bytes, kind: ChannelKind, address: str) -> str:
    """Return the keyed hash (HMAC-SHA-256) of an address in its one spelling: no list of addresses undoes it."""
    return hmac.new(key, f"suppress:{kind}:{address}".encode(), hashlib.sha256).hexdigest()
