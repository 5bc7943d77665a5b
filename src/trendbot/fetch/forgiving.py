"""How feedparser forgives: the small mendings that the fast reader must make in the same way.

Where feedparser's own functions serve, they are called, so that both readers agree by construction.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

from feedparser.html import _cp1252
from feedparser.mixin import _FeedParserMixin

_MAIL = re.compile(
    r"(([a-zA-Z0-9\_\-\.\+]+)@((\[[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.)|(([a-zA-Z0-9\-]+\.)+))"
    r"([a-zA-Z]{2,4}|[0-9]{1,3})(\]?))(\?subject=\S+)?"
)
"""feedparser's notion of a mail address (mixin.py)."""


_C1 = re.compile("[\x80-\x9f]")


def looks_like_html(text: str) -> bool:
    """Guess as feedparser does whether a text that says nothing of its type is markup."""
    return bool(_FeedParserMixin.looks_like_html(text))


def mended(text: str) -> str:
    """Undo UTF-8 that was encoded twice, and Windows-1252 that passed for Latin-1."""
    if text.isascii():
        return text
    with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    return text.translate(_cp1252) if _C1.search(text) else text


def person(authors: Sequence[str]) -> str:
    """Return the name in the first author that says anything, "" where there is only a mail address."""
    for author in authors:
        if author:
            name = name_of(author)
            return name or without_mail(authors[-1])
    return ""


def name_of(author: str) -> str:
    """Return the name in ``mail@example.org (Name)`` and the like, or the text itself where it holds no address."""
    mail = _MAIL.search(author) if "@" in author else None
    if not mail:
        return author
    for part in (mail[0], "()", "<>", "&lt;&gt;"):
        author = author.replace(part, "")
    author = author.strip()
    author = author.removeprefix("(") if author.startswith("(") else author
    return author.removesuffix(")").strip()


def without_mail(author: str) -> str:
    """Return `author`, or nothing where it holds a mail address: those are nobody's business downstream."""
    return "" if "@" in author else author
