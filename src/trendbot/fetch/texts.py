"""Strangers' text made plain, once, at the edge.

Markup is removed by nh3 (scripts and styles with their contents), entities are resolved, paragraphs become lines, and
characters that only deceive are dropped: controls, direction marks, zero-width characters, tags, halves of pairs.
What comes out is plain text; each channel escapes it again in its own way.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

import nh3

TITLE_LIMIT = 500
SUMMARY_LIMIT = 4_000
CONTENT_LIMIT = 50_000
NAME_LIMIT = 200
RAW_LIMIT = 400_000
"""Characters of markup looked at; what lies beyond is dropped."""

_BLOCK = re.compile(
    r"<(?=/?(?:p|br|div|li|ul|ol|h[1-6]|tr|table|blockquote|pre|section|article|figure|figcaption|hr|dt|dd)\b)",
    re.IGNORECASE,
)
_CELL = re.compile(r"<(?=t[dh]\b)", re.IGNORECASE)
_DECEIVING = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
    "|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|$)"
)
_LINE_ENDS = re.compile(r"[\n\r\x0b\x0c\x85\u2028\u2029]+")
_MARKUP_AGAIN = re.compile(r"\s*<(?:p|div|a|span|ul|ol|h[1-6]|img|figure|br)\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Raw:
    """A text as the feed has it: markup, or plain."""

    value: str = ""
    markup: bool = True


EMPTY = Raw()


def one_line(raw: Raw, limit: int = TITLE_LIMIT) -> str:
    """Return `raw` as one line of plain text of at most `limit` characters."""
    return shortened(" ".join(_cleaned(raw).split()), limit)


def paragraphs(raw: Raw, limit: int = CONTENT_LIMIT) -> str:
    """Return `raw` as plain text of at most `limit` characters, one paragraph a line."""
    text = _cleaned(raw)
    if "\n" not in text:
        return shortened(" ".join(text.split()), limit)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return shortened("\n".join(line for line in lines if line), limit)


def shortened(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters, at a space where there is one near, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = max(cut.rfind(" "), cut.rfind("\n"))
    return cut[: space if space > limit * 0.8 else limit - 1].rstrip() + "…"


def _cleaned(raw: Raw) -> str:
    text = raw.value[:RAW_LIMIT]
    if raw.markup and ("<" in text or "&" in text):
        text = _without_markup(text)
        if _MARKUP_AGAIN.match(text):  # escaped twice, as many generators do
            text = _without_markup(text)
    elif not raw.markup:
        text = text.strip()
    if not text.isprintable():  # Python counts all that deceives, and all white space but the space, as unprintable
        text = _DECEIVING.sub("", _LINE_ENDS.sub("\n", text))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _without_markup(text: str) -> str:
    if "<" in text:
        text = _LINE_ENDS.sub(" ", text)  # white space in markup means a space
        text = _CELL.sub(" <", _BLOCK.sub("\n<", text))
    return html.unescape(nh3.clean(text, tags=set(), clean_content_tags={"script", "style", "noscript", "template"}))
