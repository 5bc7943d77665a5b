"""Leaving by mail: the mailbox in List-Unsubscribe was written to, or somebody answered "unsubscribe". Pure.

Who leaves is told by what only the mail to them holds: its signed token, which mail programs put into the subject, or
which stands in the link at the foot of the mail that an answer quotes. From whom a message says it is proves nothing
and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import Final

_SHAPE: Final = r"[0-9a-z-]{1,40}_[0-9a-z]{1,8}_[0-9a-z]{1,8}_[A-Za-z0-9_-]{16}"
_ALONE = re.compile(rf"(?<![\w-]){_SHAPE}(?![\w-])")
_LINK = re.compile(rf"/u/({_SHAPE})")
_WRAPPED = re.compile(r"=?\r?\n[> \t]*")
_ANSWER = re.compile(r"^(?:\s*(?:re|aw|antw|sv|fw|fwd|wg)\s*:)+\s*", re.IGNORECASE)
_LEAVING = frozenset("unsubscribe unsubscribed remove stop signoff optout abmelden abbestellen austragen".split())  # noqa: SIM905
_AROUND = frozenset(
    "please thanks thank you me my address email emails mail mails from to the this list newsletter bitte danke "  # noqa: SIM905
    "vielen dank mich den newsletter hello hi hallo".split()
)
_TO: Final = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
_LONGEST_HEADER, _LONGEST_TEXT, _LONGEST_LINE, _MOST_TOKENS, _MOST_PARTS = 2_000, 300_000, 100, 5, 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What of a message asks to leave: tokens that may prove who, and whether it says so in words."""

    tokens: tuple[str, ...] = ()
    asked: bool = False

    def __bool__(self) -> bool:
        return bool(self.tokens) or self.asked


def read_wish(message: Message) -> Wish:
    """Return what of a message asks to leave; nothing of a report or of an answering machine that quotes a mail."""
    if message.get_content_type() == "multipart/report":
        return Wish()
    heads = [_header(message, name) for name in ("Subject", *_TO)]
    named = [token for head in heads for token in _ALONE.findall(head)]
    asked = not _by_machine(message) and _says_so(message)
    quoted = [token for text in _texts(message) for token in _LINK.findall(text)] if asked else []
    return Wish(tokens=tuple(dict.fromkeys((*named, *quoted)))[:_MOST_TOKENS], asked=asked)


def _says_so(message: Message) -> bool:
    """Tell whether the subject, or the first line of an answer, is a word for leaving, politely said, and no more."""
    lines = next((text for part, text in _plain(message)), "").splitlines()
    own = next((line for line in lines if line.strip() and not line.startswith(">")), "")
    return any(_is_word(text) for text in (_ANSWER.sub("", _subject(message)), own))


def _is_word(text: str) -> bool:
    words = set(re.findall(r"\w+", text.lower())) if len(text) <= _LONGEST_LINE else set()
    return bool(words & _LEAVING) and words <= _LEAVING | _AROUND


def _subject(message: Message) -> str:
    text = _header(message, "Subject")
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError, HeaderParseError):
        return text


def _texts(message: Message) -> Iterator[str]:
    """Yield the texts of a message with their wrapped lines joined, so that a link that was broken is whole."""
    for part, text in _plain(message, "text/plain", "text/html"):
        yield text if part.get_content_type() == "text/html" else _WRAPPED.sub("", text)


def _plain(message: Message, *kinds: str) -> Iterator[tuple[Message, str]]:
    for number, part in enumerate(message.walk()):
        if number >= _MOST_PARTS:
            return
        if part.get_content_type() not in (kinds or ("text/plain",)) or part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield part, payload[:_LONGEST_TEXT].decode("utf-8", "replace")


def _by_machine(message: Message) -> bool:
    auto = _header(message, "Auto-Submitted").strip().lower()
    return auto not in ("", "no")


def _header(message: Message, name: str) -> str:
    return str(message.get(name, "") or "")[:_LONGEST_HEADER]
