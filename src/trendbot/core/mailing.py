"""What mail is made of beside its text, and what a mail server's answer means. Pure.

Answers are judged by their enhanced status code (RFC 3463) where there is one, and else by the plain code and the few
words that are the same everywhere. Only what surely speaks of the mailbox itself makes a recipient *gone*; a refusal by
policy (x.7.x) is never the recipient's fault.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

LONGEST_LINE: Final = 998
"""Octets of a line of mail at most, without its end (RFC 5322)."""
MAIL_BUDGET: Final = "smtp:"
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_AFTER = re.compile(r"\b(\d{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b", re.IGNORECASE)
_UNKNOWN = re.compile(
    r"(?:no such|unknown|invalid|non-?existent) (?:local )?(?:user|mailbox|recipient|address)"
    r"|(?:user|mailbox|recipient|address)(?: address)?(?: is)?"
    r" (?:unknown|not found|does not exist|doesn't exist|not known|rejected: user unknown)",
    re.IGNORECASE,
)
_HURRY = re.compile(r"rate|too many|too fast|too quickly|throttl|slow down|limit|temporarily deferred", re.IGNORECASE)
_GREY = re.compile(r"gr[ea]y-?list", re.IGNORECASE)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_LONGEST_WISH: Final = 6 * 3600.0
_PAUSE: Final = 300.0
"""Seconds that a provider which throttles is left alone where it names no time."""
_GONE: Final = frozenset(("1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1"))
_BUSY: Final = 421


class Verdict(enum.StrEnum):
    """What an answer other than yes means.

    GONE      the mailbox does not exist (any more)
    REFUSED   this mail to this recipient never goes, for another reason
    ACCOUNT   the server will not take mail from us: a person has to mend it
    LATER     not now: this mail waits
    PROVIDER  not now: everything to this provider waits
    SERVER    not now: everything waits
    """

    GONE = "gone"
    REFUSED = "refused"
    ACCOUNT = "account"
    LATER = "later"
    PROVIDER = "provider"
    SERVER = "server"


class Stage(enum.StrEnum):
    """Where in the talk with a server an answer came."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """A verdict, and the seconds to wait where the answer names them or the verdict asks for some."""

    verdict: Verdict
    wait: float | None = None


def judge(stage: Stage, code: int, text: str) -> Judgement:
    """Say what an answer of a mail server means for the mail it was given to."""
    enhanced = _enhanced(code, text)
    if code >= 500:  # noqa: PLR2004
        return Judgement(verdict=_for_good(stage, enhanced, text))
    return _for_now(stage, code, enhanced, text)


def _enhanced(code: int, text: str) -> str:
    """Return subject and detail of the enhanced code (``1.1``), where it agrees with the plain one; else nothing."""
    found = _ENHANCED.search(text)
    return f"{int(found[2])}.{int(found[3])}" if found and int(found[1]) == code // 100 else ""


def _for_good(stage: Stage, enhanced: str, text: str) -> Verdict:
    if stage is Stage.SENDER:
        return Verdict.REFUSED if enhanced in ("3.4", "2.3") else Verdict.ACCOUNT
    if enhanced:
        return Verdict.GONE if enhanced in _GONE else Verdict.REFUSED
    return Verdict.GONE if stage is Stage.RECIPIENT and _UNKNOWN.search(text) else Verdict.REFUSED


def _for_now(stage: Stage, code: int, enhanced: str, text: str) -> Judgement:
    wait = _named(text)
    if _GREY.search(text) or enhanced.startswith(("1.", "2.")):
        return Judgement(verdict=Verdict.LATER, wait=wait)
    if code == _BUSY or stage is Stage.SENDER or enhanced.startswith("3."):
        to_one = stage is not Stage.SENDER and enhanced.startswith("7.")
        return Judgement(verdict=Verdict.PROVIDER if to_one else Verdict.SERVER, wait=wait or _PAUSE)
    if enhanced.startswith("7.") or _HURRY.search(text):
        return Judgement(verdict=Verdict.PROVIDER, wait=wait or _PAUSE)
    return Judgement(verdict=Verdict.LATER, wait=wait)


def _named(text: str) -> float | None:
    """Return the seconds that an answer asks us to stay away, where it does."""
    found = _AFTER.search(_ENHANCED.sub("", text))
    if found is None:
        return None
    return min(_LONGEST_WISH, max(1.0, float(found[1]) * _SECONDS[found[2][0].lower()]))


# -- providers ---------------------------------------------------------------------------------------------------------

_PROVIDERS: Final = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), "gmail.com"),
    **dict.fromkeys(
        ("outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "live.co.uk"), "outlook.com"
    ),
    **dict.fromkeys(("yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "yahoo.co.uk"), "yahoo.com"),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), "icloud.com"),
    **dict.fromkeys(("gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "gmx.com"), "gmx.net"),
    **dict.fromkeys(("proton.me", "protonmail.com", "pm.me"), "proton.me"),
}


def provider_of(address: str) -> str:
    """Return who holds a mailbox: one name for the domains of a big provider, else the domain."""
    domain = address.rpartition("@")[2].lower()
    return _PROVIDERS.get(domain, domain)


def read_rates(text: str) -> dict[str, float]:
    """Read ``gmail.com=2 yahoo.com=0.5`` into mails a second by provider.

    Raises:
        ValueError: a part is no such pair; the message names it.

    """
    found: dict[str, float] = {}
    for part in text.replace(",", " ").split():
        name, _, number = part.partition("=")
        try:
            rate = float(number)
        except ValueError:
            rate = 0.0
        if not name or not 0 < rate <= 1000:  # noqa: PLR2004
            raise ValueError(f"{part!r} is no rate: write gmail.com=2")
        found[provider_of(f"@{name}")] = rate
    return found


# -- headers -----------------------------------------------------------------------------------------------------------


def message_id(key: str, made_at: datetime, domain: str) -> str:
    """Return the Message-ID of a delivery, the same at every try.

    The second in which its content was made keeps it apart from a delivery of the same key in an earlier database,
    which a mailbox would else take for the same mail and hide.
    """
    return f"<{key}.{int(made_at.timestamp()):x}@{domain}>"


def list_unsubscribe(page: str, mailbox: str, token: str) -> str:
    """Return the value of List-Unsubscribe: the https address that takes the one click, and a mailbox, where there is.

    Raises:
        ValueError: a part would break the header.

    """
    mail = f", <mailto:{mailbox}?subject={token}>" if mailbox else ""
    return plain_header(f"<{page}>{mail}")


def plain_header(value: str) -> str:
    """Return a header's value unless it could break its line or the mail.

    Raises:
        ValueError: it holds anything but printable ASCII, or is too long for a line.

    """
    if not value.isascii() or not value.isprintable() or len(value) > LONGEST_LINE - 40:
        raise ValueError(f"no value for a header: {value[:80]!r}")
    return value


def feedback_id(parts: Iterable[str], sender: str) -> str:
    """Return the value of Feedback-ID: what a mail belongs to in three words, then the sender's name."""
    return ":".join(_word(each) for each in (*parts, sender))


def feedback_sender(domain: str) -> str:
    """Return a name for Feedback-ID made of a domain: 5 to 15 letters and digits."""
    name = re.sub(r"[^a-z0-9]", "", domain.lower())[:15]
    return name if len(name) >= 5 else f"{name}sender"  # noqa: PLR2004


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)[:40]
