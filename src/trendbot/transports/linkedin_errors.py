"""What an answer of LinkedIn means for the outbox.

Codes are matched, never prose (but for one refusal that has no code of its own). What LinkedIn says is shown in one
line, without our token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from trendbot.errors import ChannelError, TransportError

RECONNECT = "connect again with `trendbot linkedin connect`"
_RIGHTS = "see to the app's products, its scopes and your role on the page"
_POST = re.compile(r"urn:li:(?:share|ugcPost|activity):\d+")
_SHORT = re.compile(r"linkedin\.com/posts/[^/?#]*-(share|ugcPost|activity)-(\d+)")
_ORGANIZATION = re.compile(r"organization permissions", re.IGNORECASE)
_SHOWN = 300
_GRACE = 60.0
_NOT_READY = "MEDIA_ASSET_WAITING_UPLOAD"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer: its status, its headers, and what its body said where that was JSON."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def code(self) -> str:
        """LinkedIn's code of a refusal, or an empty string."""
        return str(self.body.get("code") or self.body.get("serviceErrorCode") or "")

    @property
    def ok(self) -> bool:
        """Say whether it was done."""
        return HTTPStatus(200) <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def lost(self) -> bool:
        """Say whether the server broke on it, so that it may have been done."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.status == HTTPStatus.REQUEST_TIMEOUT


def read_answer(status: int, headers: Mapping[str, str], payload: bytes) -> Answer:
    """Return an answer; a body that is no JSON object counts as empty."""
    try:
        body = json.loads(payload)
    except ValueError:
        body = {}
    return Answer(status=status, headers=headers, body=body if isinstance(body, dict) else {})


def duplicate(answer: Answer) -> bool:
    """Say whether the same post is there already."""
    return answer.status == HTTPStatus.UNPROCESSABLE_ENTITY and "DUPLICATE_POST" in _codes(answer)


def named_post(answer: Answer) -> str | None:
    """Return the post that a refusal of a duplicate names, or None."""
    return post_in(f"{answer.body.get('message', '')} {json.dumps(answer.body.get('errorDetails', ''))}")


def post_in(text: str) -> str | None:
    """Return the first post that a text names, such as its address (which may end in ``-activity-7…-x``); or None."""
    found, short = _POST.search(unquote(text)), _SHORT.search(text)
    return found.group() if found else short and f"urn:li:{short.group(1)}:{short.group(2)}"


def _codes(answer: Answer) -> set[str]:
    details = answer.body.get("errorDetails")
    inputs = details.get("inputErrors") if isinstance(details, dict) else None
    return {answer.code, *(str(each.get("code")) for each in inputs or () if isinstance(each, dict))}


def retired(answer: Answer) -> bool:
    """Say whether the version month of the call is not served (any more)."""
    return answer.status == HTTPStatus.UPGRADE_REQUIRED


def refusal(answer: Answer, *, now: datetime, secret: str) -> TransportError:
    """Return what a refused call means; `secret` is the token, which never gets out of here."""
    said = told(answer, secret)
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return ChannelError(f"LinkedIn takes our token no longer ({said}): {RECONNECT}", whole=True)
        case HTTPStatus.FORBIDDEN:
            why = f"{_RIGHTS}, then {RECONNECT}"
            return ChannelError(f"LinkedIn does not let us do that ({said}): {why}", whole=False)
        case HTTPStatus.UPGRADE_REQUIRED:
            return ChannelError(f"LinkedIn serves no version we know ({said}): set linkedin.version", whole=True)
        case HTTPStatus.TOO_MANY_REQUESTS:
            wait = _pause(answer, now)
            until = f"{now + timedelta(seconds=wait):%Y-%m-%d %H:%M} UTC"
            return TransportError(
                f"LinkedIn asks for a pause until {until} ({said})", permanent=False, retry_after=wait
            )
    return _other(answer, said)


def _other(answer: Answer, said: str) -> TransportError:
    if _ORGANIZATION.search(str(answer.body.get("message", ""))):
        return ChannelError(f"our token may not post for this page ({said}): {RECONNECT} --page", whole=False)
    if _NOT_READY in _codes(answer):
        return TransportError(f"LinkedIn still works on the picture ({said})", permanent=False)
    return TransportError(f"LinkedIn refuses it ({said})", permanent=not answer.lost, outcome_known=not answer.lost)


def told(answer: Answer, secret: str) -> str:
    """Return what LinkedIn said, in one line without our token."""
    text = " ".join(f"{answer.status} {answer.code} {answer.body.get('message', '')}".split())
    return (text.replace(secret, "…") if secret else text)[:_SHOWN]


def _pause(answer: Answer, now: datetime) -> float:
    """Return the seconds to wait: what was asked for, else until the quota of the next UTC day."""
    asked = answer.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else until_midnight(now)


def until_midnight(now: datetime) -> float:
    """Return the seconds until the next UTC day, and a minute."""
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds() + _GRACE
