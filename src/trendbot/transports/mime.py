"""The bytes of a mail: what its readers share is encoded once, what is one reader's own is put in between.

Bodies are encoded quoted-printable with short lines; the headers are written with a line length at which Python's own
policy does not turn long addresses into encoded words, which no mail program decodes there. The headers of one reader
are plain printable ASCII and are written as they are: nothing that could end a line gets in.
"""

from __future__ import annotations

import binascii
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from trendbot.core.mailing import plain_header
from trendbot.core.pictures import CHART_CID, DARK_CID, Chart, PictureForm

PERSONAL = "<!--personal-->"
"""Stands in the markup of an edition where what is its reader's own goes; no text of a feed can hold it."""
_ISSUE = re.compile(r'<p class="issue"')
_BODY = re.compile(r"<body[^>]*>")
_BODIES = policy.SMTP
_HEADERS = policy.SMTP.clone(max_line_length=998)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailAddress:
    """A display name with an address (ASCII)."""

    name: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MailFrame:
    """What all readers of a mail share, encoded: the head, and the body in parts around what is one reader's own.

    That is, in this order: what stands above the text and below it, above the markup and below it.
    """

    head: bytes
    parts: tuple[bytes, ...]


def frame_mail(
    *,
    headers: Mapping[str, str | Address],
    text: str,
    markup: str,
    chart: Chart | None = None,
    mark: str = "",
) -> MailFrame:
    """Encode what the readers of a mail share: multipart/alternative, text first, the chart as the markup names it.

    `headers` are those that are the same for all of them. The personal text is to follow `text`; the personal markup
    stands where `markup` has `PERSONAL`, else before the end of its body; what is above it before the line that names
    the issue, else at the top of the body. `mark` goes into the boundaries.

    Raises:
        ValueError: a header would break its line.

    """
    place = f"place-{secrets.token_hex(16)}"  # four times, each on a line of its own
    message = EmailMessage(policy=_BODIES)
    for name, value in headers.items():
        message[name] = value
    message.set_content(f"{place}\n{text.rstrip()}\n{place}\n", cte="quoted-printable")
    message.add_alternative(_with_place(markup, place), subtype="html", cte="quoted-printable")
    _attach(message, chart, mark or place)
    # A boundary drawn by lot would make the same mail differ each time.
    message.set_boundary(f"=_{mark or place}")
    head, _, body = message.as_bytes(policy=_HEADERS).partition(b"\r\n\r\n")
    return MailFrame(head=head, parts=tuple(body.split(place.encode() + b"\r\n")))


def fill_frame(
    frame: MailFrame, *, headers: Mapping[str, str], own: Sequence[str] = ("", "", "", ""), sent_at: datetime
) -> bytes:
    """Return one reader's mail; `own` is what stands above and below its text, above and below its markup.

    Raises:
        ValueError: a header would break its line.

    """
    dated = {"Date": format_datetime(sent_at), **headers}
    lines = [f"{name}: {plain_header(value)}\r\n".encode("ascii") for name, value in dated.items()]
    body = [frame.parts[0]]
    for text, part in zip(own, frame.parts[1:], strict=True):
        body += [_quoted(text), part]
    return b"".join((*lines, frame.head, b"\r\n\r\n", *body))


def build_mail(
    *,
    sender: MailAddress,
    recipient: MailAddress,
    subject: str,
    text: str,
    markup: str,
    sent_at: datetime,
    key: str,
    list_name: str,
    draft: bool = False,
    chart: Chart | None = None,
) -> bytes:
    """Return a mail to one recipient that needs nothing of its own.

    `key` makes the Message-ID, so that a second try is the same mail. `list_name` names the list in List-Id. `draft`
    marks a mail that a person will open and send. A `chart` comes with it, as the markup names it.

    Raises:
        ValueError: a header would break its line.

    """
    domain = sender.address.rpartition("@")[2]
    headers: dict[str, str | Address] = {
        "From": address_of(sender),
        "To": address_of(recipient),
        "Subject": subject,
        "Auto-Submitted": "auto-generated",
    }
    shared = headers | ({"X-Unsent": "1"} if draft else {})
    frame = frame_mail(headers=shared, text=text, markup=markup, chart=chart, mark=key.replace(".", "_"))
    own = {"Message-ID": f"<{key}@{domain}>", "List-Id": f"<{list_name}.{domain}>"}
    return fill_frame(frame, headers=own, sent_at=sent_at)


def address_of(of: MailAddress) -> Address:
    """Return an address as a header takes it; encoded where the name is not ASCII."""
    return Address(display_name=of.name, addr_spec=of.address)


def _with_place(markup: str, place: str) -> str:
    """Put the places for what is a reader's own on lines of their own."""
    at = markup.rfind(PERSONAL)
    length = len(PERSONAL) if at >= 0 else 0
    if at < 0:
        at = markup.rfind("</body>")
    at = at if at >= 0 else len(markup)
    above, below = markup[:at], markup[at + length :]
    top = _ISSUE.search(above) or _BODY.search(above)
    start = (top.start() if top and top.re is _ISSUE else top.end()) if top else 0
    ended = "" if not start or above[:start].endswith("\n") else "\n"
    return f"{above[:start]}{ended}{place}\n{above[start:]}\n{place}\n{below}"


def _quoted(text: str) -> bytes:
    """Return text quoted-printable, ending its last line; nothing for nothing."""
    if not text:
        return b""
    return binascii.b2a_qp(text.rstrip("\n").encode() + b"\n", istext=True).replace(b"\n", b"\r\n")


def _attach(message: EmailMessage, chart: Chart | None, mark: str) -> None:
    """Put the chart's pictures beside the markup that shows them."""
    body = message.get_body(("html",))
    for form, cid in ((PictureForm.MAIL, CHART_CID), (PictureForm.MAIL_DARK, DARK_CID)):
        picture = chart.form(form) if chart else None
        if picture and body is not None:
            subtype = picture.media_type.partition("/")[2]
            body.add_related(picture.data, "image", subtype, cid=f"<{cid}>", filename=f"{form}.{subtype}")
    if body is not None and body.is_multipart():
        body.set_boundary(f"=_{mark}_related")
