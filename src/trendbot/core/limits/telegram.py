"""Telegram: the HTML that the Bot API takes, read as its server reads it, and its linter."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trendbot.core.limits.problems import Problem, line_past, utf16_length
from trendbot.core.limits.reading import MarkupReader
from trendbot.core.limits.text import hidden_in, safe_link

TELEGRAM_UNITS = 4096
TELEGRAM_ENTITIES = 100
TELEGRAM_CAPTION = 1024
"""Units below a photo."""

_TELEGRAM_TAGS = frozenset(
    ("a", "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "blockquote", "span", "tg-spoiler")
)
_TELEGRAM_NAMED = frozenset(("lt", "gt", "amp", "quot"))


@dataclass(frozen=True, kw_only=True, slots=True)
class TelegramText:
    """What a reader sees of a Telegram message, how many entities it has, and what is wrong with it."""

    text: str
    entities: int
    problems: tuple[Problem, ...]


class _TelegramReader(MarkupReader):
    """Reads the subset of HTML that the Bot API takes, and notes all the rest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.seen: list[str] = []
        self.open: list[tuple[str, int]] = []
        self.entities = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TELEGRAM_TAGS:
            self.note("tag", f"<{tag}> is not allowed")
        if any(outer in ("code", "pre") for outer, _ in self.open) and tag != "code":
            self.note("nesting", f"<{tag}> inside code")
        if tag in ("a", "blockquote") and tag in [outer for outer, _ in self.open]:
            self.note("nesting", f"<{tag}> inside <{tag}>")
        if tag == "a" and safe_link(dict(attrs).get("href") or "") is None:
            self.note("link", "an address that Telegram drops or that no reader should follow")
        self.open.append((tag, len(self.seen)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.note("tag", f"<{tag}/> closes itself")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1][0] != tag:
            self.note("nesting", f"</{tag}> closes nothing")
            return
        _, start = self.open.pop()
        self.entities += bool("".join(self.seen[start:]).strip())

    def handle_data(self, data: str) -> None:
        if "<" in data:
            self.note("markup", "a bare <")
        self.seen.append(data)

    def handle_entityref(self, name: str) -> None:
        if name not in _TELEGRAM_NAMED:
            self.note("character", f"&{name}; would be shown literally")
        self.seen.append(html.unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self.seen.append(html.unescape(f"&#{name};"))

    def handle_comment(self, data: str) -> None:
        self.note("markup", f"a comment of {len(data)} characters")

    def handle_decl(self, decl: str) -> None:
        self.note("markup", f"a declaration {decl[:20]!r}")

    def handle_pi(self, data: str) -> None:
        self.note("markup", f"a processing instruction {data[:20]!r}")

    def unknown_decl(self, data: str) -> None:
        self.note("markup", f"a declaration {data[:20]!r}")


def read_telegram(message: str) -> TelegramText:
    """Parse Bot API HTML as the server does: the text seen, its entities, and everything it would refuse or drop."""
    reader = _TelegramReader()
    reader.read(message)
    for tag, _ in reader.open:
        reader.note("nesting", f"<{tag}> is never closed")
    return TelegramText(text="".join(reader.seen).strip(), entities=reader.entities, problems=tuple(reader.problems))


def telegram_length(message: str) -> int:
    """Return the length that Telegram counts: UTF-16 units after parsing."""
    return utf16_length(read_telegram(message).text)


def check_telegram(parts: Sequence[str]) -> tuple[Problem, ...]:
    """Check each message of a Telegram edition."""
    found = [
        replace(problem, part=number if len(parts) > 1 else 0)
        for number, part in enumerate(parts, start=1)
        for problem in _problems(part)
    ]
    return tuple(found) if parts else (Problem(rule="length", detail="there is no message"),)


def _problems(message: str) -> list[Problem]:
    read = read_telegram(message)
    found, units = list(read.problems), utf16_length(read.text)
    if not 1 <= units <= TELEGRAM_UNITS:
        line = line_past(read.text, TELEGRAM_UNITS)
        found.append(Problem(rule="length", line=line, detail=f"{units} units, 1 to {TELEGRAM_UNITS} allowed"))
    if read.entities > TELEGRAM_ENTITIES:
        detail = f"{read.entities} entities, {TELEGRAM_ENTITIES} take effect"
        found.append(Problem(rule="entities", line=message.count("\n") + 1, detail=detail))
    for number, line_ in enumerate(read.text.split("\n"), start=1):
        if hidden := hidden_in(line_):
            detail = f"the character U+{ord(hidden):04X} steers what a reader sees"
            found.append(Problem(rule="hidden", line=number, detail=detail))
    return found
