"""The bytes of a mail, built once and the same every time.

Bodies are encoded quoted-printable with short lines; the headers are written with a line length at which Python's own
policy does not turn long addresses into encoded words, which no mail program decodes there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from trendbot.core.pictures import CHART_CID, DARK_CID, Chart, PictureForm

_BODIES = policy.SMTP
_HEADERS = policy.SMTP.clone(max_line_length=998)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailAddress:
    """A display name with an address (ASCII)."""

    name: str
    address: str


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
    """Return a multipart/alternative mail, text first.

    `key` makes the Message-ID, so that a second try is the same mail. `list_name` names the list in List-Id. `draft`
    marks a mail that a person will open and send. A `chart` comes with it, as the markup names it.

    Raises:
        ValueError: a header would break its line.

    """
    domain = sender.address.rpartition("@")[2]
    message = EmailMessage(policy=_BODIES)
    message["From"] = _address(sender)
    message["To"] = _address(recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = f"<{key}@{domain}>"
    message["List-Id"] = f"<{list_name}.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if draft:
        message["X-Unsent"] = "1"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(markup, subtype="html", cte="quoted-printable")
    _attach(message, chart, key)
    # A boundary drawn by lot would make the same mail differ each time.
    message.set_boundary(f"=_{key.replace('.', '_')}")
    return message.as_bytes(policy=_HEADERS)


def _attach(message: EmailMessage, chart: Chart | None, key: str) -> None:
    """Put the chart's pictures beside the markup that shows them."""
    body = message.get_body(("html",))
    for form, cid in ((PictureForm.MAIL, CHART_CID), (PictureForm.MAIL_DARK, DARK_CID)):
        picture = chart.form(form) if chart else None
        if picture and body is not None:
            subtype = picture.media_type.partition("/")[2]
            body.add_related(picture.data, "image", subtype, cid=f"<{cid}>", filename=f"{form}.{subtype}")
    if body is not None and body.is_multipart():
        body.set_boundary(f"=_{key.replace('.', '_')}_related")


def _address(of: MailAddress) -> Address:
    return Address(display_name=of.name, addr_spec=of.address)
