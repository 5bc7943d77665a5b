"""What a caller asked for, read with care: forms in both encodings, queries, numbers, days."""

from __future__ import annotations

import email.message
import email.policy
import re
from collections.abc import Mapping
from datetime import date
from email.parser import BytesParser
from urllib.parse import parse_qsl

from starlette.requests import Request

from trendbot.core.vocabulary import Cadence
from trendbot.web.answers import Missing

_MOST_FIELDS, _LONGEST = 200, 2000
_NUMBER = re.compile(r"[0-9]{1,12}\Z")
_LARGEST = 2**31 - 1
"""The largest number of a row: PostgreSQL refuses to look for a larger one."""
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})\Z")
_DAY, _WEEK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"), re.compile(r"[0-9]{4}-W[0-9]{2}\Z")

Form = Mapping[str, tuple[str, ...]]
"""The fields of a form with their values."""


def form_of(request: Request) -> Form:
    """Return the fields of a form, whichever of the two encodings it came in; what cannot be read holds none."""
    body: bytes = request.scope.get("trendbot.body", b"")
    kind = request.headers.get("content-type", "")
    pairs = _multipart(body, kind) if kind.lower().startswith("multipart/form-data") else _urlencoded(body)
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs[:_MOST_FIELDS]:
        found[name] = (*found.get(name, ()), value.replace("\0", "")[:_LONGEST])
    return found


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode("utf-8", "replace")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="replace")
    except ValueError:
        return []


def _multipart(body: bytes, kind: str) -> list[tuple[str, str]]:
    head = b"Content-Type: " + kind.encode("latin-1", "replace").replace(b"\n", b" ").replace(b"\r", b" ")
    try:
        message = BytesParser(policy=email.policy.HTTP).parsebytes(head + b"\r\n\r\n" + body)
        parts = list(message.iter_parts()) if message.is_multipart() else []
        return [(_field(part), _text(part)) for part in parts]
    except Exception:  # noqa: BLE001  (the standard parser trips over some of what strangers send)
        return []


def _field(part: email.message.Message) -> str:
    name = part.get_param("name", "", header="content-disposition")
    return name if isinstance(name, str) else ""


def _text(part: email.message.Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace").strip("\r\n") if isinstance(payload, bytes) else ""


def value(form: Form, name: str, default: str = "") -> str:
    """Return a field's last value."""
    return form[name][-1].strip() if form.get(name) else default


def number(text: str) -> int:
    """Read a number from an address.

    Raises:
        Missing: it is none that a row can have.

    """
    if not _NUMBER.match(text) or not text.isascii() or int(text) > _LARGEST:
        raise Missing
    return int(text)


def month(text: str) -> date:
    """Read a month (``2026-11``) as its first day.

    Raises:
        Missing: there is no such month.

    """
    found = _MONTH.match(text)
    try:
        return date(int(found[1]), int(found[2]), 1) if found and found[1] != "9999" else _no_month()
    except ValueError as error:
        raise Missing from error


def _no_month() -> date:
    raise Missing


def slot(cadence: str, text: str) -> tuple[Cadence, str]:
    """Read a cadence and a slot.

    Raises:
        Missing: there are no such ones.

    """
    if cadence not in tuple(Cadence) or not (_DAY if cadence == Cadence.DAILY else _WEEK).match(text):
        raise Missing
    return Cadence(cadence), text


def limit(text: str, *, default: int, most: int) -> int:
    """Read how many are wanted, within bounds; what is no number counts as the default."""
    return min(most, max(1, int(text))) if _NUMBER.match(text) and text.isascii() else default


def offset(text: str, *, most: int) -> int:
    """Read how many are to be passed over; what is no number counts as none."""
    return min(most, int(text)) if _NUMBER.match(text) and text.isascii() else 0
