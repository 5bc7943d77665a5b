"""The linters: what each channel refuses, checked before a digest is frozen.

Lengths are UTF-16 code units where the channel counts so (an emoji beyond the basic plane is two). Every check returns
its problems as values, an empty tuple for a good text; rules and figures are those of the channels' own documents.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

TELEGRAM_UNITS = 4096
TELEGRAM_ENTITIES = 100
LINKEDIN_VISIBLE = 2900
LINKEDIN_ESCAPED = 3000
LINKEDIN_HASHTAGS = 5
FOLD_PHONE, FOLD_DESKTOP = 140, 210
MAIL_BYTES = 90_000
MAIL_SUBJECT = 60
MAIL_LINE = 998

_INVISIBLE = frozenset("\u00ad\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\u061c")
_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")
_LEADING_ON = frozenset(
    "a an the of to in on at for with by from under over into as and or".split()  # noqa: SIM905
)
_HASHTAG = re.compile(r"\{hashtag\|\\#\|(\w+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A rule that a text breaks: `rule` names it, `line` is the 1-based line of the text, 0 for the whole."""

    rule: str
    detail: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.rule}{f' in line {self.line}' if self.line else ''}: {self.detail}"


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)  # noqa: PLR2004


def one_line(text: str, limit: int = 200) -> str:
    """Return hostile text as one harmless line of at most `limit` characters, its entities decoded once."""
    return plain_line(html.unescape(text[: limit * 20]), limit)


def plain_line(text: str, limit: int = 200) -> str:
    """Return text as one line of at most `limit` characters.

    Control, bidirectional, unassigned and invisible characters go; white space is joined; what is too long is cut at a
    word and ends in an ellipsis.
    """
    kept = "".join(_visible(character) for character in text[: limit * 20])
    return shorten(" ".join(kept.split()), limit)


def shorten(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters at a word, with an ellipsis where something was cut."""
    if len(text) <= limit:
        return text
    room = text[: limit - 1]
    cut = room.rfind(" ")
    kept = _without_hanging(room[:cut]) if cut > limit // 2 else _whole_characters(room)
    return kept.rstrip(" ,;:.–—-(") + "…"


def shorten_units(text: str, limit: int) -> str:
    """Cut `text` as `shorten` does, to `limit` UTF-16 units."""
    cut, room = shorten(text, limit), limit
    while utf16_length(cut) > limit:
        room -= max(1, (utf16_length(cut) - limit) // 2)
        cut = shorten(text, room)
    return cut


def _without_hanging(text: str) -> str:
    """Drop a last word or two that lead on to what was cut off ("under a")."""
    for _ in range(2):
        head, _, last = text.rpartition(" ")
        if head and last.casefold() in _LEADING_ON:
            text = head
    return text


def _whole_characters(text: str) -> str:
    """Drop what a cut left over of a character that is written as several (joined emoji, accents)."""
    end = len(text)
    while end and (unicodedata.combining(text[end - 1]) or text[end - 1] in "\u200d\ufe0f"):
        end -= 1
    return text[:end]


def _visible(character: str) -> str:
    if character in "\t\n\r\v\f\u0085\u2028\u2029":
        return " "
    if character in _INVISIBLE:
        return ""
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Co", "Cn"):
        return ""
    if category == "Cf":  # joiners carry meaning in emoji, Persian and Indic scripts; the rest is direction and noise
        return character if character in "\u200c\u200d" else ""
    return character


def safe_link(url: str) -> str | None:
    """Return `url` where a reader may be sent there: http or https, a dotted host, no user name; else None."""
    if any(ord(character) <= 0x20 or character in '"<>\\^`{|}' for character in url):  # noqa: PLR2004
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    good = parts.scheme in ("http", "https") and "@" not in parts.netloc and "." in host.strip(".")
    return url if good and not any(_hidden(character) for character in url) else None


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp")


def pack(blocks: Iterable[str], *, limit: int, measure: Callable[[str], int]) -> tuple[str, ...]:
    """Join blocks into as few texts as possible, each at most `limit` by `measure`, breaking only between blocks.

    A block that is too long alone makes a text of its own; the linter then speaks.
    """
    texts: list[str] = []
    for block in blocks:
        if texts and measure((texts[-1] + block).strip()) <= limit:
            texts[-1] += block
        elif block.strip():
            texts.append(block.lstrip("\n"))
    return tuple(re.sub(r"\n{3,}", "\n\n", text).strip("\n") for text in texts)


# -- LinkedIn ----------------------------------------------------------------------------------------------------------


def escape_little(text: str) -> str:
    """Escape the fifteen reserved characters of LinkedIn's little text in one pass."""
    return _RESERVED.sub(lambda match: "\\" + match.group(), text)


def little_hashtag(word: str) -> str:
    """Return the hashtag template of `word`; characters that no hashtag may hold are dropped."""
    return "{hashtag|\\#|" + re.sub(r"\W|_", "", word) + "}"


def read_little(text: str) -> str:
    """Return what a reader sees of little text: hashtags expanded, escapes undone."""
    expanded = _HASHTAG.sub(lambda match: "\\#" + match.group(1), text)
    return re.sub(r"\\(.)", r"\1", expanded, flags=re.DOTALL)


def check_linkedin(commentary: str) -> tuple[Problem, ...]:
    """Check a LinkedIn commentary (little text): lengths seen and sent, escapes, hashtags, the fold."""
    seen = read_little(commentary)
    found = [
        Problem(rule="unescaped", line=number, detail=f"{character!r} would cut the post short")
        for number, line in enumerate(commentary.split("\n"), start=1)
        for character in _unescaped(line)
    ]
    if not seen.strip():
        found.append(Problem(rule="empty", detail="there is no text"))
    if utf16_length(seen) > LINKEDIN_VISIBLE:
        found.append(Problem(rule="length", detail=f"{utf16_length(seen)} units seen, {LINKEDIN_VISIBLE} allowed"))
    if utf16_length(commentary) > LINKEDIN_ESCAPED:
        found.append(Problem(rule="length", detail=f"{utf16_length(commentary)} sent, {LINKEDIN_ESCAPED} allowed"))
    if len(_HASHTAG.findall(commentary)) > LINKEDIN_HASHTAGS:
        found.append(Problem(rule="hashtags", detail=f"more than {LINKEDIN_HASHTAGS}"))
    return (*found, *_fold_problems(seen))


def check_paste(text: str) -> tuple[Problem, ...]:
    """Check the form of a post that a person pastes: length and what stands before the fold."""
    units = utf16_length(text)
    long = (Problem(rule="length", detail=f"{units} units, {LINKEDIN_ESCAPED} allowed"),)
    return (*(long if units > LINKEDIN_ESCAPED else ()), *_fold_problems(text))


def _unescaped(line: str) -> list[str]:
    rest = _HASHTAG.sub("", line)
    rest = re.sub(r"\\[\\|{}@\[\]()<>#*_~]", "", rest)
    return _RESERVED.findall(rest)


def _fold_problems(seen: str) -> tuple[Problem, ...]:
    lines = seen.split("\n")
    if utf16_length(lines[0]) > FOLD_DESKTOP:
        return (Problem(rule="fold", line=1, detail=f"the first line is longer than {FOLD_DESKTOP} units"),)
    if len(lines) > 1 and lines[1].strip():
        return (Problem(rule="fold", line=2, detail="the first line must stand alone, with an empty line after it"),)
    return ()


# -- Telegram ----------------------------------------------------------------------------------------------------------

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


class _TelegramReader(HTMLParser):
    """Reads the subset of HTML that the Bot API takes, and notes all the rest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.seen: list[str] = []
        self.open: list[tuple[str, int]] = []
        self.entities = 0
        self.problems: list[Problem] = []

    def note(self, rule: str, detail: str) -> None:
        self.problems.append(Problem(rule=rule, detail=detail, line=self.getpos()[0]))

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
    reader.feed(message)
    reader.close()
    for tag, _ in reader.open:
        reader.note("nesting", f"<{tag}> is never closed")
    return TelegramText(text="".join(reader.seen).strip(), entities=reader.entities, problems=tuple(reader.problems))


def telegram_length(message: str) -> int:
    """Return the length that Telegram counts: UTF-16 units after parsing."""
    return utf16_length(read_telegram(message).text)


def check_telegram(parts: Sequence[str]) -> tuple[Problem, ...]:
    """Check each message of a Telegram edition."""
    found: list[Problem] = []
    for number, part in enumerate(parts, start=1):
        read = read_telegram(part)
        found += read.problems
        units = utf16_length(read.text)
        if not 1 <= units <= TELEGRAM_UNITS:
            found.append(Problem(rule="length", detail=f"message {number} has {units} units of 1 to {TELEGRAM_UNITS}"))
        if read.entities > TELEGRAM_ENTITIES:
            found.append(Problem(rule="entities", detail=f"message {number} has {read.entities}, 100 take effect"))
    return tuple(found)


# -- mail --------------------------------------------------------------------------------------------------------------


class _MailReader(HTMLParser):
    """Gathers what the mail rules speak of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.problems: list[Problem] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values, line = dict(attrs), self.getpos()[0]
        if tag in ("script", "link", "iframe", "object", "embed", "form", "base", "svg"):
            self.problems.append(Problem(rule="tag", line=line, detail=f"<{tag}> has no place in mail"))
        if tag == "img" and values.get("alt") is None:
            self.problems.append(Problem(rule="alt", line=line, detail="a picture without alternative text"))
        if any(name.startswith("on") for name in values):
            self.problems.append(Problem(rule="script", line=line, detail=f"<{tag}> carries a script"))
        if tag == "a":
            self._link(values.get("href") or "", line)

    def _link(self, href: str, line: int) -> None:
        self.links.append(href)
        if not href.startswith("mailto:") and safe_link(href) is None:
            self.problems.append(Problem(rule="link", line=line, detail=f"{href[:40]!r} is no address for a reader"))


def check_mail(*, subject: str, text: str, markup: str) -> tuple[Problem, ...]:
    """Check a mail edition: subject, size, markup, alternative texts, and that both parts lead to the same places."""
    reader = _MailReader()
    reader.feed(markup)
    reader.close()
    found = list(reader.problems)
    if not 1 <= len(subject) <= MAIL_SUBJECT or plain_line(subject, MAIL_SUBJECT) != subject:
        found.append(Problem(rule="subject", detail=f"one line of 1 to {MAIL_SUBJECT} characters, got {subject!r}"))
    if len(markup.encode()) > MAIL_BYTES:
        found.append(Problem(rule="size", detail=f"{len(markup.encode())} bytes, {MAIL_BYTES} allowed"))
    if re.search(r"@import|url\(", markup):
        found.append(Problem(rule="style", detail="the style loads something from elsewhere"))
    missing = [link for link in reader.links if link not in text]
    if missing:
        found.append(Problem(rule="text", detail=f"the text part lacks {missing[0]!r}"))
    return tuple(found)
