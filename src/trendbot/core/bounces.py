"""What a message in the bounce mailbox says: delivery reports (RFC 3464), complaints (ARF, RFC 5965), and their weight.

An enhanced status code (RFC 3463) decides. ``5.1.x`` of the address: hard. ``x.7.x`` is the receiver's judgement of the
sender, never the address's fault: policy. Everything else that failed, and whatever is not understood: soft.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from email.utils import getaddresses
from typing import Final

from trendbot.core.verp import parse_verp
from trendbot.core.vocabulary import BounceKind

MOST_BYTES: Final = 1_000_000
"""So much of a message is read; what counts stands before that."""
SOFT_DAYS: Final = 3
SOFT_WINDOW: Final = timedelta(days=60)
"""Soft bounces on so many different days of the last 60 count as a hard one: three mails, weekly ones too."""
_MOST_PARTS, _MOST_TEXT, _MOST_ADDRESSES = 100, 20_000, 20
_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_HARD = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"))
_SENDER = frozenset(("5.1.7", "5.1.8", "5.1.9"))
_UNKNOWN = re.compile(
    r"(?:user|mailbox|recipient|address|account)[^\n]{0,40}(?:unknown|not found|does not exist|doesn't exist|disabled)"
    r"|no such (?:user|mailbox|recipient|account|person)|unknown (?:user|recipient|mailbox)|no mailbox here",
    re.IGNORECASE,
)
_POLICY = re.compile(r"\bspam\b|block(?:ed|list)|blacklist|\bpolicy\b|\bDMARC\b|\bSPF\b|reputation", re.IGNORECASE)
_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_FROM = ("Return-Path", "X-Return-Path", "Original-Mail-From", "X-Envelope-From")


_WEIGHT = {BounceKind.POLICY: 1, BounceKind.SOFT: 2, BounceKind.HARD: 3, BounceKind.COMPLAINT: 4}


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a message says; `kind` is None where it reports no failure (a delay, an answering machine), `status` a code.

    `odd` marks a message in no standard form, for which others may know better.
    """

    kind: BounceKind | None
    status: str | None = None
    odd: bool = False


def read_message(raw: bytes) -> Message:
    """Return a message of at most `MOST_BYTES`; never raises for what is malformed, only for what is nested madly.

    Raises:
        RecursionError: parts in parts without an end.

    """
    return email.message_from_bytes(raw[:MOST_BYTES], policy=email.policy.compat32)


def message_key(raw: bytes, message: Message) -> str:
    """Return what a message is known by when it comes twice: a hash of its Message-ID, or of all of it."""
    known = _header(message, "Message-ID").strip()
    return hashlib.sha256(known.encode(errors="replace") if known else raw).hexdigest()


def delivery_of(message: Message, key: bytes) -> int | None:
    """Return the delivery that a message is about: by a return address with our proof on it, and by nothing else."""
    for part in (message, *_parts(message)):
        names = _TO + _FROM if part is message else _FROM
        found = [_header(part, name)[:2000] for name in names]
        for _, address in getaddresses([each for each in found if each])[:_MOST_ADDRESSES]:
            delivery = parse_verp(key, address)
            if delivery is not None:
                return delivery
    return None


def read_bounce(message: Message) -> Said:
    """Return what a message says, by the standards where it follows one."""
    kinds = {part.get_content_type() for part in message.walk()}
    if "message/feedback-report" in kinds:
        return _complaint(message)
    if "message/delivery-status" in kinds:
        return _report(message)
    return Said(kind=None, odd=not _by_machine(message))


def judge(status: str | None, text: str) -> Said:
    """Return what a failure weighs, by its code, or by its words where the code says nothing (``5.0.0``, none)."""
    code = status if status and not status.endswith(".0.0") else None
    if code is None:
        found = _CODE.search(text)
        code = found[1] if found and not found[1].endswith(".0.0") else status
    if code and (code.split(".")[1] == "7" or code in _SENDER):
        return Said(kind=BounceKind.POLICY, status=code)
    if code in _HARD:
        return Said(kind=BounceKind.HARD, status=code)
    if code is None or code == "5.0.0":
        return Said(kind=_by_words(text), status=code)
    return Said(kind=BounceKind.SOFT, status=code)


def text_of(message: Message) -> str:
    """Return the beginning of a message's first text."""
    for part in message.walk():
        if part.get_content_type() == "text/plain" and not part.is_multipart():
            payload = part.get_payload(decode=True)
            return payload[:_MOST_TEXT].decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return ""


def _by_words(text: str) -> BounceKind:
    if _POLICY.search(text):
        return BounceKind.POLICY
    return BounceKind.HARD if _UNKNOWN.search(text) else BounceKind.SOFT


def _complaint(message: Message) -> Said:
    """Read a feedback report; only ``abuse`` and its kin is a complaint, ``not-spam`` takes one back."""
    for part in message.walk():
        kind = _header(part, "Feedback-Type").strip().lower()
        if kind:
            return Said(kind=BounceKind.COMPLAINT if kind in ("abuse", "fraud", "opt-out") else None)
    return Said(kind=None)


def _report(message: Message) -> Said:
    """Read a delivery report: the weightiest of the recipients that failed."""
    worst = Said(kind=None)
    for part in message.walk():
        if _header(part, "Action").strip().lower() != "failed":
            continue
        code = _CODE.search(_header(part, "Status"))
        said = judge(code[1] if code else None, _header(part, "Diagnostic-Code")[:_MOST_TEXT])
        if said.kind and _WEIGHT[said.kind] > (_WEIGHT[worst.kind] if worst.kind else 0):
            worst = said
    return worst


def _by_machine(message: Message) -> bool:
    """Tell whether an answering machine wrote it: out of office, thank you for your mail."""
    auto = _header(message, "Auto-Submitted").strip().lower()
    return auto.startswith("auto-replied") and not _header(message, "X-Failed-Recipients")


def _parts(message: Message) -> Iterator[Message]:
    """Yield the parts that may name a return address: returned mails, their headers, and reports."""
    for number, part in enumerate(message.walk()):
        if number >= _MOST_PARTS:
            return
        if part.get_content_type() == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                yield email.message_from_bytes(payload[:_MOST_TEXT], policy=email.policy.compat32)
        elif part is not message:
            yield part


def _header(message: Message, name: str) -> str:
    return str(message.get(name, "") or "")
