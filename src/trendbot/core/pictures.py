"""The chart of a digest, as bytes ready to be sent."""

from __future__ import annotations

import enum
from dataclasses import dataclass

CHART_CID, DARK_CID = "chart@digest", "chart-dark@digest"
"""The Content-IDs by which the markup of a mail names its chart, for light and for dark paper."""


class PictureForm(enum.StrEnum):
    """What a chart is drawn for: a post or message, mail, a page; and for dark paper."""

    CARD = "card"
    MAIL = "mail"
    MAIL_DARK = "mail-dark"
    WEB = "web"
    WEB_DARK = "web-dark"


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One form of a chart, ready to be sent."""

    form: PictureForm
    media_type: str
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """What rose, as pictures: `key` is the same for the same content, `alt` says what the pictures show."""

    key: str
    alt: str
    pictures: tuple[Picture, ...]

    def form(self, form: PictureForm) -> Picture | None:
        """Return the chart in one form, or None."""
        return next((picture for picture in self.pictures if picture.form is form), None)
