"""Strangers' text made plain, once, at the edge.

Markup is removed by nh3 (scripts and styles with their contents), entities are resolved, paragraphs become lines, and
characters that only deceive are dropped: controls, direction marks, zero-width characters, tags, halves of pairs.
What comes out is plain text; each channel escapes it again in its own way.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import nh3

TITLE_LIMIT = 500
SUMMARY_LIMIT = 4_000
CONTENT_LIMIT = 50_000
NAME_LIMIT = 200
RAW_LIMIT = 400_000
"""Characters of markup looked at; what lies beyond is dropped."""

_BLOCK = re.compile(
    r"<(?=/?(?:p|br|div|li|ul|ol|h[1-6]|t[rdh]|table|blockquote|pre|section|article|figure|figcaption|hr|d[td])\b)",
    re.IGNORECASE,
)
_DECEIVING = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
    "|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|$)"
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_ANY_TAG = re.compile(r"<[^<>]*>")
_VOID = frozenset(
    {"br", "hr", "img", "input", "link", "meta", "area", "base", "col", "embed", "source", "track", "wbr"}
)
_MANY_TAGS, _DEEPEST = 400, 200
_CLEANER = nh3.Cleaner(tags=set(), clean_content_tags={"script", "style", "noscript", "template"})
_WRITTEN = (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\xa0"), ("&amp;", "&"))
"""The only entities that nh3 writes; the last comes last."""
_MARKUP_AGAIN = re.compile(r"\s*<(?:p|div|a|span|ul|ol|h[1-6]|img|figure|br)\b[^>]*>", re.IGNORECASE)


_ACTIVE = re.compile(r"</(?:script|style|iframe|object|form)\s*>", re.IGNORECASE)
"""Ends of elements that make no sense in a text, whatever type it claims."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A text as the feed has it: markup, or plain."""

    value: str = ""
    markup: bool = True


EMPTY = Raw()


def one_line(raw: Raw, limit: int = TITLE_LIMIT) -> str:
    """Return `raw` as one line of plain text of at most `limit` characters."""
    return shortened(" ".join(_lines(raw)), limit)


def paragraphs(raw: Raw, limit: int = CONTENT_LIMIT) -> str:
    """Return `raw` as plain text of at most `limit` characters, one paragraph a line."""
    return shortened("\n".join(_lines(raw)), limit)


def shortened(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters, at a space where there is one near, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = max(cut.rfind(" "), cut.rfind("\n"))
    return cut[: space if space > limit * 0.8 else limit - 1].rstrip() + "…"


def _lines(raw: Raw) -> Iterator[str]:
    """Yield the lines that say something, as plain text with single spaces."""
    text = raw.value[:RAW_LIMIT]
    if ("<" in text or "&" in text) and (raw.markup or _ACTIVE.search(text)):
        text = _without_markup(text)
        if _MARKUP_AGAIN.match(text):  # escaped twice, as many generators do
            text = _without_markup(text)
    for line in text.splitlines():
        plain = line.strip(" ")
        if "  " in plain or not plain.isprintable():
            plain = _readable(plain)
        if plain:
            yield plain if plain.isascii() else unicodedata.normalize("NFC", plain)


def _readable(line: str) -> str:
    """Return `line` with any white space as one space, and without what only deceives."""
    plain = " ".join(line.split())
    if plain.isprintable():  # Python counts all that deceives as unprintable
        return plain
    return " ".join(_DECEIVING.sub("", plain).split())


def _without_markup(text: str) -> str:
    if "<" not in text:
        return html.unescape(text)
    text = _BLOCK.sub("\n<", " ".join(text.splitlines()))  # the end of a line in markup means a space
    if text.count("<") > _MANY_TAGS and _too_deep(text):
        return html.unescape(_ANY_TAG.sub("", text))
    text = _CLEANER.clean(text)
    if "&" in text:
        for written, character in _WRITTEN:
            text = text.replace(written, character)
    return text


def _too_deep(text: str) -> bool:
    """Tell whether elements are nested so deeply, or closed so badly, that a tree of them takes quadratic time."""
    stack: list[str] = []
    for closing, name in _TAG.findall(text):
        if not closing:
            if name.lower() not in _VOID:
                stack.append(name.lower())
        elif stack and stack[-1] == name.lower():
            stack.pop()
        if len(stack) > _DEEPEST:
            return True
    return False
