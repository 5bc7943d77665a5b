"""Little text as the server reads it: a hand-written parser that shares nothing with the product's.

Text is unreserved characters, escaped reserved ones, and three elements: a mention, a hashtag, a hashtag template. At a
reserved character that is neither escaped nor begins an element the text is cut, silently, as the real one does.
"""

from __future__ import annotations

RESERVED = frozenset("\\|{}@[]()<>#*_~")


def read(text: str) -> str:
    """Return what a reader sees, cut where the server would cut it."""
    seen: list[str] = []
    at = 0
    while at < len(text):
        here = text[at]
        if here not in RESERVED:
            seen.append(here)
            at += 1
        elif here == "\\" and text[at + 1 : at + 2] in RESERVED and at + 1 < len(text):
            seen.append(text[at + 1])
            at += 2
        else:
            shown, after = _element(text, at)
            if after == at:
                break
            seen.append(shown)
            at = after
    return "".join(seen)


def _element(text: str, at: int) -> tuple[str, int]:
    """Return what an element shows and where it ends; its own beginning where there is none."""
    if text.startswith("{hashtag|", at):
        return _template(text, at)
    if text.startswith("@[", at):
        return _mention(text, at)
    if text[at] == "#":
        end = _word(text, at + 1)
        return ("#" + text[at + 1 : end], end) if end > at + 1 else ("", at)
    return "", at


def _template(text: str, at: int) -> tuple[str, int]:
    for sign in ("\\#|", "#|"):
        start = at + len("{hashtag|")
        if text.startswith(sign, start):
            start += len(sign)
            end = _word(text, start)
            if end > start and text[end : end + 1] == "}":
                return "#" + text[start:end], end + 1
    return "", at


def _mention(text: str, at: int) -> tuple[str, int]:
    name, end = [], at + 2
    while end < len(text) and text[end] != "]":
        end += text[end] == "\\"
        name.append(text[end : end + 1])
        end += 1
    close = text.find(")", end)
    if text.startswith("](urn:li:", end) and close > 0:
        return "".join(name), close + 1
    return "", at


def _word(text: str, at: int) -> int:
    while at < len(text) and text[at].isalnum():
        at += 1
    return at
