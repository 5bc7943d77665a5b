"""Mail: what mail programs break on, cut off or hide, and what a reader cannot see."""

from __future__ import annotations

import re

from trendbot.core.limits.contrast import check_contrast
from trendbot.core.limits.problems import Problem
from trendbot.core.limits.reading import MarkupReader
from trendbot.core.limits.text import hidden_in, plain_line, safe_link

MAIL_BYTES = 90_000
MAIL_FOOT = 3_000
"""Bytes of those that are kept for what is put into each reader's mail."""
MAIL_PREFACE = 1_000
"""Bytes of those that are kept for naming digests that came too late."""
MAIL_SUBJECT = 60
_REMOTE_STYLE = re.compile(r"@import|url\s*\(", re.IGNORECASE)
_ADDRESS_LINE = re.compile(r"\s*(https?://\S+)\s*")
_FOREIGN = frozenset(("script", "link", "iframe", "object", "embed", "form", "base", "svg", "video", "audio"))


class _MailReader(MarkupReader):
    """Gathers what the mail rules speak of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._style(values.get("style", ""))
        if tag in _FOREIGN:
            self.note("tag", f"<{tag}> has no place in mail")
        if any(name.startswith("on") for name in values):
            self.note("script", f"<{tag}> carries a script")
        if tag == "img":
            self._picture(values)
        if tag in ("img", "source") and not values.get("src", values.get("srcset", "")).startswith("cid:"):
            self.note("picture", "a picture that does not come with the mail")
        if tag == "a":
            self._link(values.get("href", ""))

    def _style(self, style: str) -> None:
        if _REMOTE_STYLE.search(style):
            self.note("style", "the style loads something from elsewhere")

    def _picture(self, values: dict[str, str]) -> None:
        decoration = values.get("alt") == "" and values.get("role") == "presentation"
        if not values.get("alt", "").strip() and not decoration:
            self.note("alt", "a picture without alternative text")

    def _link(self, href: str) -> None:
        self.links.append(href)
        if not href.startswith("mailto:") and safe_link(href) is None:
            self.note("link", f"{href[:40]!r} is no address for a reader")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.cdata_elem == "style":  # anywhere else these are a reader's words: a headline may tell of url()
            self._style(data)
        if hidden := hidden_in(data):
            self.note("hidden", f"the character U+{ord(hidden):04X} steers what a reader sees")


def check_mail(*, subject: str, text: str, markup: str) -> tuple[Problem, ...]:
    """Check a mail edition: subject, size, markup, pictures, contrast, and that both parts lead to the same places."""
    reader = _MailReader()
    reader.read(markup)
    found = list(reader.problems)
    found += [*_subject(subject), *_size(markup)]
    return (*found, *_links(reader.links, "".join(reader.words), text), *check_contrast(markup))


def _subject(subject: str) -> list[Problem]:
    if not 1 <= len(subject) <= MAIL_SUBJECT or plain_line(subject, MAIL_SUBJECT) != subject:
        detail = f"one line of 1 to {MAIL_SUBJECT} characters, {subject[:80]!r}"
        return [Problem(rule="subject", line=1, detail=detail)]
    if "=?" in subject:
        return [Problem(rule="subject", line=1, detail="holds an encoded word, which mail programs would decode")]
    return []


def _size(markup: str) -> list[Problem]:
    data = markup.encode()
    allowed = MAIL_BYTES - MAIL_FOOT - MAIL_PREFACE
    if len(data) <= allowed:
        return []
    line = data.count(b"\n", 0, allowed) + 1
    return [Problem(rule="size", line=line, detail=f"{len(data)} bytes, {allowed} allowed")]


def _links(links: list[str], words: str, text: str) -> list[Problem]:
    """Find where the two parts of a mail do not lead to the same places.

    An address among the `words` of the marked-up part is no link in either; programs make the same of it in both.
    """
    lines = text.split("\n")
    found = [
        Problem(rule="text", line=len(lines), detail=f"the text part lacks {link!r}")
        for link in links
        if link not in text
    ][:1]
    known = frozenset(links)
    for number, line in enumerate(lines, start=1):
        alone = _ADDRESS_LINE.fullmatch(line)
        if alone and alone.group(1) not in known and alone.group(1) not in words:
            found.append(Problem(rule="text", line=number, detail=f"only the text part leads to {alone.group(1)!r}"))
    return found
