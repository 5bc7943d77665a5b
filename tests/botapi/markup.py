"""`parse_mode=HTML` as the Bot API server reads it: what it takes, what it shows literally, what it refuses.

Offsets and lengths of entities are UTF-16 units of the text that is shown; offsets in errors are bytes of the source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urlsplit

from tests.botapi.state import Refused

ENTITIES = {
    "a": "text_link", "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code",
    "pre": "pre", "blockquote": "blockquote", "span": "spoiler", "tg-spoiler": "spoiler", "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}  # fmt: skip
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
TAKE_EFFECT = 100
_CHARACTER = re.compile(r"&(#x[0-9a-fA-F]+|#[0-9]+|[a-zA-Z]+);?")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+))?""")


def units(text: str) -> int:
    """Return the UTF-16 units of `text`."""
    return len(text.encode("utf-16-le")) // 2


@dataclass
class Parsed:
    """What is shown: the text, trimmed, its entities, and links that were silently lost."""

    text: str
    entities: list[dict[str, object]]
    lost_links: list[str]


@dataclass
class _Open:
    tag: str
    attributes: dict[str, str]
    at_byte: int
    start: int


@dataclass
class _Reader:
    source: str
    place: int = 0
    shown: list[str] = field(default_factory=list)
    length: int = 0
    open: list[_Open] = field(default_factory=list)
    entities: list[dict[str, object]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def read(self) -> None:
        while self.place < len(self.source):
            character = self.source[self.place]
            if character == "&":
                self._character()
            elif character == "<":
                self._tag()
            else:
                self._show(character)
                self.place += 1
        if self.open:
            raise _wrong(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')

    def _show(self, text: str) -> None:
        self.shown.append(text)
        self.length += units(text)

    def _byte(self) -> int:
        return len(self.source[: self.place].encode())

    def _character(self) -> None:
        match = _CHARACTER.match(self.source, self.place)
        decoded = _decoded(match.group(1)) if match else None
        if match is None or decoded is None:
            self._show("&")
            self.place += 1
            return
        self._show(decoded)
        self.place = match.end()

    def _tag(self) -> None:
        at_byte = self._byte()
        closing = self.source.startswith("</", self.place)
        end = self.source.find(">", self.place)
        if end < 0:
            raise _wrong(f"Unclosed {'end' if closing else 'start'} tag at byte offset {at_byte}")
        inner = self.source[self.place + (2 if closing else 1) : end]
        if closing:
            self._close(inner.strip().lower(), at_byte)
        else:
            end = self._start(at_byte)
        self.place = end + 1

    def _start(self, at_byte: int) -> int:
        name = re.compile(r"[^\s>]*").match(self.source, self.place + 1)
        assert name
        tag, place, attributes = name.group().lower(), name.end(), {}
        if tag not in ENTITIES:
            raise _wrong(f'Unsupported start tag "{tag}" at byte offset {at_byte}')
        while (match := _ATTRIBUTE.match(self.source, place)) and match.group(1):
            value = match.group(2) or ""
            attributes[match.group(1).lower()] = _text(value[1:-1] if value[:1] in ("'", '"') else value)
            place = match.end()
        while place < len(self.source) and self.source[place].isspace():
            place += 1
        if place >= len(self.source) or self.source[place] != ">":
            raise _wrong(f"Unclosed start tag at byte offset {at_byte}")
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _wrong(f'Tag "span" must have class "tg-spoiler" at byte offset {at_byte}')
        self.open.append(_Open(tag=tag, attributes=attributes, at_byte=at_byte, start=self.length))
        return place

    def _close(self, tag: str, at_byte: int) -> None:
        if not self.open:
            raise _wrong(f"Unexpected end tag at byte offset {at_byte}")
        last = self.open.pop()
        if tag and tag != last.tag:
            raise _wrong(f'Unmatched end tag at byte offset {at_byte}, expected "</{last.tag}>", found "</{tag}>"')
        if self.length > last.start:
            self._entity(last)

    def _entity(self, last: _Open) -> None:
        entity: dict[str, object] = {
            "type": ENTITIES[last.tag], "offset": last.start, "length": self.length - last.start
        }  # fmt: skip
        if last.tag == "a":
            shown = "".join(self.shown)
            url = link(last.attributes.get("href") or shown[-(self.length - last.start) :])
            if url is None:
                self.lost.append(last.attributes.get("href", ""))
                return
            entity["url"] = url
        if last.tag == "blockquote" and "expandable" in last.attributes:
            entity["type"] = "expandable_blockquote"
        if last.tag in ("code", "pre") and self.open and self.open[-1].tag == "pre":
            return  # the language of a pre
        self.entities.append(entity)


def parse(source: str) -> Parsed:
    """Read HTML.

    Raises:
        Refused: 400, it can't be parsed.

    """
    reader = _Reader(source)
    reader.read()
    text = "".join(reader.shown)
    trimmed = text.strip()
    cut = units(text[: len(text) - len(text.lstrip())])
    limit = units(trimmed)
    entities = [each for each in (_moved(entity, cut, limit) for entity in reader.entities) if each]
    _check_nesting(entities)
    entities.sort(key=lambda entity: (entity["offset"], -int(str(entity["length"]))))
    return Parsed(text=trimmed, entities=entities, lost_links=reader.lost)


def link(href: str) -> str | None:
    """Return the address that a link keeps, or None where the server silently drops it."""
    if re.match(r"(tg|ton|tonsite):", href, re.IGNORECASE):
        return href
    scheme = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", href)
    if scheme and scheme.group().lower() not in ("http:", "https:") and "@" not in href:
        return None
    try:
        host = urlsplit(href if "//" in href else f"http://{href}").hostname or ""
    except ValueError:
        return None
    return href if "." in host.strip(".") and " " not in href else None


def _moved(entity: dict[str, object], cut: int, limit: int) -> dict[str, object] | None:
    start = int(str(entity["offset"])) - cut
    end = min(limit, start + int(str(entity["length"])))
    start = max(0, start)
    return entity | {"offset": start, "length": end - start} if end > start else None


def _check_nesting(entities: list[dict[str, object]]) -> None:
    quotes = sorted(
        (int(str(each["offset"])), int(str(each["length"]))) for each in entities if "blockquote" in str(each["type"])
    )
    for (start, length), (following, _) in pairwise(quotes):
        if following < start + length:
            raise _wrong("blockquotes do not nest")


def _decoded(name: str) -> str | None:
    if not name.startswith("#"):
        return NAMED.get(name)
    number = int(name[1:].lstrip("xX"), 16 if name[1] in "xX" else 10)
    usable = 0 < number < 0x110000 and not 0xD800 <= number < 0xE000
    return chr(number) if usable else None


def _text(value: str) -> str:
    return _CHARACTER.sub(lambda match: _decoded(match.group(1)) or match.group(), value)


def _wrong(detail: str) -> Refused:
    return Refused(400, f"Bad Request: can't parse entities: {detail}")
